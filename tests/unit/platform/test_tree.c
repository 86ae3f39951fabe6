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
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <unistd.h>

#include "failing_alloc.h"
#include "platform/posix/os.h"
#include "platform/tree.h"
#include "scratch.h"

static struct mrs_tree_dir *
root(void)
{
    struct mrs_tree_dir *dir;

    assert_int_equal(mrs_tree_open_root(&dir, scratch_dir(), NULL), MARS_OK);
    return dir;
}

static void
a_root_may_be_behind_links_but_be_none(void **state)
{
    struct mrs_tree_dir *dir = (void *)state;
    mars_error err;

    assert_int_equal(mkdir(scratch_path("real"), 0700), 0);
    assert_int_equal(mkdir(scratch_path("real/sub"), 0700), 0);
    assert_int_equal(symlink("real", scratch_path("link")), 0);
    scratch_write("file", "x", 1);
    assert_int_equal(mrs_tree_open_root(&dir, scratch_path("link"), &err), MARS_ERR_STATE);
    assert_null(dir);
    assert_int_equal(mrs_tree_open_root(&dir, scratch_path("link/"), NULL), MARS_ERR_STATE);
    assert_int_equal(mrs_tree_open_root(&dir, scratch_path("file"), NULL), MARS_ERR_STATE);
    assert_int_equal(mrs_tree_open_root(&dir, scratch_path("none"), &err), MARS_ERR_NOT_FOUND);
    assert_non_null(strstr(err.message, "/none: "));
    assert_int_equal(mrs_tree_open_root(&dir, "relative", NULL), MARS_ERR_INVALID_ARG);
    assert_int_equal(mrs_tree_open_root(&dir, "", NULL), MARS_ERR_INVALID_ARG);
    assert_int_equal(mrs_tree_open_root(&dir, scratch_path("link/sub"), NULL), MARS_OK);
    mrs_tree_dir_close(dir);
    assert_int_equal(mrs_tree_open_root(&dir, scratch_path("real///"), NULL), MARS_OK);
    mrs_tree_dir_close(dir);
    assert_int_equal(mrs_tree_open_root(&dir, "/", NULL), MARS_OK);
    mrs_tree_dir_close(dir);
    mrs_tree_dir_close(NULL);
}

static void
a_root_may_have_a_path_of_5000_characters(void **state)
{
    struct mrs_tree_dir *dir = root();
    struct mrs_tree_dir *next;
    struct mrs_tree_stat deep;
    struct mrs_tree_stat st;
    size_t len = strlen(scratch_dir());
    char path[8000];
    char name[201];

    (void)state;
    memset(name, 'n', 200);
    name[200] = '\0';
    memcpy(path, scratch_dir(), len);
    /* Made by handles, as the kernel takes no such path. */
    for (size_t i = 0; i < 25; i++) {
        path[len++] = '/';
        memcpy(path + len, name, 201);
        len += 200;
        assert_int_equal(mkdirat(dir->fd, name, 0700), 0);
        assert_int_equal(mrs_tree_open_dir(&next, dir, name, NULL), MARS_OK);
        mrs_tree_dir_close(dir);
        dir = next;
    }
    assert_int_equal(mrs_tree_stat(dir, NULL, &deep, NULL), MARS_OK);
    mrs_tree_dir_close(dir);
    assert_true(len > 5000);
    assert_int_equal(mrs_tree_open_root(&dir, path, NULL), MARS_OK);
    assert_int_equal(mrs_tree_stat(dir, NULL, &st, NULL), MARS_OK);
    assert_int_equal(st.inode, deep.inode);
    mrs_tree_dir_close(dir);
}

