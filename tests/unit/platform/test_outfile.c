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
#include "platform/treewrite.h"
#include "scratch.h"

static struct mrs_out_file *
created(const char *name)
{
    struct mrs_tree_dir *dir;
    struct mrs_out_file *f;

    assert_int_equal(mrs_treewrite_root(&dir, scratch_dir(), NULL), MARS_OK);
    assert_int_equal(mrs_out_file_create(&f, dir, name, NULL), MARS_OK);
    mrs_tree_dir_close(dir);
    return f;
}

static void
a_file_is_made_private_and_exclusively(void **state)
{
    struct mrs_out_file *f = created("made");
    struct mrs_tree_dir *dir;
    struct stat st;

    mrs_out_file_close(f);
    mrs_out_file_close(NULL);
    assert_int_equal(stat(scratch_path("made"), &st), 0);
    assert_int_equal(st.st_mode, S_IFREG | 0600);
    assert_int_equal(symlink("nowhere", scratch_path("link")), 0);
    assert_int_equal(mrs_treewrite_root(&dir, scratch_dir(), NULL), MARS_OK);
    f = (void *)state;
    assert_int_equal(mrs_out_file_create(&f, dir, "made", NULL), MARS_ERR_EXISTS);
    assert_null(f);
    assert_int_equal(mrs_out_file_create(&f, dir, "link", NULL), MARS_ERR_EXISTS);
    assert_int_equal(access(scratch_path("nowhere"), F_OK), -1);
    failing_alloc_arm(0);
    assert_int_equal(mrs_out_file_create(&f, dir, "oom", NULL), MARS_ERR_NOMEM);
    failing_alloc_arm(SIZE_MAX);
    assert_int_equal(access(scratch_path("oom"), F_OK), -1);
    mrs_tree_dir_close(dir);
    assert_int_equal(failing_alloc_live(), 0);
}

static void
an_open_file_tells_what_it_is(void **state)
{
    struct mrs_out_file *f = created("told");
    struct mrs_tree_stat now;
    struct stat st;

    (void)state;
    assert_int_equal(mrs_out_file_write(f, 0, "abc", 3, NULL), MARS_OK);
    assert_int_equal(mrs_out_file_stat(f, &now, NULL), MARS_OK);
    mrs_out_file_close(f);
    assert_int_equal(stat(scratch_path("told"), &st), 0);
    assert_int_equal(now.kind, MRS_TREE_FILE);
    assert_int_equal(now.mode, 0600);
    assert_int_equal(now.size, 3);
    assert_int_equal(now.inode, st.st_ino);
    assert_int_equal(now.uid, st.st_uid);
    assert_int_equal(now.gid, st.st_gid);
}

static void
writes_in_any_order_make_one_file_with_holes(void **state)
{
    struct mrs_out_file *f = created("out");
    struct mrs_buf b = MRS_BUF_INIT(16 << 20);
    struct stat st;

    (void)state;
    assert_int_equal(mrs_out_file_resize(f, 8 << 20, NULL), MARS_OK);
    assert_int_equal(mrs_out_file_write(f, 4 << 20, "middle", 6, NULL), MARS_OK);
    assert_int_equal(mrs_out_file_write(f, 0, "begin", 5, NULL), MARS_OK);
    assert_int_equal(mrs_out_file_write(f, 9, NULL, 0, NULL), MARS_OK);
    mrs_out_file_close(f);
    assert_int_equal(stat(scratch_path("out"), &st), 0);
    assert_int_equal(st.st_size, 8 << 20);
    assert_true(st.st_blocks * 512 < 1 << 20);
    assert_int_equal(mrs_file_slurp(scratch_path("out"), &b, NULL), MARS_OK);
    assert_memory_equal(b.data, "begin\0\0", 7);
    assert_memory_equal(b.data + (4 << 20) - 1, "\0middle\0", 8);
    assert_int_equal(b.data[b.len - 1], 0);
    mrs_buf_free(&b);
}

static void
sizes_past_what_the_system_can_are_refused(void **state)
{
    struct mrs_out_file *f = created("huge");
    mars_error err;

    (void)state;
    assert_int_equal(mrs_out_file_resize(f, UINT64_MAX, &err), MARS_ERR_IO);
    assert_int_equal(err.os_code, EFBIG);
    assert_int_equal(mrs_out_file_write(f, UINT64_MAX, "x", 1, &err), MARS_ERR_IO);
    assert_string_equal(err.message, "writing huge: File too large");
    mrs_out_file_close(f);
}

static struct mrs_out_file *kept;

static int
write_on_a_full_disk(void)
{
    if (!scratch_deny(SYS_pwrite64, ENOSPC))
        return 2;
    return mrs_out_file_write(kept, 0, "x", 1, NULL) == MARS_ERR_QUOTA ? 0 : 3;
}

static void
a_full_disk_is_reported(void **state)
{
    (void)state;
    kept = created("full");
    assert_int_equal(scratch_in_child(write_on_a_full_disk), 0);
    mrs_out_file_close(kept);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_file_is_made_private_and_exclusively),
        cmocka_unit_test(an_open_file_tells_what_it_is),
        cmocka_unit_test(writes_in_any_order_make_one_file_with_holes),
        cmocka_unit_test(sizes_past_what_the_system_can_are_refused),
        cmocka_unit_test(a_full_disk_is_reported),
    };

    return cmocka_run_group_tests(tests, scratch_setup, scratch_teardown);
}
