#include "job/job.h"

#include <string.h>

#include "base/alloc.h"
#include "base/err.h"
#include "platform/clock.h"

enum { PUMP_MS = 100, EVENTS_MAX = 4096 };

mars_status
mrs_job_init(struct mrs_job *j, struct mrs_engine *engine, struct mrs_domain *d,
             const struct mrs_listener *l, mars_error *err)
{
    mars_status st;

    j->listener = *l;
    j->started = mrs_clock_mono();
    atomic_store(&j->phase, MARS_PHASE_START);
    st = mrs_domain_view(d, &j->stop, &j->d, err);
    if (st == MARS_OK)
        st = mrs_mutex_new(&j->lock, err);
    if (st == MARS_OK)
        st = mrs_cond_new(&j->changed, err);
    if (st == MARS_OK)
        st = mrs_cond_new(&j->told, err);
    if (st == MARS_OK)
        st = mrs_engine_open(engine, err);
    if (st == MARS_OK)
        j->engine = engine;
    return st;
}

void
mrs_job_fini(struct mrs_job *j)
{
    while (j->first_event != NULL) {
        struct mrs_event *e = j->first_event;

        j->first_event = e->next;
        mrs_free(e);
    }
    if (j->engine != NULL)
        mrs_engine_close(j->engine);
    mrs_cond_free(j->told);
    mrs_cond_free(j->changed);
    mrs_mutex_free(j->lock);
    mrs_domain_free_view(j->d);
}

void
mrs_job_fail(struct mrs_job *j, mars_status st, const mars_error *why)
{
    mrs_mutex_lock(j->lock);
    if (j->status == MARS_OK) {
        j->status = st;
        if (why != NULL)
            j->error = *why;
        else
            mrs_fail(&j->error, st, "%s", st == MARS_ERR_CANCELLED ? "cancelled" : "failed");
    }
    atomic_store(&j->stop, true);
    mrs_cond_broadcast(j->changed);
    mrs_cond_broadcast(j->told);
    mrs_mutex_unlock(j->lock);
}

static size_t
text_size(const char *text)
{
    return text != NULL ? strlen(text) + 1 : 0;
}

/* n bytes to *at, which moves on; NULL stays NULL. */
static const char *
copy_bytes(char **at, const char *from, size_t n)
{
    char *copy = *at;

    if (from == NULL)
        return NULL;
    if (n > 0)
        memcpy(copy, from, n);
    *at += n;
    return copy;
}

static struct mrs_event *
copy_event(const mars_event *event)
{
    const char *message = event->message != NULL ? event->message : "";
    size_t path = event->path != NULL ? (size_t)event->path_len : 0;
    size_t object = text_size(event->object), point = text_size(event->point);
    size_t text = text_size(message);
    struct mrs_event *e = mrs_alloc(sizeof *e + path + object + point + text);
    char *at;

    if (e == NULL)
        return NULL;
    at = e->bytes;
    e->event = *event;
    e->event.struct_size = sizeof e->event;
    e->event.path = copy_bytes(&at, event->path, path);
    e->event.object = copy_bytes(&at, event->object, object);
    e->event.point = copy_bytes(&at, event->point, point);
    e->event.message = copy_bytes(&at, message, text);
    return e;
}

/* Under the lock. */
static void
await_told(struct mrs_job *j)
{
    while (j->n_events >= EVENTS_MAX && !atomic_load(&j->stop))
        mrs_cond_wait_ms(j->told, j->lock, PUMP_MS);
}

static void
enqueue(struct mrs_job *j, const mars_event *event, bool wait)
{
    struct mrs_event *e;

    if (event->kind != MARS_EVENT_FILE)
        atomic_fetch_add(&j->warnings, 1);
    if (j->listener.event == NULL)
        return;
    e = copy_event(event);
    if (e == NULL) {
        /* An event that cannot be told must not be lost without a word. */
        mrs_job_fail(j, MARS_ERR_NOMEM, NULL);
        return;
    }
    mrs_mutex_lock(j->lock);
    if (wait)
        await_told(j);
    if (j->first_event == NULL)
        j->first_event = e;
    else
        j->last_event->next = e;
    j->last_event = e;
    j->n_events++;
    mrs_cond_broadcast(j->told);
    mrs_mutex_unlock(j->lock);
}

void
mrs_job_post(struct mrs_job *j, const mars_event *event)
{
    enqueue(j, event, true);
}

