#define _GNU_SOURCE
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <sys/syscall.h>

#include "platform/random.h"
#include "scratch.h"

static void
random_bytes_fill_all_of_a_large_block_and_differ(void **state)
{
    static uint8_t a[100000];
    static uint8_t b[sizeof a];
    size_t counts[256] = { 0 };

    (void)state;
    assert_int_equal(mrs_random_fill(a, sizeof a, NULL), MARS_OK);
    assert_int_equal(mrs_random_fill(b, sizeof b, NULL), MARS_OK);
    assert_int_equal(mrs_random_fill(NULL, 0, NULL), MARS_OK);
    assert_memory_not_equal(a, b, sizeof a);
    assert_memory_not_equal(a + sizeof a - 32, b + sizeof b - 32, 32);
    for (size_t i = 0; i < sizeof a; i++)
        counts[a[i]]++;
    for (size_t i = 0; i < 256; i++)
        assert_in_range(counts[i], 200, 700);
}

static int
fill_without_getrandom(void)
{
    uint8_t a[4096] = { 0 };
    size_t zeros = 0;

    if (!scratch_deny(SYS_getrandom, ENOSYS))
        return 2;
    if (mrs_random_fill(a, sizeof a, NULL) != MARS_OK)
        return 3;
    for (size_t i = 0; i < sizeof a; i++)
        zeros += a[i] == 0;
    return zeros < 100 ? 0 : 4;
}

static void
random_bytes_come_from_the_device_where_the_call_is_missing(void **state)
{
    (void)state;
    assert_int_equal(scratch_in_child(fill_without_getrandom), 0);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(random_bytes_fill_all_of_a_large_block_and_differ),
        cmocka_unit_test(random_bytes_come_from_the_device_where_the_call_is_missing),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
