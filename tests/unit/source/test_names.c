#define _GNU_SOURCE
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "failing_alloc.h"
#include "source/names.h"

enum { MANY = 300000 }; /* several blocks */

static void
add(struct mrs_names *n, const char *name)
{
    assert_int_equal(mrs_names_add(n, name, strlen(name), NULL), MARS_OK);
}

static void
next_is(struct mrs_names *n, const char *want)
{
    const char *name;

    assert_int_equal(mrs_names_next(n, &name, NULL), MARS_OK);
    if (want == NULL)
        assert_null(name);
    else
        assert_string_equal(name, want);
}

/* Different for all i, in no order. */
static const char *
scattered(uint64_t i)
{
    static char name[32];

    (void)snprintf(name, sizeof name, "%012llx",
                   (unsigned long long)(i * 0x9e3779b97f4a7c15u >> 16));
    return name;
}

static void
few_come_in_order_each_once(void **state)
{
    struct mrs_names n;

    (void)state;
    mrs_names_init(&n);
    assert_int_equal(mrs_names_sort(&n, NULL), MARS_OK);
    next_is(&n, NULL);
    mrs_names_free(&n);
    add(&n, "b");
    add(&n, "a\xc3\xa4");
    add(&n, "a");
    add(&n, "a long name, and");
    add(&n, "a long name");
    add(&n, "\xff");
    add(&n, "a");
    add(&n, "a long name, but");
    assert_int_equal(mrs_names_sort(&n, NULL), MARS_OK);
    next_is(&n, "a");
    next_is(&n, "a long name");
    next_is(&n, "a long name, and");
    next_is(&n, "a long name, but");
    next_is(&n, "a\xc3\xa4");
    next_is(&n, "b");
    next_is(&n, "\xff");
    next_is(&n, NULL);
    next_is(&n, NULL);
    mrs_names_free(&n);
    assert_int_equal(failing_alloc_live(), 0);
}

static void
very_many_come_in_order_each_once_in_few_bytes(void **state)
{
    struct mrs_names n;
    const char *name;
    char before[32] = "";
    size_t held = mallinfo2().uordblks, count = 0;

    (void)state;
    mrs_names_init(&n);
    for (uint64_t i = 0; i < MANY; i++)
        add(&n, scattered(i));
    for (uint64_t i = 0; i < MANY; i += 1000) /* a directory that changes may give some again */
        add(&n, scattered(i));
    assert_int_equal(mrs_names_sort(&n, NULL), MARS_OK);
    assert_true(n.runs.len > 3);
    assert_true(mallinfo2().uordblks - held < (size_t)MANY * 11);
    for (;;) {
        assert_int_equal(mrs_names_next(&n, &name, NULL), MARS_OK);
        if (name == NULL)
            break;
        assert_true(strcmp(name, before) > 0);
        strcpy(before, name);
        count++;
    }
    assert_int_equal(count, MANY);
    next_is(&n, NULL);
    mrs_names_free(&n);
    assert_int_equal(failing_alloc_live(), 0);
}

/* Lengths around what half a byte and a byte hold, shared heads as long. */
static void
long_names_are_whole(void **state)
{
    static const size_t lens[] = { 1, 14, 15, 16, 255, 269, 270, 271, 524, 525, 526, 60000 };
    enum { N_LENS = sizeof lens / sizeof lens[0] };
    struct mrs_names n;
    char *name = malloc(60002);

    (void)state;
    assert_non_null(name);
    mrs_names_init(&n);
    memset(name, 'x', 60001);
    for (size_t round = 0; round < 20; round++) /* more than a block */
        for (size_t i = 0; i < N_LENS; i++) {
            name[lens[i]] = 'y';
            name[lens[i] + 1] = '\0';
            add(&n, name);
            name[lens[i]] = '\0';
            add(&n, name);
            memset(name + lens[i], 'x', 60001 - lens[i]);
        }
    assert_int_equal(mrs_names_sort(&n, NULL), MARS_OK);
    assert_true(n.runs.len > 1);
    for (size_t i = 0; i < N_LENS; i++) { /* x, xx…: the shorter first */
        name[lens[i]] = '\0';
        next_is(&n, name);
        name[lens[i]] = 'x';
    }
    for (size_t i = N_LENS; i > 0; i--) { /* the sooner it has a y, the greater it is */
        name[lens[i - 1]] = 'y';
        name[lens[i - 1] + 1] = '\0';
        next_is(&n, name);
        memset(name + lens[i - 1], 'x', 60001 - lens[i - 1]);
    }
    next_is(&n, NULL);
    mrs_names_free(&n);
    free(name);
}

static mars_status
sort_many(struct mrs_names *n)
{
    mars_status st = MARS_OK;
    const char *name = "";

    for (uint64_t i = 0; st == MARS_OK && i < MANY / 2; i++) {
        const char *at = scattered(i);

        st = mrs_names_add(n, at, strlen(at), NULL);
    }
    if (st == MARS_OK)
        st = mrs_names_sort(n, NULL);
    while (st == MARS_OK && name != NULL)
        st = mrs_names_next(n, &name, NULL);
    return st;
}

static void
every_allocation_may_fail(void **state)
{
    mars_status st = MARS_ERR_NOMEM;
    size_t n;

    (void)state;
    for (n = 0; st != MARS_OK; n++) {
        struct mrs_names names;

        assert_in_range(n, 0, 200);
        mrs_names_init(&names);
        failing_alloc_arm(n);
        st = sort_many(&names);
        assert_true(st == MARS_OK || st == MARS_ERR_NOMEM);
        mrs_names_free(&names);
        assert_int_equal(failing_alloc_live(), 0);
    }
    failing_alloc_arm(SIZE_MAX);
    assert_true(n > 20);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(few_come_in_order_each_once),
        cmocka_unit_test(very_many_come_in_order_each_once_in_few_bytes),
        cmocka_unit_test(long_names_are_whole),
        cmocka_unit_test(every_allocation_may_fail),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
