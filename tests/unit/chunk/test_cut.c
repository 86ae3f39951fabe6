#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "chunk/cut.h"
#include "crypto/digest.h"
#include "cut_next.h"

enum { KIB = 1024, MIB = 1024 * 1024, GEAR_SIZE = 2048 };

/* The key stream of the key 00 01 .. 1f, FORMAT.md section 7. */
static void
make_gear(uint8_t gear[GEAR_SIZE])
{
    uint8_t key[32];

    for (size_t i = 0; i < sizeof key; i++)
        key[i] = (uint8_t)i;
    assert_int_equal(mrs_hkdf(key, sizeof key, NULL, 0, "mars gear v1", 12, gear, GEAR_SIZE, NULL),
                     MARS_OK);
}

static struct mrs_cutter
cutter_of(size_t min, size_t avg, size_t max)
{
    uint8_t gear[GEAR_SIZE];
    struct mrs_cutter c;

    make_gear(gear);
    assert_int_equal(mrs_cutter_init(&c, gear, min, avg, max, NULL), MARS_OK);
    return c;
}

/* SplitMix64, its words little-endian. */
static uint8_t *
make_data(uint64_t seed, size_t n)
{
    uint8_t *p = malloc(n);

    assert_non_null(p);
    for (size_t i = 0; i < n; i++) {
        uint64_t z = seed + (i / 8 + 1) * 0x9e3779b97f4a7c15;

        z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9;
        z = (z ^ z >> 27) * 0x94d049bb133111eb;
        p[i] = (uint8_t)((z ^ z >> 31) >> 8 * (i % 8));
    }
    return p;
}

/* Computed once from FORMAT.md by a program that shares nothing with the library. Must not change:
 * what is stored already would be stored a second time. */
static const size_t small_cuts[] = {
    279,   628,   765,   1091,  1367,  1641,  1899,  2193,  2705,  2990,  3294,
    3562,  3888,  4184,  4461,  4725,  5043,  5394,  5650,  5968,  6127,  6639,
    6951,  7273,  7549,  7846,  8189,  8468,  8765,  9098,  9502,  9795,  10081,
    10450, 10759, 11111, 11371, 11632, 11822, 12172, 12437, 12716, 12992, 13324,
    13583, 13878, 14198, 14514, 14811, 15199, 15546, 15823, 16101, 16270, 16384,
};
static const size_t medium_cuts[] = {
    1957,  3571,  4864,  6032,  7101,  8141,  9611,  10932, 11959, 13099, 14200, 15288, 16928,
    18155, 19973, 21146, 22664, 23812, 24862, 26056, 27100, 28498, 29686, 31555, 32683, 33985,
    35378, 36890, 38235, 39584, 41016, 42276, 43369, 44487, 45562, 46751, 48054, 49330, 50638,
    51775, 53176, 54241, 55397, 56510, 57546, 58784, 60428, 61636, 62908, 64072, 65330, 65536,
};
static const size_t file_cuts[] = {
    1182174,  2547639,  3707163,  4824926,  6057513,  7175652,  7975086,  9036044,
    9620100,  10674543, 11820370, 13045637, 14365783, 15153616, 16209658, 17024261,
    18436689, 20078488, 21573075, 23001616, 24689526, 25165824,
};

static void
assert_cuts(const struct mrs_cutter *c, uint64_t seed, const size_t *cuts, size_t count)
{
    size_t len = cuts[count - 1], at = 0;
    uint8_t *data = make_data(seed, len);

    for (size_t i = 0; i < count; i++) {
        at += cut_next(c, data + at, len - at);
        assert_int_equal(at, cuts[i]);
    }
    free(data);
}

static void
cuts_are_where_they_have_always_been(void **state)
{
    struct mrs_cutter small = cutter_of(128, 256, 512), medium = cutter_of(256, KIB, 4 * KIB);
    struct mrs_cutter file = cutter_of(512 * KIB, MIB, 8 * MIB);

    (void)state;
    assert_true(small.gear[0] == 0xcc45567afe5bfd22 && small.gear[255] == 0xc0c1301b24d1f164);
    assert_cuts(&small, 2, small_cuts, sizeof small_cuts / sizeof small_cuts[0]);
    assert_cuts(&medium, 1, medium_cuts, sizeof medium_cuts / sizeof medium_cuts[0]);
    assert_cuts(&file, 3, file_cuts, sizeof file_cuts / sizeof file_cuts[0]);
}

