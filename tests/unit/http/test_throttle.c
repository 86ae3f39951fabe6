#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "failing_alloc.h"
#include "http/throttle.h"
#include "nap.h"
#include "platform/clock.h"

#define SECOND UINT64_C(1000000000)

static struct mrs_throttle *
make(uint64_t bps, uint32_t requests)
{
    struct mrs_limits l = { .other_bps = bps, .requests = requests };
    struct mrs_throttle *t;

    assert_int_equal(mrs_throttle_new(&t, &l, NULL), MARS_OK);
    return t;
}

static void
without_a_limit_all_passes(void **state)
{
    struct mrs_throttle *t = make(0, 0);

    (void)state;
    assert_int_equal(mrs_throttle_bytes(t, SIZE_MAX / 2), SIZE_MAX / 2);
    assert_int_equal(mrs_throttle_wait_ms(t), 0);
    for (int i = 0; i < 1000; i++)
        assert_true(mrs_throttle_request(t));
    mrs_throttle_free(t);
    assert_int_equal(failing_alloc_live(), 0);
}

static void
bytes_pass_at_the_rate(void **state)
{
    struct mrs_throttle *t = make(8000000, 0); /* 1 MB a second */
    uint64_t begin = mrs_clock_mono(), passed = 0, ns;

    (void)state;
    while (mrs_clock_mono() - begin < 2 * SECOND) {
        size_t n = mrs_throttle_bytes(t, 100000);

        assert_true(n <= 16 << 10);
        passed += n;
        if (n == 0)
            nap(mrs_throttle_wait_ms(t));
    }
    ns = mrs_clock_mono() - begin;
    assert_in_range(passed * SECOND / ns, 950000, 1050000);
    mrs_throttle_free(t);
}

static void
what_is_owed_is_waited_for(void **state)
{
    struct mrs_throttle *t = make(8000000, 0);

    (void)state;
    mrs_throttle_owe(t, 300000);
    assert_int_equal(mrs_throttle_bytes(t, 1), 0);
    assert_in_range(mrs_throttle_wait_ms(t), 200, 301);
    nap(330);
    assert_int_equal(mrs_throttle_bytes(t, 1), 1);
    mrs_throttle_free(t);
}

static void
a_pause_saves_up_no_more_than_half_a_second(void **state)
{
    struct mrs_throttle *t = make(8000000, 0);
    uint64_t passed = 0;
    size_t n;

    (void)state;
    (void)mrs_throttle_bytes(t, 1);
    nap(900);
    while ((n = mrs_throttle_bytes(t, 100000)) > 0)
        passed += n;
    assert_in_range(passed, 400000, 600000);
    mrs_throttle_free(t);
}

static void
requests_pass_at_their_rate(void **state)
{
    struct mrs_throttle *t = make(0, 50);
    uint64_t begin = mrs_clock_mono();
    int passed = 0;

    (void)state;
    while (mrs_clock_mono() - begin < SECOND) {
        if (mrs_throttle_request(t))
            passed++;
        else
            nap(mrs_throttle_wait_ms(t));
    }
    assert_in_range(passed, 45, 55);
    mrs_throttle_free(t);
}

static void
making_survives_every_failing_allocation(void **state)
{
    struct mrs_limits l = { .other_bps = 64000 };
    mars_status st = MARS_ERR_NOMEM;
    size_t n;

    (void)state;
    for (n = 0; st != MARS_OK; n++) {
        struct mrs_throttle *t;

        assert_in_range(n, 0, 20);
        failing_alloc_arm(n);
        st = mrs_throttle_new(&t, &l, NULL);
        failing_alloc_arm(SIZE_MAX);
        mrs_throttle_free(t);
        assert_int_equal(failing_alloc_live(), 0);
    }
    l.other_bps = 1;
    assert_int_equal(mrs_throttle_new(&(struct mrs_throttle *){ NULL }, &l, NULL),
                     MARS_ERR_INVALID_ARG);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(without_a_limit_all_passes),
        cmocka_unit_test(bytes_pass_at_the_rate),
        cmocka_unit_test(what_is_owed_is_waited_for),
        cmocka_unit_test(a_pause_saves_up_no_more_than_half_a_second),
        cmocka_unit_test(requests_pass_at_their_rate),
        cmocka_unit_test(making_survives_every_failing_allocation),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
