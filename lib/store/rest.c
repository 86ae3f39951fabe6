/* Requests to a storage service. */
#include "store/rest.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/date.h"
#include "base/err.h"
#include "http/url.h"
#include "store/place.h"
#include "store/xml.h"

enum { URL_BYTES_MAX = 16 << 10, ERROR_BODY_MAX = 64 << 10, SKEW_SECONDS = 60 };
static const char UNIT[] = "store";

static char *
copy(const char *text)
{
    return text != NULL ? mrs_strndup(text, strlen(text)) : NULL;
}

static mars_status
open_http(struct mrs_rest *r, const struct mrs_access *a, mars_error *err)
{
    struct mrs_http_options o = { .ca_file = a->text[MRS_ACCESS_CA_FILE],
                                  .pin = a->text[MRS_ACCESS_PIN],
                                  .allow_http = a->text[MRS_ACCESS_ALLOW_HTTP] != NULL,
                                  .proxy = a->text[MRS_ACCESS_PROXY],
                                  .proxy_user = a->text[MRS_ACCESS_PROXY_USER],
                                  .proxy_password = a->text[MRS_ACCESS_PROXY_PASSWORD],
                                  .no_proxy = a->text[MRS_ACCESS_NO_PROXY],
                                  .stall_ms = a->stall_ms,
                                  .limits = a->limits,
                                  .logger = a->logger };

    return mrs_http_new(&r->http, &o, err);
}

mars_status
mrs_rest_new(struct mrs_rest **out, const struct mrs_rest_kind *kind, const struct mrs_place *at,
             const struct mrs_access *access, const char *extra, void *auth,
             struct mrs_identity *identity, mars_error *err)
{
    struct mrs_rest *r = mrs_alloc(sizeof *r);
    mars_status st;

    *out = NULL;
    if (r == NULL) {
        kind->free_auth(auth);
        mrs_identity_free(identity);
        return mrs_nomem(err);
    }
    r->kind = kind;
    r->auth = auth;
    r->identity = identity;
    r->logger = access->logger;
    r->base = copy(at->base);
    r->prefix = copy(at->prefix);
    r->extra = copy(extra);
    r->tier = copy(access->text[MRS_ACCESS_TIER]);
    r->proxied = access->text[MRS_ACCESS_PROXY] != NULL;
    st = r->base != NULL && r->prefix != NULL && (r->extra != NULL) == (extra != NULL) &&
                 (r->tier != NULL) == (access->text[MRS_ACCESS_TIER] != NULL)
             ? open_http(r, access, err)
             : mrs_nomem(err);
    if (st != MARS_OK)
        mrs_rest_free(r);
    else
        *out = r;
    return st;
}

void
mrs_rest_free(struct mrs_rest *r)
{
    if (r == NULL)
        return;
    if (r->extra != NULL)
        mrs_wipe(r->extra, strlen(r->extra));
    r->kind->free_auth(r->auth);
    mrs_identity_free(r->identity);
    mrs_http_free(r->http);
    mrs_free(r->base);
    mrs_free(r->prefix);
    mrs_free(r->extra);
    mrs_free(r->tier);
    mrs_free(r);
}

void
mrs_rest_ask(struct mrs_rest_call *c, const char *name, const char *value)
{
    c->query[c->n_query++] = (struct mrs_pair){ name, value };
}

void
mrs_rest_say(struct mrs_rest_call *c, const char *name, const char *value)
{
    c->headers[c->n_headers++] = (struct mrs_pair){ name, value };
}

/* One request on its way. */
struct sending {
    struct mrs_rest *rest;
    const struct mrs_rest_call *call;
    const char *path; /* of the URL, from the host's end on, with the query */
    uint64_t serial;  /* of the token that the newest attempt was signed with */
};

static mars_status
add_text(struct mrs_buf *to, const char *text, mars_error *err)
{
    return mrs_buf_append(to, text, strlen(text), err);
}

static mars_status
add_query(const struct mrs_rest *r, const struct mrs_rest_call *c, struct mrs_buf *url,
          mars_error *err)
{
    mars_status st = MARS_OK;

    for (size_t i = 0; st == MARS_OK && i < c->n_query; i++) {
        const struct mrs_pair *q = &c->query[i];

        st = add_text(url, i == 0 ? "?" : "&", err);
        if (st == MARS_OK)
            st = mrs_url_encode(url, q->name, strlen(q->name), false, err);
        if (st == MARS_OK)
            st = add_text(url, "=", err);
        if (st == MARS_OK)
            st = mrs_url_encode(url, q->value, strlen(q->value), false, err);
    }
    if (st == MARS_OK && r->extra != NULL) {
        st = add_text(url, c->n_query == 0 ? "?" : "&", err);
        if (st == MARS_OK)
            st = add_text(url, r->extra, err);
    }
    return st;
}

