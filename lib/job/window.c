#include "job/window.h"

#include <string.h>

#include "base/alloc.h"
#include "base/err.h"
#include "platform/thread.h"

enum {
    READ_SIZE = 1 << 20,
    READ_HERE = 64 << 10, /* a shorter read is not worth a worker */
    MARKS = 64,
    SLOTS = 64            /* chunks cut off and not let go of */
};

/* Positions count the bytes of all streams, so that one may begin while chunks of the last are
 * held. A byte's place is its position modulo the ring's size. */
struct read {
    struct mrs_task task;
    struct read *next;
    struct mrs_window *w;
    const struct mrs_source_file *file;
    uint64_t hole;
    uint64_t offset;
    uint64_t pos;
    size_t len;
    size_t got;
    mars_status st;
    mars_error why;
    size_t marked; /* how far marks were looked for */
    size_t n_marks;
    struct mrs_cut_mark marks[MARKS];
    bool done;     /* guarded by the window's lock */
};

struct slot {
    uint64_t end;  /* position behind the chunk */
    uint8_t *seam; /* a copy of a chunk that lay around the ring's end */
    size_t len;
    bool released; /* guarded */
};

struct mrs_window {
    struct mrs_engine *engine;
    const struct mrs_cutter *cutter;
    uint8_t *ring;
    struct mrs_mutex *lock;
    struct mrs_cond *changed;  /* a read is done, a chunk was let go of */
    uint64_t tail;             /* guarded: bytes before it are free */
    size_t first_slot;         /* guarded */
    size_t n_slots;            /* guarded */
    struct slot slots[SLOTS];
    const struct mrs_source_file *file;
    uint64_t head;             /* behind what was asked for */
    uint64_t begin;            /* of the stream */
    uint64_t start;            /* of the chunk in the making */
    uint64_t have;             /* behind what was read */
    struct read *first;        /* on their way, oldest first */
    struct read *last;
    /* The marks that come next, counted from base, and how far they go: there they have to be
     * looked for. */
    uint64_t base;
    uint64_t marked;
    size_t next_mark;
    size_t n_marks;
    struct mrs_cut_mark marks[MARKS];
};

mars_status
mrs_window_new(struct mrs_window **out, struct mrs_engine *engine, const struct mrs_cutter *cutter,
               mars_error *err)
{
    struct mrs_window *w = mrs_alloc(sizeof *w);
    mars_status st = w != NULL ? MARS_OK : mrs_nomem(err);

    *out = NULL;
    if (st != MARS_OK)
        return st;
    w->engine = engine;
    w->cutter = cutter;
    w->ring = mrs_alloc(MRS_WINDOW_SIZE);
    st = w->ring != NULL ? mrs_mutex_new(&w->lock, err) : mrs_nomem(err);
    if (st == MARS_OK)
        st = mrs_cond_new(&w->changed, err);
    if (st == MARS_OK)
        *out = w;
    else
        mrs_window_free(w);
    return st;
}

void
mrs_window_free(struct mrs_window *w)
{
    if (w == NULL)
        return;
    mrs_window_drop(w);
    if (w->lock != NULL) {
        mrs_mutex_lock(w->lock);
        while (w->n_slots > 0)
            mrs_cond_wait(w->changed, w->lock);
        mrs_mutex_unlock(w->lock);
    }
    mrs_cond_free(w->changed);
    mrs_mutex_free(w->lock);
    if (w->ring != NULL)
        mrs_wipe(w->ring, MRS_WINDOW_SIZE);
    mrs_free(w->ring);
    mrs_free(w);
}

void
mrs_window_begin(struct mrs_window *w, const struct mrs_source_file *f)
{
    w->file = f;
    w->begin = w->start = w->have = w->base = w->marked = w->head;
    w->next_mark = w->n_marks = 0;
}

static uint8_t *
at(const struct mrs_window *w, uint64_t pos)
{
    return w->ring + pos % MRS_WINDOW_SIZE;
}

