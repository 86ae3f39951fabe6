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
#include <unistd.h>

#include "failing_alloc.h"
#include "platform/file.h"
#include "scratch.h"

static mode_t
mode_of(const char *name)
{
    struct stat st;

    assert_int_equal(lstat(scratch_path(name), &st), 0);
    return st.st_mode & 07777;
}

static void
assert_content(const char *name, const char *text)
{
    struct mrs_buf b = MRS_BUF_INIT(1 << 20);

    assert_int_equal(mrs_file_slurp(scratch_path(name), &b, NULL), MARS_OK);
    assert_int_equal(b.len, strlen(text));
    assert_memory_equal(b.data, text, b.len);
    mrs_buf_free(&b);
}

static mars_status
count(void *user, const char *name, bool is_dir, mars_error *err)
{
    (void)name;
    (void)is_dir;
    (void)err;
    ++*(size_t *)user;
    return MARS_OK;
}

static size_t
names_in_scratch(void)
{
    size_t n = 0;

    assert_int_equal(mrs_dir_each(scratch_dir(), count, &n, NULL), MARS_OK);
    return n;
}

static void
a_new_file_is_private_and_made_once(void **state)
{
    struct mrs_file *f;
    struct mrs_file *again = (void *)state;
    mars_error err;

    assert_int_equal(mrs_file_create(&f, scratch_path("a"), NULL), MARS_OK);
    assert_int_equal(mode_of("a"), 0600);
    assert_int_equal(mrs_file_create(&again, scratch_path("a"), &err), MARS_ERR_EXISTS);
    assert_null(again);
    assert_int_equal(err.os_code, EEXIST);
    assert_non_null(strstr(err.message, "/a: "));
    mrs_file_close(f);
    mrs_file_close(NULL);
    /* A link is not followed either. */
    assert_int_equal(symlink("nowhere", scratch_path("link")), 0);
    assert_int_equal(mrs_file_create(&f, scratch_path("link"), &err), MARS_ERR_EXISTS);
    assert_int_equal(access(scratch_path("nowhere"), F_OK), -1);
}

static void
what_is_appended_can_be_read_at_any_offset(void **state)
{
    struct mrs_file *f;
    char out[16] = "";
    uint64_t size;
    size_t got;

    (void)state;
    assert_int_equal(mrs_file_create(&f, scratch_path("b"), NULL), MARS_OK);
    assert_int_equal(mrs_file_append(f, "hello ", 6, NULL), MARS_OK);
    assert_int_equal(mrs_file_append(f, "world", 5, NULL), MARS_OK);
    assert_int_equal(mrs_file_append(f, NULL, 0, NULL), MARS_OK);
    assert_int_equal(mrs_file_sync(f, NULL), MARS_OK);
    mrs_file_close(f);
    assert_int_equal(mrs_file_open_append(&f, scratch_path("b"), NULL), MARS_OK);
    assert_int_equal(mrs_file_append(f, "!", 1, NULL), MARS_OK);
    assert_int_equal(mrs_file_read_at(f, 6, out, 5, &got, NULL), MARS_OK);
    assert_int_equal(got, 5);
    assert_memory_equal(out, "world", 5);
    mrs_file_close(f);
    assert_int_equal(mrs_file_open(&f, scratch_path("b"), NULL), MARS_OK);
    assert_int_equal(mrs_file_size(f, &size, NULL), MARS_OK);
    assert_int_equal(size, 12);
    assert_int_equal(mrs_file_read_at(f, 10, out, 16, &got, NULL), MARS_OK);
    assert_int_equal(got, 2);
    assert_memory_equal(out, "d!", 2);
    assert_int_equal(mrs_file_read_at(f, 12, out, 16, &got, NULL), MARS_OK);
    assert_int_equal(got, 0);
    assert_int_equal(mrs_file_read_at(f, UINT64_MAX, out, 16, &got, NULL), MARS_OK);
    assert_int_equal(got, 0);
    mrs_file_close(f);
}

