#define _GNU_SOURCE
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/alloc.h"
#include "failing_alloc.h"
#include "platform/posix/os.h"
#include "scratch.h"

static void
a_pipe_takes_all_that_is_written_in_parts(void **state)
{
    static uint8_t data[1 << 20];
    uint8_t back[4096];
    size_t got = 0;
    int fds[2];

    (void)state;
    for (size_t i = 0; i < sizeof data; i++)
        data[i] = (uint8_t)(i % 251);
    assert_int_equal(pipe(fds), 0);
    (void)fflush(NULL);
    if (fork() == 0)
        _exit(mrs_os_write(fds[1], data, sizeof data));
    (void)close(fds[1]);
    for (ssize_t n; (n = read(fds[0], back, sizeof back)) > 0; got += (size_t)n)
        assert_memory_equal(back, data + got, (size_t)n);
    assert_int_equal(got, sizeof data);
    (void)close(fds[0]);
}

static void
positions_past_what_the_system_can_are_refused(void **state)
{
    size_t got = 7;
    char byte = 0;
    int fd;

    (void)state;
    scratch_write("f", "abc", 3);
    fd = open(scratch_path("f"), O_RDWR);
    assert_int_equal(mrs_os_pwrite(fd, UINT64_MAX, &byte, 1), EFBIG);
    assert_int_equal(mrs_os_pwrite(fd, INT64_MAX, &byte, 1), EFBIG);
    assert_int_equal(mrs_os_pread(fd, INT64_MAX, &byte, 1, &got), 0);
    assert_int_equal(got, 0);
    assert_int_equal(mrs_os_pread(-1, 0, &byte, 1, &got), EBADF);
    mrs_os_close(fd);
    errno = EXDEV;
    mrs_os_close(-1);
    mrs_os_close(fd);
    assert_int_equal(errno, EXDEV);
}

/* DIR/ddd…/ddd…/… of more than 5,000 characters, made step by step; NULL on failure. */
static char *
make_deep(size_t levels)
{
    char name[101];
    size_t len = strlen(scratch_dir());
    char *path = mrs_alloc(len + levels * 101 + 1);
    int at = open(scratch_dir(), O_RDONLY | O_DIRECTORY);

    memset(name, 'd', 100);
    name[100] = '\0';
    memcpy(path, scratch_dir(), len);
    for (size_t i = 0; i < levels; i++) {
        int next;

        (void)mkdirat(at, name, 0700);
        next = openat(at, name, O_RDONLY | O_DIRECTORY);
        assert_true(next >= 0);
        (void)close(at);
        at = next;
        path[len + i * 101] = '/';
        memcpy(path + len + i * 101 + 1, name, 100);
    }
    (void)close(at);
    return path;
}

static void
open_long_takes_paths_of_any_length(void **state)
{
    struct stat st;
    char slashes[9000];
    char *path;
    int fd;

    (void)state;
    for (size_t levels = 35; levels < 90; levels += 9) {
        path = make_deep(levels);
        fd = mrs_os_open_long(path, O_RDONLY | O_DIRECTORY);
        assert_true(fd >= 0);
        assert_int_equal(fstat(fd, &st), 0);
        assert_int_equal(st.st_nlink, 2); /* the deepest: nothing is below it yet */
        mrs_os_close(fd);
        path[strlen(path) - 1] = 'x';
        assert_int_equal(mrs_os_open_long(path, O_RDONLY | O_DIRECTORY), -1);
        assert_int_equal(errno, ENOENT);
        mrs_free(path);
    }
    memset(slashes, '/', sizeof slashes - 1);
    slashes[sizeof slashes - 1] = '\0';
    fd = mrs_os_open_long(slashes, O_RDONLY | O_DIRECTORY);
    assert_true(fd >= 0);
    mrs_os_close(fd);
    memset(slashes + 1, 'a', sizeof slashes - 2);
    assert_int_equal(mrs_os_open_long(slashes, O_RDONLY), -1);
    assert_int_equal(errno, ENAMETOOLONG);
    assert_int_equal(failing_alloc_live(), 0);
}

static int
at_scratch(void)
{
    return open(scratch_dir(), O_RDONLY | O_DIRECTORY);
}

