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
#include <sys/statvfs.h>
#include <unistd.h>

#include "failing_alloc.h"
#include "platform/file.h"
#include "scratch.h"

static void
stat_tells_size_time_and_kind(void **state)
{
    const struct timespec times[2] = { { 1, 2 }, { 1234567890, 987654321 } };
    struct mrs_file_info info;
    mars_error err;

    (void)state;
    scratch_write("f", "12345", 5);
    assert_int_equal(utimensat(-1, scratch_path("f"), times, 0), 0);
    assert_int_equal(mrs_file_stat(scratch_path("f"), &info, NULL), MARS_OK);
    assert_int_equal(info.size, 5);
    assert_int_equal(info.mtime.s, 1234567890);
    assert_int_equal(info.mtime.ns, 987654321);
    assert_false(info.is_dir);
    assert_int_equal(mrs_file_stat(scratch_dir(), &info, NULL), MARS_OK);
    assert_true(info.is_dir);
    assert_int_equal(mrs_file_stat(scratch_path("none"), &info, &err), MARS_ERR_NOT_FOUND);
    assert_int_equal(mrs_file_stat(scratch_path("f/x"), &info, &err), MARS_ERR_IO);
    assert_int_equal(err.os_code, ENOTDIR);
}

static void
delete_removes_files_and_empty_directories_only(void **state)
{
    mars_error err;

    (void)state;
    assert_int_equal(mrs_dir_make(scratch_path("d"), NULL), MARS_OK);
    scratch_write("d/f", "x", 1);
    assert_int_equal(mrs_dir_delete(scratch_path("d"), &err), MARS_ERR_IO);
    assert_int_equal(err.os_code, ENOTEMPTY);
    assert_int_equal(mrs_file_delete(scratch_path("d"), NULL), MARS_ERR_IO);
    assert_int_equal(mrs_file_delete(scratch_path("d/f"), NULL), MARS_OK);
    assert_int_equal(mrs_file_delete(scratch_path("d/f"), NULL), MARS_ERR_NOT_FOUND);
    assert_int_equal(mrs_dir_delete(scratch_path("d"), NULL), MARS_OK);
    assert_int_equal(mrs_dir_delete(scratch_path("d"), NULL), MARS_ERR_NOT_FOUND);
}

static void
make_is_content_with_a_directory_that_is_there(void **state)
{
    struct stat st;

    (void)state;
    assert_int_equal(mrs_dir_make(scratch_path("m"), NULL), MARS_OK);
    assert_int_equal(stat(scratch_path("m"), &st), 0);
    assert_int_equal(st.st_mode & 07777, 0700);
    assert_int_equal(mrs_dir_make(scratch_path("m"), NULL), MARS_OK);
    assert_int_equal(symlink("m", scratch_path("to-m")), 0);
    assert_int_equal(mrs_dir_make(scratch_path("to-m"), NULL), MARS_OK);
    scratch_write("mf", "x", 1);
    assert_int_equal(mrs_dir_make(scratch_path("mf"), NULL), MARS_ERR_EXISTS);
    assert_int_equal(mrs_dir_make(scratch_path("no/where"), NULL), MARS_ERR_NOT_FOUND);
    assert_int_equal(mrs_dir_make("/", NULL), MARS_OK);
}

static int
make_all_relative(void)
{
    if (chdir(scratch_dir()) != 0)
        return 2;
    return mrs_dir_make_all("rel/a/b", NULL) == MARS_OK ? 0 : 3;
}

static void
make_all_makes_what_is_missing_above(void **state)
{
    struct stat st;

    (void)state;
    assert_int_equal(mrs_dir_make_all(scratch_path("x/y//z/"), NULL), MARS_OK);
    assert_int_equal(stat(scratch_path("x/y"), &st), 0);
    assert_int_equal(st.st_mode & 07777, 0700);
    assert_int_equal(stat(scratch_path("x/y/z"), &st), 0);
    assert_int_equal(mrs_dir_make_all(scratch_path("x/y/z"), NULL), MARS_OK);
    scratch_write("xf", "x", 1);
    assert_int_equal(mrs_dir_make_all(scratch_path("xf/a/b"), NULL), MARS_ERR_IO);
    assert_int_equal(mrs_dir_make_all("", NULL), MARS_ERR_NOT_FOUND);
    assert_int_equal(scratch_in_child(make_all_relative), 0);
    assert_int_equal(stat(scratch_path("rel/a/b"), &st), 0);
}

