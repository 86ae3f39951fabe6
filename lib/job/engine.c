#include "job/engine.h"

#include "base/alloc.h"
#include "base/err.h"
#include "platform/thread.h"

enum { POLL_MS = 100 };

struct queue {
    struct mrs_task *first;
    struct mrs_task *last;
};

struct mrs_engine {
    uint32_t n_workers;
    uint64_t budget;
    struct mrs_mutex *lock; /* guards all below */
    struct mrs_cond *work;  /* a task is queued, or the workers are to end */
    struct mrs_cond *room;  /* budget was given back */
    struct queue urgent;
    struct queue queue;
    struct mrs_thread **workers;
    uint32_t started;
    uint32_t open;          /* jobs */
    bool changing;          /* workers are being started or joined */
    bool ending;
    uint64_t held;
    uint64_t buffers;       /* part of held: see mrs_engine_take_buffer */
    uint32_t waiting;       /* jobs that wait for a buffer */
    uint64_t peak;
};

mars_status
mrs_engine_new(struct mrs_engine **out, uint32_t workers, uint64_t budget, mars_error *err)
{
    struct mrs_engine *e = mrs_alloc(sizeof *e);
    mars_status st = e != NULL ? MARS_OK : mrs_nomem(err);

    *out = NULL;
    if (st != MARS_OK)
        return st;
    e->n_workers = workers != 0 ? workers : mrs_core_count();
    e->budget = budget;
    e->workers = mrs_alloc_array(e->n_workers, sizeof e->workers[0]);
    if (e->workers == NULL)
        st = mrs_nomem(err);
    if (st == MARS_OK)
        st = mrs_mutex_new(&e->lock, err);
    if (st == MARS_OK)
        st = mrs_cond_new(&e->work, err);
    if (st == MARS_OK)
        st = mrs_cond_new(&e->room, err);
    if (st != MARS_OK)
        mrs_engine_free(e);
    else
        *out = e;
    return st;
}

void
mrs_engine_free(struct mrs_engine *e)
{
    if (e == NULL)
        return;
    mrs_cond_free(e->room);
    mrs_cond_free(e->work);
    mrs_mutex_free(e->lock);
    mrs_free(e->workers);
    mrs_free(e);
}

static struct mrs_task *
pop(struct queue *q)
{
    struct mrs_task *t = q->first;

    if (t != NULL)
        q->first = t->next;
    return t;
}

static void
worker(void *arg)
{
    struct mrs_engine *e = arg;

    mrs_mutex_lock(e->lock);
    for (;;) {
        struct mrs_task *t = pop(&e->urgent);

        if (t == NULL)
            t = pop(&e->queue);
        if (t != NULL) {
            mrs_mutex_unlock(e->lock);
            t->run(t);
            mrs_mutex_lock(e->lock);
        } else if (e->ending) {
            break;
        } else {
            mrs_cond_wait(e->work, e->lock);
        }
    }
    mrs_mutex_unlock(e->lock);
}

/* Called and left with the lock held; nobody else changes the workers meanwhile. */
static void
join_all(struct mrs_engine *e)
{
    e->changing = e->ending = true;
    mrs_cond_broadcast(e->work);
    mrs_mutex_unlock(e->lock);
    while (e->started > 0)
        mrs_thread_join(e->workers[--e->started]);
    mrs_mutex_lock(e->lock);
    e->changing = e->ending = false;
    mrs_cond_broadcast(e->room);
}

mars_status
mrs_engine_open(struct mrs_engine *e, mars_error *err)
{
    mars_status st = MARS_OK;

    mrs_mutex_lock(e->lock);
    while (e->changing)
        mrs_cond_wait(e->room, e->lock);
    if (e->open == 0)
        while (st == MARS_OK && e->started < e->n_workers) {
            st = mrs_thread_start(&e->workers[e->started], worker, e, err);
            e->started += st == MARS_OK;
        }
    if (st == MARS_OK)
        e->open++;
    else
        join_all(e);
    mrs_mutex_unlock(e->lock);
    return st;
}

