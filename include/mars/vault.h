#ifndef MARS_VAULT_H
#define MARS_VAULT_H

#include <mars/store.h>

#ifdef __cplusplus
extern "C" {
#endif

/** Strings of option structs: bytes, not NUL-terminated unless the length beside them is 0; NULL
 *  means the default. Struct sizes: set struct_size to sizeof the struct, all else to zero. */
typedef struct mars_vault_options {
    uint32_t struct_size;
    uint32_t soft_delete_days; /* 0: 14 */
    const char *redundancy;    /* NULL: "none". file:// vaults have one copy and take no other */
    uint64_t redundancy_len;
    const mars_store_options *store; /* how it is reached; NULL: the URL says all */
} mars_vault_options;

/**
 * Make an empty vault.
 *
 * @param url   "file:///path", "azblob://ACCOUNT/CONTAINER[/PREFIX]" or the container's URL as
 *              Azure's portal shows it, "s3://BUCKET[/PREFIX]", "custom:NAME" for a store of the
 *              caller's; NUL-terminated. A directory is made if it is not there, a container or
 *              bucket has to be
 * @param opts  NULL for defaults
 * @param[out] err  NULL, or details when the result is not MARS_OK
 * @retval MARS_ERR_EXISTS       there is a vault already: it is not touched
 * @retval MARS_ERR_UNSUPPORTED  an unknown kind of URL, or a redundancy that the store cannot give
 * @since 0.1
 */
MARS_API MARS_NODISCARD mars_status MARS_CALL
mars_vault_create(const char *url, const mars_vault_options *opts, mars_error *err);

/** A vault's record. */
typedef struct mars_vault_info {
    uint32_t struct_size;
    uint32_t soft_delete_days;
    char id[40];          /* hex, NUL-terminated */
    char redundancy[16];
    int64_t created;      /* seconds since 1970 UTC */
    uint32_t machines;
    uint32_t put_if_absent; /* 1: seen to work when the vault was made */
} mars_vault_info;

/** One registered machine, borrowed for the call. */
typedef struct mars_machine_info {
    uint32_t struct_size;
    uint32_t reserved;
    const char *id;      /* hex */
    const char *name;    /* UTF-8 */
    const char *domain;  /* hex */
    const char *os;
    int64_t created;     /* seconds since 1970 UTC */
} mars_machine_info;
/** Called on the thread that made the call; it may make others. */
typedef void(MARS_CALL *mars_machine_fn)(const mars_machine_info *machine, void *user);

/**
 * Read a vault's record and, if fn is not NULL, its machines' records. Needs no key, so what it
 * tells is as trustworthy as the store.
 *
 * @param url           as in mars_vault_create(); NUL-terminated
 * @param store         how it is reached; NULL: the URL says all
 * @param[in,out] info  struct_size set by the caller
 * @retval MARS_ERR_NOT_FOUND  nothing there, or not a vault
 * @retval MARS_ERR_CORRUPT    a record is damaged: the others are told
 * @since 0.1
 */
MARS_API MARS_NODISCARD mars_status MARS_CALL
mars_vault_show(const char *url, const mars_store_options *store, mars_vault_info *info,
                mars_machine_fn fn, void *user, mars_error *err);

typedef struct mars_credentials_options {
    uint32_t struct_size;
    uint32_t valid_days;  /* to register; 0: 10 */
    uint32_t access_days; /* to use the store; 0: 365 */
    uint32_t reserved;
    const mars_store_options *store; /* how the vault is reached; NULL: the URL says all */
} mars_credentials_options;

/**
 * Issue a credentials file, with which machines register. It carries the right to use the store:
 * for Azure, where the account's key is known, a signature for this container to read, create and
 * list, which ends after access_days; else what `store` says, S3's keys as they are.
 *
 * @param url   as in mars_vault_create(); NUL-terminated
 * @param path  NUL-terminated; the new file, mode 0600
 * @retval MARS_ERR_EXISTS  the file is there already
 * @since 0.1
 */
MARS_API MARS_NODISCARD mars_status MARS_CALL
mars_vault_issue_credentials(const char *url, const char *path,
                             const mars_credentials_options *opts, mars_error *err);

#ifdef __cplusplus
}
#endif
#endif
