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

struct tree {
    struct mrs_source base; /* first */
    struct mrs_walk walk;
    bool look_ahead;
    struct mrs_ahead *ahead;  /* begun with the first item */
    struct mrs_tree_dir *dir; /* where the item that was given last is: see struct mrs_walk */
    const char *name;
    struct mrs_owners *owners;
    struct mrs_buf target;
    struct mrs_buf attrs;
};

static mars_status
next(struct mrs_source *base, struct mrs_source_item *item, mars_error *err)
{
    struct tree *t = (struct tree *)base;
    mars_status st;

    if (t->look_ahead) {
        st = t->ahead == NULL ? mrs_ahead_start(&t->ahead, &t->walk, err) : MARS_OK;
        return st == MARS_OK ? mrs_ahead_next(t->ahead, item, &t->dir, &t->name, err) : st;
    }
    st = mrs_walk_next(&t->walk, item, err);
    t->dir = t->walk.dir;
    t->name = t->walk.name;
    return st;
}

static mars_status
describe(struct mrs_source *base, struct mrs_source_item *item, struct mrs_slice *attrs,
         mars_error *err)
{
    struct tree *t = (struct tree *)base;
    struct mrs_entry *e = &item->entry;
    mars_status st;

    memset(attrs, 0, sizeof *attrs);
    if (t->dir == NULL)
        return mrs_fail(err, MARS_ERR_INTERNAL, "nothing to describe");
    mrs_buf_reset(&t->target);
    mrs_buf_reset(&t->attrs);
    st = mrs_owners_find(t->owners, e->uid, false, &e->user, err);
    if (st == MARS_OK)
        st = mrs_owners_find(t->owners, e->gid, true, &e->group, err);
    if (st == MARS_OK && e->type == MRS_ENTRY_SYMLINK)
        st = mrs_tree_readlink(t->dir, t->name, &t->target, err);
    if (st == MARS_OK)
        st = mrs_attrs_collect(t->dir, t->name, &t->attrs, err);
    e->target.p = t->target.data;
    e->target.n = t->target.len;
    attrs->p = t->attrs.data;
    attrs->n = t->attrs.len;
    /* Another kind under the name means that what was there is gone. */
    return st == MARS_ERR_STATE ? MARS_ERR_NOT_FOUND : st;
}

/* Changes are stamped in steps of some milliseconds. One that follows in the step of the last one
 * shows nowhere: the stat table is not to say that it would. */
static void
distrust(struct mrs_source_item *item, const struct mrs_time *ctime, const struct mrs_time *clock)
{
    bool passed = ctime->s != clock->s ? ctime->s < clock->s : ctime->ns < clock->ns;

    if (!passed)
        item->stat.ctime_s = item->stat.ctime_ns = 0;
}

static mars_status
open_stream(struct mrs_source *base, struct mrs_source_item *item, struct mrs_source_stream **out,
            mars_error *err)
{
    struct tree *t = (struct tree *)base;
    struct mrs_time clock = mrs_clock_stamp();
    struct mrs_tree_stat stat;
    mars_status st;

    *out = NULL;
    if (t->dir == NULL || t->name == NULL || item->entry.type != MRS_ENTRY_FILE)
        return mrs_fail(err, MARS_ERR_INTERNAL, "not a file to open");
    st = mrs_treestream_open(out, t->dir, t->name, &stat, err);
    if (st == MARS_OK) {
        mrs_walk_fill(item, &stat);
        distrust(item, &stat.ctime, &clock);
    }
    return st == MARS_ERR_STATE ? MARS_ERR_NOT_FOUND : st;
}

static void
describe_root(struct mrs_source *base, size_t i, struct mrs_root *out)
{
    const struct tree *t = (const struct tree *)base;
    const struct mrs_tree_root *root = &t->walk.roots.list[i];

    memset(out, 0, sizeof *out);
    out->style = MRS_PATH_POSIX;
    out->encoding = 1;
    out->case_rule = 1;
    out->parent = root->parent;
    out->n_parent = root->n_parent;
    out->fs_type.p = (const uint8_t *)root->fs_type;
    out->fs_type.n = strlen(root->fs_type);
}

static void
close_tree(struct mrs_source *base)
{
    struct tree *t = (struct tree *)base;

    if (t == NULL)
        return;
    mrs_ahead_free(t->ahead);
    mrs_walk_free(&t->walk);
    mrs_owners_free(t->owners);
    mrs_buf_free(&t->target);
    mrs_buf_free(&t->attrs);
    mrs_free(t);
}

static const struct mrs_source_vt vt = { next, describe, open_stream, describe_root, close_tree };

mars_status
mrs_source_tree_open(struct mrs_source **out, const struct mrs_tree_options *opts,
                     mars_error *err)
{
    struct mrs_buf target = MRS_BUF_INIT(LINK_TARGET_MAX);
    struct mrs_buf attrs = MRS_BUF_INIT(MRS_ATTRS_MAX);
    struct tree *t;
    mars_status st;

    *out = NULL;
    if (opts->n_paths == 0)
        return mrs_fail(err, MARS_ERR_INVALID_ARG, "no path to back up");
    t = mrs_alloc(sizeof *t);
    if (t == NULL)
        return mrs_nomem(err);
    t->base.vt = &vt;
    t->walk.rules = opts->rules;
    t->walk.one_file_system = opts->one_file_system;
    t->walk.exclude_caches = opts->exclude_caches;
    t->look_ahead = opts->look_ahead;
    t->target = target;
    t->attrs = attrs;
    mrs_chain_init(&t->walk.chain);
    t->owners = mrs_owners_new();
    st = t->owners != NULL ? MARS_OK : mrs_nomem(err);
    if (st == MARS_OK)
        st = mrs_tree_roots_make(&t->walk.roots, opts->paths, opts->n_paths,
                                 opts->one_file_system, err);
    if (st != MARS_OK) {
        close_tree(&t->base);
        return st;
    }
    t->base.n_roots = t->walk.roots.n;
    *out = &t->base;
    return MARS_OK;
}
