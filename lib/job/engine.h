/* The agent's one worker pool and one byte budget, shared by all its jobs. Workers live while a
 * job is open. A task never waits for the budget or for another task, so tasks always end. */
#ifndef MRS_JOB_ENGINE_H
#define MRS_JOB_ENGINE_H

#include <stdatomic.h>
#include <stdbool.h>

#include <mars/common.h>

struct mrs_engine;

/* workers 0: one a core. budget: bytes that all jobs may hold at once. */
MARS_NODISCARD mars_status mrs_engine_new(struct mrs_engine **out, uint32_t workers,
                                          uint64_t budget, mars_error *err);
/* No job may be open. NULL is allowed. */
void mrs_engine_free(struct mrs_engine *e);

/* Each job holds the engine open; the first starts the workers, the last joins them. */
MARS_NODISCARD mars_status mrs_engine_open(struct mrs_engine *e, mars_error *err);
void mrs_engine_close(struct mrs_engine *e);

/* Run on a worker, once. The task is its owner's again when run is called. */
struct mrs_task {
    void (*run)(struct mrs_task *t);
    struct mrs_task *next;
};
void mrs_engine_submit(struct mrs_engine *e, struct mrs_task *t);
/* The same before all of those: a short task on whose result more work hangs. */
void mrs_engine_submit_urgent(struct mrs_engine *e, struct mrs_task *t);

/* One job's part of the budget. Zeroed before. */
struct mrs_account {
    uint64_t held; /* guarded by the engine */
};
/* Wait until the job may hold n more bytes, which a task gives back: tasks always end, so all that
 * is held is given back some time. false: *stop was set meanwhile, nothing is held. */
bool mrs_engine_take(struct mrs_engine *e, struct mrs_account *a, uint64_t n,
                     const atomic_bool *stop);
/* The same for at most so long, for who has other things to do meanwhile. */
bool mrs_engine_take_soon(struct mrs_engine *e, struct mrs_account *a, uint64_t n, uint32_t ms);
/* The same for a buffer that a job keeps while it waits for more. All of them take at most half of
 * the budget, so that tasks always find room. */
bool mrs_engine_take_buffer(struct mrs_engine *e, uint64_t n, const atomic_bool *stop);
void mrs_engine_give_buffer(struct mrs_engine *e, uint64_t n);
/* Does a job wait for a buffer? Who keeps one for later use gives it back then. */
bool mrs_engine_buffer_is_wanted(struct mrs_engine *e);
void mrs_engine_give(struct mrs_engine *e, struct mrs_account *a, uint64_t n);
/* The most that was held at once since the engine was made. */
uint64_t mrs_engine_peak(struct mrs_engine *e);

#endif