void
mrs_job_post_now(struct mrs_job *j, const mars_event *event)
{
    enqueue(j, event, false);
}

void
mrs_job_damage(void *job, const char *relative, const mars_error *why)
{
    mars_event e = { .kind = MARS_EVENT_DAMAGED,
                     .status = why->status,
                     .os_code = why->os_code,
                     .object = relative,
                     .message = why->message };
    const struct mrs_job *j = job;

    mrs_logf(j->d->logger, MARS_LEVEL_WARNING, "domain", "%s: damaged or missing: %s", relative,
             why->message);
    mrs_job_post_now(job, &e);
}

void
mrs_job_await_told(struct mrs_job *j)
{
    mrs_mutex_lock(j->lock);
    await_told(j);
    mrs_mutex_unlock(j->lock);
}

static void
deliver(struct mrs_job *j)
{
    struct mrs_event *e;

    mrs_mutex_lock(j->lock);
    e = j->first_event;
    j->first_event = j->last_event = NULL;
    j->n_events = 0;
    mrs_cond_broadcast(j->told);
    mrs_mutex_unlock(j->lock);
    while (e != NULL) {
        struct mrs_event *next = e->next;

        j->listener.event(&e->event, j->listener.event_user);
        mrs_free(e);
        e = next;
    }
}

static void
report_progress(struct mrs_job *j)
{
    mars_progress p = { .struct_size = sizeof p };

    p.phase = atomic_load(&j->phase);
    p.files_done = atomic_load(&j->files_done);
    p.files_total = atomic_load(&j->files_total);
    p.bytes_done = atomic_load(&j->bytes_done);
    p.bytes_total = atomic_load(&j->bytes_total);
    p.bytes_stored = atomic_load(&j->bytes_stored);
    p.warnings = atomic_load(&j->warnings);
    p.elapsed_ns = mrs_clock_mono() - j->started;
    if (j->listener.progress(&p, j->listener.progress_user) != 0)
        mrs_job_fail(j, MARS_ERR_CANCELLED, NULL);
}

/* The first report comes at once: a caller may want to stop before anything happens. */
static bool
is_due(const struct mrs_job *j, uint64_t now)
{
    return j->reported == 0 || j->reported_phase != atomic_load(&j->phase) ||
           now - j->reported >= (uint64_t)PUMP_MS * 1000000;
}

void
mrs_job_pump(struct mrs_job *j, bool report)
{
    uint64_t now = mrs_clock_mono();

    if (j->listener.event != NULL)
        deliver(j);
    if (report || is_due(j, now)) {
        j->reported = now;
        j->reported_phase = atomic_load(&j->phase);
        if (j->listener.progress != NULL)
            report_progress(j);
    }
    if (j->listener.cancel != NULL && atomic_load(&j->listener.cancel->set))
        mrs_job_fail(j, MARS_ERR_CANCELLED, NULL);
}

void
mrs_job_enter(struct mrs_job *j, mars_phase phase)
{
    mrs_mutex_lock(j->lock);
    atomic_store(&j->phase, phase);
    mrs_cond_signal(j->told);
    mrs_mutex_unlock(j->lock);
}

void
mrs_job_await(struct mrs_job *j, mars_phase until)
{
    bool over;

    do {
        mrs_mutex_lock(j->lock);
        if (!j->finished && j->first_event == NULL && !is_due(j, mrs_clock_mono()))
            mrs_cond_wait_ms(j->told, j->lock, PUMP_MS);
        over = j->finished || atomic_load(&j->phase) >= (unsigned)until;
        mrs_mutex_unlock(j->lock);
        mrs_job_pump(j, over);
    } while (!over);
}

void
mrs_job_wait(struct mrs_job *j)
{
    mrs_job_await(j, MARS_PHASE_INT32);
}

void
mrs_job_finish(struct mrs_job *j)
{
    mrs_mutex_lock(j->lock);
    j->finished = true;
    mrs_cond_broadcast(j->told);
    mrs_mutex_unlock(j->lock);
}

mars_status
mrs_job_result(struct mrs_job *j, mars_error *err)
{
    mars_status st;

    mrs_mutex_lock(j->lock);
    st = j->status;
    if (st != MARS_OK && err != NULL)
        *err = j->error;
    mrs_mutex_unlock(j->lock);
    return st;
}
