/* S3's REST API, https://docs.aws.amazon.com/AmazonS3/latest/API/, of AWS and of others. */
#include <stdio.h>
#include <string.h>

#include "base/alloc.h"
#include "base/date.h"
#include "base/err.h"
#include "base/hex.h"
#include "http/url.h"
#include "store/place.h"
#include "store/rest.h"
#include "store/role.h"
#include "store/s3.h"
#include "store/sigv4.h"

enum { VALUE_MAX = 2048, HOST_MAX = 300 };

static const char REGION[] = "us-east-1";
static const char NO_BODY[] = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

struct auth {
    char *key_id; /* NULL: a role's are asked for */
    char *secret;
    char *token;  /* of a session, or NULL */
    char *region;
    char host[HOST_MAX]; /* as the header Host has it */
};

static void
wipe(char *text)
{
    if (text != NULL)
        mrs_wipe(text, strlen(text));
    mrs_free(text);
}

static void
free_auth(void *auth)
{
    struct auth *a = auth;

    if (a == NULL)
        return;
    wipe(a->key_id);
    wipe(a->secret);
    wipe(a->token);
    mrs_free(a->region);
    mrs_free(a);
}

/* Without the port that goes with the scheme: so it is sent. */
static mars_status
host_of(const char *base, char out[HOST_MAX], mars_error *err)
{
    struct mrs_url url;
    mars_status st = mrs_url_parse(base, &url, err);
    const char *standard = url.tls ? ":443" : ":80";
    size_t n = strlen(standard);

    if (st != MARS_OK)
        return st;
    if (url.host_len > n && memcmp(url.host + url.host_len - n, standard, n) == 0)
        url.host_len -= n;
    if (url.host_len >= HOST_MAX)
        return mrs_fail(err, MARS_ERR_INVALID_ARG, "the endpoint's host name is too long");
    memcpy(out, url.host, url.host_len);
    out[url.host_len] = '\0';
    return MARS_OK;
}

static char *
copy(const char *text)
{
    return text != NULL ? mrs_strndup(text, strlen(text)) : NULL;
}

static mars_status
make_auth(struct auth **out, const struct mrs_place *at, const struct mrs_access *access,
          mars_error *err)
{
    const char *region = access->text[MRS_ACCESS_REGION];
    const char *key = access->text[MRS_ACCESS_KEY_ID];
    const char *secret = access->text[MRS_ACCESS_SECRET_KEY];
    const char *token = access->text[MRS_ACCESS_SESSION_TOKEN];
    struct auth *a = mrs_alloc(sizeof *a);
    mars_status st;

    *out = NULL;
    if (a == NULL)
        return mrs_nomem(err);
    a->key_id = copy(key);
    a->secret = copy(secret);
    a->token = copy(token);
    a->region = copy(region != NULL ? region : REGION);
    st = (a->key_id != NULL) == (key != NULL) && (a->secret != NULL) == (secret != NULL) &&
                 (a->token != NULL) == (token != NULL) && a->region != NULL
             ? host_of(at->base, a->host, err)
             : mrs_nomem(err);
    if (st != MARS_OK)
        free_auth(a);
    else
        *out = a;
    return st;
}

/* All headers of the service have to be signed. */
static size_t
signed_headers(const char *host, const struct mrs_rest_call *c, const struct mrs_sigv4 *s,
               const char *token, struct mrs_sigv4_header out[MRS_REST_PAIRS_MAX + 4])
{
    size_t n = 0;

    out[n++] = (struct mrs_sigv4_header){ "host", host };
    out[n++] = (struct mrs_sigv4_header){ "x-amz-content-sha256", s->payload };
    out[n++] = (struct mrs_sigv4_header){ "x-amz-date", s->date };
    if (token != NULL)
        out[n++] = (struct mrs_sigv4_header){ "x-amz-security-token", token };
    for (size_t i = 0; i < c->n_headers; i++) {
        size_t at = n;

        if (strncmp(c->headers[i].name, "x-amz-", 6) != 0)
            continue;
        for (; at > 0 && strcmp(out[at - 1].name, c->headers[i].name) > 0; at--)
            out[at] = out[at - 1];
        out[at] = (struct mrs_sigv4_header){ c->headers[i].name, c->headers[i].value };
        n++;
    }
    return n;
}

static mars_status
sign(struct mrs_rest *r, const struct mrs_rest_call *c, const struct mrs_rest_signing *by,
     struct mrs_http_headers *h, mars_error *err)
{
    const struct auth *a = r->auth;
    const struct mrs_token *t = by->token;
    const char *path = by->path, *token = t != NULL ? t->session : a->token;
    struct mrs_sigv4_header headers[MRS_REST_PAIRS_MAX + 4];
    struct mrs_buf value = MRS_BUF_INIT(VALUE_MAX);
    char date[MRS_SIGV4_DATE_SIZE], payload[2 * MRS_DIGEST_SIZE + 1];
    size_t path_len = strcspn(path, "?");
    struct mrs_sigv4 s = { t != NULL ? t->key_id : a->key_id, t != NULL ? t->secret : a->secret,
                           a->region, "s3", c->method, path, path_len,
                           path[path_len] == '?' ? path + path_len + 1 : "",
                           headers, 0, payload, date };
    mars_status st;

