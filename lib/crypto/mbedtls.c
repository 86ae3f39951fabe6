/* mbedTLS 2.28 and 3.x. */
#include <string.h>

#include <mbedtls/gcm.h>
#include <mbedtls/sha256.h>
#include <mbedtls/version.h>

#include "base/alloc.h"
#include "base/err.h"
#include "crypto/aead.h"
#include "crypto/digest.h"

enum { BLOCK_SIZE = 64 };

/* 3.0 dropped the _ret of 2.x. */
#if MBEDTLS_VERSION_NUMBER < 0x03000000
#  define mbedtls_sha256_starts mbedtls_sha256_starts_ret
#  define mbedtls_sha256_update mbedtls_sha256_update_ret
#  define mbedtls_sha256_finish mbedtls_sha256_finish_ret
#  define mbedtls_sha256 mbedtls_sha256_ret
#endif

static mars_status
broken(mars_error *err, const char *what)
{
    return mrs_fail(err, MARS_ERR_INTERNAL, "mbedtls: %s failed", what);
}

/* A GCM context keeps the state of one operation, and there is no copying it: each use sets up its
 * own from the key. */
struct mrs_aead {
    uint8_t key[MRS_KEY_SIZE];
};

mars_status
mrs_aead_new(struct mrs_aead **out, const uint8_t key[MRS_KEY_SIZE], mars_error *err)
{
    struct mrs_aead *a = mrs_alloc(sizeof *a);

    *out = a;
    if (a == NULL)
        return mrs_nomem(err);
    memcpy(a->key, key, sizeof a->key);
    return MARS_OK;
}

void
mrs_aead_free(struct mrs_aead *a)
{
    if (a == NULL)
        return;
    mrs_wipe(a, sizeof *a);
    mrs_free(a);
}

mars_status
mrs_aead_seal_nonce(struct mrs_aead *a, const uint8_t nonce[MRS_NONCE_SIZE], const void *aad,
                    size_t aad_len, const void *plain, size_t len, void *out, mars_error *err)
{
    mbedtls_gcm_context g;
    uint8_t *at = out;
    int rc;

    mbedtls_gcm_init(&g);
    rc = mbedtls_gcm_setkey(&g, MBEDTLS_CIPHER_ID_AES, a->key, 8 * MRS_KEY_SIZE);
    if (rc == 0)
        rc = mbedtls_gcm_crypt_and_tag(&g, MBEDTLS_GCM_ENCRYPT, len, nonce, MRS_NONCE_SIZE, aad,
                                       aad_len, plain, out, MRS_TAG_SIZE, at + len);
    mbedtls_gcm_free(&g);
    return rc == 0 ? MARS_OK : broken(err, "sealing");
}

mars_status
mrs_aead_open_nonce(struct mrs_aead *a, const uint8_t nonce[MRS_NONCE_SIZE], const void *aad,
                    size_t aad_len, const void *sealed, size_t len, void *out, mars_error *err)
{
    uint8_t tag[MRS_TAG_SIZE];
    mbedtls_gcm_context g;
    int rc;

    if (len < MRS_TAG_SIZE)
        return mrs_fail(err, MARS_ERR_CORRUPT, "sealed bytes: too short");
    len -= MRS_TAG_SIZE;
    memcpy(tag, (const uint8_t *)sealed + len, sizeof tag);
    mbedtls_gcm_init(&g);
    rc = mbedtls_gcm_setkey(&g, MBEDTLS_CIPHER_ID_AES, a->key, 8 * MRS_KEY_SIZE);
    if (rc == 0)
        rc = mbedtls_gcm_auth_decrypt(&g, len, nonce, MRS_NONCE_SIZE, aad, aad_len, tag,
                                      sizeof tag, sealed, out);
    mbedtls_gcm_free(&g);
    if (rc == 0)
        return MARS_OK;
    mrs_wipe(out, len);
    return rc == MBEDTLS_ERR_GCM_AUTH_FAILED
               ? mrs_fail(err, MARS_ERR_CORRUPT, "does not authenticate")
               : broken(err, "opening");
}

struct mrs_sha256 {
    mbedtls_sha256_context x;
};

mars_status
mrs_sha256_new(struct mrs_sha256 **out, mars_error *err)
{
    struct mrs_sha256 *s = mrs_alloc(sizeof *s);

    *out = NULL;
    if (s == NULL)
        return mrs_nomem(err);
    mbedtls_sha256_init(&s->x);
    if (mbedtls_sha256_starts(&s->x, 0) != 0) {
        mrs_sha256_free(s);
        return broken(err, "preparing SHA-256");
    }
    *out = s;
    return MARS_OK;
}

