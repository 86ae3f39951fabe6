#include "job/chunkcache.h"

#include <string.h>

#include "base/alloc.h"
#include "base/err.h"
#include "platform/thread.h"

enum { SLOTS = 64, FETCHES = 4, RING = MRS_CHUNK_MAX };

/* A chunk, and where it lies in the ring. */
struct slot {
    uint8_t id[32];
    struct mrs_buf plain; /* borrowed of the ring; max 0: the slot is empty */
    struct fetch *fetch;  /* NULL, or what fills it: until that was waited for, the bytes are the
                             worker's */
};

/* A chunk on its way. */
struct fetch {
    struct mrs_task task;
    struct mrs_chunk_cache *cache;
    struct slot *slot;    /* NULL: there is none */
    struct mrs_chunk_memory memory;
    mars_status status;
    bool done;            /* under the lock */
};

struct mrs_chunk_cache {
    const struct mrs_domain *d;
    struct mrs_engine *engine;
    bool engine_open;
    struct mrs_mutex *lock;
    struct mrs_cond *arrived;
    struct mrs_chunk_memory memory;
    uint8_t *ring;              /* chunks one behind the other: the newest takes the place of the
                                   oldest, so that memory is touched once and then used again */
    size_t next;                /* where the next one begins */
    size_t touched;             /* bytes that have held something */
    const struct slot *current; /* what the caller looks at */
    struct slot slots[SLOTS];
    size_t next_slot;
    struct fetch fetches[FETCHES];
};

mars_status
mrs_chunk_cache_new(struct mrs_chunk_cache **out, const struct mrs_domain *d,
                    struct mrs_engine *engine, mars_error *err)
{
    static const struct mrs_chunk_memory none = MRS_CHUNK_MEMORY_INIT;
    struct mrs_chunk_cache *c = mrs_alloc(sizeof *c);
    mars_status st;

    *out = NULL;
    if (c == NULL)
        return mrs_nomem(err);
    c->d = d;
    c->engine = engine;
    c->memory = none;
    for (size_t i = 0; i < FETCHES; i++)
        c->fetches[i] = (struct fetch){ .cache = c, .memory = none };
    st = mrs_mutex_new(&c->lock, err);
    if (st == MARS_OK)
        st = mrs_cond_new(&c->arrived, err);
    if (st == MARS_OK)
        *out = c;
    else
        mrs_chunk_cache_free(c);
    return st;
}

static void
empty(struct slot *s)
{
    s->plain = (struct mrs_buf)MRS_BUF_INIT(0);
}

/* Wait until a fetch has ended. What it brought is the slot's, or the slot is empty. */
static void
settle(struct mrs_chunk_cache *c, struct fetch *f)
{
    mrs_mutex_lock(c->lock);
    while (!f->done)
        mrs_cond_wait(c->arrived, c->lock);
    mrs_mutex_unlock(c->lock);
    if (f->status != MARS_OK)
        empty(f->slot);
    f->slot->fetch = NULL;
    f->slot = NULL;
}

void
mrs_chunk_cache_free(struct mrs_chunk_cache *c)
{
    if (c == NULL)
        return;
    for (size_t i = 0; i < FETCHES; i++) {
        if (c->fetches[i].slot != NULL)
            settle(c, &c->fetches[i]);
        mrs_chunk_memory_free(&c->fetches[i].memory);
    }
    if (c->engine_open)
        mrs_engine_close(c->engine);
    if (c->ring != NULL)
        mrs_wipe(c->ring, c->touched);
    mrs_free(c->ring);
    mrs_chunk_memory_free(&c->memory);
    mrs_cond_free(c->arrived);
    mrs_mutex_free(c->lock);
    mrs_free(c);
}

static struct slot *
find(struct mrs_chunk_cache *c, const uint8_t id[32])
{
    for (size_t i = 0; i < SLOTS; i++)
        if (c->slots[i].plain.max > 0 && memcmp(c->slots[i].id, id, 32) == 0)
            return &c->slots[i];
    return NULL;
}

static bool
overlaps(const struct slot *s, const uint8_t *start, size_t n)
{
    return s->plain.max > 0 && s->plain.data < start + n &&
           start < s->plain.data + s->plain.max;
}

/* A slot for a chunk of n bytes, in the place of the oldest ones. NULL where one of these is in
 * use. */