    mrs_sigv4_date(by->now, date);
    if (strcmp(c->method, "PUT") == 0)
        mrs_hex_encode(payload, c->sha256, sizeof c->sha256);
    else
        memcpy(payload, NO_BODY, sizeof payload);
    s.n_headers = signed_headers(a->host, c, &s, token, headers);
    st = mrs_sigv4_authorize(&s, &value, err);
    if (st == MARS_OK)
        st = mrs_buf_append(&value, "", 1, err);
    if (st == MARS_OK)
        st = mrs_http_add(h, err, "Authorization", (const char *)value.data);
    if (st == MARS_OK)
        st = mrs_http_add(h, err, "x-amz-content-sha256", payload);
    if (st == MARS_OK)
        st = mrs_http_add(h, err, "x-amz-date", date);
    if (st == MARS_OK && token != NULL)
        st = mrs_http_add(h, err, "x-amz-security-token", token);
    mrs_buf_free(&value);
    return st;
}

static void
s3_put(const struct mrs_rest *r, struct mrs_rest_call *c, const uint8_t *md5)
{
    bool pack = strstr(c->name, "/packs/data/") != NULL;

    (void)md5;
    mrs_base64_encode(c->checksum, c->sha256, sizeof c->sha256);
    mrs_rest_say(c, "content-type", "application/octet-stream");
    mrs_rest_say(c, "x-amz-checksum-sha256", c->checksum);
    if (r->tier != NULL && pack)
        mrs_rest_say(c, "x-amz-storage-class", r->tier);
}

static void
s3_list(const struct mrs_rest *r, struct mrs_rest_call *c, const char *prefix, const char *marker)
{
    (void)r;
    if (marker != NULL)
        mrs_rest_ask(c, "continuation-token", marker);
    mrs_rest_ask(c, "list-type", "2");
    mrs_rest_ask(c, "max-keys", "1000");
    mrs_rest_ask(c, "prefix", prefix);
}

static const struct mrs_rest_code codes[] = {
    { "InvalidAccessKeyId", MARS_ERR_AUTH },
    { "SignatureDoesNotMatch", MARS_ERR_AUTH },
    { "ExpiredToken", MARS_ERR_AUTH },
    { "InvalidToken", MARS_ERR_AUTH },
    { "TokenRefreshRequired", MARS_ERR_AUTH },
    { "RequestTimeTooSkewed", MARS_ERR_AUTH },
    { "AuthorizationHeaderMalformed", MARS_ERR_INVALID_ARG }, /* another region */
    { "PermanentRedirect", MARS_ERR_INVALID_ARG },
    { "InvalidStorageClass", MARS_ERR_INVALID_ARG },
    { "InvalidObjectState", MARS_ERR_STATE }, /* put away: to be fetched first */
    { "QuotaExceeded", MARS_ERR_QUOTA },
    { "ConditionalRequestConflict", MARS_ERR_NETWORK }, /* the name was busy */
    { NULL, MARS_OK },
};

static const struct mrs_rest_kind kind = {
    .url_end = "/",
    .md5 = false,
    .put = s3_put,
    .list = s3_list,
    .entry = "ListBucketResult/Contents",
    .entry_name = "ListBucketResult/Contents/Key",
    .entry_size = "ListBucketResult/Contents/Size",
    .entry_time = "ListBucketResult/Contents/LastModified",
    .marker = "ListBucketResult/NextContinuationToken",
    .parse_time = mrs_date_parse_parts,
    .sign = sign,
    .codes = codes,
    .free_auth = free_auth,
};

mars_status
mrs_store_s3_open(const struct mrs_place *at, const struct mrs_access *access, void **self,
                  const struct mrs_store_driver **driver, mars_error *err)
{
    struct mrs_rest *r = NULL;
    struct mrs_identity *identity = NULL;
    struct auth *auth = NULL;
    mars_status st = MARS_OK;

    if (access->text[MRS_ACCESS_KEY_ID] == NULL || access->text[MRS_ACCESS_SECRET_KEY] == NULL) {
        st = mrs_role_open(&identity, access, err);
        if (st == MARS_OK && identity == NULL)
            st = mrs_fail(err, MARS_ERR_AUTH, "bucket %.60s: neither an access key nor a role is "
                          "given", at->bucket);
    }
    if (st == MARS_OK)
        st = make_auth(&auth, at, access, err);
    if (st != MARS_OK) {
        mrs_identity_free(identity);
        return st;
    }
    st = mrs_rest_new(&r, &kind, at, access, NULL, auth, identity, err);
    return st == MARS_OK ? mrs_rest_open(r, self, driver, err) : st;
}
