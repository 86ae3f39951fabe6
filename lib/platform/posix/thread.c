#include "platform/thread.h"

#include <pthread.h>
#include <signal.h>
#include <time.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/err.h"

struct mrs_thread {
    pthread_t id;
    void (*fn)(void *);
    void *arg;
};

struct mrs_mutex {
    pthread_mutex_t m;
};

struct mrs_cond {
    pthread_cond_t c;
};

static void *
run(void *arg)
{
    const struct mrs_thread *t = arg;

    t->fn(t->arg);
    return NULL;
}

/* Faults are of a thread's own making: the host's crash reporter is to see them. */
static void
all_but_faults(sigset_t *set)
{
    static const int faults[] = { SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGTRAP, SIGSYS };

    (void)sigfillset(set);
    for (size_t i = 0; i < sizeof faults / sizeof faults[0]; i++)
        (void)sigdelset(set, faults[i]);
}

mars_status
mrs_thread_start(struct mrs_thread **out, void (*fn)(void *), void *arg, mars_error *err)
{
    struct mrs_thread *t;
    sigset_t all;
    sigset_t before;
    int code;

    *out = NULL;
    t = mrs_alloc(sizeof *t);
    if (t == NULL)
        return mrs_nomem(err);
    t->fn = fn;
    t->arg = arg;
    /* A thread begins with its maker's mask, so there is no moment in which it takes a signal. */
    all_but_faults(&all);
    (void)pthread_sigmask(SIG_SETMASK, &all, &before);
    code = pthread_create(&t->id, NULL, run, t);
    (void)pthread_sigmask(SIG_SETMASK, &before, NULL);
    if (code != 0) {
        mrs_free(t);
        return mrs_fail_os(err, MARS_ERR_IO, code, "starting a thread");
    }
    *out = t;
    return MARS_OK;
}

void
mrs_thread_join(struct mrs_thread *t)
{
    if (t == NULL)
        return;
    (void)pthread_join(t->id, NULL);
    mrs_free(t);
}

mars_status
mrs_mutex_new(struct mrs_mutex **out, mars_error *err)
{
    struct mrs_mutex *m;
    int code;

    *out = NULL;
    m = mrs_alloc(sizeof *m);
    if (m == NULL)
        return mrs_nomem(err);
    code = pthread_mutex_init(&m->m, NULL);
    if (code != 0) {
        mrs_free(m);
        return mrs_fail_os(err, MARS_ERR_IO, code, "making a mutex");
    }
    *out = m;
    return MARS_OK;
}

void
mrs_mutex_free(struct mrs_mutex *m)
{
    if (m == NULL)
        return;
    (void)pthread_mutex_destroy(&m->m);
    mrs_free(m);
}

void
mrs_mutex_lock(struct mrs_mutex *m)
{
    (void)pthread_mutex_lock(&m->m);
}

void
mrs_mutex_unlock(struct mrs_mutex *m)
{
    (void)pthread_mutex_unlock(&m->m);
}

/* The wall clock may be set back in the middle of a wait. */
static int
init_monotonic(pthread_cond_t *c)
{
    pthread_condattr_t attr;
    int code = pthread_condattr_init(&attr);

    if (code != 0)
        return code;
    code = pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
    if (code == 0)
        code = pthread_cond_init(c, &attr);
    (void)pthread_condattr_destroy(&attr);
    return code;
}

mars_status
mrs_cond_new(struct mrs_cond **out, mars_error *err)
{
    struct mrs_cond *c;
    int code;

    *out = NULL;
    c = mrs_alloc(sizeof *c);
    if (c == NULL)
        return mrs_nomem(err);
    code = init_monotonic(&c->c);
    if (code != 0) {
        mrs_free(c);
        return mrs_fail_os(err, MARS_ERR_IO, code, "making a condition");
    }
    *out = c;
    return MARS_OK;
}

void
mrs_cond_free(struct mrs_cond *c)
{
    if (c == NULL)
        return;
    (void)pthread_cond_destroy(&c->c);
    mrs_free(c);
}

void
mrs_cond_wait(struct mrs_cond *c, struct mrs_mutex *m)
{
    (void)pthread_cond_wait(&c->c, &m->m);
}

void
mrs_cond_wait_ms(struct mrs_cond *c, struct mrs_mutex *m, uint32_t ms)
{
    struct timespec until;

    (void)clock_gettime(CLOCK_MONOTONIC, &until);
    until.tv_sec += (time_t)(ms / 1000);
    until.tv_nsec += (long)(ms % 1000) * 1000000L;
    if (until.tv_nsec >= 1000000000L) {
        until.tv_nsec -= 1000000000L;
        until.tv_sec++;
    }
    (void)pthread_cond_timedwait(&c->c, &m->m, &until);
}

void
mrs_cond_signal(struct mrs_cond *c)
{
    (void)pthread_cond_signal(&c->c);
}

void
mrs_cond_broadcast(struct mrs_cond *c)
{
    (void)pthread_cond_broadcast(&c->c);
}

uint64_t
mrs_process_id(void)
{
    return (uint64_t)getpid();
}