void
mrs_engine_close(struct mrs_engine *e)
{
    mrs_mutex_lock(e->lock);
    if (--e->open == 0)
        join_all(e);
    mrs_mutex_unlock(e->lock);
}

static void
push(struct mrs_engine *e, struct queue *q, struct mrs_task *t)
{
    t->next = NULL;
    mrs_mutex_lock(e->lock);
    if (q->first == NULL)
        q->first = t;
    else
        q->last->next = t;
    q->last = t;
    mrs_cond_signal(e->work);
    mrs_mutex_unlock(e->lock);
}

void
mrs_engine_submit(struct mrs_engine *e, struct mrs_task *t)
{
    push(e, &e->queue, t);
}

void
mrs_engine_submit_urgent(struct mrs_engine *e, struct mrs_task *t)
{
    push(e, &e->urgent, t);
}

static void
hold(struct mrs_engine *e, uint64_t n)
{
    e->held += n;
    if (e->held > e->peak)
        e->peak = e->held;
}

/* Under the lock: within the half for buffers, and beside what tasks hold now. */
static bool
has_room(const struct mrs_engine *e, uint64_t n)
{
    if (e->buffers > 0 && e->buffers + n > e->budget / 2)
        return false;
    return e->held == e->buffers || e->held + n <= e->budget;
}

bool
mrs_engine_take_buffer(struct mrs_engine *e, uint64_t n, const atomic_bool *stop)
{
    bool ok;

    mrs_mutex_lock(e->lock);
    e->waiting++;
    while (!atomic_load(stop) && !has_room(e, n))
        mrs_cond_wait_ms(e->room, e->lock, POLL_MS);
    e->waiting--;
    ok = !atomic_load(stop);
    if (ok) {
        e->buffers += n;
        hold(e, n);
    }
    mrs_mutex_unlock(e->lock);
    return ok;
}

void
mrs_engine_give_buffer(struct mrs_engine *e, uint64_t n)
{
    mrs_mutex_lock(e->lock);
    e->buffers -= n;
    e->held -= n;
    mrs_cond_broadcast(e->room);
    mrs_mutex_unlock(e->lock);
}

bool
mrs_engine_buffer_is_wanted(struct mrs_engine *e)
{
    bool wanted;

    mrs_mutex_lock(e->lock);
    wanted = e->waiting > 0;
    mrs_mutex_unlock(e->lock);
    return wanted;
}

/* Under the lock. */
static bool
fits(const struct mrs_engine *e, uint64_t n)
{
    if (e->held == e->buffers)
        return true;
    return n <= e->budget && e->held <= e->budget - n;
}

bool
mrs_engine_take(struct mrs_engine *e, struct mrs_account *a, uint64_t n, const atomic_bool *stop)
{
    bool ok;

    mrs_mutex_lock(e->lock);
    while (!atomic_load(stop) && !fits(e, n))
        mrs_cond_wait_ms(e->room, e->lock, POLL_MS);
    ok = !atomic_load(stop);
    if (ok) {
        a->held += n;
        hold(e, n);
    }
    mrs_mutex_unlock(e->lock);
    return ok;
}

bool
mrs_engine_take_soon(struct mrs_engine *e, struct mrs_account *a, uint64_t n, uint32_t ms)
{
    bool ok;

    mrs_mutex_lock(e->lock);
    if (!fits(e, n))
        mrs_cond_wait_ms(e->room, e->lock, ms);
    ok = fits(e, n);
    if (ok) {
        a->held += n;
        hold(e, n);
    }
    mrs_mutex_unlock(e->lock);
    return ok;
}

void
mrs_engine_give(struct mrs_engine *e, struct mrs_account *a, uint64_t n)
{
    mrs_mutex_lock(e->lock);
    a->held -= n;
    e->held -= n;
    mrs_cond_broadcast(e->room);
    mrs_mutex_unlock(e->lock);
}

uint64_t
mrs_engine_peak(struct mrs_engine *e)
{
    uint64_t peak;

    mrs_mutex_lock(e->lock);
    peak = e->peak;
    mrs_mutex_unlock(e->lock);
    return peak;
}
