/* The files that a domain's point table lies in (repo/pointtable.h): written once and whole, sealed
 * under keys that only this domain's machines have, bound to their names. What does not open is
 * deleted and counts as absent. Any thread, and any number of processes at once. */
#ifndef MRS_CACHE_PART_H
#define MRS_CACHE_PART_H

#include "base/vec.h"
#include "cache/cache.h"
#include "platform/clock.h"

enum { MRS_PART_MAX = 4 << 20 }; /* bytes of content */

struct mrs_part {
    uint8_t id[16];
    uint64_t size;          /* of the file */
    struct mrs_time mtime;  /* when it was made, or was used some hours later */
};
/* All that are there, in the order of their ids: added to parts, of struct mrs_part. */
MARS_NODISCARD mars_status mrs_parts_list(struct mrs_cache *c, struct mrs_vec *parts,
                                          mars_error *err);
/* The content, appended. MARS_ERR_NOT_FOUND if it is gone, MARS_ERR_CORRUPT if it was not whole: it
 * is gone then. */
MARS_NODISCARD mars_status mrs_part_get(struct mrs_cache *c, const uint8_t id[16],
                                        struct mrs_buf *out, mars_error *err);
/* A new one of this content, which is sealed where it stands, and so is data's no more. Failing
 * costs nothing but time later, so callers may ignore it. */
mars_status mrs_part_put(struct mrs_cache *c, struct mrs_buf *data, mars_error *err);
void mrs_part_drop(struct mrs_cache *c, const uint8_t id[16]);

#endif
