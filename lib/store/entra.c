/* An application says who it is with its secret, a machine of Azure is known by where it asks from.
 * https://learn.microsoft.com/entra/identity-platform/v2-oauth2-client-creds-grant-flow
 * https://learn.microsoft.com/entra/identity/managed-identities-azure-resources/how-to-use-vm-token
 * https://learn.microsoft.com/azure/app-service/overview-managed-identity */
#include "store/entra.h"

#include <string.h>

#include "base/err.h"
#include "http/url.h"

enum { ANSWER_MAX = 64 << 10, TEXT_MAX = 32 << 10 };

static const char AUTHORITY[] = "https://login.microsoftonline.com";
static const char MANAGED[] = "http://169.254.169.254/metadata/identity/oauth2/token";
static const char RESOURCE[] = "https://storage.azure.com/";

static mars_status
add(struct mrs_buf *to, const char *text, mars_error *err)
{
    return mrs_buf_append(to, text, strlen(text), err);
}

/* "name=value", encoded, behind what separates it. */
static mars_status
add_pair(struct mrs_buf *to, const char *before, const char *name, const char *value,
         mars_error *err)
{
    mars_status st = add(to, before, err);

    if (st == MARS_OK)
        st = add(to, name, err);
    if (st == MARS_OK)
        st = add(to, "=", err);
    return st == MARS_OK ? mrs_url_encode(to, value, strlen(value), false, err) : st;
}

static mars_status
end(struct mrs_buf *text, mars_error *err)
{
    return mrs_buf_append(text, "", 1, err);
}

static mars_status
take_answer(struct mrs_token *out, const struct mrs_http_answer *a, const char *who,
            mars_error *err)
{
    char codes[MRS_TOKEN_ERROR_SIZE];
    mars_status st;

    if (a->status == 200) {
        st = mrs_token_of_azure(out, a->body.data, a->body.len, mrs_identity_now(a), err);
        return st != MARS_OK ? mrs_context(err, st, "%s", who) : st;
    }
    mrs_token_refusal(a->body.data, a->body.len, codes);
    (void)mrs_fail(err, MARS_ERR_AUTH, "%s answers %d%s", who, a->status, codes);
    if (err != NULL)
        err->http_status = a->status;
    return MARS_ERR_AUTH;
}

static mars_status
ask(struct mrs_token *out, const struct mrs_fetch *with, const struct mrs_ask *q, const char *who,
    mars_error *err)
{
    struct mrs_http_answer a = MRS_HTTP_ANSWER_INIT(ANSWER_MAX);
    mars_status st = mrs_identity_ask(with, q, &a, err);

    if (st == MARS_OK)
        st = take_answer(out, &a, who, err);
    else if (st != MARS_ERR_CANCELLED)
        st = mrs_context(err, st, "%s", who);
    mrs_http_answer_free(&a);
    return st;
}

/* "AUTHORITY/TENANT/oauth2/v2.0/token" */
static mars_status
make_token_url(struct mrs_buf *url, const struct mrs_access *a, mars_error *err)
{
    const char *authority = a->text[MRS_ACCESS_AUTHORITY], *tenant = a->text[MRS_ACCESS_TENANT];
    size_t n;
    mars_status st;

    if (authority == NULL)
        authority = AUTHORITY;
    n = strlen(authority);
    while (n > 0 && authority[n - 1] == '/')
        n--;
    st = mrs_buf_append(url, authority, n, err);
    if (st == MARS_OK)
        st = add(url, "/", err);
    if (st == MARS_OK)
        st = mrs_url_encode(url, tenant, strlen(tenant), false, err);
    if (st == MARS_OK)
        st = add(url, "/oauth2/v2.0/token", err);
    return st == MARS_OK ? end(url, err) : st;
}

