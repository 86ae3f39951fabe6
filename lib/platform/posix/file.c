#include "platform/file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/err.h"
#include "platform/posix/os.h"

enum { SLURP_STEP = 64 << 10 };

struct mrs_file {
    int fd;
    char path[];
};

static mars_status
open_as(struct mrs_file **out, const char *path, int flags, mars_error *err)
{
    size_t len = strlen(path);
    struct mrs_file *f;

    *out = NULL;
    f = mrs_alloc(sizeof *f + len + 1);
    if (f == NULL)
        return mrs_nomem(err);
    memcpy(f->path, path, len + 1);
    f->fd = mrs_os_openat(AT_FDCWD, path, flags | O_NOCTTY);
    if (f->fd < 0) {
        int code = errno;

        mrs_free(f);
        return mrs_os_fail(err, code, "opening", path);
    }
    *out = f;
    return MARS_OK;
}

mars_status
mrs_file_open(struct mrs_file **out, const char *path, mars_error *err)
{
    return open_as(out, path, O_RDONLY, err);
}

mars_status
mrs_file_create(struct mrs_file **out, const char *path, mars_error *err)
{
    return open_as(out, path, O_RDWR | O_APPEND | O_CREAT | O_EXCL | O_NOFOLLOW, err);
}

/* Some file systems cannot make one without a name: there it has one for a moment. */
mars_status
mrs_file_create_unnamed(struct mrs_file **out, const char *dir, mars_error *err)
{
    static const char end[] = "/unnamed-XXXXXX";
    mars_status st = open_as(out, dir, O_TMPFILE | O_RDWR | O_APPEND, NULL);
    size_t len = strlen(dir);
    struct mrs_file *f;

    if (st == MARS_OK)
        return MARS_OK;
    f = mrs_alloc(sizeof *f + len + sizeof end);
    if (f == NULL)
        return mrs_nomem(err);
    memcpy(f->path, dir, len);
    memcpy(f->path + len, end, sizeof end);
    f->fd = mkostemp(f->path, O_APPEND | O_CLOEXEC);
    if (f->fd < 0) {
        int code = errno;

        mrs_free(f);
        return mrs_os_fail(err, code, "making a file in", dir);
    }
    (void)unlink(f->path);
    *out = f;
    return MARS_OK;
}

mars_status
mrs_file_open_append(struct mrs_file **out, const char *path, mars_error *err)
{
    return open_as(out, path, O_RDWR | O_APPEND | O_CREAT, err);
}

mars_status
mrs_file_read_at(struct mrs_file *f, uint64_t offset, void *out, size_t n, size_t *got,
                 mars_error *err)
{
    int code = mrs_os_pread(f->fd, offset, out, n, got);

    return code == 0 ? MARS_OK : mrs_os_fail(err, code, "reading", f->path);
}

mars_status
mrs_file_append(struct mrs_file *f, const void *data, size_t n, mars_error *err)
{
    int code = mrs_os_write(f->fd, data, n);

    return code == 0 ? MARS_OK : mrs_os_fail(err, code, "writing", f->path);
}

mars_status
mrs_file_size(struct mrs_file *f, uint64_t *size, mars_error *err)
{
    struct stat st;

    *size = 0;
    if (fstat(f->fd, &st) != 0)
        return mrs_os_fail(err, errno, "reading the size of", f->path);
    *size = (uint64_t)st.st_size;
    return MARS_OK;
}

void
mrs_file_write_behind(struct mrs_file *f, uint64_t offset, uint64_t len)
{
    int code = sync_file_range(f->fd, (off_t)offset, (off_t)len, SYNC_FILE_RANGE_WRITE);

    (void)code; /* a file system that cannot: the sync does all of it */
}

mars_status
mrs_file_sync(struct mrs_file *f, mars_error *err)
{
    int code = mrs_os_fsync(f->fd);

    return code == 0 ? MARS_OK : mrs_os_fail(err, code, "flushing", f->path);
}

