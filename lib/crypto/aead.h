/* AES-256-GCM (NIST SP 800-38D) with a 12-byte nonce and a 16-byte tag. */
#ifndef MRS_CRYPTO_AEAD_H
#define MRS_CRYPTO_AEAD_H

#include <mars/common.h>

enum { MRS_KEY_SIZE = 32, MRS_NONCE_SIZE = 12, MRS_TAG_SIZE = 16 };

/* A key made ready. Any number of threads may use one at once. */
struct mrs_aead;
MARS_NODISCARD mars_status mrs_aead_new(struct mrs_aead **out, const uint8_t key[MRS_KEY_SIZE],
                                        mars_error *err);
/* Wipes. NULL is allowed. */
void mrs_aead_free(struct mrs_aead *a);

/* The nonce is the counter, little-endian, in the first 8 bytes; the last 4 are zero. A counter is
 * used once with a key. */

/* The same with any nonce, for published test vectors. */
MARS_NODISCARD mars_status mrs_aead_seal_nonce(struct mrs_aead *a,
                                               const uint8_t nonce[MRS_NONCE_SIZE],
                                               const void *aad, size_t aad_len, const void *plain,
                                               size_t len, void *out, mars_error *err);
MARS_NODISCARD mars_status mrs_aead_open_nonce(struct mrs_aead *a,
                                               const uint8_t nonce[MRS_NONCE_SIZE],
                                               const void *aad, size_t aad_len,
                                               const void *sealed, size_t len, void *out,
                                               mars_error *err);

/* out takes len + MRS_TAG_SIZE bytes and may be plain itself. */
MARS_NODISCARD mars_status mrs_aead_seal(struct mrs_aead *a, uint64_t counter, const void *aad,
                                         size_t aad_len, const void *plain, size_t len, void *out,
                                         mars_error *err);
/* len counts the tag; out takes len - MRS_TAG_SIZE bytes and may be sealed itself.
 * MARS_ERR_CORRUPT, and out zeroed, if the tag does not fit. */
MARS_NODISCARD mars_status mrs_aead_open(struct mrs_aead *a, uint64_t counter, const void *aad,
                                         size_t aad_len, const void *sealed, size_t len, void *out,
                                         mars_error *err);

#endif
