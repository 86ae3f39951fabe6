#define _GNU_SOURCE
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <pthread.h>
#include <signal.h>

#include "failing_alloc.h"
#include "platform/clock.h"
#include "platform/thread.h"
#include "scratch.h"

struct counter {
    struct mrs_mutex *m;
    struct mrs_cond *c;
    int n;
};

static void
add_many(void *arg)
{
    struct counter *c = arg;

    for (int i = 0; i < 20000; i++) {
        mrs_mutex_lock(c->m);
        c->n++;
        mrs_mutex_unlock(c->m);
    }
}

static void
a_mutex_keeps_threads_apart(void **state)
{
    struct counter c = { NULL, NULL, 0 };
    struct mrs_thread *t[4];

    (void)state;
    assert_int_equal(mrs_mutex_new(&c.m, NULL), MARS_OK);
    for (int i = 0; i < 4; i++)
        assert_int_equal(mrs_thread_start(&t[i], add_many, &c, NULL), MARS_OK);
    for (int i = 0; i < 4; i++)
        mrs_thread_join(t[i]);
    assert_int_equal(c.n, 80000);
    mrs_mutex_free(c.m);
    assert_int_equal(failing_alloc_live(), 0);
}

static void
read_mask(void *arg)
{
    (void)pthread_sigmask(SIG_SETMASK, NULL, arg);
}

static void
a_thread_takes_no_signals_but_its_own_faults(void **state)
{
    struct mrs_thread *t;
    sigset_t mask;
    sigset_t before;
    sigset_t after;

    (void)state;
    (void)sigemptyset(&mask);
    (void)pthread_sigmask(SIG_SETMASK, NULL, &before);
    assert_int_equal(mrs_thread_start(&t, read_mask, &mask, NULL), MARS_OK);
    mrs_thread_join(t);
    (void)pthread_sigmask(SIG_SETMASK, NULL, &after);
    assert_true(sigismember(&mask, SIGINT) && sigismember(&mask, SIGTERM));
    assert_true(sigismember(&mask, SIGUSR1) && sigismember(&mask, SIGALRM));
    assert_false(sigismember(&mask, SIGSEGV));
    for (int i = 1; i < 32; i++)
        assert_int_equal(sigismember(&before, i), sigismember(&after, i));
}

static void
set_and_signal(void *arg)
{
    struct counter *c = arg;

    mrs_mutex_lock(c->m);
    c->n = 1;
    mrs_cond_signal(c->c);
    mrs_mutex_unlock(c->m);
}

static void
wait_and_count(void *arg)
{
    struct counter *c = arg;

    mrs_mutex_lock(c->m);
    while (c->n == 0)
        mrs_cond_wait(c->c, c->m);
    c->n++;
    mrs_mutex_unlock(c->m);
}

static void
a_signal_wakes_one_and_a_broadcast_all(void **state)
{
    struct counter c = { NULL, NULL, 0 };
    struct mrs_thread *t[4];

    (void)state;
    assert_int_equal(mrs_mutex_new(&c.m, NULL), MARS_OK);
    assert_int_equal(mrs_cond_new(&c.c, NULL), MARS_OK);
    mrs_mutex_lock(c.m);
    assert_int_equal(mrs_thread_start(&t[0], set_and_signal, &c, NULL), MARS_OK);
    while (c.n == 0)
        mrs_cond_wait(c.c, c.m);
    mrs_mutex_unlock(c.m);
    mrs_thread_join(t[0]);
    c.n = 0;
    for (int i = 0; i < 4; i++)
        assert_int_equal(mrs_thread_start(&t[i], wait_and_count, &c, NULL), MARS_OK);
    mrs_mutex_lock(c.m);
    c.n = 1;
    mrs_cond_broadcast(c.c);
    mrs_mutex_unlock(c.m);
    for (int i = 0; i < 4; i++)
        mrs_thread_join(t[i]);
    assert_int_equal(c.n, 5);
    mrs_cond_free(c.c);
    mrs_mutex_free(c.m);
    assert_int_equal(failing_alloc_live(), 0);
}

static void
a_timed_wait_ends_after_its_time(void **state)
{
    struct mrs_mutex *m;
    struct mrs_cond *c;
    uint64_t begin;
    uint64_t took;

    (void)state;
    assert_int_equal(mrs_mutex_new(&m, NULL), MARS_OK);
    assert_int_equal(mrs_cond_new(&c, NULL), MARS_OK);
    mrs_mutex_lock(m);
    mrs_cond_wait_ms(c, m, 0);
    begin = mrs_clock_mono();
    do {
        mrs_cond_wait_ms(c, m, 60);
        took = mrs_clock_mono() - begin;
    } while (took < 50 * 1000000u);
    assert_true(took < 20u * 1000000000u);
    mrs_mutex_unlock(m);
    mrs_cond_free(c);
    mrs_mutex_free(m);
}

static uint64_t parent_id;

static int
compare_ids(void)
{
    return mrs_process_id() != parent_id ? 0 : 1;
}

static void
a_forked_child_has_another_process_id(void **state)
{
    (void)state;
    parent_id = mrs_process_id();
    assert_int_equal(mrs_process_id(), parent_id);
    assert_int_equal(scratch_in_child(compare_ids), 0);
}

static void
nothing(void *arg)
{
    (void)arg;
}

static void
constructors_survive_failing_allocations(void **state)
{
    struct mrs_thread *t = (void *)state;
    struct mrs_mutex *m = (void *)state;
    struct mrs_cond *c = (void *)state;

    failing_alloc_arm(0);
    assert_int_equal(mrs_thread_start(&t, nothing, NULL, NULL), MARS_ERR_NOMEM);
    assert_int_equal(mrs_mutex_new(&m, NULL), MARS_ERR_NOMEM);
    assert_int_equal(mrs_cond_new(&c, NULL), MARS_ERR_NOMEM);
    failing_alloc_arm(SIZE_MAX);
    assert_null(t);
    assert_null(m);
    assert_null(c);
    mrs_thread_join(NULL);
    mrs_mutex_free(NULL);
    mrs_cond_free(NULL);
    assert_int_equal(failing_alloc_live(), 0);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_mutex_keeps_threads_apart),
        cmocka_unit_test(a_thread_takes_no_signals_but_its_own_faults),
        cmocka_unit_test(a_signal_wakes_one_and_a_broadcast_all),
        cmocka_unit_test(a_timed_wait_ends_after_its_time),
        cmocka_unit_test(a_forked_child_has_another_process_id),
        cmocka_unit_test(constructors_survive_failing_allocations),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
