#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdatomic.h>
#include <string.h>

#include "base/err.h"
#include "failing_alloc.h"
#include "platform/thread.h"
#include "store/dirs.h"

struct record {
    char names[256]; /* of what was synced, each followed by a blank */
    struct mrs_dirs *d;
    struct mrs_dir *touch; /* touched again while it is being synced */
    const char *fail;
};

static mars_status
sync_one(void *user, const char *name, mars_error *err)
{
    struct record *r = user;

    if (r->fail != NULL && strcmp(r->fail, name) == 0)
        return mrs_fail(err, MARS_ERR_IO, "no");
    strcat(strcat(r->names, name), " ");
    if (r->touch != NULL)
        mrs_dirs_touch(r->d, r->touch);
    r->touch = NULL;
    return MARS_OK;
}

static void
flushes(struct mrs_dirs *d, const char *want)
{
    struct record r = { .d = d };

    assert_int_equal(mrs_dirs_flush(d, sync_one, &r, NULL), MARS_OK);
    assert_string_equal(r.names, want);
}

static void
a_directory_is_known_once_it_is_added(void **state)
{
    struct mrs_dirs d;
    struct mrs_dir *ab;

    (void)state;
    assert_int_equal(mrs_dirs_init(&d, NULL), MARS_OK);
    assert_null(mrs_dirs_find(&d, "", 0));
    ab = mrs_dirs_add(&d, "a/b/c", 3);
    assert_non_null(ab);
    assert_ptr_equal(mrs_dirs_find(&d, "a/b", 3), ab);
    assert_ptr_equal(mrs_dirs_add(&d, "a/b", 3), ab);
    assert_null(mrs_dirs_find(&d, "a", 1));
    assert_null(mrs_dirs_find(&d, "a/b/c", 5));
    assert_null(mrs_dirs_find(&d, "", 0));
    mrs_dirs_free(&d);
    assert_int_equal(failing_alloc_live(), 0);
}

static void
flush_syncs_each_touched_directory_once(void **state)
{
    struct mrs_dirs d;
    struct mrs_dir *a, *b;

    (void)state;
    assert_int_equal(mrs_dirs_init(&d, NULL), MARS_OK);
    a = mrs_dirs_add(&d, "a", 1);
    b = mrs_dirs_add(&d, "b", 1);
    flushes(&d, "");
    mrs_dirs_touch(&d, b);
    mrs_dirs_touch(&d, b);
    flushes(&d, "b ");
    flushes(&d, "");
    mrs_dirs_touch(&d, b);
    mrs_dirs_touch(&d, a);
    flushes(&d, "a b ");
    mrs_dirs_free(&d);
}

static void
what_is_touched_during_a_sync_is_synced_again(void **state)
{
    struct mrs_dirs d;
    struct record r = { .d = &d };

    (void)state;
    assert_int_equal(mrs_dirs_init(&d, NULL), MARS_OK);
    r.touch = mrs_dirs_add(&d, "a", 1);
    mrs_dirs_touch(&d, r.touch);
    assert_int_equal(mrs_dirs_flush(&d, sync_one, &r, NULL), MARS_OK);
    assert_string_equal(r.names, "a ");
    flushes(&d, "a ");
    flushes(&d, "");
    mrs_dirs_free(&d);
}

static void
what_could_not_be_synced_stays_touched(void **state)
{
    struct mrs_dirs d;
    struct record r = { .d = &d, .fail = "b" };

    (void)state;
    assert_int_equal(mrs_dirs_init(&d, NULL), MARS_OK);
    mrs_dirs_touch(&d, mrs_dirs_add(&d, "a", 1));
    mrs_dirs_touch(&d, mrs_dirs_add(&d, "b", 1));
    mrs_dirs_touch(&d, mrs_dirs_add(&d, "c", 1));
    assert_int_equal(mrs_dirs_flush(&d, sync_one, &r, NULL), MARS_ERR_IO);
    assert_string_equal(r.names, "a ");
    flushes(&d, "b c ");
    mrs_dirs_free(&d);
}

