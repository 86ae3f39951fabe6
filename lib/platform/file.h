/* Files that libmars owns: vault objects, state, cache. Paths are NUL-terminated, bytes on POSIX
 * and UTF-8 on Windows. What is backed up and restored goes through tree.h and treewrite.h. */
#ifndef MRS_PLATFORM_FILE_H
#define MRS_PLATFORM_FILE_H

#include <stdbool.h>

#include "base/buf.h"
#include "platform/clock.h"

struct mrs_file;

/* A disk that is full gives MARS_ERR_QUOTA, a missing file MARS_ERR_NOT_FOUND, a taken name
 * MARS_ERR_EXISTS, all else MARS_ERR_IO; os_code is set and the message names the path. */

/* For reading at offsets. Any thread may read at once. */
MARS_NODISCARD mars_status mrs_file_open(struct mrs_file **out, const char *path, mars_error *err);
/* A new file, mode 0600; MARS_ERR_EXISTS if the name is taken. */
MARS_NODISCARD mars_status mrs_file_create(struct mrs_file **out, const char *path,
                                           mars_error *err);
/* A new file without a name on the file system of dir, gone when it is closed, or with the
 * process. */
MARS_NODISCARD mars_status mrs_file_create_unnamed(struct mrs_file **out, const char *dir,
                                                   mars_error *err);
/* For appending, made with mode 0600 if it is not there. */
MARS_NODISCARD mars_status mrs_file_open_append(struct mrs_file **out, const char *path,
                                                mars_error *err);
/* Up to n bytes from offset; *got < n only at the end of the file. */
MARS_NODISCARD mars_status mrs_file_read_at(struct mrs_file *f, uint64_t offset, void *out,
                                            size_t n, size_t *got, mars_error *err);
/* All n bytes at the end of the file. One thread at a time. */
MARS_NODISCARD mars_status mrs_file_append(struct mrs_file *f, const void *data, size_t n,
                                           mars_error *err);
MARS_NODISCARD mars_status mrs_file_size(struct mrs_file *f, uint64_t *size, mars_error *err);
/* Begin to bring len bytes from offset on to the medium, so that a sync finds less to do. Waits for
 * nothing and promises nothing. */
void mrs_file_write_behind(struct mrs_file *f, uint64_t offset, uint64_t len);
/* Content and size are on the medium when this returns. */
MARS_NODISCARD mars_status mrs_file_sync(struct mrs_file *f, mars_error *err);
/* NULL is allowed. Does not sync. */
void mrs_file_close(struct mrs_file *f);

/* Give `from` the name `to`, on one file system; MARS_ERR_EXISTS, and nothing done, if it is
 * taken. Atomic: after a crash there is one of the two names, or both for one moment. */
MARS_NODISCARD mars_status mrs_file_publish(const char *from, const char *to, mars_error *err);
/* Flush a directory, so that names made in it survive a crash. */
MARS_NODISCARD mars_status mrs_dir_sync(const char *path, mars_error *err);
/* Replace path with these bytes so that a crash leaves the old or the new file, never a mixture:
 * write the sibling PATH.tmp (mode 0600), flush it, rename, flush the directory. One caller at a
 * time for a path: whoever shares it holds a lock. */
MARS_NODISCARD mars_status mrs_file_replace(const char *path, const void *data, size_t n,
                                            mars_error *err);
/* The whole file, appended to out, whose max bounds it. */
MARS_NODISCARD mars_status mrs_file_slurp(const char *path, struct mrs_buf *out, mars_error *err);

struct mrs_file_info {
    uint64_t size;
    struct mrs_time mtime;
    bool is_dir;
    bool is_link; /* by mrs_file_lstat only */
};
MARS_NODISCARD mars_status mrs_file_stat(const char *path, struct mrs_file_info *info,
                                         mars_error *err);
/* The same, but a link at the end of path is looked at itself. */
MARS_NODISCARD mars_status mrs_file_lstat(const char *path, struct mrs_file_info *info,
                                          mars_error *err);
/* Set the time of a file's last change to now. */
MARS_NODISCARD mars_status mrs_file_touch(const char *path, mars_error *err);
/* MARS_ERR_NOT_FOUND if it is not there. */
MARS_NODISCARD mars_status mrs_file_delete(const char *path, mars_error *err);
MARS_NODISCARD mars_status mrs_dir_delete(const char *path, mars_error *err);
/* One directory, mode 0700; MARS_OK if it is there already. */
MARS_NODISCARD mars_status mrs_dir_make(const char *path, mars_error *err);
/* The same with all that is missing above it. */
MARS_NODISCARD mars_status mrs_dir_make_all(const char *path, mars_error *err);
/* Every name but "." and "..", in no order; a link to a directory counts as one. A status other
 * than MARS_OK from fn ends the walk. */
typedef mars_status (*mrs_dir_fn)(void *user, const char *name, bool is_dir, mars_error *err);
MARS_NODISCARD mars_status mrs_dir_each(const char *path, mrs_dir_fn fn, void *user,
                                        mars_error *err);
/* Is `inner` the directory `outer` or somewhere in it, by whatever links they are named? Both
 * exist. */
MARS_NODISCARD mars_status mrs_dir_holds(const char *outer, const char *inner, bool *holds,
                                         mars_error *err);
/* Bytes that an unprivileged process may still write to the file system of path. */
MARS_NODISCARD mars_status mrs_disk_free(const char *path, uint64_t *bytes, mars_error *err);

/* An exclusive lock on path, which is made if missing; it ends with the process.
 * MARS_ERR_LOCKED at once if another handle, here or in another process, holds it. */
struct mrs_lock;
MARS_NODISCARD mars_status mrs_lock_take(struct mrs_lock **out, const char *path, mars_error *err);
/* The same, shared: any number of handles hold it so at once, but none beside one that took it
 * alone. */
MARS_NODISCARD mars_status mrs_lock_share(struct mrs_lock **out, const char *path,
                                          mars_error *err);
void mrs_lock_release(struct mrs_lock *l);

#endif
