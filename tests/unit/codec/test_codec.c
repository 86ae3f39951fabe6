#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "codec/codec.h"
#include "failing_alloc.h"

enum { LEN = 100000, LIMIT = 1 << 20 };

static const struct mrs_compression STORED = { MRS_CODEC_STORED, 0 };
static const struct mrs_compression LZ4 = { MRS_CODEC_LZ4, MRS_LZ4_FAST };
static const struct mrs_compression LZ4_HIGH = { MRS_CODEC_LZ4, MRS_LZ4_HIGH };

/* With working memory that lasts for one call. */
static mars_status
pack(const struct mrs_compression *how, const void *data, size_t n, struct mrs_buf *out,
     enum mrs_codec *used)
{
    struct mrs_codec_state s = { NULL };
    mars_status st = mrs_codec_pack(&s, how, data, n, out, used, NULL);

    mrs_codec_state_free(&s);
    return st;
}

static mars_status
unpack(uint8_t codec, const void *packed, size_t n, void *out, size_t raw_len, mars_error *err)
{
    struct mrs_codec_state s = { NULL };
    mars_status st = mrs_codec_unpack(&s, codec, packed, n, out, raw_len, err);

    mrs_codec_state_free(&s);
    return st;
}

/* SplitMix64: nothing that a codec could save on. */
static void
fill_noise(uint8_t *p, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        uint64_t z = (i + 1) * 0x9e3779b97f4a7c15;

        z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9;
        z = (z ^ z >> 27) * 0x94d049bb133111eb;
        p[i] = (uint8_t)(z ^ z >> 31);
    }
}

static void
fill_text(uint8_t *p, size_t n)
{
    fill_noise(p, n);
    for (size_t i = 0; i < n; i++)
        p[i] = (uint8_t)("the quick "[i % 10] + (p[i] < 8));
}

/* What comes out is what went in, on blocks of their own, so that overruns show. */
static void
assert_unpacks(enum mrs_codec codec, const uint8_t *packed, size_t n, const uint8_t *data,
               size_t raw_len)
{
    uint8_t *in = malloc(n + 1), *out = malloc(raw_len + 1);

    assert_true(in != NULL && out != NULL);
    in = realloc(in, n != 0 ? n : 1);
    assert_non_null(in);
    if (n > 0)
        memcpy(in, packed, n);
    out[raw_len] = 0xee;
    assert_int_equal(unpack((uint8_t)codec, in, n, out, raw_len, NULL), MARS_OK);
    assert_memory_equal(out, data, raw_len);
    assert_int_equal(out[raw_len], 0xee);
    free(in);
    free(out);
}

static void
codecs_have_the_numbers_of_the_format(void **state)
{
    (void)state;
    assert_int_equal(MRS_CODEC_STORED, 0);
    assert_int_equal(MRS_CODEC_LZ4, 1);
    assert_int_equal(MRS_CODEC_ZSTD, 2);
}

static void
text_is_packed_by_lz4_and_comes_back(void **state)
{
    static uint8_t data[LEN];
    struct mrs_buf out = MRS_BUF_INIT(LIMIT);

    (void)state;
    fill_text(data, LEN);
    for (size_t n = 200; n <= LEN; n = n * 5 / 2) {
        enum mrs_codec used = MRS_CODEC_STORED;

        mrs_buf_reset(&out);
        assert_int_equal(pack(&LZ4, data, n, &out, &used), MARS_OK);
        assert_int_equal(used, MRS_CODEC_LZ4);
        assert_in_range(out.len, 1, n - n / 32);
        assert_unpacks(used, out.data, out.len, data, n);
    }
    mrs_buf_free(&out);
}

static void
every_length_comes_back(void **state)
{
    const struct mrs_compression *const wants[] = { &STORED, &LZ4, &LZ4_HIGH };
    struct mrs_buf out = MRS_BUF_INIT(LIMIT);
    uint8_t text[300], noise[300];

    (void)state;
    fill_text(text, sizeof text);
    fill_noise(noise, sizeof noise);
    for (size_t i = 0; i < 6 * (sizeof text + 1); i++) {
        const struct mrs_compression *want = wants[i % 3];
        const uint8_t *data = i / 3 % 2 != 0 ? text : noise;
        enum mrs_codec used;

        mrs_buf_reset(&out);
        assert_int_equal(pack(want, data, i / 6, &out, &used), MARS_OK);
        assert_true(used == want->codec || used == MRS_CODEC_STORED);
        assert_in_range(out.len, 0, i / 6);
        assert_unpacks(used, out.data, out.len, data, i / 6);
    }
    mrs_buf_free(&out);
}

