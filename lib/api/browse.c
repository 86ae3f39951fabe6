#include <string.h>

#include "api/opts.h"
#include "api/point.h"
#include "base/alloc.h"
#include "base/err.h"
#include "job/browse.h"
#include "job/diff.h"
#include "job/file.h"

struct mrs_slice
mrs_arg_point_path(const char *path, uint64_t len)
{
    struct mrs_slice s = { (const uint8_t *)path, 0 };

    if (path != NULL)
        s.n = len != 0 ? (size_t)len : strlen(path);
    return s;
}

mars_status
mrs_point_enter(const struct mars_point *p, mars_error *err)
{
    if (p != NULL)
        return mrs_agent_enter(p->agent, err);
    mrs_error_clear(err);
    return mrs_fail(err, MARS_ERR_INVALID_ARG, "point: is NULL");
}

mars_status
mars_point_open(mars_agent *agent, const char *point, const char *item, mars_point **out,
                mars_error *err)
{
    struct mars_point *p = NULL;
    struct mrs_known_point *k = NULL;
    struct mrs_view v = { 0 };
    mars_status st;

    if (out != NULL)
        *out = NULL;
    st = mrs_agent_enter(agent, err);
    if (st == MARS_OK && out == NULL)
        st = mrs_fail(err, MARS_ERR_INVALID_ARG, "out: is NULL");
    if (st != MARS_OK)
        return st;
    p = mrs_alloc(sizeof *p);
    if (p == NULL)
        return mrs_nomem(err);
    mrs_agent_hold(agent);
    p->agent = agent;
    p->stat = (struct mrs_shown_entry)MRS_SHOWN_ENTRY_INIT;
    p->shown = (struct mrs_shown_point)MRS_SHOWN_POINT_INIT;
    p->head = mrs_alloc(sizeof *p->head);
    st = p->head != NULL ? MARS_OK : mrs_nomem(err);
    if (st == MARS_OK)
        st = mrs_view_point(&v, agent, point, item, &k, err);
    if (st == MARS_OK) {
        p->loaded = k->whole;
        k->whole = NULL;
        st = mrs_point_show(&p->shown, k, err);
    }
    mrs_view_free(&v);
    if (st == MARS_OK)
        *out = p;
    else
        mars_point_close(p);
    return st;
}

void
mars_point_close(mars_point *point)
{
    if (point == NULL)
        return;
    mrs_free(point->head);
    mrs_shown_entry_free(&point->stat);
    mrs_shown_point_free(&point->shown);
    mrs_loaded_point_free(point->loaded);
    mars_agent_close(point->agent);
    mrs_free(point);
}

static mars_status
find_head(const struct mars_point *p, mars_error *err)
{
    struct mrs_event_sink nowhere = { NULL, NULL, &p->agent->logger };
    struct mrs_view v = { 0 };
    mars_status st = mrs_view_open(&v, p->agent, MRS_VIEW_POINTS, mrs_event_damage, &nowhere, err);

    if (st == MARS_OK)
        *p->head = MRS_HEAD_NO;
    for (size_t i = 0; st == MARS_OK && i < v.points.list.len; i++) {
        const struct mrs_known_point *k = mrs_points_at(&v.points, i);

        if (k->is_head && memcmp(mrs_known_session(k), p->loaded->point.session, 16) == 0)
            *p->head = MRS_HEAD_YES;
    }
    mrs_view_free(&v);
    return st;
}

mars_status
mars_point_get_info(const mars_point *point, mars_point_info *info, mars_error *err)
{
    mars_point_info out;
    mars_status st = mrs_point_enter(point, err);

    if (st == MARS_OK && info == NULL)
        st = mrs_fail(err, MARS_ERR_INVALID_ARG, "info: is NULL");
    if (st == MARS_OK && *point->head == MRS_HEAD_UNKNOWN)
        st = find_head(point, err);
    if (st != MARS_OK)
        return st;
    out = point->shown.info;
    out.is_head = *point->head == MRS_HEAD_YES;
    return mrs_opts_export(info, &out, sizeof out, err);
}

/* A caller's function and what it gets. */
struct give {
    mars_entry_fn fn;
    void *user;
    struct mrs_shown_entry shown;
};

