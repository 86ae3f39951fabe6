#include <string.h>

#include "agent/register.h"
#include "base/alloc.h"
#include "base/err.h"
#include "repo/create.h"
#include "repo/record.h"
#include "vault/credentials.h"

static mars_status
not_one(const struct mrs_machines *all, const char *what, mars_error *err)
{
    char names[120] = "";
    size_t at = 0;

    for (size_t i = 0; i < all->list.len && at + 1 < sizeof names; i++) {
        const char *name = mrs_machines_at(all, i)->record.name;
        size_t n = strlen(name), sep = at > 0 ? 2 : 0;

        if (at + sep + n >= sizeof names)
            break;
        memcpy(names + at, ", ", sep);
        memcpy(names + at + sep, name, n + 1);
        at += sep + n;
    }
    return mrs_fail(err, MARS_ERR_NOT_FOUND, "%s; the vault's machines: %s", what,
                    at > 0 ? names : "none");
}

/* The machine that is meant. */
static mars_status
choose(const struct mrs_machines *all, const char *text, const struct mrs_machine **out,
       mars_error *err)
{
    size_t at = 0;

    *out = NULL;
    if (text == NULL) {
        if (all->list.len != 1)
            return not_one(all, "name one machine", err);
        *out = mrs_machines_at(all, 0);
        return MARS_OK;
    }
    *out = mrs_machines_find(all, text, &at);
    if (*out == NULL)
        return not_one(all, "no machine of this name", err);
    if (mrs_machines_find(all, text, &at) != NULL)
        return not_one(all, "several machines have this name: use the id", err);
    return MARS_OK;
}

static mars_status
fill(struct mrs_registration *reg, const struct mrs_credentials *c, const struct mrs_vault *v,
     const struct mrs_machine *m, mars_error *err)
{
    reg->vault_url = mrs_strndup(c->url, strlen(c->url));
    if (reg->vault_url == NULL)
        return mrs_nomem(err);
    memcpy(reg->vault, v->record.id, sizeof reg->vault);
    memcpy(reg->machine_id, m->record.id, sizeof reg->machine_id);
    memcpy(reg->machine_name, m->record.name, sizeof reg->machine_name);
    memcpy(reg->domain, m->record.domain, sizeof reg->domain);
    memcpy(reg->serial, c->serial, sizeof reg->serial);
    return MARS_OK;
}

mars_status
mrs_recover(const struct mrs_recover_spec *spec, struct mrs_registration *reg,
            struct mrs_keyring **keys, struct mrs_store **store, mars_error *err)
{
    const struct mrs_machine *m = NULL;
    struct mrs_machines all = { .damaged = 0 };
    struct mrs_store *view = NULL;
    struct mrs_credentials c;
    struct mrs_vault vault;
    mars_status st;

    memset(reg, 0, sizeof *reg);
    *keys = NULL;
    st = mrs_credentials_redeem(&c, spec->credentials, spec->store, MRS_USE_ACCESS, spec->stop,
                                store, &vault, err);
    if (st == MARS_OK)
        st = mrs_store_view(*store, spec->stop, &view, err);
    if (st == MARS_OK)
        st = mrs_machines_read(&all, view, err);
    if (st == MARS_OK)
        st = choose(&all, spec->machine, &m, err);
    if (st == MARS_OK)
        st = mrs_domain_unlock(view, m->record.domain, &spec->key, keys, err);
    if (st == MARS_OK)
        st = mrs_machine_check(m, view, mrs_keyring_find, *keys, err);
    if (st == MARS_OK)
        st = fill(reg, &c, &vault, m, err);
    mrs_store_close(view);
    mrs_machines_free(&all);
    mrs_vault_forget(&vault);
    mrs_credentials_free(&c);
    return st;
}