static void
what_does_not_shrink_is_stored_as_it_is(void **state)
{
    static uint8_t data[LEN];
    struct mrs_buf out = MRS_BUF_INIT(LEN); /* and takes no more room than that */
    enum mrs_codec used = MRS_CODEC_LZ4;

    (void)state;
    fill_noise(data, LEN);
    assert_int_equal(pack(&LZ4, data, LEN, &out, &used), MARS_OK);
    assert_int_equal(used, MRS_CODEC_STORED);
    assert_int_equal(out.len, LEN);
    assert_memory_equal(out.data, data, LEN);
    mrs_buf_free(&out);
}

/* Noise with ever more zeros behind it: LZ4 is kept from the first length on that saves 1/32. */
static void
less_than_one_part_in_32_is_not_worth_it(void **state)
{
    static uint8_t data[32 * 320];
    struct mrs_buf out = MRS_BUF_INIT(LIMIT);
    size_t most = sizeof data - sizeof data / 32, longest = 0;

    (void)state;
    fill_noise(data, sizeof data);
    for (size_t zeros = 0; zeros <= 640; zeros++) {
        enum mrs_codec used;

        memset(data + sizeof data - zeros, 0, zeros);
        mrs_buf_reset(&out);
        assert_int_equal(pack(&LZ4, data, sizeof data, &out, &used),
                         MARS_OK);
        if (used == MRS_CODEC_LZ4 && out.len > longest)
            longest = out.len;
        assert_true(used == MRS_CODEC_LZ4 || zeros < 420); /* 320 and what LZ4 adds to noise */
    }
    assert_in_range(longest, most - 8, most); /* LZ4 gives up a little before its room ends */
    mrs_buf_free(&out);
}

static void
stored_is_stored_also_where_it_would_shrink(void **state)
{
    struct mrs_buf out = MRS_BUF_INIT(LIMIT);
    enum mrs_codec used = MRS_CODEC_LZ4;
    uint8_t zeros[1000] = { 0 };

    (void)state;
    assert_int_equal(pack(&STORED, zeros, sizeof zeros, &out, &used),
                     MARS_OK);
    assert_int_equal(used, MRS_CODEC_STORED);
    assert_int_equal(out.len, sizeof zeros);
    assert_memory_equal(out.data, zeros, sizeof zeros);
    mrs_buf_free(&out);
}

static void
pack_appends(void **state)
{
    struct mrs_buf out = MRS_BUF_INIT(LIMIT);
    uint8_t zeros[1000] = { 0 };
    enum mrs_codec used;
    size_t second;

    (void)state;
    assert_int_equal(mrs_buf_append(&out, "head", 4, NULL), MARS_OK);
    assert_int_equal(pack(&LZ4, zeros, sizeof zeros, &out, &used),
                     MARS_OK);
    second = out.len;
    assert_int_equal(used, MRS_CODEC_LZ4);
    assert_int_equal(pack(&STORED, "tail", 4, &out, &used), MARS_OK);
    assert_int_equal(out.len, second + 4);
    assert_memory_equal(out.data, "head", 4);
    assert_memory_equal(out.data + second, "tail", 4);
    assert_unpacks(MRS_CODEC_LZ4, out.data + 4, second - 4, zeros, sizeof zeros);
    mrs_buf_free(&out);
}

/* An LZ4 block by hand: 4 literals, a match of 6 at offset 4, 12 last literals. */
static const uint8_t BLOCK[] = { 0x42, 'a', 'b', 'c', 'd', 4,   0,   0xc0, 'm', 'n',
                                 'o',  'p', 'q', 'r', 's', 't', 'u', 'v',  'w', 'x' };
static const uint8_t PLAIN[] = "abcdabcdabmnopqrstuvwx";

static void
a_block_made_by_hand_unpacks(void **state)
{
    (void)state;
    assert_unpacks(MRS_CODEC_LZ4, BLOCK, sizeof BLOCK, PLAIN, sizeof PLAIN - 1);
}

static void
any_other_length_is_corrupt(void **state)
{
    uint8_t out[2 * sizeof PLAIN];
    mars_error err;

    (void)state;
    for (size_t raw = 0; raw < sizeof out; raw++)
        for (size_t n = 0; n <= sizeof BLOCK; n++) {
            mars_status st;

            memset(out, 0xee, sizeof out);
            st = unpack(MRS_CODEC_LZ4, BLOCK, n, out, raw, &err);
            if ((n == sizeof BLOCK && raw == sizeof PLAIN - 1) ||
                (n == 5 && raw == 4)) /* the first literals alone are a block, too */
                assert_int_equal(st, MARS_OK);
            else
                assert_int_equal(st, MARS_ERR_CORRUPT);
            for (size_t i = raw; i < sizeof out; i++)
                assert_int_equal(out[i], 0xee);
            st = unpack(MRS_CODEC_STORED, BLOCK, n, out, raw, &err);
            assert_int_equal(st, n == raw ? MARS_OK : MARS_ERR_CORRUPT);
        }
    assert_int_equal(err.status, MARS_ERR_CORRUPT);
}

