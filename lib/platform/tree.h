/* Reading a file tree with everything that the system knows about its files. Works by directory
 * handles, so that paths of any length work and no link is ever followed. */
#ifndef MRS_PLATFORM_TREE_H
#define MRS_PLATFORM_TREE_H

#include <stdbool.h>

#include "base/buf.h"
#include "platform/clock.h"

/* An open directory. Handles to what is in it need it no longer than their own opening takes. Any
 * threads may work on names in it at once; one at a time walks it.
 *
 * A name is one component; all else is MARS_ERR_INVALID_ARG. A name that vanished is
 * MARS_ERR_NOT_FOUND, one that is of another kind now MARS_ERR_STATE, a file that another process
 * holds a lease on MARS_ERR_LOCKED, a full disk MARS_ERR_QUOTA, all else MARS_ERR_IO. */
struct mrs_tree_dir;

enum mrs_tree_kind {
    MRS_TREE_FILE = 1,
    MRS_TREE_DIR,
    MRS_TREE_SYMLINK,
    MRS_TREE_FIFO,
    MRS_TREE_CHARDEV,
    MRS_TREE_BLOCKDEV,
    MRS_TREE_SOCKET,
    MRS_TREE_OTHER
};

/* What one statx tells. */
struct mrs_tree_stat {
    enum mrs_tree_kind kind;
    uint32_t mode; /* permission bits with suid, sgid and sticky: 07777 */
    uint64_t uid;
    uint64_t gid;
    uint64_t size;
    uint64_t blocks; /* of 512 bytes */
    uint64_t nlink;
    uint64_t inode;
    uint64_t fs_id;  /* st_dev: tells file systems of one running machine apart */
    uint32_t rdev_major;
    uint32_t rdev_minor;
    struct mrs_time mtime;
    struct mrs_time ctime;
    struct mrs_time btime; /* birth; valid where has_btime */
    bool has_btime;
};

/* Open an absolute path as a directory; its components but the last may be links (the caller
 * named the path), the last may not. */
MARS_NODISCARD mars_status mrs_tree_open_root(struct mrs_tree_dir **out, const char *path,
                                              mars_error *err);
/* Open a directory in dir; MARS_ERR_NOT_FOUND if it vanished, MARS_ERR_STATE if it is none now. */
MARS_NODISCARD mars_status mrs_tree_open_dir(struct mrs_tree_dir **out, struct mrs_tree_dir *dir,
                                             const char *name, mars_error *err);
/* The same handle for one more holder, who closes it for himself. He may use it on a thread of his
 * own for all but mrs_tree_each. */
struct mrs_tree_dir *mrs_tree_dir_share(struct mrs_tree_dir *dir);
/* The last holder closes it. NULL is allowed. */
void mrs_tree_dir_close(struct mrs_tree_dir *dir);
/* Every name but "." and "..", NUL-terminated raw bytes, in no order. fn may use dir, but not walk
 * it again. */
typedef mars_status (*mrs_tree_name_fn)(void *user, const char *name, size_t len, mars_error *err);
MARS_NODISCARD mars_status mrs_tree_each(struct mrs_tree_dir *dir, mrs_tree_name_fn fn, void *user,
                                         mars_error *err);
/* Of name in dir, or of dir itself where name is NULL. Links are not followed. */
MARS_NODISCARD mars_status mrs_tree_stat(struct mrs_tree_dir *dir, const char *name,
                                         struct mrs_tree_stat *st, mars_error *err);
/* A symbolic link's target, appended to out. */
MARS_NODISCARD mars_status mrs_tree_readlink(struct mrs_tree_dir *dir, const char *name,
                                             struct mrs_buf *out, mars_error *err);

/* Extended attributes, POSIX ACLs among them (system.posix_acl_access and _default), of name in
 * dir, or of dir itself where name is NULL; of a link, not its target. fn is called for each;
 * value is raw bytes. Attributes that this process may not read are left out by the system. A
 * file system without attributes has none. */
typedef mars_status (*mrs_tree_xattr_fn)(void *user, const char *name, const void *value,
                                         size_t len, mars_error *err);
MARS_NODISCARD mars_status mrs_tree_xattrs(struct mrs_tree_dir *dir, const char *name,
                                           mrs_tree_xattr_fn fn, void *user, mars_error *err);

/* Name of a user (group = false) or a group, cut to cap, empty where the system knows none.
 * Slow: callers remember the answer. */
void mrs_tree_owner_name(uint64_t id, bool group, char *out, size_t cap);

/* "ext4", "tmpfs", "xfs" …, empty where unknown. */
void mrs_tree_fs_name(struct mrs_tree_dir *dir, char *out, size_t cap);

/* A regular file's bytes. Any thread; reads may be made by several at once. */
struct mrs_tree_file;
/* Does not wait for a writer, follow a link or change the access time where that can be had.
 * MARS_ERR_STATE if name is no regular file now. */
MARS_NODISCARD mars_status mrs_tree_open_file(struct mrs_tree_file **out, struct mrs_tree_dir *dir,
                                              const char *name, mars_error *err);
/* A regular file or a block device by its path, whatever links lead there; MARS_ERR_STATE if it is
 * neither. Its size is what can be read. */
MARS_NODISCARD mars_status mrs_tree_open_image(struct mrs_tree_file **out, const char *path,
                                               uint64_t *size, mars_error *err);
MARS_NODISCARD mars_status mrs_tree_file_stat(struct mrs_tree_file *f, struct mrs_tree_stat *st,
                                              mars_error *err);
MARS_NODISCARD mars_status mrs_tree_file_read(struct mrs_tree_file *f, uint64_t offset, void *out,
                                              size_t n, size_t *got, mars_error *err);
/* The next data from offset on: [*start, *end), both the file's size where there is none.
 * A system that cannot tell says that all is data. */
MARS_NODISCARD mars_status mrs_tree_file_data(struct mrs_tree_file *f, uint64_t offset,
                                              uint64_t *start, uint64_t *end, mars_error *err);
void mrs_tree_file_close(struct mrs_tree_file *f);

/* The absolute form of a path (against the working directory), without "." and "..", and with no
 * double separators; links stay as they are. Appended with a NUL that len does not count. */
MARS_NODISCARD mars_status mrs_path_absolute(const char *path, size_t len, struct mrs_buf *out,
                                             mars_error *err);

#endif
