#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <string.h>

#include "base/alloc.h"
#include "failing_alloc.h"
#include "format/column.h"

enum { MANY = 1000, LIMIT = 1 << 20 };

static uint64_t
next_random(uint64_t *seed)
{
    *seed = *seed * 6364136223846793005u + 1442695040888963407u;
    return *seed ^ *seed >> 29;
}

static void
expect_ints(const uint64_t *values, size_t n, int is_signed, const void *bytes, size_t len)
{
    struct mrs_buf b = MRS_BUF_INIT(LIMIT);
    struct mrs_wr w = mrs_wr_init(&b, NULL);

    mrs_ints_write(&w, values, n, is_signed);
    assert_int_equal(w.st, MARS_OK);
    assert_int_equal(b.len, len);
    assert_memory_equal(b.data, bytes, len);
    mrs_buf_free(&b);
}

/* Written, read to the last byte, the same again; and cut anywhere it is damaged. */
static void
round_trip(const uint64_t *values, size_t n, int is_signed)
{
    struct mrs_buf b = MRS_BUF_INIT(LIMIT);
    struct mrs_wr w = mrs_wr_init(&b, NULL);
    uint64_t got[MANY];
    struct mrs_rd r;

    mrs_ints_write(&w, values, n, is_signed);
    assert_int_equal(w.st, MARS_OK);
    r = mrs_rd_init(b.data, b.len);
    mrs_ints_read(&r, got, n, is_signed);
    assert_true(mrs_rd_done(&r));
    assert_memory_equal(got, values, n * sizeof *got);
    for (size_t len = b.len > 40 ? b.len - 40 : 0; len < b.len; len++) {
        r = mrs_rd_init(b.data, len);
        mrs_ints_read(&r, got, n, is_signed);
        assert_true(r.bad);
    }
    mrs_buf_free(&b);
}

static void
equal_values_are_written_once(void **state)
{
    uint64_t v[MANY];

    (void)state;
    for (size_t i = 0; i < MANY; i++)
        v[i] = 300;
    expect_ints(v, MANY, 0, "\x00\xac\x02", 3);
    for (size_t i = 0; i < MANY; i++)
        v[i] = (uint64_t)-1;
    expect_ints(v, MANY, 1, "\x00\x01", 2);
    expect_ints(v, 1, 0, "\x00\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01", 11);
}

static void
near_values_are_packed_by_their_distance_from_the_least(void **state)
{
    const uint64_t v[] = { 1001, 1002, 1003, 1004, 1001 };
    const uint64_t s[] = { (uint64_t)-2, 1 };

    (void)state;
    expect_ints(v, 5, 0, "\x01\xe9\x07\x02\xe4\x00", 6);
    expect_ints(s, 2, 1, "\x01\x03\x02\x0c", 4); /* distances 0 and 3 in 2 bits each */
}

static void
few_values_among_zeros_are_told_by_position(void **state)
{
    uint64_t v[MANY] = { 0 };

    (void)state;
    v[50] = 7;
    expect_ints(v, 100, 0, "\x02\x00\x01\x32\x07\x00", 6);
    v[52] = 9;
    v[252] = 8;
    expect_ints(v, MANY, 0, "\x02\x00\x03\x32\x01\xc7\x01\x07\x02\x18", 10);
    v[50] = (uint64_t)-7;
    v[52] = v[252] = 0;
    expect_ints(v, 100, 1, "\x02\x00\x01\x32\x0d\x00", 6);
}

static void
of_equally_short_encodings_the_lowest_is_taken(void **state)
{
    uint64_t v[25] = { 0 };

    (void)state;
    v[5] = 1;
    expect_ints(v, 24, 0, "\x01\x00\x01\x20\x00\x00", 6);
    expect_ints(v, 25, 0, "\x02\x00\x01\x05\x01\x00", 6);
}

