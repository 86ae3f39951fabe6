#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "base/err.h"
#include "cut_next.h"
#include "failing_alloc.h"
#include "job/window.h"
#include "platform/thread.h"

enum { KIB = 1024, MIB = 1024 * 1024, HELD_MAX = 40 };

/* A stream of bytes in memory; at fail_at a read fails, at ends_at the stream ends early. */
struct stream {
    struct mrs_source_file base;
    const uint8_t *data;
    uint64_t fail_at;
    uint64_t ends_at;
};

static mars_status
read_stream(void *user, void *file, uint64_t offset, void *out, uint64_t n, uint64_t *got,
            mars_error *err)
{
    const struct stream *s = file;

    if (offset <= s->fail_at && s->fail_at < offset + n)
        return mrs_fail(err, MARS_ERR_IO, "the disk is gone");
    if (offset >= s->ends_at)
        n = 0;
    else if (n > s->ends_at - offset)
        n = s->ends_at - offset;
    (void)user;
    memcpy(out, s->data + offset, (size_t)n);
    *got = n;
    return MARS_OK;
}

static const mars_source STREAM = { .read = read_stream };

struct kit {
    struct mrs_engine *engine;
    struct mrs_cutter cutter;
    struct mrs_window *w;
    struct mrs_window_chunk held[HELD_MAX]; /* not yet let go of */
    size_t n_held;
    uint64_t born[HELD_MAX];                /* the total before each */
    uint64_t total;                         /* bytes cut */
    uint64_t hold;                          /* bytes to cut before a chunk is let go of */
    uint64_t seed;
};

static uint64_t
next_random(struct kit *k)
{
    k->seed = k->seed * 6364136223846793005u + 1442695040888963407u;
    return k->seed >> 33;
}

static int
set_up(void **state)
{
    struct kit *k = calloc(1, sizeof *k);
    uint8_t gear[2048];

    assert_non_null(k);
    k->seed = 7;
    for (size_t i = 0; i < sizeof gear; i++)
        gear[i] = (uint8_t)next_random(k);
    assert_int_equal(mrs_cutter_init(&k->cutter, gear, 512 * KIB, MIB, 8 * MIB, NULL), MARS_OK);
    assert_int_equal(mrs_engine_new(&k->engine, 3, 64 * MIB, NULL), MARS_OK);
    assert_int_equal(mrs_engine_open(k->engine, NULL), MARS_OK);
    assert_int_equal(mrs_window_new(&k->w, k->engine, &k->cutter, NULL), MARS_OK);
    *state = k;
    return 0;
}

static int
tear_down(void **state)
{
    struct kit *k = *state;

    while (k->n_held > 0)
        mrs_window_release(k->w, &k->held[--k->n_held]);
    mrs_window_free(k->w);
    mrs_engine_close(k->engine);
    mrs_engine_free(k->engine);
    free(k);
    return 0;
}

static uint8_t *
noise(struct kit *k, size_t n)
{
    uint8_t *p = calloc(1, n);

    assert_non_null(p);
    for (size_t i = 0; i + 4 <= n; i += 4) {
        uint32_t v = (uint32_t)next_random(k);

        memcpy(p + i, &v, 4);
    }
    return p;
}

static void
let_go(struct kit *k, size_t i)
{
    mrs_window_release(k->w, &k->held[i]);
    k->n_held--;
    memmove(k->held + i, k->held + i + 1, (k->n_held - i) * sizeof k->held[0]);
    memmove(k->born + i, k->born + i + 1, (k->n_held - i) * sizeof k->born[0]);
}

/* Keep chunks for a while, and let some go before older ones. */
static void
hold(struct kit *k, const struct mrs_window_chunk *c)
{
    k->held[k->n_held] = *c;
    k->born[k->n_held++] = k->total;
    k->total += c->len;
    while (k->n_held > 0 && k->total - k->born[0] > k->hold)
        let_go(k, 0);
    if (k->n_held > 1 && next_random(k) % 2 == 0)
        let_go(k, 1 + (size_t)(next_random(k) % (k->n_held - 1)));
}

/* Cut what is certain and compare it with the stream's data, of which `done` bytes were cut. */
static void
cut(struct kit *k, const uint8_t *data, uint64_t len, uint64_t *done, bool end)
{
    struct mrs_window_chunk c;

    for (;;) {
        assert_int_equal(mrs_window_cut(k->w, end, &c, NULL), MARS_OK);
        if (c.len == 0)
            return;
        assert_int_equal(c.len, cut_next(&k->cutter, data + *done, (size_t)(len - *done)));
        assert_memory_equal(c.data, data + *done, c.len);
        *done += c.len;
        hold(k, &c);
    }
}