/* Garbage may unpack to garbage of the right length, but never beside its block. */
static void
changed_bytes_stay_within_bounds(void **state)
{
    struct mrs_buf packed = MRS_BUF_INIT(LIMIT);
    uint8_t data[600], *in, *out = malloc(sizeof data);
    enum mrs_codec used;

    (void)state;
    fill_text(data, sizeof data);
    assert_int_equal(pack(&LZ4, data, sizeof data, &packed, &used),
                     MARS_OK);
    assert_int_equal(used, MRS_CODEC_LZ4);
    in = malloc(packed.len);
    assert_true(in != NULL && out != NULL);
    for (size_t i = 0; i < packed.len; i++)
        for (unsigned bit = 0; bit < 8; bit++) {
            mars_status st;

            memcpy(in, packed.data, packed.len);
            in[i] ^= (uint8_t)(1u << bit);
            st = unpack(MRS_CODEC_LZ4, in, packed.len, out, sizeof data, NULL);
            assert_true(st == MARS_OK || st == MARS_ERR_CORRUPT);
        }
    free(in);
    free(out);
    mrs_buf_free(&packed);
}

static void
codecs_that_are_not_there_are_unsupported(void **state)
{
    struct mrs_buf out = MRS_BUF_INIT(LIMIT);
    enum mrs_codec used;
    uint8_t byte;
    mars_error err;

    (void)state;
    for (unsigned codec = 3; codec < 256; codec++) {
        assert_int_equal(unpack((uint8_t)codec, "x", 1, &byte, 1, &err),
                         MARS_ERR_UNSUPPORTED);
        assert_int_equal(err.status, MARS_ERR_UNSUPPORTED);
    }
    assert_int_equal(pack(&(struct mrs_compression){ (enum mrs_codec)3, 0 }, "x", 1, &out, &used),
                     MARS_ERR_UNSUPPORTED);
    assert_int_equal(out.len, 0);
    mrs_buf_free(&out);
}

static void
pack_leaves_the_buffer_alone_where_there_is_no_room(void **state)
{
    struct mrs_buf out = MRS_BUF_INIT(100);
    uint8_t noise[100];
    enum mrs_codec used;

    (void)state;
    fill_noise(noise, sizeof noise);
    assert_int_equal(mrs_buf_append(&out, "head", 4, NULL), MARS_OK);
    assert_int_not_equal(pack(&LZ4, noise, 97, &out, &used), MARS_OK);
    assert_int_equal(out.len, 4);
    assert_memory_equal(out.data, "head", 4);
    assert_int_equal(pack(&LZ4, noise, 96, &out, &used), MARS_OK);
    assert_int_equal(out.len, 100);
    mrs_buf_free(&out);
}

/* Repetitions farther apart than one kind of match finder looks. */
static void
high_is_smaller_than_fast_and_is_the_same_codec(void **state)
{
    static uint8_t data[LEN];
    struct mrs_buf fast = MRS_BUF_INIT(LIMIT), high = MRS_BUF_INIT(LIMIT);
    enum mrs_codec used;

    (void)state;
    fill_text(data, LEN);
    assert_int_equal(pack(&LZ4, data, LEN, &fast, &used), MARS_OK);
    assert_int_equal(pack(&LZ4_HIGH, data, LEN, &high, &used), MARS_OK);
    assert_int_equal(used, MRS_CODEC_LZ4);
    assert_in_range(high.len, 1, fast.len - fast.len / 10);
    assert_unpacks(used, high.data, high.len, data, LEN);
    mrs_buf_free(&fast);
    mrs_buf_free(&high);
}

/* Noise around what shrinks, where the sample does not see it. */
static void
a_slow_level_finds_what_shrinks_beside_its_sample(void **state)
{
    static uint8_t data[4 * LEN];
    struct mrs_buf out = MRS_BUF_INIT(LIMIT);
    enum mrs_codec used;

    (void)state;
    fill_noise(data, sizeof data);
    memset(data, 0, LEN);
    assert_int_equal(pack(&LZ4_HIGH, data, sizeof data, &out, &used), MARS_OK);
    assert_int_equal(used, MRS_CODEC_LZ4);
    assert_in_range(out.len, 3 * LEN, 3 * LEN + LEN / 20);
    assert_unpacks(used, out.data, out.len, data, sizeof data);
    fill_noise(data, LEN);
    mrs_buf_reset(&out);
    assert_int_equal(pack(&LZ4_HIGH, data, sizeof data, &out, &used), MARS_OK);
    assert_int_equal(used, MRS_CODEC_STORED);
    mrs_buf_free(&out);
}

