#include <string.h>

#include "agent/register.h"
#include "base/err.h"
#include "repo/record.h"
#include "vault/vault.h"

mars_status
mrs_glance_take(struct mrs_glance *g, const struct mrs_domain *d, mars_error *err)
{
    mars_status st = mrs_vault_number(d->store, &g->vault, err);

    return st == MARS_OK ? mrs_log_read(&g->log, d->store, d->keys->domain, err) : st;
}

void
mrs_glance_free(struct mrs_glance *g)
{
    mrs_log_free(&g->log);
    g->vault = 0;
}

static mars_status
check_vault(const struct mrs_glance *g, const struct mrs_domain *d, const uint8_t vault[16],
            enum mrs_need need, mars_error *err)
{
    struct mrs_buf bytes = MRS_BUF_INIT(MRS_RECORD_MAX);
    struct mrs_vault v = { .number = 0 };
    char name[MRS_OBJECT_NAME_MAX];
    mars_status st;

    mrs_name_vault(name, g->vault);
    st = mrs_domain_get_record(d, name, &bytes, err);
    if (st == MARS_OK)
        st = mrs_vault_decode(&v, g->vault, &bytes, need, err);
    if (st == MARS_OK && memcmp(v.record.id, vault, sizeof v.record.id) != 0)
        st = mrs_fail(err, MARS_ERR_STATE, "%.150s is another vault than this machine registered "
                      "with", mrs_store_url(d->store));
    mrs_vault_forget(&v);
    mrs_buf_free(&bytes);
    return st;
}

mars_status
mrs_glance_allows(const struct mrs_glance *g, const struct mrs_domain *d, const uint8_t vault[16],
                  enum mrs_need need, mars_error *err)
{
    struct mrs_domain_record r;
    mars_status st = check_vault(g, d, vault, need, err);

    return st == MARS_OK ? mrs_domain_record_listed(&r, d, &g->log, need, err) : st;
}

mars_status
mrs_agent_allowed(struct mrs_store *store, const uint8_t vault[16], struct mrs_keyring *keys,
                  enum mrs_need need, mars_error *err)
{
    struct mrs_glance g = MRS_GLANCE_INIT;
    struct mrs_domain *d = NULL;
    mars_status st = mrs_domain_open(&d, store, keys, NULL, err);

    if (st == MARS_OK)
        st = mrs_glance_take(&g, d, err);
    if (st == MARS_OK)
        st = mrs_glance_allows(&g, d, vault, need, err);
    mrs_glance_free(&g);
    mrs_domain_close(d);
    return st;
}
