#include "store/store.h"

#include <string.h>

#include "base/alloc.h"
#include "base/err.h"
#include "store/driver.h"

enum { URL_MAX = 4096, COMPONENT_MAX = 100 };

struct mrs_store {
    char *url;
    const struct mrs_store_driver *driver;
    void *self;
};

struct mrs_upload {
    const struct mrs_store_driver *driver;
    void *impl;
    mars_status failed; /* what the first failing append said */
};

static bool
is_component(const char *s, size_t n)
{
    if (n == 0 || n > COMPONENT_MAX)
        return false;
    if (s[0] == '.' && (n == 1 || (n == 2 && s[1] == '.')))
        return false;
    for (size_t i = 0; i < n; i++)
        if (!(s[i] >= 'a' && s[i] <= 'z') && !(s[i] >= '0' && s[i] <= '9') && s[i] != '.'
            && s[i] != '_' && s[i] != '-')
            return false;
    return true;
}

static bool
is_name(const char *name, size_t len)
{
    size_t first = len;

    if (len > MRS_NAME_MAX)
        return false;
    for (size_t at = 0, end = 0; end < len; at = end + 1) {
        const char *slash = at < len ? memchr(name + at, '/', len - at) : NULL;

        end = slash != NULL ? (size_t)(slash - name) : len;
        if (!is_component(name + at, end - at))
            return false;
        if (at == 0)
            first = end;
    }
    return len > 0 && !(first == 3 && memcmp(name, "tmp", 3) == 0);
}

bool
mrs_store_name_ok(const char *name)
{
    return is_name(name, strlen(name));
}

static bool
is_prefix(const char *prefix)
{
    size_t n = strlen(prefix);

    return n == 0 || (prefix[n - 1] == '/' && is_name(prefix, n - 1));
}

/* The name itself is not shown where it may be anything. */
static mars_status
check_name(const char *name, mars_error *err)
{
    return mrs_store_name_ok(name) ? MARS_OK
                                   : mrs_fail(err, MARS_ERR_INVALID_ARG, "object name not allowed");
}

