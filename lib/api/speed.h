/* What mars_benchmark() measures: each part of a backup that needs the processor, as steps that a
 * thread repeats on text that is made for it. */
#ifndef MRS_API_SPEED_H
#define MRS_API_SPEED_H

#include <mars/benchmark.h>

#include "codec/codec.h"

enum { MRS_SPEED_SAMPLE = 8 << 20 };

struct mrs_speed_kind {
    mars_benchmark_work work;
    const char *codec_name; /* for packing and unpacking, else NULL */
    struct mrs_compression how;
};
/* The kinds of this build, and one of them. */
size_t mrs_speed_count(void);
const struct mrs_speed_kind *mrs_speed_kind_at(size_t i);

/* Fill it with lines of made-up text, which compress like source code and logs. */
void mrs_speed_sample(uint8_t sample[MRS_SPEED_SAMPLE]);

/* One thread's work of one kind. The sample is borrowed. */
struct mrs_speed;
MARS_NODISCARD mars_status mrs_speed_new(struct mrs_speed **out,
                                         const struct mrs_speed_kind *kind,
                                         const uint8_t *sample, mars_error *err);
/* One step, of a few milliseconds; *done grows by the bytes of plaintext. */
MARS_NODISCARD mars_status mrs_speed_step(struct mrs_speed *s, uint64_t *done, mars_error *err);
/* NULL is allowed. */
void mrs_speed_free(struct mrs_speed *s);

#endif
