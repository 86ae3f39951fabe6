#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <string.h>

#include "base/rd.h"

static void
fields_are_read_in_a_row_and_little_endian(void **state)
{
    static const uint8_t bytes[] = { 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 'a', 'b' };
    struct mrs_rd r = mrs_rd_init(bytes, sizeof bytes);
    char text[2];

    (void)state;
    assert_int_equal(mrs_rd_u8(&r), 1);
    assert_int_equal(mrs_rd_le16(&r), 0x0302);
    assert_int_equal(mrs_rd_le32(&r), 0x07060504);
    assert_true(mrs_rd_le64(&r) == 0x0f0e0d0c0b0a0908u);
    assert_false(mrs_rd_done(&r));
    mrs_rd_copy(&r, text, 2);
    assert_memory_equal(text, "ab", 2);
    assert_true(mrs_rd_done(&r));
    assert_non_null(mrs_rd_take(&r, 0));
    assert_true(mrs_rd_done(&r));
}

static void
once_bad_all_that_follows_is_zero(void **state)
{
    static const uint8_t bytes[] = { 0xff, 0xff, 0xff };
    struct mrs_rd r = mrs_rd_init(bytes, sizeof bytes);
    uint8_t copy[2] = { 9, 9 };

    (void)state;
    assert_int_equal(mrs_rd_le32(&r), 0);
    assert_true(r.bad);
    assert_int_equal(mrs_rd_u8(&r), 0); /* although there are bytes left */
    assert_null(mrs_rd_take(&r, 0));
    mrs_rd_copy(&r, copy, 2);
    assert_int_equal(copy[0], 0);
    assert_int_equal(copy[1], 0);
    assert_true(mrs_rd_varint(&r) == 0);
    assert_true(mrs_rd_zigzag(&r) == 0);
    assert_true(mrs_rd_sub(&r, 0).bad);
    assert_false(mrs_rd_done(&r));
}

static void
take_never_goes_past_the_end(void **state)
{
    static const uint8_t bytes[4];
    static const size_t sizes[] = { 5, 1000, SIZE_MAX - 1, SIZE_MAX };

    (void)state;
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        struct mrs_rd r = mrs_rd_init(bytes, sizeof bytes);

        assert_null(mrs_rd_take(&r, sizes[i]));
        assert_true(r.bad);
        assert_ptr_equal(r.p, bytes);
    }
}

static void
a_reader_over_nothing_is_done(void **state)
{
    struct mrs_rd r = mrs_rd_init(NULL, 0);

    (void)state;
    assert_true(mrs_rd_done(&r));
    mrs_rd_copy(&r, NULL, 0);
    assert_true(mrs_rd_done(&r));
    assert_int_equal(mrs_rd_u8(&r), 0);
    assert_false(mrs_rd_done(&r));
}

/* What the n bytes give, and whether they were all of it. */
static uint64_t
varint_of(const char *bytes, size_t n, bool *bad)
{
    struct mrs_rd r = mrs_rd_init(bytes, n);
    uint64_t v = mrs_rd_varint(&r);

    *bad = r.bad;
    assert_true(r.bad || r.left == 0);
    return v;
}

static void
varints_have_their_shortest_form(void **state)
{
    static const struct {
        const char *bytes;
        size_t n;
        uint64_t value;
    } good[] = {
        { "\x00", 1, 0 },
        { "\x7f", 1, 127 },
        { "\x80\x01", 2, 128 },
        { "\xff\x7f", 2, 16383 },
        { "\x80\x80\x01", 3, 16384 },
        { "\xff\xff\xff\xff\xff\xff\xff\xff\x7f", 9, (UINT64_C(1) << 63) - 1 },
        { "\x80\x80\x80\x80\x80\x80\x80\x80\x80\x01", 10, UINT64_C(1) << 63 },
        { "\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01", 10, UINT64_MAX },
    };
    bool bad;

    (void)state;
    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++) {
        assert_true(varint_of(good[i].bytes, good[i].n, &bad) == good[i].value);
        assert_false(bad);
        for (size_t cut = 0; cut < good[i].n; cut++) {
            assert_true(varint_of(good[i].bytes, cut, &bad) == 0);
            assert_true(bad);
        }
    }
}

