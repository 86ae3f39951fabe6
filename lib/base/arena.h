/* Many small copies that are freed together. */
#ifndef MRS_BASE_ARENA_H
#define MRS_BASE_ARENA_H

#include <mars/common.h>

struct mrs_arena_block;
struct mrs_arena {
    struct mrs_arena_block *blocks;
    size_t total; /* bytes held, for budgets */
};

#define MRS_ARENA_INIT { NULL, 0 }

/* A copy of n bytes, aligned for any type; NULL when out of memory. n = 0 gives a valid pointer. */
void *mrs_arena_copy(struct mrs_arena *a, const void *p, size_t n);

/* Forget all copies, keep memory for some. */
void mrs_arena_reset(struct mrs_arena *a);

/* Free all copies, wiped; the arena can be used again. */
void mrs_arena_free(struct mrs_arena *a);

#endif
