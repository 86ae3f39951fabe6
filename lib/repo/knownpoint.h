/* What a list tells of a recovery point, and the form in which the point table keeps it. */
#ifndef MRS_REPO_KNOWNPOINT_H
#define MRS_REPO_KNOWNPOINT_H

#include "base/rd.h"
#include "base/wr.h"
#include "format/point.h"
#include "repo/domain.h"

/* A point whole, with the bytes that its slices point into. */
struct mrs_loaded_point {
    struct mrs_point point;
    struct mrs_buf payload;
};
/* NULL is allowed. */
void mrs_loaded_point_free(struct mrs_loaded_point *lp);

/* What is looked at of every point in a list: small, since there may be many. The rest is in two
 * pieces, since most points of an item share one of them: the ids of item and machine, both names
 * and the roots. */
struct mrs_known_point {
    const uint8_t *shared;          /* borrowed */
    const uint8_t *own;
    uint32_t n_shared;
    uint32_t n_own;
    int64_t started_s;
    uint32_t started_ns;
    uint32_t number;                /* of its part, then its own in the listing */
    bool is_head;                   /* for who reads all points */
    bool is_new;                    /* it was read from the store just now */
    struct mrs_loaded_point *whole; /* NULL: was not read, or not kept */
};
/* 16 bytes each. */
static inline const uint8_t *
mrs_known_item(const struct mrs_known_point *k)
{
    return k->shared;
}
static inline const uint8_t *
mrs_known_machine(const struct mrs_known_point *k)
{
    return k->shared + 16;
}
static inline const uint8_t *
mrs_known_session(const struct mrs_known_point *k)
{
    return k->own;
}

/* Write both pieces of a point. Of a root that cannot be read the path of its parent is kept. */
MARS_NODISCARD mars_status mrs_known_point_encode(const struct mrs_domain *d,
                                                  const struct mrs_point *p,
                                                  struct mrs_buf *shared, struct mrs_buf *own,
                                                  mars_error *err);
/* The point of two pieces, which it borrows; false if they are none. */
bool mrs_known_point_open(struct mrs_known_point *k, struct mrs_slice shared,
                          struct mrs_slice own);

/* The points of its item that it saw: n sessions, 16 bytes each. */
const uint8_t *mrs_known_point_heads(const struct mrs_known_point *k, size_t *n);

/* All that lists show. */
struct mrs_point_details {
    struct mrs_slice item_name;    /* text, at most MRS_DISPLAY_NAME_MAX bytes */
    struct mrs_slice machine_name;
    struct mrs_slice roots;        /* their paths: mrs_point_details_root */
    size_t n_roots;
    struct mrs_stamp finished;
    uint64_t entries;
    uint64_t bytes;
    uint64_t skipped;
    uint64_t added;
};
/* What was not written by mrs_known_point_encode has no details: all are zero. */
struct mrs_point_details mrs_known_point_details(const struct mrs_known_point *k);
/* The next of its root paths; start with *at = roots. */
struct mrs_slice mrs_point_details_root(struct mrs_slice *at);

#endif
