/* The keys of an unlocked domain that a machine needs: all of the key ring, the slot MAC key, and
 * neither root nor passphrase. Lies in locked memory; immutable once it is made. */
#ifndef MRS_REPO_KEYRING_H
#define MRS_REPO_KEYRING_H

#include "format/keys.h"
#include "vault/object.h"

enum { MRS_KEYRING_KEYS = 256 };

struct mrs_keyring {
    uint8_t domain[16];
    uint32_t root_number;
    uint8_t root_id[16];
    uint8_t slot_mac[32];
    uint8_t ring_digest[32]; /* names the key ring object it came from */
    uint32_t n;
    struct mrs_ring_key keys[MRS_KEYRING_KEYS];
};

MARS_NODISCARD mars_status mrs_keyring_new(struct mrs_keyring **out, mars_error *err);
/* Wipes. NULL is allowed. */
void mrs_keyring_free(struct mrs_keyring *k);

/* The form in which a key protector keeps it. Appended; the buffer holds secrets. */
MARS_NODISCARD mars_status mrs_keyring_export(const struct mrs_keyring *k, struct mrs_buf *out,
                                              mars_error *err);
MARS_NODISCARD mars_status mrs_keyring_import(struct mrs_keyring **out, const uint8_t *data,
                                              size_t len, mars_error *err);

/* A mrs_key_fn: user is the keyring. The key must be of the type that the object's kind asks
 * for. */
mars_status mrs_keyring_find(void *keyring, const struct mrs_header *h, struct mrs_key *key,
                             mars_error *err);

/* The key of the highest epoch, which seals. */
MARS_NODISCARD mars_status mrs_keyring_newest(const struct mrs_keyring *k, enum mrs_key_type type,
                                              struct mrs_key *key, mars_error *err);

/* The key of the domain's caches, for the domain's life. The caller wipes it. */
MARS_NODISCARD mars_status mrs_keyring_cache_key(const struct mrs_keyring *k,
                                                 uint8_t key[MRS_KEY_SIZE], mars_error *err);

#endif
