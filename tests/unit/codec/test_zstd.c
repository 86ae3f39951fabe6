#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "codec/codec.h"
#include "failing_alloc.h"

enum { LEN = 300000, LIMIT = 1 << 20 };

static const uint8_t BEGINNING[] = { 0x28, 0xb5, 0x2f, 0xfd, 0 };
static struct mrs_codec_state codec; /* one for all tests, as a worker has it */

/* A build without zstd has nothing to test here but that it says so. */
static bool
has_zstd(void)
{
    static const struct mrs_compression how = { MRS_CODEC_ZSTD, MRS_ZSTD_LEVEL };

    return mrs_compression_check(&how, NULL) == MARS_OK;
}

static int
free_codec(void **state)
{
    (void)state;
    mrs_codec_state_free(&codec);
    return 0;
}

static void
fill_noise(uint8_t *p, size_t n)
{
    uint64_t x = 1;

    for (size_t i = 0; i < n; i++) {
        x = x * 6364136223846793005 + 1442695040888963407;
        p[i] = (uint8_t)(x >> 56);
    }
}

static void
fill_text(uint8_t *p, size_t n)
{
    fill_noise(p, n);
    for (size_t i = 0; i < n; i++)
        p[i] = (uint8_t)("the quick "[i % 10] + (p[i] < 8));
}

static mars_status
pack(uint32_t level, const void *data, size_t n, struct mrs_buf *out, enum mrs_codec *used)
{
    struct mrs_compression how = { MRS_CODEC_ZSTD, level };

    mrs_buf_reset(out);
    return mrs_codec_pack(&codec, &how, data, n, out, used, NULL);
}

/* On blocks of their own, so that overruns show. */
static mars_status
unpack(const uint8_t *packed, size_t n, size_t raw_len, const uint8_t *want)
{
    uint8_t *in = malloc(n > 0 ? n : 1), *out = malloc(raw_len + 1);
    mars_status st;

    assert_true(in != NULL && out != NULL);
    if (n > 0)
        memcpy(in, packed, n);
    out[raw_len] = 0xee;
    st = mrs_codec_unpack(&codec, MRS_CODEC_ZSTD, in, n, out, raw_len, NULL);
    assert_int_equal(out[raw_len], 0xee);
    if (st == MARS_OK && want != NULL)
        assert_memory_equal(out, want, raw_len);
    free(in);
    free(out);
    return st;
}

static void
a_build_without_it_says_so_by_name(void **state)
{
    struct mrs_buf out = MRS_BUF_INIT(LIMIT);
    enum mrs_codec used;
    uint8_t byte;
    mars_error err;

    (void)state;
    if (has_zstd())
        return;
    assert_int_equal(pack(3, "x", 1, &out, &used), MARS_ERR_UNSUPPORTED);
    assert_int_equal(mrs_codec_unpack(&codec, MRS_CODEC_ZSTD, "x", 1, &byte, 1, &err),
                     MARS_ERR_UNSUPPORTED);
    assert_non_null(strstr(err.message, "zstd"));
    mrs_buf_free(&out);
}

static void
text_comes_back_at_every_level(void **state)
{
    struct mrs_buf out = MRS_BUF_INIT(LIMIT);
    uint8_t *data = malloc(LEN);
    enum mrs_codec used;

    (void)state;
    assert_non_null(data);
    fill_text(data, LEN);
    for (uint32_t level = 1; has_zstd() && level <= MRS_ZSTD_LEVEL_MAX; level++) {
        assert_int_equal(pack(level, data, LEN, &out, &used), MARS_OK);
        assert_int_equal(used, MRS_CODEC_ZSTD);
        assert_in_range(out.len, 1, LEN / 3);
        assert_memory_equal(out.data, BEGINNING, sizeof BEGINNING);
        assert_int_equal(unpack(out.data, out.len, LEN, data), MARS_OK);
    }
    free(data);
    mrs_buf_free(&out);
}

