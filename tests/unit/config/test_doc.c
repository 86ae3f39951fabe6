#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <string.h>

#include "config/doc.h"
#include "failing_alloc.h"

static struct mrs_doc *
new_doc(void)
{
    struct mrs_doc *doc;

    assert_int_equal(mrs_doc_new(&doc, NULL), MARS_OK);
    return doc;
}

static struct mrs_doc *
parse(const char *text)
{
    struct mrs_doc *doc;

    assert_int_equal(mrs_doc_parse(&doc, text, strlen(text), NULL), MARS_OK);
    return doc;
}

static void
set_adds_and_replaces(void **state)
{
    struct mrs_doc *doc = new_doc();

    (void)state;
    assert_null(mrs_doc_get(doc, "a"));
    assert_int_equal(mrs_doc_set(doc, "a", "one", NULL), MARS_OK);
    assert_int_equal(mrs_doc_set(doc, "b", "", NULL), MARS_OK);
    assert_int_equal(mrs_doc_set(doc, "a", "two", NULL), MARS_OK);
    assert_string_equal(mrs_doc_get(doc, "a"), "two");
    assert_string_equal(mrs_doc_get(doc, "b"), "");
    assert_int_equal(mrs_doc_set_i64(doc, "a", INT64_MIN, NULL), MARS_OK);
    assert_string_equal(mrs_doc_get(doc, "a"), "-9223372036854775808");
    mrs_doc_free(doc);
    mrs_doc_free(NULL);
    assert_int_equal(failing_alloc_live(), 0);
}

static void
set_refuses_what_is_not_utf8(void **state)
{
    static const char *const wrong[] = {
        "\x80",         "\xc0\x80",     "\xc1\xbf",         "\xc3",
        "\xe0\x9f\xbf", "\xed\xa0\x80", "\xe2\x82",         "\xf0\x8f\xbf\xbf",
        "\xf4\x90\x80\x80", "\xf5\x80\x80\x80", "\xff",     "ok \xfe",
    };
    static const char *const right[] = { "\xc2\x80", "\xe0\xa0\x80", "\xed\x9f\xbf",
                                         "\xf0\x90\x80\x80", "\xf4\x8f\xbf\xbf" };
    struct mrs_doc *doc = new_doc();

    (void)state;
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        assert_int_equal(mrs_doc_set(doc, "a", wrong[i], NULL), MARS_ERR_INVALID_ARG);
        assert_int_equal(mrs_doc_set(doc, wrong[i], "a", NULL), MARS_ERR_INVALID_ARG);
    }
    assert_null(mrs_doc_get(doc, "a"));
    for (size_t i = 0; i < sizeof right / sizeof right[0]; i++)
        assert_int_equal(mrs_doc_set(doc, right[i], right[i], NULL), MARS_OK);
    mrs_doc_free(doc);
}

static void
set_keeps_to_the_limits(void **state)
{
    char key[MRS_DOC_KEY_MAX + 2], value[MRS_DOC_VALUE_MAX + 2];
    struct mrs_doc *doc = new_doc();

    (void)state;
    memset(key, 'k', sizeof key);
    memset(value, 'v', sizeof value);
    key[MRS_DOC_KEY_MAX + 1] = value[MRS_DOC_VALUE_MAX + 1] = '\0';
    assert_int_equal(mrs_doc_set(doc, "", "x", NULL), MARS_ERR_INVALID_ARG);
    assert_int_equal(mrs_doc_set(doc, key, "x", NULL), MARS_ERR_INVALID_ARG);
    assert_int_equal(mrs_doc_set(doc, "x", value, NULL), MARS_ERR_INVALID_ARG);
    key[MRS_DOC_KEY_MAX] = value[MRS_DOC_VALUE_MAX] = '\0';
    assert_int_equal(mrs_doc_set(doc, key, value, NULL), MARS_OK);
    key[3] = '\0';
    for (int i = 1; i < MRS_DOC_KEYS_MAX; i++) {
        key[0] = (char)('a' + i / 26 / 26);
        key[1] = (char)('a' + i / 26 % 26);
        key[2] = (char)('a' + i % 26);
        assert_int_equal(mrs_doc_set_i64(doc, key, i, NULL), MARS_OK);
    }
    assert_int_equal(mrs_doc_set(doc, "more", "x", NULL), MARS_ERR_INVALID_ARG);
    assert_int_equal(mrs_doc_set(doc, key, "replaced", NULL), MARS_OK);
    mrs_doc_free(doc);
}

