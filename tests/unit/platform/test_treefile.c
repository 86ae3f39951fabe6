#define _GNU_SOURCE
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <unistd.h>

#include "failing_alloc.h"
#include "platform/tree.h"
#include "scratch.h"

static struct mrs_tree_dir *
root(void)
{
    struct mrs_tree_dir *dir;

    assert_int_equal(mrs_tree_open_root(&dir, scratch_dir(), NULL), MARS_OK);
    return dir;
}

static struct mrs_tree_file *
opened(const char *name)
{
    struct mrs_tree_dir *dir = root();
    struct mrs_tree_file *f;

    assert_int_equal(mrs_tree_open_file(&f, dir, name, NULL), MARS_OK);
    mrs_tree_dir_close(dir);
    return f;
}

static void
a_file_is_read_at_offsets_up_to_its_end(void **state)
{
    struct mrs_tree_file *f;
    struct mrs_tree_stat st;
    char out[16];
    size_t got;

    (void)state;
    scratch_write("f", "0123456789", 10);
    f = opened("f");
    assert_int_equal(mrs_tree_file_stat(f, &st, NULL), MARS_OK);
    assert_int_equal(st.kind, MRS_TREE_FILE);
    assert_int_equal(st.size, 10);
    assert_int_equal(mrs_tree_file_read(f, 7, out, 16, &got, NULL), MARS_OK);
    assert_int_equal(got, 3);
    assert_memory_equal(out, "789", 3);
    assert_int_equal(mrs_tree_file_read(f, 0, out, 4, &got, NULL), MARS_OK);
    assert_int_equal(got, 4);
    assert_memory_equal(out, "0123", 4);
    assert_int_equal(mrs_tree_file_read(f, 10, out, 4, &got, NULL), MARS_OK);
    assert_int_equal(got, 0);
    mrs_tree_file_close(f);
    mrs_tree_file_close(NULL);
}

static void
reading_leaves_the_access_time(void **state)
{
    const struct timespec times[2] = { { 1000, 0 }, { 2000, 0 } };
    struct mrs_tree_file *f;
    struct stat st;
    char byte;
    size_t got;

    (void)state;
    scratch_write("atime", "x", 1);
    assert_int_equal(utimensat(-1, scratch_path("atime"), times, 0), 0);
    f = opened("atime");
    assert_int_equal(mrs_tree_file_read(f, 0, &byte, 1, &got, NULL), MARS_OK);
    mrs_tree_file_close(f);
    assert_int_equal(stat(scratch_path("atime"), &st), 0);
    assert_int_equal(st.st_atim.tv_sec, 1000);
}

static void
make_socket(const char *path)
{
    struct sockaddr_un a = { AF_UNIX, "" };
    int fd = socket(AF_UNIX, SOCK_STREAM, 0);

    assert_true(strlen(path) < sizeof a.sun_path);
    memcpy(a.sun_path, path, strlen(path));
    assert_int_equal(bind(fd, (const void *)&a, sizeof a), 0);
    (void)close(fd);
}

static void
what_became_another_kind_is_not_opened_or_waited_for(void **state)
{
    static const char *const kinds[] = { "link", "fifo", "socket", "dir", "looplink" };
    struct mrs_tree_dir *dir = root();
    struct mrs_tree_file *f = (void *)state;
    mars_error err;

    scratch_write("target", "x", 1);
    assert_int_equal(symlink("target", scratch_path("link")), 0);
    assert_int_equal(symlink("looplink", scratch_path("looplink")), 0);
    assert_int_equal(mkfifo(scratch_path("fifo"), 0600), 0);
    assert_int_equal(mkdir(scratch_path("dir"), 0700), 0);
    make_socket(scratch_path("socket"));
    (void)alarm(20); /* a fifo that waits must not hang the run */
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++) {
        assert_int_equal(mrs_tree_open_file(&f, dir, kinds[i], &err), MARS_ERR_STATE);
        assert_null(f);
        assert_non_null(strstr(err.message, kinds[i]));
    }
    (void)alarm(0);
    assert_int_equal(mrs_tree_open_file(&f, dir, "none", &err), MARS_ERR_NOT_FOUND);
    assert_int_equal(mrs_tree_open_file(&f, dir, "../etc", &err), MARS_ERR_INVALID_ARG);
    mrs_tree_dir_close(dir);
    assert_int_equal(mrs_tree_open_root(&dir, "/dev", NULL), MARS_OK);
    assert_int_equal(mrs_tree_open_file(&f, dir, "null", &err), MARS_ERR_STATE);
    mrs_tree_dir_close(dir);
    assert_int_equal(failing_alloc_live(), 0);
}

static void
a_leased_file_is_locked_rather_than_waited_for(void **state)
{
    struct mrs_tree_dir *dir = root();
    struct mrs_tree_file *f;
    int fd;

    (void)state;
    scratch_write("leased", "x", 1);
    fd = open(scratch_path("leased"), O_RDWR);
    if (fcntl(fd, F_SETSIG, SIGURG) != 0 || fcntl(fd, F_SETLEASE, F_WRLCK) != 0) {
        printf("skipped: no leases on this file system\n");
        (void)close(fd);
        mrs_tree_dir_close(dir);
        skip();
    }
    assert_int_equal(mrs_tree_open_file(&f, dir, "leased", NULL), MARS_ERR_LOCKED);
    (void)close(fd);
    mrs_tree_dir_close(dir);
}

