#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <string.h>

#include "base/alloc.h"
#include "base/buf.h"
#include "failing_alloc.h"

static void
append_joins_what_it_is_given(void **state)
{
    struct mrs_buf b = MRS_BUF_INIT(1000);
    mars_error err;

    (void)state;
    assert_int_equal(mrs_buf_append(&b, "mars", 4, &err), MARS_OK);
    assert_int_equal(mrs_buf_append(&b, NULL, 0, &err), MARS_OK);
    for (int i = 0; i < 100; i++)
        assert_int_equal(mrs_buf_append(&b, "xyz", 3, &err), MARS_OK);
    assert_int_equal(b.len, 304);
    assert_memory_equal(b.data, "marsxyzxyz", 10);
    assert_memory_equal(b.data + 301, "xyz", 3);
    assert_true(b.cap >= b.len && b.cap <= b.max);
    mrs_buf_free(&b);
}

static void
append_stops_at_max(void **state)
{
    struct mrs_buf b = MRS_BUF_INIT(4);
    mars_error err;

    (void)state;
    assert_int_equal(mrs_buf_append(&b, "12345", 5, &err), MARS_ERR_CORRUPT);
    assert_string_equal(err.message, "buffer: 1 bytes over the limit of 4");
    assert_null(b.data);
    assert_int_equal(mrs_buf_append(&b, "1234", 4, &err), MARS_OK);
    assert_int_equal(b.cap, 4);
    assert_int_equal(mrs_buf_append(&b, "5", 1, &err), MARS_ERR_CORRUPT);
    assert_int_equal(b.len, 4);
    assert_memory_equal(b.data, "1234", 4);
    assert_int_equal(mrs_buf_append(&b, "5", 0, &err), MARS_OK);
    mrs_buf_free(&b);
}

static void
extend_makes_room_that_is_counted(void **state)
{
    struct mrs_buf b = MRS_BUF_INIT(100);

    (void)state;
    assert_int_equal(mrs_buf_append(&b, "abc", 3, NULL), MARS_OK);
    assert_int_equal(mrs_buf_extend(&b, 97, NULL), MARS_OK);
    assert_int_equal(b.len, 100);
    assert_memory_equal(b.data, "abc", 3);
    memset(b.data + 3, 'x', 97);
    assert_int_equal(mrs_buf_extend(&b, 1, NULL), MARS_ERR_CORRUPT);
    assert_int_equal(b.len, 100);
    mrs_buf_free(&b);
}

static void
reserve_refuses_sizes_that_would_overflow(void **state)
{
    struct mrs_buf b = MRS_BUF_INIT(SIZE_MAX);
    mars_error err;

    (void)state;
    assert_int_equal(mrs_buf_append(&b, "ab", 2, &err), MARS_OK);
    assert_int_equal(mrs_buf_reserve(&b, SIZE_MAX, &err), MARS_ERR_CORRUPT);
    assert_int_equal(mrs_buf_reserve(&b, SIZE_MAX - 1, &err), MARS_ERR_CORRUPT);
    /* Within the limit, but more than there is. */
    failing_alloc_arm(0);
    assert_int_equal(mrs_buf_reserve(&b, SIZE_MAX - 2, &err), MARS_ERR_NOMEM);
    failing_alloc_arm(SIZE_MAX);
    assert_int_equal(b.len, 2);
    assert_memory_equal(b.data, "ab", 2);
    mrs_buf_free(&b);
}

static void
reserve_keeps_length_and_content(void **state)
{
    struct mrs_buf b = MRS_BUF_INIT(100000);
    const uint8_t *before;

    (void)state;
    assert_int_equal(mrs_buf_append(&b, "abc", 3, NULL), MARS_OK);
    assert_int_equal(mrs_buf_reserve(&b, 5000, NULL), MARS_OK);
    assert_int_equal(b.len, 3);
    assert_true(b.cap >= 5003);
    assert_memory_equal(b.data, "abc", 3);
    before = b.data;
    assert_int_equal(mrs_buf_reserve(&b, 5000, NULL), MARS_OK);
    assert_ptr_equal(b.data, before);
    mrs_buf_free(&b);
}

static void
resize_zeroes_what_it_adds_even_over_old_content(void **state)
{
    struct mrs_buf b = MRS_BUF_INIT(64);
    static const uint8_t zeros[30];

    (void)state;
    assert_int_equal(mrs_buf_append(&b, "secretsecretsecretsecretsecret", 30, NULL), MARS_OK);
    assert_int_equal(mrs_buf_resize(&b, 2, NULL), MARS_OK);
    assert_int_equal(mrs_buf_resize(&b, 32, NULL), MARS_OK);
    assert_memory_equal(b.data, "se", 2);
    assert_memory_equal(b.data + 2, zeros, 30);
    assert_int_equal(mrs_buf_resize(&b, 65, NULL), MARS_ERR_CORRUPT);
    assert_int_equal(b.len, 32);
    mrs_buf_free(&b);
}

static void
reset_keeps_the_memory_and_free_allows_use_again(void **state)
{
    struct mrs_buf b = MRS_BUF_INIT(64);
    const uint8_t *before;

    (void)state;
    mrs_buf_free(NULL);
    mrs_buf_free(&b);
    assert_int_equal(mrs_buf_append(&b, "abc", 3, NULL), MARS_OK);
    before = b.data;
    mrs_buf_reset(&b);
    assert_int_equal(b.len, 0);
    assert_int_equal(mrs_buf_append(&b, "d", 1, NULL), MARS_OK);
    assert_ptr_equal(b.data, before);
    mrs_buf_free(&b);
    assert_null(b.data);
    assert_int_equal(b.cap, 0);
    assert_int_equal(mrs_buf_append(&b, "abc", 3, NULL), MARS_OK);
    mrs_buf_free(&b);
    assert_int_equal(failing_alloc_live(), 0);
}

static void
append_survives_every_failing_allocation(void **state)
{
    mars_status st = MARS_ERR_NOMEM;
    size_t n;

    (void)state;
    for (n = 0; st != MARS_OK; n++) {
        struct mrs_buf b = MRS_BUF_INIT(1 << 20);
        size_t whole = 0;

        assert_in_range(n, 0, 100);
        failing_alloc_arm(n);
        st = MARS_OK;
        for (int i = 0; i < 1000 && st == MARS_OK; i++) {
            st = mrs_buf_append(&b, "0123456789", 10, NULL);
            whole += st == MARS_OK ? 10 : 0;
        }
        assert_true(st == MARS_OK || st == MARS_ERR_NOMEM);
        assert_int_equal(b.len, whole);
        for (size_t i = 0; i < whole; i += 10)
            assert_memory_equal(b.data + i, "0123456789", 10);
        mrs_buf_free(&b);
        assert_int_equal(failing_alloc_live(), 0);
    }
    failing_alloc_arm(SIZE_MAX);
    assert_true(n > 5);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(append_joins_what_it_is_given),
        cmocka_unit_test(append_stops_at_max),
        cmocka_unit_test(extend_makes_room_that_is_counted),
        cmocka_unit_test(reserve_refuses_sizes_that_would_overflow),
        cmocka_unit_test(reserve_keeps_length_and_content),
        cmocka_unit_test(resize_zeroes_what_it_adds_even_over_old_content),
        cmocka_unit_test(reset_keeps_the_memory_and_free_allows_use_again),
        cmocka_unit_test(append_survives_every_failing_allocation),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