static void
other_forms_of_varints_are_bad(void **state)
{
    static const struct {
        const char *bytes;
        size_t n;
    } wrong[] = {
        { "\x80\x00", 2 },                                         /* 0 in two bytes */
        { "\xff\x00", 2 },                                         /* 127 in two bytes */
        { "\x80\x80\x00", 3 },                                     /* 0 in three */
        { "\x80\x80\x80\x80\x80\x80\x80\x80\x80\x00", 10 },        /* 0 in ten */
        { "\x80\x80\x80\x80\x80\x80\x80\x80\x80\x02", 10 },        /* 2^64 */
        { "\xff\xff\xff\xff\xff\xff\xff\xff\xff\x7f", 10 },        /* more */
        { "\xff\xff\xff\xff\xff\xff\xff\xff\xff\x81\x00", 11 },    /* eleven bytes */
        { "\x80\x80\x80\x80\x80\x80\x80\x80\x80\x80\x80\x01", 12 } /* twelve */
    };
    bool bad;

    (void)state;
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        assert_true(varint_of(wrong[i].bytes, wrong[i].n, &bad) == 0);
        assert_true(bad);
    }
}

static void
varint_max_is_a_limit(void **state)
{
    struct mrs_rd r = mrs_rd_init("\x80\x01\x80\x01", 4);

    (void)state;
    assert_int_equal(mrs_rd_varint_max(&r, 128), 128);
    assert_false(r.bad);
    assert_int_equal(mrs_rd_varint_max(&r, 127), 0);
    assert_true(r.bad);
}

static void
zigzag_covers_all_signed_numbers(void **state)
{
    static const struct {
        const char *bytes;
        size_t n;
        int64_t value;
    } cases[] = {
        { "\x00", 1, 0 },     { "\x01", 1, -1 },      { "\x02", 1, 1 },
        { "\x7f", 1, -64 },   { "\x80\x01", 2, 64 },
        { "\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01", 10, INT64_MIN },
        { "\xfe\xff\xff\xff\xff\xff\xff\xff\xff\x01", 10, INT64_MAX },
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct mrs_rd r = mrs_rd_init(cases[i].bytes, cases[i].n);

        assert_true(mrs_rd_zigzag(&r) == cases[i].value);
        assert_true(mrs_rd_done(&r));
    }
}

static void
sub_readers_see_their_bytes_only(void **state)
{
    struct mrs_rd r = mrs_rd_init("abcdef", 6);
    struct mrs_rd sub = mrs_rd_sub(&r, 4);

    (void)state;
    assert_int_equal(sub.left, 4);
    assert_int_equal(r.left, 2);
    assert_memory_equal(mrs_rd_take(&sub, 4), "abcd", 4);
    assert_null(mrs_rd_take(&sub, 1));
    assert_false(r.bad); /* the outer one is not harmed */
    assert_int_equal(mrs_rd_u8(&r), 'e');
    sub = mrs_rd_sub(&r, UINT64_MAX);
    assert_true(sub.bad);
    assert_int_equal(sub.left, 0);
    assert_true(r.bad);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(fields_are_read_in_a_row_and_little_endian),
        cmocka_unit_test(once_bad_all_that_follows_is_zero),
        cmocka_unit_test(take_never_goes_past_the_end),
        cmocka_unit_test(a_reader_over_nothing_is_done),
        cmocka_unit_test(varints_have_their_shortest_form),
        cmocka_unit_test(other_forms_of_varints_are_bad),
        cmocka_unit_test(varint_max_is_a_limit),
        cmocka_unit_test(zigzag_covers_all_signed_numbers),
        cmocka_unit_test(sub_readers_see_their_bytes_only),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
