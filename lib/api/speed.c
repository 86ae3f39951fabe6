#include "api/speed.h"

#include <string.h>

#include "base/alloc.h"
#include "base/err.h"
#include "chunk/cut.h"
#include "crypto/aead.h"
#include "crypto/digest.h"
#include "platform/random.h"

/* The chunk sizes of a backup of files. */
enum { CUT_MIN = 512 << 10, CHUNK = 1 << 20, CUT_MAX = 8 << 20 };
enum { WORDS = 1024, WORD_MAX = 12, RECENT = 4096 };

static const struct mrs_speed_kind kinds[] = {
    { .work = MARS_BENCHMARK_CHUNK },
    { .work = MARS_BENCHMARK_HASH },
    { MARS_BENCHMARK_PACK, "lz4", { MRS_CODEC_LZ4, MRS_LZ4_FAST } },
    { MARS_BENCHMARK_UNPACK, "lz4", { MRS_CODEC_LZ4, MRS_LZ4_FAST } },
    { MARS_BENCHMARK_PACK, "lz4hc", { MRS_CODEC_LZ4, MRS_LZ4_HIGH } },
    { MARS_BENCHMARK_UNPACK, "lz4hc", { MRS_CODEC_LZ4, MRS_LZ4_HIGH } },
    { .work = MARS_BENCHMARK_SEAL },
    { .work = MARS_BENCHMARK_OPEN },
    { MARS_BENCHMARK_PACK, "zstd", { MRS_CODEC_ZSTD, MRS_ZSTD_LEVEL } },
    { MARS_BENCHMARK_UNPACK, "zstd", { MRS_CODEC_ZSTD, MRS_ZSTD_LEVEL } },
};

size_t
mrs_speed_count(void)
{
    size_t n = sizeof kinds / sizeof kinds[0];

    /* Those that a build may lack stand last. */
    while (mrs_compression_check(&kinds[n - 1].how, NULL) != MARS_OK)
        n--;
    return n;
}

const struct mrs_speed_kind *
mrs_speed_kind_at(size_t i)
{
    return &kinds[i];
}

struct mrs_speed {
    const struct mrs_speed_kind *kind;
    const uint8_t *sample;
    size_t at;                /* the chunk of the sample that is next */
    struct mrs_cutter cutter;
    struct mrs_hmac *hmac;
    struct mrs_aead *aead;
    uint64_t counter;         /* of what was sealed; the key is this thread's alone */
    struct mrs_codec_state codec;
    struct mrs_buf packed;    /* by the codec, or sealed */
    enum mrs_codec used;
    uint8_t *plain;           /* a chunk, unpacked or opened */
};

/* SplitMix64: the same sample everywhere. */
static uint64_t
next(uint64_t *state)
{
    uint64_t z = *state += 0x9e3779b97f4a7c15;

    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9;
    z = (z ^ z >> 27) * 0x94d049bb133111eb;
    return z ^ z >> 31;
}

/* A word of at most WORD_MAX bytes, common ones often: each index makes always the same. */
static size_t
put_word(uint8_t *out, uint64_t random)
{
    uint64_t u = random % WORDS, word = u * u / WORDS;
    size_t n = 2 + (size_t)(next(&word) % (WORD_MAX - 2));

    for (size_t i = 0; i < n; i++)
        out[i] = (uint8_t)('a' + next(&word) % 26);
    return n;
}

void
mrs_speed_sample(uint8_t sample[MRS_SPEED_SAMPLE])
{
    uint64_t state = 1;
    size_t at = 0;

    /* A piece has 64 bytes at most. */
    while (at + 64 <= MRS_SPEED_SAMPLE) {
        uint64_t r = next(&state);
        size_t n = 12 + (r >> 8 & 31), back = 64 + (r >> 16) % RECENT;

        if ((r & 15) < 6 && back <= at)
            memcpy(sample + at, sample + at - back, n);
        else if ((r & 15) < 14)
            n = put_word(sample + at, r >> 16);
        else
            for (n = 0; n < 4; n++)
                sample[at + n] = (uint8_t)('0' + (r >> (16 + 4 * n) & 7));
        at += n;
        sample[at++] = (r & 0xf0) == 0 ? '\n' : ' ';
    }
    memset(sample + at, '\n', MRS_SPEED_SAMPLE - at);
}

static mars_status
make_cutter(struct mrs_cutter *c, mars_error *err)
{
    uint8_t gear[2048];
    uint64_t state = 2;

    for (size_t i = 0; i < sizeof gear; i++)
        gear[i] = (uint8_t)next(&state);
    return mrs_cutter_init(c, gear, CUT_MIN, CHUNK, CUT_MAX, err);
}

