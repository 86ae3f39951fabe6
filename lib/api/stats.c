#include <mars/stats.h>

#include <string.h>

#include "api/call.h"
#include "api/opts.h"
#include "base/err.h"

static mars_status
check_cancel(const mars_cancel *cancel, mars_error *err)
{
    return cancel != NULL && atomic_load(&cancel->set)
               ? mrs_fail(err, MARS_ERR_CANCELLED, "cancelled")
               : MARS_OK;
}

/* Each item is known by the domain's keys, whatever machine it is of. */
static mars_status
add_points(mars_stats *out, const struct mrs_points *points, mars_error *err)
{
    struct mrs_map items = MRS_MAP_INIT(0);
    mars_status st = MARS_OK;

    for (size_t i = 0; st == MARS_OK && i < points->list.len; i++) {
        const struct mrs_known_point *p = mrs_points_at(points, i);
        struct mrs_point_details d = mrs_known_point_details(p);
        uint8_t key[32];

        mrs_map_key16(key, mrs_known_item(p));
        if (mrs_map_put(&items, key) == NULL)
            st = mrs_nomem(err);
        out->points++;
        out->entries += d.entries;
        out->bytes += d.bytes;
    }
    out->items = items.len;
    mrs_map_free(&items);
    return st;
}

static mars_status
add_pack(void *user, const struct mrs_index_pack *pack, mars_error *err)
{
    mars_stats *out = user;

    (void)err;
    out->packs++;
    out->pack_bytes += pack->size;
    return MARS_OK;
}

static mars_status
add_object(void *user, const struct mrs_object_info *info, mars_error *err)
{
    mars_stats *out = user;
    struct mrs_name name;

    (void)err;
    out->objects++;
    out->object_bytes += info->size;
    if (mrs_name_parse(&name, info->name) && name.kind == MRS_KIND_INDEX) {
        out->index_objects++;
        out->index_bytes += info->size;
    }
    return MARS_OK;
}

static mars_status
add_index(mars_stats *out, struct mrs_index *index, const mars_cancel *cancel, mars_error *err)
{
    struct mrs_index_totals t;
    mars_status st = mrs_index_each_pack(index, add_pack, out, err);

    if (st == MARS_OK)
        st = mrs_index_total(index, cancel != NULL ? &cancel->set : NULL, &t, err);
    if (st == MARS_OK) {
        out->chunks = t.chunks;
        out->chunk_bytes = t.bytes;
    }
    return st;
}

/* The listing is what takes long with a store far away: it ends soon once cancel is set. */
static mars_status
add_objects(mars_stats *out, struct mrs_domain *d, const mars_cancel *cancel, mars_error *err)
{
    static const atomic_bool never = false;
    struct mrs_domain *view = NULL;
    mars_status st = mrs_domain_view(d, cancel != NULL ? &cancel->set : &never, &view, err);

    if (st == MARS_OK)
        st = mrs_domain_list(view, "", MRS_LIST_INFO, add_object, out, err);
    mrs_domain_free_view(view);
    return st;
}

mars_status
mars_stats_get(mars_agent *agent, const mars_cancel *cancel, mars_stats *out, mars_event_fn event,
               void *event_user, mars_error *err)
{
    struct mrs_event_sink sink = { .fn = event, .user = event_user };
    mars_stats sum = { .struct_size = sizeof sum };
    struct mrs_view v = { 0 };
    mars_status st = mrs_agent_enter(agent, err);

    if (st == MARS_OK && out == NULL)
        st = mrs_fail(err, MARS_ERR_INVALID_ARG, "out: is NULL");
    if (st == MARS_OK)
        st = check_cancel(cancel, err);
    if (st == MARS_OK)
        sink.logger = &agent->logger;
    if (st == MARS_OK)
        st = mrs_view_open(&v, agent, MRS_VIEW_DOMAIN, mrs_event_damage, &sink, err);
    if (st == MARS_OK)
        st = add_points(&sum, &v.points, err);
    mrs_view_free(&v);
    if (st == MARS_OK)
        st = check_cancel(cancel, err);
    if (st == MARS_OK)
        st = add_index(&sum, agent->domain->index, cancel, err);
    if (st == MARS_OK)
        st = add_objects(&sum, agent->domain, cancel, err);
    return st == MARS_OK ? mrs_opts_export(out, &sum, sizeof sum, err) : st;
}
