/* Azure Blob Storage in one version of its REST API, with the account's key, a shared access
 * signature or a token of Entra.
 * https://learn.microsoft.com/rest/api/storageservices/blob-service-rest-api */
#include <stdio.h>
#include <string.h>

#include "base/alloc.h"
#include "base/base64.h"
#include "base/date.h"
#include "base/err.h"
#include "http/url.h"
#include "store/azblob.h"
#include "store/entra.h"
#include "store/place.h"
#include "store/rest.h"

static const char VERSION[] = "2021-12-02";
enum { KEY_MAX = 256, TEXT_MAX = 32 << 10 };

struct auth {
    char *account;
    char *container;
    struct mrs_hmac *key; /* NULL: a signature goes with the URL, or a token with the header */
};

static void
free_auth(void *auth)
{
    struct auth *a = auth;

    if (a == NULL)
        return;
    mrs_hmac_free(a->key);
    mrs_free(a->account);
    mrs_free(a->container);
    mrs_free(a);
}

static mars_status
make_auth(struct auth **out, const struct mrs_place *at, const struct mrs_access *access,
          mars_error *err)
{
    const char *text = access->text[MRS_ACCESS_ACCOUNT_KEY];
    struct auth *a = mrs_alloc(sizeof *a);
    uint8_t key[KEY_MAX];
    size_t n = 0;
    mars_status st = MARS_OK;

    *out = NULL;
    if (a == NULL)
        return mrs_nomem(err);
    a->account = mrs_strndup(at->account, strlen(at->account));
    a->container = mrs_strndup(at->bucket, strlen(at->bucket));
    if (a->account == NULL || a->container == NULL)
        st = mrs_nomem(err);
    else if (text != NULL && !mrs_base64_decode(key, sizeof key, text, strlen(text), &n))
        st = mrs_fail(err, MARS_ERR_INVALID_ARG, "the account key is not base64");
    else if (text != NULL)
        st = mrs_hmac_new(&a->key, key, n, err);
    mrs_wipe(key, sizeof key);
    if (st != MARS_OK)
        free_auth(a);
    else
        *out = a;
    return st;
}

static mars_status
add(struct mrs_buf *to, const char *text, mars_error *err)
{
    return mrs_buf_append(to, text, strlen(text), err);
}

static const char *
header_of(const struct mrs_rest_call *c, const char *name)
{
    for (size_t i = 0; i < c->n_headers; i++)
        if (strcmp(c->headers[i].name, name) == 0)
            return c->headers[i].value;
    return "";
}

/* The standard headers, in the order in which they are signed. Date is empty: x-ms-date stands for
 * it. */
static mars_status
add_standard(struct mrs_buf *to, const struct mrs_rest_call *c, mars_error *err)
{
    static const char *const names[] = { "content-md5", "content-type", "", "if-modified-since",
                                         "if-match", "if-none-match", "if-unmodified-since",
                                         "range" };
    char length[32] = "";
    mars_status st;

    if (c->body_len > 0)
        (void)snprintf(length, sizeof length, "%llu", (unsigned long long)c->body_len);
    st = add(to, c->method, err);
    if (st == MARS_OK)
        st = add(to, "\n\n\n", err); /* encoding and language */
    if (st == MARS_OK)
        st = add(to, length, err);
    for (size_t i = 0; st == MARS_OK && i < sizeof names / sizeof names[0]; i++) {
        st = add(to, "\n", err);
        if (st == MARS_OK && names[i][0] != '\0')
            st = add(to, header_of(c, names[i]), err);
    }
    return st == MARS_OK ? add(to, "\n", err) : st;
}

/* The headers of the service, which the callers give in order. */
static mars_status
add_own(struct mrs_buf *to, const struct mrs_rest_call *c, const char *date, mars_error *err)
{
    mars_status st = MARS_OK;
    char line[512];

    for (size_t i = 0; st == MARS_OK && i < c->n_headers; i++) {
        if (strncmp(c->headers[i].name, "x-ms-", 5) != 0)
            continue;
        (void)snprintf(line, sizeof line, "%s:%s\n", c->headers[i].name, c->headers[i].value);
        st = add(to, line, err);
    }
    (void)snprintf(line, sizeof line, "x-ms-date:%s\nx-ms-version:%s\n", date, VERSION);
    return st == MARS_OK ? add(to, line, err) : st;
}

static mars_status
add_resource(struct mrs_buf *to, const struct auth *a, const struct mrs_rest_call *c,
             const char *path, mars_error *err)
{
    mars_status st = add(to, "/", err);

    if (st == MARS_OK)
        st = add(to, a->account, err);
    if (st == MARS_OK)
        st = mrs_buf_append(to, path, strcspn(path, "?"), err);
    for (size_t i = 0; st == MARS_OK && i < c->n_query; i++) {
        st = add(to, "\n", err);
        if (st == MARS_OK)
            st = add(to, c->query[i].name, err);
        if (st == MARS_OK)
            st = add(to, ":", err);
        if (st == MARS_OK)
            st = add(to, c->query[i].value, err);
    }
    return st;
}

