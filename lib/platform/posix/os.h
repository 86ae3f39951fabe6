/* What the bodies of this folder share. The only place where errno becomes a status. */
#ifndef MRS_PLATFORM_POSIX_OS_H
#define MRS_PLATFORM_POSIX_OS_H

#include <stdatomic.h>
#include <stdbool.h>
#include <sys/types.h>

#include "platform/tree.h"

/* An open directory or file of tree.h and treewrite.h, with the name it goes by in messages. */
struct mrs_tree_dir {
    int fd;
    atomic_uint more; /* holders but one */
    bool listed;      /* it stands at its end */
    char label[];
};

struct mrs_tree_file {
    int fd;
    char label[];
};

struct mrs_out_file {
    int fd;
    char label[];
};

/* "WHAT NAME: text of os_code". ENOENT is NOT_FOUND, EEXIST is EXISTS, ENOSPC and EDQUOT are
 * QUOTA, ENOMEM is NOMEM, all else is IO. A long name is cut from the left, so that the text of
 * the code is not lost. */
mars_status mrs_os_fail(mars_error *err, int os_code, const char *what, const char *name);

/* The same for trees, which others change while they are read or written: a name that is of
 * another kind now (ENOTDIR, EISDIR, ELOOP of a link that is not followed, ENXIO of a socket) is
 * STATE, a directory that is not empty (ENOTEMPTY) EXISTS, and a lease (EAGAIN) LOCKED. */
mars_status mrs_os_tree_fail(mars_error *err, int os_code, const char *what, const char *name);

/* Refuse what is no single component: the last line of defence against hostile names. */
mars_status mrs_os_check_name(mars_error *err, const char *name);

/* These give 0 or an errno. They go on after EINTR and after a part. */
int mrs_os_write(int fd, const void *data, size_t n);
int mrs_os_pwrite(int fd, uint64_t offset, const void *data, size_t n);
int mrs_os_pread(int fd, uint64_t offset, void *out, size_t n, size_t *got);
int mrs_os_fsync(int fd);
/* The same for a directory. File systems that cannot flush one say EINVAL: nothing is to be had. */
int mrs_os_fsync_dir(int fd);

/* openat that goes on after EINTR; a descriptor, or -1 and errno. */
int mrs_os_openat(int at, const char *path, int flags);
/* The same with O_NOATIME where this process may have that. */
int mrs_os_openat_noatime(int at, const char *path, int flags);
/* open() for a path of any length, relative or absolute. */
int mrs_os_open_long(const char *path, int flags);
/* close() that keeps errno; a negative fd is allowed. */
void mrs_os_close(int fd);

/* Rename on condition that `to` is free; 0 or an errno. Where the file system lacks that for all
 * (RENAME_NOREPLACE), and hard links too, weak allows a plain look before the rename. */
int mrs_os_rename_new(int from_at, const char *from, int to_at, const char *to, bool weak);

/* Every entry of a directory but "." and "..", from where the handle stands to the end. type is a
 * DT_ value. */
typedef mars_status (*mrs_os_entry_fn)(void *user, const char *name, unsigned char type,
                                       mars_error *err);
mars_status mrs_os_each_entry(int fd, const char *label, mrs_os_entry_fn fn, void *user,
                              mars_error *err);

/* Where an extended attribute is: a path whose last component is not followed, or a descriptor.
 * Only the first works for all kinds; it needs /proc. */
struct mrs_os_xattr_at {
    int at;           /* the directory of name */
    const char *name; /* NULL: the descriptor itself */
    int fd;           /* opened where /proc is missing; -1 */
};
/* These give what the system calls of their name give. Close afterwards. */
ssize_t mrs_os_xattr_list(struct mrs_os_xattr_at *x, char *list, size_t cap);
ssize_t mrs_os_xattr_get(struct mrs_os_xattr_at *x, const char *attr, void *value, size_t cap);
int mrs_os_xattr_set(struct mrs_os_xattr_at *x, const char *attr, const void *value, size_t len);
int mrs_os_xattr_remove(struct mrs_os_xattr_at *x, const char *attr);
void mrs_os_xattr_close(struct mrs_os_xattr_at *x);

/* statx of name below at, or of at itself where name is NULL; 0 or an errno. */
int mrs_os_stat(int at, const char *name, struct mrs_tree_stat *st);

#endif