static void
every_length_comes_back(void **state)
{
    struct mrs_buf out = MRS_BUF_INIT(LIMIT);
    uint8_t text[300], noise[300];

    (void)state;
    fill_text(text, sizeof text);
    fill_noise(noise, sizeof noise);
    for (size_t i = 0; has_zstd() && i < 2 * (sizeof text + 1); i++) {
        const uint8_t *data = i % 2 != 0 ? text : noise;
        enum mrs_codec used;

        assert_int_equal(pack((uint32_t)(1 + i % 19), data, i / 2, &out, &used), MARS_OK);
        assert_in_range(out.len, 0, i / 2);
        if (used == MRS_CODEC_ZSTD)
            assert_int_equal(unpack(out.data, out.len, i / 2, data), MARS_OK);
        else
            assert_memory_equal(out.data, data, i / 2);
    }
    mrs_buf_free(&out);
}

/* And what was broken off for want of room does not touch the next blob. */
static void
noise_is_stored_and_text_behind_it_packed(void **state)
{
    struct mrs_buf out = MRS_BUF_INIT(LIMIT);
    uint8_t *noise = malloc(LEN), *text = malloc(LEN);
    enum mrs_codec used;

    (void)state;
    assert_true(noise != NULL && text != NULL);
    fill_noise(noise, LEN);
    fill_text(text, LEN);
    for (uint32_t level = 1; has_zstd() && level <= 10; level += 3) {
        assert_int_equal(pack(level, noise, LEN, &out, &used), MARS_OK);
        assert_int_equal(used, MRS_CODEC_STORED);
        assert_int_equal(out.len, LEN);
        assert_memory_equal(out.data, noise, LEN);
        assert_int_equal(pack(level, text, LEN, &out, &used), MARS_OK);
        assert_int_equal(used, MRS_CODEC_ZSTD);
        assert_int_equal(unpack(out.data, out.len, LEN, text), MARS_OK);
    }
    free(noise);
    free(text);
    mrs_buf_free(&out);
}

/* Frames by hand: a block of raw bytes, and one that repeats a byte. */
static const uint8_t RAW[] = { 0x28, 0xb5, 0x2f, 0xfd, 0, 0, 0x29, 0, 0, 'h', 'e', 'l', 'l', 'o' };
static const uint8_t REPEATED[] = { 0x28, 0xb5, 0x2f, 0xfd, 0, 0, 0x23, 0, 0, 'a' };

static void
frames_made_by_hand_unpack(void **state)
{
    (void)state;
    if (!has_zstd())
        return;
    assert_int_equal(unpack(RAW, sizeof RAW, 5, (const uint8_t *)"hello"), MARS_OK);
    assert_int_equal(unpack(REPEATED, sizeof REPEATED, 4, (const uint8_t *)"aaaa"), MARS_OK);
    for (size_t raw = 0; raw < 10; raw++)
        for (size_t n = 0; n <= sizeof RAW; n++)
            assert_int_equal(unpack(RAW, n, raw, NULL), n == sizeof RAW && raw == 5
                                                            ? MARS_OK
                                                            : MARS_ERR_CORRUPT);
}

static void
assert_refused(const void *frame, size_t n, size_t raw_len)
{
    size_t live = failing_alloc_live();

    assert_int_equal(unpack(frame, n, raw_len, NULL), MARS_ERR_CORRUPT);
    assert_int_equal(failing_alloc_live(), live);
}

