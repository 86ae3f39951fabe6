/* A growable list of elements of one size. */
#ifndef MRS_BASE_VEC_H
#define MRS_BASE_VEC_H

#include <stdbool.h>

#include <mars/common.h>

struct mrs_vec {
    void *items;
    size_t len;
    size_t cap;
    size_t item_size;
};

#define MRS_VEC_INIT(type) { NULL, 0, 0, sizeof(type) }

/* A new zeroed element at the end, or NULL when out of memory, list unmodified. */
void *mrs_vec_add(struct mrs_vec *v);

/* Room for n elements in all; false when out of memory, list unmodified. */
bool mrs_vec_reserve(struct mrs_vec *v, size_t n);

/* Element i, which must exist. */
static inline void *
mrs_vec_at(const struct mrs_vec *v, size_t i)
{
    return (uint8_t *)v->items + i * v->item_size;
}

/* Free the list, not what its elements point to; it can be used again. */
void mrs_vec_free(struct mrs_vec *v);

#endif
