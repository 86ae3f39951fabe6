/* A thousand backups in a row, each stopped in another way or at another moment: nothing of them is
 * visible, no file, thread or memory is left, and the agent is as usable as before.
 * $MARS_CANCELS is their number where that many take too long. */
#define _GNU_SOURCE
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include <cmocka.h>

#include "failing_alloc.h"
#include "nap.h"
#include "place.h"

enum { WAYS = 5, FILES = 4, FILE_SIZE = 3000, STREAMS = 4, WRITES = 5,
       KEPT = 8 /* blocks that the agent may keep for the next call */ };

/* One backup, and when it is to stop. */
struct stop {
    struct place *place;
    const char *tree;
    mars_cancel *cancel;
    unsigned moment;   /* counted in what the way counts in */
    unsigned events;
    unsigned calls;
    bool by_answer;    /* of the progress function */
    mars_status st;
};

/* After the nth file. */
static void
stop_at_event(const mars_event *event, void *user)
{
    struct stop *s = user;

    if (event->kind == MARS_EVENT_FILE && s->events++ == s->moment)
        mars_cancel_set(s->cancel);
}

static int
stop_at_call(const mars_progress *progress, void *user)
{
    struct stop *s = user;

    (void)progress;
    return s->by_answer && s->calls++ == s->moment;
}

static void
back_up(struct stop *s, uint32_t flags)
{
    mars_backup_options o = { .struct_size = sizeof o, .paths = &s->tree, .n_paths = 1,
                              .item = "stopped", .flags = flags, .cancel = s->cancel,
                              .progress = stop_at_call, .progress_user = s };
    mars_error err;

    o.event = stop_at_event;
    o.event_user = s;
    s->st = mars_backup(s->place->agent, &o, NULL, &err);
    if (s->st != MARS_ERR_CANCELLED)
        assert_ok(s->st, &err);
}

static void
by_the_progress_function(struct stop *s)
{
    s->by_answer = true;
    s->moment %= 2; /* when it starts, and when data moves; in the commit it may be too late */
    back_up(s, 0);
}

static void
by_a_cancel_after_a_file(struct stop *s)
{
    s->moment %= FILES;
    back_up(s, MARS_BACKUP_REPORT_FILES);
}

static void *
set_soon(void *arg)
{
    struct stop *s = arg;
    struct timespec t = { 0, (long)s->moment * 50000 };

    (void)nanosleep(&t, NULL);
    mars_cancel_set(s->cancel);
    return NULL;
}

static void
by_another_thread(struct stop *s)
{
    pthread_t thread;

    s->moment %= 100; /* up to 5 ms */
    assert_int_equal(pthread_create(&thread, NULL, set_soon, s), 0);
    back_up(s, 0);
    assert_int_equal(pthread_join(thread, NULL), 0);
}

static mars_session *
begin(struct stop *s)
{
    mars_backup_options o = { .struct_size = sizeof o, .item = "stopped", .cancel = s->cancel };
    mars_session *session = NULL;
    mars_error err;

    assert_ok(mars_session_begin(s->place->agent, &o, &session, &err), &err);
    return session;
}

/* Of each stream a part is written; some are finished, some abandoned, some open to the end. */
static void
by_abandoning_the_session(struct stop *s)
{
    unsigned char data[FILE_SIZE] = { (unsigned char)s->moment };
    mars_session *session = begin(s);
    mars_stream *streams[STREAMS];
    mars_error err;
    char name[20];

    for (unsigned i = 0; i < STREAMS; i++) {
        (void)snprintf(name, sizeof name, "stream %u", i);
        assert_ok(mars_stream_open(session, name, 0, &streams[i], &err), &err);
        for (unsigned n = (s->moment + i) % WRITES; n > 0; n--)
            assert_ok(mars_stream_write(streams[i], data, sizeof data, &err), &err);
    }
    for (unsigned i = 0, ends = s->moment; i < STREAMS; i++, ends /= 3) {
        if (ends % 3 == 0)
            assert_ok(mars_stream_finish(streams[i], &err), &err);
        else if (ends % 3 == 1)
            mars_stream_abandon(streams[i]);
        if (ends % 3 != 2)
            streams[i] = NULL;
    }
    mars_session_abandon(session);
    for (unsigned i = 0; i < STREAMS; i++)
        mars_stream_abandon(streams[i]);
}

