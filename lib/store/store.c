#include "store/store.h"

#include <string.h>

#include "base/alloc.h"
#include "base/err.h"
#include "store/azblob.h"
#include "store/driver.h"
#include "store/place.h"
#include "store/s3.h"

enum { URL_MAX = 4096, COMPONENT_MAX = 100 };

struct mrs_store {
    char *url;
    const struct mrs_store_driver *driver;
    void *self;
    bool lent; /* self is another handle's */
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
        if (!((s[i] >= 'a' && s[i] <= 'z') || (s[i] >= '0' && s[i] <= '9') || s[i] == '.' ||
              s[i] == '_' || s[i] == '-'))
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

bool
mrs_store_below_ok(const char *dir, const char *name)
{
    size_t n = strlen(name);

    return dir[0] != '\0' ? strlen(dir) + n <= MRS_NAME_MAX && is_component(name, n)
                          : is_name(name, n);
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

static mars_status
open_file(struct mrs_store *s, const struct mrs_place *at, int create, mars_error *err)
{
    mars_status st = mrs_store_file_open(at->path, create, &s->self, &s->driver, err);

    return st != MARS_OK && st != MARS_ERR_NOMEM ? mrs_context(err, st, "vault %s", at->url) : st;
}

/* A signature in the URL goes before one that is said beside it. */
static mars_status
open_azblob(struct mrs_store *s, const struct mrs_place *at, const struct mrs_access *access,
            mars_error *err)
{
    struct mrs_access all = *access;

    if (at->sas != NULL) {
        all.text[MRS_ACCESS_SAS] = at->sas; /* lent */
        all.text[MRS_ACCESS_ACCOUNT_KEY] = NULL;
    }
    return mrs_store_azblob_open(at, &all, &s->self, &s->driver, err);
}

static mars_status
open_place(struct mrs_store *s, const struct mrs_place *at, int create,
           const struct mrs_access *access, mars_error *err)
{
    s->url = mrs_strndup(at->url, strlen(at->url));
    if (s->url == NULL)
        return mrs_nomem(err);
    switch (at->kind) {
    case MRS_PLACE_FILE:
        return open_file(s, at, create, err);
    case MRS_PLACE_CUSTOM:
        return mrs_store_custom_open(&access->custom, &s->self, &s->driver, err);
    case MRS_PLACE_AZBLOB:
        return open_azblob(s, at, access, err);
    case MRS_PLACE_S3:
        return mrs_store_s3_open(at, access, &s->self, &s->driver, err);
    default:
        return mrs_store_memory_open(&s->self, &s->driver, err);
    }
}

mars_status
mrs_store_open(struct mrs_store **out, const char *url, int create,
               const struct mrs_access *access, mars_error *err)
{
    static const struct mrs_access nothing;
    const struct mrs_access *how = access != NULL ? access : &nothing;
    struct mrs_place at;
    struct mrs_store *s;
    mars_status st;

    *out = NULL;
    if (strlen(url) > URL_MAX)
        return mrs_fail(err, MARS_ERR_INVALID_ARG, "vault URL longer than %d bytes", URL_MAX);
    s = mrs_alloc(sizeof *s);
    if (s == NULL)
        return mrs_nomem(err);
    st = mrs_place_parse(&at, url, how, err);
    if (st == MARS_OK)
        st = open_place(s, &at, create, how, err);
    mrs_place_free(&at);
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
    if (s->self != NULL && !s->lent)
        s->driver->close(s->self);
    mrs_free(s->url);
    mrs_free(s);
}

const char *
mrs_store_url(const struct mrs_store *s)
{
    return s->url;
}

mars_status
mrs_store_grant(struct mrs_store *s, const struct mrs_access *access, int64_t until,
                struct mrs_access *out, mars_error *err)
{
    return s->driver->grant != NULL ? s->driver->grant(s->self, access, until, out, err) : MARS_OK;
}

mars_status
mrs_store_view(struct mrs_store *s, const atomic_bool *stop, struct mrs_store **out,
               mars_error *err)
{
    struct mrs_store *v = mrs_alloc(sizeof *v);
    mars_status st = MARS_OK;

    *out = NULL;
    if (v == NULL)
        return mrs_nomem(err);
    v->driver = s->driver;
    v->url = mrs_strndup(s->url, strlen(s->url));
    v->lent = s->driver->view == NULL;
    if (v->url == NULL)
        st = mrs_nomem(err);
    else if (v->lent)
        v->self = s->self;
    else
        st = s->driver->view(s->self, stop, &v->self, err);
    if (st != MARS_OK)
        mrs_store_close(v);
    else
        *out = v;
    return st;
}

void
mrs_store_set_stage(struct mrs_store *s, const struct mrs_stage *stage)
{
    if (s->driver->stage != NULL)
        s->driver->stage(s->self, stage);
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
    mars_status st;

    if (s->driver->get != NULL) {
        st = check_name(name, err);
        return st == MARS_OK ? s->driver->get(s->self, name, out, err) : st;
    }
    st = mrs_store_stat(s, name, &info, err);
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
mrs_store_list(struct mrs_store *s, const char *prefix, enum mrs_list_what what, mrs_list_fn fn,
               void *user, mars_error *err)
{
    if (!is_prefix(prefix))
        return mrs_fail(err, MARS_ERR_INVALID_ARG, "object name prefix not allowed");
    return s->driver->list(s->self, prefix, what, fn, user, err);
}

mars_status
mrs_store_delete(struct mrs_store *s, const char *name, mars_error *err)
{
    mars_status st = check_name(name, err);

    return st == MARS_OK ? s->driver->remove(s->self, name, err) : st;
}
