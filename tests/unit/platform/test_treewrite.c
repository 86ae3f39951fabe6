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
#include <sys/sysmacros.h>
#include <unistd.h>

#include "failing_alloc.h"
#include "platform/treewrite.h"
#include "scratch.h"

static struct mrs_tree_dir *
root(void)
{
    struct mrs_tree_dir *dir;

    assert_int_equal(mrs_treewrite_root(&dir, scratch_dir(), NULL), MARS_OK);
    return dir;
}

static mode_t
mode_of(const char *name)
{
    struct stat st;

    assert_int_equal(lstat(scratch_path(name), &st), 0);
    return st.st_mode;
}

static int
root_by_a_relative_path(void)
{
    struct mrs_tree_dir *dir;

    if (chdir(scratch_dir()) != 0)
        return 2;
    if (mrs_treewrite_root(&dir, "rel/./a/../b", NULL) != MARS_OK)
        return 3;
    return mrs_treewrite_mkdir(dir, "c", NULL) == MARS_OK ? 0 : 4;
}

static void
a_target_is_made_with_all_that_is_missing_above_it(void **state)
{
    struct mrs_tree_dir *dir = (void *)state;
    mars_error err;

    assert_int_equal(mrs_treewrite_root(&dir, scratch_path("x//y/z/"), NULL), MARS_OK);
    assert_int_equal(mrs_treewrite_mkdir(dir, "in", NULL), MARS_OK);
    mrs_tree_dir_close(dir);
    assert_int_equal(mode_of("x/y/z/in") & 07777, 0700);
    assert_int_equal(mode_of("x") & 07777, 0700);
    scratch_write("file", "x", 1);
    assert_int_equal(mrs_treewrite_root(&dir, scratch_path("file"), NULL), MARS_ERR_STATE);
    assert_null(dir);
    assert_int_equal(mrs_treewrite_root(&dir, scratch_path("file/x"), &err), MARS_ERR_STATE);
    assert_int_equal(mrs_treewrite_root(&dir, "", NULL), MARS_ERR_INVALID_ARG);
    assert_int_equal(mrs_treewrite_root(&dir, "///", NULL), MARS_OK);
    mrs_tree_dir_close(dir);
    assert_int_equal(scratch_in_child(root_by_a_relative_path), 0);
    assert_true(S_ISDIR(mode_of("rel/b/c")));
}

static void
a_target_may_be_reached_through_links_that_lead_somewhere(void **state)
{
    struct mrs_tree_dir *dir;

    (void)state;
    assert_int_equal(mkdir(scratch_path("real"), 0700), 0);
    assert_int_equal(symlink("real", scratch_path("link")), 0);
    assert_int_equal(symlink("nowhere", scratch_path("dangling")), 0);
    assert_int_equal(mrs_treewrite_root(&dir, scratch_path("link"), NULL), MARS_OK);
    assert_int_equal(mrs_treewrite_mkdir(dir, "by-link", NULL), MARS_OK);
    mrs_tree_dir_close(dir);
    assert_true(S_ISDIR(mode_of("real/by-link")));
    assert_int_equal(mrs_treewrite_root(&dir, scratch_path("link/new"), NULL), MARS_OK);
    mrs_tree_dir_close(dir);
    assert_true(S_ISDIR(mode_of("real/new")));
    assert_int_equal(mrs_treewrite_root(&dir, scratch_path("dangling"), NULL),
                     MARS_ERR_NOT_FOUND);
    assert_int_equal(access(scratch_path("nowhere"), F_OK), -1);
}

