#include "store/access.h"

#include <string.h>

#include "base/alloc.h"
#include "base/err.h"

static const struct {
    const char *name;
    enum mrs_access_part part;
    bool secret;
} keys[MRS_ACCESS_KEYS] = {
    [MRS_ACCESS_ENDPOINT] = { "store.endpoint", MRS_ACCESS_OF_VAULT, false },
    [MRS_ACCESS_REGION] = { "store.region", MRS_ACCESS_OF_VAULT, false },
    [MRS_ACCESS_ADDRESSING] = { "store.addressing", MRS_ACCESS_OF_VAULT, false },
    [MRS_ACCESS_TIER] = { "store.tier", MRS_ACCESS_OF_VAULT, false },
    [MRS_ACCESS_ACCOUNT_KEY] = { "store.account_key", MRS_ACCESS_OF_VAULT, true },
    [MRS_ACCESS_SAS] = { "store.sas", MRS_ACCESS_OF_VAULT, true },
    [MRS_ACCESS_KEY_ID] = { "store.key_id", MRS_ACCESS_OF_VAULT, true },
    [MRS_ACCESS_SECRET_KEY] = { "store.secret_key", MRS_ACCESS_OF_VAULT, true },
    [MRS_ACCESS_SESSION_TOKEN] = { "store.session_token", MRS_ACCESS_OF_VAULT, true },
    [MRS_ACCESS_TENANT] = { "store.tenant", MRS_ACCESS_OF_VAULT, false },
    [MRS_ACCESS_CLIENT_ID] = { "store.client_id", MRS_ACCESS_OF_VAULT, false },
    [MRS_ACCESS_CLIENT_SECRET] = { "store.client_secret", MRS_ACCESS_OF_VAULT, true },
    [MRS_ACCESS_AUTHORITY] = { "store.authority", MRS_ACCESS_OF_VAULT, false },
    [MRS_ACCESS_IDENTITY] = { "store.identity", MRS_ACCESS_OF_VAULT, false },
    [MRS_ACCESS_IDENTITY_ENDPOINT] = { "store.identity_endpoint", MRS_ACCESS_OF_VAULT, true },
    [MRS_ACCESS_IDENTITY_HEADER] = { "store.identity_header", MRS_ACCESS_OF_VAULT, true },
    [MRS_ACCESS_CA_FILE] = { "store.ca_file", MRS_ACCESS_OF_MACHINE, false },
    [MRS_ACCESS_PIN] = { "store.pin", MRS_ACCESS_OF_MACHINE, false },
    [MRS_ACCESS_ALLOW_HTTP] = { "store.allow_http", MRS_ACCESS_OF_MACHINE, false },
    [MRS_ACCESS_PROXY] = { "store.proxy", MRS_ACCESS_OF_MACHINE, false },
    [MRS_ACCESS_PROXY_USER] = { "store.proxy_user", MRS_ACCESS_OF_MACHINE, true },
    [MRS_ACCESS_PROXY_PASSWORD] = { "store.proxy_password", MRS_ACCESS_OF_MACHINE, true },
    [MRS_ACCESS_NO_PROXY] = { "store.no_proxy", MRS_ACCESS_OF_MACHINE, false },
};

const char *
mrs_access_name(enum mrs_access_key key)
{
    return keys[key].name;
}

enum mrs_access_part
mrs_access_part(enum mrs_access_key key)
{
    return keys[key].part;
}

bool
mrs_access_is_secret(enum mrs_access_key key)
{
    return keys[key].secret;
}

static void
forget(struct mrs_access *a, enum mrs_access_key key)
{
    if (a->text[key] == NULL)
        return;
    mrs_wipe(a->text[key], strlen(a->text[key]));
    mrs_free(a->text[key]);
    a->text[key] = NULL;
}

mars_status
mrs_access_set(struct mrs_access *a, enum mrs_access_key key, const char *text, mars_error *err)
{
    char *copy = NULL;

    if (text != NULL && *text != '\0') {
        copy = mrs_strndup(text, strlen(text));
        if (copy == NULL)
            return mrs_nomem(err);
    }
    forget(a, key);
    a->text[key] = copy;
    return MARS_OK;
}

mars_status
mrs_access_merge(struct mrs_access *a, const struct mrs_access *from, enum mrs_access_part part,
                 mars_error *err)
{
    mars_status st = MARS_OK;

    for (unsigned k = 0; st == MARS_OK && k < MRS_ACCESS_KEYS; k++)
        if (keys[k].part == part && from->text[k] != NULL)
            st = mrs_access_set(a, (enum mrs_access_key)k, from->text[k], err);
    if (part == MRS_ACCESS_OF_MACHINE && from->custom.struct_size != 0)
        a->custom = from->custom;
    return st;
}

void
mrs_access_free(struct mrs_access *a)
{
    for (unsigned k = 0; k < MRS_ACCESS_KEYS; k++)
        forget(a, (enum mrs_access_key)k);
    memset(a, 0, sizeof *a);
}
