#define _GNU_SOURCE
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../platform/scratch.h"
#include "failing_alloc.h"
#include "source/treestream.h"

static void *
open_stream(const char *name, struct mrs_tree_stat *st, bool *sparse)
{
    struct mrs_tree_dir *dir;
    void *s;

    assert_int_equal(mrs_tree_open_root(&dir, scratch_dir(), NULL), MARS_OK);
    assert_int_equal(mrs_treestream_open(&s, dir, name, st, sparse, NULL), MARS_OK);
    mrs_tree_dir_close(dir); /* the stream needs it no longer */
    return s;
}

static void
a_stream_reads_at_offsets(void **state)
{
    struct mrs_tree_stat st;
    bool sparse;
    void *s;
    char text[16];
    uint64_t got;

    (void)state;
    scratch_write("f", "0123456789", 10);
    s = open_stream("f", &st, &sparse);
    assert_int_equal(st.size, 10);
    assert_false(sparse);
    assert_int_equal(mrs_treestream_read(NULL, s, 7, text, sizeof text, &got, NULL), MARS_OK);
    assert_int_equal(got, 3);
    assert_memory_equal(text, "789", 3);
    mrs_treestream_close(NULL, s);
    assert_int_equal(failing_alloc_live(), 0);
}

static void
holes_are_told(void **state)
{
    struct mrs_tree_stat st;
    bool sparse;
    void *s;
    uint64_t start;
    uint64_t end;
    int fd;

    (void)state;
    fd = open(scratch_path("f"), O_WRONLY | O_CREAT, 0644);
    assert_int_equal(pwrite(fd, "x", 1, 8 << 20), 1);
    assert_int_equal(ftruncate(fd, 16 << 20), 0);
    close(fd);
    s = open_stream("f", &st, &sparse);
    assert_true(sparse);
    assert_int_equal(mrs_treestream_extent(NULL, s, 0, &start, &end, NULL), MARS_OK);
    assert_in_range(start, 1, 8 << 20);
    assert_in_range(end, (8 << 20) + 1, 9 << 20);
    assert_int_equal(mrs_treestream_extent(NULL, s, end, &start, &end, NULL), MARS_OK);
    assert_int_equal(start, 16 << 20);
    assert_int_equal(end, 16 << 20);
    /* What is appended later is not promised. */
    fd = open(scratch_path("f"), O_WRONLY);
    assert_int_equal(pwrite(fd, "y", 1, 20 << 20), 1);
    close(fd);
    assert_int_equal(mrs_treestream_extent(NULL, s, 16 << 20, &start, &end, NULL), MARS_OK);
    assert_int_equal(start, 16 << 20);
    mrs_treestream_close(NULL, s);
}

static void
a_change_is_noticed(void **state)
{
    struct mrs_tree_stat st;
    bool sparse;
    void *s;
    struct timespec now[2];
    uint32_t changed;

    (void)state;
    scratch_write("f", "01", 2);
    now[0].tv_sec = now[1].tv_sec = 1000;
    now[0].tv_nsec = now[1].tv_nsec = 5;
    assert_int_equal(utimensat(AT_FDCWD, scratch_path("f"), now, 0), 0);
    s = open_stream("f", &st, &sparse);
    assert_int_equal(mrs_treestream_changed(NULL, s, &changed, NULL), MARS_OK);
    assert_int_equal(changed, 0);
    now[1].tv_nsec = 6;
    assert_int_equal(utimensat(AT_FDCWD, scratch_path("f"), now, 0), 0);
    assert_int_equal(mrs_treestream_changed(NULL, s, &changed, NULL), MARS_OK);
    assert_int_equal(changed, 1);
    mrs_treestream_close(NULL, s);
    s = open_stream("f", &st, &sparse);
    scratch_write("f", "012", 3);
    assert_int_equal(mrs_treestream_changed(NULL, s, &changed, NULL), MARS_OK);
    assert_int_equal(changed, 1);
    mrs_treestream_close(NULL, s);
}

int
main(void)
{
#define SCRATCH(f) cmocka_unit_test_setup_teardown(f, scratch_setup, scratch_teardown)
    const struct CMUnitTest tests[] = {
        SCRATCH(a_stream_reads_at_offsets),
        SCRATCH(holes_are_told),
        SCRATCH(a_change_is_noticed),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
