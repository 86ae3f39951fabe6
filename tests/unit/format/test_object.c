#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "format/object.h"

static struct mrs_header
header(void)
{
    struct mrs_header h = { .kind = MRS_KIND_POINT,
                            .mode = MRS_MODE_SYMMETRIC,
                            .body_len = 1234567,
                            .trailer_len = 5 };

    memset(h.key_id, 2, sizeof h.key_id);
    memset(h.writer_id, 3, sizeof h.writer_id);
    memset(h.salt, 4, sizeof h.salt);
    memset(h.commitment, 5, sizeof h.commitment);
    return h;
}

static void
a_header_comes_back_as_it_was(void **state)
{
    struct mrs_header h = header(), again;
    uint8_t bytes[MRS_HEADER_SIZE];

    (void)state;
    mrs_header_encode(&h, bytes);
    assert_int_equal(mrs_header_decode(&again, bytes, sizeof bytes, NULL), MARS_OK);
    assert_int_equal(again.kind, h.kind);
    assert_int_equal(again.body_len, h.body_len);
    assert_int_equal(again.trailer_len, h.trailer_len);
    assert_memory_equal(again.salt, h.salt, sizeof h.salt);
    for (size_t n = 0; n < sizeof bytes; n++)
        assert_int_equal(mrs_header_decode(&again, bytes, n, NULL), MARS_ERR_CORRUPT);
}

/* What a byte at a place makes of a good header. */
static mars_status
with_byte(size_t at, uint8_t value)
{
    struct mrs_header h = header(), out;
    uint8_t bytes[MRS_HEADER_SIZE];

    mrs_header_encode(&h, bytes);
    bytes[at] = value;
    return mrs_header_decode(&out, bytes, sizeof bytes, NULL);
}

static void
what_this_build_does_not_know_is_told_from_damage(void **state)
{
    (void)state;
    assert_int_equal(with_byte(0, 0x88), MARS_ERR_CORRUPT);    /* magic */
    assert_int_equal(with_byte(9, 2), MARS_ERR_UNSUPPORTED);   /* format version */
    assert_int_equal(with_byte(10, 2), MARS_ERR_UNSUPPORTED);  /* suite */
    assert_int_equal(with_byte(11, 2), MARS_ERR_UNSUPPORTED);  /* sealed to a public key */
    for (size_t at = 28; at < 32; at++)
        assert_int_equal(with_byte(at, 1), MARS_ERR_CORRUPT);  /* reserved */
    for (size_t at = 108; at < 112; at++)
        assert_int_equal(with_byte(at, 1), MARS_ERR_CORRUPT);
}

static void
each_set_of_bits_forbids_its_own(void **state)
{
    (void)state;
    for (int set = 0; set < MRS_NEEDS; set++) {
        struct mrs_header h = header();

        h.must[set] = 1;
        for (int need = 0; need < MRS_NEEDS; need++)
            assert_int_equal(mrs_header_allows(&h, (enum mrs_need)need, NULL),
                             need == set || set == MRS_NEED_READ ? MARS_ERR_UNSUPPORTED : MARS_OK);
    }
}

static void
padding_costs_at_most_an_eighth_and_hides_the_rest(void **state)
{
    (void)state;
    assert_int_equal(mrs_padme(0), 0);
    assert_int_equal(mrs_padme(1), 1);
    for (uint64_t n = 2; n < 100000; n++) {
        uint64_t padded = mrs_padme(n);

        assert_true(padded >= n && (padded - n) * 8 <= n);
        assert_true(mrs_padme(padded) == padded);
        assert_true(mrs_padme(n + 1) >= padded);
    }
    assert_true(mrs_padme((uint64_t)4 << 30) == (uint64_t)4 << 30);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_header_comes_back_as_it_was),
        cmocka_unit_test(what_this_build_does_not_know_is_told_from_damage),
        cmocka_unit_test(each_set_of_bits_forbids_its_own),
        cmocka_unit_test(padding_costs_at_most_an_eighth_and_hides_the_rest),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
