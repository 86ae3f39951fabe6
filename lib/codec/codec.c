#include "codec/codec.h"

#include <limits.h>
#include <string.h>

#include <lz4.h>

#include "base/err.h"

enum { LEAST_SAVING = 32 }; /* one part in so many, or the bytes are stored */

mars_status
mrs_codec_pack(enum mrs_codec want, const void *data, size_t n, struct mrs_buf *out,
               enum mrs_codec *used, mars_error *err)
{
    mars_status st;
    int packed = 0;

    *used = MRS_CODEC_STORED;
    if (want != MRS_CODEC_STORED && want != MRS_CODEC_LZ4)
        return mrs_fail(err, MARS_ERR_UNSUPPORTED, "codec %d", (int)want);
    st = mrs_buf_reserve(out, n, err);
    if (st != MARS_OK)
        return st;
    /* Room for what is worth keeping only: LZ4 gives up where that is not enough. */
    if (want == MRS_CODEC_LZ4 && n <= LZ4_MAX_INPUT_SIZE)
        packed = LZ4_compress_default(data, (char *)out->data + out->len, (int)n,
                                      (int)(n - n / LEAST_SAVING));
    if (packed > 0 && (size_t)packed < n) {
        *used = MRS_CODEC_LZ4;
        out->len += (size_t)packed;
        return MARS_OK;
    }
    return mrs_buf_append(out, data, n, err);
}

mars_status
mrs_codec_unpack(uint8_t codec, const void *packed, size_t n, void *out, size_t raw_len,
                 mars_error *err)
{
    if (codec == MRS_CODEC_STORED && n == raw_len) {
        if (n > 0)
            memcpy(out, packed, n);
        return MARS_OK;
    }
    if (codec != MRS_CODEC_STORED && codec != MRS_CODEC_LZ4)
        return mrs_fail(err, MARS_ERR_UNSUPPORTED, "codec %u", codec);
    if (codec == MRS_CODEC_LZ4 && n <= INT_MAX && raw_len <= INT_MAX &&
        LZ4_decompress_safe(packed, out, (int)n, (int)raw_len) == (int)raw_len)
        return MARS_OK;
    return mrs_fail(err, MARS_ERR_CORRUPT, "chunk: does not unpack to its %zu bytes", raw_len);
}
