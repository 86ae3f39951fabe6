#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "config/doc.h"
#include "failing_alloc.h"

static const char sample[] = "# a comment\n"
                             "version: 1\n"
                             "store:\n"
                             "  url: file:///srv/v\n"
                             "  access: {kind: 'none', until: \"2027-01-01\"}\n"
                             "exclude:\n"
                             "- '*.tmp'\n"
                             "- yes\n"
                             "empty: []\n"
                             "text: |\n"
                             "  two\n"
                             "  lines\n"
                             "a.b: flat\n"
                             "deep: {a: {b: {c: bottom}}}\n";

static void
nested_keys_are_joined_by_dots(void **state)
{
    static const char *const want[][2] = {
        { "version", "1" },         { "store.url", "file:///srv/v" },
        { "store.access.kind", "none" }, { "store.access.until", "2027-01-01" },
        { "exclude.0", "*.tmp" },   { "exclude.1", "yes" },
        { "text", "two\nlines\n" }, { "a.b", "flat" },
        { "deep.a.b.c", "bottom" },
    };
    struct mrs_doc *doc;

    (void)state;
    assert_int_equal(mrs_doc_parse(&doc, sample, strlen(sample), NULL), MARS_OK);
    for (size_t i = 0; i < sizeof want / sizeof want[0]; i++)
        assert_string_equal(mrs_doc_get(doc, want[i][0]), want[i][1]);
    assert_string_equal(mrs_doc_item(doc, "exclude", 1), "yes");
    assert_null(mrs_doc_item(doc, "exclude", 2));
    assert_null(mrs_doc_item(doc, "empty", 0));
    assert_null(mrs_doc_get(doc, "store"));
    mrs_doc_free(doc);
}

static void
a_text_need_not_end_with_nul(void **state)
{
    struct mrs_doc *doc;

    (void)state;
    assert_int_equal(mrs_doc_parse(&doc, "a: bcd", 5, NULL), MARS_OK);
    assert_string_equal(mrs_doc_get(doc, "a"), "bc");
    mrs_doc_free(doc);
    assert_int_equal(mrs_doc_parse(&doc, "{}", 2, NULL), MARS_OK);
    mrs_doc_free(doc);
}

static void
mistakes_are_told_with_line_and_column(void **state)
{
    static const struct {
        const char *text;
        const char *message;
    } cases[] = {
        { "", "line 1, column 1: rows of \"key: value\" expected" },
        { "just text\n", "line 1, column 1: rows of \"key: value\" expected" },
        { "- a\n- b\n", "line 1, column 1: rows of \"key: value\" expected" },
        { "a: 1\nb: 2\na: 3\n", "line 3, column 1: duplicate key" },
        { "a.b: 1\na:\n  b: 2\n", "line 3, column 3: duplicate key" },
        { "a: [x]\na.0: y\n", "line 2, column 1: duplicate key" },
        { "a: &x 1\n", "line 1, column 4: anchors are not allowed" },
        { "a: &x {b: 1}\n", "line 1, column 4: anchors are not allowed" },
        { "a: &x [b]\n", "line 1, column 4: anchors are not allowed" },
        { "a: 1\nb: *x\n", "line 2, column 4: aliases are not allowed" },
        { "*x : 1\n", "line 1, column 1: aliases are not allowed" },
        { "a: !!str 1\n", "line 1, column 4: tags are not allowed" },
        { "a: ! 1\n", "line 1, column 4: tags are not allowed" },
        { "!!map {a: 1}\n", "line 1, column 1: tags are not allowed" },
        { "a: !t [b]\n", "line 1, column 4: tags are not allowed" },
        { "%TAG ! tag:x,2000:\n---\na: 1\n", "line 1, column 1: tags are not allowed" },
        { "a: [[b]]\n", "line 1, column 5: a list may hold single values only" },
        { "a: [b: c]\n", "line 1, column 5: a list may hold single values only" },
        { "? [a]\n: b\n", "line 1, column 3: a key must be a single value" },
        { "a: {b: {c: {d: {e: 1}}}}\n", "line 1, column 16: nested too deep" },
        { "a: 1\n---\nb: 2\n", "line 2, column 1: more than one document" },
        { "a: 1\n...\nb: 2\n", "line 3, column 1: did not find expected <document start>" },
        { "a: \"x\\0y\"\n", "line 1, column 4: a value has a NUL character in it" },
        { "\"\": x\n", "line 1, column 1: a key is empty or has a NUL character in it" },
        { "\"a\\0\": x\n", "line 1, column 1: a key is empty or has a NUL character in it" },
        { "ab: 1\nc: \xff\n", "line 2, column 4: invalid leading UTF-8 octet" },
        { "a: 'x\n", "line 2, column 1: found unexpected end of stream" },
        { "a: b: c\n", "line 1, column 5: mapping values are not allowed in this context" },
        { "a:\n\t- b\n", "line 2, column 1: found character that cannot start any token" },
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct mrs_doc *doc = (void *)&doc;
        mars_error err = { 0 };

        assert_int_equal(mrs_doc_parse(&doc, cases[i].text, strlen(cases[i].text), &err),
                         MARS_ERR_CORRUPT);
        assert_string_equal(err.message, cases[i].message);
        assert_null(doc);
        assert_int_equal(failing_alloc_live(), 0);
    }
}

