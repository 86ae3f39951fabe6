/* This machine's registration as its config directory keeps it: agent.yaml. No secrets. */
#ifndef MRS_AGENT_STATE_H
#define MRS_AGENT_STATE_H

#include "base/vec.h"
#include "repo/keyring.h"
#include "store/access.h"
#include "vault/machine.h"

/* Zero: the defaults below, and no quota. */
struct mrs_cache_settings {
    uint64_t quota;          /* bytes */
    uint32_t warn_permille;  /* of the protected data, free on the cache's disk */
    uint32_t refuse_permille;
};
enum {
    MRS_CACHE_WARN_PERMILLE = 50,
    MRS_CACHE_REFUSE_PERMILLE = 1,
    MRS_CACHE_PERMILLE_MAX = 1000,
    MRS_OLD_CACHES_MAX = 16
};

struct mrs_registration {
    char *vault_url;
    uint8_t vault[16];
    uint8_t machine_id[16];
    char machine_name[MRS_DISPLAY_NAME_MAX + 1];
    uint8_t domain[16];
    char *cache_dir;   /* absolute; NULL: none, as when another machine's points are read */
    char serial[17];   /* of the credentials it registered with */
    int64_t access_until;     /* when the right that came with them ends; seconds since 1970 */
    struct mrs_access access; /* its secrets are read by mrs_registration_secrets */
    struct mrs_cache_settings cache;
    struct mrs_vec old_caches; /* char *: where the cache was; to be removed after a good backup */
};

/* The same with the defaults in place of zeros. */
struct mrs_cache_settings mrs_cache_settings_in_force(const struct mrs_cache_settings *s);

/* MARS_ERR_STATE if the directory holds no registration. Freed with mrs_registration_free, also
 * after a failure. */
MARS_NODISCARD mars_status mrs_registration_load(struct mrs_registration *r, const char *config_dir,
                                                 mars_error *err);
/* The config directory's lock is held. Keys and secrets first: a registration without them is
 * none. */
MARS_NODISCARD mars_status mrs_registration_save(const struct mrs_registration *r,
                                                 const struct mrs_keyring *keys,
                                                 const char *config_dir, mars_error *err);
/* The same where keys and secrets are kept already: only agent.yaml is written. */
MARS_NODISCARD mars_status mrs_registration_update(const struct mrs_registration *r,
                                                   const char *config_dir, mars_error *err);
/* Remember that the cache was in dir, or forget it. */
MARS_NODISCARD mars_status mrs_registration_add_old_cache(struct mrs_registration *r,
                                                          const char *dir, mars_error *err);
bool mrs_registration_has_old_cache(const struct mrs_registration *r, const char *dir);
void mrs_registration_drop_old_cache(struct mrs_registration *r, const char *dir);
/* dir, which is there, is in use: forget every old place that it is or is in, by whatever links
 * they are named, since an old place is removed one day. */
void mrs_registration_reuse_place(struct mrs_registration *r, const char *dir);
/* Add the secrets of the access, from the key protector that the registration names. */
MARS_NODISCARD mars_status mrs_registration_secrets(struct mrs_registration *r,
                                                    const char *config_dir, mars_error *err);
/* The config directory's lock is held: keep the access, and until when it is good. */
MARS_NODISCARD mars_status mrs_registration_save_access(const struct mrs_registration *r,
                                                        const char *config_dir, mars_error *err);
/* The domain's keys, from the key protector that the registration names. */
MARS_NODISCARD mars_status mrs_registration_keys(const struct mrs_registration *r,
                                                 const char *config_dir, struct mrs_keyring **out,
                                                 mars_error *err);
void mrs_registration_free(struct mrs_registration *r);

#endif
