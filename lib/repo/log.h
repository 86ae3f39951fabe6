/* What the listing of a domain's log showed at one moment: its record, ledger, fences and index
 * objects. FORMAT.md section 2. */
#ifndef MRS_REPO_LOG_H
#define MRS_REPO_LOG_H

#include "base/arena.h"
#include "base/vec.h"
#include "store/store.h"

struct mrs_log {
    struct mrs_vec entries; /* struct mrs_object_info: names are relative */
    struct mrs_arena names;
};
#define MRS_LOG_INIT { MRS_VEC_INIT(struct mrs_object_info), MRS_ARENA_INIT }

/* By one listing; what was in it is forgotten. */
MARS_NODISCARD mars_status mrs_log_read(struct mrs_log *log, struct mrs_store *store,
                                        const uint8_t domain[16], mars_error *err);
/* It can be used again. */
void mrs_log_free(struct mrs_log *log);

/* Those whose relative names begin with prefix. A status other than MARS_OK from fn ends it. */
MARS_NODISCARD mars_status mrs_log_each(const struct mrs_log *log, const char *prefix,
                                        mrs_list_fn fn, void *user, mars_error *err);
/* The row of numbered objects prefix + 16 hex digits. */
struct mrs_row;
void mrs_log_row(const struct mrs_log *log, const char *prefix, struct mrs_row *row);

#endif
