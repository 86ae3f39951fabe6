#include <mars/store.h>

#include <string.h>

#include "api/opts.h"
#include "base/err.h"

enum { TIMEOUT_MAX_S = 3600, TEXT_MAX = 4096 };

static const struct {
    enum mrs_access_key key;
    size_t offset;
} texts[] = {
    { MRS_ACCESS_ENDPOINT, offsetof(mars_store_options, endpoint) },
    { MRS_ACCESS_REGION, offsetof(mars_store_options, region) },
    { MRS_ACCESS_ADDRESSING, offsetof(mars_store_options, addressing) },
    { MRS_ACCESS_TIER, offsetof(mars_store_options, tier) },
    { MRS_ACCESS_ACCOUNT_KEY, offsetof(mars_store_options, account_key) },
    { MRS_ACCESS_SAS, offsetof(mars_store_options, sas) },
    { MRS_ACCESS_KEY_ID, offsetof(mars_store_options, key_id) },
    { MRS_ACCESS_SECRET_KEY, offsetof(mars_store_options, secret_key) },
    { MRS_ACCESS_SESSION_TOKEN, offsetof(mars_store_options, session_token) },
    { MRS_ACCESS_TENANT, offsetof(mars_store_options, tenant) },
    { MRS_ACCESS_CLIENT_ID, offsetof(mars_store_options, client_id) },
    { MRS_ACCESS_CLIENT_SECRET, offsetof(mars_store_options, client_secret) },
    { MRS_ACCESS_AUTHORITY, offsetof(mars_store_options, authority) },
    { MRS_ACCESS_IDENTITY, offsetof(mars_store_options, identity) },
    { MRS_ACCESS_IDENTITY_ENDPOINT, offsetof(mars_store_options, identity_endpoint) },
    { MRS_ACCESS_IDENTITY_HEADER, offsetof(mars_store_options, identity_header) },
    { MRS_ACCESS_CA_FILE, offsetof(mars_store_options, ca_file) },
    { MRS_ACCESS_PIN, offsetof(mars_store_options, pin) },
    { MRS_ACCESS_PROXY, offsetof(mars_store_options, proxy) },
    { MRS_ACCESS_PROXY_USER, offsetof(mars_store_options, proxy_user) },
    { MRS_ACCESS_PROXY_PASSWORD, offsetof(mars_store_options, proxy_password) },
    { MRS_ACCESS_NO_PROXY, offsetof(mars_store_options, no_proxy) },
};

/* One that would not come back from a file is refused before it is written. */
static mars_status
take_text(struct mrs_access *a, enum mrs_access_key key, const char *text, mars_error *err)
{
    const char *name = mrs_access_name(key);

    for (const char *p = text; p != NULL && *p != '\0'; p++)
        if ((unsigned char)*p < 0x20 || *p == 0x7f || p - text >= TEXT_MAX)
            return mrs_fail(err, MARS_ERR_INVALID_ARG, "%s: %s", name,
                            p - text >= TEXT_MAX ? "too long" : "has a control character in it");
    return mrs_access_set(a, key, text, err);
}

static mars_status
take_limits(struct mrs_access *a, const mars_store_options *o, mars_error *err)
{
    if (o->work_from > UINT16_MAX || o->work_to > UINT16_MAX || o->work_days > UINT8_MAX)
        return mrs_fail(err, MARS_ERR_INVALID_ARG, "hours of work: no such time");
    a->limits = (struct mrs_limits){ .work_bps = (uint64_t)o->work_kbps * 1000,
                                     .other_bps = (uint64_t)o->other_kbps * 1000,
                                     .requests = o->requests_limit,
                                     .work_days = (uint8_t)o->work_days,
                                     .work_from = (uint16_t)o->work_from,
                                     .work_to = (uint16_t)o->work_to };
    return mrs_limits_check(&a->limits, err);
}

mars_status
mrs_arg_custom_store(const mars_store *src, mars_store *out, mars_error *err)
{
    mars_status st = mrs_opts_import(out, sizeof *out, src, MRS_STORE_V1, err);

    if (st == MARS_OK && out->flags != 0)
        return mrs_fail(err, MARS_ERR_UNSUPPORTED, "store: flags: 0x%x is not known", out->flags);
    if (st == MARS_OK && src != NULL &&
        (out->begin == NULL || out->append == NULL || out->commit == NULL ||
         out->abandon == NULL || out->read == NULL || out->stat == NULL || out->list == NULL))
        return mrs_fail(err, MARS_ERR_INVALID_ARG, "store: a function is missing");
    return st;
}

mars_status
mrs_arg_store(const mars_store_options *src, struct mrs_access *out, struct mrs_logger *logger,
              mars_error *err)
{
    mars_store_options o;
    mars_status st = mrs_opts_import(&o, sizeof o, src, MRS_STORE_OPTIONS_V1, err);

    memset(out, 0, sizeof *out);
    if (st != MARS_OK)
        return st;
    if ((o.flags & ~(uint32_t)MARS_STORE_ALLOW_HTTP) != 0)
        return mrs_fail(err, MARS_ERR_UNSUPPORTED, "store flags: 0x%x is not known", o.flags);
    if (o.timeout_s > TIMEOUT_MAX_S)
        return mrs_fail(err, MARS_ERR_INVALID_ARG, "timeout_s: more than %d", TIMEOUT_MAX_S);
    for (size_t i = 0; st == MARS_OK && i < sizeof texts / sizeof texts[0]; i++) {
        const char *text;

        memcpy(&text, (const char *)&o + texts[i].offset, sizeof text);
        st = take_text(out, texts[i].key, text, err);
    }
    if (st == MARS_OK && (o.flags & MARS_STORE_ALLOW_HTTP) != 0)
        st = mrs_access_set(out, MRS_ACCESS_ALLOW_HTTP, "yes", err);
    if (st == MARS_OK)
        st = mrs_arg_custom_store(o.custom, &out->custom, err);
    out->stall_ms = o.timeout_s * 1000;
    if (st == MARS_OK)
        st = take_limits(out, &o, err);
    if (st == MARS_OK && logger != NULL)
        st = mrs_arg_log(logger, o.log, o.log_user, o.log_level, err);
    out->logger = logger;
    return st;
}
