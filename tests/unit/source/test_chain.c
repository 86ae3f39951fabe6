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
#include "source/chain.h"

/* Read the names of the innermost level; has it a "b"? */
static bool
read_names(struct mrs_chain *c)
{
    bool found;

    assert_int_equal(mrs_chain_read_names(c, "b", &found, NULL), MARS_OK);
    return found;
}

static const char *
next_name(struct mrs_chain *c)
{
    const char *name;

    assert_int_equal(mrs_names_next(&mrs_chain_top(c)->names, &name, NULL), MARS_OK);
    return name;
}

/* A chain that stands in the scratch directory, whose names are not read. */
static void
begin(struct mrs_chain *c)
{
    struct mrs_tree_dir *dir;
    struct mrs_tree_stat st;

    mrs_chain_init(c);
    c->root = scratch_dir();
    assert_int_equal(mrs_buf_append(&c->path, scratch_dir(), strlen(scratch_dir()), NULL),
                     MARS_OK);
    assert_int_equal(mrs_tree_open_root(&dir, scratch_dir(), NULL), MARS_OK);
    assert_int_equal(mrs_tree_stat(dir, NULL, &st, NULL), MARS_OK);
    assert_int_equal(mrs_chain_push(c, dir, &st, NULL, NULL), MARS_OK);
}

/* Into the first name of the innermost level. */
static void
descend(struct mrs_chain *c)
{
    const char *name = (read_names(c), next_name(c));
    struct mrs_tree_dir *dir;
    struct mrs_tree_stat st;

    assert_non_null(name);
    assert_int_equal(mrs_tree_open_dir(&dir, mrs_chain_top(c)->dir, name, NULL), MARS_OK);
    assert_int_equal(mrs_tree_stat(dir, NULL, &st, NULL), MARS_OK);
    assert_int_equal(mrs_chain_set_path(c, name, NULL), MARS_OK);
    assert_int_equal(mrs_chain_push(c, dir, &st, name, NULL), MARS_OK);
}

static void
make_levels(int n)
{
    char path[512] = "";

    for (int i = 0; i < n; i++) {
        (void)snprintf(path + strlen(path), sizeof path - strlen(path), "d/");
        make(path);
    }
}

static void
names_are_sorted_and_found(void **state)
{
    struct mrs_chain c;

    (void)state;
    make("b");
    make("a\xc3\xa4");
    make("a");
    make("B");
    begin(&c);
    assert_true(read_names(&c));
    assert_string_equal(next_name(&c), "B");
    assert_string_equal(next_name(&c), "a");
    assert_string_equal(next_name(&c), "a\xc3\xa4");
    assert_string_equal(next_name(&c), "b");
    assert_null(next_name(&c));
    mrs_chain_free(&c);
}

static void
the_path_follows(void **state)
{
    struct mrs_chain c;

    (void)state;
    make("d/");
    begin(&c);
    assert_int_equal(mrs_chain_set_path(&c, "d", NULL), MARS_OK);
    assert_string_equal((char *)c.path.data, scratch_path("d"));
    assert_int_equal(mrs_chain_set_path(&c, NULL, NULL), MARS_OK);
    assert_string_equal((char *)c.path.data, scratch_dir());
    mrs_chain_free(&c);
}

static void
few_levels_stay_open_and_the_others_come_back(void **state)
{
    struct mrs_chain c;

    (void)state;
    make_levels(150);
    begin(&c);
    for (int i = 0; i < 150; i++)
        descend(&c);
    assert_int_equal(c.n_open, MRS_CHAIN_OPEN_MAX);
    for (int i = 0; i < 100; i++)
        mrs_chain_pop(&c);
    assert_null(mrs_chain_top(&c)->dir);
    assert_int_equal(c.n_open, 0);
    assert_int_equal(mrs_chain_reopen(&c, NULL), MARS_OK);
    assert_non_null(mrs_chain_top(&c)->dir);
    assert_int_equal(c.n_open, 51);
    mrs_chain_free(&c);
    assert_int_equal(failing_alloc_live(), 0);
}

static void
another_directory_of_the_same_name_is_not_taken(void **state)
{
    struct mrs_chain c;

    (void)state;
    make_levels(100);
    begin(&c);
    for (int i = 0; i < 100; i++)
        descend(&c);
    for (int i = 0; i < 80; i++)
        mrs_chain_pop(&c);
    assert_int_equal(rename(scratch_path("d/d/d"), scratch_path("was")), 0);
    make("d/d/d/");
    assert_int_equal(mrs_chain_reopen(&c, NULL), MARS_ERR_NOT_FOUND);
    assert_int_equal(c.n_open, 0);
    assert_int_equal(rmdir(scratch_path("d/d/d")), 0);
    assert_int_equal(symlink(scratch_path("was"), scratch_path("d/d/d")), 0);
    assert_int_equal(mrs_chain_reopen(&c, NULL), MARS_ERR_NOT_FOUND);
    assert_int_equal(unlink(scratch_path("d/d/d")), 0);
    assert_int_equal(mrs_chain_reopen(&c, NULL), MARS_ERR_NOT_FOUND);
    assert_int_equal(rename(scratch_path("was"), scratch_path("d/d/d")), 0);
    assert_int_equal(mrs_chain_reopen(&c, NULL), MARS_OK);
    mrs_chain_free(&c);
}

int
main(void)
{
#define SCRATCH(f) cmocka_unit_test_setup_teardown(f, scratch_setup, scratch_teardown)
    const struct CMUnitTest tests[] = {
        SCRATCH(names_are_sorted_and_found),
        SCRATCH(the_path_follows),
        SCRATCH(few_levels_stay_open_and_the_others_come_back),
        SCRATCH(another_directory_of_the_same_name_is_not_taken),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