static int
has_zeros_on_top(uint64_t h, unsigned bits)
{
    for (unsigned i = 0; i < bits; i++)
        if ((h >> (63 - i) & 1) != 0)
            return 0;
    return 1;
}

/* FORMAT.md section 7 word for word: the hash anew at each place, from the 64 bytes before it. */
static size_t
slow_next(const uint8_t gear[GEAR_SIZE], size_t min, unsigned log_avg, size_t max,
          const uint8_t *p, size_t n)
{
    for (size_t e = 1; e < n; e++) {
        uint64_t h = 0;

        if (e == max)
            return e;
        if (e < min)
            continue;
        for (size_t i = e - 64; i < e; i++) {
            uint64_t word = 0;

            for (size_t k = 0; k < 8; k++)
                word |= (uint64_t)gear[8 * p[i] + k] << 8 * k;
            h = (h << 1) + word;
        }
        if (has_zeros_on_top(h, e < (size_t)1 << log_avg ? log_avg + 2 : log_avg - 2))
            return e;
    }
    return n;
}

static void
cuts_are_what_the_format_says(void **state)
{
    static const struct { size_t min; unsigned log_avg; size_t max; } sizes[] = {
        { 128, 7, 128 }, { 128, 7, 256 }, { 128, 8, 256 },   { 256, 8, 2048 },
        { 128, 9, 512 }, { 128, 9, 1024 }, { 256, 10, 8192 },
    };
    enum { LEN = 40000 };
    uint8_t gear[GEAR_SIZE], *data = make_data(4, LEN);

    (void)state;
    make_gear(gear);
    memset(data + 5000, 0, 3000);        /* one byte for long */
    for (size_t i = 10000; i < 15000; i++) /* few values */
        data[i] &= 1;
    for (size_t i = 20000; i < 25000; i++) /* a period */
        data[i] = data[i - 100];
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        size_t avg = (size_t)1 << sizes[i].log_avg;
        struct mrs_cutter c = cutter_of(sizes[i].min, avg, sizes[i].max);

        for (size_t at = 0; at < LEN;) {
            size_t n = cut_next(&c, data + at, LEN - at);

            assert_int_equal(n, slow_next(gear, sizes[i].min, sizes[i].log_avg, sizes[i].max,
                                          data + at, LEN - at));
            at += n;
        }
    }
    free(data);
}

static void
chunks_are_of_the_sizes_that_were_asked_for(void **state)
{
    enum { LEN = MIB };
    struct mrs_cutter c = cutter_of(256, KIB, 4 * KIB);
    uint8_t *data = make_data(5, LEN);
    size_t count = 0, early = 0;

    (void)state;
    for (size_t at = 0, n; at < LEN; at += n, count++) {
        n = cut_next(&c, data + at, LEN - at);
        assert_in_range(n, at + n == LEN ? 1 : c.min, c.max);
        early += n < c.avg;
    }
    assert_in_range(count, LEN / (2 * KIB), LEN / (KIB / 2));
    assert_in_range(early, 1, count / 2);
    free(data);
}

static void
short_ends_of_a_stream_are_one_chunk(void **state)
{
    struct mrs_cutter c = cutter_of(128, 256, 512);
    uint8_t *data = make_data(6, 512);

    (void)state;
    for (size_t n = 0; n <= c.min; n++)
        assert_int_equal(cut_next(&c, data, n), n);
    assert_int_equal(cut_next(&c, NULL, 0), 0);
    free(data);
}

static void
a_chunk_without_candidates_ends_at_max(void **state)
{
    uint8_t gear[GEAR_SIZE], *data = calloc(1, 4 * KIB);
    struct mrs_cutter c;

    (void)state;
    assert_non_null(data);
    memset(gear, 0xff, sizeof gear);
    for (size_t i = 0; i < sizeof gear; i += 8)
        gear[i + 7] = 0x7f; /* 64 times the word g make -g, here 2^63 + 1: never zero on top */
    assert_int_equal(mrs_cutter_init(&c, gear, 128, 256, 2 * KIB, NULL), MARS_OK);
    assert_int_equal(cut_next(&c, data, 4 * KIB), 2 * KIB);
    assert_int_equal(cut_next(&c, data, 2 * KIB), 2 * KIB);
    assert_int_equal(cut_next(&c, data, 2 * KIB - 1), 2 * KIB - 1);
    memset(gear, 0, sizeof gear); /* each place is a candidate */
    assert_int_equal(mrs_cutter_init(&c, gear, 128, 256, 2 * KIB, NULL), MARS_OK);
    assert_int_equal(cut_next(&c, data, 4 * KIB), 128);
    free(data);
}

