#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "failing_alloc.h"
#include "repo/scratch.h"

static void
a_set_that_was_given_back_is_taken_again(void **state)
{
    struct mrs_scratch_pool *p;
    struct mrs_scratch *a, *b, *again;
    const uint8_t *memory;
    size_t live = failing_alloc_live();

    (void)state;
    assert_int_equal(mrs_scratch_pool_new(&p, NULL), MARS_OK);
    assert_int_equal(mrs_scratch_take(p, &a, NULL), MARS_OK);
    assert_int_equal(mrs_scratch_take(p, &b, NULL), MARS_OK);
    assert_ptr_not_equal(a, b);
    assert_int_equal(mrs_buf_append(&a->plain, "abc", 3, NULL), MARS_OK);
    memory = a->plain.data;
    mrs_scratch_give(p, a);
    assert_int_equal(mrs_scratch_take(p, &again, NULL), MARS_OK);
    assert_ptr_equal(again, a);
    assert_int_equal(again->plain.len, 0);
    assert_ptr_equal(again->plain.data, memory);
    mrs_scratch_give(p, again);
    mrs_scratch_give(p, b);
    mrs_scratch_pool_free(p);
    assert_int_equal(failing_alloc_live(), live);
}

static void
a_buffer_of_a_huge_chunk_is_not_kept(void **state)
{
    struct mrs_scratch_pool *p;
    struct mrs_scratch *s;

    (void)state;
    assert_int_equal(mrs_scratch_pool_new(&p, NULL), MARS_OK);
    assert_int_equal(mrs_scratch_take(p, &s, NULL), MARS_OK);
    assert_int_equal(mrs_buf_extend(&s->plain, 8 << 20, NULL), MARS_OK);
    assert_int_equal(mrs_buf_extend(&s->opened, 1 << 20, NULL), MARS_OK);
    mrs_scratch_give(p, s);
    assert_int_equal(s->plain.cap, 0);
    assert_int_equal(s->opened.cap, 1 << 20);
    mrs_scratch_pool_free(p);
}

static void
nothing_is_given_where_memory_ran_out(void **state)
{
    struct mrs_scratch_pool *p;
    struct mrs_scratch *s = NULL;
    size_t live = failing_alloc_live();

    (void)state;
    for (size_t n = 0; n < 2; n++) {
        failing_alloc_arm(n);
        assert_int_equal(mrs_scratch_pool_new(&p, NULL), MARS_ERR_NOMEM);
        failing_alloc_arm(SIZE_MAX);
        assert_null(p);
    }
    assert_int_equal(mrs_scratch_pool_new(&p, NULL), MARS_OK);
    failing_alloc_arm(0);
    assert_int_equal(mrs_scratch_take(p, &s, NULL), MARS_ERR_NOMEM);
    failing_alloc_arm(SIZE_MAX);
    assert_null(s);
    mrs_scratch_give(p, s);
    mrs_scratch_pool_free(p);
    mrs_scratch_pool_free(NULL);
    assert_int_equal(failing_alloc_live(), live);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_set_that_was_given_back_is_taken_again),
        cmocka_unit_test(a_buffer_of_a_huge_chunk_is_not_kept),
        cmocka_unit_test(nothing_is_given_where_memory_ran_out),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
