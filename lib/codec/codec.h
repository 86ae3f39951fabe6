/* Compression of single blobs. Equal plaintext need not give equal bytes. */
#ifndef MRS_CODEC_CODEC_H
#define MRS_CODEC_CODEC_H

#include "base/buf.h"

/* Stored with each blob (FORMAT.md, pack directory): never renumber. */
enum mrs_codec { MRS_CODEC_STORED = 0, MRS_CODEC_LZ4 = 1 };

/* Append the packed form of data to out and say which codec it is: what was wanted, or
 * MRS_CODEC_STORED where that saves less than 1/32. */
MARS_NODISCARD mars_status mrs_codec_pack(enum mrs_codec want, const void *data, size_t n,
                                          struct mrs_buf *out, enum mrs_codec *used,
                                          mars_error *err);

/* Exactly raw_len bytes into out; MARS_ERR_CORRUPT if the packed bytes hold more, fewer or
 * garbage, MARS_ERR_UNSUPPORTED for a codec that this build does not have. */
MARS_NODISCARD mars_status mrs_codec_unpack(uint8_t codec, const void *packed, size_t n, void *out,
                                            size_t raw_len, mars_error *err);

#endif