static mars_status
give_entry(void *user, struct mrs_slice path, const struct mrs_entry *e, mars_error *err)
{
    struct give *g = user;
    mars_status st = mrs_entry_show(&g->shown, path, e, err);

    if (st == MARS_OK && g->fn(&g->shown.entry, g->user) != 0)
        st = mrs_fail(err, MARS_ERR_CANCELLED, "cancelled");
    return st;
}

mars_status
mars_point_browse(mars_point *point, const char *path, uint64_t path_len, uint32_t flags,
                  mars_entry_fn fn, void *user, mars_error *err)
{
    struct give g = { fn, user, MRS_SHOWN_ENTRY_INIT };
    mars_status st = mrs_point_enter(point, err);

    if (st == MARS_OK && fn == NULL)
        st = mrs_fail(err, MARS_ERR_INVALID_ARG, "fn: is NULL");
    if (st == MARS_OK && (flags & ~(uint32_t)MARS_BROWSE_RECURSE) != 0)
        st = mrs_fail(err, MARS_ERR_UNSUPPORTED, "flags: 0x%x is not known", flags);
    if (st == MARS_OK)
        st = mrs_browse(point->agent->domain, &point->loaded->point,
                        mrs_arg_point_path(path, path_len), (flags & MARS_BROWSE_RECURSE) != 0,
                        give_entry, &g, err);
    mrs_shown_entry_free(&g.shown);
    return st;
}

/* What a path names, copied into the arena; `clean` gets the path as the point has it. */
static mars_status
look(const struct mars_point *p, const char *path, uint64_t path_len, struct mrs_buf *clean,
     struct mrs_arena *bytes, struct mrs_entry *e, mars_error *err)
{
    mars_status st = mrs_point_enter(p, err);

    if (st == MARS_OK && path == NULL)
        st = mrs_fail(err, MARS_ERR_INVALID_ARG, "path: is NULL");
    return st == MARS_OK ? mrs_find_path(p->agent->domain, &p->loaded->point,
                                         mrs_arg_point_path(path, path_len), clean, bytes, e, err)
                         : st;
}

mars_status
mars_point_stat(mars_point *point, const char *path, uint64_t path_len, mars_entry *entry,
                mars_error *err)
{
    struct mrs_buf clean = MRS_BUF_INIT(SIZE_MAX / 2);
    struct mrs_arena bytes = MRS_ARENA_INIT;
    struct mrs_entry e;
    mars_status st = look(point, path, path_len, &clean, &bytes, &e, err);

    if (st == MARS_OK && entry == NULL)
        st = mrs_fail(err, MARS_ERR_INVALID_ARG, "entry: is NULL");
    if (st == MARS_OK)
        st = mrs_entry_show(&point->stat, (struct mrs_slice){ clean.data, clean.len }, &e, err);
    if (st == MARS_OK)
        st = mrs_opts_export(entry, &point->stat.entry, sizeof *entry, err);
    mrs_arena_free(&bytes);
    mrs_buf_free(&clean);
    return st;
}

static mars_status
read_patterns(const char *const *patterns, uint64_t n, struct mrs_rules **rules, mars_error *err)
{
    struct mrs_slice *list = NULL;
    mars_status st = n > 0 ? mrs_arg_strings(patterns, NULL, n, "patterns", &list, err)
                           : mrs_fail(err, MARS_ERR_INVALID_ARG, "patterns: there is none");

    if (st == MARS_OK)
        st = mrs_rules_new(rules, err);
    for (size_t i = 0; st == MARS_OK && i < n; i++)
        st = mrs_rules_add(*rules, (const char *)list[i].p, list[i].n, err);
    mrs_free(list);
    return st;
}

mars_status
mars_point_find(mars_point *point, const char *const *patterns, uint64_t n_patterns,
                mars_entry_fn fn, void *user, mars_error *err)
{
    struct give g = { fn, user, MRS_SHOWN_ENTRY_INIT };
    struct mrs_rules *rules = NULL;
    mars_status st = mrs_point_enter(point, err);

    if (st == MARS_OK && fn == NULL)
        st = mrs_fail(err, MARS_ERR_INVALID_ARG, "fn: is NULL");
    if (st == MARS_OK)
        st = read_patterns(patterns, n_patterns, &rules, err);
    if (st == MARS_OK)
        st = mrs_browse_find(point->agent->domain, &point->loaded->point, rules, give_entry, &g,
                             err);
    mrs_rules_free(rules);
    mrs_shown_entry_free(&g.shown);
    return st;
}

