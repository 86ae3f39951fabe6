#include "platform/tree.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/err.h"
#include "platform/posix/os.h"

enum {
    CWD_FIRST = 4 << 10,
    CWD_MAX = 1 << 20
};

/* One component onto out, whose bytes from `start` on are the path so far. */
static mars_status
add_component(struct mrs_buf *out, size_t start, const char *name, size_t len, mars_error *err)
{
    mars_status st;

    if (len == 0 || (len == 1 && name[0] == '.'))
        return MARS_OK;
    if (len == 2 && name[0] == '.' && name[1] == '.') {
        while (out->len > start && out->data[--out->len] != '/')
            ;
        return MARS_OK;
    }
    st = mrs_buf_reserve(out, len + 1, err);
    if (st != MARS_OK)
        return st;
    out->data[out->len] = '/';
    memcpy(out->data + out->len + 1, name, len);
    out->len += len + 1;
    return MARS_OK;
}

static mars_status
add_path(struct mrs_buf *out, size_t start, const char *path, size_t len, mars_error *err)
{
    mars_status st = MARS_OK;

    while (st == MARS_OK && len > 0) {
        const char *slash = memchr(path, '/', len);
        size_t n = slash != NULL ? (size_t)(slash - path) : len;

        st = add_component(out, start, path, n, err);
        n += slash != NULL;
        path += n;
        len -= n;
    }
    return st;
}

static mars_status
add_working_directory(struct mrs_buf *out, size_t start, mars_error *err)
{
    mars_status st = MARS_OK;
    size_t cap = CWD_FIRST;
    char *cwd;

    for (;;) {
        cwd = mrs_alloc(cap);
        if (cwd == NULL)
            return mrs_nomem(err);
        if (getcwd(cwd, cap) != NULL)
            break;
        if ((errno != ERANGE && errno != ENAMETOOLONG) || cap >= CWD_MAX) {
            st = mrs_os_fail(err, errno, "asking for the", "working directory");
            mrs_free(cwd);
            return st;
        }
        mrs_free(cwd);
        cap *= 2;
    }
    st = add_path(out, start, cwd, strlen(cwd), err);
    mrs_free(cwd);
    return st;
}

mars_status
mrs_path_absolute(const char *path, size_t len, struct mrs_buf *out, mars_error *err)
{
    size_t start = out->len;
    mars_status st = MARS_OK;

    if (len == 0 || memchr(path, '\0', len) != NULL)
        return mrs_fail(err, MARS_ERR_INVALID_ARG,
                        len == 0 ? "a path is empty" : "a path holds a NUL byte");
    if (path[0] != '/')
        st = add_working_directory(out, start, err);
    if (st == MARS_OK)
        st = add_path(out, start, path, len, err);
    if (st == MARS_OK && out->len == start)
        st = mrs_buf_append(out, "/", 1, err);
    if (st == MARS_OK)
        st = mrs_buf_append(out, "", 1, err);
    if (st == MARS_OK)
        out->len--;
    else
        out->len = start;
    return st;
}
