#include "crypto/argon2id.h"

#include <argon2.h>

#include "base/err.h"

mars_status
mrs_argon2id(const void *secret, size_t secret_len, const void *salt, size_t salt_len,
             uint32_t passes, uint32_t mem_kib, uint32_t lanes, void *out, size_t out_len,
             mars_error *err)
{
    int rc = argon2id_hash_raw(passes, mem_kib, lanes, secret, secret_len, salt, salt_len, out,
                               out_len);

    if (rc == ARGON2_OK)
        return MARS_OK;
    if (rc == ARGON2_MEMORY_ALLOCATION_ERROR)
        return mrs_fail(err, MARS_ERR_NOMEM, "argon2id: no %u KiB of memory", mem_kib);
    return mrs_fail(err, MARS_ERR_INTERNAL, "argon2id: %s", argon2_error_message(rc));
}
