#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdalign.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "failing_alloc.h"

enum { BIG = 100 << 10 };

/* Sizes around what one block holds, and of blocks of their own. */
static const size_t SIZES[] = { 0,    1,     15,    16,    17,    100,     4095,   4096, 4097,
                                8000, 16300, 16352, 16384, 16385, 40000, BIG, 3 };
enum { N_SIZES = sizeof SIZES / sizeof SIZES[0] };

static uint8_t *
pattern(void)
{
    uint8_t *p = malloc(BIG + N_SIZES);

    assert_non_null(p);
    for (size_t i = 0; i < BIG + N_SIZES; i++)
        p[i] = (uint8_t)(i * 7 + i / 256);
    return p;
}

static void
copies_stay_as_they_were_made(void **state)
{
    struct mrs_arena a = MRS_ARENA_INIT;
    uint8_t *source = pattern();
    uint8_t *at[5 * N_SIZES];
    size_t held = 0;

    (void)state;
    for (size_t i = 0; i < 5 * N_SIZES; i++) {
        at[i] = mrs_arena_copy(&a, source + i % N_SIZES, SIZES[i % N_SIZES]);
        assert_non_null(at[i]);
        assert_int_equal((uintptr_t)at[i] % alignof(max_align_t), 0);
        held += SIZES[i % N_SIZES];
    }
    assert_true(a.total >= held);
    for (size_t i = 0; i < 5 * N_SIZES; i++)
        if (SIZES[i % N_SIZES] > 0)
            assert_memory_equal(at[i], source + i % N_SIZES, SIZES[i % N_SIZES]);
    mrs_arena_free(&a);
    assert_int_equal(a.total, 0);
    assert_int_equal(failing_alloc_live(), 0);
    free(source);
}

static void
copies_do_not_overlap(void **state)
{
    struct mrs_arena a = MRS_ARENA_INIT;
    static const uint8_t zeros[300];
    uint8_t *at[500];

    (void)state;
    for (size_t i = 0; i < 500; i++) {
        at[i] = mrs_arena_copy(&a, zeros, i % 300);
        assert_non_null(at[i]);
    }
    for (size_t i = 0; i < 500; i++)
        memset(at[i], (int)(i % 251), i % 300);
    for (size_t i = 0; i < 500; i++)
        for (size_t j = 0; j < i % 300; j++)
            assert_int_equal(at[i][j], i % 251);
    mrs_arena_free(&a);
}

static void
small_copies_share_blocks_also_after_a_large_one(void **state)
{
    struct mrs_arena a = MRS_ARENA_INIT;
    uint8_t *source = pattern();
    size_t one, two;

    (void)state;
    assert_non_null(mrs_arena_copy(&a, source, 8));
    one = a.total;
    assert_non_null(mrs_arena_copy(&a, source, BIG));
    two = a.total;
    assert_in_range(two - one, BIG, BIG + 4096);
    for (int i = 0; i < 100; i++)
        assert_non_null(mrs_arena_copy(&a, source, 100));
    assert_int_equal(a.total, two);
    assert_int_equal(failing_alloc_live(), 2);
    mrs_arena_free(&a);
    free(source);
}

static void
sizes_that_overflow_are_refused(void **state)
{
    struct mrs_arena a = MRS_ARENA_INIT;
    uint8_t *before = mrs_arena_copy(&a, "abc", 3);

    (void)state;
    assert_non_null(before);
    /* Without asking for memory: a sum that wrapped would be a small block. */
    for (size_t less = 0; less < 40; less++) {
        failing_alloc_arm(0);
        assert_null(mrs_arena_copy(&a, "", SIZE_MAX - less));
        assert_false(failing_alloc_hit());
    }
    failing_alloc_arm(SIZE_MAX);
    assert_memory_equal(before, "abc", 3);
    mrs_arena_free(&a);
}

static void
free_allows_use_again(void **state)
{
    struct mrs_arena a = MRS_ARENA_INIT;
    const char *at;

    (void)state;
    mrs_arena_free(&a);
    for (int i = 0; i < 3; i++) {
        at = mrs_arena_copy(&a, "again", 6);
        assert_non_null(at);
        assert_string_equal(at, "again");
        mrs_arena_free(&a);
        assert_null(a.blocks);
        assert_int_equal(failing_alloc_live(), 0);
    }
}

static void
reset_keeps_one_block_for_the_copies_that_follow(void **state)
{
    struct mrs_arena a = MRS_ARENA_INIT;
    uint8_t *source = pattern();
    void *first;

    (void)state;
    mrs_arena_reset(&a);
    assert_null(a.blocks);
    for (int i = 0; i < 100; i++)
        assert_non_null(mrs_arena_copy(&a, source, 1000));
    assert_true(failing_alloc_live() > 1);
    mrs_arena_reset(&a);
    assert_int_equal(failing_alloc_live(), 1);
    first = mrs_arena_copy(&a, source, 10);
    mrs_arena_reset(&a);
    assert_ptr_equal(mrs_arena_copy(&a, source + 1, 10), first);
    assert_memory_equal(first, source + 1, 10);
    mrs_arena_free(&a);
    assert_int_equal(a.total, 0);
    assert_int_equal(failing_alloc_live(), 0);
    free(source);
}

static void
copy_survives_every_failing_allocation(void **state)
{
    uint8_t *source = pattern();
    size_t n = 0;
    int whole = 0;

    (void)state;
    for (; !whole; n++) {
        struct mrs_arena a = MRS_ARENA_INIT;
        uint8_t *at[N_SIZES] = { NULL };
        size_t total = 0;

        assert_in_range(n, 0, 100);
        failing_alloc_arm(n);
        whole = 1;
        for (size_t i = 0; i < N_SIZES; i++) {
            at[i] = mrs_arena_copy(&a, source + i, SIZES[i]);
            assert_true(at[i] != NULL || (failing_alloc_hit() && a.total == total));
            whole &= at[i] != NULL;
            total = a.total;
        }
        for (size_t i = 0; i < N_SIZES; i++)
            if (at[i] != NULL && SIZES[i] > 0)
                assert_memory_equal(at[i], source + i, SIZES[i]);
        mrs_arena_free(&a);
        assert_int_equal(failing_alloc_live(), 0);
    }
    failing_alloc_arm(SIZE_MAX);
    assert_true(n > 5);
    free(source);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(copies_stay_as_they_were_made),
        cmocka_unit_test(copies_do_not_overlap),
        cmocka_unit_test(small_copies_share_blocks_also_after_a_large_one),
        cmocka_unit_test(sizes_that_overflow_are_refused),
        cmocka_unit_test(free_allows_use_again),
        cmocka_unit_test(reset_keeps_one_block_for_the_copies_that_follow),
        cmocka_unit_test(copy_survives_every_failing_allocation),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
