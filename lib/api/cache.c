#include <mars/cache.h>

#include "agent/cache.h"
#include "api/call.h"
#include "api/opts.h"
#include "base/alloc.h"
#include "base/err.h"
#include "job/fill.h"

/* What all these calls ask first. */
static mars_status
enter(const struct mars_agent *agent, mars_error *err)
{
    mars_status st = mrs_agent_enter(agent, err);

    if (st == MARS_OK && agent->read_only)
        st = mrs_fail(err, MARS_ERR_STATE, "another machine's points are open: there is no cache");
    return st;
}

static mars_status
enter_usable(const struct mars_agent *agent, mars_error *err)
{
    mars_status st = enter(agent, err);

    if (st == MARS_OK && agent->cache == NULL)
        st = mrs_fail(err, MARS_ERR_IO, "%s", agent->cache_problem);
    return st;
}

/* What is there. Where that cannot be told the cache cannot be used. */
static void
look(struct mars_agent *agent, mars_cache_info *out)
{
    struct mrs_cache_use use;
    mars_status st;

    out->path = mrs_cache_dir(agent->cache);
    st = mrs_cache_count(agent->cache, &use, NULL);
    if (st == MARS_OK)
        st = mrs_cache_free_space(agent->cache, &out->bytes_free, NULL);
    if (st != MARS_OK) {
        out->state = MARS_CACHE_UNUSABLE;
        out->problem = "its directory cannot be read";
        return;
    }
    out->files = use.files;
    out->bytes = use.bytes;
    out->bytes_copies = use.copies;
    out->bytes_trees = use.trees;
    out->bytes_runs = use.runs;
    out->bytes_journals = use.journals;
    out->bytes_unfinished = use.unfinished;
}

mars_status
mars_cache_status(mars_agent *agent, mars_cache_info *info, mars_error *err)
{
    struct mrs_registration r = { .old_caches = MRS_VEC_INIT(char *) };
    mars_cache_info out = { .struct_size = sizeof out, .state = MARS_CACHE_READY, .problem = "" };
    mars_status st = enter(agent, err);

    if (st == MARS_OK && info == NULL)
        st = mrs_fail(err, MARS_ERR_INVALID_ARG, "info: is NULL");
    if (st == MARS_OK)
        st = mrs_registration_load(&r, agent->config_dir, err);
    if (st == MARS_OK) {
        struct mrs_cache_settings s = mrs_cache_settings_in_force(&r.cache);

        out.quota = s.quota;
        out.warn_permille = s.warn_permille;
        out.refuse_permille = s.refuse_permille;
        out.old_places = r.old_caches.len;
        if (agent->cache != NULL) {
            look(agent, &out);
        } else {
            out.state = MARS_CACHE_UNUSABLE;
            out.path = agent->reg.cache_dir;
            out.problem = agent->cache_problem;
        }
        st = mrs_opts_export(info, &out, sizeof out, err);
    }
    mrs_registration_free(&r);
    return st;
}

mars_status
mars_cache_set(mars_agent *agent, const mars_cache_settings *settings, mars_error *err)
{
    struct mrs_cache_settings s, in_force;
    mars_cache_settings o;
    mars_status st = enter(agent, err);

    if (st == MARS_OK && settings == NULL)
        st = mrs_fail(err, MARS_ERR_INVALID_ARG, "settings: is NULL");
    if (st == MARS_OK)
        st = mrs_opts_import(&o, sizeof o, settings, MRS_CACHE_SETTINGS_V1, err);
    if (st != MARS_OK)
        return st;
    if (o.flags != 0)
        return mrs_fail(err, MARS_ERR_UNSUPPORTED, "flags: 0x%x is not known", o.flags);
    st = mrs_arg_cache_quota(o.quota, err);
    s = (struct mrs_cache_settings){ o.quota, o.warn_permille, o.refuse_permille };
    in_force = mrs_cache_settings_in_force(&s);
    if (st == MARS_OK && in_force.warn_permille > MRS_CACHE_PERMILLE_MAX)
        st = mrs_fail(err, MARS_ERR_INVALID_ARG, "warn_permille: more than %d",
                      MRS_CACHE_PERMILLE_MAX);
    if (st == MARS_OK && in_force.refuse_permille > in_force.warn_permille)
        st = mrs_fail(err, MARS_ERR_INVALID_ARG, "refuse_permille: %u is above warn_permille, %u",
                      in_force.refuse_permille, in_force.warn_permille);
    return st == MARS_OK ? mrs_agent_cache_set(agent->config_dir, &s, err) : st;
}