static mars_status
authorize(const struct auth *a, const struct mrs_buf *text, struct mrs_http_headers *h,
          mars_error *err)
{
    char mac_text[MRS_BASE64_SIZE(MRS_DIGEST_SIZE)], value[256];
    uint8_t mac[MRS_DIGEST_SIZE];
    mars_status st = mrs_hmac_run(a->key, NULL, 0, text->data, text->len, mac, err);

    mrs_base64_encode(mac_text, mac, sizeof mac);
    (void)snprintf(value, sizeof value, "SharedKey %s:%s", a->account, mac_text);
    return st == MARS_OK ? mrs_http_add(h, err, "Authorization", value) : st;
}

static mars_status
add_bearer(const struct mrs_token *t, struct mrs_http_headers *h, mars_error *err)
{
    struct mrs_buf value = MRS_BUF_INIT(TEXT_MAX);
    mars_status st = add(&value, "Bearer ", err);

    if (st == MARS_OK)
        st = mrs_buf_append(&value, t->bearer, strlen(t->bearer) + 1, err);
    if (st == MARS_OK)
        st = mrs_http_add(h, err, "Authorization", (const char *)value.data);
    mrs_buf_free(&value);
    return st;
}

static mars_status
sign(struct mrs_rest *r, const struct mrs_rest_call *c, const struct mrs_rest_signing *by,
     struct mrs_http_headers *h, mars_error *err)
{
    const struct auth *a = r->auth;
    struct mrs_buf text = MRS_BUF_INIT(TEXT_MAX);
    char date[MRS_HTTP_DATE_SIZE];
    mars_status st = mrs_http_add(h, err, "x-ms-version", VERSION);

    mrs_http_date_format(by->now, date);
    if (st == MARS_OK)
        st = mrs_http_add(h, err, "x-ms-date", date);
    if (st == MARS_OK && by->token != NULL)
        return add_bearer(by->token, h, err);
    if (st != MARS_OK || a->key == NULL)
        return st;
    st = add_standard(&text, c, err);
    if (st == MARS_OK)
        st = add_own(&text, c, date, err);
    if (st == MARS_OK)
        st = add_resource(&text, a, c, by->path, err);
    if (st == MARS_OK)
        st = authorize(a, &text, h, err);
    mrs_buf_free(&text);
    return st;
}

static void
azblob_put(const struct mrs_rest *r, struct mrs_rest_call *c, const uint8_t *md5)
{
    bool pack = strstr(c->name, "/packs/data/") != NULL;

    mrs_base64_encode(c->checksum, md5, MRS_MD5_SIZE);
    mrs_rest_say(c, "content-md5", c->checksum);
    mrs_rest_say(c, "content-type", "application/octet-stream");
    if (r->tier != NULL && pack)
        mrs_rest_say(c, "x-ms-access-tier", r->tier);
    mrs_rest_say(c, "x-ms-blob-type", "BlockBlob");
}

static void
azblob_list(const struct mrs_rest *r, struct mrs_rest_call *c, const char *prefix,
            const char *marker)
{
    (void)r;
    mrs_rest_ask(c, "comp", "list");
    if (marker != NULL)
        mrs_rest_ask(c, "marker", marker);
    mrs_rest_ask(c, "maxresults", "5000");
    mrs_rest_ask(c, "prefix", prefix);
    mrs_rest_ask(c, "restype", "container");
}

static const struct mrs_rest_code codes[] = {
    { "BlobAlreadyExists", MARS_ERR_EXISTS },
    { "UnauthorizedBlobOverwrite", MARS_ERR_EXISTS }, /* by a right to create, and no more */
    { "BlobImmutableDueToPolicy", MARS_ERR_EXISTS },
    { "ConditionNotMet", MARS_ERR_EXISTS },
    { "BlobArchived", MARS_ERR_STATE }, /* put away: to be fetched first */
    { "BlobBeingRehydrated", MARS_ERR_STATE },
    { "AuthenticationFailed", MARS_ERR_AUTH },
    { "AuthorizationFailure", MARS_ERR_AUTH },
    { "InvalidAuthenticationInfo", MARS_ERR_AUTH },
    { "NoAuthenticationInformation", MARS_ERR_AUTH },
    { "ContainerBeingDeleted", MARS_ERR_NOT_FOUND },
    { "ContainerDisabled", MARS_ERR_FORBIDDEN },
    { "AccountIsDisabled", MARS_ERR_FORBIDDEN },
    { "AccountBeingCreated", MARS_ERR_NETWORK },
    { NULL, MARS_OK },
};

