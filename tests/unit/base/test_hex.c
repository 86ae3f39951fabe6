#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <string.h>

#include "base/hex.h"

static void
encode_writes_two_lower_case_digits_a_byte(void **state)
{
    static const uint8_t bytes[] = { 0x00, 0x0f, 0xa5, 0xff };
    char text[9];

    (void)state;
    memset(text, 'x', sizeof text);
    mrs_hex_encode(text, bytes, sizeof bytes);
    assert_string_equal(text, "000fa5ff");
    mrs_hex_encode(text, bytes, 0);
    assert_string_equal(text, "");
}

static void
decode_reverses_encode_for_every_byte(void **state)
{
    uint8_t bytes[256], back[256];
    char text[513];

    (void)state;
    for (size_t i = 0; i < sizeof bytes; i++)
        bytes[i] = (uint8_t)i;
    mrs_hex_encode(text, bytes, sizeof bytes);
    memset(back, 0xee, sizeof back);
    assert_true(mrs_hex_decode(back, sizeof back, text, 512));
    assert_memory_equal(back, bytes, sizeof bytes);
}

static void
decode_refuses_other_lengths_and_digits_and_leaves_out_alone(void **state)
{
    static const char *const wrong[] = { "",     "a",    "ab1",  "abcde", "abcdef", "abCD",
                                         "abcg", "ab d", "-1cd", "0xab",  "ab\xc3\xa9" };
    uint8_t out[2] = { 7, 7 };

    (void)state;
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        assert_false(mrs_hex_decode(out, sizeof out, wrong[i], strlen(wrong[i])));
        assert_int_equal(out[0], 7);
        assert_int_equal(out[1], 7);
    }
    assert_true(mrs_hex_decode(out, 0, "", 0));
    /* Half of SIZE_MAX rounded down: must not be taken for the length 0 or 2. */
    assert_false(mrs_hex_decode(out, SIZE_MAX / 2 + 1, "", 0));
    assert_false(mrs_hex_decode(out, SIZE_MAX / 2 + 2, "ab", 2));
    assert_int_equal(out[0], 7);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(encode_writes_two_lower_case_digits_a_byte),
        cmocka_unit_test(decode_reverses_encode_for_every_byte),
        cmocka_unit_test(decode_refuses_other_lengths_and_digits_and_leaves_out_alone),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
