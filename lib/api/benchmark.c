#include <mars/benchmark.h>

#include <stdatomic.h>

#include "api/opts.h"
#include "api/speed.h"
#include "base/alloc.h"
#include "base/err.h"
#include "job/job.h"
#include "platform/clock.h"

enum { FIGURE_MS = 250, FIGURE_MS_MAX = 60000, WORKERS_MAX = 256, POLL_MS = 100 };
static const uint64_t MS = 1000000;

/* A call. */
struct run {
    mars_benchmark_options opts;
    uint32_t workers;
    uint8_t *sample;
    struct mrs_mutex *lock;
    struct mrs_cond *changed; /* a thread has failed */
    atomic_bool stop;
    uint64_t started;
    uint64_t told;            /* when progress was told last; 0: never */
    uint64_t measured;        /* kinds, each on one core and on all */
};

/* One thread's part of a measurement. */
struct part {
    struct run *run;
    const struct mrs_speed_kind *kind;
    struct mrs_thread *thread;
    double speed; /* bytes a second */
    mars_status status;
    mars_error err;
};

static void
work(void *arg)
{
    struct part *p = arg;
    struct mrs_speed *s = NULL;
    uint64_t start, done = 0, ns;

    p->status = mrs_speed_new(&s, p->kind, p->run->sample, &p->err);
    /* The first step, which finds nothing in any cache, is not counted. */
    if (p->status == MARS_OK)
        p->status = mrs_speed_step(s, &done, &p->err);
    done = 0;
    start = mrs_clock_mono();
    while (p->status == MARS_OK && (done == 0 || !atomic_load(&p->run->stop)))
        p->status = mrs_speed_step(s, &done, &p->err);
    ns = mrs_clock_mono() - start;
    p->speed = ns > 0 ? (double)done * 1e9 / (double)ns : 0;
    mrs_speed_free(s);
    if (p->status != MARS_OK) {
        mrs_mutex_lock(p->run->lock);
        atomic_store(&p->run->stop, true);
        mrs_cond_broadcast(p->run->changed);
        mrs_mutex_unlock(p->run->lock);
    }
}

/* Cancelled, by whoever may? Tells progress, at most 10 times a second. */
static mars_status
look(struct run *r, bool last, mars_error *err)
{
    uint64_t now = mrs_clock_mono();
    mars_progress p = { .struct_size = sizeof p,
                        .phase = MARS_PHASE_DATA,
                        .files_done = r->measured,
                        .files_total = 2 * mrs_speed_count(),
                        .elapsed_ns = now - r->started };
    bool due = r->told == 0 || last || now - r->told >= POLL_MS * MS;

    if (r->opts.cancel != NULL && atomic_load(&r->opts.cancel->set))
        return mrs_fail(err, MARS_ERR_CANCELLED, "cancelled");
    if (r->opts.progress == NULL || !due)
        return MARS_OK;
    r->told = now;
    if (r->opts.progress(&p, r->opts.progress_user) != 0)
        return mrs_fail(err, MARS_ERR_CANCELLED, "cancelled");
    return MARS_OK;
}

/* Until the measurement's time is over, or a thread failed. */
static mars_status
wait(struct run *r, mars_error *err)
{
    uint64_t end = mrs_clock_mono() + r->opts.figure_ms * MS, now;
    mars_status st = look(r, false, err);

    while (st == MARS_OK && !atomic_load(&r->stop) && (now = mrs_clock_mono()) < end) {
        uint64_t ms = (end - now) / MS + 1;

        mrs_mutex_lock(r->lock);
        if (!atomic_load(&r->stop))
            mrs_cond_wait_ms(r->changed, r->lock, ms < POLL_MS ? (uint32_t)ms : POLL_MS);
        mrs_mutex_unlock(r->lock);
        st = look(r, false, err);
    }
    atomic_store(&r->stop, true);
    return st;
}