/* The cancel is set before the nth write; what comes after it does no harm. */
static void
by_a_cancel_between_writes(struct stop *s)
{
    unsigned char data[FILE_SIZE] = { 1 };
    mars_session *session = begin(s);
    mars_stream *stream;
    mars_status st = MARS_OK;
    mars_error err;

    s->moment %= WRITES + 1;
    assert_ok(mars_stream_open(session, "stream", 0, &stream, &err), &err);
    for (unsigned i = 0; st == MARS_OK && i < WRITES; i++) {
        if (i == s->moment)
            mars_cancel_set(s->cancel);
        st = mars_stream_write(stream, data, sizeof data, &err);
    }
    /* Whether it is noticed before the commit is a matter of time. */
    if (st == MARS_OK)
        st = mars_stream_finish(stream, &err);
    else
        mars_stream_abandon(stream);
    if (st != MARS_ERR_CANCELLED)
        assert_ok(st, &err);
    mars_cancel_set(s->cancel);
    assert_int_equal(mars_session_commit(session, NULL, &err), MARS_ERR_CANCELLED);
}

static mars_status
stop_one(struct place *p, const char *tree, unsigned n)
{
    static void (*const ways[WAYS])(struct stop *) = {
        by_the_progress_function, by_a_cancel_after_a_file, by_another_thread,
        by_abandoning_the_session, by_a_cancel_between_writes,
    };
    struct stop s = { .place = p, .tree = tree, .moment = n / WAYS, .st = MARS_ERR_CANCELLED };
    mars_error err;

    assert_ok(mars_cancel_new(&s.cancel, &err), &err);
    ways[n % WAYS](&s);
    mars_cancel_free(s.cancel);
    return s.st;
}

/* A thread that was joined may be listed a moment longer. */
static void
assert_threads(int wanted)
{
    for (int i = 0; i < 5000 && running_threads() != wanted; i++)
        nap(1);
    assert_int_equal(running_threads(), wanted);
}

static int
count_point(const mars_point_info *point, void *user)
{
    (void)point;
    ++*(int *)user;
    return 0;
}

static int
points(struct place *p)
{
    mars_error err;
    int n = 0;

    assert_ok(mars_point_list(p->agent, NULL, 0, count_point, &n, NULL, NULL, &err), &err);
    return n;
}

/* Some are through before they are stopped. What the agent holds after these differs from before:
 * its memory is counted anew when each way was gone once. */
static void
a_thousand_backups_that_are_stopped_leave_nothing(void **state)
{
    struct place *p = *state;
    const char *tree = place_tree(p, "tree", FILES, FILE_SIZE, 0);
    const char *number = getenv("MARS_CANCELS");
    const unsigned times = number != NULL ? (unsigned)strtoul(number, NULL, 10) : 1000;
    unsigned stopped = 0, through = 0, in_a_row = 0, counted = 0;
    int files = 0, threads = 0;
    size_t blocks = 0;

    while (stopped < times && through < times) {
        if (stop_one(p, tree, stopped + through) == MARS_OK) {
            through++;
            in_a_row = 0;
            tree = place_tree(p, "tree", FILES, FILE_SIZE, through);
            continue;
        }
        if (stopped++ == 0) {
            nap(200);
            files = open_files();
            threads = running_threads(); /* a sanitizer may have one of its own by now */
        }
        assert_int_equal(open_files(), files);
        assert_threads(threads);
        if (++in_a_row == WAYS)
            blocks = failing_alloc_live();
        if (in_a_row > WAYS) {
            counted++;
            assert_in_range(failing_alloc_live(), 0, blocks + KEPT);
        }
    }
    printf("# %u were stopped, %u through before; the memory of %u was counted\n", stopped,
           through, counted);
    assert_int_equal(stopped, times);
    assert_true(counted > 0);
    assert_int_equal(points(p), through);
}

static void
the_agent_is_as_usable_as_before(void **state)
{
    struct place *p = *state;
    const char *tree = place_tree(p, "tree", FILES, FILE_SIZE, 12345);
    mars_backup_options o = { .struct_size = sizeof o, .paths = &tree, .n_paths = 1,
                              .item = "stopped" };
    mars_backup_result r = { .struct_size = sizeof r };
    mars_verify_options v = { .struct_size = sizeof v, .flags = MARS_VERIFY_READ_DATA };
    mars_verify_result found = { .struct_size = sizeof found };
    mars_error err;
    int before = points(p);

    assert_ok(mars_backup(p->agent, &o, &r, &err), &err);
    assert_int_equal(r.files, FILES);
    assert_int_equal(points(p), before + 1);
    assert_ok(mars_verify(p->agent, &v, &found, &err), &err);
    assert_int_equal(found.points, before + 1);
    assert_int_equal(found.objects_damaged, 0);
}

/* The agent is closed: whatever it held was given back. */
static int
remove_all(void **state)
{
    int code = place_remove(state);

    assert_int_equal(failing_alloc_live(), 0);
    return code;
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_thousand_backups_that_are_stopped_leave_nothing),
        cmocka_unit_test(the_agent_is_as_usable_as_before),
    };

    return cmocka_run_group_tests(tests, place_make, remove_all);
}
