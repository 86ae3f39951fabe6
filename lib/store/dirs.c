#include "store/dirs.h"

#include <string.h>

#include "base/alloc.h"
#include "base/err.h"
#include "platform/thread.h"

mars_status
mrs_dirs_init(struct mrs_dirs *d, mars_error *err)
{
    mars_status st;

    memset(d, 0, sizeof *d);
    d->all = (struct mrs_vec)MRS_VEC_INIT(struct mrs_dir *);
    st = mrs_mutex_new(&d->lock, err);
    if (st == MARS_OK)
        st = mrs_cond_new(&d->flushed, err);
    return st;
}

static struct mrs_dir *
dir_at(const struct mrs_dirs *d, size_t i)
{
    return *(struct mrs_dir **)mrs_vec_at(&d->all, i);
}

void
mrs_dirs_free(struct mrs_dirs *d)
{
    for (size_t i = 0; i < d->all.len; i++) {
        mrs_free(dir_at(d, i)->name);
        mrs_free(dir_at(d, i));
    }
    mrs_vec_free(&d->all);
    mrs_cond_free(d->flushed);
    mrs_mutex_free(d->lock);
}

/* Some hundred directories at most, looked up once an object. */
static struct mrs_dir *
find(const struct mrs_dirs *d, const char *name, size_t n)
{
    for (size_t i = 0; i < d->all.len; i++) {
        struct mrs_dir *dir = dir_at(d, i);

        if (strncmp(dir->name, name, n) == 0 && dir->name[n] == '\0')
            return dir;
    }
    return NULL;
}

struct mrs_dir *
mrs_dirs_find(struct mrs_dirs *d, const char *name, size_t n)
{
    struct mrs_dir *dir;

    mrs_mutex_lock(d->lock);
    dir = find(d, name, n);
    mrs_mutex_unlock(d->lock);
    return dir;
}

static struct mrs_dir *
add(struct mrs_dirs *d, const char *name, size_t n)
{
    struct mrs_dir *dir = mrs_alloc(sizeof *dir);
    struct mrs_dir **slot = NULL;

    if (dir != NULL)
        dir->name = mrs_strndup(name, n);
    if (dir != NULL && dir->name != NULL)
        slot = mrs_vec_add(&d->all);
    if (slot != NULL) {
        *slot = dir;
        return dir;
    }
    if (dir != NULL)
        mrs_free(dir->name);
    mrs_free(dir);
    return NULL;
}

struct mrs_dir *
mrs_dirs_add(struct mrs_dirs *d, const char *name, size_t n)
{
    struct mrs_dir *dir;

    mrs_mutex_lock(d->lock);
    dir = find(d, name, n);
    if (dir == NULL)
        dir = add(d, name, n);
    mrs_mutex_unlock(d->lock);
    return dir;
}

void
mrs_dirs_touch(struct mrs_dirs *d, struct mrs_dir *dir)
{
    mrs_mutex_lock(d->lock);
    dir->touched = 1;
    mrs_mutex_unlock(d->lock);
}

mars_status
mrs_dirs_flush(struct mrs_dirs *d, mrs_dirs_sync_fn sync, void *user, mars_error *err)
{
    mars_status st = MARS_OK;
    size_t n;

    mrs_mutex_lock(d->lock);
    while (d->flushing)
        mrs_cond_wait(d->flushed, d->lock);
    d->flushing = 1;
    n = d->all.len; /* later ones were touched after this call began */
    for (size_t i = 0; i < n && st == MARS_OK; i++) {
        struct mrs_dir *dir = dir_at(d, i);

        if (!dir->touched)
            continue;
        /* Before the sync: a name made while it runs may come too late for it. */
        dir->touched = 0;
        mrs_mutex_unlock(d->lock);
        st = sync(user, dir->name, err);
        mrs_mutex_lock(d->lock);
        if (st != MARS_OK)
            dir->touched = 1;
    }
    d->flushing = 0;
    mrs_cond_broadcast(d->flushed);
    mrs_mutex_unlock(d->lock);
    return st;
}
