#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#include "agent/paths.h"
#include "base/alloc.h"
#include "config/doc.h"
#include "failing_alloc.h"
#include "platform/thread.h"
#include "tmpdir.h"

static int
set_up(void **state)
{
    static char dir[TMPDIR_PATH_MAX];

    tmpdir_make(dir);
    *state = dir;
    return 0;
}

static int
tear_down(void **state)
{
    tmpdir_remove(*state);
    assert_int_equal(failing_alloc_live(), 0);
    return 0;
}

static struct mrs_doc *
doc_with(const char *key, const char *value)
{
    struct mrs_doc *doc = NULL;

    assert_int_equal(mrs_doc_new(&doc, NULL), MARS_OK);
    assert_int_equal(mrs_doc_set(doc, key, value, NULL), MARS_OK);
    return doc;
}

static void
a_path_is_directory_slash_name(void **state)
{
    char *path = mrs_config_path("/etc/mars", "agent.yaml");

    (void)state;
    assert_string_equal(path, "/etc/mars/agent.yaml");
    mrs_free(path);
    failing_alloc_arm(0);
    assert_null(mrs_config_path("/etc/mars", "agent.yaml"));
    failing_alloc_arm(SIZE_MAX);
}

static void
a_file_is_read_as_it_was_written(void **state)
{
    struct mrs_doc *doc = doc_with("key", "first"), *back = NULL;

    assert_int_equal(mrs_config_read(&back, *state, "a.yaml", NULL), MARS_ERR_NOT_FOUND);
    assert_null(back);
    assert_int_equal(mrs_config_write(doc, *state, "a.yaml", NULL), MARS_OK);
    assert_int_equal(mrs_doc_set(doc, "key", "second", NULL), MARS_OK);
    assert_int_equal(mrs_config_write(doc, *state, "a.yaml", NULL), MARS_OK);
    assert_int_equal(mrs_config_read(&back, *state, "a.yaml", NULL), MARS_OK);
    assert_string_equal(mrs_doc_get(back, "key"), "second");
    mrs_doc_free(doc);
    mrs_doc_free(back);
}

static void
a_file_that_is_damaged_is_named_with_the_line(void **state)
{
    char path[TMPDIR_PATH_MAX + 16];
    struct mrs_doc *back = NULL;
    mars_error err;

    (void)snprintf(path, sizeof path, "%s/a.yaml", (const char *)*state);
    assert_int_equal(mrs_file_replace(path, "key: 1\nkey: 2\n", 14, NULL), MARS_OK);
    assert_int_equal(mrs_config_read(&back, *state, "a.yaml", &err), MARS_ERR_CORRUPT);
    assert_null(back);
    assert_non_null(strstr(err.message, path));
    assert_non_null(strstr(err.message, "line 2"));
}

struct holder {
    const char *dir;
    int *inside;
    int bad;
};

static void
take_turns(void *arg)
{
    struct holder *h = arg;

    for (int i = 0; i < 20; i++) {
        struct mrs_lock *lock = NULL;

        if (mrs_config_lock(&lock, h->dir, NULL) != MARS_OK) {
            h->bad++;
            continue;
        }
        h->bad += ++*h->inside != 1;
        --*h->inside;
        mrs_lock_release(lock);
    }
}

static void
the_lock_waits_for_its_turn(void **state)
{
    struct mrs_thread *t[4];
    struct holder h[4];
    int inside = 0;

    for (int i = 0; i < 4; i++) {
        h[i] = (struct holder){ *state, &inside, 0 };
        assert_int_equal(mrs_thread_start(&t[i], take_turns, &h[i], NULL), MARS_OK);
    }
    for (int i = 0; i < 4; i++) {
        mrs_thread_join(t[i]);
        assert_int_equal(h[i].bad, 0);
    }
}

static void
a_lock_that_stays_taken_is_given_up_in_the_end(void **state)
{
    struct mrs_lock *held = NULL, *second = NULL;
    uint64_t before = mrs_clock_mono();

    assert_int_equal(mrs_config_lock(&held, *state, NULL), MARS_OK);
    assert_int_equal(mrs_config_lock(&second, *state, NULL), MARS_ERR_LOCKED);
    assert_null(second);
    assert_true(mrs_clock_mono() - before > UINT64_C(5000000000));
    mrs_lock_release(held);
    assert_int_equal(mrs_config_lock(&second, *state, NULL), MARS_OK);
    mrs_lock_release(second);
}

static void
a_directory_that_is_missing_cannot_be_locked(void **state)
{
    struct mrs_lock *lock = NULL;
    char dir[TMPDIR_PATH_MAX + 16];

    (void)snprintf(dir, sizeof dir, "%s/none", (const char *)*state);
    assert_int_not_equal(mrs_config_lock(&lock, dir, NULL), MARS_OK);
    assert_null(lock);
}

static mars_status
lock_write_read(const char *dir)
{
    struct mrs_doc *doc = NULL, *back = NULL;
    struct mrs_lock *lock = NULL;
    mars_status st = mrs_config_lock(&lock, dir, NULL);

    if (st == MARS_OK)
        st = mrs_doc_new(&doc, NULL);
    if (st == MARS_OK)
        st = mrs_doc_set(doc, "key", "value", NULL);
    if (st == MARS_OK)
        st = mrs_config_write(doc, dir, "a.yaml", NULL);
    if (st == MARS_OK)
        st = mrs_config_read(&back, dir, "a.yaml", NULL);
    assert_true(st == MARS_OK || back == NULL);
    mrs_doc_free(doc);
    mrs_doc_free(back);
    mrs_lock_release(lock);
    return st;
}

static void
config_files_survive_every_failing_allocation(void **state)
{
    mars_status st = MARS_ERR_NOMEM;
    size_t n = 0;

    for (; st != MARS_OK; n++) {
        assert_in_range(n, 0, 300);
        failing_alloc_arm(n);
        st = lock_write_read(*state);
        failing_alloc_arm(SIZE_MAX);
        assert_true(st == MARS_OK || st == MARS_ERR_NOMEM);
        assert_int_equal(failing_alloc_live(), 0);
    }
    assert_true(n > 8);
}

#define IN_DIR(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int
main(void)
{
    const struct CMUnitTest tests[] = {
        IN_DIR(a_path_is_directory_slash_name),
        IN_DIR(a_file_is_read_as_it_was_written),
        IN_DIR(a_file_that_is_damaged_is_named_with_the_line),
        IN_DIR(the_lock_waits_for_its_turn),
        IN_DIR(a_lock_that_stays_taken_is_given_up_in_the_end),
        IN_DIR(a_directory_that_is_missing_cannot_be_locked),
        IN_DIR(config_files_survive_every_failing_allocation),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
