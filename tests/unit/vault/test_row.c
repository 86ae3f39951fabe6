#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>

#include "failing_alloc.h"
#include "tmpdir.h"
#include "vault/row.h"

static const uint8_t OWNER[16] = { 1 };

static int
set_up(void **state)
{
    struct mrs_store *s = NULL;

    assert_int_equal(mrs_store_open(&s, "memory:", 1, NULL, NULL), MARS_OK);
    *state = s;
    return 0;
}

static int
tear_down(void **state)
{
    mrs_store_close(*state);
    assert_int_equal(failing_alloc_live(), 0);
    return 0;
}

static void
put(struct mrs_store *s, const char *name)
{
    assert_int_equal(mrs_store_put(s, OWNER, name, "x", 1, NULL), MARS_OK);
}

static uint64_t
last(struct mrs_store *s, const char *prefix)
{
    uint64_t n = 77;

    assert_int_equal(mrs_row_last(s, prefix, &n, NULL), MARS_OK);
    return n;
}

static void
an_empty_row_ends_at_0(void **state)
{
    put(*state, "other/0000000000000005");
    assert_int_equal(last(*state, "row/"), 0);
}

static void
the_highest_number_counts_whatever_came_when(void **state)
{
    put(*state, "row/0000000000000002");
    put(*state, "row/0000000000000010");
    put(*state, "row/0000000000000001");
    put(*state, "row/000000000000000f");
    assert_int_equal(last(*state, "row/"), 16);
    put(*state, "row/0100000000000000");
    assert_true(last(*state, "row/") == UINT64_C(1) << 56);
    put(*state, "row/ffffffffffffffff");
    assert_true(last(*state, "row/") == UINT64_MAX);
}

static struct mrs_store *
file_store(char dir[TMPDIR_PATH_MAX])
{
    char url[TMPDIR_PATH_MAX + 16];
    struct mrs_store *s = NULL;

    tmpdir_make(dir);
    (void)snprintf(url, sizeof url, "file://%s", dir);
    assert_int_equal(mrs_store_open(&s, url, 1, NULL, NULL), MARS_OK);
    return s;
}

static void
the_highest_number_counts_wherever_it_is_listed(void **state)
{
    char dir[TMPDIR_PATH_MAX], name[40];
    struct mrs_store *s = file_store(dir);

    (void)state;
    for (unsigned i = 0; i < 31; i++) {
        (void)snprintf(name, sizeof name, "row/%016x", i * 12 % 31 + 1);
        put(s, name);
    }
    assert_int_equal(last(s, "row/"), 31);
    mrs_store_close(s);
    tmpdir_remove(dir);
}

static void
only_16_digits_right_behind_the_prefix_are_a_number(void **state)
{
    put(*state, "row/0000000000000003");
    put(*state, "row/000000000000009");
    put(*state, "row/00000000000000099");
    put(*state, "row/000000000000000g");
    put(*state, "row/0000000000000009.tmp");
    put(*state, "row/deeper/0000000000000009");
    put(*state, "row/0000000000000009/0000000000000009");
    put(*state, "rows/0000000000000009");
    put(*state, "a/row/0000000000000009");
    assert_int_equal(last(*state, "row/"), 3);
    assert_int_equal(last(*state, "row/deeper/"), 9);
}

/* In a store of files: the one in memory asks for none. */
static void
a_row_survives_every_failing_allocation(void **state)
{
    char dir[TMPDIR_PATH_MAX];
    struct mrs_store *s = file_store(dir);
    size_t before, n = 0;
    mars_status st = MARS_ERR_NOMEM;

    (void)state;
    put(s, "row/0000000000000001");
    put(s, "row/0000000000000002");
    before = failing_alloc_live();
    for (; st != MARS_OK; n++) {
        uint64_t number = 0;

        assert_in_range(n, 0, 100);
        failing_alloc_arm(n);
        st = mrs_row_last(s, "row/", &number, NULL);
        failing_alloc_arm(SIZE_MAX);
        assert_true(st == MARS_OK ? number == 2 : st == MARS_ERR_NOMEM);
        assert_int_equal(failing_alloc_live(), before);
    }
    assert_true(n > 1);
    mrs_store_close(s);
    tmpdir_remove(dir);
}

#define IN_STORE(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int
main(void)
{
    const struct CMUnitTest tests[] = {
        IN_STORE(an_empty_row_ends_at_0),
        IN_STORE(the_highest_number_counts_whatever_came_when),
        IN_STORE(the_highest_number_counts_wherever_it_is_listed),
        IN_STORE(only_16_digits_right_behind_the_prefix_are_a_number),
        IN_STORE(a_row_survives_every_failing_allocation),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