struct slow {
    struct mrs_dirs d;
    atomic_int started;
    atomic_int may_end;
    atomic_int ended;
};

static mars_status
sync_slowly(void *user, const char *name, mars_error *err)
{
    struct slow *s = user;

    (void)name;
    (void)err;
    atomic_store(&s->started, 1);
    while (!atomic_load(&s->may_end))
        continue;
    atomic_store(&s->ended, 1);
    return MARS_OK;
}

static void
flush_slowly(void *arg)
{
    struct slow *s = arg;

    assert_int_equal(mrs_dirs_flush(&s->d, sync_slowly, s, NULL), MARS_OK);
}

struct second {
    struct slow *s;
    atomic_int started;
    atomic_int returned;
    int first_had_ended;
};

static void
flush_too(void *arg)
{
    struct second *t = arg;
    struct record r = { .d = &t->s->d };

    atomic_store(&t->started, 1);
    if (mrs_dirs_flush(&t->s->d, sync_one, &r, NULL) == MARS_OK)
        t->first_had_ended = atomic_load(&t->s->ended);
    atomic_store(&t->returned, 1);
}

static void
flush_waits_for_the_syncs_of_another_flush(void **state)
{
    struct slow s = { .started = 0 };
    struct second t = { .s = &s };
    struct mrs_thread *first, *other;
    struct mrs_mutex *m;
    struct mrs_cond *c;

    (void)state;
    assert_int_equal(mrs_dirs_init(&s.d, NULL), MARS_OK);
    assert_int_equal(mrs_mutex_new(&m, NULL), MARS_OK);
    assert_int_equal(mrs_cond_new(&c, NULL), MARS_OK);
    mrs_dirs_touch(&s.d, mrs_dirs_add(&s.d, "a", 1));
    assert_int_equal(mrs_thread_start(&first, flush_slowly, &s, NULL), MARS_OK);
    while (!atomic_load(&s.started))
        continue;
    assert_int_equal(mrs_thread_start(&other, flush_too, &t, NULL), MARS_OK);
    while (!atomic_load(&t.started))
        continue;
    /* Time enough to return, if it did not wait. */
    mrs_mutex_lock(m);
    mrs_cond_wait_ms(c, m, 50);
    mrs_mutex_unlock(m);
    assert_int_equal(atomic_load(&t.returned), 0);
    atomic_store(&s.may_end, 1);
    mrs_thread_join(other);
    mrs_thread_join(first);
    assert_true(t.first_had_ended);
    mrs_cond_free(c);
    mrs_mutex_free(m);
    mrs_dirs_free(&s.d);
}

static void
add_survives_every_failing_allocation(void **state)
{
    size_t n;
    int ok = 0;

    (void)state;
    for (n = 0; !ok; n++) {
        struct mrs_dirs d;
        char name[2] = "a";

        assert_in_range(n, 0, 200);
        failing_alloc_arm(n);
        ok = mrs_dirs_init(&d, NULL) == MARS_OK;
        for (; ok && name[0] <= 'z'; name[0]++)
            ok = mrs_dirs_add(&d, name, 1) != NULL;
        mrs_dirs_free(&d);
        assert_int_equal(failing_alloc_live(), 0);
    }
    failing_alloc_arm(SIZE_MAX);
    assert_true(n > 50);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_directory_is_known_once_it_is_added),
        cmocka_unit_test(flush_syncs_each_touched_directory_once),
        cmocka_unit_test(what_is_touched_during_a_sync_is_synced_again),
        cmocka_unit_test(what_could_not_be_synced_stays_touched),
        cmocka_unit_test(flush_waits_for_the_syncs_of_another_flush),
        cmocka_unit_test(add_survives_every_failing_allocation),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