static void
make_all_passes_parents_that_may_not_be_written(void **state)
{
    (void)state;
    if (!scratch_be_nobody())
        skip();
    assert_int_equal(mrs_dir_make_all("/proc/self", NULL), MARS_OK);
    assert_int_equal(mrs_dir_make_all(scratch_path("of-root"), NULL), MARS_ERR_IO);
    scratch_be_root();
    assert_int_equal(mkdir(scratch_path("open"), 0777), 0);
    assert_int_equal(chmod(scratch_path("open"), 0777), 0);
    assert_true(scratch_be_nobody());
    assert_int_equal(mrs_dir_make_all(scratch_path("open/a/b"), NULL), MARS_OK);
    scratch_be_root();
}

struct seen {
    size_t files;
    size_t dirs;
    bool odd;
    mars_status answer;
};

static mars_status
see(void *user, const char *name, bool is_dir, mars_error *err)
{
    struct seen *s = user;

    (void)err;
    s->files += !is_dir;
    s->dirs += is_dir;
    s->odd = s->odd || strcmp(name, "\xff\x01 \n") == 0;
    return s->answer;
}

static void
each_names_everything_once_and_knows_directories(void **state)
{
    struct seen s = { 0, 0, false, MARS_OK };
    char name[64];

    (void)state;
    assert_int_equal(mkdir(scratch_path("e"), 0700), 0);
    assert_int_equal(mkdir(scratch_path("e/dir"), 0700), 0);
    assert_int_equal(symlink("dir", scratch_path("e/link")), 0);
    assert_int_equal(symlink("none", scratch_path("e/dangling")), 0);
    scratch_write("e/\xff\x01 \n", "x", 1);
    for (int i = 0; i < 3000; i++) {
        (void)snprintf(name, sizeof name, "e/a-name-that-takes-some-room-%d", i);
        scratch_write(name, "", 0);
    }
    assert_int_equal(mrs_dir_each(scratch_path("e"), see, &s, NULL), MARS_OK);
    assert_int_equal(s.files, 3002);
    assert_int_equal(s.dirs, 2);
    assert_true(s.odd);
    s.files = s.dirs = 0;
    s.answer = MARS_ERR_CANCELLED;
    assert_int_equal(mrs_dir_each(scratch_path("e"), see, &s, NULL), MARS_ERR_CANCELLED);
    assert_int_equal(s.files + s.dirs, 1);
    assert_int_equal(mrs_dir_each(scratch_path("none"), see, &s, NULL), MARS_ERR_NOT_FOUND);
    failing_alloc_arm(0);
    assert_int_equal(mrs_dir_make_all(scratch_path("q/r"), NULL), MARS_ERR_NOMEM);
    failing_alloc_arm(SIZE_MAX);
    assert_int_equal(failing_alloc_live(), 0);
}

static void
a_directory_can_be_flushed_and_a_file_cannot(void **state)
{
    (void)state;
    scratch_write("ff", "x", 1);
    assert_int_equal(mrs_dir_sync(scratch_dir(), NULL), MARS_OK);
    assert_int_equal(mrs_dir_sync(scratch_path("ff"), NULL), MARS_ERR_IO);
    assert_int_equal(mrs_dir_sync(scratch_path("none"), NULL), MARS_ERR_NOT_FOUND);
}

