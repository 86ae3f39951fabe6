#define _GNU_SOURCE
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/xattr.h>

#include "../platform/scratch.h"
#include "failing_alloc.h"
#include "source/attrs.h"

static struct mrs_tree_dir *
scratch_root(void)
{
    struct mrs_tree_dir *dir;

    assert_int_equal(mrs_tree_open_root(&dir, scratch_dir(), NULL), MARS_OK);
    return dir;
}

static mars_status
note(void *user, const struct mrs_attr *a, mars_error *err)
{
    char *text = user;
    size_t used = strlen(text);

    (void)err;
    (void)snprintf(text + used, 200 - used, "%.*s=%.*s;", (int)a->name_len,
                   (const char *)a->name, (int)a->value_len, (const char *)a->value);
    return MARS_OK;
}

static void
a_set_is_sorted_by_name(void **state)
{
    struct mrs_buf out = MRS_BUF_INIT(1 << 20);
    struct mrs_tree_dir *dir = scratch_root();
    char text[200] = "";

    (void)state;
    scratch_write("f", "", 0);
    if (setxattr(scratch_path("f"), "user.b", "2", 1, 0) != 0 && errno == ENOTSUP) {
        printf("skipped: no extended attributes here\n");
        skip();
    }
    assert_int_equal(setxattr(scratch_path("f"), "user.ab", "3", 1, 0), 0);
    assert_int_equal(setxattr(scratch_path("f"), "user.a", "", 0, 0), 0);
    assert_int_equal(mrs_attrs_collect(dir, "f", &out, NULL), MARS_OK);
    assert_int_equal(mrs_attrs_decode(out.data, out.len, note, text, NULL), MARS_OK);
    assert_string_equal(text, "user.a=;user.ab=3;user.b=2;");
    mrs_buf_free(&out);
    mrs_tree_dir_close(dir);
}

static void
a_file_without_attributes_has_no_set(void **state)
{
    struct mrs_buf out = MRS_BUF_INIT(1 << 20);
    struct mrs_tree_dir *dir = scratch_root();

    (void)state;
    scratch_write("f", "", 0);
    assert_int_equal(mrs_attrs_collect(dir, "f", &out, NULL), MARS_OK);
    assert_int_equal(mrs_attrs_collect(dir, NULL, &out, NULL), MARS_OK);
    assert_int_equal(out.len, 0);
    assert_int_equal(mrs_attrs_collect(dir, "g", &out, NULL), MARS_ERR_NOT_FOUND);
    mrs_buf_free(&out);
    mrs_tree_dir_close(dir);
}

static void
collecting_survives_every_oom(void **state)
{
    struct mrs_tree_dir *dir = scratch_root();
    size_t live = failing_alloc_live();
    mars_status st = MARS_ERR_NOMEM;
    size_t n;

    (void)state;
    scratch_write("f", "", 0);
    if (setxattr(scratch_path("f"), "user.b", "2", 1, 0) != 0 && errno == ENOTSUP)
        skip();
    assert_int_equal(setxattr(scratch_path("f"), "user.a", "3", 1, 0), 0);
    for (n = 0; st != MARS_OK; n++) {
        struct mrs_buf out = MRS_BUF_INIT(1 << 20);

        assert_in_range(n, 0, 100);
        failing_alloc_arm(n);
        st = mrs_attrs_collect(dir, "f", &out, NULL);
        failing_alloc_arm(SIZE_MAX);
        assert_true(st == MARS_OK || st == MARS_ERR_NOMEM);
        mrs_buf_free(&out);
        assert_int_equal(failing_alloc_live(), live);
    }
    assert_true(n > 3);
    mrs_tree_dir_close(dir);
}

int
main(void)
{
#define SCRATCH(f) cmocka_unit_test_setup_teardown(f, scratch_setup, scratch_teardown)
    const struct CMUnitTest tests[] = {
        SCRATCH(a_set_is_sorted_by_name),
        SCRATCH(a_file_without_attributes_has_no_set),
        SCRATCH(collecting_survives_every_oom),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
