#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
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

static void
the_text_is_flat_quoted_and_in_order(void **state)
{
    struct mrs_buf out = MRS_BUF_INIT(1000);
    struct mrs_doc *doc = new_doc();
    static const char want[] = "before\n"
                               "vault.id: \"00ff\"\n"
                               "count: -12\n"
                               "a: \"yes\"\n"
                               "\"no\": \"\"\n";

    (void)state;
    assert_int_equal(mrs_buf_append(&out, "before\n", 7, NULL), MARS_OK);
    assert_int_equal(mrs_doc_set(doc, "vault.id", "00ff", NULL), MARS_OK);
    assert_int_equal(mrs_doc_set_i64(doc, "count", -12, NULL), MARS_OK);
    assert_int_equal(mrs_doc_set(doc, "a", "yes", NULL), MARS_OK);
    assert_int_equal(mrs_doc_set(doc, "no", "", NULL), MARS_OK);
    assert_int_equal(mrs_doc_write(doc, &out, NULL), MARS_OK);
    assert_int_equal(out.len, strlen(want));
    assert_memory_equal(out.data, want, out.len);
    mrs_buf_free(&out);
    mrs_doc_free(doc);
}

static void
check_round_trip(const char *key, const char *value)
{
    struct mrs_buf out = MRS_BUF_INIT(100000);
    struct mrs_doc *doc = new_doc(), *back;

    assert_int_equal(mrs_doc_set(doc, key, value, NULL), MARS_OK);
    assert_int_equal(mrs_doc_set(doc, "~last", value, NULL), MARS_OK);
    assert_int_equal(mrs_doc_write(doc, &out, NULL), MARS_OK);
    assert_int_equal(mrs_doc_parse(&back, out.data, out.len, NULL), MARS_OK);
    assert_non_null(mrs_doc_get(back, key));
    assert_string_equal(mrs_doc_get(back, key), value);
    assert_string_equal(mrs_doc_get(back, "~last"), value);
    mrs_doc_free(back);
    mrs_doc_free(doc);
    mrs_buf_free(&out);
}

static void
awkward_strings_read_back_alike(void **state)
{
    static const char *const texts[] = {
        "yes",       "1e3",      "~",         "null",          "0x10",     "-",
        "- a",       "a: b",     "#",         "a #b",          "&a",       "*a",
        "!a",        "%a",       "@a",        "'",             "\"",       "\\",
        " lead",     "trail ",   "\n",        "a\nb",          "a\n",      "\na\n\n",
        "\r\n",      "\t",       "a\tb",      "[a]",           "{a: b}",   "?",
        "? a",       "|",        ">",         "---",           "...",      "\x01\x02\x1f\x7f",
        "\xc2\x85",  "\xe2\x80\xa8", "\xef\xbb\xbf", "\xef\xbf\xbe", "\xc2\xa0", "\xc3\xbc",
        "\xf0\x9f\x92\xbe", "\xf4\x8f\xbf\xbf", "C:\\Users\\x", "<<", "=", "a  b   c",
    };

    (void)state;
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        check_round_trip("value", texts[i]);
        check_round_trip(texts[i], texts[i]);
    }
    check_round_trip("empty", "");
}

static void
long_strings_read_back_alike(void **state)
{
    char text[MRS_DOC_VALUE_MAX + 1];

    (void)state;
    for (size_t i = 0; i < MRS_DOC_VALUE_MAX; i++)
        text[i] = " ab c\n\\\"x"[i % 10];
    text[MRS_DOC_VALUE_MAX] = '\0';
    check_round_trip("long", text);
    text[MRS_DOC_KEY_MAX] = '\0';
    check_round_trip(text, "long key");
    memset(text, ' ', MRS_DOC_VALUE_MAX);
    text[MRS_DOC_VALUE_MAX] = '\0';
    check_round_trip("blanks", text);
    text[MRS_DOC_KEY_MAX] = '\0';
    check_round_trip(text, "blank key");
}

