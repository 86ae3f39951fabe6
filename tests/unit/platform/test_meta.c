#define _GNU_SOURCE
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "platform/treewrite.h"
#include "scratch.h"

/* A file, a link to it, a fifo, a directory, and the directory that holds them. */
static struct mrs_tree_dir *
fresh(const char *name)
{
    struct mrs_tree_dir *top;
    struct mrs_tree_dir *dir;
    struct mrs_out_file *f;

    assert_int_equal(mrs_treewrite_root(&top, scratch_dir(), NULL), MARS_OK);
    assert_int_equal(mrs_treewrite_mkdir(top, name, NULL), MARS_OK);
    assert_int_equal(mrs_tree_open_dir(&dir, top, name, NULL), MARS_OK);
    mrs_tree_dir_close(top);
    assert_int_equal(mrs_out_file_create(&f, dir, "file", NULL), MARS_OK);
    mrs_out_file_close(f);
    assert_int_equal(mrs_treewrite_symlink(dir, "link", "file", NULL), MARS_OK);
    assert_int_equal(mrs_treewrite_node(dir, "fifo", MRS_TREE_FIFO, 0, 0, NULL), MARS_OK);
    assert_int_equal(mrs_treewrite_mkdir(dir, "dir", NULL), MARS_OK);
    return dir;
}

static struct mrs_tree_stat
stat_of(struct mrs_tree_dir *dir, const char *name)
{
    struct mrs_tree_stat st;

    assert_int_equal(mrs_tree_stat(dir, name, &st, NULL), MARS_OK);
    return st;
}

static void
owners_are_set_on_links_and_not_through_them(void **state)
{
    struct mrs_tree_dir *dir = fresh("chown");
    struct mrs_meta_at link = { dir, "link", NULL };
    struct mrs_meta_at self = { dir, NULL, NULL };
    mars_error err;

    (void)state;
    assert_int_equal(mrs_meta_chown(&link, UINT32_MAX, 0, &err), MARS_ERR_INVALID_ARG);
    assert_int_equal(mrs_meta_chown(&link, 0, 1ull << 32, &err), MARS_ERR_INVALID_ARG);
    if (geteuid() != 0) {
        printf("skipped: needs root\n");
        mrs_tree_dir_close(dir);
        skip();
    }
    assert_int_equal(mrs_meta_chown(&link, 1234, 4294967294u, NULL), MARS_OK);
    assert_int_equal(stat_of(dir, "link").uid, 1234);
    assert_int_equal(stat_of(dir, "link").gid, 4294967294u);
    assert_int_equal(stat_of(dir, "file").uid, 0);
    assert_int_equal(mrs_meta_chown(&self, 77, 78, NULL), MARS_OK);
    assert_int_equal(stat_of(dir, NULL).uid, 77);
    assert_int_equal(stat_of(dir, NULL).gid, 78);
    mrs_tree_dir_close(dir);
}

static struct mrs_tree_dir *kept;

/* Every kind of object gets its mode, a link none, and nothing happens through it. */
static int
chmod_all_kinds(void)
{
    static const char *const names[] = { "file", "fifo", "dir", "device" };
    struct mrs_tree_stat st;
    struct mrs_meta_at at = { kept, NULL, NULL };

    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        at.name = names[i];
        if (mrs_tree_stat(kept, at.name, &st, NULL) == MARS_ERR_NOT_FOUND)
            continue;
        if (mrs_meta_chmod(&at, 01500 + (uint32_t)i, NULL) != MARS_OK)
            return 10 + (int)i;
        if (mrs_tree_stat(kept, at.name, &st, NULL) != MARS_OK || st.mode != 01500 + i)
            return 20 + (int)i;
    }
    at.name = "link";
    if (mrs_meta_chmod(&at, 0777, NULL) != MARS_OK)
        return 30;
    if (mrs_tree_stat(kept, "file", &st, NULL) != MARS_OK || st.mode != 01500)
        return 31;
    at.name = "none";
    return mrs_meta_chmod(&at, 0700, NULL) == MARS_ERR_NOT_FOUND ? 0 : 32;
}

static int
chmod_without_the_new_call(void)
{
    return scratch_deny(452, ENOSYS) ? chmod_all_kinds() : 2;
}

