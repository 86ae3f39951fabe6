/* Buffers for working on one chunk, kept for the next: fresh memory for each chunk would cost more
 * than opening it, since the system hands it out page by page, zeroed. */
#ifndef MRS_REPO_SCRATCH_H
#define MRS_REPO_SCRATCH_H

#include "base/buf.h"
#include "codec/codec.h"

struct mrs_scratch {
    struct mrs_scratch *next;
    struct mrs_buf sealed; /* as in a pack; several at once where a range is read */
    struct mrs_buf opened; /* still packed */
    struct mrs_buf plain;
    struct mrs_codec_state codec;
};

/* Any thread. A pool is its owner's for as long as one piece of work lasts. */
struct mrs_scratch_pool;
MARS_NODISCARD mars_status mrs_scratch_pool_new(struct mrs_scratch_pool **out, mars_error *err);
/* All sets were given back; wipes them. NULL is allowed. */
void mrs_scratch_pool_free(struct mrs_scratch_pool *p);

/* A set for this thread alone, its buffers empty. There are as many as are used at once. */
MARS_NODISCARD mars_status mrs_scratch_take(struct mrs_scratch_pool *p, struct mrs_scratch **out,
                                            mars_error *err);
/* A buffer that has grown far beyond the usual chunk is let go of here. NULL is allowed. */
void mrs_scratch_give(struct mrs_scratch_pool *p, struct mrs_scratch *s);

#endif
