#include "config/doc.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/alloc.h"
#include "base/err.h"
#include "config/entries.h"

mars_status
mrs_doc_new(struct mrs_doc **out, mars_error *err)
{
    struct mrs_doc *doc;

    *out = NULL;
    doc = mrs_alloc(sizeof *doc);
    if (doc == NULL)
        return mrs_nomem(err);
    doc->entries = (struct mrs_vec)MRS_VEC_INIT(struct mrs_doc_entry);
    *out = doc;
    return MARS_OK;
}

static void
free_value(char *value)
{
    if (value != NULL)
        mrs_wipe(value, strlen(value));
    mrs_free(value);
}

void
mrs_doc_free(struct mrs_doc *doc)
{
    if (doc == NULL)
        return;
    for (size_t i = 0; i < doc->entries.len; i++) {
        struct mrs_doc_entry *e = mrs_vec_at(&doc->entries, i);

        mrs_free(e->key);
        free_value(e->value);
    }
    mrs_vec_free(&doc->entries);
    mrs_free(doc);
}

struct mrs_doc_entry *
mrs_doc_find(const struct mrs_doc *doc, const char *key)
{
    for (size_t i = 0; i < doc->entries.len; i++) {
        struct mrs_doc_entry *e = mrs_vec_at(&doc->entries, i);

        if (strcmp(e->key, key) == 0)
            return e;
    }
    return NULL;
}

struct mrs_doc_entry *
mrs_doc_add(struct mrs_doc *doc, const char *key, const char *value, size_t value_len)
{
    char *key_copy = mrs_strndup(key, strlen(key));
    char *value_copy = mrs_strndup(value, value_len);
    struct mrs_doc_entry *e = NULL;

    if (key_copy != NULL && value_copy != NULL)
        e = mrs_vec_add(&doc->entries);
    if (e == NULL) {
        mrs_free(key_copy);
        free_value(value_copy);
        return NULL;
    }
    e->key = key_copy;
    e->value = value_copy;
    return e;
}

const char *
mrs_doc_get(const struct mrs_doc *doc, const char *key)
{
    const struct mrs_doc_entry *e = mrs_doc_find(doc, key);

    return e != NULL ? e->value : NULL;
}

const char *
mrs_doc_item(const struct mrs_doc *doc, const char *key, size_t i)
{
    char full[MRS_DOC_KEY_MAX + 24];
    int n = snprintf(full, sizeof full, "%s.%zu", key, i);

    return n > 0 && (size_t)n < sizeof full ? mrs_doc_get(doc, full) : NULL;
}

mars_status
mrs_doc_refuse(const struct mrs_doc *doc, const char *key, const char *why, mars_error *err)
{
    const struct mrs_doc_entry *e = mrs_doc_find(doc, key);

    if (e == NULL || e->line == 0)
        return mrs_fail(err, MARS_ERR_CORRUPT, "%s: %s", key, why);
    return mrs_fail(err, MARS_ERR_CORRUPT, "line %zu, column %zu: %s: %s", e->line, e->column, key,
                    why);
}

/* Decimal digits with an optional minus sign, nothing else; false where int64_t cannot hold it. */
static bool
to_i64(const char *s, int64_t *out)
{
    bool negative = s[0] == '-';
    int64_t v = 0; /* kept negative: INT64_MIN has no positive counterpart */

    s += negative;
    if (*s == '\0')
        return false;
    for (; *s != '\0'; s++) {
        int digit = *s - '0';

        if (digit < 0 || digit > 9 || v < INT64_MIN / 10 || v * 10 < INT64_MIN + digit)
            return false;
        v = v * 10 - digit;
    }
    if (!negative && v == INT64_MIN)
        return false;
    *out = negative ? v : -v;
    return true;
}

mars_status
mrs_doc_get_i64(const struct mrs_doc *doc, const char *key, int64_t *out, mars_error *err)
{
    const char *value = mrs_doc_get(doc, key);

    if (value != NULL && !to_i64(value, out))
        return mrs_doc_refuse(doc, key, "not a whole number", err);
    return MARS_OK;
}

mars_status
mrs_doc_require(const struct mrs_doc *doc, const char *key, const char **out, mars_error *err)
{
    *out = mrs_doc_get(doc, key);
    if (*out == NULL)
        return mrs_doc_refuse(doc, key, "missing", err);
    if (**out == '\0')
        return mrs_doc_refuse(doc, key, "empty", err);
    return MARS_OK;
}

