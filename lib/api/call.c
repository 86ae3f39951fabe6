#include "api/call.h"

#include <string.h>

#include "base/alloc.h"
#include "base/err.h"

/* digits: NULL, or only points whose ids begin so are read: one that is asked for by its id and
 * cannot be read is an error. */
static mars_status
open_view(struct mrs_view *v, struct mars_agent *agent, enum mrs_view_of what, const char *digits,
          mrs_damage_fn damage, void *user, mars_error *err)
{
    const struct mrs_points_query q = {
        .machine = what != MRS_VIEW_ALL_POINTS && what != MRS_VIEW_DOMAIN ? agent->reg.machine_id
                                                                          : NULL,
        .digits = digits,
        .need = MRS_NEED_READ,
        .damage = digits == NULL ? damage : NULL,
        .user = user
    };
    struct mrs_domain *d = agent->domain;
    struct mrs_log log = MRS_LOG_INIT;
    mars_status st = mrs_agent_log(agent, &log, err);

    if (st == MARS_OK)
        st = mrs_ledger_read(&v->ledger, d, &log, MRS_NEED_READ, damage, user, err);
    if (st == MARS_OK && what != MRS_VIEW_POINTS && what != MRS_VIEW_ALL_POINTS)
        st = mrs_index_refresh(d->index, &log, false, damage, user, err);
    if (st == MARS_OK)
        st = mrs_points_read(&v->points, d, &log, &v->ledger, &q, err);
    mrs_log_free(&log);
    return st;
}

mars_status
mrs_view_open(struct mrs_view *v, struct mars_agent *agent, enum mrs_view_of what,
              mrs_damage_fn damage, void *user, mars_error *err)
{
    return open_view(v, agent, what, NULL, damage, user, err);
}

void
mrs_view_free(struct mrs_view *v)
{
    mrs_points_free(&v->points);
    mrs_ledger_free_state(&v->ledger);
}

mars_status
mrs_view_point(struct mrs_view *v, struct mars_agent *agent, const char *point, const char *item,
               struct mrs_known_point **out, mars_error *err)
{
    struct mrs_event_sink nowhere = { NULL, NULL, &agent->logger };
    mars_status st;

    *out = NULL;
    if (point == NULL)
        return mrs_fail(err, MARS_ERR_INVALID_ARG, "point: is missing");
    st = open_view(v, agent, MRS_VIEW_INDEX, strcmp(point, "latest") != 0 ? point : NULL,
                   mrs_event_damage, &nowhere, err);
    if (st == MARS_OK)
        st = mrs_points_resolve(&v->points, agent->domain, point, item, out, err);
    return st == MARS_OK ? mrs_points_whole(agent->domain, *out, err) : st;
}

void
mrs_event_damage(void *sink, const char *relative, const mars_error *why)
{
    struct mrs_event_sink *s = sink;
    mars_event e = { .struct_size = sizeof e,
                     .kind = MARS_EVENT_DAMAGED,
                     .status = why->status,
                     .os_code = why->os_code,
                     .object = relative,
                     .message = why->message };

    mrs_logf(s->logger, MARS_LEVEL_WARNING, "domain", "%s: damaged or missing: %s", relative,
             why->message);
    if (s->fn != NULL)
        s->fn(&e, s->user);
}

mars_status
mrs_arg_strings(const char *const *strings, const uint64_t *lens, uint64_t n, const char *what,
                struct mrs_slice **out, mars_error *err)
{
    *out = NULL;
    if (n > 0 && strings == NULL)
        return mrs_fail(err, MARS_ERR_INVALID_ARG, "%s: is NULL", what);
    if (n > SIZE_MAX)
        return mrs_nomem(err);
    *out = mrs_alloc_array((size_t)n, sizeof **out);
    if (*out == NULL)
        return mrs_nomem(err);
    for (size_t i = 0; i < n; i++) {
        if (strings[i] == NULL) {
            mrs_free(*out);
            *out = NULL;
            return mrs_fail(err, MARS_ERR_INVALID_ARG, "%s: number %zu is NULL", what, i);
        }
        (*out)[i].p = (const uint8_t *)strings[i];
        (*out)[i].n = lens != NULL ? (size_t)lens[i] : strlen(strings[i]);
    }
    return MARS_OK;
}
