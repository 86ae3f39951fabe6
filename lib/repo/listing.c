#include "repo/listing.h"

#include <string.h>

#include "base/alloc.h"
#include "base/err.h"

enum { BLOCK = 1024, LISTED_MAX = 1 << 29 };

void
mrs_listing_free(struct mrs_listing *l)
{
    for (size_t i = 0; i < l->blocks.len; i++)
        mrs_free(*(struct mrs_listed **)mrs_vec_at(&l->blocks, i));
    mrs_vec_free(&l->blocks);
    mrs_vec_free(&l->items);
    mrs_free(l->slots);
    l->slots = NULL;
    l->len = l->n_slots = 0;
}

struct mrs_listed *
mrs_listing_at(const struct mrs_listing *l, size_t i)
{
    return *(struct mrs_listed **)mrs_vec_at(&l->blocks, i / BLOCK) + i % BLOCK;
}

const uint8_t *
mrs_listing_item(const struct mrs_listing *l, const struct mrs_listed *of)
{
    const struct mrs_listed_item *item = mrs_vec_at(&l->items, of->item);

    return item->id;
}

static mars_status
add_block(struct mrs_listing *l, mars_error *err)
{
    struct mrs_listed **block = l->len < LISTED_MAX ? mrs_vec_add(&l->blocks) : NULL;

    if (block == NULL)
        return mrs_nomem(err);
    *block = mrs_alloc_array(BLOCK, sizeof **block);
    if (*block != NULL)
        return MARS_OK;
    l->blocks.len--;
    return mrs_nomem(err);
}

mars_status
mrs_listing_add(struct mrs_listing *l, const uint8_t item[16], const uint8_t session[16],
                mars_error *err)
{
    mars_status st = l->len / BLOCK == l->blocks.len ? add_block(l, err) : MARS_OK;
    struct mrs_listed_item *of;
    struct mrs_listed *at;

    if (st != MARS_OK)
        return st;
    of = l->items.len > 0 ? mrs_vec_at(&l->items, l->items.len - 1) : NULL;
    if (of == NULL || memcmp(of->id, item, 16) != 0) {
        of = mrs_vec_add(&l->items);
        if (of == NULL)
            return mrs_nomem(err);
        memcpy(of->id, item, 16);
    }
    at = mrs_listing_at(l, l->len++);
    memcpy(at->session, session, sizeof at->session);
    at->item = (uint32_t)l->items.len - 1;
    return MARS_OK;
}

/* The slot of a point, or the free one where it would go. Sessions are random. */
static uint32_t *
slot_of(const struct mrs_listing *l, const uint8_t item[16], const uint8_t session[16])
{
    uint64_t h;

    memcpy(&h, session, sizeof h);
    for (size_t i = (size_t)h & (l->n_slots - 1);; i = (i + 1) & (l->n_slots - 1)) {
        const struct mrs_listed *at;

        if (l->slots[i] == 0)
            return &l->slots[i];
        at = mrs_listing_at(l, l->slots[i] - 1);
        if (memcmp(at->session, session, 16) == 0 &&
            memcmp(mrs_listing_item(l, at), item, 16) == 0)
            return &l->slots[i];
    }
}

mars_status
mrs_listing_end(struct mrs_listing *l, mars_error *err)
{
    l->n_slots = 2;
    while (l->n_slots < 2 * l->len)
        l->n_slots *= 2;
    l->slots = mrs_alloc_array(l->n_slots, sizeof *l->slots);
    if (l->slots == NULL)
        return mrs_nomem(err);
    for (size_t i = 0; i < l->len; i++) {
        const struct mrs_listed *at = mrs_listing_at(l, i);

        *slot_of(l, mrs_listing_item(l, at), at->session) = (uint32_t)i + 1;
    }
    return MARS_OK;
}

uint32_t
mrs_listing_find(const struct mrs_listing *l, const uint8_t item[16], const uint8_t session[16])
{
    return *slot_of(l, item, session);
}

/* Mostly one saw the one before it. */
void
mrs_listing_saw(struct mrs_listing *l, uint32_t number, const uint8_t *heads, size_t n)
{
    struct mrs_listed_item *item = mrs_vec_at(&l->items, mrs_listing_at(l, number - 1)->item);

    for (size_t i = 0; i < n; i++) {
        const uint8_t *head = heads + 16 * i;
        uint32_t seen = item->last;

        if (seen == 0 || memcmp(mrs_listing_at(l, seen - 1)->session, head, 16) != 0)
            seen = mrs_listing_find(l, item->id, head);
        if (seen != 0)
            mrs_listing_at(l, seen - 1)->seen = true;
    }
    item->last = number;
}
