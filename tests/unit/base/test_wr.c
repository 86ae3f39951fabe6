#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/rd.h"
#include "base/wr.h"
#include "failing_alloc.h"

static void
write_all(struct mrs_wr *w)
{
    mrs_wr_u8(w, 0x01);
    mrs_wr_le16(w, 0x0302);
    mrs_wr_le32(w, 0x07060504);
    mrs_wr_le64(w, 0x0f0e0d0c0b0a0908u);
    mrs_wr_bytes(w, "mars", 4);
    mrs_wr_bytes(w, NULL, 0);
    mrs_wr_zero(w, 100);
    mrs_wr_varint(w, 16384);
    mrs_wr_zigzag(w, -1);
}

static void
fields_come_out_little_endian_and_in_order(void **state)
{
    static const uint8_t head[] = { 1,  2,  3,  4,  5,  6,  7,   8,   9,  10,
                                    11, 12, 13, 14, 15, 'm', 'a', 'r', 's' };
    struct mrs_buf b = MRS_BUF_INIT(1000);
    struct mrs_wr w = mrs_wr_init(&b, NULL);

    (void)state;
    write_all(&w);
    assert_int_equal(w.st, MARS_OK);
    assert_int_equal(b.len, 19 + 100 + 3 + 1);
    assert_memory_equal(b.data, head, sizeof head);
    for (size_t i = 19; i < 119; i++)
        assert_int_equal(b.data[i], 0);
    assert_memory_equal(b.data + 119, "\x80\x80\x01\x01", 4);
    mrs_buf_free(&b);
}

static void
varints_read_back_alike(void **state)
{
    struct mrs_buf b = MRS_BUF_INIT(10000);
    struct mrs_wr w = mrs_wr_init(&b, NULL);
    struct mrs_rd r;

    (void)state;
    for (unsigned bit = 0; bit < 64; bit++) {
        uint64_t v = UINT64_C(1) << bit;

        mrs_wr_varint(&w, v - 1);
        mrs_wr_varint(&w, v);
        mrs_wr_varint(&w, v | (v - 1));
        mrs_wr_zigzag(&w, (int64_t)v);
        mrs_wr_zigzag(&w, (int64_t)(0 - v));
        mrs_wr_zigzag(&w, (int64_t)(v - 1));
    }
    assert_int_equal(w.st, MARS_OK);
    r = mrs_rd_init(b.data, b.len);
    for (unsigned bit = 0; bit < 64; bit++) {
        uint64_t v = UINT64_C(1) << bit;

        assert_true(mrs_rd_varint(&r) == v - 1);
        assert_true(mrs_rd_varint(&r) == v);
        assert_true(mrs_rd_varint(&r) == (v | (v - 1)));
        assert_true(mrs_rd_zigzag(&r) == (int64_t)v);
        assert_true(mrs_rd_zigzag(&r) == (int64_t)(0 - v));
        assert_true(mrs_rd_zigzag(&r) == (int64_t)(v - 1));
    }
    assert_true(mrs_rd_done(&r));
    mrs_buf_free(&b);
}

static void
the_first_failure_sticks(void **state)
{
    struct mrs_buf b = MRS_BUF_INIT(10);
    mars_error err = { 0 };
    struct mrs_wr w = mrs_wr_init(&b, &err);

    (void)state;
    mrs_wr_le64(&w, 1);
    mrs_wr_le32(&w, 2);
    assert_int_equal(w.st, MARS_ERR_CORRUPT);
    assert_string_equal(err.message, "buffer: 2 bytes over the limit of 10");
    mrs_wr_u8(&w, 3); /* would fit */
    mrs_wr_zero(&w, 1);
    assert_int_equal(b.len, 8);
    assert_int_equal(w.st, MARS_ERR_CORRUPT);
    mrs_buf_free(&b);
}

static void
zeros_stop_at_max_whatever_their_number(void **state)
{
    static const size_t sizes[] = { 3, 1000, SIZE_MAX - 8, SIZE_MAX };

    (void)state;
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        struct mrs_buf b = MRS_BUF_INIT(10);
        struct mrs_wr w = mrs_wr_init(&b, NULL);

        mrs_wr_le64(&w, 1);
        mrs_wr_zero(&w, sizes[i]);
        assert_int_equal(w.st, MARS_ERR_CORRUPT);
        assert_int_equal(b.len, 8);
        mrs_buf_free(&b);
    }
}

static void
writes_survive_every_failing_allocation(void **state)
{
    mars_status st = MARS_ERR_NOMEM;
    size_t n;

    (void)state;
    for (n = 0; st != MARS_OK; n++) {
        struct mrs_buf b = MRS_BUF_INIT(1000);
        struct mrs_wr w = mrs_wr_init(&b, NULL);

        assert_in_range(n, 0, 100);
        failing_alloc_arm(n);
        write_all(&w);
        st = w.st;
        assert_true(st == MARS_OK || st == MARS_ERR_NOMEM);
        mrs_buf_free(&b);
        assert_int_equal(failing_alloc_live(), 0);
    }
    failing_alloc_arm(SIZE_MAX);
    assert_true(n > 2);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(fields_come_out_little_endian_and_in_order),
        cmocka_unit_test(varints_read_back_alike),
        cmocka_unit_test(the_first_failure_sticks),
        cmocka_unit_test(zeros_stop_at_max_whatever_their_number),
        cmocka_unit_test(writes_survive_every_failing_allocation),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
