/* A file's extended attributes, and sets of them. */
#ifndef MRS_SOURCE_ATTRS_H
#define MRS_SOURCE_ATTRS_H

#include <mars/entry.h>

#include "base/arena.h"
#include "base/vec.h"
#include "format/content.h"
#include "platform/tree.h"

struct mrs_attr_list {
    struct mrs_vec attrs; /* mars_attr */
    struct mrs_arena bytes;
    size_t total;         /* of names and values */
};
#define MRS_ATTR_LIST_INIT { MRS_VEC_INIT(mars_attr), MRS_ARENA_INIT, 0 }

/* What the system lists, in its order. What was in the list is forgotten. name as in
 * mrs_tree_xattrs. */
MARS_NODISCARD mars_status mrs_attrs_collect(struct mrs_attr_list *list, struct mrs_tree_dir *dir,
                                             const char *name, mars_error *err);
void mrs_attrs_free(struct mrs_attr_list *list);

/* Append the set of these attributes, in any order; nothing where there are none. Of several of one
 * name the first counts. MARS_ERR_UNSUPPORTED if it is more than MRS_ATTRS_MAX. */
MARS_NODISCARD mars_status mrs_attrs_encode_list(const mars_attr *attrs, uint64_t n,
                                                 struct mrs_buf *out, mars_error *err);

#endif