static void
a_link_is_looked_at_itself_and_a_file_is_touched(void **state)
{
    const struct timespec times[2] = { { 1, 2 }, { 3, 4 } };
    struct mrs_file_info info;

    (void)state;
    scratch_write("aim", "12345", 5);
    assert_int_equal(symlink("aim", scratch_path("link")), 0);
    assert_int_equal(mrs_file_lstat(scratch_path("link"), &info, NULL), MARS_OK);
    assert_true(info.is_link && !info.is_dir);
    assert_int_equal(mrs_file_lstat(scratch_path("aim"), &info, NULL), MARS_OK);
    assert_false(info.is_link);
    assert_int_equal(info.size, 5);
    assert_int_equal(mrs_file_lstat(scratch_path("none"), &info, NULL), MARS_ERR_NOT_FOUND);
    assert_int_equal(utimensat(-1, scratch_path("aim"), times, 0), 0);
    assert_int_equal(mrs_file_touch(scratch_path("aim"), NULL), MARS_OK);
    assert_int_equal(mrs_file_stat(scratch_path("aim"), &info, NULL), MARS_OK);
    assert_true(info.mtime.s > 1000000000);
    assert_int_equal(mrs_file_touch(scratch_path("none"), NULL), MARS_ERR_NOT_FOUND);
}

static bool
holds(const char *outer, const char *inner)
{
    bool yes = false;

    assert_int_equal(mrs_dir_holds(scratch_path(outer), scratch_path(inner), &yes, NULL), MARS_OK);
    return yes;
}

static void
what_is_in_a_directory_is_told_by_whatever_name(void **state)
{
    bool yes = true;

    (void)state;
    assert_int_equal(mrs_dir_make_all(scratch_path("h/i/j"), NULL), MARS_OK);
    assert_int_equal(mrs_dir_make(scratch_path("hi"), NULL), MARS_OK);
    assert_int_equal(symlink("h/i", scratch_path("way")), 0);
    assert_true(holds("h", "h") && holds("h", "h/i/j") && holds("h", "way/j"));
    assert_true(holds("way", "h/i/j") && holds("h/i", "way"));
    assert_false(holds("h", "hi") || holds("h/i/j", "h") || holds("h", "h/.."));
    assert_int_equal(mrs_dir_holds("/", scratch_path("h"), &yes, NULL), MARS_OK);
    assert_true(yes);
    assert_int_equal(mrs_dir_holds(scratch_path("h"), "/", &yes, NULL), MARS_OK);
    assert_false(yes);
    assert_int_equal(mrs_dir_holds(scratch_path("h"), scratch_path("none"), &yes, NULL),
                     MARS_ERR_NOT_FOUND);
    assert_int_equal(mrs_dir_holds(scratch_path("none"), scratch_path("h"), &yes, NULL),
                     MARS_ERR_NOT_FOUND);
}

static void
free_space_is_what_statvfs_says(void **state)
{
    struct statvfs v;
    uint64_t bytes;
    uint64_t want;

    (void)state;
    assert_int_equal(mrs_disk_free(scratch_dir(), &bytes, NULL), MARS_OK);
    assert_int_equal(statvfs(scratch_dir(), &v), 0);
    want = (uint64_t)v.f_bavail * v.f_frsize;
    /* Others write too. */
    assert_true(bytes / 2 < want && want / 2 < bytes);
    assert_int_equal(mrs_disk_free(scratch_path("none"), &bytes, NULL), MARS_ERR_NOT_FOUND);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(stat_tells_size_time_and_kind),
        cmocka_unit_test(delete_removes_files_and_empty_directories_only),
        cmocka_unit_test(make_is_content_with_a_directory_that_is_there),
        cmocka_unit_test(make_all_makes_what_is_missing_above),
        cmocka_unit_test(make_all_passes_parents_that_may_not_be_written),
        cmocka_unit_test(each_names_everything_once_and_knows_directories),
        cmocka_unit_test(a_directory_can_be_flushed_and_a_file_cannot),
        cmocka_unit_test(a_link_is_looked_at_itself_and_a_file_is_touched),
        cmocka_unit_test(what_is_in_a_directory_is_told_by_whatever_name),
        cmocka_unit_test(free_space_is_what_statvfs_says),
    };

    return cmocka_run_group_tests(tests, scratch_setup, scratch_teardown);
}