/* One that was not needed is not handed on. */
static mars_status
forget_identity(struct mrs_access *a, mars_error *err)
{
    mars_status st = MARS_OK;

    for (unsigned k = MRS_ACCESS_TENANT; st == MARS_OK && k <= MRS_ACCESS_IDENTITY_HEADER; k++)
        st = mrs_access_set(a, (enum mrs_access_key)k, NULL, err);
    return st;
}

/* A service SAS for the container, https://learn.microsoft.com/rest/api/storageservices/
 * create-service-sas: to read, create and list, and nothing else. */
static mars_status
grant(const struct mrs_rest *r, int64_t until, struct mrs_access *out, mars_error *err)
{
    static const char rights[] = "rcl";
    const struct auth *a = r->auth;
    const char *only = strncmp(r->base, "https:", 6) == 0 ? "https" : "https,http";
    struct mrs_buf sas = MRS_BUF_INIT(TEXT_MAX);
    char end[MRS_DATE_SIZE], text[1024], mac_text[MRS_BASE64_SIZE(MRS_DIGEST_SIZE)];
    uint8_t mac[MRS_DIGEST_SIZE];
    mars_status st;
    int n;

    if (r->identity != NULL) /* what is there cannot be made less */
        return MARS_OK;
    st = forget_identity(out, err);
    if (st != MARS_OK || a->key == NULL)
        return st == MARS_OK ? mrs_access_set(out, MRS_ACCESS_SAS, r->extra, err) : st;
    mrs_date_format(until, end);
    n = snprintf(text, sizeof text, "%s\n\n%s\n/blob/%s/%s\n\n\n%s\n%s\nc\n\n\n\n\n\n\n", rights,
                 end, a->account, a->container, only, VERSION);
    st = mrs_hmac_run(a->key, NULL, 0, text, (size_t)n, mac, err);
    mrs_base64_encode(mac_text, mac, sizeof mac);
    n = snprintf(text, sizeof text, "sv=%s&sr=c&sp=%s&se=%s&spr=%s&sig=", VERSION, rights, end,
                 only);
    if (st == MARS_OK)
        st = mrs_buf_append(&sas, text, (size_t)n, err);
    if (st == MARS_OK)
        st = mrs_url_encode(&sas, mac_text, strlen(mac_text), false, err);
    if (st == MARS_OK)
        st = mrs_buf_append(&sas, "", 1, err);
    if (st == MARS_OK)
        st = mrs_access_set(out, MRS_ACCESS_SAS, (const char *)sas.data, err);
    if (st == MARS_OK)
        st = mrs_access_set(out, MRS_ACCESS_ACCOUNT_KEY, NULL, err);
    mrs_buf_free(&sas);
    return st;
}

static const struct mrs_rest_kind kind = {
    .url_end = "",
    .md5 = true,
    .put = azblob_put,
    .list = azblob_list,
    .entry = "EnumerationResults/Blobs/Blob",
    .entry_name = "EnumerationResults/Blobs/Blob/Name",
    .entry_size = "EnumerationResults/Blobs/Blob/Properties/Content-Length",
    .entry_time = "EnumerationResults/Blobs/Blob/Properties/Last-Modified",
    .marker = "EnumerationResults/NextMarker",
    .parse_time = mrs_http_date_parse,
    .sign = sign,
    .codes = codes,
    .grant = grant,
    .free_auth = free_auth,
};

mars_status
mrs_store_azblob_open(const struct mrs_place *at, const struct mrs_access *access, void **self,
                      const struct mrs_store_driver **driver, mars_error *err)
{
    const char *key = access->text[MRS_ACCESS_ACCOUNT_KEY], *sas = access->text[MRS_ACCESS_SAS];
    struct mrs_rest *r = NULL;
    struct mrs_identity *identity = NULL;
    struct auth *auth = NULL;
    mars_status st = MARS_OK;

    if (key == NULL && sas == NULL) {
        st = mrs_entra_open(&identity, access, err);
        if (st == MARS_OK && identity == NULL)
            st = mrs_fail(err, MARS_ERR_AUTH, "account %.40s: neither a key nor a signature nor an "
                          "identity is given", at->account);
    }
    if (st == MARS_OK)
        st = make_auth(&auth, at, access, err);
    if (st != MARS_OK) {
        mrs_identity_free(identity);
        return st;
    }
    st = mrs_rest_new(&r, &kind, at, access, key == NULL ? sas : NULL, auth, identity, err);
    return st == MARS_OK ? mrs_rest_open(r, self, driver, err) : st;
}