/* So many threads at once: what they do together, in bytes a second. */
static mars_status
measure(struct run *r, const struct mrs_speed_kind *kind, uint32_t threads, uint64_t *speed,
        mars_error *err)
{
    struct part *parts = mrs_alloc_array(threads, sizeof *parts);
    mars_status st = parts != NULL ? MARS_OK : mrs_nomem(err);
    double sum = 0;
    uint32_t n = 0;

    atomic_store(&r->stop, false);
    for (; st == MARS_OK && n < threads; n += st == MARS_OK) {
        parts[n].run = r;
        parts[n].kind = kind;
        st = mrs_thread_start(&parts[n].thread, work, &parts[n], err);
    }
    if (st == MARS_OK)
        st = wait(r, err);
    atomic_store(&r->stop, true);
    for (uint32_t i = 0; i < n; i++) {
        mrs_thread_join(parts[i].thread);
        sum += parts[i].speed;
        if (st == MARS_OK && parts[i].status != MARS_OK) {
            st = parts[i].status;
            if (err != NULL)
                *err = parts[i].err;
        }
    }
    *speed = (uint64_t)sum;
    r->measured += st == MARS_OK;
    mrs_free(parts);
    return st;
}

static mars_status
figure(struct run *r, const struct mrs_speed_kind *kind, mars_error *err)
{
    mars_benchmark_figure f = { .struct_size = sizeof f,
                                .work = kind->work,
                                .codec = kind->codec_name };
    mars_status st = measure(r, kind, 1, &f.one_core, err);

    if (st == MARS_OK)
        st = measure(r, kind, r->workers, &f.all_cores, err);
    if (st == MARS_OK)
        r->opts.figure(&f, r->opts.figure_user);
    return st;
}

static mars_status
import(struct run *r, const mars_benchmark_options *opts, mars_error *err)
{
    mars_status st = mrs_opts_import(&r->opts, sizeof r->opts, opts, MRS_BENCHMARK_OPTIONS_V1,
                                     err);

    if (st != MARS_OK)
        return st;
    if (r->opts.figure == NULL)
        return mrs_fail(err, MARS_ERR_INVALID_ARG, "figure: is missing");
    if (r->opts.workers > WORKERS_MAX)
        return mrs_fail(err, MARS_ERR_INVALID_ARG, "workers: at most %d", WORKERS_MAX);
    if (r->opts.figure_ms > FIGURE_MS_MAX)
        return mrs_fail(err, MARS_ERR_INVALID_ARG, "figure_ms: at most %d", FIGURE_MS_MAX);
    if (r->opts.figure_ms == 0)
        r->opts.figure_ms = FIGURE_MS;
    r->workers = r->opts.workers != 0 ? r->opts.workers : mrs_core_count();
    if (r->workers > WORKERS_MAX)
        r->workers = WORKERS_MAX;
    return MARS_OK;
}

static mars_status
open_run(struct run *r, mars_error *err)
{
    mars_status st = mrs_mutex_new(&r->lock, err);

    if (st == MARS_OK)
        st = mrs_cond_new(&r->changed, err);
    if (st != MARS_OK)
        return st;
    r->sample = mrs_alloc(MRS_SPEED_SAMPLE);
    if (r->sample == NULL)
        return mrs_nomem(err);
    mrs_speed_sample(r->sample);
    return MARS_OK;
}

static void
close_run(struct run *r)
{
    mrs_free(r->sample);
    mrs_cond_free(r->changed);
    mrs_mutex_free(r->lock);
}

mars_status
mars_benchmark(const mars_benchmark_options *opts, mars_benchmark_result *result, mars_error *err)
{
    mars_benchmark_result res = { .struct_size = sizeof res };
    struct run r = { .started = mrs_clock_mono() };
    mars_status st, out = MARS_OK;

    mrs_error_clear(err);
    st = import(&r, opts, err);
    if (st == MARS_OK)
        st = open_run(&r, err);
    for (size_t i = 0; st == MARS_OK && i < mrs_speed_count(); i++) {
        st = figure(&r, mrs_speed_kind_at(i), err);
        res.figures += st == MARS_OK;
    }
    if (st == MARS_OK)
        st = look(&r, true, err);
    close_run(&r);
    res.workers = r.workers;
    res.elapsed_ns = mrs_clock_mono() - r.started;
    if (result != NULL)
        out = mrs_opts_export(result, &res, sizeof res, st == MARS_OK ? err : NULL);
    return st != MARS_OK ? st : out;
}