static void
levels_have_bounds(void **state)
{
    static const struct mrs_compression beyond[] = {
        { MRS_CODEC_STORED, 1 }, { MRS_CODEC_LZ4, 13 }, { MRS_CODEC_ZSTD, 0 },
        { MRS_CODEC_ZSTD, 20 }, { MRS_CODEC_ZSTD, UINT32_MAX },
    };
    struct mrs_buf out = MRS_BUF_INIT(LIMIT);
    enum mrs_codec used;

    (void)state;
    for (size_t i = 0; i < sizeof beyond / sizeof beyond[0]; i++)
        assert_int_equal(pack(&beyond[i], "x", 1, &out, &used), MARS_ERR_INVALID_ARG);
    assert_int_equal(out.len, 0);
    for (uint32_t level = 0; level <= MRS_LZ4_LEVEL_MAX; level++)
        assert_int_equal(pack(&(struct mrs_compression){ MRS_CODEC_LZ4, level }, "x", 1, &out,
                              &used),
                         MARS_OK);
    mrs_buf_free(&out);
}

/* One state through text, noise and text again, and all that it held is given back. */
static void
working_memory_serves_blob_after_blob(void **state)
{
    const struct mrs_compression *const hows[] = { &LZ4, &LZ4_HIGH, &STORED };
    static uint8_t data[LEN];
    struct mrs_codec_state s = { NULL };
    struct mrs_buf out = MRS_BUF_INIT(LIMIT);
    size_t live = failing_alloc_live();

    (void)state;
    for (size_t i = 0; i < 12; i++) {
        enum mrs_codec used;

        if (i % 2 == 0)
            fill_text(data, LEN);
        else
            fill_noise(data, LEN);
        mrs_buf_reset(&out);
        assert_int_equal(mrs_codec_pack(&s, hows[i % 3], data, LEN, &out, &used, NULL), MARS_OK);
        assert_unpacks(used, out.data, out.len, data, LEN);
    }
    mrs_buf_free(&out);
    mrs_codec_state_free(&s);
    assert_int_equal(failing_alloc_live(), live);
    mrs_codec_state_free(&s);
}

static void
pack_survives_every_failing_allocation(void **state)
{
    const struct mrs_compression *const wants[] = { &STORED, &LZ4, &LZ4_HIGH };
    size_t before = failing_alloc_live();
    uint8_t data[1000];

    (void)state;
    fill_text(data, sizeof data);
    for (size_t i = 0; i < 3; i++) {
        mars_status st = MARS_ERR_NOMEM;
        size_t n;

        for (n = 0; st != MARS_OK; n++) {
            struct mrs_buf out = MRS_BUF_INIT(LIMIT);
            enum mrs_codec used;

            assert_in_range(n, 0, 100);
            failing_alloc_arm(n);
            st = pack(wants[i], data, sizeof data, &out, &used);
            assert_int_equal(st, failing_alloc_hit() ? MARS_ERR_NOMEM : MARS_OK);
            assert_true(st == MARS_OK || out.len == 0);
            mrs_buf_free(&out);
            assert_int_equal(failing_alloc_live(), before);
        }
        failing_alloc_arm(SIZE_MAX);
        assert_in_range(n, 2, 100);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(codecs_have_the_numbers_of_the_format),
        cmocka_unit_test(text_is_packed_by_lz4_and_comes_back),
        cmocka_unit_test(every_length_comes_back),
        cmocka_unit_test(what_does_not_shrink_is_stored_as_it_is),
        cmocka_unit_test(less_than_one_part_in_32_is_not_worth_it),
        cmocka_unit_test(stored_is_stored_also_where_it_would_shrink),
        cmocka_unit_test(pack_appends),
        cmocka_unit_test(a_block_made_by_hand_unpacks),
        cmocka_unit_test(any_other_length_is_corrupt),
        cmocka_unit_test(changed_bytes_stay_within_bounds),
        cmocka_unit_test(codecs_that_are_not_there_are_unsupported),
        cmocka_unit_test(pack_leaves_the_buffer_alone_where_there_is_no_room),
        cmocka_unit_test(high_is_smaller_than_fast_and_is_the_same_codec),
        cmocka_unit_test(a_slow_level_finds_what_shrinks_beside_its_sample),
        cmocka_unit_test(levels_have_bounds),
        cmocka_unit_test(working_memory_serves_blob_after_blob),
        cmocka_unit_test(pack_survives_every_failing_allocation),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
