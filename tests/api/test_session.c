/* Streams: as they come back, many at once, and what ends them before their time. */
#define _GNU_SOURCE
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "place.h"

enum { MIB = 1 << 20, SLICE = 70001 };

struct bytes {
    unsigned char *data;
    size_t len;
};

static int
gather(const void *data, uint64_t len, void *user)
{
    struct bytes *b = user;

    b->data = realloc(b->data, b->len + (size_t)len + 1);
    memcpy(b->data + b->len, data, (size_t)len);
    b->len += (size_t)len;
    return 0;
}

/* Bytes that do not repeat. */
static unsigned char *
noise(size_t n, uint64_t seed)
{
    unsigned char *data = malloc(n + 8);

    assert_non_null(data);
    for (size_t i = 0; i < n; i += 8) {
        seed ^= seed << 13;
        seed ^= seed >> 7;
        seed ^= seed << 17;
        memcpy(data + i, &seed, 8);
    }
    return data;
}

static mars_session *
begin(struct place *p, const char *item)
{
    mars_backup_options o = { .struct_size = sizeof o, .item = item };
    mars_session *s = NULL;
    mars_error err;

    assert_ok(mars_session_begin(p->agent, &o, &s, &err), &err);
    return s;
}

static mars_stream *
open_stream(mars_session *s, const char *name)
{
    mars_stream *stream = NULL;
    mars_error err;

    assert_ok(mars_stream_open(s, name, 0, &stream, &err), &err);
    return stream;
}

static mars_status
write_all(mars_stream *stream, const unsigned char *data, size_t n, mars_error *err)
{
    mars_status st = MARS_OK;

    for (size_t at = 0, part; st == MARS_OK && at < n; at += part) {
        part = n - at < SLICE ? n - at : SLICE;
        st = mars_stream_write(stream, data + at, part, err);
    }
    return st;
}

static void
put(mars_session *s, const char *name, const unsigned char *data, size_t n)
{
    mars_stream *stream = open_stream(s, name);
    mars_error err;

    assert_ok(write_all(stream, data, n, &err), &err);
    assert_ok(mars_stream_finish(stream, &err), &err);
}

static void
commit(mars_session *s, mars_backup_result *r)
{
    mars_error err;

    *r = (mars_backup_result){ .struct_size = sizeof *r };
    assert_ok(mars_session_commit(s, r, &err), &err);
}

static void
assert_stream(struct place *p, const char *point, const char *name, const unsigned char *data,
              size_t n)
{
    struct bytes back = { NULL, 0 };
    mars_point *open = NULL;
    mars_error err;

    assert_ok(mars_point_open(p->agent, point, NULL, &open, &err), &err);
    assert_ok(mars_point_read(open, name, 0, gather, &back, NULL, &err), &err);
    mars_point_close(open);
    assert_int_equal(back.len, n);
    if (n > 0)
        assert_memory_equal(back.data, data, n);
    free(back.data);
}

static void
streams_come_back_as_they_were_written(void **state)
{
    static const size_t sizes[] = { 0, 1, 512, 513, 100000, 524288, 5000011, 20 * MIB };
    struct place *p = *state;
    unsigned char *data = noise(20 * MIB, 5);
    mars_session *s = begin(p, "sizes");
    mars_backup_result r;
    uint64_t all = 0;
    char name[20];

    for (size_t i = 0; i < 8; i++) {
        (void)snprintf(name, sizeof name, "dump %zu", 7 - i);
        put(s, name, data, sizes[i]);
        all += sizes[i];
    }
    commit(s, &r);
    assert_int_equal(r.files, 8);
    assert_int_equal(r.bytes, all);
    assert_int_equal(r.bytes_read, all);
    for (size_t i = 0; i < 8; i++) {
        (void)snprintf(name, sizeof name, "dump %zu", 7 - i);
        assert_stream(p, r.point, name, data, sizes[i]);
    }
    free(data);
}

