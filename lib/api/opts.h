/* Arguments from callers: versions of option structs, strings, names. */
#ifndef MRS_API_OPTS_H
#define MRS_API_OPTS_H

#include <stdbool.h>

#include <mars/agent.h>
#include <mars/backup.h>
#include <mars/benchmark.h>
#include <mars/cache.h>
#include <mars/image.h>
#include <mars/key.h>
#include <mars/restore.h>
#include <mars/source.h>
#include <mars/vault.h>
#include <mars/verify.h>

#include "repo/slots.h"
#include "store/access.h"

/* Sizes of the option structs as they were first released: what every caller has at least. */
enum {
    MRS_STORE_OPTIONS_V1 = sizeof(mars_store_options),
    MRS_STORE_V1 = sizeof(mars_store),
    MRS_VAULT_OPTIONS_V1 = sizeof(mars_vault_options),
    MRS_CREDENTIALS_OPTIONS_V1 = sizeof(mars_credentials_options),
    MRS_REGISTER_OPTIONS_V1 = sizeof(mars_register_options),
    MRS_RENEW_OPTIONS_V1 = sizeof(mars_renew_options),
    MRS_AGENT_OPTIONS_V1 = sizeof(mars_agent_options),
    MRS_RECOVER_OPTIONS_V1 = sizeof(mars_recover_options),
    MRS_CACHE_SETTINGS_V1 = sizeof(mars_cache_settings),
    MRS_BACKUP_OPTIONS_V1 = sizeof(mars_backup_options),
    MRS_SOURCE_V1 = sizeof(mars_source),
    MRS_IMAGE_OPTIONS_V1 = sizeof(mars_image_options),
    MRS_RESTORE_OPTIONS_V1 = sizeof(mars_restore_options),
    MRS_SINK_V1 = sizeof(mars_sink),
    MRS_VERIFY_OPTIONS_V1 = offsetof(mars_verify_options, sample_percent),
    MRS_BENCHMARK_OPTIONS_V1 = sizeof(mars_benchmark_options),
    MRS_KEY_V1 = sizeof(mars_key),
    MRS_KEY_WRAPPER_V1 = sizeof(mars_key_wrapper)
};

/* Copy a caller's options into dst of cap bytes: an older caller's are extended with zeros, a newer
 * one's are taken if what this build does not know is zero (MARS_ERR_UNSUPPORTED). src NULL: all
 * defaults. */
MARS_NODISCARD mars_status mrs_opts_import(void *dst, size_t cap, const void *src, size_t v1_size,
                                           mars_error *err);
/* Copy a result to a caller, as much as its struct_size takes; what it has more is zeroed. */
MARS_NODISCARD mars_status mrs_opts_export(void *dst, const void *src, size_t size,
                                           mars_error *err);

/* A string argument as a NUL-terminated copy for mrs_free; len 0: it has its own NUL. NULL stays
 * NULL unless it is required. */
MARS_NODISCARD mars_status mrs_arg_string(const char *s, uint64_t len, bool required,
                                          const char *what, char **out, mars_error *err);
/* The same for a path, made absolute. */
MARS_NODISCARD mars_status mrs_arg_path(const char *s, uint64_t len, bool required,
                                        const char *what, char **out, mars_error *err);

/* How a store is reached. src NULL: nothing is said. The caller frees out, also after a failure.
 * logger: gets the one of the options, and is what out refers to; NULL: that is not looked at. */
MARS_NODISCARD mars_status mrs_arg_store(const mars_store_options *src, struct mrs_access *out,
                                         struct mrs_logger *logger, mars_error *err);

/* What opens slots: at least one of the two. `room` gets the wrapper, and is what out refers to. */
MARS_NODISCARD mars_status mrs_arg_opener(const char *passphrase, uint64_t len,
                                          const mars_key_wrapper *wrapper, const char *what,
                                          struct mrs_opener *out, mars_key_wrapper *room,
                                          mars_error *err);
MARS_NODISCARD mars_status mrs_arg_key(const mars_key *key, const char *what,
                                       struct mrs_opener *out, mars_key_wrapper *room,
                                       mars_error *err);

/* Where lines for the log go. fn NULL: nowhere. */
MARS_NODISCARD mars_status mrs_arg_log(struct mrs_logger *out, mars_log_fn fn, void *user,
                                       uint32_t level, mars_error *err);

/* A caller's store, copied; src NULL: none, out is zeroed. */
MARS_NODISCARD mars_status mrs_arg_custom_store(const mars_store *src, mars_store *out,
                                                mars_error *err);

/* A quota of the cache: none, or one that is of use. */
MARS_NODISCARD mars_status mrs_arg_cache_quota(uint64_t quota, mars_error *err);

/* A display name: 1 to 255 bytes of UTF-8 without control characters and "/". */
MARS_NODISCARD mars_status mrs_name_check(const char *text, size_t len, const char *what,
                                          mars_error *err);

#endif
