#include <string.h>

#include "agent/paths.h"
#include "agent/register.h"
#include "base/err.h"
#include "platform/file.h"
#include "store/store.h"
#include "vault/credentials.h"

/* What has changed hands: r is the registration as it is, c what the file says. */
static mars_status
take(struct mrs_registration *r, const struct mrs_credentials *c, mars_error *err)
{
    mars_status st = MARS_OK;

    if (memcmp(r->vault, c->vault, sizeof r->vault) != 0)
        return mrs_fail(err, MARS_ERR_STATE, "the credentials are another vault's than %.100s",
                        r->vault_url);
    /* A right of another kind must not be left beside the new one. */
    for (unsigned k = 0; st == MARS_OK && k < MRS_ACCESS_KEYS; k++)
        st = mrs_access_set(&r->access, (enum mrs_access_key)k, c->access.text[k], err);
    r->access.stall_ms = c->access.stall_ms;
    r->access.limits = c->access.limits;
    r->access_until = c->access_until;
    memcpy(r->serial, c->serial, sizeof r->serial);
    return st;
}

static mars_status
renew(struct mrs_registration *r, const struct mrs_renew_spec *spec, mars_error *err)
{
    struct mrs_store *store = NULL;
    struct mrs_credentials c;
    struct mrs_vault vault;
    mars_status st = mrs_registration_secrets(r, spec->config_dir, err);

    if (st != MARS_OK)
        return st;
    r->access.logger = spec->logger;
    st = mrs_credentials_redeem(&c, spec->credentials, spec->store != NULL ? spec->store
                                                                           : &r->access,
                                MRS_USE_ACCESS, spec->stop, &store, &vault, err);
    if (st == MARS_OK && spec->stop != NULL && atomic_load(spec->stop))
        st = mrs_fail(err, MARS_ERR_CANCELLED, "cancelled");
    if (st == MARS_OK)
        st = take(r, &c, err);
    if (st == MARS_OK)
        st = mrs_registration_save_access(r, spec->config_dir, err);
    mrs_vault_forget(&vault);
    mrs_store_close(store);
    mrs_credentials_free(&c);
    return st;
}

mars_status
mrs_register_renew(const struct mrs_renew_spec *spec, mars_error *err)
{
    struct mrs_registration r = { .vault_url = NULL };
    struct mrs_lock *lock = NULL;
    mars_status st = mrs_config_lock(&lock, spec->config_dir, err);

    if (st == MARS_OK)
        st = mrs_registration_load(&r, spec->config_dir, err);
    if (st == MARS_OK)
        st = renew(&r, spec, err);
    mrs_lock_release(lock);
    mrs_registration_free(&r);
    return st;
}
