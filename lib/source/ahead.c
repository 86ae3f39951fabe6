#include "source/ahead.h"

#include <stdatomic.h>
#include <string.h>

#include "base/alloc.h"
#include "base/arena.h"
#include "base/err.h"
#include "platform/thread.h"

enum {
    BATCH = 256,     /* items that are handed over together */
    BATCH_DIRS = 24, /* directories that they may hold open */
    BATCHES = 4      /* that may wait to be taken */
};

struct found {
    struct mrs_walk_item item;
    struct mrs_tree_dir *dir; /* its own hold on it; NULL: nothing can be asked */
    const char *name;
};

struct batch {
    struct batch *next;
    struct mrs_arena bytes; /* what the items point to */
    size_t n;
    struct found found[BATCH];
};

struct mrs_ahead {
    struct mrs_walk *walk;
    struct mrs_thread *thread;
    struct batch *current; /* the taker's; NULL before the first */
    size_t at;             /* the next of its items */
    atomic_bool stop;
    struct mrs_mutex *lock; /* guards all below */
    struct mrs_cond *filled;
    struct mrs_cond *taken;
    struct batch *first;
    struct batch *last;
    size_t n;
    struct batch *spare;
    bool ended;
    mars_status status;    /* of what ended it */
    mars_error error;
};

static void
empty(struct batch *batch)
{
    for (size_t i = 0; i < batch->n; i++)
        mrs_tree_dir_close(batch->found[i].dir);
    batch->n = 0;
    mrs_arena_reset(&batch->bytes);
}

static void
free_batches(struct batch *batch)
{
    while (batch != NULL) {
        struct batch *next = batch->next;

        empty(batch);
        mrs_arena_free(&batch->bytes);
        mrs_free(batch);
        batch = next;
    }
}

static struct batch *
new_batch(struct mrs_ahead *a)
{
    struct batch *batch;

    mrs_mutex_lock(a->lock);
    batch = a->spare;
    if (batch != NULL)
        a->spare = batch->next;
    mrs_mutex_unlock(a->lock);
    if (batch == NULL)
        return mrs_alloc(sizeof *batch);
    batch->next = NULL;
    return batch;
}

/* What the walk lent becomes the batch's own. */
static mars_status
keep(struct batch *batch, struct found *f, const struct mrs_walk *w, mars_error *err)
{
    mars_source_item *item = &f->item.item;
    mars_entry *e = &f->item.entry;
    char *path = mrs_arena_copy(&batch->bytes, e->path, e->path_len + 1); /* with its NUL */

    if (path == NULL)
        return mrs_nomem(err);
    e->path = path;
    f->name = w->name != NULL ? path + (e->path_len - strlen(w->name)) : NULL;
    if (item->message != NULL) {
        item->message = mrs_arena_copy(&batch->bytes, item->message, strlen(item->message) + 1);
        if (item->message == NULL)
            return mrs_nomem(err);
    }
    f->dir = w->dir != NULL ? mrs_tree_dir_share(w->dir) : NULL;
    return MARS_OK;
}

/* Walk on until the batch is full, or the walk ends: then *more is false. */
static mars_status
fill(struct mrs_ahead *a, struct batch *batch, bool *more, mars_error *err)
{
    struct mrs_tree_dir *dir = NULL;
    size_t dirs = 0;
    mars_status st = MARS_OK;

    while (st == MARS_OK && *more && batch->n < BATCH && dirs < BATCH_DIRS) {
        struct found *f = &batch->found[batch->n];

        *more = false;
        st = mrs_walk_next(a->walk, &f->item, err);
        if (st != MARS_OK || f->item.entry.path == NULL || atomic_load(&a->stop))
            break;
        *more = true;
        st = keep(batch, f, a->walk, err);
        batch->n += st == MARS_OK;
        dirs += a->walk->dir != NULL && a->walk->dir != dir;
        dir = a->walk->dir;
    }
    return st;
}

