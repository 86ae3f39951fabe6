#include "agent/state.h"

#include <stdio.h>
#include <string.h>

#include "agent/paths.h"
#include "agent/protector.h"
#include "base/alloc.h"
#include "base/err.h"
#include "base/hex.h"
#include "config/doc.h"
#include "platform/file.h"
#include "vault/accessdoc.h"

static const char FILE_NAME[] = "agent.yaml";
static const char FORMAT[] = "mars-agent-1";
static const char *const KEYS[] = { "format",        "vault_url",       "vault_id",
                                    "machine_id",    "machine_name",    "domain_id",
                                    "cache_dir",     "credentials",     "access_until",
                                    "key_protector", "cache_quota",     "cache_warn_permille",
                                    "cache_refuse_permille", "old_caches.*", "timeout_ms",
                                    "requests_limit", "work_bps",       "other_bps",
                                    "work_days",     "work_from",       "work_to" };
enum { N_KEYS = sizeof KEYS / sizeof KEYS[0], KEYRING_MAX = 1 << 20 };

struct mrs_cache_settings
mrs_cache_settings_in_force(const struct mrs_cache_settings *s)
{
    struct mrs_cache_settings out = *s;

    if (out.warn_permille == 0)
        out.warn_permille = MRS_CACHE_WARN_PERMILLE;
    if (out.refuse_permille == 0)
        out.refuse_permille = MRS_CACHE_REFUSE_PERMILLE;
    return out;
}

static mars_status
get_id(const struct mrs_doc *doc, const char *key, uint8_t id[16], mars_error *err)
{
    const char *text = NULL;
    mars_status st = mrs_doc_require(doc, key, &text, err);

    if (st == MARS_OK && !mrs_hex_decode(id, 16, text, strlen(text)))
        st = mrs_doc_refuse(doc, key, "not an id", err);
    return st;
}

static mars_status
get_text(const struct mrs_doc *doc, const char *key, char *out, size_t cap, mars_error *err)
{
    const char *text = NULL;
    mars_status st = mrs_doc_require(doc, key, &text, err);

    if (st == MARS_OK && strlen(text) >= cap)
        st = mrs_doc_refuse(doc, key, "too long", err);
    if (st == MARS_OK)
        memcpy(out, text, strlen(text) + 1);
    return st;
}

static mars_status
get_copy(const struct mrs_doc *doc, const char *key, char **out, mars_error *err)
{
    const char *text = NULL;
    mars_status st = mrs_doc_require(doc, key, &text, err);

    if (st == MARS_OK) {
        *out = mrs_strndup(text, strlen(text));
        st = *out != NULL ? MARS_OK : mrs_nomem(err);
    }
    return st;
}

static mars_status
get_bounded(const struct mrs_doc *doc, const char *key, int64_t max, int64_t *out, mars_error *err)
{
    mars_status st = mrs_doc_get_i64(doc, key, out, err);

    if (st == MARS_OK && (*out < 0 || *out > max))
        st = mrs_doc_refuse(doc, key, "out of bounds", err);
    return st;
}

static mars_status
get_cache(struct mrs_registration *r, const struct mrs_doc *doc, mars_error *err)
{
    int64_t quota = 0, warn = 0, refuse = 0;
    const char *dir;
    mars_status st = get_bounded(doc, "cache_quota", INT64_MAX, &quota, err);

    if (st == MARS_OK)
        st = get_bounded(doc, "cache_warn_permille", MRS_CACHE_PERMILLE_MAX, &warn, err);
    if (st == MARS_OK)
        st = get_bounded(doc, "cache_refuse_permille", MRS_CACHE_PERMILLE_MAX, &refuse, err);
    r->cache = (struct mrs_cache_settings){ (uint64_t)quota, (uint32_t)warn, (uint32_t)refuse };
    for (size_t i = 0; st == MARS_OK && (dir = mrs_doc_item(doc, "old_caches", i)) != NULL; i++)
        st = mrs_registration_add_old_cache(r, dir, err);
    return st;
}

static bool
is_plain(enum mrs_access_key key)
{
    return !mrs_access_is_secret(key);
}

static mars_status
get_access(struct mrs_registration *r, const struct mrs_doc *doc, mars_error *err)
{
    struct mrs_limits *l = &r->access.limits;
    int64_t v[7] = { 0 };
    static const struct {
        const char *key;
        int64_t max;
    } numbers[7] = { { "timeout_ms", UINT32_MAX }, { "requests_limit", UINT32_MAX },
                     { "work_bps", INT64_MAX },    { "other_bps", INT64_MAX },
                     { "work_days", UINT8_MAX },   { "work_from", UINT16_MAX },
                     { "work_to", UINT16_MAX } };
    mars_status st = mrs_access_from_doc(&r->access, is_plain, doc, err);

    for (size_t i = 0; st == MARS_OK && i < 7; i++)
        st = get_bounded(doc, numbers[i].key, numbers[i].max, &v[i], err);
    r->access.stall_ms = (uint32_t)v[0];
    *l = (struct mrs_limits){ (uint64_t)v[2], (uint64_t)v[3], (uint32_t)v[1], (uint8_t)v[4],
                              (uint16_t)v[5], (uint16_t)v[6] };
    return st == MARS_OK ? mrs_limits_check(l, err) : st;
}