mars_status
mrs_sha256_update(struct mrs_sha256 *s, const void *data, size_t n, mars_error *err)
{
    return mbedtls_sha256_update(&s->x, data, n) == 0 ? MARS_OK : broken(err, "SHA-256");
}

mars_status
mrs_sha256_finish(struct mrs_sha256 *s, uint8_t out[MRS_DIGEST_SIZE], mars_error *err)
{
    if (mbedtls_sha256_finish(&s->x, out) != 0 || mbedtls_sha256_starts(&s->x, 0) != 0)
        return broken(err, "SHA-256");
    return MARS_OK;
}

void
mrs_sha256_free(struct mrs_sha256 *s)
{
    if (s == NULL)
        return;
    mbedtls_sha256_free(&s->x);
    mrs_free(s);
}

mars_status
mrs_sha256_once(const void *data, size_t n, uint8_t out[MRS_DIGEST_SIZE], mars_error *err)
{
    return mbedtls_sha256(data, n, out, 0) == 0 ? MARS_OK : broken(err, "SHA-256");
}

/* The digest states behind the inner and the outer padded key. */
struct mrs_hmac {
    mbedtls_sha256_context inner;
    mbedtls_sha256_context outer;
};

static int
absorb(mbedtls_sha256_context *x, const uint8_t key[BLOCK_SIZE], uint8_t with)
{
    uint8_t padded[BLOCK_SIZE];
    int rc;

    for (size_t i = 0; i < sizeof padded; i++)
        padded[i] = (uint8_t)(key[i] ^ with);
    rc = mbedtls_sha256_starts(x, 0);
    if (rc == 0)
        rc = mbedtls_sha256_update(x, padded, sizeof padded);
    mrs_wipe(padded, sizeof padded);
    return rc;
}

mars_status
mrs_hmac_new(struct mrs_hmac **out, const void *key, size_t key_len, mars_error *err)
{
    struct mrs_hmac *h = mrs_alloc(sizeof *h);
    uint8_t block[BLOCK_SIZE] = { 0 };
    mars_status st = MARS_OK;

    *out = NULL;
    if (h == NULL)
        return mrs_nomem(err);
    mbedtls_sha256_init(&h->inner);
    mbedtls_sha256_init(&h->outer);
    if (key_len > sizeof block)
        st = mrs_sha256_once(key, key_len, block, err);
    else if (key_len > 0)
        memcpy(block, key, key_len);
    if (st == MARS_OK &&
        (absorb(&h->inner, block, 0x36) != 0 || absorb(&h->outer, block, 0x5c) != 0))
        st = broken(err, "preparing HMAC");
    mrs_wipe(block, sizeof block);
    if (st != MARS_OK)
        mrs_hmac_free(h);
    else
        *out = h;
    return st;
}

mars_status
mrs_hmac_run(struct mrs_hmac *h, const void *prefix, size_t prefix_len, const void *data, size_t n,
             uint8_t out[MRS_DIGEST_SIZE], mars_error *err)
{
    mbedtls_sha256_context x;
    uint8_t inner[MRS_DIGEST_SIZE];
    int rc;

    mbedtls_sha256_init(&x);
    mbedtls_sha256_clone(&x, &h->inner);
    rc = prefix_len > 0 ? mbedtls_sha256_update(&x, prefix, prefix_len) : 0;
    if (rc == 0 && n > 0)
        rc = mbedtls_sha256_update(&x, data, n);
    if (rc == 0)
        rc = mbedtls_sha256_finish(&x, inner);
    mbedtls_sha256_clone(&x, &h->outer);
    if (rc == 0)
        rc = mbedtls_sha256_update(&x, inner, sizeof inner);
    if (rc == 0)
        rc = mbedtls_sha256_finish(&x, out);
    mbedtls_sha256_free(&x);
    return rc == 0 ? MARS_OK : broken(err, "HMAC");
}

void
mrs_hmac_free(struct mrs_hmac *h)
{
    if (h == NULL)
        return;
    mbedtls_sha256_free(&h->inner);
    mbedtls_sha256_free(&h->outer);
    mrs_free(h);
}

const char *
mrs_crypto_name(void)
{
    return "mbedtls";
}
