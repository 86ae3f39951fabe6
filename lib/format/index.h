/* Index objects: which chunks stand in which packs. FORMAT.md section 9. */
#ifndef MRS_FORMAT_INDEX_H
#define MRS_FORMAT_INDEX_H

#include <stdbool.h>

#include "format/pack.h"

struct mrs_index_pack {
    uint8_t name[32];
    uint8_t kind; /* MRS_KIND_PACK_DATA or _META */
    uint64_t size;
    const struct mrs_blob *blobs;
    size_t count;
};

/* Appends the payload. */
MARS_NODISCARD mars_status mrs_index_encode(const uint8_t (*superseded)[32], size_t n_superseded,
                                            const struct mrs_index_pack *packs, size_t n_packs,
                                            struct mrs_buf *out, mars_error *err);

/* What a decoder of an index object calls, pack by pack and blob by blob; any may be NULL, a
 * status other than MARS_OK ends the decoding with it. */
struct mrs_index_sink {
    void *user;
    mars_status (*superseded)(void *user, const uint8_t name[32], mars_error *err);
    /* blobs is NULL here, count is set */
    mars_status (*pack)(void *user, const struct mrs_index_pack *pack, mars_error *err);
    mars_status (*blob)(void *user, const struct mrs_blob *blob, mars_error *err);
};
MARS_NODISCARD mars_status mrs_index_decode(const uint8_t *buf, size_t len,
                                            const struct mrs_index_sink *sink, mars_error *err);

/* Append the packs of a payload, as they stand there, to another payload, which has no other fields
 * behind them. `wanted` says which. MARS_ERR_UNSUPPORTED if it has fields of which this build knows
 * nothing, which would be lost. */
typedef mars_status (*mrs_index_wanted_fn)(void *user, const uint8_t pack[32], bool *wanted,
                                           mars_error *err);
MARS_NODISCARD mars_status mrs_index_copy_packs(const uint8_t *buf, size_t len,
                                                mrs_index_wanted_fn wanted, void *user,
                                                struct mrs_buf *out, mars_error *err);

#endif
