/* A regular file's bytes, for writing. */
#include "platform/treewrite.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/err.h"
#include "platform/posix/os.h"

mars_status
mrs_out_file_create(struct mrs_out_file **out, struct mrs_tree_dir *dir, const char *name,
                    mars_error *err)
{
    mars_status st = mrs_os_check_name(err, name);
    size_t len = strlen(name);
    struct mrs_out_file *f;

    *out = NULL;
    if (st != MARS_OK)
        return st;
    f = mrs_alloc(sizeof *f + len + 1);
    if (f == NULL)
        return mrs_nomem(err);
    memcpy(f->label, name, len);
    f->fd = mrs_os_openat(dir->fd, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_NOCTTY);
    if (f->fd < 0) {
        st = mrs_os_tree_fail(err, errno, "making", name);
        mrs_free(f);
        return st;
    }
    *out = f;
    return MARS_OK;
}

mars_status
mrs_out_file_write(struct mrs_out_file *f, uint64_t offset, const void *data, size_t n,
                   mars_error *err)
{
    int code = mrs_os_pwrite(f->fd, offset, data, n);

    return code == 0 ? MARS_OK : mrs_os_tree_fail(err, code, "writing", f->label);
}

mars_status
mrs_out_file_resize(struct mrs_out_file *f, uint64_t size, mars_error *err)
{
    if (size > INT64_MAX)
        return mrs_os_tree_fail(err, EFBIG, "setting the size of", f->label);
    while (ftruncate(f->fd, (off_t)size) != 0)
        if (errno != EINTR)
            return mrs_os_tree_fail(err, errno, "setting the size of", f->label);
    return MARS_OK;
}

mars_status
mrs_out_file_stat(struct mrs_out_file *f, struct mrs_tree_stat *st, mars_error *err)
{
    int code = mrs_os_stat(f->fd, NULL, st);

    return code == 0 ? MARS_OK : mrs_os_tree_fail(err, code, "looking at", f->label);
}

void
mrs_out_file_close(struct mrs_out_file *f)
{
    if (f == NULL)
        return;
    mrs_os_close(f->fd);
    mrs_free(f);
}