/* The numbers are the same. */
_Static_assert((int)MRS_CHANGE_ADDED == MARS_DIFF_ADDED, "");
_Static_assert((int)MRS_CHANGE_REMOVED == MARS_DIFF_REMOVED, "");
_Static_assert((int)MRS_CHANGE_CONTENT == MARS_DIFF_CONTENT, "");
_Static_assert((int)MRS_CHANGE_METADATA == MARS_DIFF_METADATA, "");
_Static_assert((int)MRS_CHANGE_TYPE == MARS_DIFF_TYPE, "");

struct give_diff {
    mars_diff_fn fn;
    void *user;
    struct mrs_shown_entry shown[2];
};

static mars_status
give_change(void *user, struct mrs_slice path, enum mrs_change change,
            const struct mrs_entry *before, const struct mrs_entry *after, mars_error *err)
{
    struct give_diff *g = user;
    mars_diff diff = { .struct_size = sizeof diff, .change = change };
    mars_status st = MARS_OK;

    if (before != NULL) {
        st = mrs_entry_show(&g->shown[0], path, before, err);
        diff.before = &g->shown[0].entry;
    }
    if (st == MARS_OK && after != NULL) {
        st = mrs_entry_show(&g->shown[1], path, after, err);
        diff.after = &g->shown[1].entry;
    }
    if (st == MARS_OK && g->fn(&diff, g->user) != 0)
        st = mrs_fail(err, MARS_ERR_CANCELLED, "cancelled");
    return st;
}

mars_status
mars_point_diff(mars_point *before, mars_point *after, const char *path, uint64_t path_len,
                mars_diff_fn fn, void *user, mars_error *err)
{
    struct give_diff g = { fn, user, { MRS_SHOWN_ENTRY_INIT, MRS_SHOWN_ENTRY_INIT } };
    mars_status st = mrs_point_enter(before, err);

    if (st == MARS_OK)
        st = mrs_point_enter(after, err);
    if (st == MARS_OK && fn == NULL)
        st = mrs_fail(err, MARS_ERR_INVALID_ARG, "fn: is NULL");
    if (st == MARS_OK && memcmp(before->agent->reg.domain, after->agent->reg.domain,
                                sizeof before->agent->reg.domain) != 0)
        st = mrs_fail(err, MARS_ERR_INVALID_ARG, "the points belong to different domains");
    if (st == MARS_OK)
        st = mrs_diff(after->agent->domain, &before->loaded->point, &after->loaded->point,
                      mrs_arg_point_path(path, path_len), give_change, &g, err);
    mrs_shown_entry_free(&g.shown[0]);
    mrs_shown_entry_free(&g.shown[1]);
    return st;
}

mars_status
mrs_point_file(const struct mars_point *p, const char *path, uint64_t path_len,
               struct mrs_arena *bytes, struct mrs_entry *e, mars_error *err)
{
    struct mrs_buf clean = MRS_BUF_INIT(SIZE_MAX / 2);
    mars_status st = look(p, path, path_len, &clean, bytes, e, err);

    if (st == MARS_OK && e->type != MRS_ENTRY_FILE)
        st = mrs_fail(err, MARS_ERR_INVALID_ARG, "%.*s: is no regular file",
                      clean.len < 150 ? (int)clean.len : 150, (const char *)clean.data);
    mrs_buf_free(&clean);
    return st;
}

mars_status
mars_point_read(mars_point *point, const char *path, uint64_t path_len, mars_data_fn fn,
                void *user, const mars_cancel *cancel, mars_error *err)
{
    struct mrs_arena bytes = MRS_ARENA_INIT;
    struct mrs_file_reader *f = NULL;
    struct mrs_entry e;
    mars_status st = mrs_point_file(point, path, path_len, &bytes, &e, err);

    if (st == MARS_OK && fn == NULL)
        st = mrs_fail(err, MARS_ERR_INVALID_ARG, "fn: is NULL");
    if (st == MARS_OK)
        st = mrs_file_reader_open(&f, point->agent->domain, point->agent->engine, &e,
                                  cancel != NULL ? &cancel->set : NULL, err);
    if (st == MARS_OK)
        st = mrs_file_reader_each(f, fn, user, err);
    mrs_file_reader_close(f);
    mrs_arena_free(&bytes);
    return st;
}
