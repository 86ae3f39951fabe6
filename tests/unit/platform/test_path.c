#define _GNU_SOURCE
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "failing_alloc.h"
#include "platform/tree.h"
#include "scratch.h"

static void
assert_absolute(const char *path, const char *want)
{
    struct mrs_buf b = MRS_BUF_INIT(10000);

    assert_int_equal(mrs_buf_append(&b, "=", 1, NULL), MARS_OK);
    assert_int_equal(mrs_path_absolute(path, strlen(path), &b, NULL), MARS_OK);
    assert_string_equal((const char *)b.data, want); /* it ends with a NUL */
    assert_int_equal(b.len, strlen(want));
    mrs_buf_free(&b);
}

static void
absolute_paths_are_cleaned_by_their_letters_alone(void **state)
{
    (void)state;
    assert_absolute("/", "=/");
    assert_absolute("//", "=/");
    assert_absolute("/a", "=/a");
    assert_absolute("//a///b/", "=/a/b");
    assert_absolute("/a/./b/.", "=/a/b");
    assert_absolute("/a/../b", "=/b");
    assert_absolute("/a/b/../../..", "=/");
    assert_absolute("/../../x", "=/x");
    assert_absolute("/...", "=/...");
    assert_absolute("/.a/..b/a.", "=/.a/..b/a.");
    assert_absolute("/\xff\n/..\xff", "=/\xff\n/..\xff");
}

static void
relative_paths_begin_at_the_working_directory(void **state)
{
    char before[4096];
    char want[5000];

    (void)state;
    assert_non_null(getcwd(before, sizeof before));
    assert_int_equal(chdir(scratch_dir()), 0);
    (void)snprintf(want, sizeof want, "=%s/x/z", scratch_dir());
    assert_absolute("x/./y/../z/", want);
    (void)snprintf(want, sizeof want, "=%s", scratch_dir());
    assert_absolute(".", want);
    assert_absolute("../../../../../../../../../../..", "=/");
    assert_int_equal(chdir(before), 0);
}

static void
what_is_no_path_is_refused(void **state)
{
    struct mrs_buf b = MRS_BUF_INIT(8);

    (void)state;
    assert_int_equal(mrs_path_absolute("", 0, &b, NULL), MARS_ERR_INVALID_ARG);
    assert_int_equal(mrs_path_absolute("/a\0b", 4, &b, NULL), MARS_ERR_INVALID_ARG);
    /* Only len bytes are looked at, and the limit holds with the NUL. */
    assert_int_equal(mrs_path_absolute("/abcXYZ", 4, &b, NULL), MARS_OK);
    assert_string_equal((const char *)b.data, "/abc");
    assert_int_equal(mrs_path_absolute("/abcd", 5, &b, NULL), MARS_ERR_CORRUPT);
    assert_int_equal(b.len, 4);
    mrs_buf_free(&b);
}

/* In a directory whose path has more than 5,000 characters. */
static int
absolute_in_a_deep_directory(void)
{
    struct mrs_buf b = MRS_BUF_INIT(20000);
    char name[101];
    mars_status st;
    size_t want;

    memset(name, 'd', 100);
    name[100] = '\0';
    if (chdir(scratch_dir()) != 0)
        return 2;
    for (int i = 0; i < 60; i++)
        if (mkdir(name, 0700) != 0 || chdir(name) != 0)
            return 3;
    st = mrs_path_absolute("x", 1, &b, NULL);
    want = strlen(scratch_dir()) + 60 * 101 + 2;
    return st == MARS_OK && b.len == want && memcmp(b.data, scratch_dir(), 5) == 0 ? 0 : 4;
}

static void
a_working_directory_may_be_longer_than_the_kernels_limit(void **state)
{
    (void)state;
    assert_int_equal(scratch_in_child(absolute_in_a_deep_directory), 0);
}

static int
absolute_in_no_directory(void)
{
    struct mrs_buf b = MRS_BUF_INIT(20000);
    mars_status st;

    if (mkdir(scratch_path("gone"), 0700) != 0 || chdir(scratch_path("gone")) != 0 ||
        rmdir(scratch_path("gone")) != 0)
        return 2;
    st = mrs_path_absolute("x", 1, &b, NULL);
    return st == MARS_ERR_NOT_FOUND && b.len == 0 ? 0 : 3;
}

static void
a_working_directory_that_was_deleted_is_not_found(void **state)
{
    (void)state;
    assert_int_equal(scratch_in_child(absolute_in_no_directory), 0);
}

static void
absolute_survives_every_failing_allocation(void **state)
{
    mars_status st = MARS_ERR_NOMEM;
    char path[301];
    size_t n;

    (void)state;
    for (size_t i = 0; i < 300; i++)
        path[i] = i % 2 != 0 ? '/' : 'a';
    path[300] = '\0';
    for (n = 0; st != MARS_OK; n++) {
        struct mrs_buf b = MRS_BUF_INIT(10000);

        assert_in_range(n, 0, 100);
        failing_alloc_arm(n);
        st = mrs_path_absolute(path, 300, &b, NULL);
        failing_alloc_arm(SIZE_MAX);
        assert_true(st == MARS_OK || st == MARS_ERR_NOMEM);
        assert_true(st == MARS_OK || b.len == 0);
        mrs_buf_free(&b);
        assert_int_equal(failing_alloc_live(), 0);
    }
    assert_true(n > 3);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(absolute_paths_are_cleaned_by_their_letters_alone),
        cmocka_unit_test(relative_paths_begin_at_the_working_directory),
        cmocka_unit_test(what_is_no_path_is_refused),
        cmocka_unit_test(a_working_directory_may_be_longer_than_the_kernels_limit),
        cmocka_unit_test(a_working_directory_that_was_deleted_is_not_found),
        cmocka_unit_test(absolute_survives_every_failing_allocation),
    };

    return cmocka_run_group_tests(tests, scratch_setup, scratch_teardown);
}
