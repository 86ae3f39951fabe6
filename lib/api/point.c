#include <mars/point.h>

#include <string.h>

#include "agent/seen.h"
#include "api/call.h"
#include "base/alloc.h"
#include "base/arena.h"
#include "base/err.h"
#include "base/hex.h"
#include "job/browse.h"

/* The roots' absolute paths as the public struct shows them. */
struct root_paths {
    struct mrs_vec paths; /* const char * */
    struct mrs_vec lens;  /* uint64_t */
    struct mrs_arena bytes;
};

static void
free_paths(struct root_paths *p)
{
    mrs_vec_free(&p->paths);
    mrs_vec_free(&p->lens);
    mrs_arena_free(&p->bytes);
}

static mars_status
root_paths(struct mars_agent *agent, const struct mrs_point *pt, struct root_paths *out,
           mars_error *err)
{
    struct mrs_buf path = MRS_BUF_INIT(SIZE_MAX / 2);
    mars_status st = MARS_OK;

    for (size_t i = 0; st == MARS_OK && i < pt->n_roots; i++) {
        const char **at = mrs_vec_add(&out->paths);
        uint64_t *len = mrs_vec_add(&out->lens);

        mrs_buf_reset(&path);
        st = at != NULL && len != NULL ? mrs_root_path(agent->domain, &pt->roots[i], &path, err)
                                       : mrs_nomem(err);
        if (st == MARS_OK)
            st = mrs_buf_append(&path, "", 1, err);
        if (st != MARS_OK)
            break;
        *len = path.len - 1;
        *at = mrs_arena_copy(&out->bytes, path.data, path.len);
        st = *at != NULL ? MARS_OK : mrs_nomem(err);
    }
    mrs_buf_free(&path);
    return st;
}

static mars_status
give_point(struct mars_agent *agent, const struct mrs_loaded_point *lp, mars_point_fn fn,
           void *user, mars_error *err)
{
    const struct mrs_point *pt = &lp->point;
    struct root_paths roots = { MRS_VEC_INIT(const char *), MRS_VEC_INIT(uint64_t),
                                MRS_ARENA_INIT };
    char id[33], item[MRS_DISPLAY_NAME_MAX + 1] = "", machine[MRS_DISPLAY_NAME_MAX + 1] = "";
    mars_point_info info = { .struct_size = sizeof info, .id = id, .item = item,
                             .machine = machine };
    mars_status st = root_paths(agent, pt, &roots, err);

    mrs_hex_encode(id, pt->session, sizeof pt->session);
    memcpy(item, pt->item_name.p, pt->item_name.n);
    memcpy(machine, pt->machine_name.p, pt->machine_name.n);
    info.started = pt->started.s;
    info.finished = pt->finished.s;
    info.entries = pt->totals.entries;
    info.bytes = pt->totals.bytes;
    info.files_skipped = pt->skipped_count;
    info.bytes_added = pt->added_bytes;
    info.n_roots = (uint32_t)pt->n_roots;
    info.roots = roots.paths.items;
    info.root_lens = roots.lens.items;
    info.is_head = lp->is_head;
    if (st == MARS_OK && fn(&info, user) != 0)
        st = mrs_fail(err, MARS_ERR_CANCELLED, "cancelled");
    free_paths(&roots);
    return st;
}