static struct slot *
take(struct mrs_chunk_cache *c, const uint8_t id[32], size_t n)
{
    size_t at = n <= RING - c->next ? c->next : 0;
    struct slot *s = &c->slots[c->next_slot];
    uint8_t *start = c->ring + at;

    for (size_t i = 0; i < SLOTS; i++) {
        const struct slot *o = &c->slots[i];

        if ((o == s || overlaps(o, start, n)) && (o->fetch != NULL || o == c->current))
            return NULL;
    }
    for (size_t i = 0; i < SLOTS; i++)
        if (overlaps(&c->slots[i], start, n))
            empty(&c->slots[i]);
    c->next_slot = (c->next_slot + 1) % SLOTS;
    c->next = at + n;
    if (c->touched < c->next)
        c->touched = c->next;
    memcpy(s->id, id, sizeof s->id);
    s->plain = (struct mrs_buf){ start, 0, n, n };
    return s;
}

/* The size of a chunk, by the index; with the memory for it there. */
static mars_status
prepare(struct mrs_chunk_cache *c, const uint8_t id[32], size_t *n, mars_error *err)
{
    struct mrs_place place;
    mars_status st = mrs_index_find(c->d->index, id, 0, &place, err);

    *n = st == MARS_OK ? place.blob.raw_len : 0;
    if (c->ring == NULL)
        c->ring = mrs_realloc_array(NULL, RING, 1);
    if (c->ring == NULL)
        st = mrs_nomem(err);
    return st;
}

static mars_status
fetch_now(struct mrs_chunk_cache *c, const uint8_t id[32], struct slot **out, mars_error *err)
{
    struct slot *s;
    size_t n;
    mars_status st = prepare(c, id, &n, err);

    if (st != MARS_OK && st != MARS_ERR_NOT_FOUND)
        return st;
    s = take(c, id, n);
    if (s == NULL) {
        /* What is fetched ahead is in the way: the caller went elsewhere. */
        for (size_t i = 0; i < FETCHES; i++)
            if (c->fetches[i].slot != NULL)
                settle(c, &c->fetches[i]);
        s = take(c, id, n);
    }
    /* Of a chunk that stands nowhere this tells what is wrong. */
    st = mrs_chunk_get_with(c->d, id, MRS_CLASS_DATA, &c->memory, &s->plain, err);
    if (st != MARS_OK)
        empty(s);
    *out = s;
    return st;
}

mars_status
mrs_chunk_cache_get(struct mrs_chunk_cache *c, const uint8_t id[32], const struct mrs_buf **plain,
                    mars_error *err)
{
    struct slot *s = find(c, id);
    mars_status st = MARS_OK;

    *plain = NULL;
    c->current = NULL;
    if (s != NULL && s->fetch != NULL)
        settle(c, s->fetch);
    if (s == NULL || s->plain.max == 0) /* or it could not be fetched: again, for the error */
        st = fetch_now(c, id, &s, err);
    if (st != MARS_OK)
        return st;
    c->current = s;
    *plain = &s->plain;
    return MARS_OK;
}

static void
run_fetch(struct mrs_task *t)
{
    struct fetch *f = (struct fetch *)(void *)((char *)t - offsetof(struct fetch, task));
    struct mrs_chunk_cache *c = f->cache;

    f->status = mrs_chunk_get_with(c->d, f->slot->id, MRS_CLASS_DATA, &f->memory, &f->slot->plain,
                                   NULL);
    mrs_mutex_lock(c->lock);
    f->done = true;
    mrs_cond_signal(c->arrived);
    mrs_mutex_unlock(c->lock);
}

/* One that is not in use, or has ended. */
static struct fetch *
idle_fetch(struct mrs_chunk_cache *c)
{
    for (size_t i = 0; i < FETCHES; i++) {
        struct fetch *f = &c->fetches[i];
        bool done;

        if (f->slot == NULL)
            return f;
        mrs_mutex_lock(c->lock);
        done = f->done;
        mrs_mutex_unlock(c->lock);
        if (done) {
            settle(c, f);
            return f;
        }
    }
    return NULL;
}

void
mrs_chunk_cache_want(struct mrs_chunk_cache *c, const uint8_t id[32])
{
    struct fetch *f = find(c, id) == NULL ? idle_fetch(c) : NULL;
    size_t n;

    if (f == NULL || prepare(c, id, &n, NULL) != MARS_OK)
        return;
    if (!c->engine_open)
        c->engine_open = mrs_engine_open(c->engine, NULL) == MARS_OK;
    f->slot = c->engine_open ? take(c, id, n) : NULL;
    if (f->slot == NULL)
        return;
    f->done = false;
    f->slot->fetch = f;
    f->task.run = run_fetch;
    mrs_engine_submit_urgent(c->engine, &f->task);
}
