#define _GNU_SOURCE
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "failing_alloc.h"
#include "platform/treewrite.h"
#include "scratch.h"

struct seen {
    size_t n;
    size_t bytes;
    const char *want;
    char value[100000];
    size_t len;
    mars_status answer;
};

static mars_status
see(void *user, const char *name, const void *value, size_t len, mars_error *err)
{
    struct seen *s = user;

    (void)err;
    s->n++;
    s->bytes += len;
    if (s->want != NULL && strcmp(name, s->want) == 0) {
        memcpy(s->value, value, len);
        s->len = len;
    }
    return s->answer;
}

static struct seen *
xattrs_of(struct mrs_tree_dir *dir, const char *name, const char *want)
{
    static struct seen s;

    memset(&s, 0, sizeof s);
    s.want = want;
    assert_int_equal(mrs_tree_xattrs(dir, name, see, &s, NULL), MARS_OK);
    return &s;
}

static struct mrs_tree_dir *
root_of(const char *path)
{
    struct mrs_tree_dir *dir;

    assert_int_equal(mrs_tree_open_root(&dir, path, NULL), MARS_OK);
    return dir;
}

static void
skip_unless_user_attributes(const char *path)
{
    if (lsetxattr(path, "user.probe", "", 0, 0) == 0 && lremovexattr(path, "user.probe") == 0)
        return;
    printf("skipped: no user attributes on this file system\n");
    skip();
}

static void
attributes_of_a_file_and_of_the_directory_itself_are_read(void **state)
{
    struct mrs_tree_dir *dir;
    struct seen *s;

    (void)state;
    skip_unless_user_attributes(scratch_dir());
    scratch_write("f", "x", 1);
    dir = root_of(scratch_dir());
    assert_int_equal(xattrs_of(dir, "f", NULL)->n, 0);
    assert_int_equal(setxattr(scratch_path("f"), "user.a", "one\0two", 7, 0), 0);
    assert_int_equal(setxattr(scratch_path("f"), "user.empty", "", 0, 0), 0);
    assert_int_equal(setxattr(scratch_dir(), "user.dir", "of dir", 6, 0), 0);
    s = xattrs_of(dir, "f", "user.a");
    assert_int_equal(s->n, 2);
    assert_int_equal(s->bytes, 7);
    assert_memory_equal(s->value, "one\0two", 7);
    s = xattrs_of(dir, NULL, "user.dir");
    assert_int_equal(s->n, 1);
    assert_memory_equal(s->value, "of dir", 6);
    assert_int_equal(mrs_tree_xattrs(dir, "none", see, s, NULL), MARS_ERR_NOT_FOUND);
    assert_int_equal(mrs_tree_xattrs(dir, "..", see, s, NULL), MARS_ERR_INVALID_ARG);
    s->answer = MARS_ERR_CANCELLED;
    s->n = 0;
    assert_int_equal(mrs_tree_xattrs(dir, "f", see, s, NULL), MARS_ERR_CANCELLED);
    assert_int_equal(s->n, 1);
    mrs_tree_dir_close(dir);
}

static void
links_and_fifos_have_their_own_attributes(void **state)
{
    struct mrs_tree_dir *dir = root_of(scratch_dir());
    struct seen *s;

    (void)state;
    scratch_write("target", "x", 1);
    assert_int_equal(symlink("target", scratch_path("link")), 0);
    assert_int_equal(symlink("nowhere", scratch_path("dangling")), 0);
    assert_int_equal(mkfifo(scratch_path("fifo"), 0600), 0);
    (void)setxattr(scratch_path("target"), "user.t", "target", 6, 0);
    assert_int_equal(xattrs_of(dir, "link", NULL)->n, 0);
    assert_int_equal(xattrs_of(dir, "dangling", NULL)->n, 0);
    assert_int_equal(xattrs_of(dir, "fifo", NULL)->n, 0);
    if (lsetxattr(scratch_path("link"), "trusted.l", "link", 4, 0) != 0 ||
        lsetxattr(scratch_path("fifo"), "trusted.f", "fifo", 4, 0) != 0) {
        printf("skipped: needs root and trusted attributes\n");
        mrs_tree_dir_close(dir);
        skip();
    }
    s = xattrs_of(dir, "link", "trusted.l");
    assert_int_equal(s->n, 1);
    assert_memory_equal(s->value, "link", 4);
    s = xattrs_of(dir, "fifo", "trusted.f");
    assert_int_equal(s->n, 1);
    assert_memory_equal(s->value, "fifo", 4);
    mrs_tree_dir_close(dir);
}

