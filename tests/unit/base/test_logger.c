#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <string.h>

#include "base/logger.h"

/* What was told last. */
struct heard {
    size_t lines;
    int level;
    char unit[16];
    char text[MRS_LOG_LINE_MAX + 1];
};

static void
hear(void *user, int level, const char *unit, const char *text)
{
    struct heard *h = user;

    assert_true(strlen(text) <= MRS_LOG_LINE_MAX);
    assert_true(strlen(unit) < sizeof h->unit);
    h->lines++;
    h->level = level;
    memcpy(h->unit, unit, strlen(unit) + 1);
    memcpy(h->text, text, strlen(text) + 1);
}

static void
a_line_has_its_level_and_unit(void **state)
{
    struct heard h = { 0 };
    struct mrs_logger l = { hear, &h, MARS_LEVEL_DEBUG };

    (void)state;
    mrs_logf(&l, MARS_LEVEL_WARNING, "http", "%s: tried again in %u ms", "https://host/x", 250u);
    assert_int_equal(h.lines, 1);
    assert_int_equal(h.level, MARS_LEVEL_WARNING);
    assert_string_equal(h.unit, "http");
    assert_string_equal(h.text, "https://host/x: tried again in 250 ms");
}

static void
what_is_less_grave_than_wanted_is_not_told(void **state)
{
    struct heard h = { 0 };
    struct mrs_logger l = { hear, &h, MARS_LEVEL_INFO };

    (void)state;
    mrs_logf(&l, MARS_LEVEL_DEBUG, "http", "no");
    assert_int_equal(h.lines, 0);
    assert_false(mrs_logger_wants(&l, MARS_LEVEL_DEBUG));
    assert_true(mrs_logger_wants(&l, MARS_LEVEL_INFO));
    mrs_logf(&l, MARS_LEVEL_INFO, "http", "yes");
    mrs_logf(&l, MARS_LEVEL_ERROR, "http", "yes");
    assert_int_equal(h.lines, 2);
}

static void
nobody_is_told_where_nobody_listens(void **state)
{
    struct mrs_logger zeroed = { NULL, NULL, 0 }, deaf = { NULL, NULL, MARS_LEVEL_DEBUG };

    (void)state;
    mrs_logf(NULL, MARS_LEVEL_ERROR, "http", "nothing");
    mrs_logf(&zeroed, MARS_LEVEL_ERROR, "http", "nothing");
    mrs_logf(&deaf, MARS_LEVEL_ERROR, "http", "nothing");
    assert_false(mrs_logger_wants(NULL, MARS_LEVEL_ERROR));
    assert_false(mrs_logger_wants(&deaf, MARS_LEVEL_ERROR));
}

static void
control_characters_and_bytes_that_are_no_text_are_not_passed_on(void **state)
{
    struct heard h = { 0 };
    struct mrs_logger l = { hear, &h, MARS_LEVEL_INFO };

    (void)state;
    mrs_logf(&l, MARS_LEVEL_INFO, "cache", "a\nb\x1b[31m\x7f\xc2\x9b\xff\xc3\xa9\xe2\x82");
    assert_string_equal(h.text, "a?b?[31m????\xc3\xa9??");
}

/* `fill` bytes, then characters of n bytes each: the cut falls anywhere in them. */
static void
check_cut(const char *character, size_t n, size_t fill)
{
    char text[2 * MRS_LOG_LINE_MAX] = "";
    struct heard h = { 0 };
    struct mrs_logger l = { hear, &h, MARS_LEVEL_INFO };
    size_t at = fill, len;

    memset(text, 'x', fill);
    for (; at + n < sizeof text; at += n)
        memcpy(text + at, character, n);
    text[at] = '\0';
    mrs_logf(&l, MARS_LEVEL_INFO, "cache", "%s", text);
    len = strlen(h.text);
    assert_in_range(len, MRS_LOG_LINE_MAX - n, MRS_LOG_LINE_MAX);
    assert_string_equal(h.text + len - 3, "...");
    assert_int_equal((len - 3 - fill) % n, 0);
    assert_memory_equal(h.text, text, len - 3);
}

static void
a_long_line_is_cut_between_characters(void **state)
{
    (void)state;
    for (size_t fill = 0; fill < 5; fill++) {
        check_cut("y", 1, fill);
        check_cut("\xc3\xa9", 2, fill);
        check_cut("\xe2\x82\xac", 3, fill);
        check_cut("\xf0\x9f\x9a\x80", 4, fill);
    }
}

static void
the_longest_line_that_fits_is_not_cut(void **state)
{
    char text[MRS_LOG_LINE_MAX - 2];
    struct heard h = { 0 };
    struct mrs_logger l = { hear, &h, MARS_LEVEL_INFO };

    (void)state;
    memset(text, 'x', sizeof text);
    text[sizeof text - 1] = '\0';
    mrs_logf(&l, MARS_LEVEL_INFO, "cache", "%s", text);
    assert_string_equal(h.text, text);
    mrs_logf(&l, MARS_LEVEL_INFO, "cache", "%sy", text);
    assert_int_equal(strlen(h.text), MRS_LOG_LINE_MAX);
    assert_string_equal(h.text + MRS_LOG_LINE_MAX - 4, "x...");
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_line_has_its_level_and_unit),
        cmocka_unit_test(what_is_less_grave_than_wanted_is_not_told),
        cmocka_unit_test(nobody_is_told_where_nobody_listens),
        cmocka_unit_test(control_characters_and_bytes_that_are_no_text_are_not_passed_on),
        cmocka_unit_test(a_long_line_is_cut_between_characters),
        cmocka_unit_test(the_longest_line_that_fits_is_not_cut),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