/* Both are cut at the same places, whatever the slices that are written. */
static void
a_stream_shares_its_bytes_with_a_file(void **state)
{
    enum { SIZE = 30 * MIB + 5 };
    struct place *p = *state;
    unsigned char *data = noise(SIZE, 77);
    char path[PLACE_PATH + 16];
    const char *paths[] = { path };
    mars_backup_options o = { .struct_size = sizeof o, .paths = paths, .n_paths = 1 };
    mars_backup_result r = { .struct_size = sizeof r };
    mars_session *s;
    mars_error err;
    FILE *f;

    (void)snprintf(path, sizeof path, "%s/large", p->dir);
    f = fopen(path, "wb");
    assert_non_null(f);
    assert_int_equal(fwrite(data, 1, SIZE, f), SIZE);
    assert_int_equal(fclose(f), 0);
    memset(data + 3 * MIB, 0, 12 * MIB); /* where only the greatest size ends a chunk */
    s = begin(p, "shared");
    put(s, "before", data, SIZE);
    commit(s, &r);
    f = fopen(path, "wb");
    assert_non_null(f);
    assert_int_equal(fwrite(data, 1, SIZE, f), SIZE);
    assert_int_equal(fclose(f), 0);
    assert_ok(mars_backup(p->agent, &o, &r, &err), &err);
    assert_int_equal(r.bytes_read, SIZE);
    assert_in_range(r.bytes_new, 0, 4096); /* the directory */
    free(data);
}

/* One thread, and what it writes. */
struct writer {
    pthread_t thread;
    mars_session *session;
    unsigned char *data;
    size_t n;
    char name[20];
    mars_status st;
};

static void *
write_own(void *arg)
{
    struct writer *w = arg;
    mars_stream *stream = NULL;

    w->st = mars_stream_open(w->session, w->name, 0, &stream, NULL);
    if (w->st != MARS_OK)
        return NULL;
    w->st = write_all(stream, w->data, w->n, NULL);
    if (w->st == MARS_OK)
        w->st = mars_stream_finish(stream, NULL);
    else
        mars_stream_abandon(stream);
    return NULL;
}

static void
many_threads_write_at_once(void **state)
{
    enum { N = 16 };
    struct place *p = *state;
    struct writer w[N];
    mars_session *s = begin(p, "many");
    mars_backup_result r;

    for (size_t i = 0; i < N; i++) {
        w[i] = (struct writer){ .session = s, .n = 3 * MIB + i * 1000, .st = MARS_ERR_INTERNAL };
        w[i].data = noise(w[i].n, i + 1000);
        (void)snprintf(w[i].name, sizeof w[i].name, "%zu", i);
        assert_int_equal(pthread_create(&w[i].thread, NULL, write_own, &w[i]), 0);
    }
    for (size_t i = 0; i < N; i++) {
        assert_int_equal(pthread_join(w[i].thread, NULL), 0);
        assert_int_equal(w[i].st, MARS_OK);
    }
    commit(s, &r);
    assert_int_equal(r.files, N);
    for (size_t i = 0; i < N; i++) {
        assert_stream(p, r.point, w[i].name, w[i].data, w[i].n);
        free(w[i].data);
    }
}

/* One thread writes all of one before the other that it opened first: neither waits. */
static void
streams_grow_in_any_order(void **state)
{
    enum { SIZE = 72 * MIB };
    struct place *p = *state;
    unsigned char *data = noise(SIZE, 3);
    mars_session *s = begin(p, "order");
    mars_stream *first = open_stream(s, "a"), *second = open_stream(s, "b");
    mars_backup_result r;
    mars_error err;

    assert_ok(mars_stream_write(first, data, 1000, &err), &err);
    assert_ok(write_all(second, data, SIZE, &err), &err);
    assert_ok(mars_stream_finish(second, &err), &err);
    assert_ok(write_all(first, data + 1000, SIZE - 1000, &err), &err);
    assert_ok(mars_stream_finish(first, &err), &err);
    commit(s, &r);
    assert_in_range(r.bytes_new, SIZE, SIZE + MIB);
    assert_stream(p, r.point, "a", data, SIZE);
    free(data);
}

