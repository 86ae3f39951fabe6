/* The log: who is told what, and that it holds no secrets. */
#define _GNU_SOURCE
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "place.h"

enum { TEXT_ROOM = 1 << 16 };

/* Every line so far, as "LEVEL UNIT: TEXT\n". Calls of one test come from several threads. */
struct told {
    char text[TEXT_ROOM];
    size_t len;
    char lock;
};

static void
note(void *user, int level, const char *unit, const char *text)
{
    struct told *t = user;
    int n;

    while (__atomic_test_and_set(&t->lock, __ATOMIC_ACQUIRE))
        ;
    n = snprintf(t->text + t->len, sizeof t->text - t->len, "%d %s: %s\n", level, unit, text);
    if (n > 0 && (size_t)n < sizeof t->text - t->len)
        t->len += (size_t)n;
    __atomic_clear(&t->lock, __ATOMIC_RELEASE);
}

static void
assert_told(const struct told *t, const char *what)
{
    if (strstr(t->text, what) == NULL)
        fail_msg("\"%s\" is not in\n%s", what, t->text);
}

static mars_agent *
open_told(struct place *p, struct told *t, uint32_t level)
{
    mars_agent_options o = { .struct_size = sizeof o, .log = note, .log_user = t };
    mars_agent *agent;
    mars_error err;

    memset(t, 0, sizeof *t);
    o.log_level = level;
    assert_ok(mars_agent_open(p->config, 0, &o, &agent, &err), &err);
    return agent;
}

static void
a_backup_tells_its_session(void **state)
{
    struct place *p = *state;
    const char *paths[] = { place_tree(p, "told", 3, 1000, 1) };
    mars_backup_options b = { .struct_size = sizeof b, .item = "told", .paths = paths,
                              .n_paths = 1 };
    mars_restore_options r = { .struct_size = sizeof r, .point = "latest", .item = "told" };
    mars_verify_options v = { .struct_size = sizeof v };
    mars_backup_result result = { .struct_size = sizeof result };
    struct told *t = calloc(1, sizeof *t);
    mars_agent *agent = open_told(p, t, 0);
    char target[2 * PLACE_PATH], line[256];
    mars_error err;

    assert_told(t, "3 agent: open: machine \"test\" of file://");
    assert_ok(mars_backup(agent, &b, &result, &err), &err);
    snprintf(line, sizeof line, "3 session: lease/%s/0000000000000000: put", result.point);
    assert_told(t, line);
    snprintf(line, sizeof line, "/%s: put, with 1 index objects", result.point);
    assert_told(t, line);
    snprintf(line, sizeof line, "3 backup: \"told\": %s; 3 files", result.point);
    assert_told(t, line);
    snprintf(target, sizeof target, "%s/told-out", p->dir);
    r.target = target;
    assert_ok(mars_restore(agent, &r, NULL, &err), &err);
    assert_told(t, "3 restore: 3 files restored");
    assert_ok(mars_verify(agent, &v, NULL, &err), &err);
    assert_told(t, "index objects read, in ");
    assert_told(t, "3 verify: ");
    mars_agent_close(agent);
    free(t);
}

static void
only_what_is_wanted_is_told(void **state)
{
    struct place *p = *state;
    const char *paths[] = { "/nowhere/at/all" };
    mars_backup_options b = { .struct_size = sizeof b, .item = "told", .paths = paths,
                              .n_paths = 1 };
    struct told *t = calloc(1, sizeof *t);
    mars_agent *agent = open_told(p, t, MARS_LEVEL_ERROR);
    mars_error err;

    assert_int_equal(t->len, 0);
    assert_int_equal(mars_backup(agent, &b, NULL, &err), MARS_ERR_NOT_FOUND);
    assert_told(t, "1 backup: failed: MARS_ERR_NOT_FOUND: ");
    assert_null(strchr(strchr(t->text, '\n') + 1, '\n'));
    mars_agent_close(agent);
    free(t);
}

static void
a_level_that_is_not_known_is_refused(void **state)
{
    struct place *p = *state;
    mars_agent_options o = { .struct_size = sizeof o, .log_level = MARS_LEVEL_DEBUG + 1 };
    mars_agent *agent;
    mars_error err;

    assert_int_equal(mars_agent_open(p->config, 0, &o, &agent, &err), MARS_ERR_UNSUPPORTED);
    assert_null(agent);
}

static void
opening_that_fails_is_told(void **state)
{
    struct place *p = *state;
    struct told *t = calloc(1, sizeof *t);
    mars_agent_options o = { .struct_size = sizeof o, .log = note, .log_user = t };
    mars_agent *agent;

    assert_int_equal(mars_agent_open(p->dir, 0, &o, &agent, NULL), MARS_ERR_STATE);
    assert_told(t, "1 agent: failed: MARS_ERR_STATE: ");
    free(t);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_backup_tells_its_session),
        cmocka_unit_test(only_what_is_wanted_is_told),
        cmocka_unit_test(a_level_that_is_not_known_is_refused),
        cmocka_unit_test(opening_that_fails_is_told),
    };

    return cmocka_run_group_tests(tests, place_make, place_remove);
}
