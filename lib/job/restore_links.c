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
    mrs_node_release(r, g->node);
    mrs_rdir_unref(r, g->dir);
    mrs_free(g);
}

static struct mrs_rgroup *
new_group(const struct mrs_rfile *f)
{
    struct mrs_rgroup *g = mrs_alloc(sizeof *g);

    if (g == NULL)
        return NULL;
    g->dir = f->dir;
    g->state = MRS_RGROUP_BUSY;
    mrs_rdir_ref(g->dir);
    return g;
}

mars_status
mrs_rgroup_remember(struct mrs_restore *r, struct mrs_rfile *f, mars_error *err)
{
    struct mrs_rgroup **slot, *g;
    uint8_t key[32];

    if (f->link_group.n == 0)
        return MARS_OK;
    mrs_map_key16(key, f->link_group.p);
    g = new_group(f);
    slot = g != NULL ? mrs_map_put(&r->groups, key) : NULL;
    if (slot == NULL) {
        mrs_rgroup_free(r, g);
        return mrs_nomem(err);
    }
    mrs_rgroup_free(r, *slot);
    *slot = g;
    f->group = g;
    return MARS_OK;
}

/* Is it another name of a file that this run made or found, or tried to make? */
static struct mrs_rgroup *
find_group(struct mrs_restore *r, const struct mrs_rfile *f)
{
    struct mrs_rgroup **slot;
    uint8_t key[32];

    if (f->link_group.n == 0)
        return NULL;
    mrs_map_key16(key, f->link_group.p);
    slot = mrs_map_find(&r->groups, key);
    return slot != NULL ? *slot : NULL;
}

bool
mrs_rgroup_join(struct mrs_restore *r, struct mrs_rfile *f)
{
    struct mrs_rgroup *g = find_group(r, f);
    enum mrs_rstate state;

    if (g == NULL)
        return false;
    mrs_mutex_lock(r->job.lock);
    state = g->state;
    if (state == MRS_RGROUP_BUSY) {
        mrs_rfile_ref(f);
        f->next = g->names;
        g->names = f;
        r->batch_held += f->held;
        r->batch_names++;
    }
    mrs_mutex_unlock(r->job.lock);
    if (state == MRS_RGROUP_DONE)
        mrs_rfile_link(f, g);
    return state != MRS_RGROUP_FAILED;
}

bool
mrs_rgroup_has_first(struct mrs_restore *r, const struct mrs_rfile *f)
{
    const struct mrs_rgroup *g = find_group(r, f);
    bool has;

    mrs_mutex_lock(r->job.lock);
    has = g != NULL && g->state != MRS_RGROUP_FAILED;
    mrs_mutex_unlock(r->job.lock);
    return has;
}