static mars_status
from_doc(struct mrs_registration *r, const struct mrs_doc *doc, mars_error *err)
{
    const char *format = NULL;
    mars_status st = mrs_doc_require(doc, "format", &format, err);

    if (st == MARS_OK && strcmp(format, FORMAT) != 0)
        st = mrs_fail(err, MARS_ERR_UNSUPPORTED, "%s: format \"%.40s\" is newer than this build",
                      FILE_NAME, format);
    if (st == MARS_OK)
        st = get_copy(doc, "vault_url", &r->vault_url, err);
    if (st == MARS_OK)
        st = get_id(doc, "vault_id", r->vault, err);
    if (st == MARS_OK)
        st = get_id(doc, "machine_id", r->machine_id, err);
    if (st == MARS_OK)
        st = get_text(doc, "machine_name", r->machine_name, sizeof r->machine_name, err);
    if (st == MARS_OK)
        st = get_id(doc, "domain_id", r->domain, err);
    if (st == MARS_OK)
        st = get_copy(doc, "cache_dir", &r->cache_dir, err);
    if (st == MARS_OK)
        st = get_text(doc, "credentials", r->serial, sizeof r->serial, err);
    if (st == MARS_OK)
        st = mrs_doc_require_i64(doc, "access_until", &r->access_until, err);
    if (st == MARS_OK)
        st = get_access(r, doc, err);
    return st == MARS_OK ? get_cache(r, doc, err) : st;
}

mars_status
mrs_registration_load(struct mrs_registration *r, const char *config_dir, mars_error *err)
{
    struct mrs_doc *doc = NULL;
    const char *unknown;
    mars_status st = mrs_config_read(&doc, config_dir, FILE_NAME, err);

    memset(r, 0, sizeof *r);
    r->old_caches = (struct mrs_vec)MRS_VEC_INIT(char *);
    if (st == MARS_ERR_NOT_FOUND)
        return mrs_config_missing(config_dir, err);
    if (st != MARS_OK)
        return st;
    st = from_doc(r, doc, err);
    unknown = st == MARS_OK ? mrs_access_unknown(doc, is_plain, KEYS, N_KEYS) : NULL;
    if (unknown != NULL)
        st = mrs_doc_refuse(doc, unknown, "not a key of a registration", err);
    mrs_doc_free(doc);
    return st == MARS_OK ? st : mrs_context(err, st, "%.100s/%s", config_dir, FILE_NAME);
}

static mars_status
set_id(struct mrs_doc *doc, const char *key, const uint8_t id[16], mars_error *err)
{
    char hex[33];

    mrs_hex_encode(hex, id, 16);
    return mrs_doc_set(doc, key, hex, err);
}

static mars_status
save_keys(const struct mrs_registration *r, const struct mrs_keyring *keys, const char *config_dir,
          mars_error *err)
{
    struct mrs_buf bytes = MRS_BUF_INIT(KEYRING_MAX);
    char name[33];
    mars_status st = mrs_keyring_export(keys, &bytes, err);

    mrs_hex_encode(name, r->domain, sizeof r->domain);
    if (st == MARS_OK)
        st = mrs_protector_file.save(config_dir, name, bytes.data, bytes.len, err);
    mrs_buf_free(&bytes);
    return st;
}

/* Names of secrets beside the keys. */
static char *
secrets_name(const struct mrs_registration *r, char name[64])
{
    char hex[2 * sizeof r->domain + 1];

    mrs_hex_encode(hex, r->domain, sizeof r->domain);
    (void)snprintf(name, 64, "%s.store", hex);
    return name;
}

static mars_status
save_secrets(const struct mrs_registration *r, const char *config_dir, mars_error *err)
{
    struct mrs_buf text = MRS_BUF_INIT(MRS_DOC_TEXT_MAX);
    struct mrs_doc *doc = NULL;
    char name[64];
    mars_status st = mrs_doc_new(&doc, err);

    if (st == MARS_OK)
        st = mrs_access_to_doc(&r->access, mrs_access_is_secret, doc, err);
    if (st == MARS_OK)
        st = mrs_doc_set(doc, "format", FORMAT, err);
    if (st == MARS_OK)
        st = mrs_doc_write(doc, &text, err);
    if (st == MARS_OK)
        st = mrs_protector_file.save(config_dir, secrets_name(r, name), text.data, text.len, err);
    mrs_doc_free(doc);
    mrs_buf_free(&text);
    return st;
}