static void
names_are_one_component_and_differ(void **state)
{
    static const char *const wrong[] = { "", ".", "..", "a/b" };
    struct place *p = *state;
    mars_session *s = begin(p, "names");
    mars_stream *x = open_stream(s, "x"), *other;
    mars_backup_result r;
    char longer[257];
    mars_error err;

    memset(longer, 'n', sizeof longer);
    longer[256] = '\0';
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++)
        assert_int_equal(mars_stream_open(s, wrong[i], 0, &other, &err), MARS_ERR_INVALID_ARG);
    assert_int_equal(mars_stream_open(s, longer, 0, &other, &err), MARS_ERR_INVALID_ARG);
    assert_int_equal(mars_stream_open(s, "a\0b", 3, &other, &err), MARS_ERR_INVALID_ARG);
    assert_int_equal(mars_stream_open(s, "x", 0, &other, &err), MARS_ERR_EXISTS);
    mars_stream_abandon(x);
    put(s, "x", (const unsigned char *)"once more", 9);
    assert_int_equal(mars_stream_open(s, "x", 0, &other, &err), MARS_ERR_EXISTS);
    put(s, "\xff", (const unsigned char *)"bytes", 5);
    put(s, longer + 1, (const unsigned char *)"long", 4);
    commit(s, &r);
    assert_int_equal(r.files, 3);
    assert_stream(p, r.point, "x", (const unsigned char *)"once more", 9);
    assert_stream(p, r.point, "\xff", (const unsigned char *)"bytes", 5);
}

static void
what_was_abandoned_is_not_in_the_point(void **state)
{
    struct place *p = *state;
    unsigned char *data = noise(10 * MIB, 9);
    mars_session *s = begin(p, "left out");
    mars_stream *stream = open_stream(s, "gone");
    mars_backup_result r;
    mars_error err;

    put(s, "kept", data, 1000);
    assert_ok(write_all(stream, data, 10 * MIB, &err), &err);
    mars_stream_abandon(stream);
    commit(s, &r);
    assert_int_equal(r.files, 1);
    free(data);
}

static void
a_commit_waits_for_no_open_stream(void **state)
{
    struct place *p = *state;
    mars_session *s = begin(p, "open");
    mars_stream *stream = open_stream(s, "x");
    mars_backup_result r;
    mars_error err;

    assert_int_equal(mars_session_commit(s, NULL, &err), MARS_ERR_STATE);
    assert_ok(mars_stream_write(stream, "some", 4, &err), &err);
    assert_ok(mars_stream_finish(stream, &err), &err);
    commit(s, &r);
    assert_stream(p, r.point, "x", (const unsigned char *)"some", 4);
}

static void
an_abandoned_session_leaves_no_point(void **state)
{
    struct place *p = *state;
    unsigned char *data = noise(5 * MIB, 11);
    mars_session *s = begin(p, "abandoned");
    mars_stream *open = open_stream(s, "open"), *other = open_stream(s, "other");
    mars_point *point;
    mars_error err;

    put(s, "x", data, 5 * MIB);
    assert_ok(write_all(open, data, 3 * MIB, &err), &err);
    mars_session_abandon(s);
    assert_int_equal(mars_stream_write(open, "more", 4, &err), MARS_ERR_CANCELLED);
    assert_int_equal(mars_stream_finish(open, &err), MARS_ERR_CANCELLED);
    mars_stream_abandon(other);
    assert_int_equal(mars_point_open(p->agent, "latest", "abandoned", &point, &err),
                     MARS_ERR_NOT_FOUND);
    free(data);
}

static void
sessions_of_one_item_exclude_each_other(void **state)
{
    struct place *p = *state;
    mars_backup_options o = { .struct_size = sizeof o, .item = "one" };
    mars_session *s = begin(p, "one"), *second;
    mars_error err;

    assert_int_equal(mars_session_begin(p->agent, &o, &second, &err), MARS_ERR_LOCKED);
    assert_null(second);
    mars_session_abandon(s);
    mars_session_abandon(begin(p, "one"));
}