static void
a_file_that_may_not_be_read_is_an_io_error(void **state)
{
    struct mrs_tree_dir *dir = root();
    struct mrs_tree_file *f;
    mars_error err;

    (void)state;
    scratch_write("secret", "x", 1);
    assert_int_equal(chmod(scratch_path("secret"), 0600), 0);
    if (!scratch_be_nobody()) {
        mrs_tree_dir_close(dir);
        skip();
    }
    assert_int_equal(mrs_tree_open_file(&f, dir, "secret", &err), MARS_ERR_IO);
    assert_int_equal(err.os_code, EACCES);
    scratch_be_root();
    mrs_tree_dir_close(dir);
}

enum { MIB = 1 << 20 };

/* 1 MiB hole, 1 MiB data, 2 MiB hole, 1 byte of data, hole up to 8 MiB. */
static void
make_sparse(const char *name)
{
    static char data[MIB];
    int fd = open(scratch_path(name), O_WRONLY | O_CREAT | O_TRUNC, 0644);

    memset(data, 'd', sizeof data);
    assert_int_equal(pwrite(fd, data, MIB, MIB), MIB);
    assert_int_equal(pwrite(fd, "x", 1, 4 * MIB), 1);
    assert_int_equal(ftruncate(fd, 8 * MIB), 0);
    (void)close(fd);
}

static void
assert_data(struct mrs_tree_file *f, uint64_t from, uint64_t start, uint64_t end)
{
    uint64_t s;
    uint64_t e;

    assert_int_equal(mrs_tree_file_data(f, from, &s, &e, NULL), MARS_OK);
    assert_int_equal(s, start);
    assert_int_equal(e, end);
}

static void
data_is_found_between_holes(void **state)
{
    struct mrs_tree_file *f;
    struct stat st;
    uint64_t s;
    uint64_t e;

    (void)state;
    make_sparse("sparse");
    assert_int_equal(stat(scratch_path("sparse"), &st), 0);
    if (st.st_blocks * 512 >= 8 * MIB) {
        printf("skipped: no holes on this file system\n");
        skip();
    }
    f = opened("sparse");
    assert_data(f, 0, MIB, 2 * MIB);
    assert_data(f, MIB + 5, MIB + 5, 2 * MIB);
    assert_int_equal(mrs_tree_file_data(f, 2 * MIB, &s, &e, NULL), MARS_OK);
    assert_int_equal(s, 4 * MIB);
    assert_in_range(e, 4 * MIB + 1, 5 * MIB);
    assert_data(f, e, 8 * MIB, 8 * MIB); /* only a hole is left */
    assert_data(f, 8 * MIB, 8 * MIB, 8 * MIB);
    assert_data(f, UINT64_MAX, 8 * MIB, 8 * MIB);
    mrs_tree_file_close(f);
}

static void
a_file_without_holes_is_all_data(void **state)
{
    struct mrs_tree_file *f;

    (void)state;
    scratch_write("dense", "0123456789", 10);
    f = opened("dense");
    assert_data(f, 0, 0, 10);
    assert_data(f, 4, 4, 10);
    mrs_tree_file_close(f);
    scratch_write("empty", "", 0);
    f = opened("empty");
    assert_data(f, 0, 0, 0);
    mrs_tree_file_close(f);
}

static int
data_without_seek(void)
{
    struct mrs_tree_dir *dir;
    struct mrs_tree_file *f;
    uint64_t s;
    uint64_t e;

    if (mrs_tree_open_root(&dir, scratch_dir(), NULL) != MARS_OK ||
        mrs_tree_open_file(&f, dir, "sparse2", NULL) != MARS_OK ||
        !scratch_deny(SYS_lseek, EINVAL))
        return 2;
    if (mrs_tree_file_data(f, 5, &s, &e, NULL) != MARS_OK || s != 5 || e != 8 * MIB)
        return 3;
    return 0;
}

static void
a_system_that_cannot_tell_says_that_all_is_data(void **state)
{
    (void)state;
    make_sparse("sparse2");
    assert_int_equal(scratch_in_child(data_without_seek), 0);
}

static void
opening_survives_a_failing_allocation(void **state)
{
    struct mrs_tree_dir *dir = root();
    struct mrs_tree_file *f = (void *)state;

    scratch_write("oom", "x", 1);
    failing_alloc_arm(0);
    assert_int_equal(mrs_tree_open_file(&f, dir, "oom", NULL), MARS_ERR_NOMEM);
    failing_alloc_arm(SIZE_MAX);
    assert_null(f);
    mrs_tree_dir_close(dir);
    assert_int_equal(failing_alloc_live(), 0);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_file_is_read_at_offsets_up_to_its_end),
        cmocka_unit_test(reading_leaves_the_access_time),
        cmocka_unit_test(what_became_another_kind_is_not_opened_or_waited_for),
        cmocka_unit_test(a_leased_file_is_locked_rather_than_waited_for),
        cmocka_unit_test(a_file_that_may_not_be_read_is_an_io_error),
        cmocka_unit_test(data_is_found_between_holes),
        cmocka_unit_test(a_file_without_holes_is_all_data),
        cmocka_unit_test(a_system_that_cannot_tell_says_that_all_is_data),
        cmocka_unit_test(opening_survives_a_failing_allocation),
    };

    return cmocka_run_group_tests(tests, scratch_setup, scratch_teardown);
}
