#define _GNU_SOURCE
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <time.h>

#include "nap.h"
#include "platform/clock.h"

static void
the_wall_clock_tells_the_time_of_day(void **state)
{
    time_t before = time(NULL);
    struct mrs_time t = mrs_clock_wall();

    (void)state;
    assert_in_range((uint64_t)t.s, (uint64_t)before - 1, (uint64_t)time(NULL) + 1);
    assert_in_range(t.ns, 0, 999999999);
}

static void
the_stamp_clock_follows_the_wall_clock_in_steps(void **state)
{
    struct mrs_time stamp = mrs_clock_stamp(), wall = mrs_clock_wall();
    int64_t behind = (wall.s - stamp.s) * 1000000000 + (int64_t)wall.ns - (int64_t)stamp.ns;

    (void)state;
    assert_true(behind >= 0 && behind < 1000000000);
}

static void
the_monotonic_clock_goes_on_in_nanoseconds(void **state)
{
    uint64_t a = mrs_clock_mono();

    (void)state;
    nap(20);
    assert_in_range(mrs_clock_mono() - a, 20000000, 20000000000u);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_wall_clock_tells_the_time_of_day),
        cmocka_unit_test(the_stamp_clock_follows_the_wall_clock_in_steps),
        cmocka_unit_test(the_monotonic_clock_goes_on_in_nanoseconds),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
