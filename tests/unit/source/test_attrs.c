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

/* The set of a file, as a source's reader makes it. */
static mars_status
collect(struct mrs_tree_dir *dir, const char *name, struct mrs_buf *out)
{
    struct mrs_attr_list list = MRS_ATTR_LIST_INIT;
    mars_status st = mrs_attrs_collect(&list, dir, name, NULL);

    if (st == MARS_OK)
        st = mrs_attrs_encode_list(list.attrs.items, list.attrs.len, out, NULL);
    mrs_attrs_free(&list);
    return st;
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
    assert_int_equal(collect(dir, "f", &out), MARS_OK);
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
    assert_int_equal(collect(dir, "f", &out), MARS_OK);
    assert_int_equal(collect(dir, NULL, &out), MARS_OK);
    assert_int_equal(out.len, 0);
    assert_int_equal(collect(dir, "g", &out), MARS_ERR_NOT_FOUND);
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
        st = collect(dir, "f", &out);
        failing_alloc_arm(SIZE_MAX);
        assert_true(st == MARS_OK || st == MARS_ERR_NOMEM);
        mrs_buf_free(&out);
        assert_int_equal(failing_alloc_live(), live);
    }
    assert_true(n > 3);
    mrs_tree_dir_close(dir);
}

static void
what_a_caller_gives_is_bounded(void **state)
{
    struct mrs_buf out = MRS_BUF_INIT(MRS_ATTRS_MAX);
    mars_attr twins[] = { { "b", 1, "2", 1 }, { "a", 1, "1", 1 }, { "b", 1, "3", 1 } };
    mars_attr bad[] = { { NULL, 1, "", 0 }, { "a", 0, "", 0 }, { "a", 1, NULL, 1 } };
    mars_attr large[] = { { "a", 1, "1", 1 }, { "b", UINT64_MAX, "", 0 },
                          { "c", 1, "", UINT64_MAX }, { "d", 1, "", MRS_ATTRS_MAX } };
    char text[200] = "";

    (void)state;
    assert_int_equal(mrs_attrs_encode_list(twins, 3, &out, NULL), MARS_OK);
    assert_int_equal(mrs_attrs_decode(out.data, out.len, note, text, NULL), MARS_OK);
    assert_int_equal(strncmp(text, "a=1;b=", 6), 0);
    assert_int_equal(strlen(text), 8); /* one of the twins */
    for (size_t i = 0; i < 3; i++)
        assert_int_equal(mrs_attrs_encode_list(&bad[i], 1, &out, NULL), MARS_ERR_INVALID_ARG);
    for (size_t i = 1; i < 4; i++)
        assert_int_equal(mrs_attrs_encode_list(&large[i], 1, &out, NULL), MARS_ERR_UNSUPPORTED);
    mrs_buf_free(&out);
}

int
main(void)
{
#define SCRATCH(f) cmocka_unit_test_setup_teardown(f, scratch_setup, scratch_teardown)
    const struct CMUnitTest tests[] = {
        SCRATCH(a_set_is_sorted_by_name),
        SCRATCH(a_file_without_attributes_has_no_set),
        SCRATCH(collecting_survives_every_oom),
        cmocka_unit_test(what_a_caller_gives_is_bounded),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
