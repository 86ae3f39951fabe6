#include "store/sigv4.h"

#include <stdio.h>
#include <string.h>

#include "base/alloc.h"
#include "base/date.h"
#include "base/err.h"
#include "base/hex.h"
#include "crypto/digest.h"

enum { TEXT_MAX = 32 << 10, SCOPE_MAX = 160, DAY_LEN = 8 };

void
mrs_sigv4_date(int64_t seconds, char out[MRS_SIGV4_DATE_SIZE])
{
    char iso[MRS_DATE_SIZE], *to = out;

    mrs_date_format(seconds, iso);
    for (const char *p = iso; *p != '\0'; p++)
        if (*p != '-' && *p != ':')
            *to++ = *p;
    *to = '\0';
}

static mars_status
add(struct mrs_buf *to, const char *text, mars_error *err)
{
    return mrs_buf_append(to, text, strlen(text), err);
}

static mars_status
add_line(struct mrs_buf *to, const char *text, size_t n, mars_error *err)
{
    mars_status st = mrs_buf_append(to, text, n, err);

    return st == MARS_OK ? add(to, "\n", err) : st;
}

/* "host;x-amz-date" */
static mars_status
add_names(struct mrs_buf *to, const struct mrs_sigv4 *s, mars_error *err)
{
    mars_status st = MARS_OK;

    for (size_t i = 0; st == MARS_OK && i < s->n_headers; i++) {
        st = i > 0 ? add(to, ";", err) : MARS_OK;
        if (st == MARS_OK)
            st = add(to, s->headers[i].name, err);
    }
    return st;
}

static mars_status
add_headers(struct mrs_buf *to, const struct mrs_sigv4 *s, mars_error *err)
{
    mars_status st = MARS_OK;

    for (size_t i = 0; st == MARS_OK && i < s->n_headers; i++) {
        const char *value = s->headers[i].value;

        st = add(to, s->headers[i].name, err);
        if (st == MARS_OK)
            st = add(to, ":", err);
        if (st == MARS_OK)
            st = add_line(to, value, strlen(value), err);
    }
    return st == MARS_OK ? add(to, "\n", err) : st;
}

/* SHA-256 of the canonical request, in hex. */
static mars_status
digest_request(const struct mrs_sigv4 *s, char hex[2 * MRS_DIGEST_SIZE + 1], mars_error *err)
{
    struct mrs_buf text = MRS_BUF_INIT(TEXT_MAX);
    uint8_t digest[MRS_DIGEST_SIZE];
    mars_status st = add_line(&text, s->method, strlen(s->method), err);

    if (st == MARS_OK)
        st = add_line(&text, s->path_len > 0 ? s->path : "/", s->path_len > 0 ? s->path_len : 1,
                      err);
    if (st == MARS_OK)
        st = add_line(&text, s->query, strlen(s->query), err);
    if (st == MARS_OK)
        st = add_headers(&text, s, err);
    if (st == MARS_OK)
        st = add_names(&text, s, err);
    if (st == MARS_OK)
        st = add(&text, "\n", err);
    if (st == MARS_OK)
        st = add(&text, s->payload, err);
    if (st == MARS_OK)
        st = mrs_sha256_once(text.data, text.len, digest, err);
    if (st == MARS_OK)
        mrs_hex_encode(hex, digest, sizeof digest);
    mrs_buf_free(&text);
    return st;
}

static mars_status
hmac(const void *key, size_t n, const char *text, size_t len, uint8_t out[MRS_DIGEST_SIZE],
     mars_error *err)
{
    struct mrs_hmac *h = NULL;
    mars_status st = mrs_hmac_new(&h, key, n, err);

    if (st == MARS_OK)
        st = mrs_hmac_run(h, NULL, 0, text, len, out, err);
    mrs_hmac_free(h);
    return st;
}

/* From the secret by the day, the region and the service. */
static mars_status
derive(const struct mrs_sigv4 *s, uint8_t key[MRS_DIGEST_SIZE], mars_error *err)
{
    struct mrs_buf first = MRS_BUF_INIT(TEXT_MAX);
    mars_status st = add(&first, "AWS4", err);

    if (st == MARS_OK)
        st = add(&first, s->secret, err);
    if (st == MARS_OK)
        st = hmac(first.data, first.len, s->date, DAY_LEN, key, err);
    if (st == MARS_OK)
        st = hmac(key, MRS_DIGEST_SIZE, s->region, strlen(s->region), key, err);
    if (st == MARS_OK)
        st = hmac(key, MRS_DIGEST_SIZE, s->service, strlen(s->service), key, err);
    if (st == MARS_OK)
        st = hmac(key, MRS_DIGEST_SIZE, "aws4_request", strlen("aws4_request"), key, err);
    mrs_buf_free(&first);
    return st;
}

static mars_status
signature(const struct mrs_sigv4 *s, const char *scope, char hex[2 * MRS_DIGEST_SIZE + 1],
          mars_error *err)
{
    char request[2 * MRS_DIGEST_SIZE + 1], text[SCOPE_MAX + 128];
    uint8_t key[MRS_DIGEST_SIZE], mac[MRS_DIGEST_SIZE];
    mars_status st = digest_request(s, request, err);

    if (st == MARS_OK)
        st = derive(s, key, err);
    if (st == MARS_OK) {
        int n = snprintf(text, sizeof text, "AWS4-HMAC-SHA256\n%s\n%s\n%s", s->date, scope,
                         request);

        st = hmac(key, sizeof key, text, (size_t)n, mac, err);
    }
    mrs_wipe(key, sizeof key);
    if (st == MARS_OK)
        mrs_hex_encode(hex, mac, sizeof mac);
    return st;
}

mars_status
mrs_sigv4_authorize(const struct mrs_sigv4 *s, struct mrs_buf *out, mars_error *err)
{
    char scope[SCOPE_MAX], hex[2 * MRS_DIGEST_SIZE + 1] = "";
    int n = snprintf(scope, sizeof scope, "%.8s/%s/%s/aws4_request", s->date, s->region,
                     s->service);
    mars_status st = (size_t)n < sizeof scope
                         ? signature(s, scope, hex, err)
                         : mrs_fail(err, MARS_ERR_INVALID_ARG, "the region's name is too long");

    if (st == MARS_OK)
        st = add(out, "AWS4-HMAC-SHA256 Credential=", err);
    if (st == MARS_OK)
        st = add(out, s->key_id, err);
    if (st == MARS_OK)
        st = add(out, "/", err);
    if (st == MARS_OK)
        st = add(out, scope, err);
    if (st == MARS_OK)
        st = add(out, ",SignedHeaders=", err);
    if (st == MARS_OK)
        st = add_names(out, s, err);
    if (st == MARS_OK)
        st = add(out, ",Signature=", err);
    return st == MARS_OK ? add(out, hex, err) : st;
}
