/* Pack directory, footer and the associated data of a blob. FORMAT.md section 8. */
#ifndef MRS_FORMAT_PACK_H
#define MRS_FORMAT_PACK_H

#include "format/object.h"

enum {
    MRS_CHUNK_ID_SIZE = 32,
    MRS_CHUNK_MAX = 16 << 20,
    MRS_BLOB_AAD_SIZE = MRS_HEADER_SIZE + 42,
    MRS_PACK_ENTRY_SIZE = 48,
    MRS_PACK_FOOTER_SIZE = 32,
    MRS_PACK_MAX_BLOBS = 1 << 20
};
#define MRS_PACK_MAX_SIZE ((uint64_t)4 << 30)
#define MRS_PACK_DIR_COUNTER ((uint64_t)1 << 32)

enum mrs_class {
    MRS_CLASS_DATA = 1,
    MRS_CLASS_DIR = 2,
    MRS_CLASS_LIST = 3,
    MRS_CLASS_STAT = 4,
    MRS_CLASS_ATTRS = 5,
    MRS_CLASS_SKIPPED = 6
};

/* One blob of a pack, as directory and index know it. */
struct mrs_blob {
    uint8_t id[MRS_CHUNK_ID_SIZE];
    uint64_t offset; /* in the object; not stored: the sum of what stands before */
    uint32_t slot;
    uint32_t sealed_len;
    uint32_t raw_len;
    uint8_t cls;
    uint8_t codec;
};

/* `header` is the pack's encoded header. */
void mrs_blob_aad(const struct mrs_blob *b, const uint8_t header[MRS_HEADER_SIZE],
                  uint8_t out[MRS_BLOB_AAD_SIZE]);

/* Appends n * MRS_PACK_ENTRY_SIZE bytes. */
MARS_NODISCARD mars_status mrs_pack_dir_encode(const struct mrs_blob *blobs, size_t n,
                                               struct mrs_buf *out, mars_error *err);

/* Into *blobs, n entries, freed by the caller with mrs_free; offsets filled in. blobs_len is the
 * footer's: the sealed lengths must add up to it. Slots are distinct. */
MARS_NODISCARD mars_status mrs_pack_dir_decode(const uint8_t *buf, size_t len, uint64_t blobs_len,
                                               struct mrs_blob **blobs, size_t *n,
                                               mars_error *err);

struct mrs_pack_footer {
    uint32_t dir_len; /* sealed */
    uint32_t count;
    uint64_t blobs_len;
    uint64_t padding;
};
void mrs_pack_footer_encode(const struct mrs_pack_footer *f, uint8_t out[MRS_PACK_FOOTER_SIZE]);
/* object_size: all lengths must add up to it. */
MARS_NODISCARD mars_status mrs_pack_footer_decode(struct mrs_pack_footer *f, const uint8_t *buf,
                                                  size_t len, uint64_t object_size,
                                                  mars_error *err);

#endif
