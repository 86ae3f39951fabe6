/* Compression of single blobs. Equal plaintext need not give equal bytes. */
#ifndef MRS_CODEC_CODEC_H
#define MRS_CODEC_CODEC_H

#include "base/buf.h"

/* Stored with each blob (FORMAT.md, pack directory): never renumber. */
enum mrs_codec { MRS_CODEC_STORED = 0, MRS_CODEC_LZ4 = 1, MRS_CODEC_ZSTD = 2 };

enum {
    MRS_LZ4_FAST = 0,        /* levels of LZ4: all are read alike */
    MRS_LZ4_HIGH = 9,
    MRS_LZ4_LEVEL_MAX = 12,
    MRS_ZSTD_LEVEL = 3,      /* what a backup takes unless told otherwise */
    MRS_ZSTD_LEVEL_MAX = 19
};

/* How to pack. */
struct mrs_compression {
    enum mrs_codec codec;
    uint32_t level; /* stored 0; LZ4 MRS_LZ4_FAST, or 1 to 12: slower, smaller; zstd 1 to 19 */
};

/* Working memory, kept from one blob to the next, since a fresh one for each would cost more than
 * many a blob. One thread at a time. Zeroed at first; it grows by what is used: 0.3 MiB for LZ4,
 * 1.3 for zstd at level 3, up to 18 at level 19. */
struct mrs_codec_state {
    void *lz4;
    void *lz4_high;
    void *zstd_packer;
    void *zstd_unpacker;
};
/* It can be used again. */
void mrs_codec_state_free(struct mrs_codec_state *s);

/* Can this build write so? MARS_ERR_UNSUPPORTED, or MARS_ERR_INVALID_ARG for the level. */
MARS_NODISCARD mars_status mrs_compression_check(const struct mrs_compression *how,
                                                 mars_error *err);

/* Append the packed form of data to out and say which codec it is: what was wanted, or
 * MRS_CODEC_STORED where that saves less than 1/32. */
MARS_NODISCARD mars_status mrs_codec_pack(struct mrs_codec_state *s,
                                          const struct mrs_compression *how, const void *data,
                                          size_t n, struct mrs_buf *out, enum mrs_codec *used,
                                          mars_error *err);

/* Exactly raw_len bytes into out; MARS_ERR_CORRUPT if the packed bytes hold more, fewer or
 * garbage, MARS_ERR_UNSUPPORTED for a codec that this build does not have. */
MARS_NODISCARD mars_status mrs_codec_unpack(struct mrs_codec_state *s, uint8_t codec,
                                            const void *packed, size_t n, void *out,
                                            size_t raw_len, mars_error *err);

#endif
