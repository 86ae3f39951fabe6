/* libcrypto 3.0 and later. Algorithms are fetched once a handle: a fetch costs more than sealing
 * a small blob. */
#include <limits.h>
#include <string.h>

#include <openssl/evp.h>

#include "base/alloc.h"
#include "base/err.h"
#include "crypto/aead.h"
#include "crypto/digest.h"

enum { BLOCK_SIZE = 64 };

static mars_status
broken(mars_error *err, const char *what)
{
    return mrs_fail(err, MARS_ERR_INTERNAL, "libcrypto: %s failed", what);
}

/* A context with the key schedule in it, copied for each use. */
struct mrs_aead {
    EVP_CIPHER *cipher;
    EVP_CIPHER_CTX *keyed;
};

mars_status
mrs_aead_new(struct mrs_aead **out, const uint8_t key[MRS_KEY_SIZE], mars_error *err)
{
    struct mrs_aead *a = mrs_alloc(sizeof *a);

    *out = NULL;
    if (a == NULL)
        return mrs_nomem(err);
    a->cipher = EVP_CIPHER_fetch(NULL, "AES-256-GCM", NULL);
    a->keyed = EVP_CIPHER_CTX_new();
    if (a->cipher == NULL || a->keyed == NULL ||
        EVP_CipherInit_ex2(a->keyed, a->cipher, key, NULL, 1, NULL) != 1) {
        mrs_aead_free(a);
        return broken(err, "preparing AES-256-GCM");
    }
    *out = a;
    return MARS_OK;
}

void
mrs_aead_free(struct mrs_aead *a)
{
    if (a == NULL)
        return;
    EVP_CIPHER_CTX_free(a->keyed); /* cleanses */
    EVP_CIPHER_free(a->cipher);
    mrs_free(a);
}

/* A context of its own for one operation. */
static EVP_CIPHER_CTX *
copy_keyed(const struct mrs_aead *a, const uint8_t nonce[MRS_NONCE_SIZE], int encrypt)
{
    EVP_CIPHER_CTX *x = EVP_CIPHER_CTX_new();

    if (x == NULL || EVP_CIPHER_CTX_copy(x, a->keyed) != 1 ||
        EVP_CipherInit_ex2(x, NULL, NULL, nonce, encrypt, NULL) != 1) {
        EVP_CIPHER_CTX_free(x);
        return NULL;
    }
    return x;
}

static int
update(EVP_CIPHER_CTX *x, const void *aad, size_t aad_len, const void *in, size_t len, void *out)
{
    int n;

    if (aad_len > INT_MAX || len > INT_MAX)
        return 0;
    if (aad_len > 0 && EVP_CipherUpdate(x, NULL, &n, aad, (int)aad_len) != 1)
        return 0;
    return len == 0 || EVP_CipherUpdate(x, out, &n, in, (int)len) == 1;
}

mars_status
mrs_aead_seal_nonce(struct mrs_aead *a, const uint8_t nonce[MRS_NONCE_SIZE], const void *aad,
                    size_t aad_len, const void *plain, size_t len, void *out, mars_error *err)
{
    EVP_CIPHER_CTX *x = copy_keyed(a, nonce, 1);
    uint8_t *at = out, none[1];
    int n, ok;

    ok = x != NULL && update(x, aad, aad_len, plain, len, out) &&
         EVP_CipherFinal_ex(x, none, &n) == 1 &&
         EVP_CIPHER_CTX_ctrl(x, EVP_CTRL_AEAD_GET_TAG, MRS_TAG_SIZE, at + len) == 1;
    EVP_CIPHER_CTX_free(x);
    return ok ? MARS_OK : broken(err, "sealing");
}

mars_status
mrs_aead_open_nonce(struct mrs_aead *a, const uint8_t nonce[MRS_NONCE_SIZE], const void *aad,
                    size_t aad_len, const void *sealed, size_t len, void *out, mars_error *err)
{
    uint8_t tag[MRS_TAG_SIZE], none[1];
    EVP_CIPHER_CTX *x;
    int n, ok;

    if (len < MRS_TAG_SIZE)
        return mrs_fail(err, MARS_ERR_CORRUPT, "sealed bytes: too short");
    len -= MRS_TAG_SIZE;
    memcpy(tag, (const uint8_t *)sealed + len, sizeof tag);
    x = copy_keyed(a, nonce, 0);
    if (x == NULL || !update(x, aad, aad_len, sealed, len, out) ||
        EVP_CIPHER_CTX_ctrl(x, EVP_CTRL_AEAD_SET_TAG, MRS_TAG_SIZE, tag) != 1) {
        EVP_CIPHER_CTX_free(x);
        mrs_wipe(out, len);
        return broken(err, "opening");
    }
    ok = EVP_CipherFinal_ex(x, none, &n) == 1;
    EVP_CIPHER_CTX_free(x);
    if (ok)
        return MARS_OK;
    mrs_wipe(out, len);
    return mrs_fail(err, MARS_ERR_CORRUPT, "does not authenticate");
}

