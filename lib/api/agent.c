#include <mars/agent.h>

#include <string.h>

#include "agent/cache.h"
#include "agent/passphrase.h"
#include "agent/register.h"
#include "api/api.h"
#include "api/opts.h"
#include "base/alloc.h"
#include "base/date.h"
#include "base/err.h"
#include "base/hex.h"
#include "job/job.h"
#include "platform/clock.h"
#include "platform/thread.h"

static const uint64_t BUFFER_DEFAULT = (uint64_t)64 << 20;
static const uint64_t BUFFER_LEAST = (uint64_t)32 << 20;
static const uint64_t GLANCE_NS = (uint64_t)10 * 1000000000;
/* Of a store far away: while some of them wait for it, others work. */
enum { WORKERS_MAX = 256, FAR_WORKERS = 4 };

static const char UNIT[] = "agent"; /* in the log */

void
mrs_agent_log_failure(const struct mars_agent *agent, const char *unit, mars_status st,
                      const mars_error *err)
{
    mars_level level = st != MARS_ERR_CANCELLED ? MARS_LEVEL_ERROR : MARS_LEVEL_INFO;

    if (agent != NULL)
        mrs_logf(&agent->logger, level, unit, "failed: %s: %s", mars_status_name(st),
                 err != NULL ? err->message : "");
}

bool
mrs_agent_is_forked(const struct mars_agent *agent)
{
    return agent->process != mrs_process_id();
}

mars_status
mrs_agent_enter(const struct mars_agent *agent, mars_error *err)
{
    mrs_error_clear(err);
    if (agent == NULL)
        return mrs_fail(err, MARS_ERR_INVALID_ARG, "agent: is NULL");
    if (mrs_agent_is_forked(agent))
        return mrs_fail(err, MARS_ERR_STATE, "the agent was opened before a fork");
    return MARS_OK;
}

static mars_status
check_dates(const struct mrs_registration *r, mars_error *err)
{
    char date[MRS_DATE_SIZE];

    if (r->access_until == 0 || mrs_clock_wall().s <= r->access_until)
        return MARS_OK;
    mrs_date_format(r->access_until, date);
    return mrs_fail(err, MARS_ERR_AUTH, "the right to use the vault ended on %s: take new "
                    "credentials with `mars register --renew`", date);
}

/* What was seen as the agent was opened serves the first call, if that comes at once. */
static bool
use_glance(struct mars_agent *agent, struct mrs_glance *out)
{
    bool fresh;

    mrs_mutex_lock(agent->lock);
    fresh = agent->glanced != 0 && mrs_clock_mono() - agent->glanced < GLANCE_NS;
    if (fresh) {
        *out = agent->glance;
        agent->glance = (struct mrs_glance)MRS_GLANCE_INIT;
        agent->glanced = 0;
    }
    mrs_mutex_unlock(agent->lock);
    return fresh;
}

mars_status
mrs_agent_permit(struct mars_agent *agent, enum mrs_need need, const mars_cancel *cancel,
                 struct mrs_glance *glance, mars_error *err)
{
    static const atomic_bool never = false;
    struct mrs_domain *view = NULL;
    mars_status st = check_dates(&agent->reg, err);

    *glance = (struct mrs_glance)MRS_GLANCE_INIT;
    if (st == MARS_OK)
        st = mrs_domain_view(agent->domain, cancel != NULL ? &cancel->set : &never, &view, err);
    if (st == MARS_OK && !use_glance(agent, glance))
        st = mrs_glance_take(glance, view, err);
    if (st == MARS_OK)
        st = mrs_glance_allows(glance, view, agent->reg.vault, need, err);
    mrs_domain_free_view(view);
    if (st == MARS_ERR_AUTH && !agent->read_only)
        st = mrs_context(err, st, "the vault refuses this machine (`mars register --renew` takes "
                         "new credentials)");
    return st;
}

mars_status
mrs_agent_log(struct mars_agent *agent, struct mrs_log *log, mars_error *err)
{
    struct mrs_glance g = MRS_GLANCE_INIT;
    mars_status st = check_dates(&agent->reg, err);

    *log = g.log;
    if (st == MARS_OK && use_glance(agent, &g))
        *log = g.log;
    else if (st == MARS_OK)
        st = mrs_log_read(log, agent->store, agent->reg.domain, err);
    return st;
}

/* Everything above registration, keys and store. A cache that cannot be used is remembered: a
 * restore goes without, a backup says so. */
