#define _GNU_SOURCE
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../platform/scratch.h"
#include "failing_alloc.h"
#include "listing.h"

enum { DIRS = 120, FILES = 20, TEXT = 1 << 20 };

static char plain[TEXT];
static char ahead[TEXT];

/* More directories and files than are looked at ahead. */
static void
make_tree(void)
{
    char name[64];

    make("t/");
    for (int d = 0; d < DIRS; d++) {
        (void)snprintf(name, sizeof name, "t/%03d/", d);
        make(name);
        for (int f = 0; f < FILES; f++) {
            (void)snprintf(name, sizeof name, "t/%03d/%d", d, f);
            make(name);
        }
    }
}

static struct mrs_tree_options
options(void)
{
    struct mrs_tree_options opts = options_for((const char *const[]){ "t", NULL });

    opts.look_ahead = true;
    return opts;
}

static void
items_are_the_same_in_the_same_order(void **state)
{
    struct mrs_tree_options opts = options();

    (void)state;
    make_tree();
    assert_int_equal(list_all(&opts, ahead, sizeof ahead, NULL), MARS_OK);
    opts.look_ahead = false;
    assert_int_equal(list_all(&opts, plain, sizeof plain, NULL), MARS_OK);
    assert_true(strlen(plain) > (size_t)DIRS * FILES);
    assert_string_equal(ahead, plain);
    assert_int_equal(failing_alloc_live(), 0);
}

static int
open_handles(void)
{
    DIR *d = opendir("/proc/self/fd");
    int n = 0;

    assert_non_null(d);
    while (readdir(d) != NULL)
        n++;
    (void)closedir(d);
    return n;
}

static void
few_handles_are_open_and_all_closed_at_whatever_item_one_stops(void **state)
{
    struct mrs_tree_options opts = options();
    int before = open_handles();

    (void)state;
    make_tree();
    for (size_t stop = 0; stop < 2000; stop += 190) {
        struct mrs_source_item item;
        struct walking s;

        assert_int_equal(walking_open(&s, &opts, NULL), MARS_OK);
        for (size_t i = 0; i < stop; i++)
            assert_int_equal(mrs_reader_next(s.reader, &item, NULL), MARS_OK);
        assert_true(open_handles() - before < 200);
        walking_close(&s);
        assert_int_equal(open_handles(), before);
        assert_int_equal(failing_alloc_live(), 0);
    }
}

/* What happened since a file was looked at shows when it is opened. */
static void
an_opened_file_is_looked_at_again(void **state)
{
    struct mrs_tree_options opts = options();
    struct mrs_source_file file;
    struct mrs_source_item item;
    struct walking s;

    (void)state;
    make("t/");
    make("t/a");
    make("t/b");
    assert_int_equal(walking_open(&s, &opts, NULL), MARS_OK);
    ahead[0] = '\0';
    assert_int_equal(list_until(&s, "a", &item, ahead, sizeof ahead, NULL), MARS_OK);
    assert_int_equal(item.entry.size, 1);
    scratch_write("t/a", "more", 4);
    assert_int_equal(mrs_reader_open_file(s.reader, &item, &file, NULL), MARS_OK);
    assert_int_equal(item.entry.size, 4);
    assert_int_equal(file.size, 4);
    mrs_source_close(&file);
    assert_int_equal(list_until(&s, "b", &item, ahead, sizeof ahead, NULL), MARS_OK);
    assert_int_equal(unlink(scratch_path("t/b")), 0);
    assert_int_equal(mrs_reader_open_file(s.reader, &item, &file, NULL), MARS_ERR_NOT_FOUND);
    walking_close(&s);
}

static void
every_allocation_may_fail(void **state)
{
    mars_status st = MARS_ERR_NOMEM;
    size_t n;

    (void)state;
    make("t/");
    make("t/d/");
    make("t/d/a");
    for (n = 0; st != MARS_OK; n++) {
        struct mrs_tree_options opts = options();

        assert_in_range(n, 0, 300);
        failing_alloc_arm(n);
        st = list_all(&opts, ahead, sizeof ahead, NULL);
        assert_true(st == MARS_OK || st == MARS_ERR_NOMEM);
        assert_int_equal(failing_alloc_live(), 0);
    }
    failing_alloc_arm(SIZE_MAX);
    assert_true(n > 10);
}

int
main(void)
{
#define SCRATCH(f) cmocka_unit_test_setup_teardown(f, scratch_setup, scratch_teardown)
    const struct CMUnitTest tests[] = {
        SCRATCH(items_are_the_same_in_the_same_order),
        SCRATCH(few_handles_are_open_and_all_closed_at_whatever_item_one_stops),
        SCRATCH(an_opened_file_is_looked_at_again),
        SCRATCH(every_allocation_may_fail),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
