/* In the place of zstd.c where the library is not installed. */
#include "base/err.h"
#include "codec/codec_int.h"

mars_status
mrs_zstd_check(mars_error *err)
{
    return mrs_fail(err, MARS_ERR_UNSUPPORTED, "codec zstd: this build does not have it");
}

void
mrs_zstd_free(struct mrs_codec_state *s)
{
    (void)s;
}

mars_status
mrs_zstd_pack(struct mrs_codec_state *s, uint32_t level, const void *data, size_t n, void *out,
              size_t room, size_t *packed, mars_error *err)
{
    (void)s;
    (void)level;
    (void)data;
    (void)n;
    (void)out;
    (void)room;
    *packed = 0;
    return mrs_zstd_check(err);
}

mars_status
mrs_zstd_unpack(struct mrs_codec_state *s, const void *packed, size_t n, void *out, size_t raw_len,
                bool *ok, mars_error *err)
{
    (void)s;
    (void)packed;
    (void)n;
    (void)out;
    (void)raw_len;
    *ok = false;
    return mrs_zstd_check(err);
}