mars_status
mrs_doc_require_i64(const struct mrs_doc *doc, const char *key, int64_t *out, mars_error *err)
{
    const char *value;
    mars_status st = mrs_doc_require(doc, key, &value, err);

    return st == MARS_OK ? mrs_doc_get_i64(doc, key, out, err) : st;
}

static bool
covers(const char *known, const char *key)
{
    size_t n = strlen(known);

    if (n >= 2 && strcmp(known + n - 2, ".*") == 0)
        return strncmp(known, key, n - 1) == 0;
    return strcmp(known, key) == 0;
}

const char *
mrs_doc_unknown(const struct mrs_doc *doc, const char *const known[], size_t n)
{
    for (size_t i = 0; i < doc->entries.len; i++) {
        const struct mrs_doc_entry *e = mrs_vec_at(&doc->entries, i);
        size_t k = 0;

        while (k < n && !covers(known[k], e->key))
            k++;
        if (k == n)
            return e->key;
    }
    return NULL;
}

/* The length of the UTF-8 character at s, 0 where there is none: overlong forms, surrogates and
 * numbers above U+10FFFF do not count. */
static size_t
char_len(const char *s)
{
    const unsigned char *p = (const unsigned char *)s;
    size_t n = p[0] < 0x80 ? 1 : p[0] < 0xc2 ? 0 : p[0] < 0xe0 ? 2 : p[0] < 0xf0 ? 3 : 4;

    if (p[0] > 0xf4)
        return 0;
    for (size_t i = 1; i < n; i++)
        if ((p[i] & 0xc0) != 0x80)
            return 0;
    if ((p[0] == 0xe0 && p[1] < 0xa0) || (p[0] == 0xed && p[1] > 0x9f))
        return 0;
    if ((p[0] == 0xf0 && p[1] < 0x90) || (p[0] == 0xf4 && p[1] > 0x8f))
        return 0;
    return n;
}

static bool
is_utf8(const char *s)
{
    while (*s != '\0') {
        size_t n = char_len(s);

        if (n == 0)
            return false;
        s += n;
    }
    return true;
}

static mars_status
check_entry(const struct mrs_doc *doc, const char *key, const char *value, mars_error *err)
{
    size_t key_len = strlen(key);

    if (key_len == 0 || key_len > MRS_DOC_KEY_MAX || !is_utf8(key))
        return mrs_fail(err, MARS_ERR_INVALID_ARG, "a key is empty, too long or not UTF-8");
    if (strlen(value) > MRS_DOC_VALUE_MAX)
        return mrs_fail(err, MARS_ERR_INVALID_ARG, "%s: longer than %d bytes", key,
                        MRS_DOC_VALUE_MAX);
    if (!is_utf8(value))
        return mrs_fail(err, MARS_ERR_INVALID_ARG, "%s: not UTF-8", key);
    if (mrs_doc_find(doc, key) == NULL && doc->entries.len == MRS_DOC_KEYS_MAX)
        return mrs_fail(err, MARS_ERR_INVALID_ARG, "%s: more than %d keys", key,
                        MRS_DOC_KEYS_MAX);
    return MARS_OK;
}

static mars_status
set_entry(struct mrs_doc *doc, const char *key, const char *value, bool number, mars_error *err)
{
    mars_status st = check_entry(doc, key, value, err);
    struct mrs_doc_entry *e;
    char *copy;

    if (st != MARS_OK)
        return st;
    e = mrs_doc_find(doc, key);
    if (e == NULL) {
        e = mrs_doc_add(doc, key, value, strlen(value));
        if (e == NULL)
            return mrs_nomem(err);
    } else {
        copy = mrs_strndup(value, strlen(value));
        if (copy == NULL)
            return mrs_nomem(err);
        free_value(e->value);
        e->value = copy;
    }
    e->number = number;
    return MARS_OK;
}

mars_status
mrs_doc_set(struct mrs_doc *doc, const char *key, const char *value, mars_error *err)
{
    return set_entry(doc, key, value, false, err);
}

mars_status
mrs_doc_set_i64(struct mrs_doc *doc, const char *key, int64_t value, mars_error *err)
{
    char text[24];

    (void)snprintf(text, sizeof text, "%" PRId64, value);
    return set_entry(doc, key, text, true, err);
}
