/* The names of a hard-linked file: the first of them that can be made is the file, the others
 * become links to it. */
#include <string.h>

#include "base/alloc.h"
#include "base/err.h"
#include "job/restore_int.h"

void
mrs_rgroup_free(struct mrs_restore *r, struct mrs_rgroup *g)
{
    if (g == NULL)
        return;
    mrs_rdir_unref(r, g->dir);
    mrs_buf_free(&g->other_name);
    mrs_free(g);
}

void
mrs_rlink_free(struct mrs_restore *r, struct mrs_rlink *l)
{
    mrs_rdir_unref(r, l->dir);
    mrs_rfile_unref(l->first);
    mrs_free(l);
}

static mars_status
link_as(struct mrs_restore *r, const struct mrs_rgroup *g, const struct mrs_rlink *l,
        struct mrs_slice *final_name, struct mrs_way *way, mars_error *err)
{
    mars_status st = mrs_target_link(g->dir->dir, g->final_name, l->dir->dir, *final_name,
                                     way->replace, err);

    if (st != MARS_ERR_EXISTS || way->replace)
        return st;
    st = mrs_restore_conflict(r, l->dir, l->name, way, err);
    if (st != MARS_OK || way->skip)
        return st;
    if (way->other_name.len > 0)
        *final_name = (struct mrs_slice){ way->other_name.data, way->other_name.len };
    return mrs_target_link(g->dir->dir, g->final_name, l->dir->dir, *final_name, way->replace,
                           err);
}

void
mrs_restore_link(struct mrs_restore *r, const struct mrs_rgroup *g, const struct mrs_rlink *l)
{
    struct mrs_way way = { .replace = l->replace, .other_name = MRS_BUF_INIT(1024) };
    struct mrs_slice final_name = l->final_name;
    mars_error why;
    mars_status st = link_as(r, g, l, &final_name, &way, &why);

    if (st != MARS_OK) {
        mrs_restore_lost(r, l->dir, l->name, &why);
    } else {
        atomic_fetch_add(way.skip ? &r->tally.skipped : &r->tally.restored, 1);
        atomic_fetch_add(&r->job.files_done, 1);
        if (!way.skip)
            mrs_restore_report(r, l->dir, final_name);
    }
    mrs_buf_free(&way.other_name);
}

static void
group_key(uint8_t key[32], struct mrs_slice group)
{
    memset(key, 0, 32);
    memcpy(key, group.p, 16);
}

static struct mrs_rgroup *
new_group(const struct mrs_rfile *f, enum mrs_rstate state)
{
    struct mrs_rgroup *g = mrs_alloc(sizeof *g + f->final_name.n);
    uint8_t *at;

    if (g == NULL)
        return NULL;
    at = g->bytes;
    g->dir = f->dir;
    g->final_name = mrs_restore_keep(&at, f->final_name);
    g->other_name = (struct mrs_buf)MRS_BUF_INIT(1024);
    g->state = state;
    mrs_rdir_ref(g->dir);
    return g;
}

mars_status
mrs_rgroup_remember(struct mrs_restore *r, struct mrs_rfile *f, enum mrs_rstate state,
                    mars_error *err)
{
    struct mrs_rgroup **slot, *g;
    uint8_t key[32];

    if (f->entry.link_group.n == 0)
        return MARS_OK;
    group_key(key, f->entry.link_group);
    g = new_group(f, state);
    slot = g != NULL ? mrs_map_put(&r->groups, key) : NULL;
    if (slot == NULL) {
        mrs_rgroup_free(r, g);
        return mrs_nomem(err);
    }
    mrs_rgroup_free(r, *slot);
    *slot = g;
    if (state == MRS_RGROUP_BUSY)
        f->group = g;
    return MARS_OK;
}

/* Is the entry another name of a file that this run made or found, or tried to make? */
static struct mrs_rgroup *
find_group(struct mrs_restore *r, const struct mrs_entry *e)
{
    struct mrs_rgroup **slot;
    uint8_t key[32];

    if (e->link_group.n == 0)
        return NULL;
    group_key(key, e->link_group);
    slot = mrs_map_find(&r->groups, key);
    return slot != NULL ? *slot : NULL;
}

struct mrs_slice
mrs_restore_final_name(const struct mrs_entry *e, const struct mrs_way *way)
{
    const struct mrs_buf *other = &way->other_name;

    return other->len > 0 ? (struct mrs_slice){ other->data, other->len } : e->name;
}

/* The name of an entry that joins the first of its group. */
static struct mrs_rlink *
new_link(struct mrs_rdir *dir, const struct mrs_entry *e, const struct mrs_way *way)
{
    struct mrs_slice final = mrs_restore_final_name(e, way);
    struct mrs_rlink *l = mrs_alloc(sizeof *l + e->name.n + final.n);
    uint8_t *at;

    if (l == NULL)
        return NULL;
    at = l->bytes;
    l->dir = dir;
    l->replace = way->replace;
    l->name = mrs_restore_keep(&at, e->name);
    l->final_name = mrs_restore_keep(&at, final);
    mrs_rdir_ref(dir);
    return l;
}

mars_status
mrs_rgroup_join(struct mrs_restore *r, struct mrs_rdir *dir, const struct mrs_entry *e,
                const struct mrs_way *way, bool *joined, mars_error *err)
{
    struct mrs_rgroup *g = find_group(r, e);
    struct mrs_rlink *l = g != NULL ? new_link(dir, e, way) : NULL;
    enum mrs_rstate state;

    *joined = false;
    if (g == NULL)
        return MARS_OK;
    if (l == NULL)
        return mrs_nomem(err);
    mrs_mutex_lock(r->job.lock);
    state = g->state;
    if (state == MRS_RGROUP_BUSY) {
        l->next = g->links;
        g->links = l;
    }
    mrs_mutex_unlock(r->job.lock);
    if (state == MRS_RGROUP_DONE)
        mrs_restore_link(r, g, l);
    if (state != MRS_RGROUP_BUSY)
        mrs_rlink_free(r, l);
    *joined = state != MRS_RGROUP_FAILED;
    return MARS_OK;
}

bool
mrs_rgroup_has_first(struct mrs_restore *r, const struct mrs_entry *e)
{
    const struct mrs_rgroup *g = find_group(r, e);
    bool has;

    mrs_mutex_lock(r->job.lock);
    has = g != NULL && g->state != MRS_RGROUP_FAILED;
    mrs_mutex_unlock(r->job.lock);
    return has;
}