/* Every character but NUL and the surrogates, many in one value. */
static void
every_character_reads_back_alike(void **state)
{
    char text[4 * 256 + 1];

    (void)state;
    for (uint32_t block = 0; block < 0x110000; block += 256) {
        size_t n = 0;

        if ((block >= 0xd800 && block < 0xe000) || (block > 0x3ff00 && block < 0x100000))
            continue; /* no characters, and planes that are all alike */
        for (uint32_t c = block + (block == 0); c < block + 256; c++) {
            if (c >= 0x10000)
                text[n++] = (char)(0xf0 | c >> 18);
            if (c >= 0x800)
                text[n++] = (char)(c >= 0x10000 ? 0x80 | (c >> 12 & 0x3f) : 0xe0 | c >> 12);
            if (c >= 0x80)
                text[n++] = (char)(c >= 0x800 ? 0x80 | (c >> 6 & 0x3f) : 0xc0 | c >> 6);
            text[n++] = (char)(c >= 0x80 ? 0x80 | (c & 0x3f) : c);
        }
        text[n] = '\0';
        check_round_trip("v", text);
    }
}

static void
an_empty_document_reads_back_alike(void **state)
{
    struct mrs_buf out = MRS_BUF_INIT(100);
    struct mrs_doc *doc = new_doc(), *back;

    (void)state;
    assert_int_equal(mrs_doc_write(doc, &out, NULL), MARS_OK);
    assert_int_equal(mrs_doc_parse(&back, out.data, out.len, NULL), MARS_OK);
    assert_null(mrs_doc_unknown(back, NULL, 0));
    mrs_doc_free(back);
    mrs_doc_free(doc);
    mrs_buf_free(&out);
}

static void
a_text_that_could_not_be_read_is_not_written(void **state)
{
    char value[MRS_DOC_VALUE_MAX + 1], key[16];
    struct mrs_buf out = MRS_BUF_INIT(1 << 20);
    struct mrs_doc *doc = new_doc();
    mars_error err;

    (void)state;
    memset(value, 'v', sizeof value - 1);
    value[sizeof value - 1] = '\0';
    for (int i = 0; i < 17; i++) {
        (void)snprintf(key, sizeof key, "k%d", i);
        assert_int_equal(mrs_doc_set(doc, key, value, NULL), MARS_OK);
    }
    assert_int_equal(mrs_buf_append(&out, "kept", 4, NULL), MARS_OK);
    assert_int_equal(mrs_doc_write(doc, &out, &err), MARS_ERR_INVALID_ARG);
    assert_string_equal(err.message, "text longer than 65536 bytes");
    assert_int_equal(out.len, 4);
    mrs_buf_free(&out);
    out = (struct mrs_buf)MRS_BUF_INIT(10);
    assert_int_equal(mrs_doc_write(doc, &out, &err), MARS_ERR_CORRUPT); /* the buffer's limit */
    assert_int_equal(out.len, 0);
    mrs_buf_free(&out);
    mrs_doc_free(doc);
}

static void
write_survives_every_failing_allocation(void **state)
{
    struct mrs_doc *doc = new_doc();
    mars_status st = MARS_ERR_NOMEM;
    size_t n, before;

    (void)state;
    for (int i = 0; i < 100; i++) {
        char key[16];

        (void)snprintf(key, sizeof key, "k%d", i);
        assert_int_equal(mrs_doc_set(doc, key, "some text that takes some room", NULL), MARS_OK);
    }
    before = failing_alloc_live();
    for (n = 0; st != MARS_OK; n++) {
        struct mrs_buf out = MRS_BUF_INIT(100000);

        assert_in_range(n, 0, 100);
        failing_alloc_arm(n);
        st = mrs_doc_write(doc, &out, NULL);
        assert_true(st == MARS_OK || st == MARS_ERR_NOMEM);
        assert_true(st == MARS_OK || out.len == 0);
        mrs_buf_free(&out);
        assert_int_equal(failing_alloc_live(), before);
    }
    failing_alloc_arm(SIZE_MAX);
    assert_true(n > 1);
    mrs_doc_free(doc);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_text_is_flat_quoted_and_in_order),
        cmocka_unit_test(awkward_strings_read_back_alike),
        cmocka_unit_test(long_strings_read_back_alike),
        cmocka_unit_test(every_character_reads_back_alike),
        cmocka_unit_test(an_empty_document_reads_back_alike),
        cmocka_unit_test(a_text_that_could_not_be_read_is_not_written),
        cmocka_unit_test(write_survives_every_failing_allocation),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