static void
messages_never_show_values(void **state)
{
    static const char *const texts[] = { "a: hunter2\na: hunter2\n", "a: hunter2\nb: [hunter2",
                                         "a: &hunter2 b\n", "hunter2\n", "a: \"hunter2\\q\"\n" };

    (void)state;
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        struct mrs_doc *doc;
        mars_error err;

        assert_int_equal(mrs_doc_parse(&doc, texts[i], strlen(texts[i]), &err), MARS_ERR_CORRUPT);
        assert_null(strstr(err.message, "hunter2"));
    }
}

/* before, count copies of c, after */
static char *
stretch(const char *before, char c, size_t count, const char *after)
{
    size_t a = strlen(before), b = strlen(after);
    char *text = malloc(a + count + b + 1);

    assert_non_null(text);
    memcpy(text, before, a);
    memset(text + a, c, count);
    memcpy(text + a + count, after, b + 1);
    return text;
}

static void
check_length(const char *before, size_t count, const char *after, mars_status want)
{
    char *text = stretch(before, 'x', count, after);
    struct mrs_doc *doc;

    assert_int_equal(mrs_doc_parse(&doc, text, strlen(text), NULL), want);
    mrs_doc_free(doc);
    free(text);
}

static void
sizes_have_limits(void **state)
{
    char *text = malloc(MRS_DOC_TEXT_MAX);
    struct mrs_doc *doc;
    mars_error err;
    size_t used = 0;

    (void)state;
    assert_non_null(text);
    check_length("a: ", MRS_DOC_VALUE_MAX, "\n", MARS_OK);
    check_length("a: ", MRS_DOC_VALUE_MAX + 1, "\n", MARS_ERR_CORRUPT);
    check_length("", MRS_DOC_KEY_MAX, ": 1\n", MARS_OK);
    check_length("", MRS_DOC_KEY_MAX + 1, ": 1\n", MARS_ERR_CORRUPT);
    check_length("", MRS_DOC_KEY_MAX - 2, ": {a: 1}\n", MARS_OK);
    check_length("", MRS_DOC_KEY_MAX - 1, ": {a: 1}\n", MARS_ERR_CORRUPT);
    check_length("a: 1\n#", MRS_DOC_TEXT_MAX - 6, "", MARS_OK);
    check_length("a: 1\n#", MRS_DOC_TEXT_MAX - 5, "", MARS_ERR_CORRUPT);
    for (int i = 0; i <= MRS_DOC_KEYS_MAX; i++)
        used += (size_t)snprintf(text + used, MRS_DOC_TEXT_MAX - used, "k%d: %d\n", i, i);
    assert_int_equal(mrs_doc_parse(&doc, text, used, &err), MARS_ERR_CORRUPT);
    assert_string_equal(err.message, "line 1025, column 1: too many keys");
    *strstr(text, "k1024") = '\0';
    assert_int_equal(mrs_doc_parse(&doc, text, strlen(text), &err), MARS_OK);
    mrs_doc_free(doc);
    free(text);
}

static void
deep_nesting_is_refused_whatever_its_depth(void **state)
{
    static const char kinds[] = "[{";

    (void)state;
    for (size_t k = 0; k < 2; k++)
        for (size_t depth = 5; depth <= 60000; depth = depth * 5 + 1) {
            char *text = stretch("a: ", kinds[k], depth, "");
            struct mrs_doc *doc;

            assert_int_equal(mrs_doc_parse(&doc, text, strlen(text), NULL), MARS_ERR_CORRUPT);
            free(text);
        }
    assert_int_equal(failing_alloc_live(), 0);
}

static void
damaged_texts_never_crash(void **state)
{
    char text[sizeof sample];
    uint32_t random = 1;

    (void)state;
    for (int round = 0; round < 20000; round++) {
        struct mrs_doc *doc;
        mars_status st;

        memcpy(text, sample, sizeof sample);
        for (int i = 0; i < 1 + round % 4; i++) {
            random = random * 1664525u + 1013904223u;
            text[(random >> 16) % (sizeof sample - 1)] = (char)(random >> 8);
        }
        st = mrs_doc_parse(&doc, text, sizeof sample - 1, NULL);
        assert_true(st == MARS_OK || st == MARS_ERR_CORRUPT);
        mrs_doc_free(doc);
    }
    assert_int_equal(failing_alloc_live(), 0);
}

static void
parse_survives_every_failing_allocation(void **state)
{
    mars_status st = MARS_ERR_NOMEM;
    size_t n;

    (void)state;
    for (n = 0; st != MARS_OK; n++) {
        struct mrs_doc *doc;

        assert_in_range(n, 0, 100);
        failing_alloc_arm(n);
        st = mrs_doc_parse(&doc, sample, strlen(sample), NULL);
        assert_true(st == MARS_OK || st == MARS_ERR_NOMEM);
        assert_true((st == MARS_OK) == (doc != NULL));
        mrs_doc_free(doc);
        assert_int_equal(failing_alloc_live(), 0);
    }
    failing_alloc_arm(SIZE_MAX);
    assert_true(n > 15);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nested_keys_are_joined_by_dots),
        cmocka_unit_test(a_text_need_not_end_with_nul),
        cmocka_unit_test(mistakes_are_told_with_line_and_column),
        cmocka_unit_test(messages_never_show_values),
        cmocka_unit_test(sizes_have_limits),
        cmocka_unit_test(deep_nesting_is_refused_whatever_its_depth),
        cmocka_unit_test(damaged_texts_never_crash),
        cmocka_unit_test(parse_survives_every_failing_allocation),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