/* What zstd itself would read. */
static void
frames_of_another_form_are_refused_before_memory_is_taken(void **state)
{
    /* one segment of a known size; a checksum; a dictionary; a window of 9 MiB, and the largest */
    static const uint8_t sized[] = { 0x28, 0xb5, 0x2f, 0xfd, 0x20, 5, 0x29, 0, 0, 'h', 'e', 'l',
                                     'l', 'o' };
    static const uint8_t checked[] = { 0x28, 0xb5, 0x2f, 0xfd, 4, 0, 0x29, 0, 0, 'h', 'e', 'l',
                                       'l', 'o', 0x3b, 0xd2, 0x7c, 0x26 };
    static const uint8_t dictionary[] = { 0x28, 0xb5, 0x2f, 0xfd, 1, 0, 7, 0x29, 0, 0, 'h', 'e',
                                          'l', 'l', 'o' };
    static const uint8_t skippable[] = { 0x50, 0x2a, 0x4d, 0x18, 1, 0, 0, 0, 'x' };
    uint8_t frame[sizeof RAW + sizeof skippable];

    (void)state;
    if (!has_zstd())
        return;
    mrs_codec_state_free(&codec);
    assert_refused(sized, sizeof sized, 5);
    assert_refused(checked, sizeof checked, 5);
    assert_refused(dictionary, sizeof dictionary, 5);
    memcpy(frame, RAW, sizeof RAW);
    frame[5] = 105;
    assert_refused(frame, sizeof RAW, 5);
    frame[5] = 0xff;
    assert_refused(frame, sizeof RAW, 5);
    frame[5] = 104;
    memcpy(frame + sizeof RAW, skippable, sizeof skippable);
    assert_refused(frame, sizeof frame, 5);
    assert_refused(frame, sizeof RAW + 1, 5);
    assert_refused("", 0, 0);
    assert_int_equal(unpack(frame, sizeof RAW, 5, NULL), MARS_OK);
}

/* Garbage may unpack to garbage of the right length, but never beside its block. */
static void
changed_bytes_stay_within_bounds(void **state)
{
    struct mrs_buf out = MRS_BUF_INIT(LIMIT);
    uint8_t data[600];
    enum mrs_codec used;

    (void)state;
    if (!has_zstd())
        return;
    fill_text(data, sizeof data);
    assert_int_equal(pack(3, data, sizeof data, &out, &used), MARS_OK);
    for (size_t i = 0; i < out.len; i++)
        for (unsigned bit = 0; bit < 8; bit++) {
            mars_status st;

            out.data[i] ^= (uint8_t)(1u << bit);
            st = unpack(out.data, out.len, sizeof data, NULL);
            assert_true(st == MARS_OK || st == MARS_ERR_CORRUPT);
            out.data[i] ^= (uint8_t)(1u << bit);
        }
    mrs_buf_free(&out);
}

static mars_status
there_and_back(const uint8_t *data, size_t n, uint8_t *back)
{
    static const struct mrs_compression how = { MRS_CODEC_ZSTD, MRS_ZSTD_LEVEL };
    struct mrs_codec_state s = { NULL };
    struct mrs_buf out = MRS_BUF_INIT(LIMIT);
    enum mrs_codec used;
    mars_status st = mrs_codec_pack(&s, &how, data, n, &out, &used, NULL);

    if (st == MARS_OK)
        st = mrs_codec_unpack(&s, (uint8_t)used, out.data, out.len, back, n, NULL);
    mrs_buf_free(&out);
    mrs_codec_state_free(&s);
    return st;
}

static void
it_survives_every_failing_allocation(void **state)
{
    size_t before = failing_alloc_live(), n;
    uint8_t data[1000], back[1000];
    mars_status st = MARS_ERR_NOMEM;

    (void)state;
    if (!has_zstd())
        return;
    fill_text(data, sizeof data);
    for (n = 0; st != MARS_OK; n++) {
        assert_in_range(n, 0, 100);
        failing_alloc_arm(n);
        st = there_and_back(data, sizeof data, back);
        assert_int_equal(st, failing_alloc_hit() ? MARS_ERR_NOMEM : MARS_OK);
        assert_int_equal(failing_alloc_live(), before);
    }
    failing_alloc_arm(SIZE_MAX);
    assert_in_range(n, 4, 100);
    assert_memory_equal(back, data, sizeof data);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_build_without_it_says_so_by_name),
        cmocka_unit_test(text_comes_back_at_every_level),
        cmocka_unit_test(every_length_comes_back),
        cmocka_unit_test(noise_is_stored_and_text_behind_it_packed),
        cmocka_unit_test(frames_made_by_hand_unpack),
        cmocka_unit_test(frames_of_another_form_are_refused_before_memory_is_taken),
        cmocka_unit_test(changed_bytes_stay_within_bounds),
        cmocka_unit_test(it_survives_every_failing_allocation),
    };

    return cmocka_run_group_tests(tests, NULL, free_codec);
}