struct mrs_sha256 {
    EVP_MD *md;
    EVP_MD_CTX *x;
};

mars_status
mrs_sha256_new(struct mrs_sha256 **out, mars_error *err)
{
    struct mrs_sha256 *s = mrs_alloc(sizeof *s);

    *out = NULL;
    if (s == NULL)
        return mrs_nomem(err);
    s->md = EVP_MD_fetch(NULL, "SHA256", NULL);
    s->x = EVP_MD_CTX_new();
    if (s->md == NULL || s->x == NULL || EVP_DigestInit_ex2(s->x, s->md, NULL) != 1) {
        mrs_sha256_free(s);
        return broken(err, "preparing SHA-256");
    }
    *out = s;
    return MARS_OK;
}

mars_status
mrs_sha256_update(struct mrs_sha256 *s, const void *data, size_t n, mars_error *err)
{
    return EVP_DigestUpdate(s->x, data, n) == 1 ? MARS_OK : broken(err, "SHA-256");
}

mars_status
mrs_sha256_finish(struct mrs_sha256 *s, uint8_t out[MRS_DIGEST_SIZE], mars_error *err)
{
    if (EVP_DigestFinal_ex(s->x, out, NULL) != 1 || EVP_DigestInit_ex2(s->x, s->md, NULL) != 1)
        return broken(err, "SHA-256");
    return MARS_OK;
}

void
mrs_sha256_free(struct mrs_sha256 *s)
{
    if (s == NULL)
        return;
    EVP_MD_CTX_free(s->x);
    EVP_MD_free(s->md);
    mrs_free(s);
}

mars_status
mrs_sha256_once(const void *data, size_t n, uint8_t out[MRS_DIGEST_SIZE], mars_error *err)
{
    return EVP_Digest(data, n, out, NULL, EVP_sha256(), NULL) == 1 ? MARS_OK
                                                                   : broken(err, "SHA-256");
}

/* The digest states behind the inner and the outer padded key: copied, they save two blocks and
 * the key set-up that a MAC context would cost. */
struct mrs_hmac {
    EVP_MD *md;
    EVP_MD_CTX *inner;
    EVP_MD_CTX *outer;
};

static int
absorb(EVP_MD_CTX *x, const EVP_MD *md, const uint8_t key[BLOCK_SIZE], uint8_t with)
{
    uint8_t padded[BLOCK_SIZE];
    int ok;

    for (size_t i = 0; i < sizeof padded; i++)
        padded[i] = (uint8_t)(key[i] ^ with);
    ok = x != NULL && EVP_DigestInit_ex2(x, md, NULL) == 1 &&
         EVP_DigestUpdate(x, padded, sizeof padded) == 1;
    mrs_wipe(padded, sizeof padded);
    return ok;
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
    if (key_len > sizeof block)
        st = mrs_sha256_once(key, key_len, block, err);
    else if (key_len > 0)
        memcpy(block, key, key_len);
    h->md = EVP_MD_fetch(NULL, "SHA256", NULL);
    h->inner = EVP_MD_CTX_new();
    h->outer = EVP_MD_CTX_new();
    if (st == MARS_OK && (h->md == NULL || !absorb(h->inner, h->md, block, 0x36) ||
                          !absorb(h->outer, h->md, block, 0x5c)))
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
    EVP_MD_CTX *x = EVP_MD_CTX_new();
    uint8_t inner[MRS_DIGEST_SIZE];
    int ok = x != NULL && EVP_MD_CTX_copy_ex(x, h->inner) == 1 &&
             EVP_DigestUpdate(x, prefix, prefix_len) == 1 && EVP_DigestUpdate(x, data, n) == 1 &&
             EVP_DigestFinal_ex(x, inner, NULL) == 1 && EVP_MD_CTX_copy_ex(x, h->outer) == 1 &&
             EVP_DigestUpdate(x, inner, sizeof inner) == 1 && EVP_DigestFinal_ex(x, out, NULL) == 1;

    EVP_MD_CTX_free(x);
    return ok ? MARS_OK : broken(err, "HMAC");
}

void
mrs_hmac_free(struct mrs_hmac *h)
{
    if (h == NULL)
        return;
    EVP_MD_CTX_free(h->inner);
    EVP_MD_CTX_free(h->outer);
    EVP_MD_free(h->md);
    mrs_free(h);
}

const char *
mrs_crypto_name(void)
{
    return "openssl";
}
