/* Tokens that a test hands out, to threads of its own. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#include "base/alloc.h"
#include "base/err.h"
#include "failing_alloc.h"
#include "nap.h"
#include "platform/thread.h"
#include "store/entra.h"
#include "store/role.h"

enum { THREADS = 8 };

/* What the service does, and what it has seen. */
static atomic_int asked, at_once, most_at_once;
static atomic_int life = 3600, pause_ms;
static _Atomic(mars_status) says;

static mars_status
service(struct mrs_token *out, const struct mrs_fetch *with, mars_error *err)
{
    int now = atomic_fetch_add(&at_once, 1) + 1;
    mars_status st = says;
    char name[32];

    (void)with;
    if (now > most_at_once)
        most_at_once = now;
    if (pause_ms > 0)
        nap((uint32_t)pause_ms);
    (void)snprintf(name, sizeof name, "token %d", atomic_fetch_add(&asked, 1) + 1);
    atomic_fetch_sub(&at_once, 1);
    if (st != MARS_OK)
        return mrs_fail(err, st, "no tokens today");
    out->bearer = mrs_strndup(name, strlen(name));
    out->life = life;
    return out->bearer != NULL ? MARS_OK : mrs_nomem(err);
}

static struct mrs_identity *
begin(int seconds)
{
    static const struct mrs_access nothing;
    struct mrs_identity *id;

    asked = at_once = most_at_once = pause_ms = 0;
    says = MARS_OK;
    life = seconds;
    assert_int_equal(mrs_identity_new(&id, service, &nothing, NULL), MARS_OK);
    return id;
}

static void
gives(struct mrs_identity *id, const char *name)
{
    struct mrs_token *t;

    assert_int_equal(mrs_identity_borrow(id, NULL, &t, NULL), MARS_OK);
    assert_string_equal(t->bearer, name);
    mrs_identity_return(id, t);
}

static void
end(struct mrs_identity *id)
{
    mrs_identity_free(id);
    assert_int_equal(failing_alloc_live(), 0);
}

static void
a_token_is_fetched_once_and_kept(void **state)
{
    struct mrs_identity *id = begin(3600);

    (void)state;
    assert_int_equal(asked, 0);
    gives(id, "token 1");
    gives(id, "token 1");
    assert_int_equal(asked, 1);
    end(id);
}

static void
one_is_fetched_before_the_old_one_ends(void **state)
{
    struct mrs_identity *id = begin(4);

    (void)state;
    gives(id, "token 1");
    nap(2100);
    gives(id, "token 2");
    says = MARS_ERR_NETWORK; /* the old one is good for a while */
    nap(2100);
    gives(id, "token 2");
    assert_int_equal(asked, 3);
    gives(id, "token 2");
    assert_int_equal(asked, 3);
    nap(2000);
    assert_int_equal(mrs_identity_borrow(id, NULL, &(struct mrs_token *){ NULL }, NULL),
                     MARS_ERR_NETWORK);
    end(id);
}

static void
one_that_is_refused_is_replaced_and_lives_while_it_is_lent(void **state)
{
    struct mrs_identity *id = begin(3600);
    struct mrs_token *t;

    (void)state;
    assert_int_equal(mrs_identity_borrow(id, NULL, &t, NULL), MARS_OK);
    mrs_identity_refused(id, t->serial);
    gives(id, "token 2");
    mrs_identity_refused(id, t->serial); /* is told late: it is gone already */
    gives(id, "token 2");
    assert_string_equal(t->bearer, "token 1");
    mrs_identity_return(id, t);
    mrs_identity_return(id, NULL);
    end(id);
}

static void
a_failure_is_told(void **state)
{
    struct mrs_identity *id = begin(3600);
    struct mrs_token *t;
    mars_error err;

    (void)state;
    says = MARS_ERR_AUTH;
    assert_int_equal(mrs_identity_borrow(id, NULL, &t, &err), MARS_ERR_AUTH);
    assert_string_equal(err.message, "no tokens today");
    assert_null(t);
    says = MARS_OK;
    gives(id, "token 2");
    end(id);
}

/* One thread, which asks many times; what came of it. */
struct user {
    struct mrs_identity *id;
    struct mrs_thread *thread;
    const atomic_bool *stop;
    int times;
    mars_status st;
};

static void
use(void *arg)
{
    struct user *u = arg;
    struct mrs_token *t;

    for (int i = 0; u->st == MARS_OK && i < u->times; i++) {
        u->st = mrs_identity_borrow(u->id, u->stop, &t, NULL);
        if (u->st == MARS_OK && i % 3 == 0)
            mrs_identity_refused(u->id, t->serial);
        mrs_identity_return(u->id, t);
    }
}

static void
run_users(struct mrs_identity *id, int times, mars_status want)
{
    struct user u[THREADS];

    for (int i = 0; i < THREADS; i++) {
        u[i] = (struct user){ id, NULL, NULL, times, MARS_OK };
        assert_int_equal(mrs_thread_start(&u[i].thread, use, &u[i], NULL), MARS_OK);
    }
    for (int i = 0; i < THREADS; i++) {
        mrs_thread_join(u[i].thread);
        assert_int_equal(u[i].st, want);
    }
}

