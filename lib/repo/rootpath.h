/* Paths of a recovery point's roots. */
#ifndef MRS_REPO_ROOTPATH_H
#define MRS_REPO_ROOTPATH_H

#include "format/point.h"
#include "repo/treereader.h"

/* The absolute path of a root's parent: appended, "" for the file system's root. */
MARS_NODISCARD mars_status mrs_root_parent_path(const struct mrs_root *r, struct mrs_buf *out,
                                                mars_error *err);
/* Append "/name"; the root of a file system ("/") adds nothing. */
MARS_NODISCARD mars_status mrs_path_push(struct mrs_buf *path, struct mrs_slice name,
                                         mars_error *err);
/* The absolute path of a root itself, appended. */
MARS_NODISCARD mars_status mrs_root_path(const struct mrs_domain *d, const struct mrs_root *root,
                                         struct mrs_buf *out, mars_error *err);
/* The one entry of a root; valid while *r is open. */
MARS_NODISCARD mars_status mrs_root_entry(const struct mrs_domain *d, const struct mrs_root *root,
                                          struct mrs_dir_reader **r, const struct mrs_entry **e,
                                          mars_error *err);

#endif