static mars_status
assemble(struct mars_agent *a, uint32_t workers, uint64_t buffer, mars_error *err)
{
    uint64_t budget = buffer != 0 ? buffer : BUFFER_DEFAULT;
    mars_error why;
    mars_status st = MARS_OK;

    if (workers > WORKERS_MAX || budget < BUFFER_LEAST)
        return mrs_fail(err, MARS_ERR_INVALID_ARG, "%s: out of bounds",
                        workers > WORKERS_MAX ? "workers" : "buffer_bytes");
    if (workers == 0 && !mrs_store_is_near(a->store) && mrs_core_count() < FAR_WORKERS)
        workers = FAR_WORKERS;
    a->process = mrs_process_id();
    mrs_hex_encode(a->machine_hex, a->reg.machine_id, sizeof a->reg.machine_id);
    mrs_hex_encode(a->domain_hex, a->reg.domain, sizeof a->reg.domain);
    if (a->reg.cache_dir != NULL &&
        mrs_agent_cache(&a->cache, a->reg.cache_dir, a->keys, &why) != MARS_OK)
        memcpy(a->cache_problem, why.message, sizeof why.message);
    if (a->cache_problem[0] != '\0')
        mrs_logf(&a->logger, MARS_LEVEL_WARNING, "cache", "goes without: %s", a->cache_problem);
    if (a->cache != NULL) {
        mrs_cache_set_logger(a->cache, &a->logger);
        mrs_agent_cache_watch(a->cache, a->config_dir);
        mrs_cache_set_quota(a->cache, a->reg.cache.quota);
        mrs_agent_cache_stages(a->cache, a->store);
    }
    st = mrs_mutex_new(&a->lock, err);
    if (st == MARS_OK)
        st = mrs_domain_open(&a->domain, a->store, a->keys, a->cache, err);
    if (st == MARS_OK)
        a->domain->logger = &a->logger;
    return st == MARS_OK ? mrs_engine_new(&a->engine, workers, budget, err) : st;
}

/* A damaged record keeps nobody from restoring, and verify has to name it. */
static mars_status
may_read(struct mars_agent *a, const mars_cancel *cancel, mars_error *err)
{
    mars_status st = mrs_agent_permit(a, MRS_NEED_READ, cancel, &a->glance, err);

    if (st == MARS_OK)
        a->glanced = mrs_clock_mono();
    return st == MARS_ERR_CORRUPT ? MARS_OK : st;
}

static mars_status
open_registered(struct mars_agent *a, const mars_agent_options *o, mars_error *err)
{
    mars_status st = mrs_registration_load(&a->reg, a->config_dir, err);

    if (st == MARS_OK)
        st = mrs_arg_custom_store(o->store, &a->reg.access.custom, err);
    if (st == MARS_OK)
        st = mrs_registration_keys(&a->reg, a->config_dir, &a->keys, err);
    if (st == MARS_OK)
        st = mrs_registration_secrets(&a->reg, a->config_dir, err);
    if (st == MARS_OK)
        a->reg.access.logger = &a->logger;
    if (st == MARS_OK)
        st = mrs_store_open(&a->store, a->reg.vault_url, 0, &a->reg.access, err);
    if (st == MARS_OK)
        st = assemble(a, o->workers, o->buffer_bytes, err);
    return st == MARS_OK ? may_read(a, o->cancel, err) : st;
}

static struct mars_agent *
new_agent(void)
{
    struct mars_agent *a = mrs_alloc(sizeof *a);

    if (a != NULL)
        atomic_init(&a->refs, 1);
    return a;
}

/* The end of opening: the agent is the caller's, or closed. */
static mars_status
opened(struct mars_agent *a, mars_status st, mars_agent **out, const mars_error *err)
{
    if (st == MARS_OK) {
        mrs_logf(&a->logger, MARS_LEVEL_INFO, UNIT, "open: machine \"%s\" of %s, %s",
                 a->reg.machine_name, a->reg.vault_url,
                 a->cache != NULL ? mrs_cache_dir(a->cache) : "no cache");
        *out = a;
        return MARS_OK;
    }
    mrs_agent_log_failure(a, UNIT, st, err);
    mars_agent_close(a);
    return st;
}

mars_status
mars_agent_open(const char *config_dir, uint64_t config_dir_len, const mars_agent_options *opts,
                mars_agent **out, mars_error *err)
{
    struct mars_agent *a;
    mars_agent_options o;
    mars_status st;

    mrs_error_clear(err);
    if (out == NULL)
        return mrs_fail(err, MARS_ERR_INVALID_ARG, "out: is NULL");
    *out = NULL;
    a = new_agent();
    if (a == NULL)
        return mrs_nomem(err);
    st = mrs_opts_import(&o, sizeof o, opts, MRS_AGENT_OPTIONS_V1, err);
    if (st == MARS_OK)
        st = mrs_arg_log(&a->logger, o.log, o.log_user, o.log_level, err);
    if (st == MARS_OK)
        st = mrs_arg_path(config_dir, config_dir_len, true, "config_dir", &a->config_dir, err);
    if (st == MARS_OK)
        st = open_registered(a, &o, err);
    return opened(a, st, out, err);
}

