#ifndef MRS_TARGET_NODE_H
#define MRS_TARGET_NODE_H

#include "target/dir.h"

/* A temporary file gets its name: over anything but a directory where replace is
 * set, else MARS_ERR_EXISTS. */
MARS_NODISCARD mars_status mrs_target_rename(struct mrs_tree_dir *dir, const char *temp,
                                             const char *name, bool replace, mars_error *err);

#endif