static mars_status
make_form(struct mrs_buf *form, const struct mrs_access *a, mars_error *err)
{
    mars_status st = add_pair(form, "", "grant_type", "client_credentials", err);

    if (st == MARS_OK)
        st = add_pair(form, "&", "client_id", a->text[MRS_ACCESS_CLIENT_ID], err);
    if (st == MARS_OK)
        st = add_pair(form, "&", "client_secret", a->text[MRS_ACCESS_CLIENT_SECRET], err);
    if (st == MARS_OK)
        st = add_pair(form, "&", "scope", "https://storage.azure.com/.default", err);
    return st == MARS_OK ? end(form, err) : st;
}

static mars_status
fetch_by_secret(struct mrs_token *out, const struct mrs_fetch *with, mars_error *err)
{
    struct mrs_buf url = MRS_BUF_INIT(TEXT_MAX), form = MRS_BUF_INIT(TEXT_MAX);
    mars_status st = make_token_url(&url, with->access, err);

    if (st == MARS_OK)
        st = make_form(&form, with->access, err);
    if (st == MARS_OK) {
        struct mrs_ask q = { .method = "POST",
                             .url = (const char *)url.data,
                             .body = (const char *)form.data };

        st = ask(out, with, &q, "Entra", err);
    }
    mrs_buf_free(&url);
    mrs_buf_free(&form);
    return st;
}

static mars_status
make_managed_url(struct mrs_buf *url, const struct mrs_access *a, mars_error *err)
{
    const char *at = a->text[MRS_ACCESS_IDENTITY_ENDPOINT];
    const char *version =
        a->text[MRS_ACCESS_IDENTITY_HEADER] != NULL ? "2019-08-01" : "2018-02-01";
    mars_status st;

    if (at == NULL)
        at = MANAGED;
    st = add(url, at, err);
    if (st == MARS_OK)
        st = add_pair(url, strchr(at, '?') != NULL ? "&" : "?", "api-version", version, err);
    if (st == MARS_OK)
        st = add_pair(url, "&", "resource", RESOURCE, err);
    if (st == MARS_OK && a->text[MRS_ACCESS_CLIENT_ID] != NULL)
        st = add_pair(url, "&", "client_id", a->text[MRS_ACCESS_CLIENT_ID], err);
    return st == MARS_OK ? end(url, err) : st;
}

/* App Service wants its header back; a machine says that it knows whom it asks. */
static mars_status
fetch_managed(struct mrs_token *out, const struct mrs_fetch *with, mars_error *err)
{
    const char *header = with->access->text[MRS_ACCESS_IDENTITY_HEADER];
    struct mrs_buf url = MRS_BUF_INIT(TEXT_MAX);
    mars_status st = make_managed_url(&url, with->access, err);

    if (st == MARS_OK) {
        struct mrs_ask q = { .method = "GET",
                             .url = (const char *)url.data,
                             .headers = { { "X-IDENTITY-HEADER", header },
                                          { "Metadata", header == NULL ? "true" : NULL } } };

        st = ask(out, with, &q, "the managed identity", err);
    }
    mrs_buf_free(&url);
    return st;
}

mars_status
mrs_entra_open(struct mrs_identity **out, const struct mrs_access *access, mars_error *err)
{
    const char *how = access->text[MRS_ACCESS_IDENTITY];
    const char *secret = access->text[MRS_ACCESS_CLIENT_SECRET];

    *out = NULL;
    if (how != NULL && strcmp(how, "managed") != 0)
        return mrs_fail(err, MARS_ERR_INVALID_ARG, "identity: of Azure there is \"managed\"");
    if (how != NULL)
        return mrs_identity_new(out, fetch_managed, access, err);
    if (secret == NULL)
        return MARS_OK;
    if (access->text[MRS_ACCESS_TENANT] == NULL || access->text[MRS_ACCESS_CLIENT_ID] == NULL)
        return mrs_fail(err, MARS_ERR_INVALID_ARG,
                        "tenant, client id and client secret go together");
    return mrs_identity_new(out, fetch_by_secret, access, err);
}
