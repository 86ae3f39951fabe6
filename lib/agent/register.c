#include "agent/register.h"

#include <string.h>

#include "agent/cache.h"
#include "agent/paths.h"
#include "agent/seen.h"
#include "base/alloc.h"
#include "base/err.h"
#include "base/hex.h"
#include "platform/clock.h"
#include "platform/host.h"
#include "platform/random.h"
#include "repo/create.h"
#include "repo/record.h"
#include "vault/credentials.h"

static const char UNIT[] = "register"; /* in the log */

/* One registering, as far as it has come. */
struct work {
    const struct mrs_register_spec *spec;
    struct mrs_credentials credentials;
    struct mrs_store *opened;
    struct mrs_store *store; /* a view of it, whose calls end with the stop */
    struct mrs_vault vault;
    struct mrs_registration before; /* of this config directory; vault_url NULL: none */
    struct mrs_machines machines;
    struct mrs_machine machine;     /* number 0: not in the vault yet */
    struct mrs_keyring *keys;
    char *cache_dir;
};

static mars_status
read_before(struct work *w, mars_error *err)
{
    mars_status st = mrs_registration_load(&w->before, w->spec->config_dir, err);

    if (st == MARS_ERR_STATE) {
        mrs_registration_free(&w->before);
        mrs_error_clear(err);
        return MARS_OK;
    }
    if (st == MARS_OK)
        st = mrs_registration_secrets(&w->before, w->spec->config_dir, err);
    if (st == MARS_ERR_STATE) { /* they are gone, and come again now */
        mrs_error_clear(err);
        st = MARS_OK;
    }
    return st;
}

static mars_status
check_before(const struct work *w, mars_error *err)
{
    if (w->before.vault_url == NULL)
        return MARS_OK;
    if (memcmp(w->before.vault, w->vault.record.id, sizeof w->before.vault) != 0)
        return mrs_fail(err, MARS_ERR_STATE,
                        "%.100s: this machine is registered with another vault, %.80s",
                        w->spec->config_dir, w->before.vault_url);
    if (w->spec->name != NULL && strcmp(w->spec->name, w->before.machine_name) != 0)
        return mrs_fail(err, MARS_ERR_STATE, "%.100s: this machine is registered as \"%.80s\"",
                        w->spec->config_dir, w->before.machine_name);
    return MARS_OK;
}

/* The name to register under, into machine.record. */
static mars_status
choose_name(struct work *w, mars_error *err)
{
    const char *name = w->spec->name != NULL      ? w->spec->name
                       : w->before.vault_url != NULL ? w->before.machine_name
                                                     : NULL;

    if (name == NULL)
        return mrs_host_name(w->machine.record.name, sizeof w->machine.record.name, err);
    if (strlen(name) >= sizeof w->machine.record.name)
        return mrs_fail(err, MARS_ERR_INVALID_ARG, "name: longer than %d bytes",
                        MRS_DISPLAY_NAME_MAX);
    memcpy(w->machine.record.name, name, strlen(name) + 1);
    return MARS_OK;
}

static bool
is_candidate(const struct work *w, const struct mrs_machine *m)
{
    if (w->before.vault_url != NULL)
        return memcmp(m->record.id, w->before.machine_id, sizeof m->record.id) == 0;
    return strcmp(m->record.name, w->machine.record.name) == 0;
}

/* The machine in the vault that goes by our name and that the key opens. */
static mars_status
take_over(struct work *w, mars_error *err)
{
    const struct mrs_register_spec *spec = w->spec;
    mars_status st = MARS_OK;

    for (size_t i = 0; i < w->machines.list.len; i++) {
        const struct mrs_machine *m = mrs_machines_at(&w->machines, i);

        if (!is_candidate(w, m))
            continue;
        st = mrs_domain_unlock(w->store, m->record.domain, &spec->key, &w->keys, err);
        if (st == MARS_OK) {
            w->machine = *m;
            mrs_logf(spec->logger, MARS_LEVEL_INFO, UNIT, "\"%s\" is in the vault: it is taken "
                     "over with its points", m->record.name);
            return mrs_machine_check(m, w->store, mrs_keyring_find, w->keys, err);
        }
        if (st != MARS_ERR_KEY)
            break;
    }
    if (st == MARS_ERR_KEY)
        return mrs_fail(err, MARS_ERR_KEY,
                        "a machine named \"%.80s\" is in the vault, and the %s does not open its "
                        "domain", w->machine.record.name,
                        spec->key.passphrase != NULL ? "passphrase" : "key");
    /* It may be the one that cannot be read. */
    if (st == MARS_OK && w->machines.damaged > 0)
        st = mrs_fail(err, MARS_ERR_CORRUPT, "%s", w->machines.why.message);
    return st;
}

