/* Content-defined cut points: pure functions on bytes.
 *
 * A keyed gear hash over the 64 bytes before a position (each step shifts by one bit, so older
 * bytes have left the 64-bit word) is compared with a mask of its top bits: two bits more than the
 * average needs before the average size, two fewer behind it (FastCDC, normalised). A chunk is at
 * least `min` and at most `max` long.
 *
 * Since the hash at a position depends on nothing but these 64 bytes, positions that may end a
 * chunk are marked from anywhere, on any thread; which of them do is then decided in order, at
 * next to no cost. */
#ifndef MRS_CHUNK_CUT_H
#define MRS_CHUNK_CUT_H

#include <stdbool.h>

#include <mars/common.h>

enum { MRS_CUT_WINDOW = 64, MRS_CUT_MAX = 1 << 30 };

struct mrs_cutter {
    uint64_t gear[256];
    uint64_t mask_before; /* before the average size: stricter */
    uint64_t mask_behind;
    size_t min;
    size_t avg;
    size_t max;
};

/* gear_bytes: 2048 bytes of key stream, 256 little-endian words. Sizes are powers of two,
 * 2 * MRS_CUT_WINDOW <= min <= avg <= max <= MRS_CUT_MAX; anything else is
 * MARS_ERR_INVALID_ARG. */
MARS_NODISCARD mars_status mrs_cutter_init(struct mrs_cutter *c, const uint8_t gear_bytes[2048],
                                           size_t min, size_t avg, size_t max, mars_error *err);

/* A position behind which a chunk may begin. */
struct mrs_cut_mark {
    size_t at;   /* bytes before it */
    bool strict; /* also before the average size */
};

/* Mark the positions in (*from, n] of the n bytes at p, ascending, at most cap (>= 1) of them.
 * *from moves to n, or to the last mark where there was no room for more: then call again. Only
 * positions with the whole window before them can be marked: *from >= MRS_CUT_WINDOW - 1. */
size_t mrs_cut_marks(const struct mrs_cutter *c, const uint8_t *p, size_t n, size_t *from,
                     struct mrs_cut_mark *marks, size_t cap);

/* Does a mark end a chunk of this length? One of length max ends without a mark. */
bool mrs_cut_ends(const struct mrs_cutter *c, uint64_t len, bool strict);

#endif