/* The hash at a place is that of the 64 bytes before it and of nothing else. */
static void
a_cut_depends_on_the_window_only(void **state)
{
    enum { LEN = 4 * KIB };
    struct mrs_cutter c = cutter_of(256, KIB, LEN);
    uint8_t *data = make_data(7, LEN), *other = make_data(8, LEN);
    size_t cut = cut_next(&c, data, LEN);

    (void)state;
    assert_in_range(cut, c.min + MRS_CUT_WINDOW, LEN - 1); /* or there is nothing to see */
    memcpy(other + c.min - MRS_CUT_WINDOW, data + c.min - MRS_CUT_WINDOW,
           cut - (c.min - MRS_CUT_WINDOW));
    assert_memory_not_equal(other, data, c.min - MRS_CUT_WINDOW);
    assert_int_equal(cut_next(&c, other, LEN), cut); /* other bytes before and behind */
    for (size_t i = 1; i <= MRS_CUT_WINDOW; i++) {
        other[cut - i] ^= 0x80;
        if (i <= MRS_CUT_WINDOW - 8) /* farther away it moves few of the top bits, perhaps none */
            assert_int_not_equal(cut_next(&c, other, LEN), cut);
        other[cut - i] ^= 0x80;
    }
    free(data);
    free(other);
}

/* From wherever the search begins it comes upon the same cuts soon. */
static void
cuts_meet_again_behind_an_insertion(void **state)
{
    enum { LEN = 128 * KIB, MOST = 1000 };
    struct mrs_cutter c = cutter_of(256, KIB, 4 * KIB);
    uint8_t *data = make_data(9, LEN);
    static uint8_t is_cut[LEN + 1];

    (void)state;
    for (size_t at = 0; at < LEN; is_cut[at] = 1)
        at += cut_next(&c, data + at, LEN - at);
    for (size_t start = 1; start < MOST; start += 37) {
        size_t at = start;

        while (!is_cut[at])
            at += cut_next(&c, data + at, LEN - at);
        assert_in_range(at, start, LEN / 2);
        for (; at < LEN; assert_true(is_cut[at]))
            at += cut_next(&c, data + at, LEN - at);
    }
    free(data);
}

/* A stream that comes in pieces is cut when max bytes of it are there, or its end. Each view is a
 * block of its own, so that reading past it shows. */
static void
pieces_are_cut_like_the_whole(void **state)
{
    enum { LEN = 64 * KIB };
    struct mrs_cutter c = cutter_of(128, 512, 2 * KIB);
    uint8_t *data = make_data(10, LEN);

    (void)state;
    for (size_t piece = 1; piece <= 3 * c.max; piece = 3 * piece + 1)
        for (size_t at = 0, have = 0; at < LEN;) {
            size_t n = have - at;
            uint8_t *view;

            if (n < c.max && have < LEN) {
                have = LEN - have < piece ? LEN : have + piece;
                continue;
            }
            view = malloc(n);
            assert_non_null(view);
            memcpy(view, data + at, n);
            n = cut_next(&c, view, n);
            free(view);
            assert_int_equal(n, cut_next(&c, data + at, LEN - at));
            at += n;
        }
    free(data);
}

static void
assert_same_marks(const struct mrs_cut_mark *a, const struct mrs_cut_mark *b, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        assert_int_equal(a[i].at, b[i].at);
        assert_int_equal(a[i].strict, b[i].strict);
    }
}

/* Every mark that the definition asks for, whatever part is looked at and however many fit: plain
 * data in lanes, and data in which every place is marked, or every other. */
static void
marks_are_the_same_from_wherever_they_are_looked_for(void **state)
{
    enum { LEN = 200 * KIB };
    struct mrs_cutter c = cutter_of(128, 4 * KIB, 64 * KIB);
    static struct mrs_cut_mark all[LEN], part[LEN];
    uint8_t *data = make_data(11, LEN);
    size_t count, from = MRS_CUT_WINDOW - 1;

    (void)state;
    memset(data + 70 * KIB, 'z', 3 * KIB);
    for (uint8_t v = 0; v < 255; v++) { /* a value whose run is marked all over, if there is one */
        memset(data + 100 * KIB, v, 128);
        if (cut_next(&c, data + 100 * KIB, 129) == 128)
            memset(data + 100 * KIB, v, 9 * KIB);
    }
    count = mrs_cut_marks(&c, data, LEN, &from, all, LEN);
    assert_int_equal(from, LEN);
    assert_in_range(count, 20, LEN);
    for (size_t cap = 1; cap < 1000; cap = 5 * cap + 2) {
        size_t n = 0;

        for (from = MRS_CUT_WINDOW - 1; from < LEN;)
            n += mrs_cut_marks(&c, data, LEN, &from, part + n, cap);
        assert_int_equal(n, count);
        assert_same_marks(part, all, n);
    }
    for (size_t start = MRS_CUT_WINDOW; start < LEN; start += 7777) {
        size_t n, skip = 0;

        from = start;
        n = mrs_cut_marks(&c, data, LEN, &from, part, LEN);
        while (skip < count && all[skip].at <= start)
            skip++;
        assert_int_equal(n, count - skip);
        assert_same_marks(part, all + skip, n);
    }
    free(data);
}

