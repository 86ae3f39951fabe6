#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <string.h>

#include <mars/benchmark.h>

#include "api/speed.h"
#include "failing_alloc.h"

enum { FIGURES = 32, MOST = 200 };

struct seen {
    mars_benchmark_figure figures[FIGURES];
    size_t n;
    mars_progress progress; /* the last */
    unsigned stop_after;    /* calls of progress; 0: never */
    unsigned calls;
    mars_cancel *cancel;      /* set with the first figure, unless NULL */
};

static void
note(const mars_benchmark_figure *figure, void *user)
{
    struct seen *s = user;

    assert_true(s->n < FIGURES);
    s->figures[s->n++] = *figure;
    if (s->cancel != NULL)
        mars_cancel_set(s->cancel);
}

static int
watch(const mars_progress *p, void *user)
{
    struct seen *s = user;

    assert_true(p->files_done >= s->progress.files_done);
    assert_true(p->files_done <= p->files_total);
    s->progress = *p;
    return ++s->calls == s->stop_after;
}

static mars_benchmark_options
quick(struct seen *s)
{
    memset(s, 0, sizeof *s);
    return (mars_benchmark_options){ .struct_size = sizeof(mars_benchmark_options),
                                     .workers = 2,
                                     .figure_ms = 1,
                                     .figure = note,
                                     .figure_user = s,
                                     .progress = watch,
                                     .progress_user = s };
}

static void
each_kind_of_work_is_measured_once(void **state)
{
    mars_benchmark_result r = { .struct_size = sizeof r };
    struct seen s;
    mars_benchmark_options o = quick(&s);
    mars_error err;

    (void)state;
    assert_int_equal(mars_benchmark(&o, &r, &err), MARS_OK);
    assert_int_equal(s.n, mrs_speed_count());
    for (size_t i = 0; i < s.n; i++) {
        assert_int_equal(s.figures[i].work, mrs_speed_kind_at(i)->work);
        assert_true(s.figures[i].codec == mrs_speed_kind_at(i)->codec_name);
        assert_true(s.figures[i].one_core > 0);
        assert_true(s.figures[i].all_cores > 0);
    }
    assert_int_equal(r.figures, s.n);
    assert_int_equal(r.workers, 2);
    assert_true(r.elapsed_ns > 0);
    assert_int_equal(s.progress.files_done, 2 * s.n);
    assert_int_equal(s.progress.files_total, 2 * s.n);
}

static void
wrong_options_are_refused(void **state)
{
    struct seen s;
    mars_benchmark_options o = quick(&s);
    mars_error err;

    (void)state;
    assert_int_equal(mars_benchmark(NULL, NULL, &err), MARS_ERR_INVALID_ARG);
    o.figure = NULL;
    assert_int_equal(mars_benchmark(&o, NULL, &err), MARS_ERR_INVALID_ARG);
    o = quick(&s);
    o.workers = 257;
    assert_int_equal(mars_benchmark(&o, NULL, &err), MARS_ERR_INVALID_ARG);
    o = quick(&s);
    o.figure_ms = 60001;
    assert_int_equal(mars_benchmark(&o, NULL, NULL), MARS_ERR_INVALID_ARG);
    o = quick(&s);
    o.struct_size = 0;
    assert_int_equal(mars_benchmark(&o, NULL, &err), MARS_ERR_INVALID_ARG);
    assert_int_equal(s.n, 0);
}

static void
a_cancelled_one_ends_at_once(void **state)
{
    struct seen s;
    mars_benchmark_options o = quick(&s);
    mars_cancel *cancel;
    mars_error err;

    (void)state;
    assert_int_equal(mars_cancel_new(&cancel, &err), MARS_OK);
    mars_cancel_set(cancel);
    o.cancel = cancel;
    o.figure_ms = 60000;
    assert_int_equal(mars_benchmark(&o, NULL, &err), MARS_ERR_CANCELLED);
    assert_int_equal(s.n, 0);
    mars_cancel_free(cancel);
}

static void
progress_can_stop_it(void **state)
{
    struct seen s;
    mars_benchmark_options o = quick(&s);
    mars_error err;

    (void)state;
    s.stop_after = 2;
    o.figure_ms = 60000;
    assert_int_equal(mars_benchmark(&o, NULL, &err), MARS_ERR_CANCELLED);
    assert_int_equal(s.calls, 2);
    assert_int_equal(s.n, 0);
}

/* Up to the end of the first kind of work: test_speed.c does the same with each kind. */
static void
it_survives_failing_allocations(void **state)
{
    size_t before = failing_alloc_live(), n = 0;
    mars_status st = MARS_ERR_NOMEM;
    mars_cancel *cancel;
    struct seen s;
    mars_error err;

    (void)state;
    for (; st == MARS_ERR_NOMEM; n++) {
        mars_benchmark_options o = quick(&s);

        assert_int_equal(mars_cancel_new(&cancel, &err), MARS_OK);
        s.cancel = cancel;
        o.cancel = cancel;
        assert_true(n < MOST);
        failing_alloc_arm(n);
        st = mars_benchmark(&o, NULL, &err);
        failing_alloc_arm(SIZE_MAX);
        mars_cancel_free(cancel);
        assert_int_equal(failing_alloc_live(), before);
    }
    assert_int_equal(st, MARS_ERR_CANCELLED);
    assert_int_equal(s.n, 1);
    assert_true(n > 10);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_kind_of_work_is_measured_once),
        cmocka_unit_test(wrong_options_are_refused),
        cmocka_unit_test(a_cancelled_one_ends_at_once),
        cmocka_unit_test(progress_can_stop_it),
        cmocka_unit_test(it_survives_failing_allocations),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