static void
a_target_may_have_a_path_of_5000_characters(void **state)
{
    size_t len = strlen(scratch_dir());
    struct mrs_tree_dir *dir;
    struct mrs_tree_stat made;
    struct mrs_tree_stat st;
    char path[8000];
    char big[5000];

    (void)state;
    memcpy(path, scratch_dir(), len);
    for (size_t i = 0; i < 27; i++) {
        path[len++] = '/';
        memset(path + len, 'a' + (int)i % 26, 190);
        len += 190;
    }
    path[len] = '\0';
    assert_true(len > 5000);
    assert_int_equal(mrs_treewrite_root(&dir, path, NULL), MARS_OK);
    assert_int_equal(mrs_treewrite_mkdir(dir, "deepest", NULL), MARS_OK);
    assert_int_equal(mrs_tree_stat(dir, "deepest", &made, NULL), MARS_OK);
    mrs_tree_dir_close(dir);
    /* Now it is there; and made, opened and read all mean the same place. */
    assert_int_equal(mrs_treewrite_root(&dir, path, NULL), MARS_OK);
    assert_int_equal(mrs_tree_stat(dir, "deepest", &st, NULL), MARS_OK);
    assert_int_equal(st.inode, made.inode);
    mrs_tree_dir_close(dir);
    memcpy(path + len, "/deepest", 9);
    assert_int_equal(mrs_tree_open_root(&dir, path, NULL), MARS_OK);
    assert_int_equal(mrs_tree_stat(dir, NULL, &st, NULL), MARS_OK);
    assert_int_equal(st.inode, made.inode);
    mrs_tree_dir_close(dir);
    memset(big, 'b', sizeof big - 1);
    big[sizeof big - 1] = '\0';
    assert_int_equal(mrs_treewrite_root(&dir, big, NULL), MARS_ERR_IO);
}

static void
directories_links_and_nodes_are_made_once(void **state)
{
    struct mrs_tree_dir *dir = root();
    struct stat st;

    (void)state;
    assert_int_equal(mrs_treewrite_mkdir(dir, "d", NULL), MARS_OK);
    assert_int_equal(mode_of("d") & 07777, 0700);
    assert_int_equal(mrs_treewrite_mkdir(dir, "d", NULL), MARS_ERR_EXISTS);
    assert_int_equal(mrs_treewrite_symlink(dir, "s", "../some\xff where", NULL), MARS_OK);
    assert_true(S_ISLNK(mode_of("s")));
    assert_int_equal(mrs_treewrite_symlink(dir, "s", "x", NULL), MARS_ERR_EXISTS);
    assert_int_equal(mrs_treewrite_symlink(dir, "s2", "", NULL), MARS_ERR_INVALID_ARG);
    assert_int_equal(mrs_treewrite_mkdir(dir, "s", NULL), MARS_ERR_EXISTS);
    assert_int_equal(mrs_treewrite_node(dir, "p", MRS_TREE_FIFO, 7, 7, NULL), MARS_OK);
    assert_int_equal(mode_of("p"), S_IFIFO | 0600);
    assert_int_equal(mrs_treewrite_node(dir, "p", MRS_TREE_FIFO, 0, 0, NULL), MARS_ERR_EXISTS);
    assert_int_equal(mrs_treewrite_node(dir, "q", MRS_TREE_FILE, 0, 0, NULL),
                     MARS_ERR_INVALID_ARG);
    if (mrs_treewrite_node(dir, "null", MRS_TREE_CHARDEV, 1, 3, NULL) == MARS_OK) {
        assert_int_equal(stat(scratch_path("null"), &st), 0);
        assert_int_equal(st.st_mode, S_IFCHR | 0600);
        assert_int_equal(st.st_rdev, makedev(1, 3));
        assert_int_equal(mrs_treewrite_node(dir, "b", MRS_TREE_BLOCKDEV, 259, 300, NULL), MARS_OK);
        assert_int_equal(stat(scratch_path("b"), &st), 0);
        assert_int_equal(st.st_rdev, makedev(259, 300));
    } else {
        printf("skipped in part: may not make devices\n");
    }
    mrs_tree_dir_close(dir);
}

static void
nobody_may_make_devices_but_fifos(void **state)
{
    struct mrs_tree_dir *dir;
    mars_error err;

    (void)state;
    assert_int_equal(mkdir(scratch_path("open"), 0700), 0);
    assert_int_equal(chmod(scratch_path("open"), 0777), 0);
    if (!scratch_be_nobody())
        skip();
    assert_int_equal(mrs_treewrite_root(&dir, scratch_path("open"), NULL), MARS_OK);
    assert_int_equal(mrs_treewrite_node(dir, "n", MRS_TREE_CHARDEV, 1, 3, &err), MARS_ERR_IO);
    assert_int_equal(err.os_code, EPERM);
    assert_int_equal(mrs_treewrite_node(dir, "p", MRS_TREE_FIFO, 0, 0, &err), MARS_OK);
    mrs_tree_dir_close(dir);
    scratch_be_root();
}