static mars_status
pack(struct mrs_speed *s, const uint8_t *data, mars_error *err)
{
    mrs_buf_reset(&s->packed);
    return mrs_codec_pack(&s->codec, &s->kind->how, data, CHUNK, &s->packed, &s->used, err);
}

static mars_status
seal(struct mrs_speed *s, const uint8_t *data, mars_error *err)
{
    return mrs_aead_seal(s->aead, s->counter++, NULL, 0, data, CHUNK, s->packed.data, err);
}

/* What the steps take; unpacking and opening want something that was packed or sealed. */
static mars_status
prepare(struct mrs_speed *s, mars_error *err)
{
    static const uint8_t id_key[MRS_KEY_SIZE] = { 1 };
    uint8_t key[MRS_KEY_SIZE];
    mars_status st = mrs_random_fill(key, sizeof key, err);

    if (st == MARS_OK)
        st = make_cutter(&s->cutter, err);
    if (st == MARS_OK)
        st = mrs_hmac_new(&s->hmac, id_key, sizeof id_key, err);
    if (st == MARS_OK)
        st = mrs_aead_new(&s->aead, key, err);
    if (st == MARS_OK)
        st = mrs_buf_resize(&s->packed, CHUNK + MRS_TAG_SIZE, err);
    if (st == MARS_OK && s->kind->work == MARS_BENCHMARK_UNPACK)
        st = pack(s, s->sample, err);
    if (st == MARS_OK && s->kind->work == MARS_BENCHMARK_OPEN)
        st = seal(s, s->sample, err);
    mrs_wipe(key, sizeof key);
    return st;
}

mars_status
mrs_speed_new(struct mrs_speed **out, const struct mrs_speed_kind *kind, const uint8_t *sample,
              mars_error *err)
{
    struct mrs_speed *s = mrs_alloc(sizeof *s);
    mars_status st;

    *out = NULL;
    if (s == NULL)
        return mrs_nomem(err);
    s->kind = kind;
    s->sample = sample;
    s->packed = (struct mrs_buf)MRS_BUF_INIT(2 * CHUNK);
    s->plain = mrs_alloc(CHUNK);
    st = s->plain != NULL ? prepare(s, err) : mrs_nomem(err);
    if (st == MARS_OK)
        *out = s;
    else
        mrs_speed_free(s);
    return st;
}

void
mrs_speed_free(struct mrs_speed *s)
{
    if (s == NULL)
        return;
    mrs_hmac_free(s->hmac);
    mrs_aead_free(s->aead);
    mrs_codec_state_free(&s->codec);
    mrs_buf_free(&s->packed);
    mrs_free(s->plain);
    mrs_free(s);
}

/* Every byte is looked at once, as in a backup. */
static void
cut_all(const struct mrs_speed *s)
{
    struct mrs_cut_mark marks[512];
    size_t from = MRS_CUT_WINDOW - 1, start = 0;

    while (from < MRS_SPEED_SAMPLE) {
        size_t n = mrs_cut_marks(&s->cutter, s->sample, MRS_SPEED_SAMPLE, &from, marks, 512);

        for (size_t i = 0; i < n; i++)
            if (mrs_cut_ends(&s->cutter, marks[i].at - start, marks[i].strict))
                start = marks[i].at;
    }
}

mars_status
mrs_speed_step(struct mrs_speed *s, uint64_t *done, mars_error *err)
{
    const uint8_t *data = s->sample + s->at;
    uint8_t id[MRS_DIGEST_SIZE];
    mars_status st = MARS_OK;

    switch (s->kind->work) {
    case MARS_BENCHMARK_CHUNK:
        cut_all(s);
        *done += MRS_SPEED_SAMPLE;
        return MARS_OK;
    case MARS_BENCHMARK_HASH:
        st = mrs_hmac_run(s->hmac, "", 1, data, CHUNK, id, err);
        break;
    case MARS_BENCHMARK_PACK:
        st = pack(s, data, err);
        break;
    case MARS_BENCHMARK_UNPACK:
        st = mrs_codec_unpack(&s->codec, (uint8_t)s->used, s->packed.data, s->packed.len, s->plain,
                              CHUNK, err);
        break;
    case MARS_BENCHMARK_SEAL:
        st = seal(s, data, err);
        break;
    case MARS_BENCHMARK_OPEN:
        st = mrs_aead_open(s->aead, 0, NULL, 0, s->packed.data, CHUNK + MRS_TAG_SIZE, s->plain,
                           err);
        break;
    default:
        return mrs_fail(err, MARS_ERR_INTERNAL, "benchmark: no work %d", (int)s->kind->work);
    }
    s->at = (s->at + CHUNK) % MRS_SPEED_SAMPLE;
    *done += CHUNK;
    return st;
}
