#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#include "base/date.h"

static const int64_t FIRST = INT64_C(-62167219200), LAST = INT64_C(253402300799);

static void
known_moments_are_written_and_read(void **state)
{
    static const struct {
        int64_t seconds;
        const char *text;
    } known[] = {
        { 0, "1970-01-01T00:00:00Z" },
        { -1, "1969-12-31T23:59:59Z" },
        { 86399, "1970-01-01T23:59:59Z" },
        { 951782400, "2000-02-29T00:00:00Z" },
        { 951868800, "2000-03-01T00:00:00Z" },
        { 1000000000, "2001-09-09T01:46:40Z" },
        { 1234567890, "2009-02-13T23:31:30Z" },
        { 2147483647, "2038-01-19T03:14:07Z" },
        { 2147483648, "2038-01-19T03:14:08Z" },
        { 4107542400, "2100-03-01T00:00:00Z" },
        { INT64_C(-2203891200), "1900-03-01T00:00:00Z" },
        { INT64_C(-62135596800), "0001-01-01T00:00:00Z" },
        { INT64_C(-62167219200), "0000-01-01T00:00:00Z" },
        { INT64_C(253402300799), "9999-12-31T23:59:59Z" },
    };

    (void)state;
    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++) {
        char text[MRS_DATE_SIZE];
        int64_t seconds = 1;

        mrs_date_format(known[i].seconds, text);
        assert_string_equal(text, known[i].text);
        assert_true(mrs_date_parse(known[i].text, &seconds));
        assert_true(seconds == known[i].seconds);
    }
}

static void
moments_outside_the_years_0_to_9999_are_shown_as_the_nearest(void **state)
{
    char text[MRS_DATE_SIZE];

    (void)state;
    mrs_date_format(FIRST - 1, text);
    assert_string_equal(text, "0000-01-01T00:00:00Z");
    mrs_date_format(INT64_MIN, text);
    assert_string_equal(text, "0000-01-01T00:00:00Z");
    mrs_date_format(LAST + 1, text);
    assert_string_equal(text, "9999-12-31T23:59:59Z");
    mrs_date_format(INT64_MAX, text);
    assert_string_equal(text, "9999-12-31T23:59:59Z");
}

static int
is_leap(int y)
{
    return y % 4 == 0 && (y % 100 != 0 || y % 400 == 0);
}

static int
days_in(int y, int m)
{
    return m == 2 ? 28 + is_leap(y) : 30 + (m % 2 == (m < 8));
}

static void
put_digits(char *at, int n, int v)
{
    for (int i = n - 1; i >= 0; i--, v /= 10)
        at[i] = (char)('0' + v % 10);
}

/* Counted on from day to day, by the rule that every child learns. */
static void
every_day_of_ten_thousand_years_has_its_date(void **state)
{
    int64_t at = FIRST;
    char expected[] = "0000-00-00T00:00:00Z", text[MRS_DATE_SIZE];

    (void)state;
    for (int y = 0; y < 10000; y++)
        for (int m = 1; m <= 12; m++)
            for (int d = 1; d <= days_in(y, m); d++, at += 86400) {
                int second = (int)((at / 86400 * 7919 % 86400 + 86400) % 86400);
                int64_t back = 0;

                put_digits(expected, 4, y);
                put_digits(expected + 5, 2, m);
                put_digits(expected + 8, 2, d);
                put_digits(expected + 11, 2, second / 3600);
                put_digits(expected + 14, 2, second / 60 % 60);
                put_digits(expected + 17, 2, second % 60);
                mrs_date_format(at + second, text);
                if (strcmp(text, expected) != 0)
                    fail_msg("%s is written %s", expected, text);
                if (d % 9 == 1 && (!mrs_date_parse(expected, &back) || back != at + second))
                    fail_msg("%s is not read", expected);
            }
    assert_true(at == LAST + 1);
}

static void
days_and_times_that_there_are_not_are_refused(void **state)
{
    static const char *const none[] = {
        "2026-02-29T00:00:00Z", "2024-02-30T00:00:00Z", "1900-02-29T00:00:00Z",
        "2100-02-29T00:00:00Z", "2026-04-31T00:00:00Z", "2026-01-32T00:00:00Z",
        "2026-01-00T00:00:00Z", "2026-00-01T00:00:00Z", "2026-13-01T00:00:00Z",
        "2026-99-01T00:00:00Z", "2026-01-99T00:00:00Z", "2026-01-01T24:00:00Z",
        "2026-01-01T23:60:00Z", "2026-12-31T23:59:60Z", "2026-01-01T99:99:99Z",
        "0000-00-00T00:00:00Z", "9999-12-31T24:00:00Z", "0000-02-30T00:00:00Z",
    };

    (void)state;
    for (size_t i = 0; i < sizeof none / sizeof none[0]; i++) {
        int64_t seconds = 42;

        if (mrs_date_parse(none[i], &seconds))
            fail_msg("%s was read", none[i]);
        assert_int_equal(seconds, 42);
    }
}

