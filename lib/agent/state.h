/* This machine's registration as its config directory keeps it: agent.yaml. No secrets. */
#ifndef MRS_AGENT_STATE_H
#define MRS_AGENT_STATE_H

#include "repo/keyring.h"
#include "vault/machine.h"

struct mrs_registration {
    char *vault_url;
    uint8_t vault[16];
    uint8_t machine_id[16];
    char machine_name[MRS_DISPLAY_NAME_MAX + 1];
    uint8_t domain[16];
    char *cache_dir;   /* absolute; NULL: none, as when another machine's points are read */
    char serial[17];   /* of the credentials it registered with */
};

/* MARS_ERR_STATE if the directory holds no registration. Freed with mrs_registration_free, also
 * after a failure. */
MARS_NODISCARD mars_status mrs_registration_load(struct mrs_registration *r, const char *config_dir,
                                                 mars_error *err);
/* The config directory's lock is held. Keys first: a registration without its keys is none. */
MARS_NODISCARD mars_status mrs_registration_save(const struct mrs_registration *r,
                                                 const struct mrs_keyring *keys,
                                                 const char *config_dir, mars_error *err);
/* The domain's keys, from the key protector that the registration names. */
MARS_NODISCARD mars_status mrs_registration_keys(const struct mrs_registration *r,
                                                 const char *config_dir, struct mrs_keyring **out,
                                                 mars_error *err);
void mrs_registration_free(struct mrs_registration *r);

#endif
