/* What each codec does; codec.c chooses. */
#ifndef MRS_CODEC_CODEC_INT_H
#define MRS_CODEC_CODEC_INT_H

#include <stdbool.h>

#include "codec/codec.h"

/* n bytes into at most room; *packed: how many it took, 0 if room is not enough. */
MARS_NODISCARD mars_status mrs_lz4_pack(struct mrs_codec_state *s, uint32_t level,
                                        const void *data, size_t n, void *out, size_t room,
                                        size_t *packed, mars_error *err);
MARS_NODISCARD mars_status mrs_zstd_pack(struct mrs_codec_state *s, uint32_t level,
                                         const void *data, size_t n, void *out, size_t room,
                                         size_t *packed, mars_error *err);

/* True: the packed bytes hold exactly raw_len bytes, which are in out. */
bool mrs_lz4_unpack(const void *packed, size_t n, void *out, size_t raw_len);
/* The same as *ok. */
MARS_NODISCARD mars_status mrs_zstd_unpack(struct mrs_codec_state *s, const void *packed, size_t n,
                                           void *out, size_t raw_len, bool *ok, mars_error *err);

/* MARS_ERR_UNSUPPORTED in a build without it. */
MARS_NODISCARD mars_status mrs_zstd_check(mars_error *err);
void mrs_zstd_free(struct mrs_codec_state *s);

#endif
