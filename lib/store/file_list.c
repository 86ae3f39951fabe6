/* A listing of the file store. Where there are many directories threads read them, since a network
 * share takes its time for each; what they find is handed over on the caller's thread alone. */
#include "store/file_store.h"

#include <string.h>

#include "base/alloc.h"
#include "base/err.h"
#include "base/vec.h"
#include "platform/file.h"
#include "platform/thread.h"

/* A thread costs as much as some directories of a local disk. */
enum { READERS_MAX = 4, DIRS_EACH = 8, QUEUED_MAX = 4 * READERS_MAX };
enum { BATCH_MAX = 128, BATCH_NAMES = 12 << 10 };

/* Objects that were found and not handed over yet. */
struct batch {
    struct batch *next;
    size_t n;
    struct mrs_object_info found[BATCH_MAX];
    size_t used;
    char names[BATCH_NAMES];
};

struct walk {
    struct mrs_file_store *store;
    enum mrs_list_what what;
    mrs_list_fn fn;
    void *user;
    struct mrs_mutex *lock;       /* guards all below */
    struct mrs_cond *changed;     /* for readers: todo, room or the status */
    struct mrs_cond *found;       /* for the caller: a batch, or that none comes any more */
    struct mrs_vec todo;          /* char *: directories, "" or ending in "/" */
    size_t reading;               /* directories that somebody reads now */
    struct batch *first, **last;
    size_t queued;
    mars_status status;           /* the first failure: it ends the walk */
    mars_error error;
};

/* Reads one directory after the other. */
struct reader {
    struct walk *walk;
    struct mrs_thread *thread;
    bool is_own;         /* of the caller's thread */
    const char *dir;     /* the present one */
    struct batch *batch; /* NULL: a new one is needed */
};

static mars_status
note(struct walk *w, mars_status st, const mars_error *why)
{
    mrs_mutex_lock(w->lock);
    if (w->status == MARS_OK && st != MARS_OK) {
        w->status = st;
        w->error = *why;
        mrs_cond_broadcast(w->changed);
        mrs_cond_signal(w->found);
    }
    st = w->status;
    mrs_mutex_unlock(w->lock);
    return st;
}

static mars_status
add_dir(struct walk *w, const char *name, mars_error *err)
{
    size_t n = strlen(name);
    char *copy = mrs_alloc(n + 2);
    char **slot;

    if (copy == NULL)
        return mrs_nomem(err);
    memcpy(copy, name, n);
    if (n > 0 && name[n - 1] != '/')
        copy[n] = '/';
    mrs_mutex_lock(w->lock);
    slot = mrs_vec_add(&w->todo);
    if (slot != NULL)
        *slot = copy;
    mrs_cond_broadcast(w->changed);
    mrs_mutex_unlock(w->lock);
    if (slot != NULL)
        return MARS_OK;
    mrs_free(copy);
    return mrs_nomem(err);
}

/* On the caller's thread; frees it. */
static mars_status
hand_over(struct walk *w, struct batch *b)
{
    mars_error why = { .status = MARS_OK };
    mars_status st = note(w, MARS_OK, &why);

    for (size_t i = 0; st == MARS_OK && i < b->n; i++)
        st = w->fn(w->user, &b->found[i], &why);
    mrs_free(b);
    return note(w, st, &why);
}

static mars_status
queue(struct walk *w, struct batch *b)
{
    mars_status st;

    mrs_mutex_lock(w->lock);
    while (w->queued == QUEUED_MAX && w->status == MARS_OK)
        mrs_cond_wait(w->changed, w->lock);
    b->next = NULL;
    *w->last = b;
    w->last = &b->next;
    w->queued++;
    mrs_cond_signal(w->found);
    st = w->status;
    mrs_mutex_unlock(w->lock);
    return st;
}

/* The status of the walk. */
static mars_status
pass_on(struct reader *r)
{
    struct batch *b = r->batch;

    r->batch = NULL;
    return r->is_own ? hand_over(r->walk, b) : queue(r->walk, b);
}

/* Room for one more object, and its name in info->name. */
static mars_status
add_object(struct reader *r, const char *name, size_t n, struct mrs_object_info **info,
           mars_error *err)
{
    struct batch *b = r->batch;
    mars_status st = MARS_OK;
    char *copy;

    if (b != NULL && (b->n == BATCH_MAX || n + 1 > sizeof b->names - b->used))
        st = pass_on(r);
    if (st != MARS_OK)
        return st;
    if (r->batch == NULL) {
        b = r->batch = mrs_alloc(sizeof *b);
        if (b == NULL)
            return mrs_nomem(err);
        b->n = b->used = 0;
    }
    copy = memcpy(b->names + b->used, name, n + 1);
    b->used += n + 1;
    *info = &b->found[b->n++];
    **info = (struct mrs_object_info){ .name = copy };
    return MARS_OK;
}

static mars_status
read_one(void *user, const char *name, bool is_dir, mars_error *err)
{
    struct reader *r = user;
    size_t dir_len = strlen(r->dir), len = strlen(name);
    char full[MRS_NAME_MAX + 1];
    struct mrs_object_info *info = NULL;
    mars_status st;

    if (!mrs_store_below_ok(r->dir, name))
        return MARS_OK;
    memcpy(full, r->dir, dir_len);
    memcpy(full + dir_len, name, len + 1);
    if (is_dir)
        return add_dir(r->walk, full, err);
    st = add_object(r, full, dir_len + len, &info, err);
    if (st != MARS_OK || r->walk->what == MRS_LIST_NAMES)
        return st;
    st = mrs_file_store_stat(r->walk->store, info->name, info, err);
    if (st == MARS_ERR_NOT_FOUND) {
        r->batch->n--;
        return MARS_OK;
    }
    return st;
}

