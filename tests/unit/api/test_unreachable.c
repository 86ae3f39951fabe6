/* A vault that is out of reach from some call on: what is at work ends with that, and calls nothing
 * damaged or lost that may be whole. */
#include "tape.h"

#include <stdio.h>
#include <string.h>

#include "platform/file.h"
#include "platform/random.h"

enum { DIRS = 4, FILES = 8, MANY = 300, TINY = 40, SMALL = 20000, LARGE = 4 << 20, MOST = 2000,
       LATE = 40 };

typedef mars_status (*operation)(struct tape *t, mars_agent *agent, mars_error *err);

/* What events say of objects and files; from the calling thread. */
static unsigned damaged, not_restored;

static void
take(const mars_event *e, void *user)
{
    (void)user;
    damaged += e->kind == MARS_EVENT_DAMAGED || e->kind == MARS_EVENT_FILE_LOST ||
               e->kind == MARS_EVENT_DIFFERENT;
    not_restored += e->kind == MARS_EVENT_NOT_RESTORED;
}

static mars_status
restore_to(mars_agent *agent, const struct tape *t, unsigned n, mars_error *err)
{
    char out[TMPDIR_PATH_MAX + 32];
    mars_restore_options o = { .struct_size = sizeof o,
                               .point = "latest",
                               .target = out,
                               .event = take };

    (void)snprintf(out, sizeof out, "%s/out-%u", t->dir, n);
    return mars_restore(agent, &o, NULL, err);
}

static mars_status
restore(struct tape *t, mars_agent *agent, mars_error *err)
{
    static unsigned n = 1;

    return restore_to(agent, t, n++, err);
}

/* To where all is there already, and is compared. */
static mars_status
restore_again(struct tape *t, mars_agent *agent, mars_error *err)
{
    return restore_to(agent, t, 0, err);
}

static mars_status
verify(struct tape *t, mars_agent *agent, mars_error *err)
{
    mars_verify_options o = { .struct_size = sizeof o, .event = take };

    (void)t;
    return mars_verify(agent, &o, NULL, err);
}

static mars_status
verify_data(struct tape *t, mars_agent *agent, mars_error *err)
{
    mars_verify_options o = { .struct_size = sizeof o,
                              .flags = MARS_VERIFY_READ_DATA,
                              .event = take };

    (void)t;
    return mars_verify(agent, &o, NULL, err);
}

static mars_status
against_disk(struct tape *t, mars_agent *agent, mars_error *err)
{
    mars_verify_options o = { .struct_size = sizeof o,
                              .flags = MARS_VERIFY_AGAINST_DISK,
                              .point = "latest",
                              .event = take };

    (void)t;
    return mars_verify(agent, &o, NULL, err);
}

static mars_status
rebuild(struct tape *t, mars_agent *agent, mars_error *err)
{
    (void)t;
    return mars_cache_rebuild(agent, take, NULL, NULL, err);
}

static int
count_point(const mars_point_info *point, void *user)
{
    (void)point;
    ++*(int *)user;
    return 0;
}

static int
count_entry(const mars_entry *entry, void *user)
{
    (void)entry;
    ++*(int *)user;
    return 0;
}

static int
count_bytes(const void *data, uint64_t len, void *user)
{
    (void)data;
    *(int *)user += (int)len;
    return 0;
}

/* All that looks into a vault; what is told of it is all of it. */
static mars_status
look(struct tape *t, mars_agent *agent, mars_error *err)
{
    static const char *const everything = "*";
    mars_stats stats = { .struct_size = sizeof stats };
    char path[sizeof t->tree + 64];
    mars_point *point = NULL;
    int points = 0, entries = 0, bytes = 0;
    mars_status st = mars_point_list(agent, NULL, 0, count_point, &points, take, NULL, err);

    if (st == MARS_OK)
        st = mars_stats_get(agent, NULL, &stats, take, NULL, err);
    if (st == MARS_OK)
        st = mars_point_open(agent, "latest", NULL, &point, err);
    if (st == MARS_OK)
        st = mars_point_find(point, &everything, 1, count_entry, &entries, err);
    (void)snprintf(path, sizeof path, "%s/large", t->tree);
    if (st == MARS_OK)
        st = mars_point_read(point, path, 0, count_bytes, &bytes, NULL, err);
    mars_point_close(point);
    if (st == MARS_OK) {
        assert_int_equal(points, 1);
        assert_true(entries > MANY && stats.chunks > 0);
        assert_int_equal(bytes, LARGE);
    }
    return st;
}

static void
write_random(const char *path, size_t n)
{
    static uint8_t bytes[LARGE];
    struct mrs_file *f;

    assert_int_equal(mrs_random_fill(bytes, n, NULL), MARS_OK);
    assert_int_equal(mrs_file_create(&f, path, NULL), MARS_OK);
    assert_int_equal(mrs_file_append(f, bytes, n, NULL), MARS_OK);
    mrs_file_close(f);
}

