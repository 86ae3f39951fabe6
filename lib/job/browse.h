/* Looking into a recovery point: listing a directory, reading a file. */
#ifndef MRS_JOB_BROWSE_H
#define MRS_JOB_BROWSE_H

#include <stdbool.h>

#include "format/entry.h"
#include "format/point.h"
#include "repo/chunk.h"

/* The absolute path of a root itself, appended. */
MARS_NODISCARD mars_status mrs_root_path(const struct mrs_domain *d, const struct mrs_root *root,
                                         struct mrs_buf *out, mars_error *err);

typedef mars_status (*mrs_browse_fn)(void *user, struct mrs_slice path, const struct mrs_entry *e,
                                     mars_error *err);
/* The entries of the directory `path` (empty: the roots themselves), or the file itself; with
 * recurse all below. MARS_ERR_NOT_FOUND if the point has no such path. */
MARS_NODISCARD mars_status mrs_browse(const struct mrs_domain *d, const struct mrs_point *p,
                                      struct mrs_slice path, bool recurse, mrs_browse_fn fn,
                                      void *user, mars_error *err);

/* A file's bytes in order, holes as zeros. Non-zero from fn ends it with MARS_ERR_CANCELLED. */
MARS_NODISCARD mars_status mrs_browse_read(const struct mrs_domain *d, const struct mrs_point *p,
                                           struct mrs_slice path,
                                           int (*fn)(const void *data, uint64_t len, void *user),
                                           void *user, mars_error *err);

#endif
