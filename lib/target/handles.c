/* Handles of directories: a bounded number, opened when needed, the longest unused closed first. */
#include "target/dir.h"

#include "base/alloc.h"
#include "base/err.h"

static void
unlink_open(struct mrs_target_dir *d)
{
    struct mrs_target *t = d->target;

    if (d->newer != NULL)
        d->newer->older = d->older;
    else
        t->newest = d->older;
    if (d->older != NULL)
        d->older->newer = d->newer;
    else
        t->oldest = d->newer;
    d->newer = d->older = NULL;
    t->n_open--;
}

static void
link_newest(struct mrs_target_dir *d)
{
    struct mrs_target *t = d->target;

    d->older = t->newest;
    if (t->newest != NULL)
        t->newest->newer = d;
    else
        t->oldest = d;
    t->newest = d;
    t->n_open++;
}

void
mrs_target_handle_close(struct mrs_target_dir *d)
{
    if (d->handle == NULL)
        return;
    if (d->parent != NULL)
        unlink_open(d);
    mrs_tree_dir_close(d->handle);
    d->handle = NULL;
}

void
mrs_target_handle_set(struct mrs_target_dir *d, struct mrs_tree_dir *handle)
{
    struct mrs_target *t = d->target;
    struct mrs_target_dir *old;

    d->handle = handle;
    link_newest(d);
    for (old = t->oldest; t->n_open > MRS_TARGET_OPEN_MAX && old != t->newest;) {
        struct mrs_target_dir *newer = old->newer;

        if (old->pins == 0)
            mrs_target_handle_close(old);
        old = newer;
    }
}

/* The newest one first: neighbours are mostly on the same. */
void
mrs_target_note_fs(struct mrs_target_dir *d, struct mrs_tree_dir *handle)
{
    struct mrs_target *t = d->target;

    for (size_t i = t->n_fs; i > 0; i--)
        if (t->fs[i - 1].id == d->fs_id)
            return;
    d->flush_now = t->n_fs == MRS_TARGET_FS_MAX;
    if (d->flush_now)
        return;
    t->fs[t->n_fs].id = d->fs_id;
    t->fs[t->n_fs++].handle = mrs_tree_dir_share(handle);
}

/* d, whose parent is open, once more: it must be what it was. */
static mars_status
open_again(struct mrs_target_dir *d, mars_error *err)
{
    struct mrs_tree_dir *handle;
    struct mrs_tree_stat now;
    mars_status st = mrs_tree_open_dir(&handle, d->parent->handle, d->name, err);

    if (st == MARS_OK)
        st = mrs_tree_stat(handle, NULL, &now, err);
    if (st == MARS_OK && (now.inode != d->inode || now.fs_id != d->fs_id))
        st = MARS_ERR_STATE;
    if (st == MARS_OK)
        mrs_target_handle_set(d, handle);
    else
        mrs_tree_dir_close(handle);
    return st != MARS_ERR_STATE ? st : mrs_fail(err, MARS_ERR_EXISTS,
                                                "%.150s was replaced by something else", d->name);
}

/* Under the lock: d's handle, opened again where it was closed. */
static mars_status
handle_of(struct mrs_target_dir *d, struct mrs_tree_dir **out, mars_error *err)
{
    struct mrs_target_dir **closed = NULL;
    struct mrs_target_dir *up;
    size_t n = 0;
    mars_status st = MARS_OK;

    *out = NULL;
    for (up = d; up->handle == NULL; up = up->parent)
        n++;
    if (n > 0) {
        closed = mrs_alloc_array(n, sizeof(struct mrs_target_dir *));
        st = closed != NULL ? MARS_OK : mrs_nomem(err);
        up = d;
        for (size_t i = n; st == MARS_OK && i > 0; i--, up = up->parent)
            closed[i - 1] = up;
        for (size_t i = 0; st == MARS_OK && i < n; i++)
            st = open_again(closed[i], err);
        mrs_free(closed);
    } else if (d->parent != NULL) {
        unlink_open(d);
        link_newest(d);
    }
    *out = st == MARS_OK ? d->handle : NULL;
    return st;
}

mars_status
mrs_target_pin(struct mrs_target_dir *d, struct mrs_tree_dir **out, mars_error *err)
{
    mars_status st;

    mrs_mutex_lock(d->target->lock);
    st = handle_of(d, out, err);
    d->pins += st == MARS_OK;
    mrs_mutex_unlock(d->target->lock);
    return st;
}

void
mrs_target_unpin(struct mrs_target_dir *d, const struct mrs_tree_dir *at)
{
    if (at == NULL)
        return;
    mrs_mutex_lock(d->target->lock);
    d->pins--;
    mrs_mutex_unlock(d->target->lock);
}
