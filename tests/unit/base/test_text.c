#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "base/text.h"

/* The UTF-8 form of a code point, by the table of RFC 3629. */
static size_t
encode(uint32_t c, uint8_t out[4])
{
    if (c < 0x80) {
        out[0] = (uint8_t)c;
        return 1;
    }
    if (c < 0x800) {
        out[0] = (uint8_t)(0xc0 | c >> 6);
        out[1] = (uint8_t)(0x80 | (c & 0x3f));
        return 2;
    }
    if (c < 0x10000) {
        out[0] = (uint8_t)(0xe0 | c >> 12);
        out[1] = (uint8_t)(0x80 | (c >> 6 & 0x3f));
        out[2] = (uint8_t)(0x80 | (c & 0x3f));
        return 3;
    }
    out[0] = (uint8_t)(0xf0 | c >> 18);
    out[1] = (uint8_t)(0x80 | (c >> 12 & 0x3f));
    out[2] = (uint8_t)(0x80 | (c >> 6 & 0x3f));
    out[3] = (uint8_t)(0x80 | (c & 0x3f));
    return 4;
}

static void
nothing_is_text(void **state)
{
    static const uint8_t one[1] = { 'x' };

    (void)state;
    assert_true(mrs_is_text(one, 0));
    assert_true(mrs_is_text(NULL, 0));
}

static void
every_code_point_but_nul_and_the_surrogates_is_text(void **state)
{
    (void)state;
    for (uint32_t c = 0; c < 0x110000 + 0x1000; c++) {
        int good = c != 0 && (c < 0xd800 || c > 0xdfff) && c < 0x110000;
        uint8_t form[4];
        size_t n = encode(c, form);

        if (mrs_is_text(form, n) != good)
            fail_msg("U+%04X is judged wrongly", c);
    }
}

/* With the test above: everything else of up to three bytes is not. */
static void
no_other_bytes_are_text(void **state)
{
    const size_t one = 127, two = 0x800 - 0x80, three = 0x10000 - 0x800 - 0x800;
    size_t found[4] = { 0 };

    (void)state;
    for (uint32_t v = 0; v < 1 << 24; v++) {
        uint8_t b[3] = { (uint8_t)v, (uint8_t)(v >> 8), (uint8_t)(v >> 16) };

        found[3] += mrs_is_text(b, 3);
        found[2] += v < 1 << 16 && mrs_is_text(b, 2);
        found[1] += v < 1 << 8 && mrs_is_text(b, 1);
    }
    assert_int_equal(found[1], one);
    assert_int_equal(found[2], one * one + two);
    assert_int_equal(found[3], one * one * one + 2 * one * two + three);
}

/* Of four bytes the last two at the bounds only. */
static void
forms_of_four_bytes_lie_between_u_10000_and_u_10ffff(void **state)
{
    static const uint8_t last[] = { 0x7f, 0x80, 0xbf, 0xc0 };
    size_t found = 0;

    (void)state;
    for (uint32_t v = 0; v < 1 << 16; v++)
        for (size_t i = 0; i < 16; i++) {
            uint8_t b[4] = { (uint8_t)v, (uint8_t)(v >> 8), last[i / 4], last[i % 4] };

            found += b[0] >= 0xf0 && mrs_is_text(b, 4);
        }
    /* 0x100 second halves of 0x1000 code points each, four of their ends tried. */
    assert_int_equal(found, (0x110000 - 0x10000) / 0x1000 * 4);
}

/* In blocks of their own size, so that reading past the end is seen by a sanitizer. */
static void
a_form_that_is_cut_off_is_no_text_and_is_not_read_past(void **state)
{
    static const uint32_t points[] = { 0xe9, 0x20ac, 0x1f600 };

    (void)state;
    for (size_t i = 0; i < 3; i++) {
        uint8_t form[4];
        size_t n = encode(points[i], form);

        for (size_t have = 1; have < n; have++) {
            uint8_t *block = malloc(have + 1);

            assert_non_null(block);
            block[0] = 'a';
            memcpy(block + 1, form, have);
            assert_false(mrs_is_text(block, have + 1));
            assert_true(mrs_is_text(block, 1));
            free(block);
        }
    }
}

static void
one_wrong_byte_anywhere_spoils_a_text(void **state)
{
    static const char text[] = "na\xc3\xafve \xe2\x82\xac \xf0\x9f\x98\x80 end";
    enum { LEN = sizeof text - 1 };
    uint8_t b[LEN];

    (void)state;
    assert_true(mrs_is_text((const uint8_t *)text, LEN));
    for (size_t i = 0; i < LEN; i++) {
        static const uint8_t wrong[] = { 0x00, 0xc0, 0xc1, 0xf5, 0xff, 0xfe };

        for (size_t j = 0; j < sizeof wrong; j++) {
            memcpy(b, text, LEN);
            b[i] = wrong[j];
            assert_false(mrs_is_text(b, LEN));
        }
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nothing_is_text),
        cmocka_unit_test(every_code_point_but_nul_and_the_surrogates_is_text),
        cmocka_unit_test(no_other_bytes_are_text),
        cmocka_unit_test(forms_of_four_bytes_lie_between_u_10000_and_u_10ffff),
        cmocka_unit_test(a_form_that_is_cut_off_is_no_text_and_is_not_read_past),
        cmocka_unit_test(one_wrong_byte_anywhere_spoils_a_text),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
