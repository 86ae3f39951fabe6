#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "policy/limits.h"

enum { MONDAY, TUESDAY, FRIDAY = 4, SATURDAY, SUNDAY };
enum { WORK = 1000000, OTHER = 64000, MO_FR = 0x1f };

static void
hours_of_work_are_those_between(void **state)
{
    struct mrs_limits l = { WORK, OTHER, 0, MO_FR, 8 * 60, 18 * 60 };

    (void)state;
    assert_int_equal(mrs_limits_at(&l, MONDAY, 8 * 60 - 1), OTHER);
    assert_int_equal(mrs_limits_at(&l, MONDAY, 8 * 60), WORK);
    assert_int_equal(mrs_limits_at(&l, FRIDAY, 18 * 60 - 1), WORK);
    assert_int_equal(mrs_limits_at(&l, FRIDAY, 18 * 60), OTHER);
    assert_int_equal(mrs_limits_at(&l, SATURDAY, 12 * 60), OTHER);
}

static void
a_night_belongs_to_the_day_on_which_it_begins(void **state)
{
    struct mrs_limits l = { WORK, OTHER, 0, MO_FR, 22 * 60, 6 * 60 };

    (void)state;
    assert_int_equal(mrs_limits_at(&l, MONDAY, 5 * 60), OTHER);
    assert_int_equal(mrs_limits_at(&l, MONDAY, 22 * 60), WORK);
    assert_int_equal(mrs_limits_at(&l, TUESDAY, 5 * 60 + 59), WORK);
    assert_int_equal(mrs_limits_at(&l, TUESDAY, 6 * 60), OTHER);
    assert_int_equal(mrs_limits_at(&l, SATURDAY, 1), WORK);
    assert_int_equal(mrs_limits_at(&l, SATURDAY, 23 * 60), OTHER);
    assert_int_equal(mrs_limits_at(&l, SUNDAY, 1), OTHER);
}

static void
equal_ends_are_a_whole_day(void **state)
{
    struct mrs_limits l = { WORK, OTHER, 0, 1 << SUNDAY, 0, 0 };

    (void)state;
    for (unsigned minute = 0; minute < MRS_MINUTES_A_DAY; minute++) {
        assert_int_equal(mrs_limits_at(&l, SUNDAY, minute), WORK);
        assert_int_equal(mrs_limits_at(&l, MONDAY, minute), OTHER);
    }
}

static void
without_days_there_is_one_limit(void **state)
{
    struct mrs_limits l = { WORK, 0, 0, 0, 8 * 60, 18 * 60 };

    (void)state;
    assert_int_equal(mrs_limits_at(&l, MONDAY, 12 * 60), 0);
}

static void
what_cannot_be_is_refused(void **state)
{
    static const struct mrs_limits wrong[] = {
        { 63999, 0, 0, 0, 0, 0 },    { 0, 1, 0, 0, 0, 0 },     { 0, 0, 0, 0x80, 0, 0 },
        { 0, 0, 0, 1, 24 * 60, 60 }, { 0, 0, 0, 1, 0, 24 * 60 + 1 },
    };
    static const struct mrs_limits good[] = { { 0 }, { 64000, 64000, 1, 0x7f, 0, 24 * 60 } };

    (void)state;
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++)
        assert_int_equal(mrs_limits_check(&wrong[i], NULL), MARS_ERR_INVALID_ARG);
    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++)
        assert_int_equal(mrs_limits_check(&good[i], NULL), MARS_OK);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(hours_of_work_are_those_between),
        cmocka_unit_test(a_night_belongs_to_the_day_on_which_it_begins),
        cmocka_unit_test(equal_ends_are_a_whole_day),
        cmocka_unit_test(without_days_there_is_one_limit),
        cmocka_unit_test(what_cannot_be_is_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