static mars_status
set_number(struct mrs_doc *doc, const char *key, uint64_t value, mars_error *err)
{
    return value > 0 ? mrs_doc_set_i64(doc, key, (int64_t)value, err) : MARS_OK;
}

static mars_status
set_access(struct mrs_doc *doc, const struct mrs_registration *r, mars_error *err)
{
    const struct mrs_limits *l = &r->access.limits;
    mars_status st = mrs_doc_set_i64(doc, "access_until", r->access_until, err);

    if (st == MARS_OK)
        st = mrs_access_to_doc(&r->access, is_plain, doc, err);
    if (st == MARS_OK)
        st = set_number(doc, "timeout_ms", r->access.stall_ms, err);
    if (st == MARS_OK)
        st = set_number(doc, "requests_limit", l->requests, err);
    if (st == MARS_OK)
        st = set_number(doc, "work_bps", l->work_bps, err);
    if (st == MARS_OK)
        st = set_number(doc, "other_bps", l->other_bps, err);
    if (st == MARS_OK)
        st = set_number(doc, "work_days", l->work_days, err);
    if (st == MARS_OK)
        st = set_number(doc, "work_from", l->work_from, err);
    return st == MARS_OK ? set_number(doc, "work_to", l->work_to, err) : st;
}

static mars_status
set_cache(struct mrs_doc *doc, const struct mrs_registration *r, mars_error *err)
{
    char key[32];
    mars_status st = mrs_doc_set(doc, "cache_dir", r->cache_dir, err);

    if (st == MARS_OK && r->cache.quota > 0)
        st = mrs_doc_set_i64(doc, "cache_quota", (int64_t)r->cache.quota, err);
    if (st == MARS_OK && r->cache.warn_permille > 0)
        st = mrs_doc_set_i64(doc, "cache_warn_permille", r->cache.warn_permille, err);
    if (st == MARS_OK && r->cache.refuse_permille > 0)
        st = mrs_doc_set_i64(doc, "cache_refuse_permille", r->cache.refuse_permille, err);
    for (size_t i = 0; st == MARS_OK && i < r->old_caches.len; i++) {
        (void)snprintf(key, sizeof key, "old_caches.%zu", i);
        st = mrs_doc_set(doc, key, *(char **)mrs_vec_at(&r->old_caches, i), err);
    }
    return st;
}

mars_status
mrs_registration_update(const struct mrs_registration *r, const char *config_dir, mars_error *err)
{
    struct mrs_doc *doc = NULL;
    mars_status st = mrs_doc_new(&doc, err);

    if (st == MARS_OK)
        st = mrs_doc_set(doc, "format", FORMAT, err);
    if (st == MARS_OK)
        st = mrs_doc_set(doc, "vault_url", r->vault_url, err);
    if (st == MARS_OK)
        st = set_id(doc, "vault_id", r->vault, err);
    if (st == MARS_OK)
        st = set_id(doc, "machine_id", r->machine_id, err);
    if (st == MARS_OK)
        st = mrs_doc_set(doc, "machine_name", r->machine_name, err);
    if (st == MARS_OK)
        st = set_id(doc, "domain_id", r->domain, err);
    if (st == MARS_OK)
        st = mrs_doc_set(doc, "credentials", r->serial, err);
    if (st == MARS_OK)
        st = mrs_doc_set(doc, "key_protector", mrs_protector_file.name, err);
    if (st == MARS_OK)
        st = set_access(doc, r, err);
    if (st == MARS_OK)
        st = set_cache(doc, r, err);
    if (st == MARS_OK)
        st = mrs_config_write(doc, config_dir, FILE_NAME, err);
    mrs_doc_free(doc);
    return st;
}

mars_status
mrs_registration_save(const struct mrs_registration *r, const struct mrs_keyring *keys,
                      const char *config_dir, mars_error *err)
{
    mars_status st = save_keys(r, keys, config_dir, err);

    return st == MARS_OK ? mrs_registration_save_access(r, config_dir, err) : st;
}

mars_status
mrs_registration_save_access(const struct mrs_registration *r, const char *config_dir,
                             mars_error *err)
{
    mars_status st = save_secrets(r, config_dir, err);

    return st == MARS_OK ? mrs_registration_update(r, config_dir, err) : st;
}

bool
mrs_registration_has_old_cache(const struct mrs_registration *r, const char *dir)
{
    for (size_t i = 0; i < r->old_caches.len; i++)
        if (strcmp(*(char **)mrs_vec_at(&r->old_caches, i), dir) == 0)
            return true;
    return false;
}

