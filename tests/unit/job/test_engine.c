/* The budget that all jobs of an agent share. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "failing_alloc.h"
#include "job/engine.h"
#include "nap.h"
#include "platform/thread.h"

enum { MIB = 1 << 20, WINDOW = 16 * MIB };

static atomic_bool stop;

static int
set_up(void **state)
{
    struct mrs_engine *e = NULL;

    assert_int_equal(mrs_engine_new(&e, 2, 64 * MIB, NULL), MARS_OK);
    *state = e;
    return 0;
}

static int
tear_down(void **state)
{
    mrs_engine_free(*state);
    assert_int_equal(failing_alloc_live(), 0);
    return 0;
}

static void
stop_soon(void *arg)
{
    (void)arg;
    nap(200);
    atomic_store(&stop, true);
}

/* A buffer, within a fifth of a second? */
static bool
take(struct mrs_engine *e)
{
    struct mrs_thread *t;
    bool taken;

    atomic_store(&stop, false);
    assert_int_equal(mrs_thread_start(&t, stop_soon, NULL, NULL), MARS_OK);
    taken = mrs_engine_take_buffer(e, WINDOW, &stop);
    mrs_thread_join(t);
    atomic_store(&stop, false);
    return taken;
}

static void
buffers_that_wait_take_half_of_the_budget(void **state)
{
    struct mrs_engine *e = *state;

    assert_true(take(e));
    assert_true(take(e));
    assert_false(take(e));
    mrs_engine_give_buffer(e, WINDOW);
    assert_true(take(e));
    mrs_engine_give_buffer(e, WINDOW);
    mrs_engine_give_buffer(e, WINDOW);
    assert_int_equal(mrs_engine_peak(e), 2 * WINDOW);
}

int
main(void)
{
#define TEST(fn) cmocka_unit_test_setup_teardown(fn, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(buffers_that_wait_take_half_of_the_budget),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
