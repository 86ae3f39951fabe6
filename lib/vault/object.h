/* Sealing and opening whole objects. FORMAT.md sections 3 to 5. Pure but for the salt. */
#ifndef MRS_VAULT_OBJECT_H
#define MRS_VAULT_OBJECT_H

#include "crypto/aead.h"
#include "format/object.h"

/* A key of the key ring, or one derived from the root. */
struct mrs_key {
    uint8_t id[16];
    uint8_t key[MRS_KEY_SIZE];
};

/* Finds the key that an object's header names; MARS_ERR_KEY if there is none. */
typedef mars_status (*mrs_key_fn)(void *user, const struct mrs_header *h, struct mrs_key *key,
                                  mars_error *err);

/* Fill in salt and commitment for a new object: h->kind, key mode, body length and so on are set.
 * `object_key` gets the key that seals it. */
MARS_NODISCARD mars_status mrs_object_new_key(struct mrs_header *h, const struct mrs_key *key,
                                              uint8_t object_key[MRS_KEY_SIZE], mars_error *err);
/* The object's key, its commitment checked. `bytes` is the encoded header. */
MARS_NODISCARD mars_status mrs_object_key(const struct mrs_header *h,
                                          const uint8_t bytes[MRS_HEADER_SIZE],
                                          const struct mrs_key *key,
                                          uint8_t object_key[MRS_KEY_SIZE], mars_error *err);

/* Append a sealed object (kinds ring, index, point, ledger, lease, fence). context: its relative
 * name, or NULL where the name is a digest. */
MARS_NODISCARD mars_status mrs_object_seal(uint8_t kind, const struct mrs_key *key,
                                           const uint8_t writer[16], const char *context,
                                           const struct mrs_buf *payload, struct mrs_buf *out,
                                           mars_error *err);
/* Open one for `need` and append its payload. */
MARS_NODISCARD mars_status mrs_object_open(uint8_t kind, enum mrs_need need, mrs_key_fn find,
                                           void *user, const char *context, const uint8_t *bytes,
                                           size_t len, struct mrs_buf *payload, mars_error *err);

/* Append a plain record (kinds vault, machine, domain, slot set). key NULL: vault record. */
MARS_NODISCARD mars_status mrs_record_seal(uint8_t kind, const struct mrs_key *key,
                                           const uint8_t writer[16], const char *context,
                                           const struct mrs_buf *payload, struct mrs_buf *out,
                                           mars_error *err);
/* Give the payload, borrowed from bytes, for `need`. find NULL: the check of a record that has a
 * key is left to a later call with one; that of a vault record is always made. */
MARS_NODISCARD mars_status mrs_record_open(uint8_t kind, enum mrs_need need, mrs_key_fn find,
                                           void *user, const char *context, const uint8_t *bytes,
                                           size_t len, const uint8_t **payload, size_t *payload_len,
                                           mars_error *err);

#endif
