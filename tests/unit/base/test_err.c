#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <string.h>

#include "base/err.h"

static void
fail_returns_the_status_and_records_it(void **state)
{
    mars_error err;

    (void)state;
    memset(&err, 0xff, sizeof err);
    assert_int_equal(mrs_fail(&err, MARS_ERR_CORRUPT, "pack %s: %d bytes", "ab12", 7),
                     MARS_ERR_CORRUPT);
    assert_int_equal(err.status, MARS_ERR_CORRUPT);
    assert_int_equal(err.os_code, 0);
    assert_int_equal(err.http_status, 0);
    assert_int_equal(err.reserved, 0);
    assert_string_equal(err.message, "pack ab12: 7 bytes");
}

static void
every_function_allows_no_error_struct(void **state)
{
    (void)state;
    assert_int_equal(mrs_fail(NULL, MARS_ERR_IO, "x"), MARS_ERR_IO);
    assert_int_equal(mrs_fail_os(NULL, MARS_ERR_IO, ENOENT, "x"), MARS_ERR_IO);
    assert_int_equal(mrs_context(NULL, MARS_ERR_IO, "x"), MARS_ERR_IO);
    assert_int_equal(mrs_nomem(NULL), MARS_ERR_NOMEM);
    mrs_error_clear(NULL);
}

static void
fail_os_appends_what_the_system_says(void **state)
{
    mars_error err;
    char want[200] = "opening /x: ";

    (void)state;
    strcat(want, strerror(ENOENT));
    assert_int_equal(mrs_fail_os(&err, MARS_ERR_NOT_FOUND, ENOENT, "opening %s", "/x"),
                     MARS_ERR_NOT_FOUND);
    assert_int_equal(err.os_code, ENOENT);
    assert_string_equal(err.message, want);
    assert_int_equal(mrs_fail_os(&err, MARS_ERR_IO, 0, "opening"), MARS_ERR_IO);
    assert_string_equal(err.message, "opening");
}

static void
context_is_put_in_front_and_keeps_the_codes(void **state)
{
    mars_error err;

    (void)state;
    (void)mrs_fail(&err, MARS_ERR_IO, "truncated");
    err.os_code = EIO;
    err.http_status = 503;
    assert_int_equal(mrs_context(&err, MARS_ERR_CORRUPT, "reading pack %s", "ab"),
                     MARS_ERR_CORRUPT);
    assert_int_equal(err.status, MARS_ERR_CORRUPT);
    assert_int_equal(err.os_code, EIO);
    assert_int_equal(err.http_status, 503);
    assert_string_equal(err.message, "reading pack ab: truncated");
}

static void
long_messages_are_cut_and_end(void **state)
{
    mars_error err;
    char text[600];

    (void)state;
    memset(text, 'a', sizeof text - 1);
    text[sizeof text - 1] = '\0';
    (void)mrs_fail(&err, MARS_ERR_IO, "%s", text);
    assert_int_equal(strlen(err.message), sizeof err.message - 1);
    (void)mrs_fail_os(&err, MARS_ERR_IO, ENOENT, "%s", text);
    assert_int_equal(strlen(err.message), sizeof err.message - 1);
    (void)mrs_fail(&err, MARS_ERR_IO, "%.230s", text);
    (void)mrs_context(&err, MARS_ERR_IO, "in front");
    assert_int_equal(strlen(err.message), sizeof err.message - 1);
    assert_memory_equal(err.message, "in front: aaa", 13);
    (void)mrs_context(&err, MARS_ERR_IO, "%s", text);
    assert_int_equal(strlen(err.message), sizeof err.message - 1);
}

static void
clear_forgets_all(void **state)
{
    static const mars_error none;
    mars_error err;

    (void)state;
    memset(&err, 0xff, sizeof err);
    mrs_error_clear(&err);
    assert_memory_equal(&err, &none, sizeof err);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(fail_returns_the_status_and_records_it),
        cmocka_unit_test(every_function_allows_no_error_struct),
        cmocka_unit_test(fail_os_appends_what_the_system_says),
        cmocka_unit_test(context_is_put_in_front_and_keeps_the_codes),
        cmocka_unit_test(long_messages_are_cut_and_end),
        cmocka_unit_test(clear_forgets_all),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
