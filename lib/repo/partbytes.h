/* The bytes of a part of the point table. */
#ifndef MRS_REPO_PARTBYTES_H
#define MRS_REPO_PARTBYTES_H

#include "base/map.h"
#include "base/vec.h"
#include "cache/part.h"
#include "repo/knownpoint.h"

/* What a part holds, point after point; the pieces are borrowed from its bytes. */
struct mrs_part_reader {
    struct mrs_rd rd;
    struct mrs_vec shared; /* struct mrs_part_shared */
};
struct mrs_part_shared {
    struct mrs_slice bytes;
    const uint8_t *copy;
};
void mrs_part_reader_init(struct mrs_part_reader *r, const void *bytes, size_t n);
void mrs_part_reader_free(struct mrs_part_reader *r);
/* *shared NULL: at the end, or on damage, behind which nothing can be read. */
MARS_NODISCARD mars_status mrs_part_reader_next(struct mrs_part_reader *r,
                                                struct mrs_known_point *k,
                                                struct mrs_part_shared **shared, mars_error *err);

/* A part in the making. */
struct mrs_part_writer {
    struct mrs_buf bytes;
    struct mrs_map shared; /* by item: the last shared piece of its points */
    uint32_t n_shared;
};
void mrs_part_writer_init(struct mrs_part_writer *w);
void mrs_part_writer_free(struct mrs_part_writer *w);
/* Begin another part. */
void mrs_part_writer_reset(struct mrs_part_writer *w);
bool mrs_part_writer_has_room(const struct mrs_part_writer *w, const struct mrs_known_point *k);
/* There is room. After a failure the part is of no use. */
MARS_NODISCARD mars_status mrs_part_writer_put(struct mrs_part_writer *w,
                                               const struct mrs_known_point *k, mars_error *err);

#endif