/* A caller's strings of one registration, as NUL-terminated copies. */
struct strings {
    char *config_dir;
    char *credentials;
    char *cache_dir;
    char *name;
    char *domain;
};

static mars_status
read_strings(const mars_register_options *o, struct strings *s, mars_error *err)
{
    mars_status st = mrs_arg_path(o->config_dir, o->config_dir_len, true, "config_dir",
                                  &s->config_dir, err);

    if (st == MARS_OK)
        st = mrs_arg_string(o->credentials, o->credentials_len, true, "credentials",
                            &s->credentials, err);
    if (st == MARS_OK)
        st = mrs_arg_path(o->cache_dir, o->cache_dir_len, false, "cache_dir", &s->cache_dir, err);
    if (st == MARS_OK)
        st = mrs_arg_string(o->name, o->name_len, false, "name", &s->name, err);
    if (st == MARS_OK)
        st = mrs_arg_string(o->domain, o->domain_len, false, "domain", &s->domain, err);
    if (st == MARS_OK && s->name != NULL)
        st = mrs_name_check(s->name, strlen(s->name), "name", err);
    if (st == MARS_OK && s->domain != NULL)
        st = mrs_name_check(s->domain, strlen(s->domain), "domain", err);
    return st;
}

mars_status
mars_register(const mars_register_options *opts, mars_agent **out, mars_error *err)
{
    struct mrs_register_spec spec = { .credentials = NULL };
    struct mrs_access access = { .stall_ms = 0 };
    mars_agent_options open = { .struct_size = sizeof open };
    struct strings s = { NULL };
    mars_key_wrapper wrapper;
    struct mrs_logger logger;
    mars_register_options o;
    mars_status st;

    mrs_error_clear(err);
    if (out != NULL)
        *out = NULL;
    if (opts == NULL)
        return mrs_fail(err, MARS_ERR_INVALID_ARG, "opts: is NULL");
    st = mrs_opts_import(&o, sizeof o, opts, MRS_REGISTER_OPTIONS_V1, err);
    if (st == MARS_OK && o.flags != 0)
        st = mrs_fail(err, MARS_ERR_UNSUPPORTED, "flags: 0x%x is not known", o.flags);
    if (st == MARS_OK)
        st = mrs_arg_cache_quota(o.cache_quota, err);
    if (st == MARS_OK)
        st = mrs_arg_opener(o.passphrase, o.passphrase_len, o.wrapper, "key", &spec.key, &wrapper,
                            err);
    if (st == MARS_OK && spec.key.passphrase != NULL)
        st = mrs_passphrase_check(o.passphrase, spec.key.len, "passphrase", err);
    if (st == MARS_OK)
        st = read_strings(&o, &s, err);
    if (st == MARS_OK)
        st = mrs_arg_store(o.store, &access, NULL, err);
    if (st == MARS_OK)
        st = mrs_arg_log(&logger, o.log, o.log_user, o.log_level, err);
    if (st == MARS_OK) {
        access.logger = spec.logger = &logger;
        spec.stop = o.cancel != NULL ? &o.cancel->set : NULL;
        spec.store = o.store != NULL ? &access : NULL;
        spec.credentials = s.credentials;
        spec.config_dir = s.config_dir;
        spec.cache_dir = s.cache_dir;
        spec.name = s.name;
        spec.domain = s.domain;
        spec.cache_quota = o.cache_quota;
        open.store = access.custom.struct_size != 0 ? &access.custom : NULL;
        st = mrs_register(&spec, err);
    }
    open.log = o.log;
    open.log_user = o.log_user;
    open.log_level = o.log_level;
    open.cancel = o.cancel;
    if (st == MARS_OK && out != NULL)
        st = mars_agent_open(s.config_dir, 0, &open, out, err);
    mrs_free(s.config_dir);
    mrs_free(s.credentials);
    mrs_free(s.cache_dir);
    mrs_free(s.name);
    mrs_free(s.domain);
    mrs_access_free(&access);
    return st;
}

