#include "base/arena.h"

#include <string.h>

#include "base/alloc.h"

enum { BLOCK = 16 << 10, ALIGN = 16 };

struct mrs_arena_block {
    struct mrs_arena_block *next;
    size_t cap;
    size_t used;
    size_t high; /* the most that was used before a reset; also keeps data aligned */
    uint8_t data[];
};

static struct mrs_arena_block *
block_for(struct mrs_arena *a, size_t n)
{
    struct mrs_arena_block *b = a->blocks;
    size_t cap = n > BLOCK / 4 ? n : BLOCK - sizeof *b;

    if (b != NULL && n <= b->cap - b->used)
        return b;
    if (cap > SIZE_MAX - sizeof *b)
        return NULL;
    b = mrs_alloc(sizeof *b + cap);
    if (b == NULL)
        return NULL;
    b->cap = cap;
    a->total += sizeof *b + cap;
    /* A block of its own goes behind the one that still has room. */
    if (a->blocks != NULL && n > BLOCK / 4) {
        b->next = a->blocks->next;
        a->blocks->next = b;
    } else {
        b->next = a->blocks;
        a->blocks = b;
    }
    return b;
}

void *
mrs_arena_copy(struct mrs_arena *a, const void *p, size_t n)
{
    size_t room = n <= SIZE_MAX - ALIGN ? (n + ALIGN - 1) / ALIGN * ALIGN : 0;
    struct mrs_arena_block *b = room >= n ? block_for(a, room) : NULL;
    void *at;

    if (b == NULL)
        return NULL;
    at = b->data + b->used;
    b->used += room;
    if (n > 0)
        memcpy(at, p, n);
    return at;
}

static void
free_blocks(struct mrs_arena *a, struct mrs_arena_block *b)
{
    while (b != NULL) {
        struct mrs_arena_block *next = b->next;

        mrs_wipe(b->data, b->used > b->high ? b->used : b->high);
        a->total -= sizeof *b + b->cap;
        mrs_free(b);
        b = next;
    }
}

void
mrs_arena_reset(struct mrs_arena *a)
{
    struct mrs_arena_block *b = a->blocks;

    if (b == NULL)
        return;
    free_blocks(a, b->next);
    b->next = NULL;
    b->high = b->used > b->high ? b->used : b->high;
    b->used = 0;
}

void
mrs_arena_free(struct mrs_arena *a)
{
    free_blocks(a, a->blocks);
    a->blocks = NULL;
}