static void
acls_are_among_the_attributes(void **state)
{
    /* Version 2; owner rw, user 1000 r, group r, mask r, other none. */
    static const uint8_t acl[] = {
        2, 0, 0, 0,                                     /* header */
        1, 0, 6, 0, 0xff, 0xff, 0xff, 0xff,             /* ACL_USER_OBJ */
        2, 0, 4, 0, 0xe8, 0x03, 0, 0,                   /* ACL_USER 1000 */
        4, 0, 4, 0, 0xff, 0xff, 0xff, 0xff,             /* ACL_GROUP_OBJ */
        16, 0, 4, 0, 0xff, 0xff, 0xff, 0xff,            /* ACL_MASK */
        32, 0, 0, 0, 0xff, 0xff, 0xff, 0xff,            /* ACL_OTHER */
    };
    struct mrs_tree_dir *dir = root_of(scratch_dir());
    struct mrs_meta_at at = { dir, "acl", NULL };
    struct seen *s;

    (void)state;
    scratch_write("acl", "x", 1);
    if (mrs_meta_set_xattr(&at, "system.posix_acl_access", acl, sizeof acl, NULL) != MARS_OK) {
        printf("skipped: no ACLs on this file system\n");
        mrs_tree_dir_close(dir);
        skip();
    }
    s = xattrs_of(dir, "acl", "system.posix_acl_access");
    assert_int_equal(s->len, sizeof acl);
    assert_memory_equal(s->value, acl, sizeof acl);
    mrs_tree_dir_close(dir);
}

static void
names_of_255_bytes_and_many_attributes_fit(void **state)
{
    struct mrs_tree_dir *dir = root_of(scratch_dir());
    char name[256];
    char attr[256];
    struct seen *s;
    size_t n = 0;

    (void)state;
    skip_unless_user_attributes(scratch_dir());
    memset(name, 0xfe, 255);
    name[255] = '\0';
    scratch_write(name, "x", 1);
    /* Their list has more than the first try takes; ext4 has one block for them. */
    for (int i = 0; i < 10; i++) {
        memset(attr, 'a' + i, 255);
        memcpy(attr, "user.", 5);
        attr[255] = '\0';
        n += setxattr(scratch_path(name), attr, "v", 1, 0) == 0;
    }
    assert_true(n >= 5);
    s = xattrs_of(dir, name, attr);
    assert_int_equal(s->n, n);
    assert_int_equal(s->bytes, n);
    mrs_tree_dir_close(dir);
}

static void
values_of_64_kib_are_written_and_read(void **state)
{
    char tmp[] = "/dev/shm/mars-unit-XXXXXX";
    struct mrs_tree_dir *dir;
    struct mrs_meta_at at = { NULL, "big", NULL };
    struct seen *s;
    static char value[65536];
    mars_status st = MARS_ERR_IO;

    (void)state;
    for (size_t i = 0; i < sizeof value; i++)
        value[i] = (char)(i * 31 >> 3);
    if (mkdtemp(tmp) != NULL) {
        dir = at.dir = root_of(tmp);
        assert_int_equal(mrs_treewrite_mkdir(dir, "big", NULL), MARS_OK);
        st = mrs_meta_set_xattr(&at, "user.big", value, sizeof value, NULL);
        if (st == MARS_OK) {
            s = xattrs_of(dir, "big", "user.big");
            assert_int_equal(s->len, sizeof value);
            assert_memory_equal(s->value, value, sizeof value);
        }
        mrs_tree_dir_close(dir);
        scratch_remove(tmp);
    }
    if (st != MARS_OK) {
        printf("skipped: no tmpfs that takes such values\n");
        skip();
    }
}

static void
a_file_system_without_attributes_has_none(void **state)
{
    struct mrs_tree_dir *dir = root_of("/proc");

    (void)state;
    assert_int_equal(xattrs_of(dir, "version", NULL)->n, 0);
    assert_int_equal(xattrs_of(dir, NULL, NULL)->n, 0);
    mrs_tree_dir_close(dir);
}

static void
values_that_may_not_be_read_are_left_out(void **state)
{
    struct mrs_tree_dir *dir = root_of(scratch_dir());

    (void)state;
    skip_unless_user_attributes(scratch_dir());
    scratch_write("closed", "x", 1);
    assert_int_equal(setxattr(scratch_path("closed"), "user.c", "v", 1, 0), 0);
    assert_int_equal(chmod(scratch_path("closed"), 0600), 0);
    assert_int_equal(xattrs_of(dir, "closed", NULL)->n, 1);
    if (!scratch_be_nobody()) {
        mrs_tree_dir_close(dir);
        skip();
    }
    assert_int_equal(xattrs_of(dir, "closed", NULL)->n, 0);
    scratch_be_root();
    mrs_tree_dir_close(dir);
}

static struct mrs_tree_dir *kept;

