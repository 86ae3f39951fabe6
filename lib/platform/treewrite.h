/* Writing a file tree from bytes that may be hostile. Everything happens below a directory handle
 * that the caller opened; no link is followed, nothing above is reachable. Names are single
 * components: callers have refused separators, NUL, "." and "..". */
#ifndef MRS_PLATFORM_TREEWRITE_H
#define MRS_PLATFORM_TREEWRITE_H

#include "platform/tree.h"

/* The target itself: opened, made with all that is missing above it if it is not there. */
MARS_NODISCARD mars_status mrs_treewrite_root(struct mrs_tree_dir **out, const char *path,
                                              mars_error *err);
/* A directory made in dir with mode 0700; MARS_ERR_EXISTS if the name is taken. */
MARS_NODISCARD mars_status mrs_treewrite_mkdir(struct mrs_tree_dir *dir, const char *name,
                                               mars_error *err);
MARS_NODISCARD mars_status mrs_treewrite_symlink(struct mrs_tree_dir *dir, const char *name,
                                                 const char *target, mars_error *err);
/* A fifo or a device node, mode 0600. */
MARS_NODISCARD mars_status mrs_treewrite_node(struct mrs_tree_dir *dir, const char *name,
                                              enum mrs_tree_kind kind, uint32_t major,
                                              uint32_t minor, mars_error *err);
/* A second name for a file; from_dir and dir may be the same. */
MARS_NODISCARD mars_status mrs_treewrite_link(struct mrs_tree_dir *from_dir, const char *from,
                                              struct mrs_tree_dir *dir, const char *name,
                                              mars_error *err);
/* `from` gets the name `to` in the same directory; replace = false: MARS_ERR_EXISTS if taken. */
MARS_NODISCARD mars_status mrs_treewrite_rename(struct mrs_tree_dir *dir, const char *from,
                                                const char *to, bool replace, mars_error *err);
/* Remove a name that is no directory. */
MARS_NODISCARD mars_status mrs_treewrite_unlink(struct mrs_tree_dir *dir, const char *name,
                                                mars_error *err);
/* All that was written to the file system of dir survives a crash when this returns. */
MARS_NODISCARD mars_status mrs_treewrite_sync(struct mrs_tree_dir *dir, mars_error *err);

/* A new regular file, mode 0600, made exclusively. Writes from any threads at once. */
struct mrs_out_file;
MARS_NODISCARD mars_status mrs_out_file_create(struct mrs_out_file **out, struct mrs_tree_dir *dir,
                                               const char *name, mars_error *err);
MARS_NODISCARD mars_status mrs_out_file_write(struct mrs_out_file *f, uint64_t offset,
                                              const void *data, size_t n, mars_error *err);
/* Set the size; what was not written reads as zeros and takes no space where the system can. */
MARS_NODISCARD mars_status mrs_out_file_resize(struct mrs_out_file *f, uint64_t size,
                                               mars_error *err);
MARS_NODISCARD mars_status mrs_out_file_stat(struct mrs_out_file *f, struct mrs_tree_stat *st,
                                             mars_error *err);
void mrs_out_file_close(struct mrs_out_file *f);

/* Metadata of name in dir, of dir itself where name is NULL, or of an open file; links are not
 * followed. Each is separate so that a caller can go on when one is refused. */
struct mrs_meta_at {
    struct mrs_tree_dir *dir;
    const char *name;
    struct mrs_out_file *file; /* wins where set */
};
MARS_NODISCARD mars_status mrs_meta_chown(const struct mrs_meta_at *at, uint64_t uid, uint64_t gid,
                                          mars_error *err);
/* A link has no mode of its own: MARS_OK. */
MARS_NODISCARD mars_status mrs_meta_chmod(const struct mrs_meta_at *at, uint32_t mode,
                                          mars_error *err);
MARS_NODISCARD mars_status mrs_meta_set_xattr(const struct mrs_meta_at *at, const char *name,
                                              const void *value, size_t len, mars_error *err);
/* MARS_ERR_NOT_FOUND if there is none of that name. */
MARS_NODISCARD mars_status mrs_meta_remove_xattr(const struct mrs_meta_at *at, const char *name,
                                                 mars_error *err);
/* The access time becomes the same as the modification time. */
MARS_NODISCARD mars_status mrs_meta_set_mtime(const struct mrs_meta_at *at, struct mrs_time mtime,
                                              mars_error *err);

#endif