static void
append_makes_a_private_file_where_there_is_none(void **state)
{
    struct mrs_file *f;

    (void)state;
    assert_int_equal(mrs_file_open_append(&f, scratch_path("c"), NULL), MARS_OK);
    assert_int_equal(mode_of("c"), 0600);
    mrs_file_close(f);
}

static int
append_and_write_behind(void)
{
    struct mrs_file *f;
    int bad = 0;

    if (mrs_file_create(&f, scratch_path("behind"), NULL) != MARS_OK)
        return 2;
    bad |= mrs_file_append(f, "hello ", 6, NULL) != MARS_OK;
    mrs_file_write_behind(f, 0, 6);
    bad |= mrs_file_append(f, "world", 5, NULL) != MARS_OK;
    mrs_file_write_behind(f, 6, 1 << 20); /* past the end */
    bad |= mrs_file_sync(f, NULL) != MARS_OK;
    mrs_file_close(f);
    return bad;
}

static int
append_where_nothing_is_written_behind(void)
{
    return scratch_deny(SYS_sync_file_range, ENOSYS) ? append_and_write_behind() : 3;
}

static void
writing_behind_changes_nothing(void **state)
{
    (void)state;
    assert_int_equal(append_and_write_behind(), 0);
    assert_content("behind", "hello world");
    assert_int_equal(unlink(scratch_path("behind")), 0);
    assert_int_equal(scratch_in_child(append_where_nothing_is_written_behind), 0);
    assert_content("behind", "hello world");
}

static void
failures_have_the_status_of_their_cause(void **state)
{
    struct mrs_file *f = (void *)state;
    char byte;
    size_t got = 9;
    mars_error err;

    assert_int_equal(mrs_file_open(&f, scratch_path("none"), &err), MARS_ERR_NOT_FOUND);
    assert_null(f);
    assert_int_equal(err.os_code, ENOENT);
    assert_int_equal(mrs_file_create(&f, scratch_path("no/dir"), &err), MARS_ERR_NOT_FOUND);
    assert_int_equal(mrs_file_open(&f, scratch_dir(), NULL), MARS_OK);
    assert_int_equal(mrs_file_read_at(f, 0, &byte, 1, &got, &err), MARS_ERR_IO);
    assert_int_equal(got, 0);
    assert_int_equal(err.os_code, EISDIR);
    assert_int_equal(mrs_file_append(f, "x", 1, &err), MARS_ERR_IO);
    mrs_file_close(f);
    /* A device that is always full. */
    assert_int_equal(mrs_file_open_append(&f, "/dev/full", NULL), MARS_OK);
    assert_int_equal(mrs_file_append(f, "x", 1, &err), MARS_ERR_QUOTA);
    assert_int_equal(err.os_code, ENOSPC);
    mrs_file_close(f);
}

static void
publish_gives_the_new_name_and_takes_the_old(void **state)
{
    mars_error err;

    (void)state;
    scratch_write("from", "one", 3);
    assert_int_equal(mrs_file_publish(scratch_path("from"), scratch_path("to"), NULL), MARS_OK);
    assert_int_equal(access(scratch_path("from"), F_OK), -1);
    assert_content("to", "one");
    scratch_write("from", "two", 3);
    assert_int_equal(mrs_file_publish(scratch_path("from"), scratch_path("to"), &err),
                     MARS_ERR_EXISTS);
    assert_non_null(strstr(err.message, "/to: "));
    assert_content("from", "two");
    assert_content("to", "one");
    assert_int_equal(mrs_file_publish(scratch_path("none"), scratch_path("x"), NULL),
                     MARS_ERR_NOT_FOUND);
}

static int
publish_by_links(void)
{
    if (!scratch_deny(SYS_renameat2, EINVAL))
        return 2;
    if (mrs_file_publish(scratch_path("p1"), scratch_path("taken"), NULL) != MARS_ERR_EXISTS)
        return 3;
    if (mrs_file_publish(scratch_path("p1"), scratch_path("p2"), NULL) != MARS_OK)
        return 4;
    if (mrs_file_publish(scratch_path("none"), scratch_path("p3"), NULL) != MARS_ERR_NOT_FOUND)
        return 5;
    return access(scratch_path("p1"), F_OK) != 0 ? 0 : 6;
}