/* Points that this machine saw and that nobody deleted must be there. */
static mars_status
tell_missing(struct mars_agent *agent, const struct mrs_view *v, mars_event_fn fn, void *user,
             mars_error *err)
{
    struct mrs_event_sink sink = { fn, user };
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
    struct mrs_event_sink sink = { event, event_user };
    struct mrs_view v = { 0 };
    mars_status st = mrs_agent_enter(agent, err);

    if (st == MARS_OK && fn == NULL)
        st = mrs_fail(err, MARS_ERR_INVALID_ARG, "fn: is NULL");
    if (st == MARS_OK)
        st = mrs_view_open(&v, agent, false, mrs_event_damage, &sink, err);
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

/* A caller's function and what it gets. */
struct give {
    mars_entry_fn fn;
    void *user;
    struct mrs_buf names; /* user ‖ NUL ‖ group ‖ NUL ‖ target ‖ NUL */
};

static mars_status
add_text(struct mrs_buf *b, struct mrs_slice s, mars_error *err)
{
    mars_status st = mrs_buf_append(b, s.p, s.n, err);

    return st == MARS_OK ? mrs_buf_append(b, "", 1, err) : st;
}

static mars_status
give_entry(void *user, struct mrs_slice path, const struct mrs_entry *e, mars_error *err)
{
    struct give *g = user;
    mars_entry_info info = { .struct_size = sizeof info, .type = e->type };
    mars_status st;

    mrs_buf_reset(&g->names);
    st = add_text(&g->names, e->user, err);
    if (st == MARS_OK)
        st = add_text(&g->names, e->group, err);
    if (st == MARS_OK)
        st = add_text(&g->names, e->target, err);
    if (st != MARS_OK)
        return st;
    info.path = (const char *)path.p;
    info.path_len = path.n;
    info.size = e->size;
    info.mode = e->mode;
    info.mtime = e->mtime_s;
    info.mtime_ns = e->mtime_ns;
    info.uid = e->uid;
    info.gid = e->gid;
    info.user = (const char *)g->names.data;
    info.group = info.user + e->user.n + 1;
    if (e->type == MRS_ENTRY_SYMLINK) {
        info.target = info.group + e->group.n + 1;
        info.target_len = e->target.n;
    }
    info.device_major = e->rdev_major;
    info.device_minor = e->rdev_minor;
    info.flags = e->flags;
    return g->fn(&info, g->user) == 0 ? MARS_OK : mrs_fail(err, MARS_ERR_CANCELLED, "cancelled");
}

static struct mrs_slice
path_arg(const char *path, uint64_t len)
{
    struct mrs_slice s = { (const uint8_t *)path, 0 };

    if (path != NULL)
        s.n = len != 0 ? (size_t)len : strlen(path);
    return s;
}

mars_status
mars_point_browse(mars_agent *agent, const char *point, const char *item, const char *path,
                  uint64_t path_len, uint32_t recurse, mars_entry_fn fn, void *user,
                  mars_error *err)
{
    struct give g = { fn, user, MRS_BUF_INIT(SIZE_MAX / 2) };
    struct mrs_loaded_point *lp = NULL;
    struct mrs_view v = { 0 };
    mars_status st = mrs_agent_enter(agent, err);

    if (st == MARS_OK && fn == NULL)
        st = mrs_fail(err, MARS_ERR_INVALID_ARG, "fn: is NULL");
    if (st == MARS_OK)
        st = mrs_view_point(&v, agent, point, item, &lp, err);
    if (st == MARS_OK)
        st = mrs_browse(agent->domain, &lp->point, path_arg(path, path_len), recurse != 0,
                        give_entry, &g, err);
    mrs_view_free(&v);
    mrs_buf_free(&g.names);
    return st;
}

mars_status
mars_point_read(mars_agent *agent, const char *point, const char *item, const char *path,
                uint64_t path_len, mars_data_fn fn, void *user, mars_error *err)
{
    struct mrs_loaded_point *lp = NULL;
    struct mrs_view v = { 0 };
    mars_status st = mrs_agent_enter(agent, err);

    if (st == MARS_OK && (fn == NULL || path == NULL))
        st = mrs_fail(err, MARS_ERR_INVALID_ARG, "%s: is NULL", fn == NULL ? "fn" : "path");
    if (st == MARS_OK)
        st = mrs_view_point(&v, agent, point, item, &lp, err);
    if (st == MARS_OK)
        st = mrs_browse_read(agent->domain, &lp->point, path_arg(path, path_len), fn, user, err);
    mrs_view_free(&v);
    return st;
}