static void
make_tree(struct tape *t)
{
    char path[sizeof t->tree + 64];

    (void)snprintf(t->tree, sizeof t->tree, "%s/tree", t->dir);
    assert_int_equal(mrs_dir_make(t->tree, NULL), MARS_OK);
    for (int d = 0; d < DIRS; d++) { /* the first is so large that it is read on its own */
        (void)snprintf(path, sizeof path, "%s/%d", t->tree, d);
        assert_int_equal(mrs_dir_make(path, NULL), MARS_OK);
        for (int i = 0; i < (d == 0 ? MANY : FILES); i++) {
            (void)snprintf(path, sizeof path, "%s/%d/%d", t->tree, d, i);
            write_random(path, d == 0 ? TINY : SMALL);
        }
    }
    (void)snprintf(path, sizeof path, "%s/large", t->tree);
    write_random(path, LARGE);
}

/* With the nth call failing, and all that follow it unless once. A few more are asked for, by
 * workers that do not know yet, but not one for each thing that is left to do. Did it succeed? */
static bool
try(struct tape *t, mars_agent *agent, operation op, int n, bool once)
{
    mars_error err = { 0 };
    mars_status st;

    damaged = not_restored = 0;
    t->once = once;
    atomic_store(&t->left, n);
    st = op(t, agent, &err);
    if (st != MARS_OK && (st != t->status || strstr(err.message, "the tape is torn") == NULL))
        fail_msg("call %d: %s: %s", n, mars_status_name(st), err.message);
    if (damaged > 0 || not_restored > (st != MARS_OK ? 2u : 0) || atomic_load(&t->refused) > LATE)
        fail_msg("call %d: %u damaged, %u not restored, %d calls", n, damaged, not_restored,
                 atomic_load(&t->refused));
    return st == MARS_OK;
}

/* Each call in turn, until there are not so many. Where only one fails it may be one that nothing
 * depends on: how often it succeeded then. */
static int
sweep(struct tape *t, mars_agent *(*open)(struct tape *), operation op)
{
    bool done = false;
    int n, succeeded = 0;

    for (n = 0; !done && n < MOST; n++) {
        mars_agent *agent = open(t);

        done = try(t, agent, op, n, false);
        tape_mend(t);
        mars_agent_close(agent);
        agent = open(t);
        succeeded += try(t, agent, op, n, true);
        tape_mend(t);
        mars_agent_close(agent);
    }
    assert_true(done);
    assert_true(n > 10 && succeeded < n / 2);
    return succeeded;
}

static mars_agent *
reopen(struct tape *t)
{
    mars_agent_options o = { .struct_size = sizeof o, .store = &t->table };
    mars_agent *agent = NULL;

    assert_int_equal(mars_agent_open(t->config, 0, &o, &agent, NULL), MARS_OK);
    return agent;
}

static void
prepare(struct tape *t)
{
    mars_agent *agent = tape_enrol(t);
    mars_error err;

    make_tree(t);
    assert_int_equal(tape_back_up(t, agent, &err), MARS_OK);
    mars_agent_close(agent);
}

static void
a_restore_ends(void **state)
{
    mars_agent *agent;

    prepare(*state);
    (void)sweep(*state, tape_recover, restore);
    agent = tape_recover(*state);
    assert_int_equal(restore_again(*state, agent, NULL), MARS_OK);
    mars_agent_close(agent);
    (void)sweep(*state, tape_recover, restore_again);
}

static void
a_verify_ends(void **state)
{
    char other[33];
    mars_error err;

    prepare(*state);
    (void)sweep(*state, tape_recover, against_disk);
    /* Its record is looked at, too. */
    assert_int_equal(tape_join(*state, 0, "shared", other, &err), MARS_OK);
    /* It needs all that it asks for: where none fails it succeeds. */
    assert_int_equal(sweep(*state, reopen, verify), 1);
    assert_int_equal(sweep(*state, reopen, verify_data), 1);
}

static void
looking_ends(void **state)
{
    prepare(*state);
    (void)sweep(*state, tape_recover, look); /* where one fails it may have another way */
}

/* A backup needs few reads, and may do without some: it fails, or it is whole. */
static void
a_backup_ends_or_is_whole(void **state)
{
    struct tape *t = *state;
    int failed = 0;
    mars_error err;

    prepare(t);
    for (int n = 0; n < 30; n++) {
        mars_agent *agent = reopen(t);
        mars_status st;

        atomic_store(&t->left, n);
        st = tape_back_up(t, agent, &err);
        failed += st != MARS_OK;
        if (st != MARS_OK && (st != t->status || strstr(err.message, "the tape is torn") == NULL))
            fail_msg("call %d: %s: %s", n, mars_status_name(st), err.message);
        tape_mend(t);
        if (st == MARS_OK)
            assert_int_equal(against_disk(t, agent, &err), MARS_OK);
        mars_agent_close(agent);
    }
    assert_true(failed > 0 && failed < 30);
}

static void
filling_the_cache_ends(void **state)
{
    prepare(*state);
    (void)sweep(*state, reopen, rebuild);
}

static void
a_right_that_ends_ends_them_too(void **state)
{
    struct tape *t = *state;

    prepare(t);
    t->status = MARS_ERR_AUTH;
    (void)sweep(t, tape_recover, restore);
    (void)sweep(t, reopen, verify_data);
}

int
main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, tape_make, tape_remove)
    const struct CMUnitTest tests[] = {
        T(a_restore_ends),
        T(a_verify_ends),
        T(looking_ends),
        T(a_backup_ends_or_is_whole),
        T(filling_the_cache_ends),
        T(a_right_that_ends_ends_them_too),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
