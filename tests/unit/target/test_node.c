#define _GNU_SOURCE
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "../platform/scratch.h"
#include "failing_alloc.h"
#include "kit.h"
#include "target/meta.h"

static void
links_fifos_and_devices_are_made(void **state)
{
    mars_entry link = entry_of(MARS_ENTRY_SYMLINK, 0777);
    mars_entry fifo = entry_of(MARS_ENTRY_FIFO, 0622);
    mars_entry dev = entry_of(MARS_ENTRY_CHARDEV, 0666);
    struct stat st;
    char target_text[32] = "";

    (void)state;
    set_link(&link, "../some where");
    dev.device_major = 1;
    dev.device_minor = 3;
    assert_int_equal(mrs_target_make(root, &link, text_of("l"), false, NULL), MARS_OK);
    assert_int_equal(readlink(in_target("l"), target_text, sizeof target_text), 13);
    assert_string_equal(target_text, "../some where");
    assert_int_equal(lstat(in_target("l"), &st), 0);
    assert_int_equal(st.st_mtim.tv_nsec, 123456789);
    assert_int_equal(mrs_target_make(root, &fifo, text_of("p"), false, NULL), MARS_OK);
    assert_int_equal(lstat(in_target("p"), &st), 0);
    assert_true(S_ISFIFO(st.st_mode));
    assert_int_equal(st.st_mode & 07777, 0622);
    assert_int_equal(st.st_mtim.tv_sec, 1000000000);
    assert_string_equal(warnings, "");
    if (mrs_target_make(root, &dev, text_of("null"), false, NULL) != MARS_OK) {
        printf("skipped in part: may not make devices\n");
        return;
    }
    assert_int_equal(lstat(in_target("null"), &st), 0);
    assert_true(S_ISCHR(st.st_mode));
    assert_true(major(st.st_rdev) == 1 && minor(st.st_rdev) == 3);
    assert_int_equal(count_temporary(""), 0);
}

static void
a_hostile_link_target_is_refused(void **state)
{
    mars_entry link = entry_of(MARS_ENTRY_SYMLINK, 0777);
    mars_entry file = entry_of(MARS_ENTRY_FILE, 0644);

    (void)state;
    assert_int_equal(mrs_target_make(root, &link, text_of("l"), false, NULL),
                     MARS_ERR_CORRUPT);
    link.target = "a\0b";
    link.target_len = 3;
    assert_int_equal(mrs_target_make(root, &link, text_of("l"), false, NULL),
                     MARS_ERR_CORRUPT);
    assert_int_equal(mrs_target_make(root, &file, text_of("l"), false, NULL),
                     MARS_ERR_INVALID_ARG);
    assert_int_equal(count_temporary(""), 0);
}

static void
a_taken_name_is_kept_or_replaced(void **state)
{
    mars_entry link = entry_of(MARS_ENTRY_SYMLINK, 0777);
    mars_entry file = entry_of(MARS_ENTRY_FILE, 0644);
    struct stat st;

    (void)state;
    set_link(&link, "x");
    assert_int_equal(restore_file(root, "f", "content", &file, false), MARS_OK);
    assert_int_equal(mkdir(in_target("d"), 0700), 0);
    assert_int_equal(mrs_target_make(root, &link, text_of("f"), false, NULL),
                     MARS_ERR_EXISTS);
    assert_int_equal(mrs_target_make(root, &link, text_of("d"), true, NULL),
                     MARS_ERR_EXISTS);
    assert_int_equal(mrs_target_make(root, &link, text_of("f"), true, NULL), MARS_OK);
    assert_int_equal(lstat(in_target("f"), &st), 0);
    assert_true(S_ISLNK(st.st_mode));
    assert_int_equal(count_temporary(""), 0);
}

static void
a_second_name_is_the_same_file(void **state)
{
    mars_entry file = entry_of(MARS_ENTRY_FILE, 0644);
    struct mrs_target_dir *d;
    struct stat a;
    struct stat b;

    (void)state;
    assert_int_equal(mrs_target_enter(root, text_of("d"), &d, NULL), MARS_OK);
    assert_int_equal(restore_file(root, "f", "1", &file, false), MARS_OK);
    assert_int_equal(mrs_target_link(root, text_of("f"), d, text_of("g"), false, NULL), MARS_OK);
    assert_int_equal(stat(in_target("f"), &a), 0);
    assert_int_equal(stat(in_target("d/g"), &b), 0);
    assert_int_equal(a.st_ino, b.st_ino);
    assert_int_equal(mrs_target_link(root, text_of("f"), d, text_of("g"), false, NULL),
                     MARS_ERR_EXISTS);
    assert_int_equal(restore_file(d, "h", "2", &file, false), MARS_OK);
    assert_int_equal(mrs_target_link(root, text_of("f"), d, text_of("h"), true, NULL), MARS_OK);
    assert_int_equal(stat(in_target("d/h"), &b), 0);
    assert_int_equal(a.st_ino, b.st_ino);
    assert_int_equal(mkdir(in_target("sub"), 0700), 0);
    assert_int_equal(mrs_target_link(d, text_of("h"), root, text_of("sub"), true, NULL),
                     MARS_ERR_EXISTS);
    assert_int_equal(count_temporary(""), 0);
    mrs_target_dir_unref(d);
}

static void
linking_over_a_name_of_the_same_file_leaves_nothing(void **state)
{
    mars_entry file = entry_of(MARS_ENTRY_FILE, 0644);
    struct stat st;

    (void)state;
    assert_int_equal(restore_file(root, "f", "1", &file, false), MARS_OK);
    assert_int_equal(link(in_target("f"), in_target("g")), 0);
    assert_int_equal(mrs_target_link(root, text_of("f"), root, text_of("g"), true, NULL),
                     MARS_OK);
    assert_int_equal(count_temporary(""), 0);
    assert_int_equal(stat(in_target("g"), &st), 0);
    assert_int_equal(st.st_nlink, 2);
}

static void
a_planted_link_is_not_linked_through(void **state)
{
    struct stat st;

    (void)state;
    scratch_write("victim", "x", 1);
    assert_int_equal(symlink(scratch_path("victim"), in_target("f")), 0);
    assert_int_equal(mrs_target_link(root, text_of("f"), root, text_of("g"), false, NULL),
                     MARS_OK);
    assert_int_equal(lstat(in_target("g"), &st), 0);
    assert_true(S_ISLNK(st.st_mode));
    assert_int_equal(stat(scratch_path("victim"), &st), 0);
    assert_int_equal(st.st_nlink, 1);
}

int
main(void)
{
#define KIT(f) cmocka_unit_test_setup_teardown(f, kit_setup, kit_teardown)
    const struct CMUnitTest tests[] = {
        KIT(links_fifos_and_devices_are_made),
        KIT(a_hostile_link_target_is_refused),
        KIT(a_taken_name_is_kept_or_replaced),
        KIT(a_second_name_is_the_same_file),
        KIT(linking_over_a_name_of_the_same_file_leaves_nothing),
        KIT(a_planted_link_is_not_linked_through),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