static void
other_forms_are_refused(void **state)
{
    static const char *const none[] = {
        "", "Z", "2026-01-31", "2026-01-31T09:30:00", "2026-01-31T09:30Z", "2026-01-31 09:30:00Z",
        "2026-01-31t09:30:00Z", "2026-01-31T09:30:00z", "2026-01-31T09:30:00.5Z",
        "2026-01-31T09:30:00+00:00", " 2026-01-31T09:30:00Z", "2026-01-31T09:30:00Z ",
        "+026-01-31T09:30:00Z", "-026-01-31T09:30:00Z", "12026-01-31T09:30:00Z",
        "2026-1-031T09:30:00Z", "2026-01-31T 9:30:00Z", "1769851800",
    };
    int64_t seconds;

    (void)state;
    for (size_t i = 0; i < sizeof none / sizeof none[0]; i++)
        if (mrs_date_parse(none[i], &seconds))
            fail_msg("\"%s\" was read", none[i]);
}

/* What is read is what is written: no other spelling of a moment gets through. */
static void
any_byte_in_the_place_of_another_is_refused_or_another_moment(void **state)
{
    static const char good[] = "2026-01-29T19:30:15Z";
    int64_t before = 0;

    (void)state;
    assert_true(mrs_date_parse(good, &before));
    for (size_t i = 0; i < sizeof good - 1; i++)
        for (int c = 0; c < 256; c++) {
            char text[sizeof good], again[MRS_DATE_SIZE];
            int64_t seconds = before;

            memcpy(text, good, sizeof good);
            text[i] = (char)c;
            if (c == good[i] || !mrs_date_parse(text, &seconds))
                continue;
            assert_true(seconds != before);
            mrs_date_format(seconds, again);
            assert_string_equal(again, text);
        }
}

static void
dates_of_http_are_written_and_read(void **state)
{
    static const struct {
        int64_t seconds;
        const char *text;
    } all[] = { { 0, "Thu, 01 Jan 1970 00:00:00 GMT" },
                { 784111777, "Sun, 06 Nov 1994 08:49:37 GMT" },
                { 951782400, "Tue, 29 Feb 2000 00:00:00 GMT" },
                { 1795651199, "Wed, 25 Nov 2026 23:59:59 GMT" },
                { -1, "Wed, 31 Dec 1969 23:59:59 GMT" } };

    (void)state;
    for (size_t i = 0; i < sizeof all / sizeof all[0]; i++) {
        char text[MRS_HTTP_DATE_SIZE];
        int64_t back;

        mrs_http_date_format(all[i].seconds, text);
        assert_string_equal(text, all[i].text);
        assert_true(mrs_http_date_parse(text, &back));
        assert_int_equal(back, all[i].seconds);
    }
}

static void
other_dates_of_http_are_refused(void **state)
{
    static const char *const wrong[] = {
        "", "Sun, 06 Nov 1994 08:49:37 UTC", "Mon, 06 Nov 1994 08:49:37 GMT",
        "Sun, 06 Nox 1994 08:49:37 GMT", "Sun, 31 Nov 1994 08:49:37 GMT",
        "Sun, 6 Nov 1994 08:49:37 GMT ", "Sunday, 06-Nov-94 08:49:37 GMT",
        "Sun Nov  6 08:49:37 1994     ", "Sun, 06 Nov 1994 24:00:00 GMT" };
    int64_t at;

    (void)state;
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++)
        assert_false(mrs_http_date_parse(wrong[i], &at));
}

static void
parts_of_a_second_are_dropped(void **state)
{
    static const char *const same[] = { "2026-01-31T09:30:00Z", "2026-01-31T09:30:00.Z",
                                        "2026-01-31T09:30:00.9Z", "2026-01-31T09:30:00.123456Z" };
    static const char *const wrong[] = { "", "2026-01-31T09:30:00", "2026-01-31T09:30:00.5",
                                         "2026-01-31T09:30:00.5Zx", "2026-01-31T09:30:00.5+01:00",
                                         "2026-01-32T09:30:00.5Z", "2026-01-31.Z" };
    int64_t want, at;

    (void)state;
    assert_true(mrs_date_parse(same[0], &want));
    for (size_t i = 0; i < sizeof same / sizeof same[0]; i++) {
        assert_true(mrs_date_parse_parts(same[i], &at));
        assert_int_equal(at, want);
    }
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++)
        assert_false(mrs_date_parse_parts(wrong[i], &at));
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(known_moments_are_written_and_read),
        cmocka_unit_test(moments_outside_the_years_0_to_9999_are_shown_as_the_nearest),
        cmocka_unit_test(every_day_of_ten_thousand_years_has_its_date),
        cmocka_unit_test(days_and_times_that_there_are_not_are_refused),
        cmocka_unit_test(other_forms_are_refused),
        cmocka_unit_test(parts_of_a_second_are_dropped),
        cmocka_unit_test(dates_of_http_are_written_and_read),
        cmocka_unit_test(other_dates_of_http_are_refused),
        cmocka_unit_test(any_byte_in_the_place_of_another_is_refused_or_another_moment),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
