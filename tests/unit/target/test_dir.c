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
#include <sys/xattr.h>
#include <unistd.h>

#include "../platform/scratch.h"
#include "failing_alloc.h"
#include "kit.h"
#include "target/meta.h"

static void
a_new_directory_is_private_until_it_is_finished(void **state)
{
    mars_entry e = entry_of(MARS_ENTRY_DIRECTORY, 03775);
    mars_entry file = entry_of(MARS_ENTRY_FILE, 0644);
    struct mrs_target_dir *d;
    struct stat st;

    (void)state;
    assert_int_equal(mrs_target_enter(root, text_of("d"), &d, NULL), MARS_OK);
    assert_int_equal(stat(in_target("d"), &st), 0);
    assert_int_equal(st.st_mode & 07777, 0700);
    assert_int_equal(restore_file(d, "f", "x", &file, false), MARS_OK);
    assert_int_equal(mrs_target_dir_finish(d, &e, NULL), MARS_OK);
    assert_int_equal(stat(in_target("d"), &st), 0);
    assert_int_equal(st.st_mode & 07777, 03775);
    assert_int_equal(st.st_mtim.tv_sec, 1000000000);
    assert_int_equal(st.st_mtim.tv_nsec, 123456789);
    assert_string_equal(warnings, "");
    mrs_target_dir_unref(d);
}

static void
a_directory_that_is_there_is_entered(void **state)
{
    mars_entry e = entry_of(MARS_ENTRY_DIRECTORY, 0750);
    struct mrs_target_dir *d;
    struct stat st;

    (void)state;
    assert_int_equal(mkdir(in_target("d"), 0777), 0);
    assert_int_equal(mkdir(in_target("d/inner"), 0777), 0);
    assert_int_equal(mrs_target_enter(root, text_of("d"), &d, NULL), MARS_OK);
    assert_int_equal(mrs_target_dir_finish(d, &e, NULL), MARS_OK);
    assert_int_equal(stat(in_target("d"), &st), 0);
    assert_int_equal(st.st_mode & 07777, 0750);
    assert_int_equal(access(in_target("d/inner"), F_OK), 0);
    mrs_target_dir_unref(d);
}

static void
only_a_directory_of_this_run_is_new(void **state)
{
    struct mrs_target_dir *d;
    struct mrs_target_dir *again;

    (void)state;
    assert_false(mrs_target_dir_is_new(root));
    assert_int_equal(mkdir(in_target("old"), 0777), 0);
    assert_int_equal(mrs_target_enter(root, text_of("old"), &d, NULL), MARS_OK);
    assert_false(mrs_target_dir_is_new(d));
    mrs_target_dir_unref(d);
    assert_int_equal(mrs_target_enter(root, text_of("d"), &d, NULL), MARS_OK);
    assert_true(mrs_target_dir_is_new(d));
    assert_int_equal(mrs_target_enter(root, text_of("d"), &again, NULL), MARS_OK);
    assert_false(mrs_target_dir_is_new(again)); /* names may be in it by now */
    mrs_target_dir_unref(again);
    mrs_target_dir_unref(d);
}

static void
what_is_no_directory_is_not_entered(void **state)
{
    struct mrs_target_dir *d;
    FILE *f;

    (void)state;
    assert_int_equal(mkdir(scratch_path("outside"), 0755), 0);
    assert_int_equal(symlink(scratch_path("outside"), in_target("l")), 0);
    assert_int_equal(symlink("nowhere", in_target("m")), 0);
    f = fopen(in_target("f"), "w");
    assert_non_null(f);
    (void)fclose(f);
    assert_int_equal(mrs_target_enter(root, text_of("l"), &d, NULL), MARS_ERR_EXISTS);
    assert_null(d);
    assert_int_equal(mrs_target_enter(root, text_of("m"), &d, NULL), MARS_ERR_EXISTS);
    assert_int_equal(mrs_target_enter(root, text_of("f"), &d, NULL), MARS_ERR_EXISTS);
}

static void
a_replaced_open_directory_leads_nowhere(void **state)
{
    mars_entry file = entry_of(MARS_ENTRY_FILE, 0644);
    struct mrs_target_dir *d;
    struct mrs_target_dir *sub;

    (void)state;
    assert_int_equal(mkdir(scratch_path("outside"), 0755), 0);
    assert_int_equal(mrs_target_enter(root, text_of("d"), &d, NULL), MARS_OK);
    assert_int_equal(rename(in_target("d"), in_target("was")), 0);
    assert_int_equal(symlink(scratch_path("outside"), in_target("d")), 0);
    /* The handle is open: what is done is done in the directory that was entered. */
    assert_int_equal(restore_file(d, "f", "x", &file, false), MARS_OK);
    assert_int_equal(mrs_target_enter(d, text_of("s"), &sub, NULL), MARS_OK);
    assert_int_equal(access(in_target("was/f"), F_OK), 0);
    assert_int_equal(access(in_target("was/s"), F_OK), 0);
    assert_int_equal(rmdir(scratch_path("outside")), 0);
    mrs_target_dir_unref(sub);
    mrs_target_dir_unref(d);
}

