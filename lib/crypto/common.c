/* What does not depend on the provider: counters as nonces, HKDF, comparing in constant time. */
#include <string.h>

#include "base/alloc.h"
#include "base/err.h"
#include "crypto/aead.h"
#include "crypto/digest.h"

enum { INFO_MAX = 512 };

static void
nonce_of(uint64_t counter, uint8_t nonce[MRS_NONCE_SIZE])
{
    memset(nonce, 0, MRS_NONCE_SIZE);
    for (size_t i = 0; i < 8; i++)
        nonce[i] = (uint8_t)(counter >> (8 * i));
}

mars_status
mrs_aead_seal(struct mrs_aead *a, uint64_t counter, const void *aad, size_t aad_len,
              const void *plain, size_t len, void *out, mars_error *err)
{
    uint8_t nonce[MRS_NONCE_SIZE];

    nonce_of(counter, nonce);
    return mrs_aead_seal_nonce(a, nonce, aad, aad_len, plain, len, out, err);
}

mars_status
mrs_aead_open(struct mrs_aead *a, uint64_t counter, const void *aad, size_t aad_len,
              const void *sealed, size_t len, void *out, mars_error *err)
{
    uint8_t nonce[MRS_NONCE_SIZE];

    nonce_of(counter, nonce);
    return mrs_aead_open_nonce(a, nonce, aad, aad_len, sealed, len, out, err);
}

/* RFC 5869: PRK = HMAC(salt, key); an empty salt is 32 zero bytes. */
static mars_status
extract(const void *key, size_t key_len, const void *salt, size_t salt_len,
        uint8_t prk[MRS_DIGEST_SIZE], mars_error *err)
{
    static const uint8_t no_salt[MRS_DIGEST_SIZE];
    struct mrs_hmac *h = NULL;
    mars_status st = mrs_hmac_new(&h, salt_len > 0 ? salt : no_salt,
                                  salt_len > 0 ? salt_len : sizeof no_salt, err);

    if (st == MARS_OK)
        st = mrs_hmac_run(h, NULL, 0, key, key_len, prk, err);
    mrs_hmac_free(h);
    return st;
}

/* T(i) = HMAC(PRK, T(i-1) ‖ info ‖ i), joined. */
static mars_status
expand(const uint8_t prk[MRS_DIGEST_SIZE], const void *info, size_t info_len, uint8_t *out,
       size_t out_len, mars_error *err)
{
    uint8_t block[MRS_DIGEST_SIZE + INFO_MAX + 1], t[MRS_DIGEST_SIZE];
    struct mrs_hmac *h = NULL;
    size_t t_len = 0, done = 0;
    mars_status st = mrs_hmac_new(&h, prk, MRS_DIGEST_SIZE, err);

    for (uint8_t i = 1; st == MARS_OK && done < out_len; i++) {
        size_t n = out_len - done < sizeof t ? out_len - done : sizeof t;

        memcpy(block, t, t_len);
        if (info_len > 0)
            memcpy(block + t_len, info, info_len);
        block[t_len + info_len] = i;
        st = mrs_hmac_run(h, NULL, 0, block, t_len + info_len + 1, t, err);
        t_len = sizeof t;
        if (st == MARS_OK)
            memcpy(out + done, t, n);
        done += n;
    }
    mrs_hmac_free(h);
    mrs_wipe(t, sizeof t);
    mrs_wipe(block, sizeof block);
    return st;
}

mars_status
mrs_hkdf(const void *key, size_t key_len, const void *salt, size_t salt_len, const void *info,
         size_t info_len, void *out, size_t out_len, mars_error *err)
{
    uint8_t prk[MRS_DIGEST_SIZE];
    mars_status st;

    if (info_len > INFO_MAX || out_len > 255 * (size_t)MRS_DIGEST_SIZE)
        return mrs_fail(err, MARS_ERR_INTERNAL, "hkdf: %zu bytes of info, %zu of output", info_len,
                        out_len);
    st = extract(key, key_len, salt, salt_len, prk, err);
    if (st == MARS_OK)
        st = expand(prk, info, info_len, out, out_len, err);
    mrs_wipe(prk, sizeof prk);
    return st;
}

bool
mrs_equal_ct(const void *a, const void *b, size_t n)
{
    const volatile uint8_t *x = a, *y = b;
    uint8_t differ = 0;

    for (size_t i = 0; i < n; i++)
        differ |= (uint8_t)(x[i] ^ y[i]);
    return differ == 0;
}
