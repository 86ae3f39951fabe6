/* Keys of packs that are being read: deriving one reads the pack's header, so those in use are
 * kept. Any thread. */
#ifndef MRS_REPO_PACKKEY_H
#define MRS_REPO_PACKKEY_H

#include "codec/codec.h"
#include "repo/domain.h"

struct mrs_pack_key; /* counted references */

MARS_NODISCARD mars_status mrs_pack_keys_new(struct mrs_pack_keys **out, mars_error *err);
void mrs_pack_keys_free(struct mrs_pack_keys *k);

/* A reference to the key of a pack. */
MARS_NODISCARD mars_status mrs_pack_key_get(const struct mrs_domain *d, uint8_t kind,
                                            const uint8_t pack[32], struct mrs_pack_key **out,
                                            mars_error *err);
/* From a header that the caller read itself, past what is kept. */
MARS_NODISCARD mars_status mrs_pack_key_make(const struct mrs_domain *d, uint8_t kind,
                                             enum mrs_need need,
                                             const uint8_t header[MRS_HEADER_SIZE],
                                             struct mrs_pack_key **out, mars_error *err);
void mrs_pack_key_unref(struct mrs_pack_key *k);
/* The session that wrote the pack. */
const uint8_t *mrs_pack_key_writer(const struct mrs_pack_key *k);

/* Open a blob: sealed (blob->sealed_len bytes) may be overwritten; out gets blob->raw_len bytes. */
MARS_NODISCARD mars_status mrs_blob_open(const struct mrs_pack_key *k, const struct mrs_blob *blob,
                                         uint8_t *sealed, struct mrs_codec_state *codec, void *out,
                                         mars_error *err);
/* Open a pack's sealed directory (in place) and decode it. */
MARS_NODISCARD mars_status mrs_pack_dir_open(const struct mrs_pack_key *k,
                                             const struct mrs_pack_footer *footer,
                                             const uint8_t footer_bytes[MRS_PACK_FOOTER_SIZE],
                                             uint8_t *sealed, struct mrs_blob **blobs, size_t *n,
                                             mars_error *err);
/* Read and open the directory of a pack in the store. */
MARS_NODISCARD mars_status mrs_pack_dir_read(const struct mrs_domain *d, uint8_t kind,
                                             const uint8_t pack[32], uint64_t *size,
                                             uint8_t writer[16], struct mrs_blob **blobs,
                                             size_t *n, mars_error *err);

#endif
