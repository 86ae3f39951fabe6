#include "store/place.h"

#include <stdio.h>
#include <string.h>

#include "base/alloc.h"
#include "base/err.h"
#include "http/url.h"

enum { BASE_MAX = 2048 };

static bool
begins(const char *text, const char *with)
{
    return strncmp(text, with, strlen(with)) == 0;
}

/* n bytes as a text of its own. */
static mars_status
take(char **out, const char *text, size_t n, mars_error *err)
{
    *out = mrs_strndup(text, n);
    return *out != NULL ? MARS_OK : mrs_nomem(err);
}

/* What follows the container: "/a/b", "/a/b/" or nothing, as "a/b/" or "". */
static mars_status
take_prefix(struct mrs_place *p, const char *rest, size_t n, mars_error *err)
{
    char *prefix;

    while (n > 0 && *rest == '/') {
        rest++;
        n--;
    }
    while (n > 0 && rest[n - 1] == '/')
        n--;
    prefix = mrs_alloc(n + 2);
    if (prefix == NULL)
        return mrs_nomem(err);
    memcpy(prefix, rest, n);
    if (n > 0)
        prefix[n] = '/';
    p->prefix = prefix;
    return MARS_OK;
}

static bool
is_label(const char *text)
{
    size_t n = strlen(text);

    return n >= 1 && n <= 63 && strspn(text, "abcdefghijklmnopqrstuvwxyz0123456789.-_$") == n;
}

static mars_status
check_label(const char *text, const char *what, mars_error *err)
{
    return is_label(text) ? MARS_OK
                          : mrs_fail(err, MARS_ERR_INVALID_ARG,
                                     "%s: small letters, digits, \"-\" and \".\"", what);
}

/* The endpoint without "/" at its end. */
static mars_status
endpoint_of(const struct mrs_access *a, const char **text, int *n, struct mrs_url *url,
            mars_error *err)
{
    const char *endpoint = a->text[MRS_ACCESS_ENDPOINT];
    size_t len = strlen(endpoint);
    mars_status st = mrs_url_parse(endpoint, url, err);

    while (len > 0 && endpoint[len - 1] == '/')
        len--;
    if (st == MARS_OK && (url->query != NULL || len > BASE_MAX / 2))
        st = mrs_fail(err, MARS_ERR_INVALID_ARG, "is https://HOST[:PORT][/PATH]");
    *text = endpoint;
    *n = (int)len;
    return st == MARS_OK ? st : mrs_context(err, st, "endpoint");
}

/* Emulators have the account in the path; hosts of one account have it in their name. */
static mars_status
azblob_base(struct mrs_place *p, const struct mrs_access *a, mars_error *err)
{
    size_t account = strlen(p->account);
    const char *endpoint;
    struct mrs_url url;
    char base[BASE_MAX];
    mars_status st;
    int n;

    if (a->text[MRS_ACCESS_ENDPOINT] == NULL) {
        n = snprintf(base, sizeof base, "https://%s.blob.core.windows.net/%s", p->account,
                     p->bucket);
        return take(&p->base, base, (size_t)n, err);
    }
    st = endpoint_of(a, &endpoint, &n, &url, err);
    if (st != MARS_OK)
        return st;
    if (url.path_len > 1 ||
        (url.host_len > account && begins(url.host, p->account) && url.host[account] == '.'))
        n = snprintf(base, sizeof base, "%.*s/%s", n, endpoint, p->bucket);
    else
        n = snprintf(base, sizeof base, "%.*s/%s/%s", n, endpoint, p->account, p->bucket);
    return take(&p->base, base, (size_t)n, err);
}

static mars_status
azblob_url(struct mrs_place *p, mars_error *err)
{
    char url[BASE_MAX];
    int prefix = (int)strlen(p->prefix), n;

    n = snprintf(url, sizeof url, "azblob://%s/%s%s%.*s", p->account, p->bucket,
                 prefix > 0 ? "/" : "", prefix > 0 ? prefix - 1 : 0, p->prefix);
    return take(&p->url, url, (size_t)n < sizeof url ? (size_t)n : sizeof url - 1, err);
}

