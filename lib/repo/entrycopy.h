#ifndef MRS_REPO_ENTRYCOPY_H
#define MRS_REPO_ENTRYCOPY_H

#include <stdbool.h>

#include "base/arena.h"
#include "format/entry.h"

/* Make everything that an entry (and its stat, unless NULL) borrows the arena's own. */
MARS_NODISCARD mars_status mrs_entry_own(struct mrs_arena *a, struct mrs_entry *e,
                                         struct mrs_entry_stat *st, mars_error *err);

/* A slice that is the arena's own; p is NULL when out of memory. */
struct mrs_slice mrs_slice_own(struct mrs_arena *a, struct mrs_slice s);

#endif
