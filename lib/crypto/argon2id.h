#ifndef MRS_CRYPTO_ARGON2ID_H
#define MRS_CRYPTO_ARGON2ID_H

#include <mars/common.h>

/* Argon2id, version 0x13 (RFC 9106). Takes mem_kib KiB of memory while it runs. */
MARS_NODISCARD mars_status mrs_argon2id(const void *secret, size_t secret_len, const void *salt,
                                        size_t salt_len, uint32_t passes, uint32_t mem_kib,
                                        uint32_t lanes, void *out, size_t out_len,
                                        mars_error *err);

#endif
