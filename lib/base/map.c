#include "base/map.h"

#include <string.h>

#include "base/alloc.h"

static size_t
slot_size(const struct mrs_map *m)
{
    /* The value sits behind an 8-byte flag and the id, so that it is aligned. */
    return 8 + MRS_ID_SIZE + (m->value_size + 7) / 8 * 8;
}

static uint8_t *
slot_at(const struct mrs_map *m, size_t i)
{
    return m->slots + i * slot_size(m);
}

/* The slot of id, or the free one where it would go. There is always a free one. */
static uint8_t *
probe(const struct mrs_map *m, const uint8_t *id)
{
    uint64_t h;

    memcpy(&h, id, sizeof h);
    for (size_t i = (size_t)h & (m->cap - 1);; i = (i + 1) & (m->cap - 1)) {
        uint8_t *s = slot_at(m, i);

        if (s[0] == 0 || memcmp(s + 8, id, MRS_ID_SIZE) == 0)
            return s;
    }
}

static int
grow(struct mrs_map *m)
{
    struct mrs_map big = { NULL, m->cap == 0 ? 16 : m->cap * 2, m->len, m->value_size };

    if (big.cap < m->cap)
        return 0;
    big.slots = mrs_alloc_array(big.cap, slot_size(m));
    if (big.slots == NULL)
        return 0;
    for (size_t i = 0; i < m->cap; i++) {
        uint8_t *s = slot_at(m, i);

        if (s[0] != 0)
            memcpy(probe(&big, s + 8), s, slot_size(m));
    }
    mrs_free(m->slots);
    *m = big;
    return 1;
}

void *
mrs_map_find(const struct mrs_map *m, const uint8_t id[MRS_ID_SIZE])
{
    uint8_t *s;

    if (m->cap == 0)
        return NULL;
    s = probe(m, id);
    return s[0] != 0 ? s + 8 + MRS_ID_SIZE : NULL;
}

void *
mrs_map_put(struct mrs_map *m, const uint8_t id[MRS_ID_SIZE])
{
    uint8_t *s;

    if (m->len + 1 > m->cap / 4 * 3 && !grow(m))
        return NULL;
    s = probe(m, id);
    if (s[0] == 0) {
        s[0] = 1;
        memcpy(s + 8, id, MRS_ID_SIZE);
        m->len++;
    }
    return s + 8 + MRS_ID_SIZE;
}

int
mrs_map_next(const struct mrs_map *m, size_t *pos, const uint8_t **id, void **value)
{
    for (; *pos < m->cap; ++*pos) {
        uint8_t *s = slot_at(m, *pos);

        if (s[0] == 0)
            continue;
        *id = s + 8;
        if (value != NULL)
            *value = s + 8 + MRS_ID_SIZE;
        ++*pos;
        return 1;
    }
    return 0;
}

void
mrs_map_free(struct mrs_map *m)
{
    if (m == NULL)
        return;
    mrs_free(m->slots);
    m->slots = NULL;
    m->cap = m->len = 0;
}