static void
many_threads_fetch_one_at_a_time(void **state)
{
    struct mrs_identity *id = begin(3600);

    (void)state;
    pause_ms = 5;
    run_users(id, 30, MARS_OK);
    assert_int_equal(most_at_once, 1);
    assert_in_range(asked, 2, THREADS * 10 + 1);
    end(id);
}

static void
a_failure_is_that_of_all_who_waited(void **state)
{
    struct mrs_identity *id = begin(3600);

    (void)state;
    says = MARS_ERR_AUTH;
    pause_ms = 500;
    run_users(id, 1, MARS_ERR_AUTH);
    assert_in_range(asked, 1, 2);
    end(id);
}

static void
who_waits_can_be_stopped(void **state)
{
    struct mrs_identity *id = begin(3600);
    struct user first = { id, NULL, NULL, 1, MARS_OK };
    static atomic_bool stop = true;
    struct mrs_token *t;

    (void)state;
    pause_ms = 1000;
    assert_int_equal(mrs_thread_start(&first.thread, use, &first, NULL), MARS_OK);
    while (at_once == 0)
        nap(1);
    assert_int_equal(mrs_identity_borrow(id, &stop, &t, NULL), MARS_ERR_CANCELLED);
    assert_int_equal(asked, 0);
    mrs_thread_join(first.thread);
    assert_int_equal(first.st, MARS_OK);
    end(id);
}

static mars_status
open_and_borrow(void)
{
    static const struct mrs_access nothing;
    struct mrs_identity *id;
    struct mrs_token *t = NULL;
    mars_status st = mrs_identity_new(&id, service, &nothing, NULL);

    if (st != MARS_OK)
        return st;
    st = mrs_identity_borrow(id, NULL, &t, NULL);
    mrs_identity_return(id, t);
    mrs_identity_free(id);
    return st;
}

static void
all_survives_every_failing_allocation(void **state)
{
    mars_status st = MARS_ERR_NOMEM;
    size_t n;

    (void)state;
    end(begin(3600));
    for (n = 0; st != MARS_OK; n++) {
        assert_in_range(n, 0, 200);
        failing_alloc_arm(n);
        st = open_and_borrow();
        failing_alloc_arm(SIZE_MAX);
        assert_true(st == MARS_OK || st == MARS_ERR_NOMEM);
        assert_int_equal(failing_alloc_live(), 0);
    }
    assert_true(n > 5);
}

static void
opens(mars_status (*open)(struct mrs_identity **, const struct mrs_access *, mars_error *),
      const char *text[MRS_ACCESS_KEYS], mars_status want, bool something)
{
    struct mrs_access a = { .stall_ms = 0 };
    struct mrs_identity *id;

    for (unsigned k = 0; k < MRS_ACCESS_KEYS; k++)
        assert_int_equal(mrs_access_set(&a, (enum mrs_access_key)k, text[k], NULL), MARS_OK);
    assert_int_equal(open(&id, &a, NULL), want);
    assert_true((id != NULL) == something);
    mrs_identity_free(id);
    mrs_access_free(&a);
    assert_int_equal(failing_alloc_live(), 0);
}

static void
the_access_says_who_is_asked(void **state)
{
    const char *text[MRS_ACCESS_KEYS] = { NULL };

    (void)state;
    opens(mrs_entra_open, text, MARS_OK, false);
    opens(mrs_role_open, text, MARS_OK, false);
    text[MRS_ACCESS_IDENTITY] = "managed";
    opens(mrs_entra_open, text, MARS_OK, true);
    opens(mrs_role_open, text, MARS_ERR_INVALID_ARG, false);
    text[MRS_ACCESS_IDENTITY] = "instance";
    opens(mrs_entra_open, text, MARS_ERR_INVALID_ARG, false);
    opens(mrs_role_open, text, MARS_OK, true);
    text[MRS_ACCESS_IDENTITY] = "container";
    opens(mrs_role_open, text, MARS_ERR_INVALID_ARG, false);
    text[MRS_ACCESS_IDENTITY_ENDPOINT] = "http://169.254.170.2/v2/x";
    opens(mrs_role_open, text, MARS_OK, true);
    text[MRS_ACCESS_IDENTITY] = NULL;
    text[MRS_ACCESS_CLIENT_SECRET] = "x";
    opens(mrs_entra_open, text, MARS_ERR_INVALID_ARG, false);
    text[MRS_ACCESS_TENANT] = text[MRS_ACCESS_CLIENT_ID] = "x";
    opens(mrs_entra_open, text, MARS_OK, true);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_token_is_fetched_once_and_kept),
        cmocka_unit_test(one_is_fetched_before_the_old_one_ends),
        cmocka_unit_test(one_that_is_refused_is_replaced_and_lives_while_it_is_lent),
        cmocka_unit_test(a_failure_is_told),
        cmocka_unit_test(many_threads_fetch_one_at_a_time),
        cmocka_unit_test(a_failure_is_that_of_all_who_waited),
        cmocka_unit_test(who_waits_can_be_stopped),
        cmocka_unit_test(all_survives_every_failing_allocation),
        cmocka_unit_test(the_access_says_who_is_asked),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
