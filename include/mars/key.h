#ifndef MARS_KEY_H
#define MARS_KEY_H

#include <mars/agent.h>

#ifdef __cplusplus
extern "C" {
#endif

/** One slot that opens the domain, borrowed for the call. */
typedef struct mars_key_info {
    uint32_t struct_size;
    uint32_t kind;        /* 1 passphrase, 2 raw key, 3 caller's callback */
    const char *id;       /* hex */
    const char *label;
    int64_t created;
    uint32_t passes;      /* Argon2id cost */
    uint32_t memory_kib;
    uint32_t lanes;
    uint32_t reserved;
} mars_key_info;
typedef void(MARS_CALL *mars_key_fn)(const mars_key_info *key, void *user);

/** List the slots of the agent's domain. @since 0.1 */
MARS_API MARS_NODISCARD mars_status MARS_CALL
mars_key_list(mars_agent *agent, mars_key_fn fn, void *user, mars_error *err);

/**
 * Add a slot with another passphrase. Writes a new slot set; no data is touched.
 *
 * @param passphrase  one that opens the domain now; len bytes
 * @param label       shown by mars_key_list(); NUL-terminated, NULL: none
 * @param[out] id     17 bytes for the slot's id in hex; NULL: not wanted
 * @retval MARS_ERR_KEY          passphrase opens no slot
 * @retval MARS_ERR_INVALID_ARG  the new one is too short or not UTF-8
 * @since 0.1
 */
MARS_API MARS_NODISCARD mars_status MARS_CALL
mars_key_add(mars_agent *agent, const char *passphrase, uint64_t passphrase_len,
             const char *new_passphrase, uint64_t new_len, const char *label, char id[17],
             mars_error *err);

/** Replace the slot that passphrase opens by one for new_passphrase. Someone who kept the old slot
 *  and the old passphrase can still open the domain. @since 0.1 */
MARS_API MARS_NODISCARD mars_status MARS_CALL
mars_key_change(mars_agent *agent, const char *passphrase, uint64_t passphrase_len,
                const char *new_passphrase, uint64_t new_len, mars_error *err);

/** Remove a slot. @retval MARS_ERR_STATE it is the last one @since 0.1 */
MARS_API MARS_NODISCARD mars_status MARS_CALL
mars_key_remove(mars_agent *agent, const char *passphrase, uint64_t passphrase_len,
                const char *id, mars_error *err);

#ifdef __cplusplus
}
#endif
#endif