/* Read and mark, here or on a worker. */
static void
make_read(struct read *r)
{
    uint8_t *p = at(r->w, r->pos);

    r->st = mrs_source_read(r->file, r->offset, p, r->len, &r->got, &r->why);
    if (r->st != MARS_OK)
        r->got = 0;
    r->marked = MRS_CUT_WINDOW - 1;
    if (r->got > r->marked)
        r->n_marks = mrs_cut_marks(r->w->cutter, p, r->got, &r->marked, r->marks, MARKS);
}

static void
run_read(struct mrs_task *t)
{
    struct read *r = (struct read *)(void *)((char *)t - offsetof(struct read, task));
    struct mrs_window *w = r->w;

    make_read(r);
    mrs_mutex_lock(w->lock);
    r->done = true; /* it may be freed as soon as the lock is let go */
    mrs_cond_broadcast(w->changed);
    mrs_mutex_unlock(w->lock);
}

/* How many bytes a read gets: whole reads only, or bytes would trickle. Waits for room where nobody
 * else could make some: chunks that are held are let go of some time. */
static size_t
take_room(struct mrs_window *w, uint64_t len)
{
    size_t to_end = MRS_WINDOW_SIZE - (size_t)(w->head % MRS_WINDOW_SIZE);
    size_t n = len < READ_SIZE ? (size_t)len : READ_SIZE;
    bool fits;

    if (n > to_end)
        n = to_end;
    mrs_mutex_lock(w->lock);
    while (w->first == NULL && MRS_WINDOW_SIZE - (w->head - w->tail) < n)
        mrs_cond_wait(w->changed, w->lock);
    fits = MRS_WINDOW_SIZE - (w->head - w->tail) >= n;
    mrs_mutex_unlock(w->lock);
    return fits ? n : 0;
}

mars_status
mrs_window_read(struct mrs_window *w, uint64_t hole, uint64_t offset, uint64_t len,
                uint64_t *taken, mars_error *err)
{
    size_t n = take_room(w, len);
    struct read *r = n > 0 ? mrs_alloc(sizeof *r) : NULL;

    *taken = n;
    if (r == NULL)
        return n == 0 ? MARS_OK : mrs_nomem(err);
    r->task.run = run_read;
    r->w = w;
    r->file = w->file;
    r->hole = hole;
    r->offset = offset;
    r->pos = w->head;
    r->len = n;
    w->head += n;
    if (w->first == NULL)
        w->first = r;
    else
        w->last->next = r;
    w->last = r;
    if (n >= READ_HERE) {
        mrs_engine_submit_urgent(w->engine, &r->task);
    } else {
        make_read(r);
        r->done = true;
    }
    return MARS_OK;
}

/* The hash at the first places of a read looks at bytes of the one before: there they are marked
 * here, for the read may have been made first. */
static void
mark_seam(struct mrs_window *w, const struct read *r)
{
    enum { BEFORE = MRS_CUT_WINDOW - 1 };
    uint8_t bytes[2 * BEFORE];
    size_t n = BEFORE + (r->got < BEFORE ? r->got : BEFORE), from = BEFORE;

    if (r->pos - w->begin < BEFORE)
        return; /* no chunk is that short */
    for (size_t i = 0; i < n; i++)
        bytes[i] = *at(w, r->pos - BEFORE + i);
    w->n_marks = mrs_cut_marks(w->cutter, bytes, n, &from, w->marks, MARKS);
    for (size_t i = 0; i < w->n_marks; i++)
        w->marks[i].at -= BEFORE;
}

/* The marks of a read become those that come next. */
static void
take_marks(struct mrs_window *w, const struct read *r)
{
    w->base = r->pos;
    w->next_mark = w->n_marks = 0;
    mark_seam(w, r);
    if (w->n_marks + r->n_marks <= MARKS) {
        memcpy(w->marks + w->n_marks, r->marks, r->n_marks * sizeof r->marks[0]);
        w->n_marks += r->n_marks;
        w->marked = r->pos + (r->marked < r->got ? r->marked : r->got);
    } else {
        w->marked = r->pos + MRS_CUT_WINDOW - 1; /* a crowd: look again, when these are through */
    }
}

