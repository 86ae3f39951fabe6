#define _GNU_SOURCE
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../platform/scratch.h"
#include "failing_alloc.h"
#include "listing.h"
#include "source/roots.h"

static mars_status
roots_of(struct mrs_tree_roots *r, const char *const *paths, mars_error *err)
{
    struct mrs_tree_options opts = options_for(paths);

    return mrs_tree_roots_make(r, opts.paths, opts.n_paths, false, err);
}

static void
twins_and_nested_paths_are_dropped(void **state)
{
    struct mrs_tree_roots r;

    (void)state;
    make("a/");
    make("a/b/");
    make("a-b");
    make("ab");
    assert_int_equal(roots_of(&r, (const char *const[]){ "ab", "a/b/", "a//", "a-b", "a/./b/..",
                                                         "a/b", NULL }, NULL), MARS_OK);
    assert_int_equal(r.n, 3);
    assert_string_equal(r.list[0].path, scratch_path("a"));
    assert_string_equal(r.list[1].path, scratch_path("a-b"));
    assert_string_equal(r.list[2].path, scratch_path("ab"));
    mrs_tree_roots_free(&r);
    assert_int_equal(roots_of(&r, (const char *const[]){ "a", "/", NULL }, NULL), MARS_OK);
    assert_int_equal(r.n, 1);
    assert_string_equal(r.list[0].path, "/");
    assert_int_equal(r.list[0].n_parent, 0);
    mrs_tree_roots_free(&r);
    assert_int_equal(failing_alloc_live(), 0);
}

static void
what_a_link_hides_from_the_walk_stays(void **state)
{
    struct mrs_tree_roots r;

    (void)state;
    make("a/");
    make("o/");
    make("o/x");
    assert_int_equal(symlink("../o", scratch_path("a/l")), 0);
    assert_int_equal(roots_of(&r, (const char *const[]){ "a", "a/l", "a/l/x", NULL }, NULL),
                     MARS_OK);
    assert_int_equal(r.n, 2);
    assert_string_equal(r.list[1].path, scratch_path("a/l/x"));
    mrs_tree_roots_free(&r);
}

static void
a_missing_path_is_named(void **state)
{
    struct mrs_tree_roots r;
    mars_error err;

    (void)state;
    make("f");
    assert_int_equal(roots_of(&r, (const char *const[]){ "f", "missing", NULL }, &err),
                     MARS_ERR_NOT_FOUND);
    assert_non_null(strstr(err.message, "missing"));
    assert_int_equal(r.n, 0);
    assert_int_equal(roots_of(&r, (const char *const[]){ "f/x", NULL }, &err), MARS_ERR_STATE);
    assert_int_equal(failing_alloc_live(), 0);
}

static void
a_spot_is_a_handle_or_a_name(void **state)
{
    struct mrs_tree_spot spot;

    (void)state;
    make("d/");
    assert_int_equal(symlink("d", scratch_path("l")), 0);
    make("d/f");
    assert_int_equal(mrs_tree_spot_find(&spot, scratch_path("d"), NULL), MARS_OK);
    assert_non_null(spot.own);
    assert_int_equal(spot.stat.kind, MRS_TREE_DIR);
    mrs_tree_spot_close(&spot);
    assert_int_equal(mrs_tree_spot_find(&spot, scratch_path("l"), NULL), MARS_OK);
    assert_null(spot.own);
    assert_int_equal(spot.stat.kind, MRS_TREE_SYMLINK);
    mrs_tree_spot_close(&spot);
    /* The directory above may be reached through a link: the user named it. */
    assert_int_equal(mrs_tree_spot_find(&spot, scratch_path("l/f"), NULL), MARS_OK);
    assert_int_equal(spot.stat.kind, MRS_TREE_FILE);
    mrs_tree_spot_close(&spot);
    assert_int_equal(mrs_tree_spot_find(&spot, "/", NULL), MARS_OK);
    assert_non_null(spot.own);
    mrs_tree_spot_close(&spot);
}

int
main(void)
{
#define SCRATCH(f) cmocka_unit_test_setup_teardown(f, scratch_setup, scratch_teardown)
    const struct CMUnitTest tests[] = {
        SCRATCH(twins_and_nested_paths_are_dropped),
        SCRATCH(what_a_link_hides_from_the_walk_stays),
        SCRATCH(a_missing_path_is_named),
        SCRATCH(a_spot_is_a_handle_or_a_name),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