/* All places are marked: more than lanes take. */
static void
marks_that_crowd_are_all_given(void **state)
{
    enum { LEN = 100 * KIB };
    static struct mrs_cut_mark marks[LEN];
    static uint8_t data[LEN], gear[GEAR_SIZE];
    size_t from = MRS_CUT_WINDOW - 1, n;
    struct mrs_cutter c;

    (void)state;
    assert_int_equal(mrs_cutter_init(&c, gear, 128, 256, 512, NULL), MARS_OK);
    n = mrs_cut_marks(&c, data, LEN, &from, marks, LEN);
    assert_int_equal(n, LEN - MRS_CUT_WINDOW + 1);
    for (size_t i = 0; i < n; i++) {
        assert_int_equal(marks[i].at, MRS_CUT_WINDOW + i);
        assert_true(marks[i].strict);
    }
}

static void
another_key_cuts_elsewhere(void **state)
{
    enum { LEN = 64 * KIB };
    uint8_t gear[GEAR_SIZE], *data = make_data(1, LEN);
    size_t i = 0, shared = 0, count = sizeof medium_cuts / sizeof medium_cuts[0];
    struct mrs_cutter c;

    (void)state;
    assert_int_equal(mrs_hkdf("another key", 11, NULL, 0, "mars gear v1", 12, gear, sizeof gear,
                              NULL), MARS_OK);
    assert_int_equal(mrs_cutter_init(&c, gear, 256, KIB, 4 * KIB, NULL), MARS_OK);
    for (size_t at = 0; at < LEN;) {
        at += cut_next(&c, data + at, LEN - at);
        while (i < count && medium_cuts[i] < at)
            i++;
        shared += i < count && medium_cuts[i] == at;
    }
    assert_in_range(shared, 1, 4); /* the end of the stream, and little by chance */
    free(data);
}

static void
sizes_that_are_out_of_order_are_refused(void **state)
{
    static const size_t sizes[][3] = {
        { 0, 256, 512 },   { 64, 256, 512 },  { 127, 256, 512 }, { 200, 256, 512 },
        { 512, 256, 512 }, { 128, 255, 512 }, { 128, 384, 512 }, { 128, 256, 128 },
        { 128, 256, 511 }, { 128, 0, 512 },   { 128, 256, 0 },   { 0, 0, 0 },
    };
    uint8_t gear[GEAR_SIZE];
    struct mrs_cutter c;
    mars_error err;

    (void)state;
    make_gear(gear);
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        assert_int_equal(mrs_cutter_init(&c, gear, sizes[i][0], sizes[i][1], sizes[i][2], &err),
                         MARS_ERR_INVALID_ARG);
        assert_int_equal(err.status, MARS_ERR_INVALID_ARG);
    }
    assert_int_equal(mrs_cutter_init(&c, gear, 128, 128, 128, NULL), MARS_OK);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(cuts_are_where_they_have_always_been),
        cmocka_unit_test(cuts_are_what_the_format_says),
        cmocka_unit_test(chunks_are_of_the_sizes_that_were_asked_for),
        cmocka_unit_test(short_ends_of_a_stream_are_one_chunk),
        cmocka_unit_test(a_chunk_without_candidates_ends_at_max),
        cmocka_unit_test(a_cut_depends_on_the_window_only),
        cmocka_unit_test(cuts_meet_again_behind_an_insertion),
        cmocka_unit_test(pieces_are_cut_like_the_whole),
        cmocka_unit_test(marks_are_the_same_from_wherever_they_are_looked_for),
        cmocka_unit_test(marks_that_crowd_are_all_given),
        cmocka_unit_test(another_key_cuts_elsewhere),
        cmocka_unit_test(sizes_that_are_out_of_order_are_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