bool
mrs_window_await(struct mrs_window *w, struct mrs_window_got *got)
{
    struct read *r = w->first;

    if (r == NULL)
        return false;
    mrs_mutex_lock(w->lock);
    while (!r->done)
        mrs_cond_wait(w->changed, w->lock);
    mrs_mutex_unlock(w->lock);
    w->first = r->next;
    *got = (struct mrs_window_got){ r->hole, r->len, r->got, r->st, r->why };
    w->have = r->pos + r->got;
    take_marks(w, r);
    mrs_free(r);
    return true;
}

void
mrs_window_drop(struct mrs_window *w)
{
    struct mrs_window_got ignored;
    uint64_t have = w->have;

    while (mrs_window_await(w, &ignored))
        continue;
    w->head = w->have = w->marked = have;
    w->next_mark = w->n_marks = 0;
}

/* Where the chunk in the making ends; its start: not yet known. */
static uint64_t
next_end(struct mrs_window *w, bool end)
{
    uint64_t most = w->start + w->cutter->max;

    while (w->next_mark < w->n_marks || w->marked < w->have) {
        if (w->next_mark < w->n_marks) {
            const struct mrs_cut_mark *m = &w->marks[w->next_mark];
            uint64_t e = w->base + m->at;

            if (e > most)
                return most;
            w->next_mark++;
            if (mrs_cut_ends(w->cutter, e - w->start, m->strict))
                return e;
        } else {
            size_t from = (size_t)(w->marked - w->base);

            w->next_mark = 0;
            w->n_marks = mrs_cut_marks(w->cutter, at(w, w->base), (size_t)(w->have - w->base),
                                       &from, w->marks, MARKS);
            w->marked = w->base + from;
        }
    }
    if (w->have >= most)
        return most;
    return end ? w->have : w->start;
}

/* A chunk that lies around the ring's end is copied, to be whole. */
static mars_status
join_seam(struct mrs_window *w, struct slot *s, mars_error *err)
{
    size_t first = MRS_WINDOW_SIZE - (size_t)(w->start % MRS_WINDOW_SIZE);

    s->seam = NULL;
    if (s->len <= first)
        return MARS_OK;
    s->seam = mrs_realloc_array(NULL, s->len, 1);
    if (s->seam == NULL)
        return mrs_nomem(err);
    memcpy(s->seam, at(w, w->start), first);
    memcpy(s->seam + first, w->ring, s->len - first);
    return MARS_OK;
}

mars_status
mrs_window_cut(struct mrs_window *w, bool end, struct mrs_window_chunk *out, mars_error *err)
{
    uint64_t e = next_end(w, end);
    struct slot *s;
    mars_status st;

    out->len = (size_t)(e - w->start);
    if (out->len == 0)
        return MARS_OK;
    mrs_mutex_lock(w->lock);
    while (w->n_slots == SLOTS)
        mrs_cond_wait(w->changed, w->lock);
    out->slot = (w->first_slot + w->n_slots) % SLOTS;
    mrs_mutex_unlock(w->lock);
    s = &w->slots[out->slot];
    s->end = e;
    s->len = out->len;
    s->released = false;
    st = join_seam(w, s, err);
    if (st != MARS_OK)
        return st;
    out->data = s->seam != NULL ? s->seam : at(w, w->start);
    w->start = e;
    mrs_mutex_lock(w->lock);
    w->n_slots++;
    mrs_mutex_unlock(w->lock);
    return MARS_OK;
}

void
mrs_window_release(struct mrs_window *w, const struct mrs_window_chunk *c)
{
    struct slot *s = &w->slots[c->slot];

    if (s->seam != NULL)
        mrs_wipe(s->seam, s->len);
    mrs_free(s->seam);
    mrs_mutex_lock(w->lock);
    s->released = true;
    while (w->n_slots > 0 && w->slots[w->first_slot].released) {
        w->tail = w->slots[w->first_slot].end;
        w->first_slot = (w->first_slot + 1) % SLOTS;
        w->n_slots--;
    }
    mrs_cond_broadcast(w->changed);
    mrs_mutex_unlock(w->lock);
}