static int
publish_with_nothing_atomic(void)
{
    mars_error err;

    if (!scratch_deny(SYS_renameat2, EINVAL) || !scratch_deny(SYS_linkat, EPERM))
        return 2;
    if (mrs_file_publish(scratch_path("p4"), scratch_path("p5"), &err) != MARS_ERR_IO)
        return 3;
    return err.os_code == EPERM && access(scratch_path("p4"), F_OK) == 0 ? 0 : 4;
}

static void
publish_goes_by_links_where_a_conditional_rename_is_missing(void **state)
{
    (void)state;
    scratch_write("p1", "first", 5);
    scratch_write("taken", "second", 6);
    assert_int_equal(scratch_in_child(publish_by_links), 0);
    assert_content("p2", "first");
    assert_content("taken", "second");
    scratch_write("p4", "third", 5);
    assert_int_equal(scratch_in_child(publish_with_nothing_atomic), 0);
}

static void
replace_leaves_the_new_content_and_no_litter(void **state)
{
    size_t before;

    (void)state;
    assert_int_equal(mrs_file_replace(scratch_path("r"), "old", 3, NULL), MARS_OK);
    assert_int_equal(mode_of("r"), 0600);
    before = names_in_scratch();
    assert_int_equal(mrs_file_replace(scratch_path("r"), "newer", 5, NULL), MARS_OK);
    assert_content("r", "newer");
    scratch_write("r.tmp", "left by a dead process", 22);
    assert_int_equal(mrs_file_replace(scratch_path("r"), NULL, 0, NULL), MARS_OK);
    assert_content("r", "");
    assert_int_equal(names_in_scratch(), before);
}

static int
replace_in_the_working_directory(void)
{
    if (chdir(scratch_dir()) != 0)
        return 2;
    return mrs_file_replace("relative", "x", 1, NULL) == MARS_OK ? 0 : 3;
}

static void
replace_works_for_a_bare_name(void **state)
{
    (void)state;
    assert_int_equal(scratch_in_child(replace_in_the_working_directory), 0);
    assert_content("relative", "x");
}

static int
replace_without_space(void)
{
    mars_error err;

    if (!scratch_deny(SYS_write, ENOSPC))
        return 2;
    if (mrs_file_replace(scratch_path("keep"), "new", 3, &err) != MARS_ERR_QUOTA)
        return 3;
    return 0;
}

static int
replace_without_fsync(void)
{
    mars_error err;

    if (!scratch_deny(SYS_fsync, EIO))
        return 2;
    if (mrs_file_replace(scratch_path("keep"), "new", 3, &err) != MARS_ERR_IO)
        return 3;
    return err.os_code == EIO ? 0 : 4;
}

static void
replace_keeps_the_old_file_when_it_fails(void **state)
{
    size_t before;

    (void)state;
    scratch_write("keep", "old", 3);
    before = names_in_scratch();
    assert_int_equal(scratch_in_child(replace_without_space), 0);
    assert_int_equal(scratch_in_child(replace_without_fsync), 0);
    assert_content("keep", "old");
    /* A directory cannot be replaced. */
    assert_int_equal(mkdir(scratch_path("adir"), 0700), 0);
    assert_int_equal(mrs_file_replace(scratch_path("adir"), "x", 1, NULL), MARS_ERR_IO);
    assert_int_equal(names_in_scratch(), before + 1);
}

static void
slurp_appends_all_and_stops_at_the_limit(void **state)
{
    struct mrs_buf b = MRS_BUF_INIT(10);
    mars_error err;

    (void)state;
    scratch_write("s", "12345678", 8);
    assert_int_equal(mrs_buf_append(&b, "ab", 2, NULL), MARS_OK);
    assert_int_equal(mrs_file_slurp(scratch_path("s"), &b, NULL), MARS_OK);
    assert_int_equal(b.len, 10);
    assert_memory_equal(b.data, "ab12345678", 10);
    b.len = 3;
    assert_int_equal(mrs_file_slurp(scratch_path("s"), &b, &err), MARS_ERR_CORRUPT);
    assert_int_equal(b.len, 3);
    assert_non_null(strstr(err.message, "larger than 10 bytes"));
    assert_int_equal(mrs_file_slurp(scratch_path("none"), &b, NULL), MARS_ERR_NOT_FOUND);
    mrs_buf_free(&b);
}

