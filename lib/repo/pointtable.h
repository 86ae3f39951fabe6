/* The point table: what lists tell of points, read once from the vault and kept in the cache, in
 * parts. Points are written once, so an entry is true for as long as the vault lists its point; who
 * reads the table knows what is listed. Losing any of it costs reading those points again. */
#ifndef MRS_REPO_POINTTABLE_H
#define MRS_REPO_POINTTABLE_H

#include "base/vec.h"
#include "cache/part.h"
#include "repo/listing.h"
#include "repo/partbytes.h"

struct mrs_point_table {
    struct mrs_cache *cache; /* NULL: nothing is kept */
    struct mrs_vec *hold;    /* NULL, or gets the bytes of parts (struct mrs_buf) */
    struct mrs_vec parts;
    size_t about;            /* no fewer points are in what was read, but for damage */
    bool moving;             /* another process puts parts together */
    struct mrs_part_writer writer;
};

/* Both are borrowed. Freed with mrs_point_table_free. */
void mrs_point_table_init(struct mrs_point_table *t, struct mrs_cache *cache,
                          struct mrs_vec *hold);
void mrs_point_table_free(struct mrs_point_table *t);

/* Hand over all that the table has, also what is no longer listed, and some perhaps twice. The
 * pieces are borrowed for the call, or from what t->hold gets. k->number is for
 * mrs_point_table_use. *copy is the caller's, NULL at first, for all points with the same shared
 * piece. A status other than MARS_OK from fn ends it. */
typedef mars_status (*mrs_point_table_fn)(void *user, const struct mrs_known_point *k,
                                          const uint8_t **copy, mars_error *err);
MARS_NODISCARD mars_status mrs_point_table_read(struct mrs_point_table *t, mrs_point_table_fn fn,
                                                void *user, mars_error *err);
/* Is the point listed, and not taken yet? Then k->number is its number in the listing. Asked once
 * of each point that was handed over. */
bool mrs_point_table_use(struct mrs_point_table *t, struct mrs_listing *listing,
                         struct mrs_known_point *k);
/* Keep a point: they are best added in order of time, in which lists want them. */
MARS_NODISCARD mars_status mrs_point_table_add(struct mrs_point_table *t,
                                               const struct mrs_known_point *k, mars_error *err);
/* Write out what was added, and put small parts together where they have become many. What cannot
 * be kept is read again another time. */
void mrs_point_table_keep(struct mrs_point_table *t, const struct mrs_listing *listing);

#endif
