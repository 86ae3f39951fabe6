/* The digest of what a store holds, without a key: what scrubbing looks at. */
#ifndef MRS_REPO_STORED_H
#define MRS_REPO_STORED_H

#include <stdatomic.h>
#include <stdbool.h>

#include "store/store.h"

/* SHA-256 of an object of that size, read in steps. *stop set meanwhile: MARS_ERR_CANCELLED. */
MARS_NODISCARD mars_status mrs_stored_digest(struct mrs_store *store, const char *name,
                                             uint64_t size, const atomic_bool *stop,
                                             uint8_t digest[32], mars_error *err);

#endif
