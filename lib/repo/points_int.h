/* What reading the points shares among its files. */
#ifndef MRS_REPO_POINTS_INT_H
#define MRS_REPO_POINTS_INT_H

#include "repo/points.h"
#include "repo/pointtable.h"

struct mrs_points_reading {
    struct mrs_points *p;
    const struct mrs_domain *d;
    const struct mrs_ledger *ledger;
    const struct mrs_points_query *q;
    struct mrs_map closed;  /* sessions with a closed fence: 16 bytes and 16 zeros */
    struct mrs_listing listing;
    struct mrs_map foreign; /* items of machines that are not asked for: 16 bytes and 16 zeros */
    struct mrs_point_table table;
    mars_status table_status;
    mars_error table_error;
    struct mrs_buf shared;  /* of the point that is read */
    struct mrs_buf own;
};

/* Or from the store alone, and whole. */
static inline bool
mrs_points_by_table(const struct mrs_points_reading *r)
{
    return r->q->digits == NULL && r->q->need != MRS_NEED_VERIFY;
}

/* All points of an item are of one machine: its id says so (FORMAT.md section 7). */
MARS_NODISCARD mars_status mrs_points_note_foreign(struct mrs_points_reading *r,
                                                   const uint8_t item[16], mars_error *err);
bool mrs_points_is_foreign(const struct mrs_points_reading *r, const uint8_t item[16]);
bool mrs_points_is_asked_for(const struct mrs_points_reading *r, const struct mrs_known_point *k);

/* Put a copy into the list; *copy is that of its shared piece, or NULL. */
MARS_NODISCARD mars_status mrs_points_add_copy(struct mrs_points_reading *r,
                                               struct mrs_known_point k, const uint8_t **copy,
                                               mars_error *err);

/* What was listed and is not in the table, from the store. */
MARS_NODISCARD mars_status mrs_points_read_lacking(struct mrs_points_reading *r, mars_error *err);
MARS_NODISCARD mars_status mrs_points_load(const struct mrs_domain *d, const uint8_t item[16],
                                           const uint8_t session[16], enum mrs_need need,
                                           struct mrs_loaded_point **out, mars_error *err);

#endif
