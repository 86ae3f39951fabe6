/* Sixteen shards, each with a lock of its own and a mebibyte of pages; a page may lie in one of
 * the eight places of its set. */
#include "cache/pages.h"

#include <string.h>

#include "base/alloc.h"
#include "base/err.h"
#include "platform/thread.h"

enum { SHARDS = 16, SETS = 32, WAYS = 8 };

struct tag {
    uint64_t owner; /* 0: free */
    uint64_t number;
    uint64_t used;  /* the shard's clock when it was */
};
struct shard {
    struct mrs_mutex *lock;
    uint64_t clock;
    struct tag tags[SETS][WAYS];
    uint8_t (*pages)[WAYS][MRS_PAGE_SIZE]; /* [SETS]; NULL until the first is kept */
};
struct mrs_pages {
    struct shard shards[SHARDS];
};

mars_status
mrs_pages_new(struct mrs_pages **out, mars_error *err)
{
    struct mrs_pages *p = mrs_alloc(sizeof *p);
    mars_status st = p != NULL ? MARS_OK : mrs_nomem(err);

    *out = NULL;
    for (size_t i = 0; st == MARS_OK && i < SHARDS; i++)
        st = mrs_mutex_new(&p->shards[i].lock, err);
    if (st == MARS_OK)
        *out = p;
    else
        mrs_pages_free(p);
    return st;
}

void
mrs_pages_free(struct mrs_pages *p)
{
    if (p == NULL)
        return;
    for (size_t i = 0; i < SHARDS; i++) {
        mrs_mutex_free(p->shards[i].lock);
        mrs_free(p->shards[i].pages);
    }
    mrs_free(p);
}

/* Where a page belongs. */
static struct shard *
find_set(struct mrs_pages *p, uint64_t owner, uint64_t number, size_t *set)
{
    uint64_t h = (owner * 0x9e3779b97f4a7c15U ^ number) * 0xff51afd7ed558ccdU;

    *set = (size_t)(h >> 40) % SETS;
    return &p->shards[(size_t)(h >> 52) % SHARDS];
}

/* The place of a page in its set, or the one that is to take it. */
static size_t
find_way(const struct tag tags[WAYS], uint64_t owner, uint64_t number)
{
    size_t oldest = 0;

    for (size_t i = 0; i < WAYS; i++) {
        if (tags[i].owner == owner && tags[i].number == number)
            return i;
        if (tags[i].used < tags[oldest].used)
            oldest = i;
    }
    return oldest;
}

bool
mrs_pages_get(struct mrs_pages *p, uint64_t owner, uint64_t number, uint8_t out[MRS_PAGE_SIZE])
{
    size_t set, way;
    struct shard *s = find_set(p, owner, number, &set);
    struct tag *tag;
    bool has;

    mrs_mutex_lock(s->lock);
    way = find_way(s->tags[set], owner, number);
    tag = &s->tags[set][way];
    has = tag->owner == owner && tag->number == number;
    if (has) {
        memcpy(out, s->pages[set][way], MRS_PAGE_SIZE);
        tag->used = ++s->clock;
    }
    mrs_mutex_unlock(s->lock);
    return has;
}

void
mrs_pages_put(struct mrs_pages *p, uint64_t owner, uint64_t number,
              const uint8_t page[MRS_PAGE_SIZE])
{
    size_t set, way;
    struct shard *s = find_set(p, owner, number, &set);

    mrs_mutex_lock(s->lock);
    if (s->pages == NULL)
        s->pages = mrs_alloc_array(SETS, sizeof *s->pages);
    if (s->pages != NULL) {
        way = find_way(s->tags[set], owner, number);
        memcpy(s->pages[set][way], page, MRS_PAGE_SIZE);
        s->tags[set][way] = (struct tag){ owner, number, ++s->clock };
    }
    mrs_mutex_unlock(s->lock);
}