static void
a_hard_link_is_to_the_name_and_not_through_it(void **state)
{
    struct mrs_tree_dir *dir = root();
    struct mrs_tree_dir *sub;
    struct stat a;
    struct stat b;

    (void)state;
    scratch_write("first", "x", 1);
    assert_int_equal(symlink("first", scratch_path("sym")), 0);
    assert_int_equal(mrs_treewrite_mkdir(dir, "sub", NULL), MARS_OK);
    assert_int_equal(mrs_tree_open_dir(&sub, dir, "sub", NULL), MARS_OK);
    assert_int_equal(mrs_treewrite_link(dir, "first", sub, "second", NULL), MARS_OK);
    assert_int_equal(lstat(scratch_path("first"), &a), 0);
    assert_int_equal(lstat(scratch_path("sub/second"), &b), 0);
    assert_int_equal(a.st_ino, b.st_ino);
    assert_int_equal(mrs_treewrite_link(dir, "sym", dir, "sym2", NULL), MARS_OK);
    assert_true(S_ISLNK(mode_of("sym2")));
    assert_int_equal(mrs_treewrite_link(dir, "first", dir, "sym", NULL), MARS_ERR_EXISTS);
    assert_int_equal(mrs_treewrite_link(dir, "none", dir, "x", NULL), MARS_ERR_NOT_FOUND);
    mrs_tree_dir_close(sub);
    mrs_tree_dir_close(dir);
}

static void
rename_replaces_only_when_told_to(void **state)
{
    struct mrs_tree_dir *dir = root();
    struct stat st;

    (void)state;
    scratch_write("new", "newer", 5);
    scratch_write("old", "x", 1);
    assert_int_equal(mrs_treewrite_rename(dir, "new", "old", false, NULL), MARS_ERR_EXISTS);
    assert_int_equal(stat(scratch_path("old"), &st), 0);
    assert_int_equal(st.st_size, 1);
    assert_int_equal(mrs_treewrite_rename(dir, "new", "old", true, NULL), MARS_OK);
    assert_int_equal(stat(scratch_path("old"), &st), 0);
    assert_int_equal(st.st_size, 5);
    assert_int_equal(mrs_treewrite_rename(dir, "old", "free", false, NULL), MARS_OK);
    assert_int_equal(mrs_treewrite_rename(dir, "none", "x", true, NULL), MARS_ERR_NOT_FOUND);
    /* A link in the way is replaced, not followed. */
    assert_int_equal(symlink("sub", scratch_path("way")), 0);
    assert_int_equal(mrs_treewrite_rename(dir, "free", "way", true, NULL), MARS_OK);
    assert_true(S_ISREG(mode_of("way")));
    /* Directories in the way. */
    assert_int_equal(mkdir(scratch_path("full"), 0700), 0);
    scratch_write("full/f", "x", 1);
    assert_int_equal(mkdir(scratch_path("other"), 0700), 0);
    assert_int_equal(mrs_treewrite_rename(dir, "other", "full", true, NULL), MARS_ERR_EXISTS);
    assert_int_equal(mrs_treewrite_rename(dir, "way", "full", true, NULL), MARS_ERR_STATE);
    assert_int_equal(mrs_treewrite_rename(dir, "other", "full", false, NULL), MARS_ERR_EXISTS);
    mrs_tree_dir_close(dir);
}

static struct mrs_tree_dir *kept;

static int
rename_on_a_poor_file_system(void)
{
    if (!scratch_deny(SYS_renameat2, EINVAL) || !scratch_deny(SYS_linkat, EPERM))
        return 2;
    if (mrs_treewrite_rename(kept, "poor", "poor-taken", false, NULL) != MARS_ERR_EXISTS)
        return 3;
    return mrs_treewrite_rename(kept, "poor", "poor2", false, NULL) == MARS_OK ? 0 : 4;
}

static void
rename_works_on_file_systems_without_links(void **state)
{
    (void)state;
    scratch_write("poor", "x", 1);
    scratch_write("poor-taken", "x", 1);
    kept = root();
    assert_int_equal(scratch_in_child(rename_on_a_poor_file_system), 0);
    assert_true(S_ISREG(mode_of("poor2")));
    mrs_tree_dir_close(kept);
}

