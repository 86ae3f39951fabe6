/* Regular files, read as mars_source says of the functions of the same names. user is not used;
 * file is what was opened. */
#ifndef MRS_SOURCE_TREESTREAM_H
#define MRS_SOURCE_TREESTREAM_H

#include <stdbool.h>

#include <mars/source.h>

#include "platform/tree.h"

/* *st is what the open file tells; *sparse: it may have holes. */
MARS_NODISCARD mars_status mrs_treestream_open(void **file, struct mrs_tree_dir *dir,
                                               const char *name, struct mrs_tree_stat *st,
                                               bool *sparse, mars_error *err);
mars_status mrs_treestream_read(void *user, void *file, uint64_t offset, void *out, uint64_t len,
                                uint64_t *got, mars_error *err);
mars_status mrs_treestream_extent(void *user, void *file, uint64_t offset, uint64_t *start,
                                  uint64_t *end, mars_error *err);
mars_status mrs_treestream_changed(void *user, void *file, uint32_t *changed, mars_error *err);
void mrs_treestream_close(void *user, void *file);

#endif
