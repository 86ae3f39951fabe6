/* The points that the vault's listing shows. */
#ifndef MRS_REPO_LISTING_H
#define MRS_REPO_LISTING_H

#include <stdbool.h>

#include "base/vec.h"

/* A point that the vault has. */
struct mrs_listed {
    uint8_t session[16];
    uint32_t item;      /* number of its item */
    uint32_t part;      /* of the table, that it is taken from: from 1 on; 0: none yet */
    bool seen;          /* another point of its item saw it: it is no head */
    mars_status unread; /* why it cannot be read; MARS_OK: it can, or was not to be */
};

struct mrs_listed_item {
    uint8_t id[16];
    uint32_t last; /* of its points, who said last what it saw; 0: none did */
};

/* All of them, to be found by their ids. They stay where they are. */
struct mrs_listing {
    struct mrs_vec items;  /* struct mrs_listed_item; one may be there again */
    struct mrs_vec blocks; /* struct mrs_listed * */
    size_t len;
    uint32_t *slots;       /* their numbers, from 1 on; 0: free */
    size_t n_slots;        /* a power of two, at least two a point */
};
#define MRS_LISTING_INIT { MRS_VEC_INIT(struct mrs_listed_item), \
                           MRS_VEC_INIT(struct mrs_listed *), 0, NULL, 0 }
void mrs_listing_free(struct mrs_listing *l);
/* Points of an item one after the other cost least. */
MARS_NODISCARD mars_status mrs_listing_add(struct mrs_listing *l, const uint8_t item[16],
                                           const uint8_t session[16], mars_error *err);
/* After the last was added. */
MARS_NODISCARD mars_status mrs_listing_end(struct mrs_listing *l, mars_error *err);
struct mrs_listed *mrs_listing_at(const struct mrs_listing *l, size_t i);
const uint8_t *mrs_listing_item(const struct mrs_listing *l, const struct mrs_listed *of);
/* The number of a point, from 1 on; 0: it was not added. */
uint32_t mrs_listing_find(const struct mrs_listing *l, const uint8_t item[16],
                          const uint8_t session[16]);
/* The point of this number saw n others of its item, 16 bytes each: they are no heads. An item's
 * points in the order in which they were made cost least. */
void mrs_listing_saw(struct mrs_listing *l, uint32_t number, const uint8_t *heads, size_t n);

#endif
