/* What every job has: a way to stop, a first failure, counters, and events that go to the calling
 * thread in order. */
#ifndef MRS_JOB_JOB_H
#define MRS_JOB_JOB_H

#include <stdatomic.h>
#include <stdbool.h>

#include <mars/cancel.h>
#include <mars/event.h>

#include "job/engine.h"
#include "platform/thread.h"
#include "repo/index.h"

struct mars_cancel {
    atomic_bool set;
};

/* One allocation: there may be very many at once. */
struct mrs_event {
    struct mrs_event *next;
    mars_event event;
    char bytes[]; /* of all that it points to */
};

/* How the caller is told, and how it tells. */
struct mrs_listener {
    mars_progress_fn progress;
    void *progress_user;
    mars_event_fn event;
    void *event_user;
    const mars_cancel *cancel;
};

struct mrs_job {
    struct mrs_engine *engine;
    struct mrs_domain *d;    /* a view: what it asks of the store ends with stop */
    struct mrs_account account;
    struct mrs_listener listener;
    uint64_t started; /* mrs_clock_mono */
    atomic_bool stop; /* cancelled or failed: every stage ends */
    atomic_uint phase;
    atomic_ullong files_done;
    atomic_ullong files_total;
    atomic_ullong bytes_done;
    atomic_ullong bytes_total;
    atomic_ullong bytes_stored;
    atomic_ullong warnings;
    uint64_t reported; /* when progress was, 0: not yet; these two are the calling thread's */
    unsigned reported_phase;
    struct mrs_mutex *lock; /* guards all below, and what a job's stages share */
    struct mrs_cond *changed; /* for the stages */
    struct mrs_cond *told;    /* for the calling thread, and who waits for it to take events */
    mars_status status;     /* of the first failure */
    mars_error error;
    struct mrs_event *first_event;
    struct mrs_event *last_event;
    size_t n_events;
    bool finished;          /* the job's own threads are done */
};

/* Opens the engine, and a view of the domain. */
MARS_NODISCARD mars_status mrs_job_init(struct mrs_job *j, struct mrs_engine *engine,
                                        struct mrs_domain *d, const struct mrs_listener *l,
                                        mars_error *err);
/* Closes it; the job's threads have ended and no task is left. May follow a failed init. */
void mrs_job_fini(struct mrs_job *j);

/* Record a failure, unless there is one already, and stop every stage. */
void mrs_job_fail(struct mrs_job *j, mars_status st, const mars_error *why);

/* Tell the calling thread. Everything is copied. May wait while many are not yet delivered; not
 * for the engine's workers, which use mrs_job_post_now. */
void mrs_job_post(struct mrs_job *j, const mars_event *event);
void mrs_job_post_now(struct mrs_job *j, const mars_event *event);
/* The same for a damaged object: a mrs_damage_fn, user is the job. */
void mrs_job_damage(void *job, const char *relative, const mars_error *why);
/* Wait while many are not yet delivered: for the thread that gives the workers their work, which
 * post without waiting. */
void mrs_job_await_told(struct mrs_job *j);

/* Deliver what has come, and report progress where it is due, or in any case. One thread at a time:
 * the calling one. */
void mrs_job_pump(struct mrs_job *j, bool report);
/* The work enters a phase, which is reported at once. Any thread. */
void mrs_job_enter(struct mrs_job *j, mars_phase phase);
/* On the calling thread: events and progress, until finished is set, or until that phase. */
void mrs_job_wait(struct mrs_job *j);
void mrs_job_await(struct mrs_job *j, mars_phase until);
/* Called by the job's last thread. */
void mrs_job_finish(struct mrs_job *j);

/* The result of the whole job. */
mars_status mrs_job_result(struct mrs_job *j, mars_error *err);

#endif