static int
stop_later(const mars_progress *progress, void *user)
{
    int *calls = user;

    ++*calls;
    return progress->bytes_done > 10 * MIB;
}

static void
progress_tells_and_stops(void **state)
{
    struct place *p = *state;
    unsigned char *data = noise(32 * MIB, 21);
    int calls = 0;
    mars_backup_options o = { .struct_size = sizeof o, .item = "progress",
                              .progress = stop_later, .progress_user = &calls };
    mars_session *s;
    mars_stream *stream;
    mars_status st = MARS_OK;
    mars_error err;

    assert_ok(mars_session_begin(p->agent, &o, &s, &err), &err);
    stream = open_stream(s, "x");
    for (int i = 0; st == MARS_OK && i < 1000; i++)
        st = write_all(stream, data, 32 * MIB, &err);
    assert_int_equal(st, MARS_ERR_CANCELLED);
    assert_true(calls >= 2);
    mars_stream_abandon(stream);
    assert_int_equal(mars_session_commit(s, NULL, &err), MARS_ERR_CANCELLED);
    free(data);
}

/* It has the handles and not the threads: nothing there may wait for one. */
static void
a_forked_child_is_told_so(void **state)
{
    mars_session *s = begin(*state, "forked");
    mars_stream *stream = open_stream(s, "a");
    mars_backup_result r = { .struct_size = sizeof r };
    mars_error err;
    int status;
    pid_t child;

    assert_ok(mars_stream_write(stream, "of the parent", 13, &err), &err);
    child = fork();
    if (child == 0) {
        mars_stream *none = stream;
        int wrong;

        (void)alarm(20);
        wrong = mars_stream_write(stream, "x", 1, NULL) != MARS_ERR_STATE ||
                mars_stream_finish(stream, NULL) != MARS_ERR_STATE ||
                mars_stream_open(s, NULL, 0, &none, NULL) != MARS_ERR_INVALID_ARG ||
                none != NULL || mars_stream_open(s, "b", 0, &none, NULL) != MARS_ERR_STATE ||
                mars_session_commit(s, NULL, NULL) != MARS_ERR_STATE;
        mars_stream_abandon(stream);
        mars_session_abandon(s);
        _exit(wrong);
    }
    assert_true(child > 0);
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(status, 0);
    assert_ok(mars_stream_finish(stream, &err), &err);
    assert_ok(mars_session_commit(s, &r, &err), &err);
    assert_int_equal(r.bytes, 13);
}

/* What says which files are read is not for streams. */
static void
what_is_for_paths_is_refused(void **state)
{
    struct place *p = *state;
    const char *texts[] = { "/etc" };
    mars_backup_options o = { .struct_size = sizeof o, .paths = texts, .n_paths = 1 };
    mars_session *s;
    mars_error err;

    assert_int_equal(mars_session_begin(p->agent, &o, &s, &err), MARS_ERR_INVALID_ARG);
    o.n_paths = 0;
    o.excludes = texts;
    o.n_excludes = 1;
    assert_int_equal(mars_session_begin(p->agent, &o, &s, &err), MARS_ERR_INVALID_ARG);
    assert_null(s);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(streams_come_back_as_they_were_written),
        cmocka_unit_test(a_stream_shares_its_bytes_with_a_file),
        cmocka_unit_test(many_threads_write_at_once),
        cmocka_unit_test(streams_grow_in_any_order),
        cmocka_unit_test(names_are_one_component_and_differ),
        cmocka_unit_test(what_was_abandoned_is_not_in_the_point),
        cmocka_unit_test(a_commit_waits_for_no_open_stream),
        cmocka_unit_test(an_abandoned_session_leaves_no_point),
        cmocka_unit_test(sessions_of_one_item_exclude_each_other),
        cmocka_unit_test(progress_tells_and_stops),
        cmocka_unit_test(a_forked_child_is_told_so),
        cmocka_unit_test(what_is_for_paths_is_refused),
    };

    return cmocka_run_group_tests(tests, place_make, place_remove);
}