static void
a_directory_is_opened_by_name_and_links_are_not(void **state)
{
    struct mrs_tree_dir *dir = root();
    struct mrs_tree_dir *sub = (void *)state;

    assert_int_equal(mrs_tree_open_dir(&sub, dir, "link", NULL), MARS_ERR_STATE);
    assert_null(sub);
    assert_int_equal(mrs_tree_open_dir(&sub, dir, "file", NULL), MARS_ERR_STATE);
    assert_int_equal(mrs_tree_open_dir(&sub, dir, "none", NULL), MARS_ERR_NOT_FOUND);
    assert_int_equal(mrs_tree_open_dir(&sub, dir, "..", NULL), MARS_ERR_INVALID_ARG);
    assert_int_equal(mrs_tree_open_dir(&sub, dir, "real/sub", NULL), MARS_ERR_INVALID_ARG);
    assert_int_equal(mrs_tree_open_dir(&sub, dir, "real", NULL), MARS_OK);
    mrs_tree_dir_close(dir); /* the child does not need it */
    assert_int_equal(mrs_tree_open_dir(&dir, sub, "sub", NULL), MARS_OK);
    mrs_tree_dir_close(dir);
    mrs_tree_dir_close(sub);
}

struct names {
    size_t n;
    size_t stop_after;
    bool seen[256];
};

static mars_status
see(void *user, const char *name, size_t len, mars_error *err)
{
    struct names *s = user;

    (void)err;
    if (strlen(name) != len)
        return MARS_ERR_INTERNAL;
    if (len == 255)
        s->seen[(unsigned char)name[0]] = true;
    return ++s->n == s->stop_after ? MARS_ERR_CANCELLED : MARS_OK;
}

