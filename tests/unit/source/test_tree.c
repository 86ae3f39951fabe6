#define _GNU_SOURCE
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <string.h>
#include <time.h>
#include <unistd.h>

#include "../platform/scratch.h"
#include "failing_alloc.h"
#include "listing.h"
#include "nap.h"

static char text[64 << 10];

static void
a_tree_comes_depth_first_in_byte_order(void **state)
{
    struct mrs_tree_options opts = options_for((const char *const[]){ "t", NULL });

    (void)state;
    make("t/");
    make("t/b/");
    make("t/b/2");
    make("t/b/10");
    make("t/a");
    make("t/b.c");
    make("t/\xff");
    make("t/Z/");
    assert_int_equal(list_all(&opts, text, sizeof text, NULL), MARS_OK);
    assert_string_equal(text, "> t*\n> Z\n<\n= a\n> b\n= 10\n= 2\n<\n= b.c\n= \xff\n<\n");
}

static void
no_path_is_refused(void **state)
{
    struct mrs_tree_options opts = options_for((const char *const[]){ NULL });
    struct walking s;

    (void)state;
    assert_int_equal(walking_open(&s, &opts, NULL), MARS_ERR_INVALID_ARG);
}

static mars_status
walk_everything(void)
{
    struct mrs_tree_options opts = options_for((const char *const[]){ "o", "o/d/x", "l", NULL });
    struct mrs_source_item item;
    struct mrs_source_file file = { .source = NULL };
    struct mrs_slice attrs;
    struct walking s;
    mars_status st;

    opts.exclude_caches = true;
    st = walking_open(&s, &opts, NULL);
    if (st != MARS_OK)
        return st;
    for (;;) {
        st = mrs_reader_next(s.reader, &item, NULL);
        if (st != MARS_OK || item.kind == MRS_SOURCE_END)
            break;
        if (item.kind == MRS_SOURCE_ENTRY || item.kind == MRS_SOURCE_ENTER)
            st = mrs_reader_describe(s.reader, &item, &attrs, NULL);
        if (st == MARS_OK && item.entry.type == MRS_ENTRY_FILE)
            st = mrs_reader_open_file(s.reader, &item, &file, NULL);
        mrs_source_close(&file);
        if (st != MARS_OK)
            break;
    }
    walking_close(&s);
    return st;
}

static void
a_walk_survives_every_oom(void **state)
{
    size_t live = failing_alloc_live();
    mars_status st = MARS_ERR_NOMEM;

    (void)state;
    make("o/");
    make("o/d/");
    make("o/d/x");
    make("o/CACHEDIR.TAG");
    assert_int_equal(symlink("o", scratch_path("l")), 0);
    for (size_t n = 0; st != MARS_OK; n++) {
        assert_in_range(n, 0, 1000);
        failing_alloc_arm(n);
        st = walk_everything();
        failing_alloc_arm(SIZE_MAX);
        assert_true(st == MARS_OK || st == MARS_ERR_NOMEM);
        assert_int_equal(failing_alloc_live(), live);
        assert_true(st != MARS_OK || n > 30); /* it did fail, and often */
    }
}

static void
a_root_knows_where_it_was(void **state)
{
    struct mrs_tree_options opts = options_for((const char *const[]){ "r/a", "r/b", NULL });
    struct mrs_source_item item;
    struct walking s;
    size_t roots = 0;

    (void)state;
    make("r/");
    make("r/a/");
    make("r/b");
    assert_int_equal(walking_open(&s, &opts, NULL), MARS_OK);
    while (mrs_reader_next(s.reader, &item, NULL) == MARS_OK && item.kind != MRS_SOURCE_END) {
        const struct mrs_root *root = item.root;

        if (item.kind == MRS_SOURCE_LEAVE)
            continue;
        roots++;
        assert_true(item.is_root);
        assert_int_equal(root->style, MRS_PATH_POSIX);
        assert_int_equal(root->encoding, 1);
        assert_int_equal(root->case_rule, 1);
        assert_int_equal(root->consistency, 0);
        assert_true(root->n_parent >= 2);
        assert_int_equal(root->parent[root->n_parent - 1].n, 1);
        assert_memory_equal(root->parent[root->n_parent - 1].p, "r", 1);
        assert_true(root->fs_type.n > 0);
    }
    assert_int_equal(roots, 2);
    walking_close(&s);
}

