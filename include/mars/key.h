#ifndef MARS_KEY_H
#define MARS_KEY_H

#include <mars/agent.h>

#ifdef __cplusplus
extern "C" {
#endif

/** Room that a wrapped secret may take. */
enum { MARS_KEY_BLOB_MAX = 4096 };

/**
 * Wrap a slot's secret into blob, MARS_KEY_BLOB_MAX bytes of room, and say how many it took, at
 * least 1: so that unwrap knows which key it needs, and nobody without that key learns the secret.
 *
 * @param[out] err  not NULL, cleared: room for a message of one's own
 * @return mars_status: other than MARS_OK it is what the call returns, with that message
 */
typedef int32_t(MARS_CALL *mars_wrap_fn)(void *user, const uint8_t *secret, uint8_t *blob,
                                         uint64_t *blob_len, mars_error *err);

/**
 * Give the secret, 32 bytes, back. The blob may have been tampered with; a wrong secret is found
 * out. Otherwise as mars_wrap_fn.
 *
 * @return MARS_ERR_KEY  the blob is not one of these: the next slot is tried
 */
typedef int32_t(MARS_CALL *mars_unwrap_fn)(void *user, const uint8_t *blob, uint64_t blob_len,
                                           uint8_t *secret, mars_error *err);

/** A slot's key that the caller keeps: in an HSM, a key management service, a TPM. The library
 *  makes a secret of 32 bytes for each such slot and has it wrapped; what the caller makes of it,
 *  the blob, lies in the vault, where anybody who reads the store sees it. Both functions are
 *  called on the thread that makes the call, and not kept longer. They must not use the agent that
 *  the call is on. */
typedef struct mars_key_wrapper {
    uint32_t struct_size;
    uint32_t reserved;
    void *user;
    mars_wrap_fn wrap;     /* called where a slot is made, and unwrap behind it, to see that it
                              gives the secret back; NULL where none is made */
    mars_unwrap_fn unwrap; /* required */
} mars_key_wrapper;

/** What opens a slot: a passphrase or a wrapper. Where it is to open the domain both may be given:
 *  then either does. */
typedef struct mars_key {
    uint32_t struct_size;
    uint32_t reserved;
    const char *passphrase;  /* NULL: none */
    uint64_t passphrase_len; /* 0: NUL-terminated */
    const mars_key_wrapper *wrapper; /* NULL: none */
} mars_key;

/** One slot that opens the domain, borrowed for the call. */
typedef struct mars_key_info {
    uint32_t struct_size;
    uint32_t kind;        /* 1 passphrase, 2 raw key, 3 caller's wrapper */
    const char *id;       /* hex */
    const char *label;
    int64_t created;      /* seconds since 1970 UTC, by the clock of who made it */
    uint32_t passes;      /* Argon2id cost of a passphrase; else 0, as the next two */
    uint32_t memory_kib;
    uint32_t lanes;
    uint32_t reserved;
} mars_key_info;
/** Called on the thread that made the call. It must not use the agent that the call is on. */
typedef void(MARS_CALL *mars_key_fn)(const mars_key_info *key, void *user);

/** List the slots of the agent's domain. @since 0.1 */
MARS_API MARS_NODISCARD mars_status MARS_CALL
mars_key_list(mars_agent *agent, mars_key_fn fn, void *user, mars_error *err);

/**
 * Add a slot. Writes a new slot set; no data is touched.
 *
 * @param present  opens the domain now
 * @param added    the new slot's: one of the two
 * @param label    shown by mars_key_list(); NUL-terminated, at most 63 bytes, NULL: none
 * @param[out] id  17 bytes for the slot's id in hex; NULL: not wanted
 * @retval MARS_ERR_KEY          present opens no slot; or added does not unwrap what it wraps
 * @retval MARS_ERR_INVALID_ARG  the new passphrase is too short or not UTF-8, or label is too long
 *                               or no UTF-8
 * @retval MARS_ERR_STATE        there are 64 slots already; or another machine's points are open
 * @since 0.1
 */
MARS_API MARS_NODISCARD mars_status MARS_CALL
mars_key_add(mars_agent *agent, const mars_key *present, const mars_key *added, const char *label,
             char id[17], mars_error *err);

/** Replace the slot that present opens by one for fresh, which is one of the two. Someone who kept
 *  the old slot and its key can still open the domain. Errors: as mars_key_add(). @since 0.1 */
MARS_API MARS_NODISCARD mars_status MARS_CALL
mars_key_change(mars_agent *agent, const mars_key *present, const mars_key *fresh,
                mars_error *err);

/** Remove a slot, which may be the one that present opens.
 *  @param id  16 digits, as mars_key_list() tells it; NUL-terminated
 *  @retval MARS_ERR_NOT_FOUND    there is no such slot
 *  @retval MARS_ERR_INVALID_ARG  id is no id
 *  @retval MARS_ERR_KEY          present opens no slot
 *  @retval MARS_ERR_STATE        it is the last one; or another machine's points are open
 *  @since 0.1 */
MARS_API MARS_NODISCARD mars_status MARS_CALL
mars_key_remove(mars_agent *agent, const mars_key *present, const char *id, mars_error *err);

#ifdef __cplusplus
}
#endif
#endif
