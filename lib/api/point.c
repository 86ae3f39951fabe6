#include "api/point.h"

#include <string.h>

#include "agent/seen.h"
#include "base/err.h"
#include "base/hex.h"

void
mrs_shown_point_free(struct mrs_shown_point *s)
{
    mrs_vec_free(&s->roots);
    mrs_vec_free(&s->root_lens);
    mrs_buf_free(&s->bytes);
}

static mars_status
show_roots(struct mrs_shown_point *s, const struct mrs_point_details *d, mars_error *err)
{
    struct mrs_slice at = d->roots;
    mars_status st = MARS_OK;
    size_t start = 0;

    s->roots.len = s->root_lens.len = 0;
    mrs_buf_reset(&s->bytes);
    for (size_t i = 0; st == MARS_OK && i < d->n_roots; i++) {
        struct mrs_slice path = mrs_point_details_root(&at);
        uint64_t *len = mrs_vec_add(&s->root_lens);

        if (len == NULL || mrs_vec_add(&s->roots) == NULL)
            return mrs_nomem(err);
        *len = path.n;
        st = mrs_buf_append(&s->bytes, path.p, path.n, err);
        if (st == MARS_OK)
            st = mrs_buf_append(&s->bytes, "", 1, err);
    }
    for (size_t i = 0; st == MARS_OK && i < d->n_roots; i++) {
        *(const char **)mrs_vec_at(&s->roots, i) = (const char *)s->bytes.data + start;
        start += (size_t)*(uint64_t *)mrs_vec_at(&s->root_lens, i) + 1;
    }
    return st;
}

static void
copy_name(char out[MRS_DISPLAY_NAME_MAX + 1], struct mrs_slice name)
{
    if (name.n > 0)
        memcpy(out, name.p, name.n);
    out[name.n] = '\0';
}

mars_status
mrs_point_show(struct mrs_shown_point *s, const struct mrs_known_point *k, mars_error *err)
{
    struct mrs_point_details d = mrs_known_point_details(k);
    mars_status st = show_roots(s, &d, err);

    if (st != MARS_OK)
        return st;
    mrs_hex_encode(s->id, mrs_known_session(k), 16);
    mrs_hex_encode(s->machine_id, mrs_known_machine(k), 16);
    copy_name(s->item, d.item_name);
    copy_name(s->machine, d.machine_name);
    s->info = (mars_point_info){ .struct_size = sizeof s->info,
                                 .id = s->id,
                                 .item = s->item,
                                 .machine = s->machine,
                                 .machine_id = s->machine_id,
                                 .started = k->started_s,
                                 .finished = d.finished.s,
                                 .entries = d.entries,
                                 .bytes = d.bytes,
                                 .files_skipped = d.skipped,
                                 .bytes_added = d.added,
                                 .n_roots = (uint32_t)d.n_roots,
                                 .roots = s->roots.items,
                                 .root_lens = s->root_lens.items,
                                 .is_head = k->is_head };
    return MARS_OK;
}

/* Which of the points that were seen are there: a bool each, by their sessions. */
static mars_status
find_seen(struct mrs_map *there, const struct mrs_seen *seen, const struct mrs_points *points,
          mars_error *err)
{
    uint8_t key[32];

    for (size_t i = 0; i < seen->heads.len; i++) {
        const struct mrs_seen_head *h = mrs_vec_at(&seen->heads, i);

        mrs_map_key16(key, h->session);
        if (mrs_map_put(there, key) == NULL)
            return mrs_nomem(err);
    }
    for (size_t i = 0; i < points->list.len; i++) {
        bool *is_there;

        mrs_map_key16(key, mrs_known_session(mrs_points_at(points, i)));
        is_there = mrs_map_find(there, key);
        if (is_there != NULL)
            *is_there = true;
    }
    return MARS_OK;
}

/* Points that this machine saw and that nobody deleted must be there. */
static mars_status
tell_missing(struct mars_agent *agent, const struct mrs_view *v, struct mrs_event_sink *sink,
             mars_error *err)
{
    struct mrs_map there = MRS_MAP_INIT(sizeof(bool));
    struct mrs_seen seen = { 0 };
    mars_status st;

    if (sink->fn == NULL || agent->config_dir == NULL)
        return MARS_OK;
    st = mrs_seen_load(&seen, agent->config_dir, err);
    if (st == MARS_OK)
        st = find_seen(&there, &seen, &v->points, err);
    for (size_t i = 0; st == MARS_OK && i < seen.heads.len; i++) {
        const struct mrs_seen_head *h = mrs_vec_at(&seen.heads, i);
        char relative[MRS_OBJECT_NAME_MAX];
        uint8_t key[32];
        mars_error why;

        mrs_map_key16(key, h->session);
        if (*(bool *)mrs_map_find(&there, key) ||
            mrs_ledger_is_deleted(&v->ledger, h->item, h->session))
            continue;
        mrs_name_point(relative, h->item, h->session);
        (void)mrs_fail(&why, MARS_ERR_NOT_FOUND,
                       "this machine saw this point, and it is gone or damaged");
        mrs_event_damage(sink, relative, &why);
    }
    mrs_seen_free(&seen);
    mrs_map_free(&there);
    return st;
}

static mars_status
give_points(const struct mrs_points *points, const char *item, mars_point_fn fn, void *user,
            mars_error *err)
{
    struct mrs_shown_point s = MRS_SHOWN_POINT_INIT;
    mars_status st = MARS_OK;

    for (size_t i = 0; st == MARS_OK && i < points->list.len; i++) {
        const struct mrs_known_point *k = mrs_points_at(points, i);

        st = mrs_point_show(&s, k, err);
        if (item != NULL && strcmp(s.item, item) != 0)
            continue;
        if (st == MARS_OK && fn(&s.info, user) != 0)
            st = mrs_fail(err, MARS_ERR_CANCELLED, "cancelled");
    }
    mrs_shown_point_free(&s);
    return st;
}

mars_status
mars_point_list(mars_agent *agent, const char *item, uint32_t flags, mars_point_fn fn, void *user,
                mars_event_fn event, void *event_user, mars_error *err)
{
    bool all = (flags & MARS_POINTS_ALL_MACHINES) != 0;
    struct mrs_event_sink sink = { .fn = event, .user = event_user };
    struct mrs_view v = { 0 };
    mars_status st = mrs_agent_enter(agent, err);

    if (st == MARS_OK && fn == NULL)
        st = mrs_fail(err, MARS_ERR_INVALID_ARG, "fn: is NULL");
    if (st == MARS_OK && (flags & ~(uint32_t)MARS_POINTS_ALL_MACHINES) != 0)
        st = mrs_fail(err, MARS_ERR_UNSUPPORTED, "flags: 0x%x is not known", flags);
    if (st == MARS_OK)
        sink.logger = &agent->logger;
    if (st == MARS_OK)
        st = mrs_view_open(&v, agent, all ? MRS_VIEW_ALL_POINTS : MRS_VIEW_POINTS,
                           mrs_event_damage, &sink, err);
    if (st == MARS_OK)
        st = tell_missing(agent, &v, &sink, err);
    if (st == MARS_OK)
        st = give_points(&v.points, item, fn, user, err);
    mrs_view_free(&v);
    return st;
}
