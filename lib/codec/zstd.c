/* zstd's contexts hold plaintext while they work and behind it, so their memory is wiped when it
 * goes; that takes the allocator hook, which zstd counts to what only static linking may use. */
#define ZSTD_STATIC_LINKING_ONLY
#include <zstd.h>
#include <zstd_errors.h>

#include <string.h>

#include "base/alloc.h"
#include "base/err.h"
#include "codec/codec_int.h"

/* FORMAT.md section 7: the frame's first bytes, and what may follow them. */
enum {
    HEADER_SIZE = 6,
    WINDOW_LOG_MAX = 23,
    WINDOW_MAX = (WINDOW_LOG_MAX - 10) << 3, /* as it stands in a header */
    WINDOW_LOG = 20 /* ours: an average chunk. More costs memory at high levels, and saves little */
};
static const uint8_t BEGINNING[] = { 0x28, 0xb5, 0x2f, 0xfd, 0 };

/* In front of each block, which stays aligned as zstd wants it. */
union block {
    size_t size;
    uint64_t align[2];
};

static void *
take(void *user, size_t n)
{
    union block *b;

    (void)user;
    if (n > SIZE_MAX - sizeof *b)
        return NULL;
    b = mrs_alloc(n + sizeof *b);
    if (b == NULL)
        return NULL;
    b->size = n;
    return b + 1;
}

static void
give(void *user, void *at)
{
    union block *b = at;

    (void)user;
    if (b == NULL)
        return;
    b--;
    mrs_wipe(b + 1, b->size);
    mrs_free(b);
}

static const ZSTD_customMem MEMORY = { take, give, NULL };

mars_status
mrs_zstd_check(mars_error *err)
{
    (void)err;
    return MARS_OK;
}

void
mrs_zstd_free(struct mrs_codec_state *s)
{
    ZSTD_freeCCtx(s->zstd_packer);
    ZSTD_freeDCtx(s->zstd_unpacker);
    s->zstd_packer = s->zstd_unpacker = NULL;
}

static mars_status
failed(size_t code, mars_error *err)
{
    if (ZSTD_getErrorCode(code) == ZSTD_error_memory_allocation)
        return mrs_nomem(err);
    return mrs_fail(err, MARS_ERR_INTERNAL, "zstd: %s", ZSTD_getErrorName(code));
}

static mars_status
prepare(struct mrs_codec_state *s, uint32_t level, mars_error *err)
{
    size_t code;

    if (s->zstd_packer == NULL)
        s->zstd_packer = ZSTD_createCCtx_advanced(MEMORY);
    if (s->zstd_packer == NULL)
        return mrs_nomem(err);
    /* Out of the last blob, where room ran out in its middle. */
    code = ZSTD_CCtx_reset(s->zstd_packer, ZSTD_reset_session_only);
    if (!ZSTD_isError(code))
        code = ZSTD_CCtx_setParameter(s->zstd_packer, ZSTD_c_compressionLevel, (int)level);
    if (!ZSTD_isError(code))
        code = ZSTD_CCtx_setParameter(s->zstd_packer, ZSTD_c_windowLog, WINDOW_LOG);
    if (!ZSTD_isError(code))
        code = ZSTD_CCtx_setParameter(s->zstd_packer, ZSTD_c_contentSizeFlag, 0);
    return ZSTD_isError(code) ? failed(code, err) : MARS_OK;
}

mars_status
mrs_zstd_pack(struct mrs_codec_state *s, uint32_t level, const void *data, size_t n, void *out,
              size_t room, size_t *packed, mars_error *err)
{
    mars_status st = prepare(s, level, err);
    size_t got;

    *packed = 0;
    if (st != MARS_OK)
        return st;
    got = ZSTD_compress2(s->zstd_packer, out, room, data, n);
    if (!ZSTD_isError(got))
        *packed = got;
    else if (ZSTD_getErrorCode(got) != ZSTD_error_dstSize_tooSmall)
        st = failed(got, err);
    return st;
}

/* One frame of the only form that we write, and nothing behind it. */
static bool
is_ours(const uint8_t *p, size_t n)
{
    return n > HEADER_SIZE && memcmp(p, BEGINNING, sizeof BEGINNING) == 0 &&
           p[sizeof BEGINNING] <= WINDOW_MAX && ZSTD_findFrameCompressedSize(p, n) == n;
}

mars_status
mrs_zstd_unpack(struct mrs_codec_state *s, const void *packed, size_t n, void *out, size_t raw_len,
                bool *ok, mars_error *err)
{
    *ok = is_ours(packed, n);
    if (!*ok)
        return MARS_OK;
    if (s->zstd_unpacker == NULL)
        s->zstd_unpacker = ZSTD_createDCtx_advanced(MEMORY);
    if (s->zstd_unpacker == NULL)
        return mrs_nomem(err);
    *ok = ZSTD_decompressDCtx(s->zstd_unpacker, out, raw_len, packed, n) == raw_len;
    return MARS_OK;
}