mars_status
mars_cache_clear(mars_agent *agent, mars_error *err)
{
    mars_status st = enter_usable(agent, err);

    return st == MARS_OK ? mrs_cache_clear(agent->cache, err) : st;
}

/* Damage is told, and counted. */
struct teller {
    struct mrs_event_sink sink;
    uint64_t unread;
};

static void
tell(void *user, const char *relative, const mars_error *why)
{
    struct teller *t = user;

    t->unread++;
    mrs_event_damage(&t->sink, relative, why);
}

static mars_status
fetch_trees(struct mrs_domain *d, struct mrs_known_point *k, struct teller *t,
            const mars_cancel *cancel, mars_error *err)
{
    char relative[MRS_OBJECT_NAME_MAX];
    mars_status st = mrs_points_whole(d, k, err);

    if (st == MARS_OK)
        return mrs_fill_trees(d, &k->whole->point, cancel, &t->unread, err);
    if (!mrs_is_unreadable(st))
        return st;
    mrs_name_point(relative, mrs_known_item(k), mrs_known_session(k));
    tell(t, relative, err);
    mrs_error_clear(err);
    return MARS_OK;
}

/* With a domain handle of its own: what this agent has read already is read again. */
static mars_status
fetch(struct mars_agent *agent, struct mrs_domain *d, const struct mrs_log *log, struct teller *t,
      const mars_cancel *cancel, mars_error *err)
{
    struct mrs_ledger ledger = { .generation = 0 };
    const struct mrs_points_query q = { .machine = agent->reg.machine_id,
                                        .need = MRS_NEED_READ,
                                        .damage = tell,
                                        .user = t };
    struct mrs_points points = { .list = MRS_VEC_INIT(struct mrs_known_point) };
    mars_status st = mrs_ledger_read(&ledger, d, log, MRS_NEED_READ, tell, t, err);

    if (st == MARS_OK)
        st = mrs_index_refresh(d->index, log, false, tell, t, err);
    if (st == MARS_OK)
        st = mrs_points_read(&points, d, log, &ledger, &q, err);
    for (size_t i = 0; st == MARS_OK && i < points.list.len && mrs_domain_copies(d) != NULL; i++)
        if (mrs_points_at(&points, i)->is_head)
            st = fetch_trees(d, mrs_points_at(&points, i), t, cancel, err);
    mrs_points_free(&points);
    mrs_ledger_free_state(&ledger);
    return st;
}

mars_status
mars_cache_rebuild(mars_agent *agent, mars_event_fn event, void *user, const mars_cancel *cancel,
                   mars_error *err)
{
    struct teller t = { .sink = { .fn = event, .user = user } };
    struct mrs_glance g = MRS_GLANCE_INIT;
    struct mrs_domain *d = NULL;
    mars_status st = enter_usable(agent, err);

    if (st == MARS_OK)
        st = mrs_agent_permit(agent, MRS_NEED_READ, cancel, &g, err);
    if (st == MARS_OK)
        st = mrs_cache_clear(agent->cache, err);
    if (st == MARS_OK)
        st = mrs_domain_open(&d, agent->store, agent->keys, agent->cache, err);
    if (st == MARS_OK) {
        t.sink.logger = d->logger = &agent->logger;
        d->damage = tell;
        d->damage_user = &t;
        st = fetch(agent, d, &g.log, &t, cancel, err);
    }
    mrs_glance_free(&g);
    mrs_domain_close(d);
    if (st == MARS_OK && t.unread > 0)
        st = mrs_fail(err, MARS_ERR_CORRUPT, "%llu objects or parts of them could not be read",
                      (unsigned long long)t.unread);
    return st;
}

mars_status
mars_cache_move(mars_agent *agent, const char *dir, uint64_t dir_len, mars_error *err)
{
    char *path = NULL;
    mars_status st = enter(agent, err);

    if (st == MARS_OK)
        st = mrs_arg_path(dir, dir_len, true, "dir", &path, err);
    if (st == MARS_OK)
        st = mrs_agent_cache_move(agent->config_dir, agent->keys, agent->cache, path, err);
    mrs_free(path);
    return st;
}