static void
describe_completes_an_entry(void **state)
{
    struct mrs_tree_options opts = options_for((const char *const[]){ "l", NULL });
    struct mrs_source_item item;
    struct mrs_slice attrs;
    struct walking s;

    (void)state;
    assert_int_equal(symlink("where to", scratch_path("l")), 0);
    assert_int_equal(walking_open(&s, &opts, NULL), MARS_OK);
    assert_int_equal(mrs_reader_describe(s.reader, &item, &attrs, NULL), MARS_ERR_INTERNAL);
    assert_int_equal(mrs_reader_next(s.reader, &item, NULL), MARS_OK);
    assert_int_equal(item.kind, MRS_SOURCE_ENTRY);
    assert_int_equal(item.entry.type, MRS_ENTRY_SYMLINK);
    assert_int_equal(item.entry.size, 0);
    assert_int_equal(mrs_reader_describe(s.reader, &item, &attrs, NULL), MARS_OK);
    assert_int_equal(item.entry.target.n, 8);
    assert_memory_equal(item.entry.target.p, "where to", 8);
    if (geteuid() == 0) {
        assert_int_equal(item.entry.user.n, 4);
        assert_memory_equal(item.entry.user.p, "root", 4);
    }
    assert_int_equal(unlink(scratch_path("l")), 0);
    make("l");
    assert_int_equal(mrs_reader_describe(s.reader, &item, &attrs, NULL), MARS_ERR_NOT_FOUND);
    walking_close(&s);
}

static void
opening_refreshes_the_entry(void **state)
{
    struct mrs_tree_options opts = options_for((const char *const[]){ "f", NULL });
    struct mrs_source_file file;
    struct mrs_source_item item;
    struct walking s;

    (void)state;
    scratch_write("f", "one", 3);
    assert_int_equal(walking_open(&s, &opts, NULL), MARS_OK);
    assert_int_equal(mrs_reader_next(s.reader, &item, NULL), MARS_OK);
    assert_int_equal(item.entry.size, 3);
    scratch_write("f", "three", 5);
    assert_int_equal(link(scratch_path("f"), scratch_path("g")), 0);
    assert_int_equal(mrs_reader_open_file(s.reader, &item, &file, NULL), MARS_OK);
    assert_int_equal(item.entry.size, 5);
    assert_int_equal(file.size, 5);
    assert_true(item.linked);
    assert_true(item.link_fs != 0);
    mrs_source_close(&file);
    assert_int_equal(unlink(scratch_path("f")), 0);
    assert_int_equal(mrs_reader_open_file(s.reader, &item, &file, NULL), MARS_ERR_NOT_FOUND);
    assert_int_equal(symlink("g", scratch_path("f")), 0);
    assert_int_equal(mrs_reader_open_file(s.reader, &item, &file, NULL), MARS_ERR_NOT_FOUND);
    assert_null(file.source);
    walking_close(&s);
}

/* A change in the same step of the clock that stamps changes would not show. */
static void
a_file_that_changed_just_now_gets_no_change_time(void **state)
{
    struct mrs_tree_options opts = options_for((const char *const[]){ "f", NULL });
    struct mrs_source_file file;
    struct mrs_source_item item;
    struct walking s;
    int fresh = 0;

    (void)state;
    for (int i = 0; i < 1000 && fresh == 0; i++) {
        scratch_write("f", "one", 3);
        assert_int_equal(walking_open(&s, &opts, NULL), MARS_OK);
        assert_int_equal(mrs_reader_next(s.reader, &item, NULL), MARS_OK);
        scratch_write("f", "two", 3);
        assert_int_equal(mrs_reader_open_file(s.reader, &item, &file, NULL), MARS_OK);
        mrs_source_close(&file);
        fresh += item.stat.ctime_s == 0 && item.stat.ctime_ns == 0;
        walking_close(&s);
    }
    assert_int_equal(fresh, 1);
    nap(50);
    assert_int_equal(walking_open(&s, &opts, NULL), MARS_OK);
    assert_int_equal(mrs_reader_next(s.reader, &item, NULL), MARS_OK);
    assert_int_equal(mrs_reader_open_file(s.reader, &item, &file, NULL), MARS_OK);
    mrs_source_close(&file);
    assert_int_not_equal(item.stat.ctime_s, 0);
    walking_close(&s);
}

int
main(void)
{
#define SCRATCH(f) cmocka_unit_test_setup_teardown(f, scratch_setup, scratch_teardown)
    const struct CMUnitTest tests[] = {
        SCRATCH(a_tree_comes_depth_first_in_byte_order),
        SCRATCH(no_path_is_refused),
        SCRATCH(a_root_knows_where_it_was),
        SCRATCH(describe_completes_an_entry),
        SCRATCH(opening_refreshes_the_entry),
        SCRATCH(a_file_that_changed_just_now_gets_no_change_time),
        SCRATCH(a_walk_survives_every_oom),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