static int
chmod_without_proc(void)
{
    struct mrs_tree_stat st;
    struct mrs_meta_at file = { kept, "file", NULL };
    struct mrs_meta_at fifo = { kept, "fifo", NULL };
    struct mrs_meta_at link = { kept, "link", NULL };
    struct mrs_meta_at dir = { kept, "dir", NULL };

    if (!scratch_without_proc() || !scratch_deny(452, ENOSYS))
        return 2;
    if (mrs_meta_chmod(&file, 0604, NULL) != MARS_OK ||
        mrs_tree_stat(kept, "file", &st, NULL) != MARS_OK || st.mode != 0604)
        return 3;
    if (mrs_meta_chmod(&dir, 0705, NULL) != MARS_OK ||
        mrs_tree_stat(kept, "dir", &st, NULL) != MARS_OK || st.mode != 0705)
        return 4;
    if (mrs_meta_chmod(&link, 0777, NULL) != MARS_OK)
        return 5;
    return mrs_meta_chmod(&fifo, 0777, NULL) == MARS_ERR_IO ? 0 : 6;
}

static void
modes_are_set_by_whatever_the_kernel_has_but_never_through_links(void **state)
{
    mars_error err;

    (void)state;
    kept = fresh("chmod");
    if (mrs_treewrite_node(kept, "device", MRS_TREE_CHARDEV, 1, 3, NULL) != MARS_OK)
        printf("skipped in part: may not make devices\n");
    assert_int_equal(scratch_in_child(chmod_all_kinds), 0);
    assert_int_equal(scratch_in_child(chmod_without_the_new_call), 0);
    if (geteuid() == 0)
        assert_int_equal(scratch_in_child(chmod_without_proc), 0);
    assert_int_equal(mrs_meta_chmod(&(struct mrs_meta_at){ kept, "file", NULL }, 010000, &err),
                     MARS_ERR_INVALID_ARG);
    assert_int_equal(mrs_meta_chmod(&(struct mrs_meta_at){ kept, NULL, NULL }, 0751, NULL),
                     MARS_OK);
    assert_int_equal(stat_of(kept, NULL).mode, 0751);
    mrs_tree_dir_close(kept);
}

static void
times_before_1970_and_past_2038_are_set_on_all_kinds(void **state)
{
    static const struct mrs_time times[] = { { -1, 999999999 }, { 5000000000, 1 }, { 0, 0 } };
    static const char *const names[] = { "file", "link", "fifo", "dir", NULL };
    struct mrs_tree_dir *dir = fresh("mtime");
    struct mrs_time bad = { 0, 1000000000 };
    struct stat st;
    mars_error err;

    (void)state;
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        for (size_t k = 0; k < sizeof times / sizeof times[0]; k++) {
            struct mrs_meta_at at = { dir, names[i], NULL };

            assert_int_equal(mrs_meta_set_mtime(&at, times[k], NULL), MARS_OK);
            assert_int_equal(stat_of(dir, names[i]).mtime.s, times[k].s);
            assert_int_equal(stat_of(dir, names[i]).mtime.ns, times[k].ns);
        }
    assert_int_equal(lstat(scratch_path("mtime/file"), &st), 0);
    assert_int_equal(st.st_atim.tv_sec, 0);
    assert_int_equal(mrs_meta_set_mtime(&(struct mrs_meta_at){ dir, "file", NULL }, bad, &err),
                     MARS_ERR_INVALID_ARG);
    /* The numbers that mean now, and leave it. */
    for (bad.ns = (1u << 30) - 2; bad.ns < 1u << 30; bad.ns++)
        assert_int_equal(mrs_meta_set_mtime(&(struct mrs_meta_at){ dir, "file", NULL }, bad, NULL),
                         MARS_ERR_INVALID_ARG);
    mrs_tree_dir_close(dir);
}

static void
an_open_file_wins_over_the_name(void **state)
{
    struct mrs_tree_dir *dir = fresh("open");
    struct mrs_out_file *f;
    struct mrs_meta_at at = { dir, "file", NULL };
    struct mrs_time t = { 1111, 2222 };

    (void)state;
    assert_int_equal(mrs_out_file_create(&f, dir, "out", NULL), MARS_OK);
    at.file = f;
    if (geteuid() == 0)
        assert_int_equal(mrs_meta_chown(&at, 5, 6, NULL), MARS_OK);
    assert_int_equal(mrs_meta_chmod(&at, 04711, NULL), MARS_OK);
    assert_int_equal(mrs_meta_set_mtime(&at, t, NULL), MARS_OK);
    assert_int_equal(stat_of(dir, "file").mode, 0600);
    assert_int_equal(stat_of(dir, "out").mode, 04711);
    assert_int_equal(stat_of(dir, "out").mtime.s, 1111);
    assert_int_equal(stat_of(dir, "out").mtime.ns, 2222);
    if (geteuid() == 0)
        assert_int_equal(stat_of(dir, "out").uid, 5);
    if (mrs_meta_set_xattr(&at, "user.f", "v", 1, NULL) == MARS_OK) {
        assert_int_equal(lgetxattr(scratch_path("open/out"), "user.f", NULL, 0), 1);
        assert_int_equal(lgetxattr(scratch_path("open/file"), "user.f", NULL, 0), -1);
        assert_int_equal(mrs_meta_remove_xattr(&at, "user.f", NULL), MARS_OK);
    }
    mrs_out_file_close(f);
    mrs_tree_dir_close(dir);
}

