#include "target/keep.h"

#include <string.h>

#include "base/alloc.h"

/* n bytes to *at, which moves on. */
static void *
put(uint8_t **at, const void *p, uint64_t n)
{
    void *copy = *at;

    if (n > 0)
        memcpy(copy, p, (size_t)n);
    *at += n;
    return copy;
}

static size_t
size_of(const mars_entry *e)
{
    size_t n = sizeof *e + (size_t)e->n_attrs * sizeof(mars_attr);

    for (uint64_t i = 0; i < e->n_attrs; i++)
        n += (size_t)(e->attrs[i].name_len + e->attrs[i].value_len);
    return n + (size_t)e->target_len;
}

mars_entry *
mrs_target_keep(const mars_entry *e)
{
    mars_entry *kept = mrs_alloc(size_of(e));
    mars_attr *attrs;
    uint8_t *at;

    if (kept == NULL)
        return NULL;
    *kept = *e;
    kept->path = kept->user = kept->group = NULL;
    kept->path_len = 0;
    kept->link_group = NULL;
    kept->attrs = attrs = (mars_attr *)(void *)(kept + 1);
    at = (uint8_t *)(attrs + e->n_attrs);
    for (uint64_t i = 0; i < e->n_attrs; i++) {
        attrs[i] = e->attrs[i];
        attrs[i].name = put(&at, e->attrs[i].name, e->attrs[i].name_len);
        attrs[i].value = put(&at, e->attrs[i].value, e->attrs[i].value_len);
    }
    if (e->target != NULL)
        kept->target = put(&at, e->target, e->target_len);
    return kept;
}