static void
each_gives_names_of_any_bytes_again_and_again(void **state)
{
    struct mrs_tree_dir *top = root();
    struct mrs_tree_dir *dir;
    char name[300];

    (void)state;
    assert_int_equal(mkdir(scratch_path("names"), 0700), 0);
    for (int c = 1; c < 256; c++) {
        if (c == '/')
            continue;
        (void)snprintf(name, sizeof name, "names/");
        memset(name + 6, c, 255);
        name[261] = '\0';
        scratch_write(name, "", 0);
    }
    assert_int_equal(mrs_tree_open_dir(&dir, top, "names", NULL), MARS_OK);
    for (int round = 0; round < 3; round++) {
        struct names s = { 0, round == 1 ? 5 : 0, { false } };

        assert_int_equal(mrs_tree_each(dir, see, &s, NULL),
                         round == 1 ? MARS_ERR_CANCELLED : MARS_OK);
        assert_int_equal(s.n, round == 1 ? 5 : 254);
        for (int c = 1; c < 256 && round != 1; c++)
            assert_int_equal(s.seen[c], c != '/');
    }
    mrs_tree_dir_close(dir);
    mrs_tree_dir_close(top);
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
stat_knows_every_kind_and_follows_no_link(void **state)
{
    struct mrs_tree_dir *dir = root();
    struct mrs_tree_stat st;

    (void)state;
    assert_int_equal(mkfifo(scratch_path("fifo"), 0640), 0);
    make_socket(scratch_path("socket"));
    assert_int_equal(mrs_tree_stat(dir, "file", &st, NULL), MARS_OK);
    assert_int_equal(st.kind, MRS_TREE_FILE);
    assert_int_equal(st.mode, 0644);
    assert_int_equal(mrs_tree_stat(dir, "real", &st, NULL), MARS_OK);
    assert_int_equal(st.kind, MRS_TREE_DIR);
    assert_int_equal(mrs_tree_stat(dir, "link", &st, NULL), MARS_OK);
    assert_int_equal(st.kind, MRS_TREE_SYMLINK);
    assert_int_equal(st.size, 4);
    assert_int_equal(mrs_tree_stat(dir, "fifo", &st, NULL), MARS_OK);
    assert_int_equal(st.kind, MRS_TREE_FIFO);
    assert_int_equal(st.mode, 0640);
    assert_int_equal(mrs_tree_stat(dir, "socket", &st, NULL), MARS_OK);
    assert_int_equal(st.kind, MRS_TREE_SOCKET);
    assert_int_equal(mrs_tree_stat(dir, NULL, &st, NULL), MARS_OK);
    assert_int_equal(st.kind, MRS_TREE_DIR);
    assert_int_equal(mrs_tree_stat(dir, "none", &st, NULL), MARS_ERR_NOT_FOUND);
    assert_int_equal(mrs_tree_stat(dir, "../x", &st, NULL), MARS_ERR_INVALID_ARG);
    mrs_tree_dir_close(dir);
    assert_int_equal(mrs_tree_open_root(&dir, "/dev", NULL), MARS_OK);
    assert_int_equal(mrs_tree_stat(dir, "null", &st, NULL), MARS_OK);
    assert_int_equal(st.kind, MRS_TREE_CHARDEV);
    assert_int_equal(st.rdev_major, 1);
    assert_int_equal(st.rdev_minor, 3);
    mrs_tree_dir_close(dir);
}

/* All that both calls know. */
static int
compare_with_lstat(void)
{
    const struct timespec times[2] = { { 5, 6 }, { -1000, 123456789 } };
    struct mrs_tree_dir *dir;
    struct mrs_tree_stat st;
    struct stat s;

    if (utimensat(-1, scratch_path("all"), times, 0) != 0 ||
        chmod(scratch_path("all"), 06751) != 0 || lstat(scratch_path("all"), &s) != 0 ||
        mrs_tree_open_root(&dir, scratch_dir(), NULL) != MARS_OK ||
        mrs_tree_stat(dir, "all", &st, NULL) != MARS_OK)
        return 2;
    mrs_tree_dir_close(dir);
    if (st.kind != MRS_TREE_FILE || st.mode != 06751 || st.uid != s.st_uid || st.gid != s.st_gid)
        return 3;
    if (st.size != (uint64_t)s.st_size || st.blocks != (uint64_t)s.st_blocks ||
        st.nlink != 2 || st.inode != s.st_ino || st.fs_id != s.st_dev)
        return 4;
    if (st.mtime.s != -1000 || st.mtime.ns != 123456789 || st.ctime.s != s.st_ctim.tv_sec ||
        st.ctime.ns != s.st_ctim.tv_nsec)
        return 5;
    return st.has_btime ? 1 : 0;
}

static int
compare_without_statx(void)
{
    return scratch_deny(SYS_statx, EPERM) ? compare_with_lstat() : 9;
}

static void
stat_agrees_with_lstat_with_and_without_statx(void **state)
{
    int with;

    (void)state;
    scratch_write("all", "12345", 5);
    assert_int_equal(link(scratch_path("all"), scratch_path("all2")), 0);
    with = scratch_in_child(compare_with_lstat);
    assert_in_range(with, 0, 1);
    assert_int_equal(scratch_in_child(compare_without_statx), 0);
}

static void
stat_tells_the_birth_time_where_the_file_system_has_one(void **state)
{
    const struct timespec old[2] = { { 1000, 0 }, { 1000, 0 } };
    struct mrs_tree_dir *dir = root();
    struct mrs_tree_stat st;

    (void)state;
    scratch_write("born", "x", 1);
    assert_int_equal(utimensat(-1, scratch_path("born"), old, 0), 0);
    assert_int_equal(mrs_tree_stat(dir, "born", &st, NULL), MARS_OK);
    mrs_tree_dir_close(dir);
    if (!st.has_btime) {
        printf("skipped: no birth times on this file system\n");
        skip();
    }
    assert_in_range((uint64_t)st.btime.s, (uint64_t)mrs_clock_wall().s - 60,
                    (uint64_t)mrs_clock_wall().s + 1);
    assert_int_equal(st.mtime.s, 1000);
}

static void
readlink_gives_targets_of_any_length_and_bytes(void **state)
{
    struct mrs_tree_dir *dir = root();
    struct mrs_buf b = MRS_BUF_INIT(8192);
    char target[4096];
    mars_error err;

    (void)state;
    memset(target, 't', 4095);
    memcpy(target, "../\xff\n", 5);
    target[4095] = '\0';
    assert_int_equal(symlink(target, scratch_path("long")), 0);
    assert_int_equal(mrs_buf_append(&b, "=", 1, NULL), MARS_OK);
    assert_int_equal(mrs_tree_readlink(dir, "long", &b, NULL), MARS_OK);
    assert_int_equal(b.len, 4096);
    assert_memory_equal(b.data + 1, target, 4095);
    assert_int_equal(mrs_tree_readlink(dir, "file", &b, &err), MARS_ERR_STATE);
    assert_int_equal(mrs_tree_readlink(dir, "none", &b, &err), MARS_ERR_NOT_FOUND);
    assert_int_equal(b.len, 4096);
    mrs_buf_free(&b);
    mrs_tree_dir_close(dir);
}

static void
what_may_not_be_read_is_an_io_error_that_names_it(void **state)
{
    struct mrs_tree_dir *dir = root();
    struct mrs_tree_dir *sub;
    struct mrs_tree_file *f;
    mars_error err;

    (void)state;
    if (!scratch_be_nobody()) {
        mrs_tree_dir_close(dir);
        skip();
    }
    assert_int_equal(mrs_tree_open_dir(&sub, dir, "real", &err), MARS_ERR_IO);
    assert_int_equal(err.os_code, EACCES);
    assert_string_equal(err.message, "opening real: Permission denied");
    assert_int_equal(mrs_tree_open_file(&f, dir, "file", NULL), MARS_OK);
    mrs_tree_file_close(f);
    scratch_be_root();
    mrs_tree_dir_close(dir);
}

static void
a_shared_handle_stays_open_for_its_last_holder(void **state)
{
    struct mrs_tree_dir *dir;
    struct mrs_tree_dir *same;
    struct mrs_tree_stat st;

    (void)state;
    assert_int_equal(mrs_tree_open_root(&dir, scratch_dir(), NULL), MARS_OK);
    same = mrs_tree_dir_share(dir);
    mrs_tree_dir_close(dir);
    assert_int_equal(mrs_tree_stat(same, NULL, &st, NULL), MARS_OK);
    mrs_tree_dir_close(same);
    assert_int_equal(failing_alloc_live(), 0);
}

static mars_status
do_all(void)
{
    struct names s = { 0, 0, { false } };
    struct mrs_tree_dir *dir;
    struct mrs_tree_dir *sub = NULL;
    struct mrs_buf b = MRS_BUF_INIT(100);
    mars_status st = mrs_tree_open_root(&dir, scratch_dir(), NULL);

    if (st == MARS_OK)
        st = mrs_tree_open_dir(&sub, dir, "real", NULL);
    if (st == MARS_OK)
        st = mrs_tree_each(dir, see, &s, NULL);
    if (st == MARS_OK)
        st = mrs_tree_readlink(dir, "link", &b, NULL);
    mrs_tree_dir_close(sub);
    mrs_tree_dir_close(dir);
    mrs_buf_free(&b);
    return st;
}

static void
operations_survive_every_failing_allocation(void **state)
{
    mars_status st = MARS_ERR_NOMEM;
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
    assert_true(n > 3);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_root_may_be_behind_links_but_be_none),
        cmocka_unit_test(a_root_may_have_a_path_of_5000_characters),
        cmocka_unit_test(a_directory_is_opened_by_name_and_links_are_not),
        cmocka_unit_test(each_gives_names_of_any_bytes_again_and_again),
        cmocka_unit_test(stat_knows_every_kind_and_follows_no_link),
        cmocka_unit_test(stat_agrees_with_lstat_with_and_without_statx),
        cmocka_unit_test(stat_tells_the_birth_time_where_the_file_system_has_one),
        cmocka_unit_test(readlink_gives_targets_of_any_length_and_bytes),
        cmocka_unit_test(what_may_not_be_read_is_an_io_error_that_names_it),
        cmocka_unit_test(a_shared_handle_stays_open_for_its_last_holder),
        cmocka_unit_test(operations_survive_every_failing_allocation),
    };

    return cmocka_run_group_tests(tests, scratch_setup, scratch_teardown);
}
