/* The bytes of a regular file, or of a block device, for reading. */
#include "platform/tree.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/err.h"
#include "platform/posix/os.h"

enum { READ_AHEAD = 1 << 20 };

/* Open and prove that it is a regular file. O_NONBLOCK keeps a fifo, which may have taken the
 * name since the caller looked, from waiting for a writer. */
static mars_status
open_regular(int *fd, struct mrs_tree_dir *dir, const char *name, mars_error *err)
{
    struct stat s;

    *fd = mrs_os_openat_noatime(dir->fd, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY);
    if (*fd < 0)
        return mrs_os_tree_fail(err, errno, "opening", name);
    if (fstat(*fd, &s) != 0)
        return mrs_os_tree_fail(err, errno, "looking at", name);
    if (!S_ISREG(s.st_mode))
        return mrs_fail(err, MARS_ERR_STATE, "%.150s is no regular file now", name);
    /* Files are opened some time before they are read: the disk can work on many at once. */
    if (s.st_size > 0)
        (void)posix_fadvise(*fd, 0, READ_AHEAD, POSIX_FADV_WILLNEED);
    return MARS_OK;
}

mars_status
mrs_tree_open_file(struct mrs_tree_file **out, struct mrs_tree_dir *dir, const char *name,
                   mars_error *err)
{
    mars_status st = mrs_os_check_name(err, name);
    size_t len = strlen(name);
    struct mrs_tree_file *f;

    *out = NULL;
    if (st != MARS_OK)
        return st;
    f = mrs_alloc(sizeof *f + len + 1);
    if (f == NULL)
        return mrs_nomem(err);
    memcpy(f->label, name, len);
    st = open_regular(&f->fd, dir, name, err);
    if (st != MARS_OK)
        mrs_tree_file_close(f);
    else
        *out = f;
    return st;
}

static mars_status
size_of(const struct mrs_tree_file *f, uint64_t *size, mars_error *err)
{
    struct stat s;
    off_t end;

    if (fstat(f->fd, &s) != 0)
        return mrs_os_tree_fail(err, errno, "looking at", f->label);
    end = S_ISBLK(s.st_mode) ? lseek(f->fd, 0, SEEK_END) : s.st_size;
    if (end < 0)
        return mrs_os_tree_fail(err, errno, "looking for the end of", f->label);
    *size = (uint64_t)end;
    return MARS_OK;
}

static mars_status
open_image(int *fd, const char *path, mars_error *err)
{
    struct stat s;

    *fd = open(path, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
    if (*fd < 0)
        return mrs_os_tree_fail(err, errno, "opening", path);
    if (fstat(*fd, &s) != 0)
        return mrs_os_tree_fail(err, errno, "looking at", path);
    return S_ISREG(s.st_mode) || S_ISBLK(s.st_mode)
               ? MARS_OK
               : mrs_fail(err, MARS_ERR_STATE, "%.150s is no file and no block device", path);
}

mars_status
mrs_tree_open_image(struct mrs_tree_file **out, const char *path, uint64_t *size, mars_error *err)
{
    size_t len = strlen(path);
    struct mrs_tree_file *f = mrs_alloc(sizeof *f + len + 1);
    mars_status st;

    *out = NULL;
    if (f == NULL)
        return mrs_nomem(err);
    memcpy(f->label, path, len);
    st = open_image(&f->fd, path, err);
    if (st == MARS_OK)
        st = size_of(f, size, err);
    if (st != MARS_OK)
        mrs_tree_file_close(f);
    else
        *out = f;
    return st;
}

mars_status
mrs_tree_file_stat(struct mrs_tree_file *f, struct mrs_tree_stat *st, mars_error *err)
{
    int code = mrs_os_stat(f->fd, NULL, st);

    return code == 0 ? MARS_OK : mrs_os_tree_fail(err, code, "looking at", f->label);
}

mars_status
mrs_tree_file_read(struct mrs_tree_file *f, uint64_t offset, void *out, size_t n, size_t *got,
                   mars_error *err)
{
    int code = mrs_os_pread(f->fd, offset, out, n, got);

    return code == 0 ? MARS_OK : mrs_os_tree_fail(err, code, "reading", f->label);
}

mars_status
mrs_tree_file_data(struct mrs_tree_file *f, uint64_t offset, uint64_t *start, uint64_t *end,
                   mars_error *err)
{
    uint64_t size = 0;
    off_t data;
    off_t hole;
    mars_status st = size_of(f, &size, err);

    *start = *end = size;
    if (st != MARS_OK || offset >= size)
        return st;
    data = lseek(f->fd, (off_t)offset, SEEK_DATA);
    if (data < 0 && errno == ENXIO)
        return MARS_OK; /* a hole up to the end */
    if (data < 0 && errno != EINVAL && errno != ENOTSUP)
        return mrs_os_tree_fail(err, errno, "looking for data in", f->label);
    hole = data >= 0 ? lseek(f->fd, data, SEEK_HOLE) : -1;
    /* The file may have been cut or grown between the calls: never past the size we report. */
    *start = data < 0 ? offset : (uint64_t)data < size ? (uint64_t)data : size;
    if (hole >= 0 && (uint64_t)hole < size)
        *end = (uint64_t)hole > *start ? (uint64_t)hole : *start;
    return MARS_OK;
}

void
mrs_tree_file_close(struct mrs_tree_file *f)
{
    if (f == NULL)
        return;
    mrs_os_close(f->fd);
    mrs_free(f);
}