static void
integers_of_every_width_come_back(void **state)
{
    static const size_t counts[] = { 1, 2, 7, 8, 9, 63, 64, 65, MANY };
    uint64_t v[MANY], seed = 1;

    (void)state;
    for (unsigned width = 1; width <= 64; width++)
        for (size_t c = 0; c < sizeof counts / sizeof counts[0]; c++) {
            for (size_t i = 0; i < counts[c]; i++)
                v[i] = next_random(&seed) >> (64 - width);
            v[0] = UINT64_MAX >> (64 - width);
            round_trip(v, counts[c], 0);
            round_trip(v, counts[c], 1);
            for (size_t i = 0; i < counts[c]; i++)
                v[i] += UINT64_MAX - 1000; /* around the wrap */
            round_trip(v, counts[c], 0);
            round_trip(v, counts[c], 1);
            for (size_t i = 0; i < counts[c]; i++)
                v[i] = i % 61 == 7 ? v[i] : 0;
            round_trip(v, counts[c], 0);
            round_trip(v, counts[c], 1);
        }
}

static void
the_extremes_of_signed_values_come_back(void **state)
{
    const uint64_t v[] = { (uint64_t)INT64_MIN, (uint64_t)INT64_MAX, 0, UINT64_MAX };
    const uint64_t far[] = { (uint64_t)INT64_MIN, (uint64_t)INT64_MAX };

    (void)state;
    round_trip(v, 4, 1);
    round_trip(v, 4, 0);
    round_trip(far, 2, 1);
}

static int
reads(const void *bytes, size_t len, size_t n, uint64_t *values)
{
    struct mrs_rd r = mrs_rd_init(bytes, len);

    mrs_ints_read(&r, values, n, 0);
    return mrs_rd_done(&r);
}

static void
a_reader_takes_any_default_value(void **state)
{
    uint64_t v[4];

    (void)state;
    assert_true(reads("\x02\x05\x02\x01\x01\x07\x01\x02", 8, 4, v));
    assert_int_equal(v[0], 5);
    assert_int_equal(v[1], 7);
    assert_int_equal(v[2], 5);
    assert_int_equal(v[3], 8);
}

static void
damaged_integers_are_refused(void **state)
{
    uint64_t v[8];

    (void)state;
    assert_true(reads("\x01\x00\x01\x0f", 4, 4, v));
    assert_false(reads("\x03\x00\x01\x0f", 4, 4, v));              /* no such encoding */
    assert_false(reads("\x01\x00\x00", 3, 4, v));                  /* no width */
    assert_false(reads("\x01\x00\x41\x0f", 4, 4, v));              /* 65 bits wide */
    assert_false(reads("\x01\x00\x01\x1f", 4, 4, v));              /* a bit behind the last */
    assert_false(reads("\x01\x80\x00\x01\x0f", 5, 4, v));          /* a longer varint than needed */
    assert_false(reads("\x00\x01\x00", 3, 4, v));                  /* a byte too many */
    assert_true(reads("\x02\x00\x01\x03\x07\x00", 6, 4, v));
    assert_false(reads("\x02\x00\x00\x07\x00", 5, 4, v));          /* none stands apart */
    assert_false(reads("\x02\x00\x05\x00\x00\x00\x00\x00\x07\x00", 10, 4, v)); /* more than n */
    assert_false(reads("\x02\x00\x01\x04\x07\x00", 6, 4, v));      /* behind the last */
    assert_false(reads("\x02\x00\x02\x02\x01\x07\x00", 7, 4, v));  /* the second behind the last */
    assert_false(reads("\x02\x00\x02\x03\x00\x07\x00", 7, 4, v));
    assert_false(reads("\x02\x00\x01\x03\x07\x41\x00", 7, 4, v));
    assert_false(reads("\x02\x00\x01\x03\x07\x01\x02", 7, 4, v));
    assert_false(reads("", 0, 4, v));
}

static void
strings_come_back_as_slices_of_the_input(void **state)
{
    struct mrs_slice s[] = { { (const uint8_t *)"one", 3 },
                             { NULL, 0 },
                             { (const uint8_t *)"three", 5 } };
    struct mrs_slice got[3];
    struct mrs_buf b = MRS_BUF_INIT(LIMIT);
    struct mrs_wr w = mrs_wr_init(&b, NULL);
    uint64_t lens[3];
    struct mrs_rd r;

    (void)state;
    mrs_strings_write(&w, s, 3, lens);
    assert_int_equal(w.st, MARS_OK);
    assert_memory_equal(b.data + b.len - 8, "onethree", 8);
    r = mrs_rd_init(b.data, b.len);
    mrs_strings_read(&r, got, 3, lens);
    assert_true(mrs_rd_done(&r));
    for (size_t i = 0; i < 3; i++) {
        assert_int_equal(got[i].n, s[i].n);
        assert_true(got[i].p >= b.data && got[i].p + got[i].n <= b.data + b.len);
        assert_memory_equal(got[i].p, s[i].n > 0 ? (const void *)s[i].p : "", s[i].n);
    }
    for (size_t len = 0; len < b.len; len++) {
        r = mrs_rd_init(b.data, len);
        mrs_strings_read(&r, got, 3, lens);
        assert_true(r.bad);
    }
    r = mrs_rd_init("\x00\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01xyz", 14);
    mrs_strings_read(&r, got, 3, lens);
    assert_true(r.bad);
    mrs_buf_free(&b);
}