static mars_status
make_url(const struct mrs_rest *r, const struct mrs_rest_call *c, struct mrs_buf *url,
         mars_error *err)
{
    mars_status st = add_text(url, r->base, err);

    if (st == MARS_OK && c->name != NULL) {
        st = add_text(url, "/", err);
        if (st == MARS_OK)
            st = mrs_url_encode(url, r->prefix, strlen(r->prefix), true, err);
        if (st == MARS_OK)
            st = mrs_url_encode(url, c->name, strlen(c->name), true, err);
    } else if (st == MARS_OK) {
        st = add_text(url, r->kind->url_end, err);
    }
    if (st == MARS_OK)
        st = add_query(r, c, url, err);
    return st == MARS_OK ? mrs_buf_append(url, "", 1, err) : st;
}

static mars_status
prepare(void *user, struct mrs_http_headers *h, mars_error *err)
{
    struct sending *s = user;
    struct mrs_rest *r = s->rest;
    struct mrs_token *token = NULL;
    struct mrs_rest_signing by = { .path = s->path };
    mars_status st = MARS_OK;

    if (r->identity != NULL)
        st = mrs_identity_borrow(r->identity, s->call->stop, &token, err);
    if (st == MARS_OK) {
        s->serial = token != NULL ? token->serial : 0;
        by.token = token;
        by.now = mrs_clock_wall().s + atomic_load(&r->skew);
        st = r->kind->sign(r, s->call, &by, h, err);
    }
    if (token != NULL)
        mrs_identity_return(r->identity, token);
    for (size_t i = 0; st == MARS_OK && i < s->call->n_headers; i++)
        st = mrs_http_add(h, err, s->call->headers[i].name, s->call->headers[i].value);
    return st;
}

/* The code and the message of an error. */
struct complaint {
    char code[64];
    char message[160];
};

static mars_status
read_complaint(void *user, const char *path, const char *text, mars_error *err)
{
    struct complaint *c = user;

    (void)err;
    if (strcmp(path, "Error/Code") == 0)
        (void)snprintf(c->code, sizeof c->code, "%s", text);
    if (strcmp(path, "Error/Message") == 0)
        (void)snprintf(c->message, sizeof c->message, "%.*s", (int)strcspn(text, "\r\n"), text);
    return MARS_OK;
}

static void
get_complaint(const struct mrs_http_answer *a, struct complaint *c)
{
    const char *code = mrs_http_header(a, "x-ms-error-code");

    memset(c, 0, sizeof *c);
    if (mrs_xml_each(a->body.data, a->body.len, read_complaint, c, NULL) != MARS_OK)
        memset(c, 0, sizeof *c);
    if (c->code[0] == '\0' && code != NULL)
        (void)snprintf(c->code, sizeof c->code, "%s", code);
}

/* Every store tells an object's tag when it took it or gives it. Something between that says yes to
 * everything must not be believed: what was never stored would be missing. */
static bool
is_strange(const struct mrs_rest_call *c, const struct mrs_http_answer *a)
{
    bool tagged = c->name != NULL && strcmp(c->method, "DELETE") != 0;

    return a->status / 100 == 2 && tagged && mrs_http_header(a, "etag") == NULL;
}

/* MARS_OK: the code says nothing to us. */
static mars_status
status_of_code(const struct mrs_rest *r, const char *code)
{
    const struct mrs_rest_code *c = r->kind->codes;

    while (c->code != NULL && strcmp(c->code, code) != 0)
        c++;
    return c->status;
}

/* Is it the token that the service does not take? An answer to HEAD has no code. */
static bool
refuses_token(const struct sending *s, const struct mrs_http_answer *a, const char *code)
{
    if (s->rest->identity == NULL || a->status / 100 != 4)
        return false;
    if (code[0] != '\0')
        return status_of_code(s->rest, code) == MARS_ERR_AUTH;
    return a->status == 401 || (a->status == 400 && strcmp(s->call->method, "HEAD") == 0);
}

/* Did something else arrive than was sent, or not all of it? */
static bool
is_garbled(const char *code)
{
    return strcmp(code, "Md5Mismatch") == 0 || strcmp(code, "BadDigest") == 0 ||
           strcmp(code, "XAmzContentSHA256Mismatch") == 0 || strcmp(code, "RequestTimeout") == 0;
}

