/* Events on their way from a job's threads to the caller. */
#define _GNU_SOURCE
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdatomic.h>
#include <string.h>
#include <unistd.h>

#include "failing_alloc.h"
#include "job/job.h"

enum { MANY = 5000 }; /* more than may be undelivered */

struct kit {
    struct mrs_job job;
    size_t told;
    size_t live; /* allocations without events */
    atomic_bool passed;
};

static void
on_event(const mars_event *e, void *user)
{
    struct kit *k = user;

    assert_int_equal(e->struct_size, sizeof *e);
    assert_int_equal(e->kind, MARS_EVENT_WARNING);
    assert_memory_equal(e->path, "/a/path", e->path_len);
    assert_int_equal(e->path_len, 7);
    assert_string_equal(e->object, "object");
    assert_null(e->point);
    assert_string_equal(e->message, "");
    k->told++;
}

static int
setup(void **state)
{
    static struct kit k;

    memset(&k, 0, sizeof k);
    k.job.listener.event = on_event;
    k.job.listener.event_user = &k;
    assert_int_equal(mrs_mutex_new(&k.job.lock, NULL), MARS_OK);
    assert_int_equal(mrs_cond_new(&k.job.changed, NULL), MARS_OK);
    assert_int_equal(mrs_cond_new(&k.job.told, NULL), MARS_OK);
    k.live = failing_alloc_live();
    *state = &k;
    return 0;
}

static int
teardown(void **state)
{
    struct kit *k = *state;

    mrs_job_fini(&k->job);
    return 0;
}

static void
post(struct kit *k)
{
    const mars_event e = { .kind = MARS_EVENT_WARNING,
                           .path = "/a/path, and more",
                           .path_len = 7,
                           .object = "object" };

    mrs_job_post_now(&k->job, &e);
}

static void
an_event_is_one_allocation_and_a_copy(void **state)
{
    struct kit *k = *state;

    post(k);
    post(k);
    assert_int_equal(failing_alloc_live(), k->live + 2);
    mrs_job_pump(&k->job, false);
    assert_int_equal(k->told, 2);
    assert_int_equal(failing_alloc_live(), k->live);
    post(k); /* which nobody takes */
}

static void
await(void *kit)
{
    struct kit *k = kit;

    mrs_job_await_told(&k->job);
    atomic_store(&k->passed, true);
}

static void
who_gives_work_waits_until_events_are_taken(void **state)
{
    struct kit *k = *state;
    struct mrs_thread *thread = NULL;

    await(k); /* nothing to wait for */
    assert_true(atomic_exchange(&k->passed, false));
    for (int i = 0; i < MANY; i++)
        post(k);
    assert_int_equal(mrs_thread_start(&thread, await, k, NULL), MARS_OK);
    usleep(50000);
    assert_false(atomic_load(&k->passed));
    mrs_job_pump(&k->job, false);
    mrs_thread_join(thread);
    assert_true(atomic_load(&k->passed));
    assert_int_equal(k->told, MANY);
}

static void
who_waits_for_events_to_be_taken_heeds_the_end_of_the_job(void **state)
{
    struct kit *k = *state;

    for (int i = 0; i < MANY; i++)
        post(k);
    mrs_job_fail(&k->job, MARS_ERR_CANCELLED, NULL);
    await(k);
    assert_int_equal(mrs_job_result(&k->job, NULL), MARS_ERR_CANCELLED);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(an_event_is_one_allocation_and_a_copy, setup, teardown),
        cmocka_unit_test_setup_teardown(who_gives_work_waits_until_events_are_taken, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(who_waits_for_events_to_be_taken_heeds_the_end_of_the_job,
                                        setup, teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
