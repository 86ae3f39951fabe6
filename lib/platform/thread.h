/* Threads, mutexes and conditions. A mutex and a condition need no clean-up order. */
#ifndef MRS_PLATFORM_THREAD_H
#define MRS_PLATFORM_THREAD_H

#include <mars/common.h>

struct mrs_thread;
struct mrs_mutex;
struct mrs_cond;

/* Start fn(arg); the thread takes no signals, which stay with the host's own threads. */
MARS_NODISCARD mars_status mrs_thread_start(struct mrs_thread **out, void (*fn)(void *), void *arg,
                                            mars_error *err);
/* Wait for its end and free it. NULL is allowed. */
void mrs_thread_join(struct mrs_thread *t);

MARS_NODISCARD mars_status mrs_mutex_new(struct mrs_mutex **out, mars_error *err);
void mrs_mutex_free(struct mrs_mutex *m);
void mrs_mutex_lock(struct mrs_mutex *m);
void mrs_mutex_unlock(struct mrs_mutex *m);

MARS_NODISCARD mars_status mrs_cond_new(struct mrs_cond **out, mars_error *err);
void mrs_cond_free(struct mrs_cond *c);
void mrs_cond_wait(struct mrs_cond *c, struct mrs_mutex *m);
/* Returns after `ms` milliseconds at the latest; wake-ups without cause happen. */
void mrs_cond_wait_ms(struct mrs_cond *c, struct mrs_mutex *m, uint32_t ms);
void mrs_cond_signal(struct mrs_cond *c);
void mrs_cond_broadcast(struct mrs_cond *c);

/* Cores this process may run on, at least 1. */
uint32_t mrs_core_count(void);

/* Identifies this process; differs in a forked child. */
uint64_t mrs_process_id(void);

#endif
