#include "repo/uploader.h"

#include <stdbool.h>

#include "base/alloc.h"
#include "base/err.h"
#include "platform/thread.h"

struct mrs_uploader {
    uint32_t n_threads;
    struct mrs_thread **threads;
    struct mrs_mutex *lock; /* guards all below */
    struct mrs_cond *changed;
    struct mrs_upload_task *first;
    struct mrs_upload_task *last;
    uint32_t started;       /* threads: one more whenever all are busy */
    uint32_t waiting;       /* tasks */
    uint32_t running;
    bool ending;
    mars_status failed;     /* first */
    mars_error why;
};

mars_status
mrs_uploader_new(struct mrs_uploader **out, uint32_t threads, mars_error *err)
{
    struct mrs_uploader *u = mrs_alloc(sizeof *u);
    mars_status st = u != NULL ? MARS_OK : mrs_nomem(err);

    *out = NULL;
    if (st != MARS_OK)
        return st;
    u->n_threads = threads;
    u->threads = mrs_alloc_array(threads, sizeof u->threads[0]);
    if (u->threads == NULL)
        st = mrs_nomem(err);
    if (st == MARS_OK)
        st = mrs_mutex_new(&u->lock, err);
    if (st == MARS_OK)
        st = mrs_cond_new(&u->changed, err);
    if (st != MARS_OK)
        mrs_uploader_free(u);
    else
        *out = u;
    return st;
}

/* Under the lock, which is let go meanwhile. */
static void
run_first(struct mrs_uploader *u)
{
    struct mrs_upload_task *t = u->first;
    mars_status failed = u->failed, st;
    mars_error why = { 0 };

    u->first = t->next;
    u->waiting--;
    u->running++;
    mrs_cond_broadcast(u->changed);
    mrs_mutex_unlock(u->lock);
    st = t->run(t, failed, &why);
    mrs_mutex_lock(u->lock);
    u->running--;
    if (st != MARS_OK && u->failed == MARS_OK) {
        u->failed = st;
        u->why = why;
    }
    mrs_cond_broadcast(u->changed);
}

static void
upload(void *arg)
{
    struct mrs_uploader *u = arg;

    mrs_mutex_lock(u->lock);
    while (!u->ending) {
        if (u->first != NULL)
            run_first(u);
        else
            mrs_cond_wait(u->changed, u->lock);
    }
    mrs_mutex_unlock(u->lock);
}

/* Under the lock. A thread more that does not start is missed only where there is none. */
static mars_status
start_one(struct mrs_uploader *u, mars_error *err)
{
    mars_status st;

    if (u->started == u->n_threads || u->waiting + u->running < u->started)
        return MARS_OK;
    st = mrs_thread_start(&u->threads[u->started], upload, u, err);
    if (st == MARS_OK)
        u->started++;
    return u->started > 0 ? MARS_OK : st;
}

/* Under the lock. */
static mars_status
failure(const struct mrs_uploader *u, mars_error *err)
{
    if (u->failed != MARS_OK && err != NULL)
        *err = u->why;
    return u->failed;
}

mars_status
mrs_uploader_give(struct mrs_uploader *u, struct mrs_upload_task *t, mars_error *err)
{
    mars_status st;

    mrs_mutex_lock(u->lock);
    while (u->failed == MARS_OK && u->waiting >= u->n_threads)
        mrs_cond_wait(u->changed, u->lock);
    st = failure(u, err);
    if (st == MARS_OK)
        st = start_one(u, err);
    if (st == MARS_OK) {
        t->next = NULL;
        if (u->first == NULL)
            u->first = t;
        else
            u->last->next = t;
        u->last = t;
        u->waiting++;
        mrs_cond_broadcast(u->changed);
    }
    mrs_mutex_unlock(u->lock);
    if (st != MARS_OK)
        (void)!t->run(t, st, NULL);
    return st;
}

mars_status
mrs_uploader_wait(struct mrs_uploader *u, mars_error *err)
{
    mars_status st;

    mrs_mutex_lock(u->lock);
    while (u->waiting + u->running > 0)
        mrs_cond_wait(u->changed, u->lock);
    st = failure(u, err);
    mrs_mutex_unlock(u->lock);
    return st;
}

void
mrs_uploader_free(struct mrs_uploader *u)
{
    if (u == NULL)
        return;
    if (u->changed != NULL) {
        mrs_mutex_lock(u->lock);
        u->ending = true;
        mrs_cond_broadcast(u->changed);
        mrs_mutex_unlock(u->lock);
    }
    for (uint32_t i = 0; i < u->started; i++)
        mrs_thread_join(u->threads[i]);
    while (u->first != NULL) {
        struct mrs_upload_task *t = u->first;

        u->first = t->next;
        (void)!t->run(t, MARS_ERR_CANCELLED, NULL);
    }
    mrs_cond_free(u->changed);
    mrs_mutex_free(u->lock);
    mrs_free(u->threads);
    mrs_free(u);
}