static struct mrs_slice
slice(const char *s)
{
    return (struct mrs_slice){ (const uint8_t *)s, strlen(s) };
}

static void
names_are_front_coded_and_packed_to_their_alphabet(void **state)
{
    struct mrs_slice s[] = { slice("a"), slice("ab"), slice("b") };
    struct mrs_buf b = MRS_BUF_INIT(LIMIT);
    struct mrs_wr w = mrs_wr_init(&b, NULL);
    uint64_t lens[6];

    (void)state;
    mrs_names_write(&w, s, 3, lens);
    assert_int_equal(b.len, 11);
    assert_memory_equal(b.data, "\x01\x00\x01\x02\x00\x01\x01\x02" "ab\x06", 11);
    mrs_buf_reset(&b);
    s[0] = slice("abcdefghijklmnopq"); /* 17 different bytes */
    mrs_names_write(&w, s, 1, lens);
    assert_memory_equal(b.data, "\x00\x00\x00\x11\x00" "abcdefghijklmnopq", 22);
    mrs_buf_reset(&b);
    s[0] = slice("zzzz"); /* one: no bits at all */
    mrs_names_write(&w, s, 1, lens);
    assert_int_equal(b.len, 7);
    assert_memory_equal(b.data, "\x00\x00\x00\x04\x01\x01z", 7);
    assert_int_equal(w.st, MARS_OK);
    mrs_buf_free(&b);
}

/* Names like those of files, ascending: of digits only, or of more than 16 bytes. */
static void
make_names(struct mrs_slice *s, char (*text)[24], size_t n, const char *alphabet, size_t letters)
{
    for (size_t i = 0; i < n; i++) {
        size_t left = i * 7, len = 4 + i % 9;

        for (size_t at = 5; at-- > 0; left /= letters)
            text[i][at] = alphabet[left % letters];
        for (size_t at = 5; at < 5 + len; at++)
            text[i][at] = alphabet[(i * at) % letters];
        s[i].p = (const uint8_t *)text[i];
        s[i].n = 5 + len;
    }
}

static void
names_come_back_in_either_coding(void **state)
{
    static const char *const alphabets[] = { "0", "01", "0123456789", "0123456789abcdef",
                                             "0123456789abcdefghijklmnop" };
    static char text[MANY][24];
    struct mrs_slice s[MANY], got[MANY];
    uint64_t lens[2 * MANY];

    (void)state;
    for (size_t a = 1; a < 5; a++) {
        size_t letters = strlen(alphabets[a]), n = letters == 2 ? 4 : MANY;
        struct mrs_buf b = MRS_BUF_INIT(LIMIT);
        struct mrs_wr w = mrs_wr_init(&b, NULL);
        uint8_t *arena;
        mars_error err;
        struct mrs_rd r;

        make_names(s, text, n, alphabets[a], letters);
        mrs_names_write(&w, s, n, lens);
        assert_int_equal(w.st, MARS_OK);
        r = mrs_rd_init(b.data, b.len);
        assert_int_equal(mrs_names_read(&r, got, n, lens, LIMIT, &arena, &err), MARS_OK);
        assert_true(mrs_rd_done(&r));
        for (size_t i = 0; i < n; i++) {
            assert_int_equal(got[i].n, s[i].n);
            assert_memory_equal(got[i].p, s[i].p, s[i].n);
        }
        mrs_free(arena);
        for (size_t len = b.len > 300 ? b.len - 300 : 0; len < b.len; len++) {
            r = mrs_rd_init(b.data, len);
            assert_int_equal(mrs_names_read(&r, got, n, lens, LIMIT, &arena, &err),
                             MARS_ERR_CORRUPT);
            assert_null(arena);
        }
        mrs_buf_free(&b);
    }
    assert_int_equal(failing_alloc_live(), 0);
}