void
mrs_file_close(struct mrs_file *f)
{
    if (f == NULL)
        return;
    mrs_os_close(f->fd);
    mrs_free(f);
}

mars_status
mrs_file_publish(const char *from, const char *to, mars_error *err)
{
    int code = mrs_os_rename_new(AT_FDCWD, from, AT_FDCWD, to, false);

    return code == 0 ? MARS_OK : mrs_os_fail(err, code, "giving a file the name", to);
}

/* PATH.tmp, for the caller to free; NULL when out of memory. */
static char *
sibling_of(const char *path)
{
    static const char end[] = ".tmp";
    size_t len = strlen(path);
    char *name = mrs_alloc(len + sizeof end);

    if (name == NULL)
        return NULL;
    memcpy(name, path, len);
    memcpy(name + len, end, sizeof end);
    return name;
}

static mars_status
write_and_flush(const char *path, const void *data, size_t n, mars_error *err)
{
    struct mrs_file *f;
    mars_status st = mrs_file_create(&f, path, err);

    if (st != MARS_OK)
        return st;
    st = mrs_file_append(f, data, n, err);
    if (st == MARS_OK)
        st = mrs_file_sync(f, err);
    mrs_file_close(f);
    if (st != MARS_OK)
        (void)unlink(path);
    return st;
}

/* Flush the directory that holds path. */
static mars_status
sync_parent(const char *path, mars_error *err)
{
    const char *slash = strrchr(path, '/');
    mars_status st;
    char *dir;

    if (slash == NULL)
        return mrs_dir_sync(".", err);
    dir = mrs_strndup(path, slash == path ? 1 : (size_t)(slash - path));
    if (dir == NULL)
        return mrs_nomem(err);
    st = mrs_dir_sync(dir, err);
    mrs_free(dir);
    return st;
}

mars_status
mrs_file_replace(const char *path, const void *data, size_t n, mars_error *err)
{
    char *sibling = sibling_of(path);
    mars_status st;

    if (sibling == NULL)
        return mrs_nomem(err);
    (void)unlink(sibling); /* what a process left that died here */
    st = write_and_flush(sibling, data, n, err);
    if (st != MARS_OK)
        goto out;
    if (rename(sibling, path) != 0) {
        st = mrs_os_fail(err, errno, "replacing", path);
        (void)unlink(sibling);
        goto out;
    }
    st = sync_parent(path, err);
out:
    mrs_free(sibling);
    return st;
}

/* Read on to the end, which has to come before out is over its max. Not by offsets: a pipe that
 * is named as a file, as shells do it, can be slurped too. */
static mars_status
slurp(int fd, const char *path, struct mrs_buf *out, mars_error *err)
{
    for (;;) {
        size_t room = out->max - out->len;
        uint8_t over;
        ssize_t n;
        mars_status st = mrs_buf_reserve(out, room < SLURP_STEP ? room : SLURP_STEP, err);

        if (st != MARS_OK)
            return st;
        n = room == 0 ? read(fd, &over, 1) : read(fd, out->data + out->len, out->cap - out->len);
        if (n == 0)
            return MARS_OK;
        if (n < 0 && errno != EINTR)
            return mrs_os_fail(err, errno, "reading", path);
        if (n > 0 && room == 0)
            return mrs_fail(err, MARS_ERR_CORRUPT, "%.150s is larger than %zu bytes", path,
                            out->max);
        if (n > 0)
            out->len += (size_t)n;
    }
}

mars_status
mrs_file_slurp(const char *path, struct mrs_buf *out, mars_error *err)
{
    size_t before = out->len;
    int fd = mrs_os_openat(AT_FDCWD, path, O_RDONLY | O_NOCTTY);
    mars_status st;

    if (fd < 0)
        return mrs_os_fail(err, errno, "opening", path);
    st = slurp(fd, path, out, err);
    mrs_os_close(fd);
    if (st != MARS_OK)
        out->len = before;
    return st;
}