/* "CONTAINER[/PREFIX]", n bytes. */
static mars_status
azblob_rest(struct mrs_place *p, const char *rest, size_t n, const struct mrs_access *a,
            mars_error *err)
{
    const char *slash = memchr(rest, '/', n);
    size_t bucket = slash != NULL ? (size_t)(slash - rest) : n;
    mars_status st = take(&p->bucket, rest, bucket, err);

    if (st == MARS_OK)
        st = check_label(p->account, "account", err);
    if (st == MARS_OK)
        st = check_label(p->bucket, "container", err);
    if (st == MARS_OK)
        st = take_prefix(p, rest + bucket, n - bucket, err);
    if (st == MARS_OK)
        st = azblob_base(p, a, err);
    return st == MARS_OK ? azblob_url(p, err) : st;
}

static mars_status
parse_azblob(struct mrs_place *p, const char *rest, const struct mrs_access *a, mars_error *err)
{
    const char *slash = strchr(rest, '/');
    mars_status st;

    p->kind = MRS_PLACE_AZBLOB;
    if (slash == NULL || strchr(rest, '?') != NULL)
        return mrs_fail(err, MARS_ERR_INVALID_ARG, "is azblob://ACCOUNT/CONTAINER[/PREFIX]");
    st = take(&p->account, rest, (size_t)(slash - rest), err);
    return st == MARS_OK ? azblob_rest(p, slash + 1, strlen(slash + 1), a, err) : st;
}

/* As the portal shows it. */
static mars_status
parse_portal(struct mrs_place *p, const char *text, const struct mrs_access *a, mars_error *err)
{
    struct mrs_url url;
    mars_status st = mrs_url_parse(text, &url, err);
    size_t dot = 0;

    p->kind = MRS_PLACE_AZBLOB;
    if (st != MARS_OK)
        return st;
    while (dot < url.host_len && url.host[dot] != '.')
        dot++;
    if (!url.tls || !begins(url.host + dot, ".blob.core.") || url.path_len < 2)
        return mrs_fail(err, MARS_ERR_INVALID_ARG,
                        "is https://ACCOUNT.blob.core.windows.net/CONTAINER[/PREFIX]; for other "
                        "hosts write azblob://ACCOUNT/CONTAINER and the endpoint");
    st = take(&p->account, url.host, dot, err);
    if (st == MARS_OK && url.query != NULL && *url.query != '\0')
        st = take(&p->sas, url.query, strlen(url.query), err);
    return st == MARS_OK ? azblob_rest(p, url.path + 1, url.path_len - 1, a, err) : st;
}

/* Buckets in the host's name are AWS's own way, in the path most others'. */
static mars_status
s3_base(struct mrs_place *p, const struct mrs_access *a, mars_error *err)
{
    const char *region = a->text[MRS_ACCESS_REGION], *how = a->text[MRS_ACCESS_ADDRESSING];
    const char *endpoint;
    char aws[128], base[BASE_MAX];
    struct mrs_url url;
    bool in_host = a->text[MRS_ACCESS_ENDPOINT] == NULL && strchr(p->bucket, '.') == NULL;
    mars_status st = MARS_OK;
    int n;

    if (how != NULL && strcmp(how, "path") != 0 && strcmp(how, "host") != 0)
        return mrs_fail(err, MARS_ERR_INVALID_ARG, "addressing: is path or host");
    if (how != NULL)
        in_host = strcmp(how, "host") == 0;
    if (a->text[MRS_ACCESS_ENDPOINT] != NULL) {
        st = endpoint_of(a, &endpoint, &n, &url, err);
    } else {
        n = snprintf(aws, sizeof aws, "https://s3.%.60s.amazonaws.com",
                     region != NULL ? region : "us-east-1");
        endpoint = aws;
        st = mrs_url_parse(aws, &url, err);
    }
    if (st != MARS_OK)
        return st;
    if (in_host)
        n = snprintf(base, sizeof base, "%s://%s.%.*s", url.tls ? "https" : "http", p->bucket,
                     n - (int)(url.host - endpoint), url.host);
    else
        n = snprintf(base, sizeof base, "%.*s/%s", n, endpoint, p->bucket);
    return take(&p->base, base, (size_t)n, err);
}

