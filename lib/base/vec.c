#include "base/vec.h"

#include <string.h>

#include "base/alloc.h"

bool
mrs_vec_reserve(struct mrs_vec *v, size_t n)
{
    void *grown = n > v->cap ? mrs_realloc_array(v->items, n, v->item_size) : v->items;

    if (n <= v->cap)
        return true;
    if (grown == NULL)
        return false;
    v->items = grown;
    v->cap = n;
    return true;
}

void *
mrs_vec_add(struct mrs_vec *v)
{
    void *at;

    if (v->len == v->cap) {
        size_t cap = v->cap == 0 ? 8 : v->cap * 2;

        if (cap < v->cap || !mrs_vec_reserve(v, cap))
            return NULL;
    }
    at = mrs_vec_at(v, v->len++);
    memset(at, 0, v->item_size);
    return at;
}

void
mrs_vec_free(struct mrs_vec *v)
{
    mrs_free(v->items);
    v->items = NULL;
    v->len = v->cap = 0;
}
