/* A store that does not give out one object: only what depends on that is not to be had. */
#include "tape.h"

#include <stdio.h>
#include <string.h>

#include "platform/file.h"
#include "platform/random.h"

enum { SIZE = 100000 };

static unsigned damaged;

static void
take(const mars_event *e, void *user)
{
    damaged += e->kind == MARS_EVENT_DAMAGED && e->status == *(mars_status *)user;
}

static int
keep_id(const mars_point_info *point, void *user)
{
    (void)snprintf(user, 33, "%s", point->id);
    return 0;
}

/* The id of the newest, of two, of a file that is large enough for a pack. */
static void
back_up_twice(struct tape *t, char newest[33])
{
    static uint8_t bytes[SIZE];
    mars_agent *agent = tape_enrol(t);
    struct mrs_file *f;
    mars_error err;

    (void)snprintf(t->tree, sizeof t->tree, "%s/large", t->dir);
    assert_int_equal(mrs_random_fill(bytes, SIZE, &err), MARS_OK);
    assert_int_equal(mrs_file_create(&f, t->tree, &err), MARS_OK);
    assert_int_equal(mrs_file_append(f, bytes, SIZE, &err), MARS_OK);
    mrs_file_close(f);
    for (int i = 0; i < 2; i++)
        assert_int_equal(tape_back_up(t, agent, &err), MARS_OK);
    assert_int_equal(mars_point_list(agent, NULL, 0, keep_id, newest, NULL, NULL, &err), MARS_OK);
    mars_agent_close(agent);
}

static int
count(const mars_point_info *point, void *user)
{
    (void)point;
    ++*(unsigned *)user;
    return 0;
}

/* It is told in a list, and "latest" is not the one before it. */
static void
a_refused_point_is_not_passed_over(void **state)
{
    const mars_status answers[] = { MARS_ERR_FORBIDDEN, MARS_ERR_STATE, MARS_ERR_IO };
    struct tape *t = *state;
    char newest[33];

    back_up_twice(t, newest);
    for (size_t i = 0; i < sizeof answers / sizeof answers[0]; i++) {
        mars_agent *agent = tape_recover(t); /* which has no cache */
        mars_point *point = NULL;
        unsigned points = 0;
        mars_error err;

        damaged = 0;
        t->fails = newest;
        t->status = answers[i];
        assert_int_equal(mars_point_list(agent, NULL, 0, count, &points, take, &t->status, &err),
                         MARS_OK);
        assert_int_equal(points, 1);
        assert_int_equal(damaged, 1);
        assert_int_equal(mars_point_open(agent, "latest", NULL, &point, &err), answers[i]);
        assert_non_null(strstr(err.message, newest));
        tape_mend(t);
        mars_agent_close(agent);
    }
}

static mars_status
verify_data(mars_agent *agent, mars_status *why, mars_verify_result *r)
{
    mars_verify_options o = { .struct_size = sizeof o,
                              .flags = MARS_VERIFY_READ_DATA,
                              .event = take,
                              .event_user = why };

    damaged = 0;
    *r = (mars_verify_result){ .struct_size = sizeof *r };
    return mars_verify(agent, &o, r, NULL);
}

static void
a_refused_pack_ends_no_verify(void **state)
{
    const mars_status answers[] = { MARS_ERR_FORBIDDEN, MARS_ERR_STATE };
    struct tape *t = *state;
    mars_verify_result whole, r;
    char newest[33];
    mars_agent *agent;

    back_up_twice(t, newest);
    agent = tape_recover(t);
    assert_int_equal(verify_data(agent, &t->status, &whole), MARS_OK);
    for (size_t i = 0; i < 2; i++) {
        t->fails = "packs/data/";
        t->status = answers[i];
        assert_int_equal(verify_data(agent, &t->status, &r), MARS_ERR_CORRUPT);
        assert_true(damaged > 0 && r.objects_damaged == damaged);
        assert_int_equal(r.objects, whole.objects);
        assert_int_equal(r.points, whole.points);
        tape_mend(t);
    }
    mars_agent_close(agent);
}

int
main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, tape_make, tape_remove)
    const struct CMUnitTest tests[] = {
        T(a_refused_point_is_not_passed_over),
        T(a_refused_pack_ends_no_verify),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