static void
unlink_removes_names_but_no_directories(void **state)
{
    struct mrs_tree_dir *dir = root();

    (void)state;
    scratch_write("u", "x", 1);
    assert_int_equal(symlink("u", scratch_path("ul")), 0);
    assert_int_equal(mkdir(scratch_path("ud"), 0700), 0);
    assert_int_equal(mrs_treewrite_unlink(dir, "ul", NULL), MARS_OK);
    assert_int_equal(access(scratch_path("u"), F_OK), 0);
    assert_int_equal(mrs_treewrite_unlink(dir, "u", NULL), MARS_OK);
    assert_int_equal(mrs_treewrite_unlink(dir, "u", NULL), MARS_ERR_NOT_FOUND);
    assert_int_equal(mrs_treewrite_unlink(dir, "ud", NULL), MARS_ERR_STATE);
    assert_int_equal(mrs_treewrite_sync(dir, NULL), MARS_OK);
    mrs_tree_dir_close(dir);
}

static void
hostile_names_reach_nothing_above(void **state)
{
    static const char *const bad[] = { "..", ".", "", "a/b", "../up", "/abs" };
    struct mrs_tree_dir *dir = root();
    struct mrs_out_file *f;

    (void)state;
    scratch_write("good", "x", 1);
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        const char *b = bad[i];
        struct mrs_meta_at at = { dir, b, NULL };
        struct mrs_time t = { 0, 0 };
        mars_status st[] = {
            mrs_treewrite_mkdir(dir, b, NULL),
            mrs_treewrite_symlink(dir, b, "x", NULL),
            mrs_treewrite_node(dir, b, MRS_TREE_FIFO, 0, 0, NULL),
            mrs_treewrite_link(dir, b, dir, "x", NULL),
            mrs_treewrite_link(dir, "good", dir, b, NULL),
            mrs_treewrite_rename(dir, b, "x", true, NULL),
            mrs_treewrite_rename(dir, "good", b, true, NULL),
            mrs_treewrite_unlink(dir, b, NULL),
            mrs_out_file_create(&f, dir, b, NULL),
            mrs_meta_chown(&at, 0, 0, NULL),
            mrs_meta_chmod(&at, 0700, NULL),
            mrs_meta_set_xattr(&at, "user.a", "", 0, NULL),
            mrs_meta_remove_xattr(&at, "user.a", NULL),
            mrs_meta_set_mtime(&at, t, NULL),
        };

        for (size_t k = 0; k < sizeof st / sizeof st[0]; k++)
            assert_int_equal(st[k], MARS_ERR_INVALID_ARG);
    }
    mrs_tree_dir_close(dir);
}

static void
opening_a_target_survives_a_failing_allocation(void **state)
{
    struct mrs_tree_dir *dir = (void *)state;

    failing_alloc_arm(0);
    assert_int_equal(mrs_treewrite_root(&dir, scratch_path("oom"), NULL), MARS_ERR_NOMEM);
    failing_alloc_arm(SIZE_MAX);
    assert_null(dir);
    assert_int_equal(failing_alloc_live(), 0);
    assert_int_equal(access(scratch_path("oom"), F_OK), -1);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_target_is_made_with_all_that_is_missing_above_it),
        cmocka_unit_test(a_target_may_be_reached_through_links_that_lead_somewhere),
        cmocka_unit_test(a_target_may_have_a_path_of_5000_characters),
        cmocka_unit_test(directories_links_and_nodes_are_made_once),
        cmocka_unit_test(nobody_may_make_devices_but_fifos),
        cmocka_unit_test(a_hard_link_is_to_the_name_and_not_through_it),
        cmocka_unit_test(rename_replaces_only_when_told_to),
        cmocka_unit_test(rename_works_on_file_systems_without_links),
        cmocka_unit_test(unlink_removes_names_but_no_directories),
        cmocka_unit_test(hostile_names_reach_nothing_above),
        cmocka_unit_test(opening_a_target_survives_a_failing_allocation),
    };

    return cmocka_run_group_tests(tests, scratch_setup, scratch_teardown);
}
