/* Reading chunks by their id, wherever they are. Any thread. */
#ifndef MRS_REPO_CHUNK_H
#define MRS_REPO_CHUNK_H

#include "codec/codec.h"
#include "format/content.h"
#include "repo/index.h"

/* Append the plaintext of a chunk, trying each of its places. The class must fit. */
MARS_NODISCARD mars_status mrs_chunk_get(const struct mrs_domain *d, const uint8_t id[32],
                                         uint8_t cls, struct mrs_buf *out, mars_error *err);

/* What reading a chunk works in. Kept by who reads many, one after the other, on one thread: fresh
 * memory for each costs as much as opening it. */
struct mrs_chunk_memory {
    struct mrs_buf sealed;
    struct mrs_codec_state codec;
};
#define MRS_CHUNK_MEMORY_INIT { MRS_BUF_INIT(MRS_CHUNK_MAX + MRS_TAG_SIZE), { NULL } }
/* Wipes it. */
void mrs_chunk_memory_free(struct mrs_chunk_memory *m);
MARS_NODISCARD mars_status mrs_chunk_get_with(const struct mrs_domain *d, const uint8_t id[32],
                                              uint8_t cls, struct mrs_chunk_memory *m,
                                              struct mrs_buf *out, mars_error *err);

/* Where the store is far: keep a copy of a chunk that comparing with its point will want. */
void mrs_chunk_keep(const struct mrs_domain *d, const uint8_t id[32], uint8_t cls,
                    const void *data, size_t n);

/* Append the bytes of a content of `size` bytes, at most out->max: attribute sets, skipped lists.
 * Holes are zeros. */
MARS_NODISCARD mars_status mrs_content_get(const struct mrs_domain *d, const struct mrs_content *c,
                                           uint64_t size, uint8_t cls, struct mrs_buf *out,
                                           mars_error *err);

/* One piece of a stream, in order. */
struct mrs_piece {
    uint64_t offset;        /* in the stream */
    uint64_t len;
    bool hole;
    const uint8_t *inline_data; /* not NULL: the bytes themselves */
    uint8_t id[32];         /* otherwise, and no hole: the chunk */
    uint64_t chunk_offset;
};
typedef mars_status (*mrs_piece_fn)(void *user, const struct mrs_piece *piece, mars_error *err);
/* Also called with each content-list node that could not be read: the bytes that it covers. A
 * status other than MARS_OK ends the walk; NULL: any such node does. */
typedef mars_status (*mrs_piece_lost_fn)(void *user, uint64_t offset, uint64_t len,
                                         const mars_error *why, mars_error *err);
/* Every piece of a content. Sizes are checked: pieces cover the stream exactly. */
MARS_NODISCARD mars_status mrs_content_each(const struct mrs_domain *d,
                                            const struct mrs_content *c, uint64_t size,
                                            mrs_piece_fn fn, mrs_piece_lost_fn lost, void *user,
                                            mars_error *err);

/* A node of a content list, of that level and spanning so many bytes. Freed with mrs_list_free,
 * also after a failure. */
MARS_NODISCARD mars_status mrs_list_get(const struct mrs_domain *d, const uint8_t id[32],
                                        uint8_t level, uint64_t size, struct mrs_list_node *n,
                                        mars_error *err);
/* Every piece of a leaf that begins at `offset` of the stream. */
MARS_NODISCARD mars_status mrs_list_leaf_each(const struct mrs_list_node *n, uint64_t offset,
                                              mrs_piece_fn fn, void *user, mars_error *err);

#endif