static void
slurp_reads_a_large_file_whole(void **state)
{
    struct mrs_buf b = MRS_BUF_INIT(1 << 20);
    static uint8_t data[300001];

    (void)state;
    for (size_t i = 0; i < sizeof data; i++)
        data[i] = (uint8_t)(i * 7 + (i >> 8));
    scratch_write("large", data, sizeof data);
    assert_int_equal(mrs_file_slurp(scratch_path("large"), &b, NULL), MARS_OK);
    assert_int_equal(b.len, sizeof data);
    assert_memory_equal(b.data, data, sizeof data);
    mrs_buf_free(&b);
}

static void
slurp_takes_a_pipe_that_a_shell_named(void **state)
{
    struct mrs_buf b = MRS_BUF_INIT(100);
    char path[64];
    int fds[2];

    (void)state;
    assert_int_equal(pipe(fds), 0);
    assert_int_equal(write(fds[1], "secret", 6), 6);
    (void)close(fds[1]);
    (void)snprintf(path, sizeof path, "/dev/fd/%d", fds[0]);
    assert_int_equal(mrs_file_slurp(path, &b, NULL), MARS_OK);
    assert_int_equal(b.len, 6);
    (void)close(fds[0]);
    mrs_buf_free(&b);
}

/* Each of the operations that allocate, in a row. */
static mars_status
do_all(void)
{
    struct mrs_buf b = MRS_BUF_INIT(1000);
    struct mrs_file *f = NULL;
    mars_status st = mrs_file_open_append(&f, scratch_path("oom"), NULL);

    if (st == MARS_OK)
        st = mrs_file_append(f, "abc", 3, NULL);
    mrs_file_close(f);
    if (st == MARS_OK)
        st = mrs_file_slurp(scratch_path("oom"), &b, NULL);
    if (st == MARS_OK)
        st = mrs_file_replace(scratch_path("oom"), "x", 1, NULL);
    mrs_buf_free(&b);
    return st;
}

static void
operations_survive_every_failing_allocation(void **state)
{
    mars_status st = MARS_ERR_NOMEM;
    size_t before = names_in_scratch();
    size_t n;

    (void)state;
    for (n = 0; st != MARS_OK; n++) {
        assert_in_range(n, 0, 100);
        failing_alloc_arm(n);
        st = do_all();
        failing_alloc_arm(SIZE_MAX);
        assert_true(st == MARS_OK || st == MARS_ERR_NOMEM);
        assert_int_equal(failing_alloc_live(), 0);
    }
    assert_true(n > 4);
    assert_int_equal(names_in_scratch(), before + 1);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_new_file_is_private_and_made_once),
        cmocka_unit_test(what_is_appended_can_be_read_at_any_offset),
        cmocka_unit_test(append_makes_a_private_file_where_there_is_none),
        cmocka_unit_test(writing_behind_changes_nothing),
        cmocka_unit_test(failures_have_the_status_of_their_cause),
        cmocka_unit_test(publish_gives_the_new_name_and_takes_the_old),
        cmocka_unit_test(publish_goes_by_links_where_a_conditional_rename_is_missing),
        cmocka_unit_test(replace_leaves_the_new_content_and_no_litter),
        cmocka_unit_test(replace_works_for_a_bare_name),
        cmocka_unit_test(replace_keeps_the_old_file_when_it_fails),
        cmocka_unit_test(slurp_appends_all_and_stops_at_the_limit),
        cmocka_unit_test(slurp_reads_a_large_file_whole),
        cmocka_unit_test(slurp_takes_a_pipe_that_a_shell_named),
        cmocka_unit_test(operations_survive_every_failing_allocation),
    };

    return cmocka_run_group_tests(tests, scratch_setup, scratch_teardown);
}
