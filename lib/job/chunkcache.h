/* Chunks of file data that were asked for last, opened, and some that will be asked for next: at
 * most 16 MiB of them, or one. One thread at a time; what is fetched ahead is fetched by the
 * engine's workers. */
#ifndef MRS_JOB_CHUNKCACHE_H
#define MRS_JOB_CHUNKCACHE_H

#include "job/engine.h"
#include "repo/chunk.h"

struct mrs_chunk_cache;

/* Both must outlive it. */
MARS_NODISCARD mars_status mrs_chunk_cache_new(struct mrs_chunk_cache **out,
                                               const struct mrs_domain *d,
                                               struct mrs_engine *engine, mars_error *err);
/* Waits for what is being fetched. NULL is allowed. */
void mrs_chunk_cache_free(struct mrs_chunk_cache *c);

/* The plaintext of a chunk, valid until the next call. */
MARS_NODISCARD mars_status mrs_chunk_cache_get(struct mrs_chunk_cache *c, const uint8_t id[32],
                                               const struct mrs_buf **plain, mars_error *err);
/* It will be asked for soon: fetch it meanwhile, if there is room. The first such call opens the
 * engine, until the cache is freed. */
void mrs_chunk_cache_want(struct mrs_chunk_cache *c, const uint8_t id[32]);

#endif