/* Waits for room. */
static void
hand_over(struct mrs_ahead *a, struct batch *batch)
{
    mrs_mutex_lock(a->lock);
    if (a->n >= BATCHES)
        while (a->n > BATCHES / 2 && !atomic_load(&a->stop))
            mrs_cond_wait(a->taken, a->lock);
    if (a->first == NULL)
        a->first = batch;
    else
        a->last->next = batch;
    a->last = batch;
    a->n++;
    mrs_cond_signal(a->filled);
    mrs_mutex_unlock(a->lock);
}

static void
run(void *arg)
{
    struct mrs_ahead *a = arg;
    bool more = true;
    mars_error err;
    mars_status st = MARS_OK;

    mrs_error_clear(&err);
    while (more && st == MARS_OK) {
        struct batch *batch = new_batch(a);

        st = batch != NULL ? fill(a, batch, &more, &err) : mrs_nomem(&err);
        if (batch != NULL)
            hand_over(a, batch);
    }
    mrs_mutex_lock(a->lock);
    a->ended = true;
    a->status = st;
    a->error = err;
    mrs_cond_signal(a->filled);
    mrs_mutex_unlock(a->lock);
}

mars_status
mrs_ahead_start(struct mrs_ahead **out, struct mrs_walk *walk, mars_error *err)
{
    struct mrs_ahead *a = mrs_alloc(sizeof *a);
    mars_status st = a != NULL ? mrs_mutex_new(&a->lock, err) : mrs_nomem(err);

    *out = NULL;
    if (st == MARS_OK)
        st = mrs_cond_new(&a->filled, err);
    if (st == MARS_OK)
        st = mrs_cond_new(&a->taken, err);
    if (st == MARS_OK) {
        a->walk = walk;
        st = mrs_thread_start(&a->thread, run, a, err);
    }
    if (st != MARS_OK)
        mrs_ahead_free(a);
    else
        *out = a;
    return st;
}

/* Let the batch that was used up go, and take the next; *more = false at the end. */
static mars_status
take(struct mrs_ahead *a, bool *more, mars_error *err)
{
    struct batch *used = a->current;
    mars_status st = MARS_OK;

    if (used != NULL)
        empty(used);
    mrs_mutex_lock(a->lock);
    if (used != NULL) {
        used->next = a->spare;
        a->spare = used;
    }
    while (a->first == NULL && !a->ended)
        mrs_cond_wait(a->filled, a->lock);
    a->current = a->first;
    *more = a->current != NULL;
    if (*more) {
        a->first = a->current->next;
        if (--a->n == BATCHES / 2)
            mrs_cond_signal(a->taken);
    } else {
        st = a->status;
        if (st != MARS_OK && err != NULL)
            *err = a->error;
    }
    mrs_mutex_unlock(a->lock);
    a->at = 0;
    return st;
}

mars_status
mrs_ahead_next(struct mrs_ahead *a, struct mrs_walk_item *item, struct mrs_tree_dir **dir,
               const char **name, mars_error *err)
{
    static const struct found end;
    const struct found *f = &end;
    bool more = true;
    mars_status st = MARS_OK;

    while (more && (a->current == NULL || a->at == a->current->n))
        st = take(a, &more, err);
    if (more)
        f = &a->current->found[a->at++];
    *item = f->item;
    *dir = f->dir;
    *name = f->name;
    return st;
}

void
mrs_ahead_free(struct mrs_ahead *a)
{
    if (a == NULL)
        return;
    if (a->thread != NULL) {
        mrs_mutex_lock(a->lock);
        atomic_store(&a->stop, true);
        mrs_cond_signal(a->taken);
        mrs_mutex_unlock(a->lock);
        mrs_thread_join(a->thread);
    }
    if (a->current != NULL)
        a->current->next = NULL; /* it is in no list */
    free_batches(a->current);
    free_batches(a->first);
    free_batches(a->spare);
    mrs_cond_free(a->taken);
    mrs_cond_free(a->filled);
    mrs_mutex_free(a->lock);
    mrs_free(a);
}