/* The domain of this name among those of the vault's machines. One whose record cannot be read may
 * be it: a second one of the name would share nothing with it. */
static mars_status
join_domain(struct work *w, mars_error *err)
{
    const struct mrs_register_spec *spec = w->spec;
    mars_error unread = { .status = MARS_OK }, why;
    struct mrs_domain_record r;
    mars_status st;

    for (size_t i = 0; i < w->machines.list.len; i++) {
        const uint8_t *id = mrs_machines_at(&w->machines, i)->record.domain;

        st = mrs_domain_record_read(&r, w->store, id, MRS_NEED_READ, NULL, &why);
        if (st != MARS_OK && !mrs_is_damage(st))
            return mrs_fail(err, st, "%s", why.message);
        if (st != MARS_OK)
            unread = why;
        if (st != MARS_OK || strcmp(r.name, spec->domain) != 0)
            continue;
        st = mrs_domain_unlock(w->store, id, &spec->key, &w->keys, err);
        if (st == MARS_OK)
            st = mrs_domain_record_read(&r, w->store, id, MRS_NEED_WRITE, w->keys, err);
        return st;
    }
    return unread.status != MARS_OK
               ? mrs_fail(err, (mars_status)unread.status, "%s; it may be the domain \"%s\"",
                          unread.message, spec->domain)
               : MARS_OK;
}

/* A new machine, in a domain that is there or in a new one. */
static mars_status
make_machine(struct work *w, mars_error *err)
{
    const struct mrs_register_spec *spec = w->spec;
    struct mrs_machine_record *r = &w->machine.record;
    const char *domain = spec->domain != NULL ? spec->domain : r->name;
    const char *os = mrs_host_os();
    struct mrs_time now = mrs_clock_wall();
    struct mrs_key key;
    mars_status st = mrs_random_fill(r->id, sizeof r->id, err);

    if (st == MARS_OK && spec->domain != NULL)
        st = join_domain(w, err);
    mrs_logf(spec->logger, MARS_LEVEL_INFO, UNIT, "\"%s\" is new, in the domain \"%s\", which is "
             "%s", r->name, domain, w->keys != NULL ? "there" : "made");
    if (st == MARS_OK && w->keys == NULL)
        st = mrs_domain_make(w->store, r->id, domain, &spec->key, &w->keys, err);
    if (st == MARS_OK)
        st = mrs_keyring_newest(w->keys, MRS_KEY_LEDGER, &key, err);
    if (st != MARS_OK)
        return st;
    memcpy(r->domain, w->keys->domain, sizeof r->domain);
    r->created = (struct mrs_stamp){ now.s, now.ns };
    memcpy(r->os, os, strlen(os) + 1);
    w->machine.number = 1;
    st = mrs_machine_put(&w->machine, w->store, &key, err);
    mrs_wipe(&key, sizeof key);
    return st;
}

/* Before anything changes in the vault: can the cache be made where it is to be? */
static mars_status
prepare_cache(struct work *w, mars_error *err)
{
    const char *dir = w->spec->cache_dir;

    if (dir == NULL && w->before.vault_url != NULL)
        dir = w->before.cache_dir;
    w->cache_dir = dir != NULL ? mrs_strndup(dir, strlen(dir))
                               : mrs_config_path(w->spec->config_dir, "cache");
    if (w->cache_dir == NULL)
        return mrs_nomem(err);
    return mrs_dir_make(w->cache_dir, err);
}

/* Can it be used? */
static mars_status
try_cache(const struct work *w, mars_error *err)
{
    struct mrs_cache *cache = NULL;
    mars_status st = mrs_agent_cache(&cache, w->cache_dir, w->keys, err);

    mrs_cache_close(cache);
    return st;
}