static void
numbers_are_decimal_and_whole(void **state)
{
    static const char *const wrong[] = { "",    "-",   "+1",  "1.0", "1e3", "0x10",
                                         " 1",  "1 ",  "--1", "1_000", "yes",
                                         "9223372036854775808", "-9223372036854775809",
                                         "99999999999999999999999" };
    struct mrs_doc *doc = new_doc();
    int64_t v = 7;

    (void)state;
    assert_int_equal(mrs_doc_get_i64(doc, "n", &v, NULL), MARS_OK);
    assert_int_equal(v, 7); /* missing: untouched */
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        assert_int_equal(mrs_doc_set(doc, "n", wrong[i], NULL), MARS_OK);
        assert_int_equal(mrs_doc_get_i64(doc, "n", &v, NULL), MARS_ERR_CORRUPT);
        assert_int_equal(v, 7);
    }
    assert_int_equal(mrs_doc_set(doc, "n", "-9223372036854775808", NULL), MARS_OK);
    assert_int_equal(mrs_doc_get_i64(doc, "n", &v, NULL), MARS_OK);
    assert_true(v == INT64_MIN);
    assert_int_equal(mrs_doc_set(doc, "n", "9223372036854775807", NULL), MARS_OK);
    assert_int_equal(mrs_doc_get_i64(doc, "n", &v, NULL), MARS_OK);
    assert_true(v == INT64_MAX);
    assert_int_equal(mrs_doc_set(doc, "n", "-0", NULL), MARS_OK);
    assert_int_equal(mrs_doc_get_i64(doc, "n", &v, NULL), MARS_OK);
    assert_true(v == 0);
    mrs_doc_free(doc);
}

static void
require_wants_a_value_and_says_where(void **state)
{
    struct mrs_doc *doc = parse("store:\n  url: file:///x\n  note:\nserial: nine\ncount: 12\n");
    const char *s;
    int64_t v = 0;
    mars_error err;

    (void)state;
    assert_int_equal(mrs_doc_require(doc, "store.url", &s, &err), MARS_OK);
    assert_string_equal(s, "file:///x");
    assert_int_equal(mrs_doc_require(doc, "store.note", &s, &err), MARS_ERR_CORRUPT);
    assert_string_equal(err.message, "line 3, column 3: store.note: empty");
    assert_int_equal(mrs_doc_require(doc, "store", &s, &err), MARS_ERR_CORRUPT);
    assert_string_equal(err.message, "store: missing");
    assert_null(s);
    assert_int_equal(mrs_doc_require_i64(doc, "serial", &v, &err), MARS_ERR_CORRUPT);
    assert_string_equal(err.message, "line 4, column 1: serial: not a whole number");
    assert_int_equal(mrs_doc_require_i64(doc, "none", &v, &err), MARS_ERR_CORRUPT);
    assert_string_equal(err.message, "none: missing");
    assert_int_equal(mrs_doc_require_i64(doc, "count", &v, &err), MARS_OK);
    assert_int_equal(v, 12);
    mrs_doc_free(doc);
}

static void
unknown_names_the_first_stranger(void **state)
{
    static const char *const all[] = { "name", "exclude.*", "store.url" };
    struct mrs_doc *doc = parse("name: a\nexclude: [x, y]\nstore: {url: u, key: k}\nlast: z\n");

    (void)state;
    assert_string_equal(mrs_doc_unknown(doc, all, 3), "store.key");
    assert_string_equal(mrs_doc_unknown(doc, all, 1), "exclude.0");
    assert_string_equal(mrs_doc_unknown(doc, NULL, 0), "name");
    mrs_doc_free(doc);
    doc = parse("name: a\nexclude: [x]\n");
    assert_null(mrs_doc_unknown(doc, all, 3));
    mrs_doc_free(doc);
    doc = parse("exclude: all\n"); /* is not below "exclude." */
    assert_string_equal(mrs_doc_unknown(doc, all, 3), "exclude");
    mrs_doc_free(doc);
}

static void
set_survives_every_failing_allocation(void **state)
{
    mars_status st = MARS_ERR_NOMEM;
    size_t n;

    (void)state;
    for (n = 0; st != MARS_OK; n++) {
        struct mrs_doc *doc;

        assert_in_range(n, 0, 100);
        failing_alloc_arm(n);
        st = mrs_doc_new(&doc, NULL);
        for (int i = 0; i < 20 && st == MARS_OK; i++) {
            char key[2] = { (char)('a' + i), '\0' };

            st = mrs_doc_set(doc, key, "value", NULL);
            if (st == MARS_OK)
                st = mrs_doc_set(doc, key, "another", NULL);
        }
        assert_true(st == MARS_OK || st == MARS_ERR_NOMEM);
        mrs_doc_free(doc);
        assert_int_equal(failing_alloc_live(), 0);
    }
    failing_alloc_arm(SIZE_MAX);
    assert_true(n > 20);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(set_adds_and_replaces),
        cmocka_unit_test(set_refuses_what_is_not_utf8),
        cmocka_unit_test(set_keeps_to_the_limits),
        cmocka_unit_test(numbers_are_decimal_and_whole),
        cmocka_unit_test(require_wants_a_value_and_says_where),
        cmocka_unit_test(unknown_names_the_first_stranger),
        cmocka_unit_test(set_survives_every_failing_allocation),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
