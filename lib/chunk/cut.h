/* Content-defined cut points: pure functions on bytes.
 *
 * A keyed gear hash over the 64 bytes before a position (each step shifts by one bit, so older
 * bytes have left the 64-bit word) is compared with a mask of its top bits: two bits more than the
 * average needs before the average size, two fewer behind it (FastCDC, normalised). A position
 * less than `min` from the last cut is never looked at, one at `max` always cuts. Since the hash
 * at a position depends on nothing else, candidates can be looked for from anywhere. */
#ifndef MRS_CHUNK_CUT_H
#define MRS_CHUNK_CUT_H

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

/* The length of the first chunk of the n bytes at p, which begin at a cut point. n >= max, or all
 * that is left of the stream: then the answer may be n. 0 only for n = 0. */
size_t mrs_cut_next(const struct mrs_cutter *c, const uint8_t *p, size_t n);

#endif