static bool
has_acl(const char *path)
{
    return getxattr(path, MRS_ACL_ACCESS_NAME, NULL, 0) > 0 ||
           getxattr(path, MRS_ACL_DEFAULT_NAME, NULL, 0) > 0;
}

static void
a_default_acl_of_the_target_is_not_inherited(void **state)
{
    mars_entry fifo = entry_of(MARS_ENTRY_FIFO, 0640);
    mars_entry file = entry_of(MARS_ENTRY_FILE, 0640);
    mars_entry dir = entry_of(MARS_ENTRY_DIRECTORY, 0750);
    struct mrs_target_dir *d;
    uint8_t acl[64];
    size_t n = acl_of(acl, 7, 7, 7, 7);
    struct stat st;

    (void)state;
    if (setxattr(in_target(""), MRS_ACL_DEFAULT_NAME, acl, n, 0) != 0) {
        printf("skipped: no ACLs here\n");
        skip();
    }
    reopen_target(false, false);
    assert_int_equal(restore_file(root, "f", "x", &file, false), MARS_OK);
    assert_false(has_acl(in_target("f")));
    assert_int_equal(stat(in_target("f"), &st), 0);
    assert_int_equal(st.st_mode & 07777, 0640);
    assert_int_equal(mrs_target_make(root, &fifo, text_of("p"), false, NULL), MARS_OK);
    assert_false(has_acl(in_target("p")));
    assert_int_equal(mrs_target_enter(root, text_of("d"), &d, NULL), MARS_OK);
    assert_false(has_acl(in_target("d")));
    assert_int_equal(stat(in_target("d"), &st), 0);
    assert_int_equal(st.st_mode & 07777, 0700); /* although the ACL leaves the owner 0600 */
    assert_int_equal(restore_file(d, "f", "x", &file, false), MARS_OK);
    assert_false(has_acl(in_target("d/f")));
    assert_int_equal(mrs_target_dir_finish(d, &dir, NULL), MARS_OK);
    assert_int_equal(mrs_target_dir_finish(root, &dir, NULL), MARS_OK);
    assert_false(has_acl(in_target("")));
    assert_string_equal(warnings, "");
    mrs_target_dir_unref(d);
}

static mars_status
open_and_enter(void)
{
    mars_entry dir = entry_of(MARS_ENTRY_DIRECTORY, 0750);
    mars_entry file = entry_of(MARS_ENTRY_FILE, 0750);
    struct mrs_target_options opts;
    struct mrs_target_dir *top;
    struct mrs_target_dir *d;
    struct mrs_target *t;
    mars_status st;

    memset(&opts, 0, sizeof opts);
    st = mrs_target_open(&t, scratch_path("to"), &opts, NULL);
    if (st != MARS_OK)
        return st;
    top = mrs_target_root(t);
    st = mrs_target_enter(top, text_of("d"), &d, NULL);
    if (st == MARS_OK)
        st = restore_file(d, "f", "x", &file, true);
    if (st == MARS_OK)
        st = mrs_target_dir_finish(d, &dir, NULL);
    mrs_target_dir_unref(d);
    mrs_target_dir_unref(top);
    mrs_target_close(t);
    return st;
}

static void
entering_survives_every_oom(void **state)
{
    size_t live = failing_alloc_live();
    mars_status st = MARS_ERR_NOMEM;
    size_t n;

    (void)state;
    for (n = 0; st != MARS_OK; n++) {
        assert_in_range(n, 0, 200);
        failing_alloc_arm(n);
        st = open_and_enter();
        failing_alloc_arm(SIZE_MAX);
        assert_true(st == MARS_OK || st == MARS_ERR_NOMEM);
        assert_int_equal(failing_alloc_live(), live);
        assert_int_equal(count_temporary(""), 0);
    }
    assert_true(n > 8);
}

int
main(void)
{
#define KIT(f) cmocka_unit_test_setup_teardown(f, kit_setup, kit_teardown)
    const struct CMUnitTest tests[] = {
        KIT(a_new_directory_is_private_until_it_is_finished),
        KIT(a_directory_that_is_there_is_entered),
        KIT(only_a_directory_of_this_run_is_new),
        KIT(what_is_no_directory_is_not_entered),
        KIT(a_replaced_open_directory_leads_nowhere),
        KIT(a_default_acl_of_the_target_is_not_inherited),
        KIT(entering_survives_every_oom),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