/* A clock that is wrong makes every signature wrong; a token may end before its time; a body that
 * was damaged on its way is sent again, and so is one whose name S3 was busy with. */
static enum mrs_http_verdict
judge(void *user, const struct mrs_http_answer *a)
{
    const struct sending *s = user;
    struct complaint c;
    int64_t theirs, ours = mrs_clock_wall().s + atomic_load(&s->rest->skew);

    if (a->status == 403 && mrs_http_date(a, &theirs) && llabs(theirs - ours) > SKEW_SECONDS) {
        atomic_fetch_add(&s->rest->skew, theirs - ours);
        mrs_logf(s->rest->logger, MARS_LEVEL_WARNING, UNIT, "this machine's clock is %lld s %s the "
                 "store's: its own is signed with from now on", llabs(theirs - ours),
                 theirs > ours ? "behind" : "ahead of");
        return MRS_HTTP_AGAIN;
    }
    if (is_strange(s->call, a))
        return MRS_HTTP_STRANGE;
    if (a->status != 400 && a->status != 401 && a->status != 403 && a->status != 409)
        return MRS_HTTP_BY_STATUS;
    get_complaint(a, &c);
    if (status_of_code(s->rest, c.code) == MARS_ERR_NETWORK)
        return MRS_HTTP_LATER;
    if (refuses_token(s, a, c.code)) {
        mrs_identity_refused(s->rest->identity, s->serial);
        mrs_logf(s->rest->logger, MARS_LEVEL_INFO, UNIT, "the store does not take the token any "
                 "more");
        return MRS_HTTP_AGAIN;
    }
    if (a->status != 400 || !is_garbled(c.code))
        return MRS_HTTP_BY_STATUS;
    mrs_logf(s->rest->logger, MARS_LEVEL_WARNING, UNIT, "%s: did not arrive as it was sent, and "
             "is sent again: %s", s->call->name != NULL ? s->call->name : "", c.code);
    return MRS_HTTP_AGAIN;
}

static mars_status
status_of(int http, const char *code)
{
    switch (http) {
    case 400: /* a reason that asking again does not change: a disabled key, say */
        return code[0] != '\0' && !is_garbled(code) ? MARS_ERR_FORBIDDEN : MARS_ERR_NETWORK;
    case 401:
        return MARS_ERR_AUTH;
    case 403:
        return MARS_ERR_FORBIDDEN;
    case 404:
        return MARS_ERR_NOT_FOUND;
    case 409:
    case 412:
        return MARS_ERR_EXISTS;
    case 416:
        return MARS_ERR_CORRUPT;
    case 507:
        return MARS_ERR_QUOTA;
    default:
        return MARS_ERR_NETWORK;
    }
}

/* What the service said, without what it may have put of the request into it. */
static mars_status
refused(const struct mrs_rest *r, const struct mrs_http_answer *a, mars_error *err)
{
    struct complaint c;
    mars_status st = MARS_OK;

    get_complaint(a, &c);
    if (c.code[0] != '\0')
        st = status_of_code(r, c.code);
    if (st == MARS_OK)
        st = status_of(a->status, c.code);
    if (c.code[0] != '\0')
        (void)mrs_fail(err, st, "the store answers %d %s: %s", a->status, c.code, c.message);
    else /* some proxies answer 401 to a wrong password, not 407 */
        (void)mrs_fail(err, st, "the store%s answers %d", r->proxied ? ", or the proxy," : "",
                       a->status);
    if (err != NULL)
        err->http_status = a->status;
    return st;
}

mars_status
mrs_rest_run(struct mrs_rest *r, const struct mrs_rest_call *c, struct mrs_http_answer *answer,
             mars_error *err)
{
    struct mrs_buf url = MRS_BUF_INIT(URL_BYTES_MAX);
    struct sending s = { r, c, NULL, 0 };
    struct mrs_http_request q = { .method = c->method,
                                  .body = c->body,
                                  .file = c->file,
                                  .body_len = c->body_len,
                                  .out = c->out,
                                  .out_len = c->out_len,
                                  .stop = c->stop,
                                  .prepare = prepare,
                                  .judge = judge,
                                  .user = &s };
    mars_status st = make_url(r, c, &url, err);

    if (st == MARS_OK) {
        struct mrs_url parts;

        q.url = (const char *)url.data;
        st = mrs_url_parse(q.url, &parts, err);
        s.path = parts.path;
    }
    if (st == MARS_OK)
        st = mrs_http_perform(r->http, &q, answer, err);
    mrs_buf_free(&url);
    if (st == MARS_OK && answer->status / 100 != 2)
        st = refused(r, answer, err);
    return st;
}
