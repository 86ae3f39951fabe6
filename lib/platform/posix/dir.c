/* The part of file.h that works on names and directories. */
#include "platform/file.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/err.h"
#include "platform/posix/os.h"

enum { DEPTH_MAX = 4096 };

static void
fill_info(struct mrs_file_info *info, const struct stat *st)
{
    info->size = (uint64_t)st->st_size;
    info->mtime.s = (int64_t)st->st_mtim.tv_sec;
    info->mtime.ns = (uint32_t)st->st_mtim.tv_nsec;
    info->is_dir = S_ISDIR(st->st_mode);
    info->is_link = S_ISLNK(st->st_mode);
}

mars_status
mrs_file_stat(const char *path, struct mrs_file_info *info, mars_error *err)
{
    struct stat st;

    memset(info, 0, sizeof *info);
    if (stat(path, &st) != 0)
        return mrs_os_fail(err, errno, "looking at", path);
    fill_info(info, &st);
    return MARS_OK;
}

mars_status
mrs_file_lstat(const char *path, struct mrs_file_info *info, mars_error *err)
{
    struct stat st;

    memset(info, 0, sizeof *info);
    if (lstat(path, &st) != 0)
        return mrs_os_fail(err, errno, "looking at", path);
    fill_info(info, &st);
    return MARS_OK;
}

mars_status
mrs_file_touch(const char *path, mars_error *err)
{
    return utimensat(AT_FDCWD, path, NULL, 0) == 0
               ? MARS_OK
               : mrs_os_fail(err, errno, "setting the time of", path);
}

mars_status
mrs_file_delete(const char *path, mars_error *err)
{
    return unlink(path) == 0 ? MARS_OK : mrs_os_fail(err, errno, "deleting", path);
}

mars_status
mrs_dir_delete(const char *path, mars_error *err)
{
    return rmdir(path) == 0 ? MARS_OK : mrs_os_fail(err, errno, "deleting", path);
}

mars_status
mrs_dir_sync(const char *path, mars_error *err)
{
    int fd = mrs_os_openat(AT_FDCWD, path, O_RDONLY | O_DIRECTORY);
    int code;

    if (fd < 0)
        return mrs_os_fail(err, errno, "opening", path);
    code = mrs_os_fsync_dir(fd);
    mrs_os_close(fd);
    return code == 0 ? MARS_OK : mrs_os_fail(err, code, "flushing", path);
}

/* 0 or an errno. */
static int
make_one(const char *path)
{
    struct stat st;
    int code;

    if (mkdir(path, 0700) == 0)
        return 0;
    code = errno;
    /* Not only after EEXIST: a read-only or forbidden parent may be told first. */
    return stat(path, &st) == 0 && S_ISDIR(st.st_mode) ? 0 : code;
}

mars_status
mrs_dir_make(const char *path, mars_error *err)
{
    int code = make_one(path);

    return code == 0 ? MARS_OK : mrs_os_fail(err, code, "making the directory", path);
}

mars_status
mrs_dir_make_all(const char *path, mars_error *err)
{
    int code = make_one(path);
    char *head;

    if (code != ENOENT || path[0] == '\0')
        return code == 0 ? MARS_OK : mrs_os_fail(err, code, "making the directory", path);
    head = mrs_strndup(path, strlen(path));
    if (head == NULL)
        return mrs_nomem(err);
    code = 0;
    for (char *p = head + 1; code == 0 && *p != '\0'; p++)
        if (*p == '/') {
            *p = '\0';
            code = make_one(head);
            *p = '/';
        }
    if (code == 0)
        code = make_one(head);
    mrs_free(head);
    return code == 0 ? MARS_OK : mrs_os_fail(err, code, "making the directory", path);
}

struct each {
    int fd;
    mrs_dir_fn fn;
    void *user;
};

static mars_status
visit(void *user, const char *name, unsigned char type, mars_error *err)
{
    const struct each *e = user;
    bool is_dir = type == DT_DIR;
    struct stat st;

    if (type == DT_UNKNOWN || type == DT_LNK)
        is_dir = fstatat(e->fd, name, &st, 0) == 0 && S_ISDIR(st.st_mode);
    return e->fn(e->user, name, is_dir, err);
}

mars_status
mrs_dir_each(const char *path, mrs_dir_fn fn, void *user, mars_error *err)
{
    struct each e = { -1, fn, user };
    mars_status st;

    e.fd = mrs_os_openat(AT_FDCWD, path, O_RDONLY | O_DIRECTORY);
    if (e.fd < 0)
        return mrs_os_fail(err, errno, "opening", path);
    st = mrs_os_each_entry(e.fd, path, visit, &e, err);
    mrs_os_close(e.fd);
    return st;
}

/* The parents of `inner` up to the root, by device and inode: names may lead there by links. */
static int
is_above(const struct stat *outer, int *fd, bool *above)
{
    struct stat here, before = { .st_ino = 0 };

    *above = false;
    for (int depth = 0; depth < DEPTH_MAX; depth++) {
        int up;

        if (fstat(*fd, &here) != 0)
            return errno;
        *above = here.st_dev == outer->st_dev && here.st_ino == outer->st_ino;
        if (*above || (depth > 0 && here.st_dev == before.st_dev && here.st_ino == before.st_ino))
            return 0;
        before = here;
        up = mrs_os_openat(*fd, "..", O_PATH | O_DIRECTORY);
        if (up < 0)
            return errno;
        mrs_os_close(*fd);
        *fd = up;
    }
    return ELOOP;
}

mars_status
mrs_dir_holds(const char *outer, const char *inner, bool *holds, mars_error *err)
{
    struct stat st;
    int fd, code;

    *holds = false;
    if (stat(outer, &st) != 0)
        return mrs_os_fail(err, errno, "looking at", outer);
    fd = mrs_os_openat(AT_FDCWD, inner, O_PATH | O_DIRECTORY);
    if (fd < 0)
        return mrs_os_fail(err, errno, "opening", inner);
    code = is_above(&st, &fd, holds);
    mrs_os_close(fd);
    return code == 0 ? MARS_OK : mrs_os_fail(err, code, "looking above", inner);
}

mars_status
mrs_disk_free(const char *path, uint64_t *bytes, mars_error *err)
{
    struct statvfs v;

    *bytes = 0;
    while (statvfs(path, &v) != 0)
        if (errno != EINTR)
            return mrs_os_fail(err, errno, "asking for the free space of", path);
    *bytes = v.f_frsize != 0 && v.f_bavail > UINT64_MAX / v.f_frsize
                 ? UINT64_MAX
                 : (uint64_t)v.f_bavail * v.f_frsize;
    return MARS_OK;
}