/* What was set before stays. A cache that is elsewhere now is left behind like one that moved. */
static mars_status
take_settings(struct work *w, struct mrs_registration *r, mars_error *err)
{
    const struct mrs_registration *before = &w->before;
    mars_status st = MARS_OK;

    r->cache = before->cache;
    if (w->spec->cache_quota > 0)
        r->cache.quota = w->spec->cache_quota;
    if (before->vault_url == NULL || memcmp(before->domain, r->domain, sizeof r->domain) != 0)
        return MARS_OK;
    for (size_t i = 0; st == MARS_OK && i < before->old_caches.len; i++)
        st = mrs_registration_add_old_cache(r, *(char **)mrs_vec_at(&before->old_caches, i), err);
    if (st == MARS_OK && strcmp(before->cache_dir, w->cache_dir) != 0)
        st = mrs_registration_add_old_cache(r, before->cache_dir, err);
    mrs_registration_reuse_place(r, w->cache_dir);
    return st;
}

static mars_status
save(struct work *w, mars_error *err)
{
    struct mrs_registration r = { .old_caches = MRS_VEC_INIT(char *) };
    struct mrs_slots slots = { .number = 0 };
    mars_status st;

    memcpy(r.vault, w->vault.record.id, sizeof r.vault);
    memcpy(r.machine_id, w->machine.record.id, sizeof r.machine_id);
    memcpy(r.machine_name, w->machine.record.name, sizeof r.machine_name);
    memcpy(r.domain, w->machine.record.domain, sizeof r.domain);
    memcpy(r.serial, w->credentials.serial, sizeof r.serial);
    r.vault_url = w->credentials.url; /* this and what follows is lent */
    r.cache_dir = w->cache_dir;
    r.access = w->credentials.access;
    r.access_until = w->credentials.access_until;
    st = take_settings(w, &r, err);
    if (st == MARS_OK)
        st = try_cache(w, err);
    if (st == MARS_OK)
        st = mrs_slots_read(&slots, w->store, r.domain, w->keys, err);
    if (st == MARS_OK)
        st = mrs_seen_registered(w->spec->config_dir, w->vault.digest, slots.number, err);
    if (st == MARS_OK)
        st = mrs_registration_save(&r, w->keys, w->spec->config_dir, err);
    mrs_slots_free(&slots);
    r.vault_url = r.cache_dir = NULL;
    memset(&r.access, 0, sizeof r.access);
    mrs_registration_free(&r);
    return st;
}

static mars_status
run(struct work *w, mars_error *err)
{
    const struct mrs_register_spec *spec = w->spec;
    mars_status st = read_before(w, err);

    w->before.access.logger = spec->logger;
    if (st == MARS_OK)
        st = mrs_credentials_redeem(&w->credentials, spec->credentials,
                                    spec->store != NULL ? spec->store : &w->before.access,
                                    MRS_USE_REGISTER, spec->stop, &w->opened, &w->vault, err);
    if (st == MARS_OK)
        st = mrs_store_view(w->opened, spec->stop, &w->store, err);
    if (st == MARS_OK)
        st = check_before(w, err);
    if (st == MARS_OK)
        st = choose_name(w, err);
    if (st == MARS_OK)
        st = prepare_cache(w, err);
    if (st == MARS_OK)
        st = mrs_machines_read(&w->machines, w->store, err);
    if (st == MARS_OK)
        st = take_over(w, err);
    /* So far it was opened for reading; what follows writes to it. */
    if (st == MARS_OK && w->keys == NULL)
        st = mrs_vault_read(&w->vault, w->store, MRS_NEED_WRITE, err);
    if (st == MARS_OK && w->keys == NULL)
        st = make_machine(w, err);
    if (st == MARS_OK)
        st = mrs_agent_allowed(w->store, w->vault.record.id, w->keys, MRS_NEED_WRITE, err);
    if (st == MARS_OK)
        st = save(w, err);
    if (st == MARS_OK)
        mrs_logf(spec->logger, MARS_LEVEL_INFO, UNIT, "\"%s\" is registered with %s",
                 w->machine.record.name, w->credentials.url);
    return st;
}

mars_status
mrs_register(const struct mrs_register_spec *spec, mars_error *err)
{
    struct work w = { .spec = spec };
    struct mrs_lock *lock = NULL;
    mars_status st = mrs_dir_make_all(spec->config_dir, err);

    if (st == MARS_OK)
        st = mrs_config_lock(&lock, spec->config_dir, err);
    if (st == MARS_OK)
        st = run(&w, err);
    mrs_lock_release(lock);
    mrs_free(w.cache_dir);
    mrs_keyring_free(w.keys);
    mrs_machines_free(&w.machines);
    mrs_registration_free(&w.before);
    mrs_vault_forget(&w.vault);
    mrs_store_close(w.store);
    mrs_store_close(w.opened);
    mrs_credentials_free(&w.credentials);
    return st;
}