static void
names_that_do_not_ascend_are_not_written(void **state)
{
    static const char *const wrong[][2] = { { "b", "a" }, { "a", "a" }, { "ab", "a" }, { "", "a" },
                                            { "aaaaaaaab", "aaaaaaaaa" }, { "a", "" } };
    static const char long_name[MRS_NAME_BYTES_MAX + 1] = { 'x' };
    struct mrs_buf b = MRS_BUF_INIT(LIMIT);
    uint64_t lens[4];
    mars_error err;

    (void)state;
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        struct mrs_slice s[] = { slice(wrong[i][0]), slice(wrong[i][1]) };
        struct mrs_wr w = mrs_wr_init(&b, &err);

        mrs_names_write(&w, s, 2, lens);
        assert_int_equal(w.st, MARS_ERR_INTERNAL);
    }
    for (size_t over = 0; over < 2; over++) {
        struct mrs_slice s = { (const uint8_t *)long_name, MRS_NAME_BYTES_MAX + over };
        struct mrs_wr w = mrs_wr_init(&b, &err);

        mrs_names_write(&w, &s, 1, lens);
        assert_int_equal(w.st, over ? MARS_ERR_INTERNAL : MARS_OK);
    }
    mrs_buf_free(&b);
}

static mars_status
names(const void *bytes, size_t len, size_t n, size_t max)
{
    struct mrs_rd r = mrs_rd_init(bytes, len);
    struct mrs_slice s[8];
    uint64_t lens[16];
    uint8_t *arena;
    mars_error err;
    mars_status st = mrs_names_read(&r, s, n, lens, max, &arena, &err);

    mrs_free(arena);
    assert_int_equal(failing_alloc_live(), 0);
    return st;
}

static void
damaged_names_are_refused(void **state)
{
    (void)state;
    assert_int_equal(names("\x00\x00\x00\x01\x00" "ab", 7, 2, 9), MARS_OK);
    assert_int_equal(names("\x00\x00\x00\x01\x02" "ab", 7, 2, 9), MARS_ERR_CORRUPT);
    assert_int_equal(names("\x00\x00\x00\x01\x00" "ba", 7, 2, 9), MARS_ERR_CORRUPT);
    assert_int_equal(names("\x00\x00\x00\x01\x00" "aa", 7, 2, 9), MARS_ERR_CORRUPT);
    /* Adds nothing; the first shares with nobody; shares more than there is. */
    assert_int_equal(names("\x00\x00\x00\x00\x00", 5, 2, 9), MARS_ERR_CORRUPT);
    assert_int_equal(names("\x00\x01\x00\x01\x00" "ab", 7, 2, 9), MARS_ERR_CORRUPT);
    assert_int_equal(names("\x01\x00\x02\x08\x00\x01\x00" "ab", 9, 2, 9), MARS_ERR_CORRUPT);
    /* "ab", "ac": sharing 1 is right, sharing less than it could is damage. */
    assert_int_equal(names("\x01\x00\x01\x02\x01\x01\x01\x01\x00" "abc", 12, 2, 9), MARS_OK);
    assert_int_equal(names("\x00\x00\x00\x02\x00" "abac", 9, 2, 9), MARS_ERR_CORRUPT);
    /* One byte over the limit of joined bytes. */
    assert_int_equal(names("\x00\x00\x00\x01\x00" "ab", 7, 2, 1), MARS_ERR_CORRUPT);
    assert_int_equal(names("\x00\x00\x00\x01\x00" "ab", 7, 2, 2), MARS_OK);
    /* Packed: no alphabet, 17 letters, not ascending, an index past it, bits behind. */
    assert_int_equal(names("\x00\x00\x00\x01\x01\x03" "abc\x04", 10, 2, 9), MARS_OK);
    assert_int_equal(names("\x00\x00\x00\x01\x01\x00", 6, 2, 9), MARS_ERR_CORRUPT);
    assert_int_equal(names("\x00\x00\x00\x01\x01\x11" "abcdefghijklmnopq\x10\x00\x00", 26, 2, 9),
                     MARS_ERR_CORRUPT);
    assert_int_equal(names("\x00\x00\x00\x01\x01\x03" "acb\x08", 10, 2, 9), MARS_ERR_CORRUPT);
    assert_int_equal(names("\x00\x00\x00\x01\x01\x03" "abc\x0c", 10, 2, 9), MARS_ERR_CORRUPT);
    assert_int_equal(names("\x00\x00\x00\x01\x01\x03" "abc\x14", 10, 2, 9), MARS_ERR_CORRUPT);
}

