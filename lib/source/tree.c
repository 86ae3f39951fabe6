#include "source/tree.h"

#include <string.h>

#include "base/alloc.h"
#include "base/err.h"
#include "source/ahead.h"
#include "source/attrs.h"
#include "source/owners.h"
#include "source/treestream.h"
#include "source/walk.h"

enum { LINK_TARGET_MAX = 1 << 20 };

struct mrs_tree_source {
    mars_source table;
    struct mrs_walk walk;
    bool look_ahead;
    struct mrs_ahead *ahead;      /* begun with the first item */
    struct mrs_walk_item current; /* the item that was given last */
    struct mrs_tree_dir *dir;     /* where it is: see struct mrs_walk */
    const char *name;
    struct mrs_owners *owners;
    struct mrs_buf target;
    struct mrs_attr_list attrs;
};

static mars_status
walk_on(struct mrs_tree_source *t, mars_error *err)
{
    mars_status st;

    if (t->look_ahead) {
        st = t->ahead == NULL ? mrs_ahead_start(&t->ahead, &t->walk, err) : MARS_OK;
        return st == MARS_OK ? mrs_ahead_next(t->ahead, &t->current, &t->dir, &t->name, err) : st;
    }
    st = mrs_walk_next(&t->walk, &t->current, err);
    t->dir = t->walk.dir;
    t->name = t->walk.name;
    return st;
}

static mars_status
next(void *user, const mars_source_item **item, mars_error *err)
{
    struct mrs_tree_source *t = user;
    mars_status st = walk_on(t, err);

    t->current.item.entry = &t->current.entry;
    *item = st == MARS_OK && t->current.entry.path != NULL ? &t->current.item : NULL;
    return st;
}

static mars_status
describe(void *user, mars_error *err)
{
    struct mrs_tree_source *t = user;
    mars_entry *e = &t->current.entry;
    mars_status st;

    if (t->dir == NULL)
        return mrs_fail(err, MARS_ERR_INTERNAL, "nothing to describe");
    mrs_buf_reset(&t->target);
    st = mrs_owners_find(t->owners, e->uid, false, &e->user, err);
    if (st == MARS_OK)
        st = mrs_owners_find(t->owners, e->gid, true, &e->group, err);
    if (st == MARS_OK && e->type == MARS_ENTRY_SYMLINK)
        st = mrs_tree_readlink(t->dir, t->name, &t->target, err);
    if (st == MARS_OK)
        st = mrs_attrs_collect(&t->attrs, t->dir, t->name, err);
    e->target = (const char *)t->target.data;
    e->target_len = t->target.len;
    e->attrs = t->attrs.attrs.items;
    e->n_attrs = st == MARS_OK ? t->attrs.attrs.len : 0;
    /* Another kind under the name means that what was there is gone. */
    return st == MARS_ERR_STATE ? MARS_ERR_NOT_FOUND : st;
}

/* Changes are stamped in steps of some milliseconds. One that follows in the step of the last one
 * shows nowhere: the change time is not to say that it would. */
static void
distrust(mars_source_item *item, const struct mrs_time *ctime, const struct mrs_time *clock)
{
    bool passed = ctime->s != clock->s ? ctime->s < clock->s : ctime->ns < clock->ns;

    if (!passed)
        item->change_time = item->change_time_ns = 0;
}

static mars_status
open_file(void *user, void **file, mars_error *err)
{
    struct mrs_tree_source *t = user;
    struct mrs_time clock = mrs_clock_stamp();
    struct mrs_tree_stat stat;
    bool sparse;
    mars_status st;

    if (t->dir == NULL || t->name == NULL || t->current.entry.type != MARS_ENTRY_FILE)
        return mrs_fail(err, MARS_ERR_INTERNAL, "not a file to open");
    st = mrs_treestream_open(file, t->dir, t->name, &stat, &sparse, err);
    if (st == MARS_OK) {
        mrs_walk_fill(&t->current, &stat);
        distrust(&t->current.item, &stat.ctime, &clock);
        if (sparse)
            t->current.item.flags |= MARS_SOURCE_HOLES;
    }
    return st == MARS_ERR_STATE ? MARS_ERR_NOT_FOUND : st;
}

const mars_source *
mrs_tree_source_table(const struct mrs_tree_source *t)
{
    return &t->table;
}

void
mrs_tree_source_close(struct mrs_tree_source *t)
{
    if (t == NULL)
        return;
    mrs_ahead_free(t->ahead);
    mrs_walk_free(&t->walk);
    mrs_owners_free(t->owners);
    mrs_buf_free(&t->target);
    mrs_attrs_free(&t->attrs);
    mrs_free(t);
}

static struct mrs_tree_source *
new_source(const struct mrs_tree_options *opts)
{
    struct mrs_tree_source *t = mrs_alloc(sizeof *t);

    if (t == NULL)
        return NULL;
    t->table = (mars_source){ .struct_size = sizeof t->table,
                              .user = t,
                              .next = next,
                              .describe = describe,
                              .open = open_file,
                              .read = mrs_treestream_read,
                              .extent = mrs_treestream_extent,
                              .changed = mrs_treestream_changed,
                              .close = mrs_treestream_close };
    t->walk.rules = opts->rules;
    t->walk.one_file_system = opts->one_file_system;
    t->walk.exclude_caches = opts->exclude_caches;
    t->look_ahead = opts->look_ahead;
    t->target = (struct mrs_buf)MRS_BUF_INIT(LINK_TARGET_MAX);
    t->attrs = (struct mrs_attr_list)MRS_ATTR_LIST_INIT;
    mrs_chain_init(&t->walk.chain);
    return t;
}

mars_status
mrs_tree_source_open(struct mrs_tree_source **out, const struct mrs_tree_options *opts,
                     mars_error *err)
{
    struct mrs_tree_source *t;
    mars_status st;

    *out = NULL;
    if (opts->n_paths == 0)
        return mrs_fail(err, MARS_ERR_INVALID_ARG, "no path to back up");
    t = new_source(opts);
    if (t == NULL)
        return mrs_nomem(err);
    t->owners = mrs_owners_new();
    st = t->owners != NULL ? MARS_OK : mrs_nomem(err);
    if (st == MARS_OK)
        st = mrs_tree_roots_make(&t->walk.roots, opts->paths, opts->n_paths,
                                 opts->one_file_system, err);
    if (st != MARS_OK)
        mrs_tree_source_close(t);
    else
        *out = t;
    return st;
}
