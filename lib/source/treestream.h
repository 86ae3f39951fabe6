/* The stream of a regular file. */
#ifndef MRS_SOURCE_TREESTREAM_H
#define MRS_SOURCE_TREESTREAM_H

#include "platform/tree.h"
#include "source/source.h"

/* *st is what the open file tells. */
MARS_NODISCARD mars_status mrs_treestream_open(struct mrs_source_stream **out,
                                               struct mrs_tree_dir *dir, const char *name,
                                               struct mrs_tree_stat *st, mars_error *err);

#endif
