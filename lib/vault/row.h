/* A row of numbered objects, of which the highest number counts. */
#ifndef MRS_VAULT_ROW_H
#define MRS_VAULT_ROW_H

#include "store/store.h"

/* The highest number N of an object prefix + 16 hex digits; 0 if there is none. prefix ends
 * in "/". */
MARS_NODISCARD mars_status mrs_row_last(struct mrs_store *store, const char *prefix,
                                        uint64_t *number, mars_error *err);

#endif