/* What every way of renaming on condition has to do. */
static int
rename_new_keeps_its_promise(bool weak)
{
    int at = at_scratch();

    if (mrs_os_rename_new(at, "file", at, "taken", weak) != EEXIST)
        return 10;
    if (mrs_os_rename_new(at, "dir", at, "taken", weak) != EEXIST)
        return 11;
    if (mrs_os_rename_new(at, "file", at, "dangling", weak) != EEXIST)
        return 12;
    if (mrs_os_rename_new(at, "none", at, "x", weak) != ENOENT)
        return 13;
    if (mrs_os_rename_new(at, "file", at, "file2", weak) != 0 ||
        mrs_os_rename_new(at, "dir", at, "dir2", weak) != 0 ||
        mrs_os_rename_new(at, "link", at, "link2", weak) != 0)
        return 14;
    if (faccessat(at, "file", F_OK, 0) == 0 || faccessat(at, "dir", F_OK, 0) == 0 ||
        faccessat(at, "dir2", F_OK, 0) != 0 || readlinkat(at, "link2", (char[9]){ 0 }, 9) != 4)
        return 15;
    /* Back, for the next way. */
    return renameat(at, "file2", at, "file") | renameat(at, "dir2", at, "dir") |
           renameat(at, "link2", at, "link");
}

static int
rename_natively(void)
{
    return rename_new_keeps_its_promise(false);
}

static int
rename_by_links(void)
{
    return scratch_deny(SYS_renameat2, EINVAL) ? rename_new_keeps_its_promise(false) : 2;
}

static int
rename_by_looking(void)
{
    return scratch_deny(SYS_renameat2, ENOSYS) && scratch_deny(SYS_linkat, EPERM)
               ? rename_new_keeps_its_promise(true)
               : 2;
}

static void
rename_new_never_replaces_whatever_the_file_system_lacks(void **state)
{
    (void)state;
    scratch_write("file", "abc", 3);
    scratch_write("taken", "keep", 4);
    assert_int_equal(mkdir(scratch_path("dir"), 0700), 0);
    assert_int_equal(symlink("none", scratch_path("dangling")), 0);
    assert_int_equal(symlink("file", scratch_path("link")), 0);
    assert_int_equal(scratch_in_child(rename_natively), 0);
    assert_int_equal(scratch_in_child(rename_by_links), 0);
    assert_int_equal(scratch_in_child(rename_by_looking), 0);
}

static int
flush_where_it_is_unknown(void)
{
    int at = at_scratch();

    if (!scratch_deny(SYS_fsync, EINVAL))
        return 2;
    return mrs_os_fsync_dir(at) == 0 && mrs_os_fsync(at) == EINVAL ? 0 : 3;
}

static void
a_directory_that_cannot_be_flushed_counts_as_flushed(void **state)
{
    (void)state;
    assert_int_equal(scratch_in_child(flush_where_it_is_unknown), 0);
}

static void
o_noatime_is_given_up_where_it_is_refused(void **state)
{
    int fd;

    (void)state;
    scratch_write("readable", "abc", 3);
    fd = mrs_os_openat_noatime(AT_FDCWD, scratch_path("readable"), O_RDONLY);
    assert_true((fcntl(fd, F_GETFL) & O_NOATIME) != 0);
    assert_true((fcntl(fd, F_GETFD) & FD_CLOEXEC) != 0);
    mrs_os_close(fd);
    if (!scratch_be_nobody())
        skip();
    fd = mrs_os_openat_noatime(AT_FDCWD, scratch_path("readable"), O_RDONLY);
    scratch_be_root();
    assert_true(fd >= 0);
    assert_true((fcntl(fd, F_GETFL) & O_NOATIME) == 0);
    mrs_os_close(fd);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_pipe_takes_all_that_is_written_in_parts),
        cmocka_unit_test(positions_past_what_the_system_can_are_refused),
        cmocka_unit_test(open_long_takes_paths_of_any_length),
        cmocka_unit_test(rename_new_never_replaces_whatever_the_file_system_lacks),
        cmocka_unit_test(a_directory_that_cannot_be_flushed_counts_as_flushed),
        cmocka_unit_test(o_noatime_is_given_up_where_it_is_refused),
    };

    return cmocka_run_group_tests(tests, scratch_setup, scratch_teardown);
}
