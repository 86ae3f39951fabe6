/* Linked in place of lib/crypto/argon2id.c where a test is not about the cost of a passphrase:
 * every input still decides the output, as with Argon2id, but in microseconds. */

#include "crypto/argon2id.h"
#include "crypto/digest.h"

mars_status
mrs_argon2id(const void *secret, size_t secret_len, const void *salt, size_t salt_len,
             uint32_t passes, uint32_t mem_kib, uint32_t lanes, void *out, size_t out_len,
             mars_error *err)
{
    const uint32_t costs[3] = { passes, mem_kib, lanes };

    return mrs_hkdf(secret, secret_len, salt, salt_len, costs, sizeof costs, out, out_len, err);
}
