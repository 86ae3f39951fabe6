#define _GNU_SOURCE
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "failing_alloc.h"
#include "platform/file.h"
#include "scratch.h"

static struct mrs_lock *inherited;

static int
try_lock(void)
{
    struct mrs_lock *l;
    mars_status st = mrs_lock_take(&l, scratch_path("lock"), NULL);

    mrs_lock_release(l);
    return st == MARS_ERR_LOCKED ? 1 : st == MARS_OK ? 0 : 2;
}

static int
release_inherited(void)
{
    mrs_lock_release(inherited);
    return 0;
}

static int
take_and_die(void)
{
    struct mrs_lock *l;

    return mrs_lock_take(&l, scratch_path("lock"), NULL) == MARS_OK ? 0 : 1;
}

static void
a_lock_keeps_out_this_process_and_others(void **state)
{
    struct mrs_lock *a;
    struct mrs_lock *b = (void *)state;
    mars_error err;

    assert_int_equal(mrs_lock_take(&a, scratch_path("lock"), NULL), MARS_OK);
    assert_int_equal(mrs_lock_take(&b, scratch_path("lock"), &err), MARS_ERR_LOCKED);
    assert_null(b);
    assert_non_null(strstr(err.message, "/lock is in use"));
    assert_int_equal(scratch_in_child(try_lock), 1);
    mrs_lock_release(a);
    assert_int_equal(scratch_in_child(try_lock), 0);
    assert_int_equal(mrs_lock_take(&b, scratch_path("lock"), NULL), MARS_OK);
    mrs_lock_release(b);
    mrs_lock_release(NULL);
    assert_int_equal(failing_alloc_live(), 0);
}

static void
reading_the_file_elsewhere_does_not_lose_the_lock(void **state)
{
    struct mrs_buf b = MRS_BUF_INIT(100);
    struct mrs_lock *a;

    (void)state;
    assert_int_equal(mrs_lock_take(&a, scratch_path("lock"), NULL), MARS_OK);
    assert_int_equal(mrs_file_slurp(scratch_path("lock"), &b, NULL), MARS_OK);
    assert_int_equal(scratch_in_child(try_lock), 1);
    mrs_lock_release(a);
    mrs_buf_free(&b);
}

static void
a_forked_child_cannot_release_its_parents_lock(void **state)
{
    (void)state;
    assert_int_equal(mrs_lock_take(&inherited, scratch_path("lock"), NULL), MARS_OK);
    assert_int_equal(scratch_in_child(release_inherited), 0);
    assert_int_equal(scratch_in_child(try_lock), 1);
    mrs_lock_release(inherited);
}

static void
a_lock_ends_with_its_process(void **state)
{
    (void)state;
    assert_int_equal(scratch_in_child(take_and_die), 0);
    assert_int_equal(scratch_in_child(try_lock), 0);
}

static int
try_share(void)
{
    struct mrs_lock *l;
    mars_status st = mrs_lock_share(&l, scratch_path("lock"), NULL);

    mrs_lock_release(l);
    return st == MARS_ERR_LOCKED ? 1 : st == MARS_OK ? 0 : 2;
}

static void
a_shared_lock_keeps_out_who_wants_it_alone(void **state)
{
    struct mrs_lock *a, *b, *alone;

    (void)state;
    assert_int_equal(mrs_lock_share(&a, scratch_path("lock"), NULL), MARS_OK);
    assert_int_equal(mrs_lock_share(&b, scratch_path("lock"), NULL), MARS_OK);
    assert_int_equal(scratch_in_child(try_share), 0);
    assert_int_equal(mrs_lock_take(&alone, scratch_path("lock"), NULL), MARS_ERR_LOCKED);
    mrs_lock_release(a);
    assert_int_equal(scratch_in_child(try_lock), 1);
    mrs_lock_release(b);
    assert_int_equal(mrs_lock_take(&alone, scratch_path("lock"), NULL), MARS_OK);
    assert_int_equal(mrs_lock_share(&a, scratch_path("lock"), NULL), MARS_ERR_LOCKED);
    assert_int_equal(scratch_in_child(try_share), 1);
    mrs_lock_release(alone);
}

static void
a_lock_file_that_was_deleted_meanwhile_does_not_lock(void **state)
{
    struct mrs_lock *a;
    struct mrs_lock *b;

    (void)state;
    assert_int_equal(mrs_lock_take(&a, scratch_path("gone"), NULL), MARS_OK);
    assert_int_equal(unlink(scratch_path("gone")), 0);
    assert_int_equal(mrs_lock_take(&b, scratch_path("gone"), NULL), MARS_OK);
    assert_int_equal(access(scratch_path("gone"), F_OK), 0);
    mrs_lock_release(a);
    mrs_lock_release(b);
}

static void
failures_are_told_apart_from_a_held_lock(void **state)
{
    struct mrs_lock *l;

    (void)state;
    assert_int_equal(mrs_lock_take(&l, scratch_path("no/lock"), NULL), MARS_ERR_NOT_FOUND);
    assert_int_equal(mrs_lock_take(&l, scratch_dir(), NULL), MARS_ERR_IO);
    failing_alloc_arm(0);
    assert_int_equal(mrs_lock_take(&l, scratch_path("lock"), NULL), MARS_ERR_NOMEM);
    failing_alloc_arm(SIZE_MAX);
    assert_null(l);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_lock_keeps_out_this_process_and_others),
        cmocka_unit_test(reading_the_file_elsewhere_does_not_lose_the_lock),
        cmocka_unit_test(a_forked_child_cannot_release_its_parents_lock),
        cmocka_unit_test(a_lock_ends_with_its_process),
        cmocka_unit_test(a_shared_lock_keeps_out_who_wants_it_alone),
        cmocka_unit_test(a_lock_file_that_was_deleted_meanwhile_does_not_lock),
        cmocka_unit_test(failures_are_told_apart_from_a_held_lock),
    };

    return cmocka_run_group_tests(tests, scratch_setup, scratch_teardown);
}