static int
hex_digit(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

/* In place, "%41" becomes "A". False for half an escape and for NUL. "?" and "#" stay what they
 * are in file names: a file URL has no query. */
static bool
percent_decode(char *s)
{
    char *to = s;

    for (; *s != '\0'; s++, to++) {
        if (*s == '%') {
            int high = hex_digit(s[1]);
            int low = high >= 0 ? hex_digit(s[2]) : -1;

            if (low < 0 || (high == 0 && low == 0))
                return false;
            *s = (char)(high * 16 + low);
            *to = *s;
            s += 2;
        } else {
            *to = *s;
        }
    }
    *to = '\0';
    return true;
}

static mars_status
open_file(struct mrs_store *s, int create, mars_error *err)
{
    const char *rest = s->url + strlen("file://");
    char *path;
    mars_status st;

    if (rest[0] != '/')
        return mrs_fail(err, MARS_ERR_INVALID_ARG,
                        "vault %s: a path on this machine is written file:///path", s->url);
    path = mrs_strndup(rest, strlen(rest));
    if (path == NULL)
        return mrs_nomem(err);
    if (!percent_decode(path))
        st = mrs_fail(err, MARS_ERR_INVALID_ARG,
                      "%% begins two hex digits (write %%25 for the sign itself)");
    else
        st = mrs_store_file_open(path, create, &s->self, &s->driver, err);
    mrs_free(path);
    return st != MARS_OK && st != MARS_ERR_NOMEM ? mrs_context(err, st, "vault %s", s->url) : st;
}

/* Shows no more of an unknown URL than its scheme: there may be a signature in it. */
static mars_status
unknown_scheme(const char *url, mars_error *err)
{
    size_t n = strspn(url, "abcdefghijklmnopqrstuvwxyz0123456789+.-");

    if (n == 0 || n > 16 || url[n] != ':')
        return mrs_fail(err, MARS_ERR_INVALID_ARG, "a vault URL begins with file:///");
    return mrs_fail(err, MARS_ERR_UNSUPPORTED,
                    "vault URL: this build has no stores of the kind %.*s:", (int)n, url);
}

mars_status
mrs_store_open(struct mrs_store **out, const char *url, int create, mars_error *err)
{
    struct mrs_store *s;
    mars_status st;

    *out = NULL;
    if (strlen(url) > URL_MAX)
        return mrs_fail(err, MARS_ERR_INVALID_ARG, "vault URL longer than %d bytes", URL_MAX);
    s = mrs_alloc(sizeof *s);
    if (s == NULL)
        return mrs_nomem(err);
    s->url = mrs_strndup(url, strlen(url));
    if (s->url == NULL)
        st = mrs_nomem(err);
    else if (strncmp(url, "file://", 7) == 0)
        st = open_file(s, create, err);
    else if (strcmp(url, "memory:") == 0)
        st = mrs_store_memory_open(&s->self, &s->driver, err);
    else
        st = unknown_scheme(url, err);
    if (st != MARS_OK)
        mrs_store_close(s);
    else
        *out = s;
    return st;
}

void
mrs_store_close(struct mrs_store *s)
{
    if (s == NULL)
        return;
    if (s->self != NULL)
        s->driver->close(s->self);
    mrs_free(s->url);
    mrs_free(s);
}

const char *
mrs_store_url(const struct mrs_store *s)
{
    return s->url;
}

bool
mrs_store_is_near(const struct mrs_store *s)
{
    return s->driver->near;
}

mars_status
mrs_store_begin(struct mrs_store *s, const uint8_t owner[16], struct mrs_upload **out,
                mars_error *err)
{
    struct mrs_upload *u;
    mars_status st;

    *out = NULL;
    u = mrs_alloc(sizeof *u);
    if (u == NULL)
        return mrs_nomem(err);
    u->driver = s->driver;
    st = s->driver->begin(s->self, owner, &u->impl, err);
    if (st != MARS_OK)
        mrs_free(u);
    else
        *out = u;
    return st;
}

mars_status
mrs_upload_append(struct mrs_upload *u, const void *data, size_t n, mars_error *err)
{
    if (u->failed != MARS_OK)
        return mrs_fail(err, u->failed, "an earlier write failed");
    if (n > 0)
        u->failed = u->driver->append(u->impl, data, n, err);
    return u->failed;
}

mars_status
mrs_upload_commit(struct mrs_upload *u, const char *name, mars_error *err)
{
    mars_status st = check_name(name, err);

    if (st == MARS_OK && u->failed != MARS_OK)
        st = mrs_fail(err, u->failed, "object %s: an earlier write failed", name);
    if (st != MARS_OK) {
        mrs_upload_abandon(u);
        return st;
    }
    st = u->driver->commit(u->impl, name, err);
    mrs_free(u);
    if (st != MARS_OK && st != MARS_ERR_NOMEM)
        return mrs_context(err, st, "object %s", name);
    return st;
}

void
mrs_upload_abandon(struct mrs_upload *u)
{
    if (u == NULL)
        return;
    u->driver->abandon(u->impl);
    mrs_free(u);
}

mars_status
mrs_store_put(struct mrs_store *s, const uint8_t owner[16], const char *name, const void *data,
              size_t n, mars_error *err)
{
    struct mrs_upload *u = NULL;
    mars_status st = check_name(name, err);

    if (st != MARS_OK)
        return st;
    st = mrs_store_begin(s, owner, &u, err);
    if (st == MARS_OK)
        st = mrs_upload_append(u, data, n, err);
    if (st == MARS_OK)
        return mrs_upload_commit(u, name, err);
    mrs_upload_abandon(u);
    return st != MARS_ERR_NOMEM ? mrs_context(err, st, "object %s", name) : st;
}

mars_status
mrs_store_rely(struct mrs_store *s, const char *name, mars_error *err)
{
    mars_status st = check_name(name, err);

    return st == MARS_OK ? s->driver->rely(s->self, name, err) : st;
}

mars_status
mrs_store_flush(struct mrs_store *s, mars_error *err)
{
    return s->driver->flush(s->self, err);
}

mars_status
mrs_store_sweep(struct mrs_store *s, const uint8_t owner[16], mars_error *err)
{
    return s->driver->sweep(s->self, owner, err);
}

mars_status
mrs_store_read(struct mrs_store *s, const char *name, uint64_t offset, void *out, size_t n,
               mars_error *err)
{
    struct mrs_object_info info;
    mars_status st = check_name(name, err);

    if (st != MARS_OK)
        return st;
    if (n > 0)
        return s->driver->read(s->self, name, offset, out, n, err);
    st = s->driver->stat(s->self, name, &info, err);
    if (st == MARS_OK && offset > info.size)
        return mrs_fail(err, MARS_ERR_CORRUPT, "object %s: ends too early", name);
    return st;
}

mars_status
mrs_store_get(struct mrs_store *s, const char *name, struct mrs_buf *out, mars_error *err)
{
    struct mrs_object_info info;
    size_t before = out->len;
    mars_status st = mrs_store_stat(s, name, &info, err);

    if (st != MARS_OK)
        return st;
    if (info.size > out->max - out->len)
        return mrs_fail(err, MARS_ERR_CORRUPT, "object %s: larger than it may be", name);
    st = mrs_buf_reserve(out, (size_t)info.size, err);
    if (st == MARS_OK && info.size > 0)
        st = mrs_store_read(s, name, 0, out->data + before, (size_t)info.size, err);
    if (st == MARS_OK)
        out->len = before + (size_t)info.size;
    return st;
}

mars_status
mrs_store_stat(struct mrs_store *s, const char *name, struct mrs_object_info *info,
               mars_error *err)
{
    mars_status st = check_name(name, err);

    if (st != MARS_OK)
        return st;
    memset(info, 0, sizeof *info);
    info->name = name;
    return s->driver->stat(s->self, name, info, err);
}

mars_status
mrs_store_list(struct mrs_store *s, const char *prefix, mrs_list_fn fn, void *user,
               mars_error *err)
{
    if (!is_prefix(prefix))
        return mrs_fail(err, MARS_ERR_INVALID_ARG, "object name prefix not allowed");
    return s->driver->list(s->self, prefix, fn, user, err);
}

mars_status
mrs_store_delete(struct mrs_store *s, const char *name, mars_error *err)
{
    mars_status st = check_name(name, err);

    return st == MARS_OK ? s->driver->remove(s->self, name, err) : st;
}
