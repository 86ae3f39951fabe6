/* Looking into a recovery point: finding a path, listing, searching. */
#ifndef MRS_JOB_BROWSE_H
#define MRS_JOB_BROWSE_H

#include <stdbool.h>

#include "base/arena.h"
#include "format/entry.h"
#include "format/point.h"
#include "policy/rules.h"
#include "repo/rootpath.h"
#include "repo/treereader.h"

/* The entry that an absolute path names, copied into the arena, and in `clean` the path as points
 * have it (job/select.h). MARS_ERR_NOT_FOUND if the point has no such path. */
MARS_NODISCARD mars_status mrs_find_path(const struct mrs_domain *d, const struct mrs_point *p,
                                         struct mrs_slice path, struct mrs_buf *clean,
                                         struct mrs_arena *bytes, struct mrs_entry *e,
                                         mars_error *err);

typedef mars_status (*mrs_browse_fn)(void *user, struct mrs_slice path, const struct mrs_entry *e,
                                     mars_error *err);
/* The entries of the directory `path` (empty: the roots themselves), or the file itself; with
 * recurse all below. MARS_ERR_NOT_FOUND if the point has no such path. */
MARS_NODISCARD mars_status mrs_browse(const struct mrs_domain *d, const struct mrs_point *p,
                                      struct mrs_slice path, bool recurse, mrs_browse_fn fn,
                                      void *user, mars_error *err);
/* All that fits the rules by its path from its root on; the root itself by its name. What lies in
 * a directory that fits need not fit. */
MARS_NODISCARD mars_status mrs_browse_find(const struct mrs_domain *d, const struct mrs_point *p,
                                           const struct mrs_rules *rules, mrs_browse_fn fn,
                                           void *user, mars_error *err);

#endif
