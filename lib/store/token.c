#include "store/token.h"

#include <stdio.h>
#include <string.h>

#include "base/alloc.h"
#include "base/date.h"
#include "base/err.h"
#include "config/doc.h"

static void
wipe(char *text)
{
    if (text != NULL)
        mrs_wipe(text, strlen(text));
    mrs_free(text);
}

void
mrs_token_clear(struct mrs_token *t)
{
    wipe(t->bearer);
    wipe(t->key_id);
    wipe(t->secret);
    wipe(t->session);
    memset(t, 0, sizeof *t);
}

/* What is no answer at all comes from whoever is on the way, or only half of it came. */
static mars_status
no_answer(mars_status st, const mars_error *why, mars_error *err)
{
    if (st == MARS_ERR_NOMEM)
        return mrs_nomem(err);
    return mrs_fail(err, MARS_ERR_NETWORK, "not an answer with a token in it: %s", why->message);
}

/* One that must be there, and goes into a header. */
static mars_status
take(char **out, const struct mrs_doc *doc, const char *key, mars_error *err)
{
    const char *text;
    mars_status st = mrs_doc_require(doc, key, &text, err);

    for (const char *p = text; st == MARS_OK && *p != '\0'; p++)
        if (*p <= ' ' || *p > '~')
            st = mrs_doc_refuse(doc, key, "has characters in it that no token has", err);
    if (st != MARS_OK)
        return st;
    *out = mrs_strndup(text, strlen(text));
    return *out != NULL ? MARS_OK : mrs_nomem(err);
}

/* Its life in seconds; or, of some managed identities, its end only. */
static mars_status
take_life(struct mrs_token *t, const struct mrs_doc *doc, int64_t now, mars_error *err)
{
    mars_status st;

    if (mrs_doc_get(doc, "expires_in") != NULL)
        return mrs_doc_require_i64(doc, "expires_in", &t->life, err);
    st = mrs_doc_require_i64(doc, "expires_on", &t->life, err);
    if (st == MARS_OK)
        t->life = t->life > now ? t->life - now : 0;
    return st;
}

mars_status
mrs_token_of_azure(struct mrs_token *t, const void *text, size_t len, int64_t now, mars_error *err)
{
    struct mrs_doc *doc;
    mars_error why;
    mars_status st = mrs_doc_parse(&doc, text, len, &why);

    if (st == MARS_OK)
        st = take(&t->bearer, doc, "access_token", &why);
    if (st == MARS_OK)
        st = take_life(t, doc, now, &why);
    mrs_doc_free(doc);
    if (st == MARS_OK)
        return MARS_OK;
    mrs_token_clear(t);
    return no_answer(st, &why, err);
}

/* Are these letters, digits and "_" only, and few? So nothing of a request is in it. */
static bool
is_code(const char *text)
{
    size_t n = strspn(text, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_");

    return n > 0 && n < MRS_TOKEN_ERROR_SIZE / 2 && text[n] == '\0';
}

static mars_status
take_keys(struct mrs_token *t, const struct mrs_doc *doc, int64_t now, mars_error *err)
{
    const char *end;
    int64_t at;
    mars_status st = take(&t->key_id, doc, "AccessKeyId", err);

    if (st == MARS_OK)
        st = take(&t->secret, doc, "SecretAccessKey", err);
    if (st == MARS_OK)
        st = take(&t->session, doc, "Token", err);
    if (st == MARS_OK)
        st = mrs_doc_require(doc, "Expiration", &end, err);
    if (st == MARS_OK && !mrs_date_parse_parts(end, &at))
        st = mrs_doc_refuse(doc, "Expiration", "not a date", err);
    if (st == MARS_OK)
        t->life = at > now ? at - now : 0;
    return st;
}

mars_status
mrs_token_of_aws(struct mrs_token *t, const void *text, size_t len, int64_t now, mars_error *err)
{
    struct mrs_doc *doc;
    const char *code;
    mars_error why;
    mars_status st = mrs_doc_parse(&doc, text, len, &why);

    if (st != MARS_OK)
        return no_answer(st, &why, err);
    code = mrs_doc_get(doc, "Code");
    if (code != NULL && strcmp(code, "Success") != 0) {
        st = mrs_fail(err, MARS_ERR_AUTH, "the role has no keys: %s",
                      is_code(code) ? code : "for a reason of its own");
    } else {
        st = take_keys(t, doc, now, &why);
        if (st != MARS_OK)
            st = no_answer(st, &why, err);
    }
    mrs_doc_free(doc);
    if (st != MARS_OK)
        mrs_token_clear(t);
    return st;
}

void
mrs_token_refusal(const void *text, size_t len, char out[MRS_TOKEN_ERROR_SIZE])
{
    struct mrs_doc *doc = NULL;
    const char *error, *number;
    size_t n = 0;

    out[0] = '\0';
    if (mrs_doc_parse(&doc, text, len, NULL) != MARS_OK)
        return;
    error = mrs_doc_get(doc, "error");
    number = mrs_doc_item(doc, "error_codes", 0);
    if (error != NULL && is_code(error))
        n = (size_t)snprintf(out, MRS_TOKEN_ERROR_SIZE, " %s", error);
    if (number != NULL && is_code(number))
        (void)snprintf(out + n, MRS_TOKEN_ERROR_SIZE - n, " %s", number);
    mrs_doc_free(doc);
}