static void
names_that_claim_too_much_allocate_nothing(void **state)
{
    struct mrs_buf b = MRS_BUF_INIT(LIMIT);
    struct mrs_wr w = mrs_wr_init(&b, NULL);
    uint64_t *lens = mrs_alloc_array(2 * MRS_LEAF_MAX, sizeof *lens);
    struct mrs_slice *s = mrs_alloc_array(MRS_LEAF_MAX, sizeof *s);
    uint8_t *arena;
    mars_error err;
    struct mrs_rd r;

    (void)state;
    /* "a", "aa", "aaa", ...: two gigabytes of names in 128 KiB. */
    for (size_t i = 0; i < MRS_LEAF_MAX; i++)
        lens[i] = i < MRS_NAME_BYTES_MAX ? i : i - 1;
    mrs_ints_write(&w, lens, MRS_NAME_BYTES_MAX, 0);
    mrs_wr_bytes(&w, "\x00\x01\x01\x01" "a", 5);
    assert_int_equal(w.st, MARS_OK);
    assert_in_range(b.len, 1000, 132000);
    r = mrs_rd_init(b.data, b.len);
    failing_alloc_arm(0);
    assert_int_equal(mrs_names_read(&r, s, MRS_NAME_BYTES_MAX, lens, (size_t)2 * MRS_NODE_MAX,
                                    &arena, &err),
                     MARS_ERR_CORRUPT);
    failing_alloc_arm(SIZE_MAX);
    /* 1,000 of them are in order. */
    mrs_buf_reset(&b);
    for (size_t i = 0; i < MANY; i++)
        lens[i] = i;
    mrs_ints_write(&w, lens, MANY, 0);
    mrs_wr_bytes(&w, "\x00\x01\x01\x01" "a", 5);
    r = mrs_rd_init(b.data, b.len);
    assert_int_equal(mrs_names_read(&r, s, MANY, lens, MANY * (MANY + 1) / 2, &arena, &err),
                     MARS_OK);
    assert_int_equal(s[MANY - 1].n, MANY);
    mrs_free(arena);
    mrs_free(lens);
    mrs_free(s);
    mrs_buf_free(&b);
    assert_int_equal(failing_alloc_live(), 0);
}

static void
names_survive_every_failing_allocation(void **state)
{
    static char text[MANY][24];
    struct mrs_slice s[MANY], got[MANY];
    uint64_t lens[2 * MANY];
    mars_status st = MARS_ERR_NOMEM;
    mars_error err;
    size_t n;

    (void)state;
    make_names(s, text, MANY, "0123456789", 10);
    for (n = 0; st != MARS_OK; n++) {
        struct mrs_buf b = MRS_BUF_INIT(LIMIT);
        struct mrs_wr w = mrs_wr_init(&b, &err);
        uint8_t *arena = NULL;

        assert_in_range(n, 0, 100);
        failing_alloc_arm(n);
        mrs_names_write(&w, s, MANY, lens);
        st = w.st;
        if (st == MARS_OK) {
            struct mrs_rd r = mrs_rd_init(b.data, b.len);

            st = mrs_names_read(&r, got, MANY, lens, LIMIT, &arena, &err);
        }
        assert_true(st == MARS_OK || st == MARS_ERR_NOMEM);
        mrs_free(arena);
        mrs_buf_free(&b);
        assert_int_equal(failing_alloc_live(), 0);
    }
    failing_alloc_arm(SIZE_MAX);
    assert_true(n > 3);
}

struct row {
    uint8_t small;
    uint32_t medium;
    uint64_t large;
    int64_t time;
};