static mars_status
parse_s3(struct mrs_place *p, const char *rest, const struct mrs_access *a, mars_error *err)
{
    size_t bucket = strcspn(rest, "/"), n = strlen(rest);
    mars_status st = take(&p->bucket, rest, bucket, err);

    p->kind = MRS_PLACE_S3;
    if (st == MARS_OK && (bucket == 0 || strchr(rest, '?') != NULL))
        st = mrs_fail(err, MARS_ERR_INVALID_ARG, "is s3://BUCKET[/PREFIX]");
    if (st == MARS_OK)
        st = check_label(p->bucket, "bucket", err);
    if (st == MARS_OK)
        st = take_prefix(p, rest + bucket, n - bucket, err);
    if (st == MARS_OK)
        st = s3_base(p, a, err);
    while (n > 0 && rest[n - 1] == '/')
        n--;
    return st == MARS_OK ? take(&p->url, rest - 5, n + 5, err) : st;
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
parse_file(struct mrs_place *p, const char *url, mars_error *err)
{
    const char *rest = url + strlen("file://");
    mars_status st = take(&p->url, url, strlen(url), err);

    p->kind = MRS_PLACE_FILE;
    if (st == MARS_OK && rest[0] != '/')
        return mrs_fail(err, MARS_ERR_INVALID_ARG,
                        "vault %s: a path on this machine is written file:///path", url);
    if (st == MARS_OK)
        st = take(&p->path, rest, strlen(rest), err);
    if (st == MARS_OK && !percent_decode(p->path))
        st = mrs_fail(err, MARS_ERR_INVALID_ARG,
                      "vault %s: %% begins two hex digits (write %%25 for the sign itself)", url);
    return st;
}

static mars_status
unknown_scheme(const char *url, mars_error *err)
{
    size_t n = strspn(url, "abcdefghijklmnopqrstuvwxyz0123456789+.-");

    if (n == 0 || n > 16 || url[n] != ':')
        return mrs_fail(err, MARS_ERR_INVALID_ARG,
                        "a vault URL begins with file:///, azblob:// or s3://");
    return mrs_fail(err, MARS_ERR_UNSUPPORTED,
                    "vault URL: this build has no stores of the kind %.*s:", (int)n, url);
}

mars_status
mrs_place_parse(struct mrs_place *p, const char *url, const struct mrs_access *access,
                mars_error *err)
{
    mars_status st;

    memset(p, 0, sizeof *p);
    if (begins(url, "file://"))
        return parse_file(p, url, err);
    if (strcmp(url, "memory:") == 0) {
        p->kind = MRS_PLACE_MEMORY;
        return take(&p->url, url, strlen(url), err);
    }
    if (begins(url, "custom:")) {
        p->kind = MRS_PLACE_CUSTOM;
        return take(&p->url, url, strlen(url), err);
    }
    if (begins(url, "azblob://"))
        st = parse_azblob(p, url + strlen("azblob://"), access, err);
    else if (begins(url, "s3://"))
        st = parse_s3(p, url + strlen("s3://"), access, err);
    else if (begins(url, "https://") || begins(url, "http://"))
        st = parse_portal(p, url, access, err);
    else
        return unknown_scheme(url, err);
    return st != MARS_OK && st != MARS_ERR_NOMEM ? mrs_context(err, st, "vault URL") : st;
}

void
mrs_place_free(struct mrs_place *p)
{
    if (p->sas != NULL)
        mrs_wipe(p->sas, strlen(p->sas));
    mrs_free(p->url);
    mrs_free(p->path);
    mrs_free(p->account);
    mrs_free(p->bucket);
    mrs_free(p->base);
    mrs_free(p->prefix);
    mrs_free(p->sas);
    memset(p, 0, sizeof *p);
}
