/* One bucket of tokens for bytes, shared by all transfers of an engine, and one for requests. The
 * rate follows the clock on the wall. Any thread. */
#ifndef MRS_HTTP_THROTTLE_H
#define MRS_HTTP_THROTTLE_H

#include <stdbool.h>

#include "policy/limits.h"

struct mrs_throttle;
MARS_NODISCARD mars_status mrs_throttle_new(struct mrs_throttle **out,
                                            const struct mrs_limits *limits, mars_error *err);
/* NULL is allowed. */
void mrs_throttle_free(struct mrs_throttle *t);

/* Of `want` bytes, how many may pass now; 0: none before a while. Unlimited: all of them. */
size_t mrs_throttle_bytes(struct mrs_throttle *t, size_t want);
/* So many bytes have passed that nobody asked for: what was not asked for is owed. */
void mrs_throttle_owe(struct mrs_throttle *t, size_t bytes);
/* May one request more begin now? */
bool mrs_throttle_request(struct mrs_throttle *t);
/* Milliseconds after which it is worth asking again; 0: now. */
uint32_t mrs_throttle_wait_ms(struct mrs_throttle *t);

#endif
