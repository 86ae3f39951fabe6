/* A row of numbered objects, of which the highest number counts. */
#ifndef MRS_VAULT_ROW_H
#define MRS_VAULT_ROW_H

#include "store/store.h"

struct mrs_row {
    uint64_t last;  /* the highest number; 0 if there is none */
    uint64_t count; /* numbers from 1 that are there: all of them if it equals last */
};
MARS_NODISCARD mars_status mrs_row_read(struct mrs_store *store, const char *prefix,
                                        struct mrs_row *row, mars_error *err);
/* A name's end was seen in a listing: count it if it is a number. */
void mrs_row_note(struct mrs_row *row, const char *digits);
/* The highest number N of an object prefix + 16 hex digits; 0 if there is none. prefix ends
 * in "/". */
MARS_NODISCARD mars_status mrs_row_last(struct mrs_store *store, const char *prefix,
                                        uint64_t *number, mars_error *err);

#endif
