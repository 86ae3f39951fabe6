/* The reading half of the REST stores. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/date.h"
#include "base/err.h"
#include "store/rest.h"

enum { ERROR_BODY_MAX = 64 << 10 };

static mars_status
rest_read(void *self, const char *name, uint64_t offset, void *out, size_t n, mars_error *err)
{
    const struct mrs_rest_view *v = self;
    struct mrs_http_answer a = MRS_HTTP_ANSWER_INIT(ERROR_BODY_MAX);
    struct mrs_rest_call c = { .method = "GET", .name = name, .out = out, .out_len = n,
                               .stop = v->stop };
    char range[64];
    mars_status st;

    (void)snprintf(range, sizeof range, "bytes=%" PRIu64 "-%" PRIu64, offset, offset + n - 1);
    mrs_rest_say(&c, "range", range);
    st = mrs_rest_run(v->rest, &c, &a, err);
    if (st == MARS_OK && (a.status != 206 || a.got != n))
        st = mrs_fail(err, MARS_ERR_CORRUPT, "ends too early");
    mrs_http_answer_free(&a);
    return st != MARS_OK ? mrs_context(err, st, "object %s", name) : st;
}

static mars_status
rest_get(void *self, const char *name, struct mrs_buf *out, mars_error *err)
{
    const struct mrs_rest_view *v = self;
    struct mrs_http_answer a = MRS_HTTP_ANSWER_INIT(out->max - out->len);
    struct mrs_rest_call c = { .method = "GET", .name = name, .stop = v->stop };
    mars_status st;

    /* An error has to be read too where next to nothing is expected. */
    if (a.body.max < ERROR_BODY_MAX)
        a.body.max = ERROR_BODY_MAX;
    st = mrs_rest_run(v->rest, &c, &a, err);
    if (st == MARS_OK && a.body.len > out->max - out->len)
        st = mrs_fail(err, MARS_ERR_CORRUPT, "larger than it may be");
    if (st == MARS_OK)
        st = mrs_buf_append(out, a.body.data, a.body.len, err);
    mrs_http_answer_free(&a);
    return st != MARS_OK ? mrs_context(err, st, "object %s", name) : st;
}

static mars_status
rest_stat(void *self, const char *name, struct mrs_object_info *info, mars_error *err)
{
    const struct mrs_rest_view *v = self;
    struct mrs_http_answer a = MRS_HTTP_ANSWER_INIT(ERROR_BODY_MAX);
    struct mrs_rest_call c = { .method = "HEAD", .name = name, .stop = v->stop };
    mars_status st = mrs_rest_run(v->rest, &c, &a, err);
    const char *size = mrs_http_header(&a, "content-length");
    const char *time = mrs_http_header(&a, "last-modified");

    if (st == MARS_OK && (size == NULL || *size < '0' || *size > '9' || time == NULL ||
                          !mrs_http_date_parse(time, &info->mtime.s)))
        st = mrs_fail(err, MARS_ERR_NETWORK, "the store does not tell its size and time");
    if (st == MARS_OK)
        info->size = strtoull(size, NULL, 10);
    mrs_http_answer_free(&a);
    return st != MARS_OK ? mrs_context(err, st, "object %s", name) : st;
}

/* Some services say yes whether there is one or not. */
static mars_status
rest_remove(void *self, const char *name, mars_error *err)
{
    const struct mrs_rest_view *v = self;
    struct mrs_http_answer a = MRS_HTTP_ANSWER_INIT(ERROR_BODY_MAX);
    struct mrs_rest_call c = { .method = "DELETE", .name = name, .stop = v->stop };
    struct mrs_object_info info = { name, 0, { 0, 0 } };
    mars_status st = rest_stat(self, name, &info, err);

    if (st != MARS_OK)
        return st;
    st = mrs_rest_run(v->rest, &c, &a, err);
    mrs_http_answer_free(&a);
    return st != MARS_OK ? mrs_context(err, st, "object %s", name) : st;
}

/* A put that was answered is durable. */
static mars_status
rest_rely(void *self, const char *name, mars_error *err)
{
    (void)self;
    (void)name;
    (void)err;
    return MARS_OK;
}

static mars_status
rest_flush(void *self, mars_error *err)
{
    (void)self;
    (void)err;
    return MARS_OK;
}

/* Uploads that died have left nothing in the store, and their files here had no names. */
static mars_status
rest_sweep(void *self, const uint8_t owner[16], mars_error *err)
{
    (void)self;
    (void)owner;
    (void)err;
    return MARS_OK;
}

static mars_status
rest_grant(void *self, const struct mrs_access *access, int64_t until, struct mrs_access *out,
           mars_error *err)
{
    const struct mrs_rest_view *v = self;
    mars_status st = mrs_access_merge(out, access, MRS_ACCESS_OF_VAULT, err);

    if (st == MARS_OK && v->rest->kind->grant != NULL)
        st = v->rest->kind->grant(v->rest, until, out, err);
    return st;
}

static void
rest_stage(void *self, const struct mrs_stage *stage)
{
    const struct mrs_rest_view *v = self;

    v->rest->stage = *stage;
}

static mars_status
rest_view(void *self, const atomic_bool *stop, void **out, mars_error *err)
{
    const struct mrs_rest_view *of = self;
    struct mrs_rest_view *v = mrs_alloc(sizeof *v);

    if (v == NULL)
        return mrs_nomem(err);
    *v = (struct mrs_rest_view){ of->rest, stop, false };
    *out = v;
    return MARS_OK;
}

static void
rest_close(void *self)
{
    struct mrs_rest_view *v = self;

    if (v->owner)
        mrs_rest_free(v->rest);
    mrs_free(v);
}

const struct mrs_store_driver mrs_rest_driver = {
    .begin = mrs_rest_begin,
    .append = mrs_rest_append,
    .commit = mrs_rest_commit,
    .abandon = mrs_rest_abandon,
    .rely = rest_rely,
    .flush = rest_flush,
    .sweep = rest_sweep,
    .read = rest_read,
    .get = rest_get,
    .stat = rest_stat,
    .list = mrs_rest_list,
    .remove = rest_remove,
    .grant = rest_grant,
    .stage = rest_stage,
    .view = rest_view,
    .close = rest_close,
};

mars_status
mrs_rest_open(struct mrs_rest *r, void **self, const struct mrs_store_driver **driver,
              mars_error *err)
{
    struct mrs_rest_view *v = mrs_alloc(sizeof *v);

    if (v == NULL) {
        mrs_rest_free(r);
        return mrs_nomem(err);
    }
    *v = (struct mrs_rest_view){ r, NULL, true };
    *self = v;
    *driver = &mrs_rest_driver;
    return MARS_OK;
}
