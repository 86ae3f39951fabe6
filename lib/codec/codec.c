#include "codec/codec.h"

#include <string.h>

#include "base/alloc.h"
#include "base/err.h"
#include "codec/codec_int.h"

enum {
    LEAST_SAVING = 32, /* one part in so many, or the bytes are stored */
    ZSTD_QUICK = 4,    /* up to this level zstd runs over what does not shrink at memory's speed */
    ZSTD_FASTEST = 1,
    SAMPLE = 64 << 10
};

void
mrs_codec_state_free(struct mrs_codec_state *s)
{
    mrs_free(s->lz4);
    mrs_free(s->lz4_high);
    s->lz4 = s->lz4_high = NULL;
    mrs_zstd_free(s);
}

mars_status
mrs_compression_check(const struct mrs_compression *how, mars_error *err)
{
    uint32_t least = 0, most = 0;

    switch (how->codec) {
    case MRS_CODEC_STORED:
        break;
    case MRS_CODEC_LZ4:
        most = MRS_LZ4_LEVEL_MAX;
        break;
    case MRS_CODEC_ZSTD:
        least = 1;
        most = MRS_ZSTD_LEVEL_MAX;
        break;
    default:
        return mrs_fail(err, MARS_ERR_UNSUPPORTED, "codec %d: is not known", (int)how->codec);
    }
    if (how->level < least || how->level > most)
        return mrs_fail(err, MARS_ERR_INVALID_ARG, "compression level %u: not from %u to %u",
                        how->level, least, most);
    return how->codec == MRS_CODEC_ZSTD ? mrs_zstd_check(err) : MARS_OK;
}

/* Bytes to pack, and the room for them: for what is worth keeping only. */
struct input {
    const uint8_t *data;
    size_t n;
    uint8_t *out;
};

static mars_status
pack_at(struct mrs_codec_state *s, const struct mrs_compression *how, const struct input *in,
        size_t *packed, mars_error *err)
{
    size_t room = in->n - in->n / LEAST_SAVING;
    mars_status st = how->codec == MRS_CODEC_LZ4
                         ? mrs_lz4_pack(s, how->level, in->data, in->n, in->out, room, packed, err)
                         : mrs_zstd_pack(s, how->level, in->data, in->n, in->out, room, packed,
                                         err);

    if (*packed >= in->n)
        *packed = 0;
    return st;
}

/* Slow levels toil over bytes that do not shrink, which the fastest ones pass over at memory's
 * speed. So these are asked first: about a sample, which costs nothing where the bytes do shrink,
 * and only if it does not about the whole. */
static mars_status
shrinks(struct mrs_codec_state *s, const struct mrs_compression *how, const struct input *in,
        bool *yes, mars_error *err)
{
    bool slow = how->codec == MRS_CODEC_LZ4 ? how->level != MRS_LZ4_FAST : how->level > ZSTD_QUICK;
    struct mrs_compression fastest = *how;
    struct input sample = *in;
    size_t packed = 1;
    mars_status st = MARS_OK;

    fastest.level = how->codec == MRS_CODEC_LZ4 ? MRS_LZ4_FAST : ZSTD_FASTEST;
    if (slow && in->n > SAMPLE) {
        sample.data += (in->n - SAMPLE) / 2;
        sample.n = SAMPLE;
        st = pack_at(s, &fastest, &sample, &packed, err);
        if (st == MARS_OK && packed == 0)
            st = pack_at(s, &fastest, in, &packed, err);
    }
    *yes = packed > 0;
    return st;
}

mars_status
mrs_codec_pack(struct mrs_codec_state *s, const struct mrs_compression *how, const void *data,
               size_t n, struct mrs_buf *out, enum mrs_codec *used, mars_error *err)
{
    struct input in = { .data = data, .n = n };
    size_t packed = 0;
    bool yes = false;
    mars_status st = mrs_compression_check(how, err);

    *used = MRS_CODEC_STORED;
    if (st == MARS_OK)
        st = mrs_buf_reserve(out, n, err);
    if (st == MARS_OK && n > 0 && how->codec != MRS_CODEC_STORED) {
        in.out = out->data + out->len;
        st = shrinks(s, how, &in, &yes, err);
    }
    if (st == MARS_OK && yes)
        st = pack_at(s, how, &in, &packed, err);
    if (st != MARS_OK)
        return st;
    if (packed == 0)
        return mrs_buf_append(out, data, n, err);
    *used = how->codec;
    out->len += packed;
    return MARS_OK;
}

mars_status
mrs_codec_unpack(struct mrs_codec_state *s, uint8_t codec, const void *packed, size_t n, void *out,
                 size_t raw_len, mars_error *err)
{
    mars_status st = MARS_OK;
    bool ok = false;

    switch (codec) {
    case MRS_CODEC_STORED:
        ok = n == raw_len;
        if (ok && n > 0)
            memcpy(out, packed, n);
        break;
    case MRS_CODEC_LZ4:
        ok = mrs_lz4_unpack(packed, n, out, raw_len);
        break;
    case MRS_CODEC_ZSTD:
        st = mrs_zstd_unpack(s, packed, n, out, raw_len, &ok, err);
        break;
    default:
        return mrs_fail(err, MARS_ERR_UNSUPPORTED, "codec %u: is not known", codec);
    }
    if (st == MARS_OK && !ok)
        st = mrs_fail(err, MARS_ERR_CORRUPT, "chunk: does not unpack to its %zu bytes", raw_len);
    return st;
}
