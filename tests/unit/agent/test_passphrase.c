#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <string.h>

#include "agent/passphrase.h"

static mars_status
check(const char *text)
{
    return mrs_passphrase_check(text, strlen(text), "passphrase", NULL);
}

static void
sixteen_characters_are_enough_and_fifteen_are_not(void **state)
{
    (void)state;
    assert_int_equal(check("0123456789abcdef"), MARS_OK);
    assert_int_equal(check("0123456789abcde"), MARS_ERR_INVALID_ARG);
    assert_int_equal(check(""), MARS_ERR_INVALID_ARG);
    assert_int_equal(check("                "), MARS_OK);
}

static void
characters_count_and_not_bytes(void **state)
{
    (void)state;
    /* 15 and 16 of two bytes, 16 of four. */
    assert_int_equal(check("\xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4"
                           "\xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4"),
                     MARS_ERR_INVALID_ARG);
    assert_int_equal(check("\xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4"
                           "\xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4"),
                     MARS_OK);
    assert_int_equal(check("\xf0\x9f\x98\x80\xf0\x9f\x98\x80\xf0\x9f\x98\x80\xf0\x9f\x98\x80"),
                     MARS_ERR_INVALID_ARG);
}

static void
line_breaks_nuls_and_what_is_no_utf_8_are_refused_anywhere(void **state)
{
    static const char bad[] = { '\n', '\r', '\0', '\xff', '\x80', '\xc3' };

    (void)state;
    for (size_t k = 0; k < sizeof bad; k++)
        for (size_t i = 0; i < 20; i++) {
            char text[20];
            mars_error err;

            memset(text, 'x', sizeof text);
            text[i] = bad[k];
            assert_int_equal(mrs_passphrase_check(text, sizeof text, "the new one", &err),
                             MARS_ERR_INVALID_ARG);
            assert_memory_equal(err.message, "the new one: ", 13);
        }
    assert_int_equal(check("a tab\tis no line break"), MARS_OK);
}

static void
more_than_4096_bytes_are_refused(void **state)
{
    char text[MRS_PASSPHRASE_BYTES_MAX + 1];

    (void)state;
    memset(text, 'x', sizeof text);
    assert_int_equal(mrs_passphrase_check(text, MRS_PASSPHRASE_BYTES_MAX, "p", NULL), MARS_OK);
    assert_int_equal(mrs_passphrase_check(text, MRS_PASSPHRASE_BYTES_MAX + 1, "p", NULL),
                     MARS_ERR_INVALID_ARG);
}

static void
a_passphrase_that_is_missing_is_said_and_none_is_shown(void **state)
{
    mars_error err;

    (void)state;
    assert_int_equal(mrs_passphrase_check(NULL, 0, "passphrase", &err), MARS_ERR_INVALID_ARG);
    assert_string_equal(err.message, "passphrase: is missing");
    assert_int_equal(mrs_passphrase_check("geheim", 6, "passphrase", &err), MARS_ERR_INVALID_ARG);
    assert_null(strstr(err.message, "geheim"));
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sixteen_characters_are_enough_and_fifteen_are_not),
        cmocka_unit_test(characters_count_and_not_bytes),
        cmocka_unit_test(line_breaks_nuls_and_what_is_no_utf_8_are_refused_anywhere),
        cmocka_unit_test(more_than_4096_bytes_are_refused),
        cmocka_unit_test(a_passphrase_that_is_missing_is_said_and_none_is_shown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
