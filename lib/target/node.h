/* Names that are not files with content. */
#ifndef MRS_TARGET_NODE_H
#define MRS_TARGET_NODE_H

#include "target/dir.h"

/* A symbolic link, fifo or device: made under a temporary name, metadata, then its name. */
MARS_NODISCARD mars_status mrs_target_make(struct mrs_target_dir *dir, const mars_entry *e,
                                           struct mrs_slice name, bool replace, mars_error *err);
/* Another name for a file that this run made or found to be the same. */
MARS_NODISCARD mars_status mrs_target_link(struct mrs_target_dir *from_dir,
                                           struct mrs_slice from, struct mrs_target_dir *dir,
                                           struct mrs_slice name, bool replace, mars_error *err);

/* A temporary file gets its name: over anything but a directory where replace is
 * set, else MARS_ERR_EXISTS. */
MARS_NODISCARD mars_status mrs_target_rename(struct mrs_tree_dir *dir, const char *temp,
                                             const char *name, bool replace, mars_error *err);

#endif
