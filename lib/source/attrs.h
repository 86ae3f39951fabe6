/* A file's extended attributes as an encoded set. */
#ifndef MRS_SOURCE_ATTRS_H
#define MRS_SOURCE_ATTRS_H

#include "format/content.h"
#include "platform/tree.h"

/* Appended to out; nothing where there are none. name as in mrs_tree_xattrs. */
MARS_NODISCARD mars_status mrs_attrs_collect(struct mrs_tree_dir *dir, const char *name,
                                             struct mrs_buf *out, mars_error *err);

#endif
