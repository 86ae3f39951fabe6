/* Slot sets and key rings. FORMAT.md section 6. These structs hold secrets: callers keep them in
 * locked memory or wipe them. */
#ifndef MRS_FORMAT_KEYS_H
#define MRS_FORMAT_KEYS_H

#include "format/point.h"

enum {
    MRS_SLOTS_MAX = 64,
    MRS_RING_MAX = 1024,
    MRS_SLOT_ID_SIZE = 8,
    MRS_SLOT_LABEL_MAX = 63,
    MRS_ROOT_SIZE = 32,
    MRS_WRAPPED_SIZE = 48,
    MRS_SLOT_BLOB_MAX = 4096,
    MRS_SLOT_BINDING_MAX = 16 + 8 + 1 + 4 + 4 + 4 + 16 + 32
};

enum mrs_slot_kind { MRS_SLOT_PASSPHRASE = 1, MRS_SLOT_RAW = 2, MRS_SLOT_CALLER = 3 };

struct mrs_slot {
    uint8_t id[MRS_SLOT_ID_SIZE];
    uint8_t kind;
    char label[MRS_SLOT_LABEL_MAX + 1];
    struct mrs_stamp created;
    uint8_t salt[16];
    uint32_t passes;
    uint32_t memory_kib;
    uint32_t lanes;
    uint8_t commitment[32];
    uint8_t wrapped[MRS_WRAPPED_SIZE];
    struct mrs_slot_blob {
        uint32_t len; /* 0 unless it is the caller's slot */
        uint8_t bytes[MRS_SLOT_BLOB_MAX];
    } blob;
};
struct mrs_slot_set {
    uint32_t root_number;
    uint8_t root_id[16];
    struct mrs_slot *slots; /* decoded: freed by mrs_slot_set_free */
    size_t n;
};
MARS_NODISCARD mars_status mrs_slot_set_encode(const struct mrs_slot_set *s, struct mrs_buf *out,
                                               mars_error *err);
/* Argon2id costs outside the bounds of FORMAT.md are MARS_ERR_UNSUPPORTED. */
MARS_NODISCARD mars_status mrs_slot_set_decode(struct mrs_slot_set *s, const uint8_t *buf,
                                               size_t len, mars_error *err);
void mrs_slot_set_free(struct mrs_slot_set *s);
/* domain id ‖ slot id ‖ kind ‖ costs ‖ root id, and of a caller's slot ‖ SHA-256 of its blob. It
 * gives the length. */
size_t mrs_slot_binding(const struct mrs_slot *s, const uint8_t domain[16],
                        const uint8_t root_id[16], const uint8_t blob_digest[32],
                        uint8_t out[MRS_SLOT_BINDING_MAX]);

enum mrs_key_type {
    MRS_KEY_CHUNK_ID = 1,
    MRS_KEY_CHUNKER = 2,
    MRS_KEY_DATA = 3,
    MRS_KEY_INDEX = 4,
    MRS_KEY_POINT = 5,
    MRS_KEY_LEDGER = 6
};
struct mrs_ring_key {
    uint32_t type;
    uint32_t epoch;
    uint8_t id[16];
    uint8_t key[32];
};
struct mrs_ring {
    uint32_t root_number;
    struct mrs_ring_key *keys; /* decoded: wiped and freed by mrs_ring_free */
    size_t n;
    uint32_t previous_number; /* 0: none */
    uint8_t previous_id[16];
    uint8_t previous_root[32];
};
MARS_NODISCARD mars_status mrs_ring_encode(const struct mrs_ring *r, struct mrs_buf *out,
                                           mars_error *err);
MARS_NODISCARD mars_status mrs_ring_decode(struct mrs_ring *r, const uint8_t *buf, size_t len,
                                           mars_error *err);
void mrs_ring_free(struct mrs_ring *r);

#endif