/* Read the stream in extents of that size with holes between them, which offsets do not count. */
static void
pass(struct kit *k, struct stream *s, uint64_t len, uint64_t extent)
{
    uint64_t offset = 0, done = 0, holes = 0, asked_holes = 0, taken;
    struct mrs_window_got got;

    s->base.file = s;
    mrs_window_begin(k->w, &s->base);
    for (;;) {
        do {
            uint64_t left = extent - offset % extent;

            taken = 0;
            if (offset < len) {
                uint64_t hole = offset % extent == 0 ? 5 : 0;

                assert_int_equal(mrs_window_read(k->w, hole, offset,
                                                 left < len - offset ? left : len - offset,
                                                 &taken, NULL), MARS_OK);
                asked_holes += taken > 0 ? hole : 0;
            }
            offset += taken;
        } while (taken > 0);
        if (!mrs_window_await(k->w, &got))
            break;
        assert_int_equal(got.st, MARS_OK);
        assert_int_equal(got.got, got.asked);
        holes += got.hole;
        cut(k, s->data, len, &done, false);
    }
    cut(k, s->data, len, &done, true);
    assert_int_equal(offset, len);
    assert_int_equal(done, len);
    assert_int_equal(holes, asked_holes);
}

static struct stream
stream_of(const uint8_t *data, uint64_t size)
{
    struct stream s = { { &STREAM, NULL, size, false }, data, UINT64_MAX, UINT64_MAX };

    return s;
}

static void
a_stream_is_cut_as_if_it_were_whole(void **state)
{
    enum { LEN = 70 * MIB };
    struct kit *k = *state;
    uint8_t *data = noise(k, LEN);
    struct stream s = stream_of(data, LEN);

    memset(data + 30 * MIB, 0, 18 * MIB); /* chunks of the greatest length */
    for (k->hold = 0; k->hold <= 6 * MIB; k->hold += 3 * MIB)
        pass(k, &s, LEN, LEN);
    free(data);
}

static void
extents_and_streams_of_any_size_follow_each_other(void **state)
{
    enum { LEN = 9 * MIB };
    static const uint64_t extents[] = { 61, 4096, 65535, 65536, 300001, MIB + 1, 5 * MIB };
    struct kit *k = *state;
    uint8_t *data = noise(k, LEN);

    k->hold = 2 * MIB;
    for (size_t i = 0; i < sizeof extents / sizeof extents[0]; i++)
        for (uint64_t len = LEN - 3; len > 0; len = len / 3 * (i > 0)) {
            struct stream s = stream_of(data, len);

            pass(k, &s, i > 0 ? len : 100000, extents[i]);
        }
    free(data);
}

/* What was read before a failure or an early end counts; what was asked for behind it does not. */
static void
what_came_before_an_end_is_kept(void **state)
{
    enum { LEN = 12 * MIB, END = 5 * MIB + 123 };
    struct kit *k = *state;
    uint8_t *data = noise(k, LEN);

    for (int fails = 0; fails < 2; fails++) {
        struct stream s = stream_of(data, LEN);
        uint64_t taken = 1, offset = 0, have = 0, done = 0;
        struct mrs_window_got got = { .st = MARS_OK };

        *(fails ? &s.fail_at : &s.ends_at) = END;
        s.base.file = &s;
        mrs_window_begin(k->w, &s.base);
        for (; taken > 0 && offset < LEN; offset += taken)
            assert_int_equal(mrs_window_read(k->w, 0, offset, LEN - offset, &taken, NULL),
                             MARS_OK);
        while (mrs_window_await(k->w, &got) && got.st == MARS_OK && got.got == got.asked) {
            have += got.got;
            cut(k, data, LEN, &done, false);
        }
        have += got.got;
        assert_int_equal(have, fails ? END / MIB * MIB : END);
        assert_int_equal(got.st, fails ? MARS_ERR_IO : MARS_OK);
        mrs_window_drop(k->w);
        cut(k, data, have, &done, true);
        assert_int_equal(done, have);
    }
    free(data);
}

/* Every place is marked: more than a read keeps. */
static void
marks_that_crowd_cut_all_the_same(void **state)
{
    enum { LEN = 5 * MIB };
    static uint8_t gear[2048];
    struct kit *k = *state;
    uint8_t *data = noise(k, LEN);
    struct stream s = stream_of(data, LEN);

    assert_int_equal(mrs_cutter_init(&k->cutter, gear, 512 * KIB, MIB, 8 * MIB, NULL), MARS_OK);
    pass(k, &s, LEN, LEN);
    pass(k, &s, LEN, 100001);
    free(data);
}

static void
nothing_is_left_where_memory_ran_out(void **state)
{
    struct kit *k = *state;
    size_t live = failing_alloc_live();
    struct mrs_window *w;
    mars_status st = MARS_ERR_NOMEM;

    for (size_t n = 0; st != MARS_OK; n++) {
        assert_in_range(n, 0, 20);
        failing_alloc_arm(n);
        st = mrs_window_new(&w, k->engine, &k->cutter, NULL);
        failing_alloc_arm(SIZE_MAX);
        assert_true(st == MARS_OK || (st == MARS_ERR_NOMEM && w == NULL));
    }
    mrs_window_free(w);
    mrs_window_free(NULL);
    assert_int_equal(failing_alloc_live(), live);
}

#define WINDOW_TEST(fn) cmocka_unit_test_setup_teardown(fn, set_up, tear_down)

int
main(void)
{
    const struct CMUnitTest tests[] = {
        WINDOW_TEST(a_stream_is_cut_as_if_it_were_whole),
        WINDOW_TEST(extents_and_streams_of_any_size_follow_each_other),
        WINDOW_TEST(what_came_before_an_end_is_kept),
        WINDOW_TEST(marks_that_crowd_cut_all_the_same),
        WINDOW_TEST(nothing_is_left_where_memory_ran_out),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