mars_status
mars_register_renew(const mars_renew_options *opts, mars_error *err)
{
    struct mrs_access access = { .stall_ms = 0 };
    char *dir = NULL, *file = NULL;
    struct mrs_logger logger;
    mars_renew_options o;
    mars_status st;

    mrs_error_clear(err);
    if (opts == NULL)
        return mrs_fail(err, MARS_ERR_INVALID_ARG, "opts: is NULL");
    st = mrs_opts_import(&o, sizeof o, opts, MRS_RENEW_OPTIONS_V1, err);
    if (st == MARS_OK && o.flags != 0)
        st = mrs_fail(err, MARS_ERR_UNSUPPORTED, "flags: 0x%x is not known", o.flags);
    if (st == MARS_OK)
        st = mrs_arg_path(o.config_dir, o.config_dir_len, true, "config_dir", &dir, err);
    if (st == MARS_OK)
        st = mrs_arg_string(o.credentials, o.credentials_len, true, "credentials", &file, err);
    if (st == MARS_OK)
        st = mrs_arg_store(o.store, &access, NULL, err);
    if (st == MARS_OK)
        st = mrs_arg_log(&logger, o.log, o.log_user, o.log_level, err);
    if (st == MARS_OK) {
        struct mrs_renew_spec spec = { .credentials = file,
                                       .config_dir = dir,
                                       .store = o.store != NULL ? &access : NULL,
                                       .logger = &logger,
                                       .stop = o.cancel != NULL ? &o.cancel->set : NULL };

        access.logger = &logger;
        st = mrs_register_renew(&spec, err);
    }
    mrs_free(dir);
    mrs_free(file);
    mrs_access_free(&access);
    return st;
}

static mars_status
open_recovered(struct mars_agent *a, const mars_recover_options *o, mars_error *err)
{
    struct mrs_recover_spec spec = { .stop = o->cancel != NULL ? &o->cancel->set : NULL };
    struct mrs_access access = { .stall_ms = 0 };
    char *credentials = NULL, *machine = NULL;
    mars_key_wrapper wrapper;
    mars_status st = mrs_arg_opener(o->passphrase, o->passphrase_len, o->wrapper, "key", &spec.key,
                                    &wrapper, err);

    a->read_only = true;
    if (st == MARS_OK)
        st = mrs_arg_string(o->credentials, o->credentials_len, true, "credentials", &credentials,
                            err);
    if (st == MARS_OK)
        st = mrs_arg_string(o->machine, o->machine_len, false, "machine", &machine, err);
    spec.credentials = credentials;
    spec.machine = machine;
    if (st == MARS_OK)
        st = mrs_arg_store(o->store, &access, NULL, err);
    access.logger = &a->logger;
    spec.store = &access;
    if (st == MARS_OK)
        st = mrs_recover(&spec, &a->reg, &a->keys, &a->store, err);
    if (st == MARS_OK)
        st = assemble(a, o->workers, o->buffer_bytes, err);
    if (st == MARS_OK)
        st = may_read(a, o->cancel, err);
    mrs_free(credentials);
    mrs_free(machine);
    mrs_access_free(&access);
    return st;
}

mars_status
mars_recover_open(const mars_recover_options *opts, mars_agent **out, mars_error *err)
{
    struct mars_agent *a;
    mars_recover_options o;
    mars_status st;

    mrs_error_clear(err);
    if (out != NULL)
        *out = NULL;
    if (out == NULL || opts == NULL)
        return mrs_fail(err, MARS_ERR_INVALID_ARG, "%s: is NULL", out == NULL ? "out" : "opts");
    a = new_agent();
    if (a == NULL)
        return mrs_nomem(err);
    st = mrs_opts_import(&o, sizeof o, opts, MRS_RECOVER_OPTIONS_V1, err);
    if (st == MARS_OK)
        st = mrs_arg_log(&a->logger, o.log, o.log_user, o.log_level, err);
    if (st == MARS_OK)
        st = open_recovered(a, &o, err);
    return opened(a, st, out, err);
}

mars_status
mars_agent_get_info(const mars_agent *agent, mars_agent_info *info, mars_error *err)
{
    mars_agent_info out = { .struct_size = sizeof out };
    mars_status st = mrs_agent_enter(agent, err);

    if (st == MARS_OK && info == NULL)
        st = mrs_fail(err, MARS_ERR_INVALID_ARG, "info: is NULL");
    if (st != MARS_OK)
        return st;
    out.read_only = agent->read_only;
    out.machine_id = agent->machine_hex;
    out.machine_name = agent->reg.machine_name;
    out.domain_id = agent->domain_hex;
    out.vault_url = agent->reg.vault_url;
    out.cache_dir = agent->cache != NULL           ? mrs_cache_dir(agent->cache)
                    : agent->reg.cache_dir != NULL ? agent->reg.cache_dir
                                                   : "";
    return mrs_opts_export(info, &out, sizeof out, err);
}

void
mrs_agent_hold(struct mars_agent *agent)
{
    atomic_fetch_add(&agent->refs, 1);
}

void
mars_agent_close(mars_agent *agent)
{
    if (agent == NULL || atomic_fetch_sub(&agent->refs, 1) != 1)
        return;
    mrs_glance_free(&agent->glance);
    mrs_engine_free(agent->engine);
    mrs_domain_close(agent->domain);
    mrs_cache_close(agent->cache);
    mrs_keyring_free(agent->keys);
    mrs_store_close(agent->store);
    mrs_registration_free(&agent->reg);
    mrs_mutex_free(agent->lock);
    mrs_free(agent->config_dir);
    mrs_free(agent);
}
