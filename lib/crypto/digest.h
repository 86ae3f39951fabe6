/* SHA-256 (FIPS 180-4), HMAC-SHA256 (RFC 2104), HKDF-SHA256 (RFC 5869). */
#ifndef MRS_CRYPTO_DIGEST_H
#define MRS_CRYPTO_DIGEST_H

#include <stdbool.h>

#include <mars/common.h>

enum { MRS_DIGEST_SIZE = 32 };

/* One thread at a time. */
struct mrs_sha256;
MARS_NODISCARD mars_status mrs_sha256_new(struct mrs_sha256 **out, mars_error *err);
MARS_NODISCARD mars_status mrs_sha256_update(struct mrs_sha256 *s, const void *data, size_t n,
                                             mars_error *err);
/* The digest of all so far; the state starts anew. */
MARS_NODISCARD mars_status mrs_sha256_finish(struct mrs_sha256 *s, uint8_t out[MRS_DIGEST_SIZE],
                                             mars_error *err);
void mrs_sha256_free(struct mrs_sha256 *s);

MARS_NODISCARD mars_status mrs_sha256_once(const void *data, size_t n,
                                           uint8_t out[MRS_DIGEST_SIZE], mars_error *err);

/* A key made ready, which any number of threads may use at once. */
struct mrs_hmac;
MARS_NODISCARD mars_status mrs_hmac_new(struct mrs_hmac **out, const void *key, size_t key_len,
                                        mars_error *err);
/* The MAC of prefix and data together. */
MARS_NODISCARD mars_status mrs_hmac_run(struct mrs_hmac *h, const void *prefix, size_t prefix_len,
                                        const void *data, size_t n, uint8_t out[MRS_DIGEST_SIZE],
                                        mars_error *err);
void mrs_hmac_free(struct mrs_hmac *h);

/* Extract and expand. out_len at most 255 * 32. */
MARS_NODISCARD mars_status mrs_hkdf(const void *key, size_t key_len, const void *salt,
                                    size_t salt_len, const void *info, size_t info_len, void *out,
                                    size_t out_len, mars_error *err);

/* In time that depends on n only. */
bool mrs_equal_ct(const void *a, const void *b, size_t n);

/* "mbedtls" or "openssl". */
const char *mrs_crypto_name(void);

#endif
