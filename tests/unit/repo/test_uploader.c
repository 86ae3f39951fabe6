#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdatomic.h>
#include <stdbool.h>

#include "base/err.h"
#include "failing_alloc.h"
#include "platform/thread.h"
#include "repo/uploader.h"

enum { THREADS = 3, TASKS = 200 };

struct work {
    struct mrs_upload_task task; /* first */
    atomic_int runs;
    mars_status seen;            /* that something had failed before */
    mars_status result;
    struct gate *gate;
};

/* Holds those that run until it opens. */
struct gate {
    struct mrs_mutex *lock;
    struct mrs_cond *changed;
    bool open;
    int inside, most;
};

static mars_status
run(struct mrs_upload_task *t, mars_status failed, mars_error *err)
{
    struct work *w = (struct work *)(void *)t;
    struct gate *g = w->gate;

    atomic_fetch_add(&w->runs, 1);
    w->seen = failed;
    if (failed != MARS_OK)
        return failed;
    mrs_mutex_lock(g->lock);
    if (++g->inside > g->most)
        g->most = g->inside;
    mrs_cond_broadcast(g->changed);
    while (!g->open)
        mrs_cond_wait(g->changed, g->lock);
    g->inside--;
    mrs_mutex_unlock(g->lock);
    return w->result == MARS_OK ? MARS_OK : mrs_fail(err, w->result, "as told");
}

static struct work works[TASKS];
static struct gate gate;

static void
open_gate(void)
{
    mrs_mutex_lock(gate.lock);
    gate.open = true;
    mrs_cond_broadcast(gate.changed);
    mrs_mutex_unlock(gate.lock);
}

static int
setup(void **state)
{
    (void)state;
    gate.open = false;
    gate.inside = gate.most = 0;
    assert_int_equal(mrs_mutex_new(&gate.lock, NULL), MARS_OK);
    assert_int_equal(mrs_cond_new(&gate.changed, NULL), MARS_OK);
    for (int i = 0; i < TASKS; i++) {
        works[i].task = (struct mrs_upload_task){ run, NULL };
        atomic_store(&works[i].runs, 0);
        works[i].seen = works[i].result = MARS_OK;
        works[i].gate = &gate;
    }
    return 0;
}

static int
teardown(void **state)
{
    (void)state;
    mrs_cond_free(gate.changed);
    mrs_mutex_free(gate.lock);
    assert_int_equal(failing_alloc_live(), 0);
    return 0;
}

static struct mrs_uploader *
make(void)
{
    struct mrs_uploader *u;

    assert_int_equal(mrs_uploader_new(&u, THREADS, NULL), MARS_OK);
    return u;
}

static void
all_are_run_once(void **state)
{
    struct mrs_uploader *u = make();

    (void)state;
    open_gate();
    for (int i = 0; i < TASKS; i++)
        assert_int_equal(mrs_uploader_give(u, &works[i].task, NULL), MARS_OK);
    assert_int_equal(mrs_uploader_wait(u, NULL), MARS_OK);
    for (int i = 0; i < TASKS; i++)
        assert_int_equal(atomic_load(&works[i].runs), 1);
    mrs_uploader_free(u);
}

static void
give_six_and_one(void *arg)
{
    assert_int_equal(mrs_uploader_give(arg, &works[2 * THREADS].task, NULL), MARS_OK);
}

static void
as_many_run_as_there_are_threads_and_who_gives_more_waits(void **state)
{
    struct mrs_uploader *u = make();
    struct mrs_thread *t;

    (void)state;
    for (int i = 0; i < 2 * THREADS; i++) {
        assert_int_equal(mrs_uploader_give(u, &works[i].task, NULL), MARS_OK);
        /* Each of the first begins before the next is given, so that none of them waits. */
        mrs_mutex_lock(gate.lock);
        while (i < THREADS && gate.inside < i + 1)
            mrs_cond_wait(gate.changed, gate.lock);
        mrs_mutex_unlock(gate.lock);
    }
    assert_int_equal(mrs_thread_start(&t, give_six_and_one, u, NULL), MARS_OK);
    mrs_mutex_lock(gate.lock);
    mrs_cond_wait_ms(gate.changed, gate.lock, 50);
    mrs_mutex_unlock(gate.lock);
    assert_int_equal(atomic_load(&works[2 * THREADS].runs), 0);
    open_gate();
    mrs_thread_join(t);
    assert_int_equal(mrs_uploader_wait(u, NULL), MARS_OK);
    assert_int_equal(gate.most, THREADS);
    assert_int_equal(atomic_load(&works[2 * THREADS].runs), 1);
    mrs_uploader_free(u);
}

static void
the_first_failure_is_told_and_what_follows_only_cleans_up(void **state)
{
    struct mrs_uploader *u = make();
    mars_error err;

    (void)state;
    open_gate();
    works[0].result = MARS_ERR_NETWORK;
    (void)!mrs_uploader_give(u, &works[0].task, NULL);
    assert_int_equal(mrs_uploader_wait(u, &err), MARS_ERR_NETWORK);
    assert_string_equal(err.message, "as told");
    assert_int_equal(mrs_uploader_give(u, &works[1].task, &err), MARS_ERR_NETWORK);
    assert_int_equal(atomic_load(&works[1].runs), 1);
    assert_int_equal(works[1].seen, MARS_ERR_NETWORK);
    mrs_uploader_free(u);
}

static void
what_waits_when_it_is_freed_is_not_sent(void **state)
{
    struct mrs_uploader *u = make();
    int sent = 0, dropped = 0;

    (void)state;
    for (int i = 0; i < 2 * THREADS; i++)
        assert_int_equal(mrs_uploader_give(u, &works[i].task, NULL), MARS_OK);
    open_gate();
    mrs_uploader_free(u);
    for (int i = 0; i < 2 * THREADS; i++) {
        assert_int_equal(atomic_load(&works[i].runs), 1);
        sent += works[i].seen == MARS_OK;
        dropped += works[i].seen == MARS_ERR_CANCELLED;
    }
    assert_int_equal(sent + dropped, 2 * THREADS);
}

static void
it_survives_every_failing_allocation(void **state)
{
    mars_status st = MARS_ERR_NOMEM;
    size_t n;

    (void)state;
    open_gate();
    for (n = 0; st != MARS_OK; n++) {
        struct mrs_uploader *u;

        assert_in_range(n, 0, 30);
        failing_alloc_arm(n);
        st = mrs_uploader_new(&u, THREADS, NULL);
        if (st == MARS_OK)
            st = mrs_uploader_give(u, &works[n].task, NULL);
        failing_alloc_arm(SIZE_MAX);
        mrs_uploader_free(u);
        assert_int_equal(failing_alloc_live(), 2); /* the gate's */
    }
    assert_true(n > 3);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(all_are_run_once, setup, teardown),
        cmocka_unit_test_setup_teardown(as_many_run_as_there_are_threads_and_who_gives_more_waits,
                                        setup, teardown),
        cmocka_unit_test_setup_teardown(the_first_failure_is_told_and_what_follows_only_cleans_up,
                                        setup, teardown),
        cmocka_unit_test_setup_teardown(what_waits_when_it_is_freed_is_not_sent, setup, teardown),
        cmocka_unit_test_setup_teardown(it_survives_every_failing_allocation, setup, teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