void
mrs_registration_drop_old_cache(struct mrs_registration *r, const char *dir)
{
    char **all = r->old_caches.items;
    size_t n = r->old_caches.len, i = 0;

    while (i < n && strcmp(all[i], dir) != 0)
        i++;
    if (i == n)
        return;
    mrs_free(all[i]);
    memmove(all + i, all + i + 1, (n - i - 1) * sizeof *all);
    r->old_caches.len--;
}

void
mrs_registration_reuse_place(struct mrs_registration *r, const char *dir)
{
    for (size_t i = r->old_caches.len; i-- > 0;) {
        const char *old = *(char **)mrs_vec_at(&r->old_caches, i);
        bool holds = strcmp(old, dir) == 0;

        /* Where it cannot be told now, it is asked again before anything is removed. */
        if (holds || (mrs_dir_holds(old, dir, &holds, NULL) == MARS_OK && holds))
            mrs_registration_drop_old_cache(r, old);
    }
}

mars_status
mrs_registration_add_old_cache(struct mrs_registration *r, const char *dir, mars_error *err)
{
    char *copy, **at;

    mrs_registration_drop_old_cache(r, dir);
    if (r->old_caches.len >= MRS_OLD_CACHES_MAX)
        return mrs_fail(err, MARS_ERR_STATE, "the cache was moved %d times without a backup: run "
                        "one first", MRS_OLD_CACHES_MAX);
    copy = mrs_strndup(dir, strlen(dir));
    at = copy != NULL ? mrs_vec_add(&r->old_caches) : NULL;
    if (at == NULL) {
        mrs_free(copy);
        return mrs_nomem(err);
    }
    *at = copy;
    return MARS_OK;
}

static mars_status
protector_of(const char *config_dir, const struct mrs_protector **out, mars_error *err)
{
    struct mrs_doc *doc = NULL;
    const char *name = NULL;
    mars_status st = mrs_config_read(&doc, config_dir, FILE_NAME, err);

    if (st == MARS_OK)
        st = mrs_doc_require(doc, "key_protector", &name, err);
    if (st == MARS_OK)
        st = mrs_protector_find(out, name, err);
    mrs_doc_free(doc);
    return st;
}

mars_status
mrs_registration_secrets(struct mrs_registration *r, const char *config_dir, mars_error *err)
{
    const struct mrs_protector *protector = NULL;
    struct mrs_buf text = MRS_BUF_INIT(MRS_DOC_TEXT_MAX);
    struct mrs_doc *doc = NULL;
    char name[64];
    mars_status st = protector_of(config_dir, &protector, err);

    if (st == MARS_OK)
        st = protector->load(config_dir, secrets_name(r, name), &text, err);
    if (st == MARS_ERR_NOT_FOUND)
        st = mrs_fail(err, MARS_ERR_STATE, "%.120s: the right to use the vault is gone: register "
                      "again", config_dir);
    if (st == MARS_OK)
        st = mrs_doc_parse(&doc, text.data, text.len, err);
    if (st == MARS_OK)
        st = mrs_access_from_doc(&r->access, mrs_access_is_secret, doc, err);
    mrs_doc_free(doc);
    mrs_buf_free(&text);
    return st;
}

mars_status
mrs_registration_keys(const struct mrs_registration *r, const char *config_dir,
                      struct mrs_keyring **out, mars_error *err)
{
    const struct mrs_protector *protector = NULL;
    struct mrs_buf bytes = MRS_BUF_INIT(KEYRING_MAX);
    char name[33];
    mars_status st = protector_of(config_dir, &protector, err);

    *out = NULL;
    mrs_hex_encode(name, r->domain, sizeof r->domain);
    if (st == MARS_OK)
        st = protector->load(config_dir, name, &bytes, err);
    if (st == MARS_ERR_NOT_FOUND)
        st = mrs_fail(err, MARS_ERR_STATE, "%.120s: the machine's keys are gone: register again",
                      config_dir);
    if (st == MARS_OK)
        st = mrs_keyring_import(out, bytes.data, bytes.len, err);
    if (st == MARS_OK && memcmp((*out)->domain, r->domain, sizeof r->domain) != 0) {
        mrs_keyring_free(*out);
        *out = NULL;
        st = mrs_fail(err, MARS_ERR_STATE, "%.120s: its keys are another domain's", config_dir);
    }
    mrs_buf_free(&bytes);
    return st;
}

void
mrs_registration_free(struct mrs_registration *r)
{
    mrs_free(r->vault_url);
    mrs_free(r->cache_dir);
    mrs_access_free(&r->access);
    for (size_t i = 0; i < r->old_caches.len; i++)
        mrs_free(*(char **)mrs_vec_at(&r->old_caches, i));
    mrs_vec_free(&r->old_caches);
    memset(r, 0, sizeof *r);
}
