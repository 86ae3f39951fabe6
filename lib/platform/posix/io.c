/* System calls made whole: they go on after EINTR and after a part. */
#include "platform/posix/os.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h> /* renameat2 */
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/err.h"

enum { DIRENTS_SIZE = 16 << 10 }; /* on the stack: some threads have no more than 128 KiB */

int
mrs_os_write(int fd, const void *data, size_t n)
{
    const uint8_t *p = data;

    while (n > 0) {
        ssize_t done = write(fd, p, n);

        if (done < 0 && errno != EINTR)
            return errno;
        if (done == 0)
            return EIO;
        if (done > 0) {
            p += done;
            n -= (size_t)done;
        }
    }
    return 0;
}

int
mrs_os_pwrite(int fd, uint64_t offset, const void *data, size_t n)
{
    const uint8_t *p = data;

    if (offset > INT64_MAX || n > INT64_MAX - offset)
        return EFBIG;
    while (n > 0) {
        ssize_t done = pwrite(fd, p, n, (off_t)offset);

        if (done < 0 && errno != EINTR)
            return errno;
        if (done == 0)
            return EIO;
        if (done > 0) {
            p += done;
            n -= (size_t)done;
            offset += (uint64_t)done;
        }
    }
    return 0;
}

int
mrs_os_pread(int fd, uint64_t offset, void *out, size_t n, size_t *got)
{
    uint8_t *p = out;

    *got = 0;
    if (offset >= INT64_MAX)
        return 0;
    if (n > INT64_MAX - offset) /* no file goes on so far */
        n = (size_t)(INT64_MAX - offset);
    while (*got < n) {
        ssize_t done = pread(fd, p + *got, n - *got, (off_t)(offset + *got));

        if (done < 0 && errno != EINTR)
            return errno;
        if (done == 0)
            break;
        if (done > 0)
            *got += (size_t)done;
    }
    return 0;
}

int
mrs_os_fsync(int fd)
{
    while (fsync(fd) != 0)
        if (errno != EINTR)
            return errno;
    return 0;
}

int
mrs_os_fsync_dir(int fd)
{
    int code = mrs_os_fsync(fd);

    return code == EINVAL || code == ENOTSUP ? 0 : code;
}

int
mrs_os_openat(int at, const char *path, int flags)
{
    int fd;

    do
        fd = openat(at, path, flags | O_CLOEXEC, 0600);
    while (fd < 0 && errno == EINTR);
    return fd;
}

int
mrs_os_openat_noatime(int at, const char *path, int flags)
{
    int fd = mrs_os_openat(at, path, flags | O_NOATIME);

    if (fd < 0 && errno == EPERM) /* only the owner and root may have O_NOATIME */
        fd = mrs_os_openat(at, path, flags);
    return fd;
}

/* Length of the longest head of path that ends before a separator and that one call takes. */
static size_t
head_length(const char *path)
{
    size_t n = PATH_MAX - 1;

    while (n > 0 && path[n] != '/')
        n--;
    return n;
}

int
mrs_os_open_long(const char *path, int flags)
{
    char head[PATH_MAX];
    int at = AT_FDCWD;
    int fd;

    while (strlen(path) >= PATH_MAX) {
        size_t n = head_length(path);

        if (n == 0) {
            mrs_os_close(at);
            errno = ENAMETOOLONG;
            return -1;
        }
        memcpy(head, path, n);
        head[n] = '\0';
        fd = mrs_os_openat(at, head, O_PATH | O_DIRECTORY);
        mrs_os_close(at);
        if (fd < 0)
            return -1;
        at = fd;
        for (path += n; *path == '/'; path++)
            ;
    }
    fd = mrs_os_openat_noatime(at, path[0] != '\0' ? path : ".", flags);
    mrs_os_close(at);
    return fd;
}

void
mrs_os_close(int fd)
{
    int kept = errno;

    if (fd >= 0)
        (void)close(fd);
    errno = kept;
}

/* For a directory, which cannot be linked, and for file systems without links. */
static int
look_and_rename(int from_at, const char *from, int to_at, const char *to)
{
    struct stat st;

    if (fstatat(to_at, to, &st, AT_SYMLINK_NOFOLLOW) == 0)
        return EEXIST;
    if (errno != ENOENT)
        return errno;
    return renameat(from_at, from, to_at, to) == 0 ? 0 : errno;
}

int
mrs_os_rename_new(int from_at, const char *from, int to_at, const char *to, bool weak)
{
    struct stat st;

    if (renameat2(from_at, from, to_at, to, RENAME_NOREPLACE) == 0)
        return 0;
    if (errno != EINVAL && errno != ENOSYS && errno != ENOTSUP)
        return errno;
    if (fstatat(from_at, from, &st, AT_SYMLINK_NOFOLLOW) != 0)
        return errno;
    if (S_ISDIR(st.st_mode))
        return look_and_rename(from_at, from, to_at, to);
    if (linkat(from_at, from, to_at, to, 0) == 0) {
        (void)unlinkat(from_at, from, 0); /* the new name stands; the old one is only litter */
        return 0;
    }
    if (weak && (errno == EPERM || errno == ENOTSUP || errno == ENOSYS))
        return look_and_rename(from_at, from, to_at, to);
    return errno;
}

static mars_status
each_in_buffer(const uint8_t *buf, size_t len, mrs_os_entry_fn fn, void *user, mars_error *err)
{
    for (size_t at = 0; at < len;) {
        const struct dirent64 *e = (const void *)(buf + at);
        mars_status st = MARS_OK;

        at += e->d_reclen;
        if (strcmp(e->d_name, ".") != 0 && strcmp(e->d_name, "..") != 0)
            st = fn(user, e->d_name, e->d_type, err);
        if (st != MARS_OK)
            return st;
    }
    return MARS_OK;
}

mars_status
mrs_os_each_entry(int fd, const char *label, mrs_os_entry_fn fn, void *user, mars_error *err)
{
    _Alignas(struct dirent64) uint8_t buf[DIRENTS_SIZE];
    mars_status st = MARS_OK;
    ssize_t n;

    do {
        n = getdents64(fd, buf, sizeof buf);
        if (n > 0)
            st = each_in_buffer(buf, (size_t)n, fn, user, err);
        else if (n < 0 && errno != EINTR)
            st = mrs_os_tree_fail(err, errno, "listing", label);
    } while (st == MARS_OK && n != 0);
    return st;
}
