/* Extended attributes. There are calls for a descriptor, which a link, a device or a socket does
 * not give, and calls for a path; /proc/self/fd/N/name makes a path of a handle and a name. */
#include "platform/posix/os.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/buf.h"
#include "base/err.h"

enum {
    PATH_SIZE = 2048,       /* "/proc/self/fd/" + a number + a name of any file system */
    LIST_FIRST = 1 << 10,
    LIST_MAX = 64 << 10,    /* the kernel's own limit for a list and for a value */
    VALUE_FIRST = 1 << 10,
    VALUE_MAX = 64 << 10
};

/* The path of x; false, and errno set, if there is none. */
static bool
path_of(const struct mrs_os_xattr_at *x, char path[PATH_SIZE])
{
    int n = snprintf(path, PATH_SIZE, "/proc/self/fd/%d/%s", x->at, x->name);

    if (n > 0 && n < PATH_SIZE)
        return true;
    errno = ENAMETOOLONG;
    return false;
}

/* After a call by path failed: is that because /proc is missing? Then open the name, if it is
 * a regular file or a directory, whose opening does no harm. errno stays if the answer is no. */
static bool
falls_back(struct mrs_os_xattr_at *x)
{
    int kept = errno;
    char proc[64];
    struct mrs_tree_stat st;
    int code;

    if (kept != ENOENT && kept != ENOTDIR && kept != EACCES)
        return false;
    (void)snprintf(proc, sizeof proc, "/proc/self/fd/%d", x->at);
    if (access(proc, F_OK) == 0) {
        errno = kept;
        return false;
    }
    code = mrs_os_stat(x->at, x->name, &st);
    if (code == 0 && st.kind != MRS_TREE_FILE && st.kind != MRS_TREE_DIR)
        code = ENOTSUP;
    if (code == 0) {
        x->fd = mrs_os_openat_noatime(x->at, x->name,
                                      O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY);
        return x->fd >= 0;
    }
    errno = code;
    return false;
}

/* The descriptor to use, or -1: by path. */
static int
descriptor(const struct mrs_os_xattr_at *x)
{
    return x->name == NULL ? x->at : x->fd;
}

ssize_t
mrs_os_xattr_list(struct mrs_os_xattr_at *x, char *list, size_t cap)
{
    char path[PATH_SIZE];

    if (descriptor(x) < 0) {
        ssize_t n = path_of(x, path) ? llistxattr(path, list, cap) : -1;

        if (n >= 0 || !falls_back(x))
            return n;
    }
    return flistxattr(descriptor(x), list, cap);
}

ssize_t
mrs_os_xattr_get(struct mrs_os_xattr_at *x, const char *attr, void *value, size_t cap)
{
    char path[PATH_SIZE];

    if (descriptor(x) < 0) {
        ssize_t n = path_of(x, path) ? lgetxattr(path, attr, value, cap) : -1;

        if (n >= 0 || !falls_back(x))
            return n;
    }
    return fgetxattr(descriptor(x), attr, value, cap);
}

int
mrs_os_xattr_set(struct mrs_os_xattr_at *x, const char *attr, const void *value, size_t len)
{
    char path[PATH_SIZE];

    if (descriptor(x) < 0) {
        int n = path_of(x, path) ? lsetxattr(path, attr, value, len, 0) : -1;

        if (n >= 0 || !falls_back(x))
            return n;
    }
    return fsetxattr(descriptor(x), attr, value, len, 0);
}

int
mrs_os_xattr_remove(struct mrs_os_xattr_at *x, const char *attr)
{
    char path[PATH_SIZE];

    if (descriptor(x) < 0) {
        int n = path_of(x, path) ? lremovexattr(path, attr) : -1;

        if (n >= 0 || !falls_back(x))
            return n;
    }
    return fremovexattr(descriptor(x), attr);
}

void
mrs_os_xattr_close(struct mrs_os_xattr_at *x)
{
    mrs_os_close(x->fd);
    x->fd = -1;
}

/* The names, NUL-terminated one after the other; none where the file system has no attributes. */
static mars_status
read_list(struct mrs_os_xattr_at *x, const char *label, struct mrs_buf *list, mars_error *err)
{
    char few[LIST_FIRST];
    ssize_t n = mrs_os_xattr_list(x, few, sizeof few);
    mars_status st;

    if (n >= 0)
        return mrs_buf_append(list, few, (size_t)n, err);
    if (errno == ENOTSUP || errno == ENOSYS)
        return MARS_OK;
    if (errno != ERANGE)
        return mrs_os_tree_fail(err, errno, "listing the attributes of", label);
    st = mrs_buf_reserve(list, LIST_MAX, err);
    if (st != MARS_OK)
        return st;
    n = mrs_os_xattr_list(x, (char *)list->data, LIST_MAX);
    if (n < 0)
        return mrs_os_tree_fail(err, errno, "listing the attributes of", label);
    list->len = (size_t)n;
    return MARS_OK;
}

/* The value of one attribute into value; *found = false if it may not be read, or is gone. */
static mars_status
read_value(struct mrs_os_xattr_at *x, const char *attr, struct mrs_buf *value, bool *found,
           mars_error *err)
{
    ssize_t n = -1;
    mars_status st = MARS_OK;

    *found = false;
    errno = ERANGE;
    for (size_t cap = VALUE_FIRST; n < 0 && errno == ERANGE && cap <= VALUE_MAX;
         cap = cap < VALUE_MAX ? VALUE_MAX : VALUE_MAX + 1) {
        mrs_buf_reset(value);
        st = mrs_buf_reserve(value, cap, err);
        if (st != MARS_OK)
            return st;
        n = mrs_os_xattr_get(x, attr, value->data, cap);
    }
    if (n < 0 && (errno == EPERM || errno == EACCES || errno == ENODATA || errno == ENOTSUP))
        return MARS_OK;
    if (n < 0)
        return mrs_os_tree_fail(err, errno, "reading the attribute", attr);
    value->len = (size_t)n;
    *found = true;
    return MARS_OK;
}

static mars_status
visit_all(struct mrs_os_xattr_at *x, const struct mrs_buf *list, mrs_tree_xattr_fn fn, void *user,
          mars_error *err)
{
    struct mrs_buf value = MRS_BUF_INIT(VALUE_MAX);
    mars_status st = MARS_OK;

    for (size_t at = 0; st == MARS_OK && at < list->len;) {
        const char *attr = (const char *)list->data + at;
        size_t len = strnlen(attr, list->len - at);
        bool found;

        if (len == list->len - at)
            break; /* a driver's list without its last NUL */
        at += len + 1;
        st = read_value(x, attr, &value, &found, err);
        if (st == MARS_OK && found)
            st = fn(user, attr, value.data, value.len, err);
    }
    mrs_buf_free(&value);
    return st;
}

mars_status
mrs_tree_xattrs(struct mrs_tree_dir *dir, const char *name, mrs_tree_xattr_fn fn, void *user,
                mars_error *err)
{
    struct mrs_os_xattr_at x = { dir->fd, name, -1 };
    struct mrs_buf list = MRS_BUF_INIT(LIST_MAX);
    mars_status st = name != NULL ? mrs_os_check_name(err, name) : MARS_OK;

    if (st != MARS_OK)
        return st;
    st = read_list(&x, name != NULL ? name : dir->label, &list, err);
    if (st == MARS_OK)
        st = visit_all(&x, &list, fn, user, err);
    mrs_os_xattr_close(&x);
    mrs_buf_free(&list);
    return st;
}