static void
read_dir(struct reader *r, char *name)
{
    struct walk *w = r->walk;
    char *path = mrs_file_store_path(w->store, name);
    mars_error why = { .status = MARS_OK };
    mars_status st;

    r->dir = name;
    st = path != NULL ? mrs_dir_each(path, read_one, r, &why) : mrs_nomem(&why);
    mrs_free(path);
    mrs_free(name);
    /* It vanished, or never was; that the store itself has gone must not look like "empty". */
    if (st == MARS_ERR_NOT_FOUND)
        st = mrs_file_store_check(w->store, &why);
    (void)note(w, st, &why);
    if (r->batch != NULL)
        (void)pass_on(r);
}

/* The next directory, or NULL where there is none now. Under the lock. */
static char *
take_dir(struct walk *w)
{
    if (w->todo.len == 0 || w->status != MARS_OK)
        return NULL;
    w->reading++;
    return *(char **)mrs_vec_at(&w->todo, --w->todo.len);
}

/* Read one, if there is one. Under the lock, which it leaves meanwhile. */
static bool
read_next(struct reader *r)
{
    struct walk *w = r->walk;
    char *name = take_dir(w);

    if (name == NULL)
        return false;
    mrs_mutex_unlock(w->lock);
    read_dir(r, name);
    mrs_mutex_lock(w->lock);
    w->reading--;
    return true;
}

static void
read_all(void *reader)
{
    struct reader *r = reader;
    struct walk *w = r->walk;

    mrs_mutex_lock(w->lock);
    while (read_next(r) || (w->reading > 0 && w->status == MARS_OK))
        if (w->todo.len == 0 && w->reading > 0 && w->status == MARS_OK)
            mrs_cond_wait(w->changed, w->lock);
    /* Who waits for more waits for nothing now. */
    mrs_cond_broadcast(w->changed);
    mrs_cond_signal(w->found);
    mrs_mutex_unlock(w->lock);
}

static struct batch *
next_batch(struct walk *w)
{
    struct batch *b;

    mrs_mutex_lock(w->lock);
    while (w->first == NULL && w->status == MARS_OK && (w->reading > 0 || w->todo.len > 0))
        mrs_cond_wait(w->found, w->lock);
    b = w->first;
    if (b != NULL) {
        w->first = b->next;
        if (w->first == NULL)
            w->last = &w->first;
        if (--w->queued == QUEUED_MAX / 2) /* it was full, and others are worth waking */
            mrs_cond_broadcast(w->changed);
    }
    mrs_mutex_unlock(w->lock);
    return b;
}

static void
hand_over_all(struct walk *w)
{
    struct batch *b;

    while ((b = next_batch(w)) != NULL)
        (void)hand_over(w, b);
}

/* Read what is left with threads. False: none could be started. */
static bool
read_with_threads(struct walk *w)
{
    struct reader readers[READERS_MAX];
    size_t n = 0, want = w->todo.len / DIRS_EACH;

    while (n < READERS_MAX && n < want) {
        readers[n] = (struct reader){ .walk = w };
        if (mrs_thread_start(&readers[n].thread, read_all, &readers[n], NULL) != MARS_OK)
            break;
        n++;
    }
    if (n == 0)
        return false;
    hand_over_all(w);
    for (size_t i = 0; i < n; i++)
        mrs_thread_join(readers[i].thread);
    hand_over_all(w); /* after a failure others may have brought something */
    return true;
}

static void
walk_all(struct walk *w)
{
    struct reader own = { .walk = w, .is_own = true };
    bool goes_on = true;

    while (goes_on) {
        if (w->todo.len >= DIRS_EACH && read_with_threads(w))
            break;
        mrs_mutex_lock(w->lock);
        goes_on = read_next(&own);
        mrs_mutex_unlock(w->lock);
    }
}

static mars_status
walk_init(struct walk *w, const char *prefix, mars_error *err)
{
    mars_status st = mrs_mutex_new(&w->lock, err);

    w->last = &w->first;
    if (st == MARS_OK)
        st = mrs_cond_new(&w->changed, err);
    if (st == MARS_OK)
        st = mrs_cond_new(&w->found, err);
    return st == MARS_OK ? add_dir(w, prefix, err) : st;
}

static void
walk_free(struct walk *w)
{
    while (w->todo.len > 0)
        mrs_free(*(char **)mrs_vec_at(&w->todo, --w->todo.len));
    mrs_vec_free(&w->todo);
    mrs_cond_free(w->found);
    mrs_cond_free(w->changed);
    mrs_mutex_free(w->lock);
}

mars_status
mrs_file_store_list(void *self, const char *prefix, enum mrs_list_what what, mrs_list_fn fn,
                    void *user, mars_error *err)
{
    struct walk w = { .store = self,
                      .what = what,
                      .fn = fn,
                      .user = user,
                      .todo = MRS_VEC_INIT(char *) };
    mars_status st = walk_init(&w, prefix, err);

    if (st == MARS_OK) {
        walk_all(&w);
        st = w.status;
        if (st != MARS_OK && err != NULL)
            *err = w.error;
    }
    walk_free(&w);
    return st;
}
