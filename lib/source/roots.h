/* The paths that a tree source was asked for. */
#ifndef MRS_SOURCE_ROOTS_H
#define MRS_SOURCE_ROOTS_H

#include "format/point.h"
#include "platform/tree.h"

enum { MRS_FS_NAME_SIZE = 32 };

struct mrs_tree_root {
    char *path;               /* absolute, NUL-terminated, no separator at its end; or "/" */
    size_t len;
    size_t name_at;           /* where its last component begins; 0 for "/" */
    struct mrs_slice *parent; /* the components above */
    size_t n_parent;
    char fs_type[MRS_FS_NAME_SIZE];
};

struct mrs_tree_roots {
    struct mrs_tree_root *list; /* ascending by bytes, none inside another */
    size_t n;
};

/* one_file_system: a path inside another stays where the walk of that one would not get to it.
 * MARS_ERR_NOT_FOUND if one does not exist. On failure nothing is to be freed. */
MARS_NODISCARD mars_status mrs_tree_roots_make(struct mrs_tree_roots *r,
                                               const struct mrs_slice *paths, size_t n,
                                               bool one_file_system, mars_error *err);
void mrs_tree_roots_free(struct mrs_tree_roots *r);

/* How to get at a root: as an open directory, or by its name in its parent. */
struct mrs_tree_spot {
    struct mrs_tree_dir *own;    /* it is a directory that can be opened */
    struct mrs_tree_dir *parent; /* else */
    const char *name;            /* in parent; borrowed from path */
    struct mrs_tree_stat stat;
};
/* path as in struct mrs_tree_root. The handles become the caller's; NULL on failure. */
MARS_NODISCARD mars_status mrs_tree_spot_find(struct mrs_tree_spot *spot, const char *path,
                                              mars_error *err);
void mrs_tree_spot_close(struct mrs_tree_spot *spot);

#endif
