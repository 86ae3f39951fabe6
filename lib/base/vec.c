#include "base/vec.h"

#include <string.h>

#include "base/alloc.h"

void *
mrs_vec_add(struct mrs_vec *v)
{
    void *at;

    if (v->len == v->cap) {
        size_t cap = v->cap == 0 ? 8 : v->cap * 2;
        void *grown = cap > v->cap ? mrs_realloc_array(v->items, cap, v->item_size) : NULL;

        if (grown == NULL)
            return NULL;
        v->items = grown;
        v->cap = cap;
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