static void
columns_of_each_width_go_into_rows_and_back(void **state)
{
    static const struct mrs_int_column columns[] = {
        { 200, offsetof(struct row, small), 1, 1, 0, 0 },
        { 999999999, offsetof(struct row, medium), 2, 4, 0, 0 },
        { UINT64_MAX, offsetof(struct row, large), 3, 8, 0, 0 },
        { 0, offsetof(struct row, time), 4, 8, 0, 1 },
    };
    struct row rows[] = { { 3, 999999999, UINT64_MAX, -5 }, { 200, 7, 1, INT64_MAX }, { 0 } };
    struct row got[3] = { { 0 } };
    uint64_t values[3];

    (void)state;
    for (size_t c = 0; c < 4; c++) {
        struct mrs_buf b = MRS_BUF_INIT(LIMIT);
        struct mrs_wr w = mrs_wr_init(&b, NULL);
        uint64_t joined = mrs_int_column_collect(&columns[c], rows, sizeof *rows, 3, values);
        struct mrs_rd r;

        assert_int_not_equal(joined, 0);
        mrs_int_column_write(&w, &columns[c], values, 3, joined);
        assert_int_equal(w.st, MARS_OK);
        r = mrs_rd_init(b.data, b.len);
        mrs_int_column_read(&r, &columns[c], got, sizeof *got, 3, values);
        assert_true(mrs_rd_done(&r));
        mrs_buf_free(&b);
    }
    for (size_t i = 0; i < 3; i++) {
        assert_int_equal(got[i].small, rows[i].small);
        assert_int_equal(got[i].medium, rows[i].medium);
        assert_int_equal(got[i].large, rows[i].large);
        assert_int_equal(got[i].time, rows[i].time);
    }
    memset(rows, 0, sizeof rows);
    assert_int_equal(mrs_int_column_collect(&columns[1], rows, sizeof *rows, 3, values), 0);
}

static void
values_over_the_maximum_of_their_column_are_refused(void **state)
{
    static const struct mrs_int_column column = { 1000, offsetof(struct row, medium), 9, 4, 0, 0 };
    struct row rows[2] = { { 0, 1000, 0, 0 }, { 0, 1001, 0, 0 } };
    struct mrs_buf b = MRS_BUF_INIT(LIMIT);
    mars_error err;
    uint64_t values[2], joined;

    (void)state;
    for (size_t n = 1; n <= 2; n++) {
        struct mrs_wr w = mrs_wr_init(&b, &err);

        joined = mrs_int_column_collect(&column, rows, sizeof *rows, n, values);
        mrs_int_column_write(&w, &column, values, n, joined);
        assert_int_equal(w.st, n == 1 ? MARS_OK : MARS_ERR_INTERNAL);
    }
    for (uint64_t over = 0; over < 2; over++) {
        struct mrs_wr w = mrs_wr_init(&b, &err);
        struct mrs_rd r;

        mrs_buf_reset(&b);
        values[0] = 3;
        values[1] = 1000 + over;
        mrs_ints_write(&w, values, 2, 0);
        r = mrs_rd_init(b.data, b.len);
        memset(rows, 0, sizeof rows);
        mrs_int_column_read(&r, &column, rows, sizeof *rows, 2, values);
        assert_int_equal(r.bad, over);
        assert_int_equal(rows[1].medium, over ? 0 : 1000);
    }
    mrs_buf_free(&b);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(equal_values_are_written_once),
        cmocka_unit_test(near_values_are_packed_by_their_distance_from_the_least),
        cmocka_unit_test(few_values_among_zeros_are_told_by_position),
        cmocka_unit_test(of_equally_short_encodings_the_lowest_is_taken),
        cmocka_unit_test(integers_of_every_width_come_back),
        cmocka_unit_test(the_extremes_of_signed_values_come_back),
        cmocka_unit_test(a_reader_takes_any_default_value),
        cmocka_unit_test(damaged_integers_are_refused),
        cmocka_unit_test(strings_come_back_as_slices_of_the_input),
        cmocka_unit_test(names_are_front_coded_and_packed_to_their_alphabet),
        cmocka_unit_test(names_come_back_in_either_coding),
        cmocka_unit_test(names_that_do_not_ascend_are_not_written),
        cmocka_unit_test(damaged_names_are_refused),
        cmocka_unit_test(names_that_claim_too_much_allocate_nothing),
        cmocka_unit_test(names_survive_every_failing_allocation),
        cmocka_unit_test(columns_of_each_width_go_into_rows_and_back),
        cmocka_unit_test(values_over_the_maximum_of_their_column_are_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
