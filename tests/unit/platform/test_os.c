#define _GNU_SOURCE
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <string.h>

#include "platform/posix/os.h"

static void
each_errno_has_the_status_that_callers_act_on(void **state)
{
    static const struct {
        int code;
        mars_status plain;
        mars_status tree;
    } rows[] = {
        { ENOENT, MARS_ERR_NOT_FOUND, MARS_ERR_NOT_FOUND },
        { EEXIST, MARS_ERR_EXISTS, MARS_ERR_EXISTS },
        { ENOSPC, MARS_ERR_QUOTA, MARS_ERR_QUOTA },
        { EDQUOT, MARS_ERR_QUOTA, MARS_ERR_QUOTA },
        { ENOMEM, MARS_ERR_NOMEM, MARS_ERR_NOMEM },
        { EACCES, MARS_ERR_IO, MARS_ERR_IO },
        { EIO, MARS_ERR_IO, MARS_ERR_IO },
        { ENOTDIR, MARS_ERR_IO, MARS_ERR_STATE },
        { EISDIR, MARS_ERR_IO, MARS_ERR_STATE },
        { ELOOP, MARS_ERR_IO, MARS_ERR_STATE },
        { ENXIO, MARS_ERR_IO, MARS_ERR_STATE },
        { ENODEV, MARS_ERR_IO, MARS_ERR_STATE },
        { ENOTEMPTY, MARS_ERR_IO, MARS_ERR_EXISTS },
        { EAGAIN, MARS_ERR_IO, MARS_ERR_LOCKED },
    };
    mars_error err;

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        assert_int_equal(mrs_os_fail(&err, rows[i].code, "opening", "/x"), rows[i].plain);
        assert_int_equal(err.os_code, rows[i].code);
        assert_int_equal(mrs_os_tree_fail(&err, rows[i].code, "opening", "/x"), rows[i].tree);
        assert_int_equal(err.status, rows[i].tree);
    }
    assert_int_equal(mrs_os_fail(NULL, ENOENT, "opening", "/x"), MARS_ERR_NOT_FOUND);
}

static void
a_message_names_the_object_and_the_cause(void **state)
{
    mars_error err;

    (void)state;
    (void)mrs_os_fail(&err, ENOENT, "opening", "/some/file");
    assert_string_equal(err.message, "opening /some/file: No such file or directory");
}

static void
a_long_name_is_cut_from_the_left_between_characters(void **state)
{
    char name[1001];
    mars_error err;

    (void)state;
    memset(name, 'a', 1000);
    name[1000] = '\0';
    memcpy(name + 990, "/the-end", 8);
    for (size_t at = 845; at < 855; at++) { /* around the cut */
        memcpy(name + at, "\xe2\x82\xac", 3);
        (void)mrs_os_fail(&err, EACCES, "opening", name);
        assert_non_null(strstr(err.message, "/the-end"));
        assert_non_null(strstr(err.message, ": Permission denied"));
        assert_memory_equal(err.message, "opening ...", 11);
        assert_int_not_equal((unsigned char)err.message[11] & 0xc0, 0x80);
        memset(name + at, 'a', 3);
    }
}

static void
only_single_components_are_names(void **state)
{
    static const char *const bad[] = { "", ".", "..", "/", "a/", "/a", "a/b", "../a" };
    static const char *const good[] = { "a", "...", ".a", "..a", "a.", " ", "\n", "\xff",
                                        "\\" };
    mars_error err;

    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        assert_int_equal(mrs_os_check_name(&err, bad[i]), MARS_ERR_INVALID_ARG);
    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++)
        assert_int_equal(mrs_os_check_name(&err, good[i]), MARS_OK);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_errno_has_the_status_that_callers_act_on),
        cmocka_unit_test(a_message_names_the_object_and_the_cause),
        cmocka_unit_test(a_long_name_is_cut_from_the_left_between_characters),
        cmocka_unit_test(only_single_components_are_names),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
