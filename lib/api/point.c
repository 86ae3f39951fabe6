#include "api/point.h"

#include <string.h>

#include "agent/seen.h"
#include "base/err.h"
#include "base/hex.h"
#include "job/browse.h"

void
mrs_shown_point_free(struct mrs_shown_point *s)
{
    mrs_vec_free(&s->roots);
    mrs_vec_free(&s->root_lens);
    mrs_arena_free(&s->bytes);
}

static mars_status
show_roots(struct mrs_shown_point *s, const struct mrs_domain *d, const struct mrs_point *pt,
           mars_error *err)
{
    struct mrs_buf path = MRS_BUF_INIT(SIZE_MAX / 2);
    mars_status st = MARS_OK;

    s->roots = (struct mrs_vec)MRS_VEC_INIT(const char *);
    s->root_lens = (struct mrs_vec)MRS_VEC_INIT(uint64_t);
    for (size_t i = 0; st == MARS_OK && i < pt->n_roots; i++) {
        const char **at = mrs_vec_add(&s->roots);
        uint64_t *len = mrs_vec_add(&s->root_lens);

        mrs_buf_reset(&path);
        st = at != NULL && len != NULL ? mrs_root_path(d, &pt->roots[i], &path, err)
                                       : mrs_nomem(err);
        if (st == MARS_OK)
            st = mrs_buf_append(&path, "", 1, err);
        if (st != MARS_OK)
            break;
        *len = path.len - 1;
        *at = mrs_arena_copy(&s->bytes, path.data, path.len);
        st = *at != NULL ? MARS_OK : mrs_nomem(err);
    }
    mrs_buf_free(&path);
    return st;
}

mars_status
mrs_point_show(struct mrs_shown_point *s, const struct mrs_domain *d,
               const struct mrs_loaded_point *lp, mars_error *err)
{
    const struct mrs_point *pt = &lp->point;
    mars_status st = show_roots(s, d, pt, err);

    if (st != MARS_OK)
        return st;
    mrs_hex_encode(s->id, pt->session, sizeof pt->session);
    memcpy(s->item, pt->item_name.p, pt->item_name.n);
    memcpy(s->machine, pt->machine_name.p, pt->machine_name.n);
    s->info = (mars_point_info){ .struct_size = sizeof s->info,
                                 .id = s->id,
                                 .item = s->item,
                                 .machine = s->machine,
                                 .started = pt->started.s,
                                 .finished = pt->finished.s,
                                 .entries = pt->totals.entries,
                                 .bytes = pt->totals.bytes,
                                 .files_skipped = pt->skipped_count,
                                 .bytes_added = pt->added_bytes,
                                 .n_roots = (uint32_t)pt->n_roots,
                                 .roots = s->roots.items,
                                 .root_lens = s->root_lens.items,
                                 .is_head = lp->is_head };
    return MARS_OK;
}

static mars_status
give_point(struct mars_agent *agent, const struct mrs_loaded_point *lp, mars_point_fn fn,
           void *user, mars_error *err)
{
    struct mrs_shown_point s = { .id = "" };
    mars_status st = mrs_point_show(&s, agent->domain, lp, err);

    if (st == MARS_OK && fn(&s.info, user) != 0)
        st = mrs_fail(err, MARS_ERR_CANCELLED, "cancelled");
    mrs_shown_point_free(&s);
    return st;
}

/* Points that this machine saw and that nobody deleted must be there. */
static mars_status
tell_missing(struct mars_agent *agent, const struct mrs_view *v, mars_event_fn fn, void *user,
             mars_error *err)
{
    struct mrs_event_sink sink = { fn, user, &agent->logger };
    struct mrs_seen seen = { 0 };
    mars_status st;

    if (fn == NULL || agent->config_dir == NULL)
        return MARS_OK;
    st = mrs_seen_load(&seen, agent->config_dir, err);
    for (size_t i = 0; st == MARS_OK && i < seen.heads.len; i++) {
        const struct mrs_seen_head *h = mrs_vec_at(&seen.heads, i);
        bool found = mrs_ledger_is_deleted(&v->ledger, h->item, h->session);
        char relative[MRS_OBJECT_NAME_MAX];
        mars_error why;

        for (size_t k = 0; !found && k < v->points.list.len; k++)
            found = memcmp(mrs_points_at(&v->points, k)->point.session, h->session, 16) == 0;
        if (found)
            continue;
        mrs_name_point(relative, h->item, h->session);
        (void)mrs_fail(&why, MARS_ERR_NOT_FOUND,
                       "this machine saw this point, and it is gone or damaged");
        mrs_event_damage(&sink, relative, &why);
    }
    mrs_seen_free(&seen);
    return st;
}

mars_status
mars_point_list(mars_agent *agent, const char *item, mars_point_fn fn, void *user,
                mars_event_fn event, void *event_user, mars_error *err)
{
    struct mrs_event_sink sink = { .fn = event, .user = event_user };
    struct mrs_view v = { 0 };
    mars_status st = mrs_agent_enter(agent, err);

    if (st == MARS_OK && fn == NULL)
        st = mrs_fail(err, MARS_ERR_INVALID_ARG, "fn: is NULL");
    if (st == MARS_OK)
        sink.logger = &agent->logger;
    if (st == MARS_OK)
        st = mrs_view_open(&v, agent, MRS_VIEW_POINTS, mrs_event_damage, &sink, err);
    if (st == MARS_OK)
        st = tell_missing(agent, &v, event, event_user, err);
    for (size_t i = 0; st == MARS_OK && i < v.points.list.len; i++) {
        const struct mrs_loaded_point *lp = mrs_points_at(&v.points, i);

        if (item == NULL || (strlen(item) == lp->point.item_name.n &&
                             memcmp(item, lp->point.item_name.p, lp->point.item_name.n) == 0))
            st = give_point(agent, lp, fn, user, err);
    }
    mrs_view_free(&v);
    return st;
}