static void
attributes_are_set_on_links_and_not_through_them(void **state)
{
    struct mrs_tree_dir *dir = fresh("xattr");
    struct mrs_meta_at link = { dir, "link", NULL };
    struct mrs_meta_at file = { dir, "file", NULL };
    struct mrs_meta_at self = { dir, NULL, NULL };
    char value[8];
    mars_error err;

    (void)state;
    if (mrs_meta_set_xattr(&link, "trusted.l", "of link", 7, NULL) != MARS_OK) {
        printf("skipped: needs root and trusted attributes\n");
        mrs_tree_dir_close(dir);
        skip();
    }
    assert_int_equal(lgetxattr(scratch_path("xattr/link"), "trusted.l", value, 8), 7);
    assert_int_equal(lgetxattr(scratch_path("xattr/file"), "trusted.l", value, 8), -1);
    assert_int_equal(mrs_meta_set_xattr(&self, "user.d", "dir", 3, NULL), MARS_OK);
    assert_int_equal(lgetxattr(scratch_path("xattr"), "user.d", value, 8), 3);
    assert_int_equal(mrs_meta_set_xattr(&file, "user.f", "one", 3, NULL), MARS_OK);
    assert_int_equal(mrs_meta_set_xattr(&file, "user.f", "second", 6, NULL), MARS_OK);
    assert_int_equal(lgetxattr(scratch_path("xattr/file"), "user.f", value, 8), 6);
    assert_int_equal(mrs_meta_remove_xattr(&file, "user.f", NULL), MARS_OK);
    assert_int_equal(mrs_meta_remove_xattr(&file, "user.f", NULL), MARS_ERR_NOT_FOUND);
    assert_int_equal(mrs_meta_remove_xattr(&link, "trusted.l", NULL), MARS_OK);
    assert_int_equal(mrs_meta_set_xattr(&file, "bad-namespace", "x", 1, &err), MARS_ERR_IO);
    assert_int_equal(err.os_code, ENOTSUP);
    assert_non_null(strstr(err.message, "attributes of file: setting bad-namespace: "));
    mrs_tree_dir_close(dir);
}

static void
a_value_too_large_for_the_file_is_no_full_disk(void **state)
{
    struct mrs_tree_dir *dir = fresh("large");
    struct mrs_meta_at file = { dir, "file", NULL };
    static char value[65536];
    mars_status st = mrs_meta_set_xattr(&file, "user.large", value, sizeof value, NULL);

    (void)state;
    assert_true(st == MARS_OK || st == MARS_ERR_IO); /* ext4 has a block for all of them */
    mrs_tree_dir_close(dir);
}

static void
what_is_refused_names_the_object_and_the_cause(void **state)
{
    struct mrs_tree_dir *dir = fresh("refused");
    struct mrs_meta_at at = { dir, "file", NULL };
    struct mrs_time t = { 1, 0 };
    mars_error err;

    (void)state;
    assert_int_equal(chmod(scratch_path("refused"), 0755), 0);
    if (!scratch_be_nobody()) {
        mrs_tree_dir_close(dir);
        skip();
    }
    assert_int_equal(mrs_meta_chown(&at, 0, 0, &err), MARS_ERR_IO);
    assert_string_equal(err.message, "setting the owner of file: Operation not permitted");
    assert_int_equal(mrs_meta_chmod(&at, 0777, &err), MARS_ERR_IO);
    assert_int_equal(err.os_code, EPERM);
    assert_int_equal(mrs_meta_set_mtime(&at, t, &err), MARS_ERR_IO);
    assert_int_equal(mrs_meta_set_xattr(&at, "user.a", "", 0, &err), MARS_ERR_IO);
    assert_int_equal(mrs_treewrite_unlink(dir, "file", &err), MARS_ERR_IO);
    assert_string_equal(err.message, "deleting file: Permission denied");
    scratch_be_root();
    mrs_tree_dir_close(dir);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(owners_are_set_on_links_and_not_through_them),
        cmocka_unit_test(modes_are_set_by_whatever_the_kernel_has_but_never_through_links),
        cmocka_unit_test(times_before_1970_and_past_2038_are_set_on_all_kinds),
        cmocka_unit_test(an_open_file_wins_over_the_name),
        cmocka_unit_test(attributes_are_set_on_links_and_not_through_them),
        cmocka_unit_test(a_value_too_large_for_the_file_is_no_full_disk),
        cmocka_unit_test(what_is_refused_names_the_object_and_the_cause),
    };

    return cmocka_run_group_tests(tests, scratch_setup, scratch_teardown);
}