static int
read_vanishing(void)
{
    static struct seen s;

    if (!scratch_deny(SYS_lgetxattr, ENODATA))
        return 2;
    return mrs_tree_xattrs(kept, "vanish", see, &s, NULL) == MARS_OK && s.n == 0 ? 0 : 3;
}

static int
read_broken(void)
{
    static struct seen s;

    if (!scratch_deny(SYS_lgetxattr, EIO))
        return 2;
    return mrs_tree_xattrs(kept, "vanish", see, &s, NULL) == MARS_ERR_IO ? 0 : 3;
}

static void
values_that_vanish_are_left_out_but_damage_is_told(void **state)
{
    (void)state;
    skip_unless_user_attributes(scratch_dir());
    scratch_write("vanish", "x", 1);
    assert_int_equal(setxattr(scratch_path("vanish"), "user.v", "v", 1, 0), 0);
    kept = root_of(scratch_dir());
    assert_int_equal(scratch_in_child(read_vanishing), 0);
    assert_int_equal(scratch_in_child(read_broken), 0);
    mrs_tree_dir_close(kept);
}

/* In a root without /proc: files and directories work, the rest has none. */
static int
work_without_proc(void)
{
    struct mrs_meta_at file = { kept, "np-file", NULL };
    struct mrs_meta_at link = { kept, "np-link", NULL };
    static struct seen s = { .want = "user.np" };

    if (!scratch_without_proc())
        return 2;
    if (mrs_meta_set_xattr(&file, "user.np", "value", 5, NULL) != MARS_OK)
        return 3;
    if (mrs_tree_xattrs(kept, "np-file", see, &s, NULL) != MARS_OK || s.n != 1 || s.len != 5)
        return 4;
    if (mrs_meta_remove_xattr(&file, "user.np", NULL) != MARS_OK ||
        mrs_meta_remove_xattr(&file, "user.np", NULL) != MARS_ERR_NOT_FOUND)
        return 5;
    if (mrs_tree_xattrs(kept, "np-link", see, &s, NULL) != MARS_OK || s.n != 1)
        return 6;
    if (mrs_meta_set_xattr(&link, "trusted.np", "v", 1, NULL) != MARS_ERR_IO)
        return 7;
    return mrs_tree_xattrs(kept, "none", see, &s, NULL) == MARS_ERR_NOT_FOUND ? 0 : 8;
}

static void
files_and_directories_keep_their_attributes_without_proc(void **state)
{
    (void)state;
    skip_unless_user_attributes(scratch_dir());
    if (geteuid() != 0) {
        printf("skipped: needs root for chroot\n");
        skip();
    }
    scratch_write("np-file", "x", 1);
    assert_int_equal(symlink("np-file", scratch_path("np-link")), 0);
    kept = root_of(scratch_dir());
    assert_int_equal(scratch_in_child(work_without_proc), 0);
    mrs_tree_dir_close(kept);
}

static void
reading_survives_every_failing_allocation(void **state)
{
    mars_status st = MARS_ERR_NOMEM;
    struct mrs_tree_dir *dir = root_of(scratch_dir());
    size_t live = failing_alloc_live();
    static char value[2000];
    static struct seen s;
    size_t n;

    (void)state;
    skip_unless_user_attributes(scratch_dir());
    scratch_write("oom", "x", 1);
    assert_int_equal(setxattr(scratch_path("oom"), "user.o", value, sizeof value, 0), 0);
    for (n = 0; st != MARS_OK; n++) {
        assert_in_range(n, 0, 100);
        failing_alloc_arm(n);
        st = mrs_tree_xattrs(dir, "oom", see, &s, NULL);
        failing_alloc_arm(SIZE_MAX);
        assert_true(st == MARS_OK || st == MARS_ERR_NOMEM);
        assert_int_equal(failing_alloc_live(), live);
    }
    assert_true(n > 2);
    mrs_tree_dir_close(dir);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(attributes_of_a_file_and_of_the_directory_itself_are_read),
        cmocka_unit_test(links_and_fifos_have_their_own_attributes),
        cmocka_unit_test(acls_are_among_the_attributes),
        cmocka_unit_test(names_of_255_bytes_and_many_attributes_fit),
        cmocka_unit_test(values_of_64_kib_are_written_and_read),
        cmocka_unit_test(a_file_system_without_attributes_has_none),
        cmocka_unit_test(values_that_may_not_be_read_are_left_out),
        cmocka_unit_test(values_that_vanish_are_left_out_but_damage_is_told),
        cmocka_unit_test(files_and_directories_keep_their_attributes_without_proc),
        cmocka_unit_test(reading_survives_every_failing_allocation),
    };

    return cmocka_run_group_tests(tests, scratch_setup, scratch_teardown);
}
