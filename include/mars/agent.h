#ifndef MARS_AGENT_H
#define MARS_AGENT_H

#include <mars/cancel.h>
#include <mars/store.h>

#ifdef __cplusplus
extern "C" {
#endif

/** This machine's registration, and the engine that all its calls share: one worker pool, one
 *  byte budget, one index. Any number of threads may use it at once. Worker threads live while a
 *  call or a session is open, or a file of a point that is read from front to back. In a forked
 *  child every call answers MARS_ERR_STATE. */
typedef struct mars_agent mars_agent;

/** A key that the caller keeps: see key.h. */
struct mars_key_wrapper;

typedef struct mars_register_options {
    uint32_t struct_size;
    uint32_t flags;            /* none yet: 0 */
    const char *config_dir;    /* where this machine's state will lie; made if needed. Required */
    uint64_t config_dir_len;
    const char *credentials;   /* path of the credentials file. Required */
    uint64_t credentials_len;
    const char *passphrase;    /* at least 16 characters of UTF-8; wiped copies only. Required, or
                                  wrapper, or both: see mars_register() */
    uint64_t passphrase_len;
    const char *cache_dir;     /* NULL: "cache" in config_dir; made if needed */
    uint64_t cache_dir_len;
    const char *name;          /* the machine's display name; NULL: the host name */
    uint64_t name_len;
    const char *domain;        /* its name; NULL: one of its own, named like the machine */
    uint64_t domain_len;
    uint64_t cache_quota;      /* see mars_cache_settings; 0: none, or that of before */
    const mars_store_options *store; /* this machine's way to the vault, and its limits; the rest
                                        comes with the credentials. NULL: that of before */
    mars_log_fn log;           /* as in mars_agent_options, for this call and the agent */
    void *log_user;
    uint32_t log_level;
    uint32_t reserved;
    const struct mars_key_wrapper *wrapper; /* NULL: none */
    const mars_cancel *cancel; /* as in mars_agent_options */
} mars_register_options;

/**
 * Register this machine with a vault.
 *
 * The key, a passphrase or a wrapper, opens the machine's domain, or makes it when there is none. A
 * machine of this name that is already in the vault is taken over with all its points if the key
 * opens its domain; if not, nothing changes. Where both are given, either opens a domain that is
 * there, and a new one gets a slot for each. Neither passphrase nor root is stored on the machine,
 * only the keys that backup, restore and verify need, in a file of mode 0600.
 *
 * Takes about 64 MiB and a fraction of a second for the passphrase.
 *
 * @param[out] out  the open agent, for mars_agent_close(); NULL on failure. Or NULL: then nothing
 *                  is opened
 * @retval MARS_ERR_INVALID_ARG  passphrase shorter than 16 characters or not UTF-8, or a name
 * @retval MARS_ERR_AUTH         the credentials have expired, were edited, or are another vault's
 * @retval MARS_ERR_KEY          the key does not open the domain of this name
 * @retval MARS_ERR_STATE        config_dir belongs to another vault or machine
 * @retval MARS_ERR_CORRUPT      what may be this machine's record, or this domain's, is damaged
 * @since 0.1
 */
MARS_API MARS_NODISCARD mars_status MARS_CALL
mars_register(const mars_register_options *opts, mars_agent **out, mars_error *err);

typedef struct mars_renew_options {
    uint32_t struct_size;
    uint32_t flags;            /* none yet: 0 */
    const char *config_dir;    /* where this machine's state lies. Required */
    uint64_t config_dir_len;
    const char *credentials;   /* path of the newer file, of the same vault. Required */
    uint64_t credentials_len;
    const mars_store_options *store; /* this machine's way to the vault, and its limits; NULL: that
                                        of before */
    mars_log_fn log;           /* as in mars_agent_options, for this call */
    void *log_user;
    uint32_t log_level;
    uint32_t reserved;
    const mars_cancel *cancel; /* as in mars_agent_options */
} mars_renew_options;

/**
 * Give a registered machine the right that newer credentials carry, in place of the one it has,
 * without registering again: nothing in the vault changes, and no passphrase is needed. Agents that
 * are open go on with the right that they had.
 *
 * @retval MARS_ERR_AUTH       the credentials have expired, were edited, or the vault refuses them
 * @retval MARS_ERR_STATE      not registered, or with another vault
 * @retval MARS_ERR_NOT_FOUND  the file or the vault is not there
 * @retval MARS_ERR_NETWORK    the vault cannot be reached
 * @retval MARS_ERR_CANCELLED  by opts->cancel: the right is the one of before
 * @since 0.1
 */
MARS_API MARS_NODISCARD mars_status MARS_CALL
mars_register_renew(const mars_renew_options *opts, mars_error *err);

typedef struct mars_agent_options {
    uint32_t struct_size;
    uint32_t workers;          /* threads that hash, compress, seal; at most 256; 0: one a core, at
                                  least 4 for a vault over the network */
    uint64_t buffer_bytes;     /* budget for bytes in flight; 0: 64 MiB, at least 32 MiB */
    mars_log_fn log;           /* told until the agent, and its last point and file, is closed;
                                  NULL: silent */
    void *log_user;
    uint32_t log_level;        /* mars_level, the least grave that is wanted; 0: MARS_LEVEL_INFO */
    uint32_t reserved;
    const mars_cancel *cancel; /* ends the opening, which waits for the vault's server, soon with
                                  MARS_ERR_CANCELLED; borrowed for the call; NULL: never */
    const mars_store *store;   /* of a machine that is registered with a vault "custom:NAME" */
} mars_agent_options;

/**
 * Open a registered machine's state.
 *
 * @param config_dir  bytes; config_dir_len 0: NUL-terminated
 * @param opts        NULL for defaults
 * @param[out] out    for mars_agent_close(); NULL on failure
 * @retval MARS_ERR_AUTH       the right to use the vault has ended: see mars_register_renew()
 * @retval MARS_ERR_CANCELLED  by opts->cancel
 * @retval MARS_ERR_STATE      not registered: see mars_register()
 * @retval MARS_ERR_NOT_FOUND  the vault is not there
 * @since 0.1
 */
MARS_API MARS_NODISCARD mars_status MARS_CALL
mars_agent_open(const char *config_dir, uint64_t config_dir_len, const mars_agent_options *opts,
                mars_agent **out, mars_error *err);

typedef struct mars_recover_options {
    uint32_t struct_size;
    uint32_t workers;          /* as in mars_agent_options */
    uint64_t buffer_bytes;
    const char *credentials;   /* required */
    uint64_t credentials_len;
    const char *passphrase;    /* required, or wrapper; with both, either opens it */
    uint64_t passphrase_len;
    const char *machine;       /* its name or id; NULL: the vault's only machine */
    uint64_t machine_len;
    const mars_store_options *store; /* this machine's way to the vault; NULL: straight */
    mars_log_fn log;           /* as in mars_agent_options */
    void *log_user;
    uint32_t log_level;
    uint32_t reserved;
    const struct mars_key_wrapper *wrapper; /* NULL: none */
    const mars_cancel *cancel; /* as in mars_agent_options */
} mars_recover_options;

/**
 * Open another machine's points, read-only: nothing is stored here and nothing changes in the
 * vault. mars_backup(), key changes and the calls of cache.h answer MARS_ERR_STATE.
 *
 * @param[out] out  for mars_agent_close(); NULL on failure
 * @retval MARS_ERR_AUTH       the credentials have expired, were edited, or are another vault's
 * @retval MARS_ERR_CANCELLED  by opts->cancel
 * @retval MARS_ERR_NOT_FOUND  no such machine; without a name: none, or several
 * @retval MARS_ERR_KEY        the key does not open its domain
 * @since 0.1
 */
MARS_API MARS_NODISCARD mars_status MARS_CALL
mars_recover_open(const mars_recover_options *opts, mars_agent **out, mars_error *err);

/** Who this is. Strings live as long as the agent. */
typedef struct mars_agent_info {
    uint32_t struct_size;
    uint32_t read_only;          /* 1: from mars_recover_open() */
    const char *machine_id;
    const char *machine_name;
    const char *domain_id;
    const char *vault_url;
    const char *cache_dir;       /* empty if there is none; where it is now */
} mars_agent_info;

/** @param[in,out] info struct_size set by the caller. @since 0.1 */
MARS_API MARS_NODISCARD mars_status MARS_CALL
mars_agent_get_info(const mars_agent *agent, mars_agent_info *info, mars_error *err);

/** Close. No call or session may be running; points and files may stay open, and keep what they
 *  need until they are closed. NULL is allowed. @since 0.1 */
MARS_API void MARS_CALL mars_agent_close(mars_agent *agent);

#ifdef __cplusplus
}
#endif
#endif
