#include <string.h>

#include "base/alloc.h"
#include "base/err.h"
#include "job/restore_int.h"
#include "platform/clock.h"

bool
mrs_restore_is_fatal(mars_status st)
{
    return st == MARS_ERR_NOMEM || st == MARS_ERR_CANCELLED || st == MARS_ERR_INTERNAL ||
           st == MARS_ERR_QUOTA;
}

bool
mrs_restore_ends(mars_status st)
{
    return mrs_restore_is_fatal(st) || mrs_is_out_of_reach(st);
}

mars_status
mrs_restore_has_read(struct mrs_restore *r, mars_status st, const mars_error *why)
{
    if (mrs_is_out_of_reach(st))
        mrs_job_fail(&r->job, st, why);
    return st;
}

void
mrs_restore_warn(struct mrs_restore *r, struct mrs_slice path, const mars_error *why)
{
    mars_event e = { .kind = MARS_EVENT_WARNING,
                     .status = why->status,
                     .os_code = why->os_code,
                     .path = (const char *)path.p,
                     .path_len = path.n,
                     .message = why->message };

    atomic_fetch_add(&r->tally.warnings, 1);
    mrs_job_post_now(&r->job, &e);
}

static mars_status
result(struct mrs_restore *r, mars_error *err)
{
    mars_status st = mrs_job_result(&r->job, err);

    if (st == MARS_OK && r->target != NULL)
        st = mrs_target_flush(r->target, err);
    if (st == MARS_OK && atomic_load(&r->tally.failed) > 0)
        st = mrs_fail(err, r->worst, "files that could not be restored: %llu",
                      atomic_load(&r->tally.failed));
    else if (st == MARS_OK && atomic_load(&r->tally.attrs_lost) > 0)
        st = mrs_fail(err, r->worst, "files restored without the attributes that they had: %llu",
                      atomic_load(&r->tally.attrs_lost));
    return st;
}

static void
export_counts(struct mrs_restore *r, struct mrs_restore_counts *counts)
{
    struct mrs_restore_tally *t = &r->tally;

    counts->restored = atomic_load(&t->restored);
    counts->directories = atomic_load(&t->directories);
    counts->present = atomic_load(&t->present);
    counts->skipped = atomic_load(&t->skipped);
    counts->failed = atomic_load(&t->failed);
    counts->warnings = atomic_load(&t->warnings);
    counts->bytes_written = atomic_load(&t->bytes_written);
    counts->bytes_fetched = atomic_load(&t->bytes_fetched);
    counts->elapsed_ns = mrs_clock_mono() - r->job.started;
}

mars_status
mrs_restore_run(struct mrs_engine *engine, struct mrs_domain *d,
                const struct mrs_restore_spec *spec, const struct mrs_listener *listener,
                struct mrs_restore_counts *counts, mars_error *err)
{
    struct mrs_restore *r = mrs_alloc(sizeof *r);
    mars_status st = r != NULL ? MARS_OK : mrs_nomem(err);

    if (st != MARS_OK)
        return st;
    r->spec = *spec;
    r->batch = (struct mrs_vec)MRS_VEC_INIT(struct mrs_want);
    r->groups = (struct mrs_map)MRS_MAP_INIT(sizeof(struct mrs_rfile *));
    r->path = (struct mrs_buf)MRS_BUF_INIT(SIZE_MAX / 2);
    r->shown = (struct mrs_shown_entry)MRS_SHOWN_ENTRY_INIT;
    st = mrs_job_init(&r->job, engine, d, listener, err);
    if (st == MARS_OK)
        st = mrs_cond_new(&r->room, err);
    if (st == MARS_OK)
        st = mrs_scratch_pool_new(&r->scratch, err);
    if (st == MARS_OK && spec->sink != NULL)
        r->sink = *spec->sink;
    else if (st == MARS_OK && !spec->dry_run)
        st = mrs_restore_open_target(r, err);
    if (st == MARS_OK) {
        atomic_store(&r->job.files_total, spec->point->totals.entries);
        atomic_store(&r->job.bytes_total, spec->point->totals.bytes);
        st = mrs_thread_start(&r->walker, mrs_restore_walk, r, err);
    }
    if (st == MARS_OK) {
        mrs_job_wait(&r->job);
        mrs_thread_join(r->walker);
        st = result(r, err);
    }
    export_counts(r, counts);
    mrs_target_close(r->target);
    mrs_scratch_pool_free(r->scratch);
    mrs_cond_free(r->room);
    mrs_vec_free(&r->batch);
    mrs_buf_free(&r->path);
    mrs_shown_entry_free(&r->shown);
    mrs_job_fini(&r->job);
    mrs_free(r);
    return st;
}

/* The path of a name as the point has it, for events. dir NULL: name is the path. */
static mars_status
full_path(const struct mrs_rdir *dir, struct mrs_slice name, struct mrs_buf *out)
{
    size_t at = name.n;
    mars_status st;

    for (const struct mrs_rdir *up = dir; up != NULL; up = up->parent)
        at += up->name.n + 1;
    st = mrs_buf_resize(out, at, NULL);
    if (st != MARS_OK)
        return st;
    at -= name.n;
    if (name.n > 0)
        memcpy(out->data + at, name.p, name.n);
    for (const struct mrs_rdir *up = dir; up != NULL; up = up->parent) {
        out->data[--at] = '/';
        at -= up->name.n;
        if (up->name.n > 0)
            memcpy(out->data + at, up->name.p, up->name.n);
    }
    return out->len > 0 ? MARS_OK : mrs_buf_append(out, "/", 1, NULL);
}

static void
tell(struct mrs_restore *r, mars_event *e, const struct mrs_rdir *dir, struct mrs_slice name)
{
    struct mrs_buf path = MRS_BUF_INIT(SIZE_MAX / 2);

    if (full_path(dir, name, &path) == MARS_OK) {
        e->path = (const char *)path.data;
        e->path_len = path.len;
    }
    mrs_job_post_now(&r->job, e);
    mrs_buf_free(&path);
}

void
mrs_restore_worsen(struct mrs_restore *r, mars_status st)
{
    mrs_mutex_lock(r->job.lock);
    if (r->worst == MARS_OK || st == MARS_ERR_CORRUPT)
        r->worst = st;
    mrs_mutex_unlock(r->job.lock);
}

void
mrs_restore_lost(struct mrs_restore *r, const struct mrs_rdir *dir, struct mrs_slice name,
                 const mars_error *why)
{
    mars_event e = { .kind = MARS_EVENT_NOT_RESTORED,
                     .status = why->status,
                     .os_code = why->os_code,
                     .message = why->message };

    atomic_fetch_add(&r->tally.failed, 1);
    mrs_restore_worsen(r, why->status);
    tell(r, &e, dir, name);
}

void
mrs_restore_report(struct mrs_restore *r, const struct mrs_rdir *dir, struct mrs_slice name,
                   const mars_sink_state *where)
{
    mars_event e = { .kind = MARS_EVENT_FILE };

    if (!r->spec.report_files)
        return;
    if (where != NULL && where->path != NULL) {
        dir = NULL;
        name = (struct mrs_slice){ (const uint8_t *)where->path, (size_t)where->path_len };
    }
    tell(r, &e, dir, name);
}

struct mrs_slice
mrs_restore_keep(uint8_t **at, struct mrs_slice s)
{
    struct mrs_slice kept = { *at, s.n };

    if (s.n > 0)
        memcpy(*at, s.p, s.n);
    *at += s.n;
    return kept;
}

struct mrs_rdir *
mrs_rdir_new(struct mrs_rdir *parent, struct mrs_slice name)
{
    struct mrs_rdir *d = mrs_alloc(sizeof *d + name.n);
    uint8_t *at;

    if (d == NULL)
        return NULL;
    at = d->bytes;
    d->name = mrs_restore_keep(&at, name);
    d->parent = parent;
    atomic_init(&d->refs, 1);
    mrs_rdir_ref(parent);
    return d;
}

void
mrs_rdir_ref(struct mrs_rdir *d)
{
    if (d != NULL)
        atomic_fetch_add(&d->refs, 1);
}

/* All in it is done. */
static void
finish_dir(struct mrs_restore *r, struct mrs_rdir *d)
{
    mars_status outcome = atomic_load(&r->job.stop) ? MARS_ERR_CANCELLED : MARS_OK;
    mars_error why;

    if (d->node == NULL)
        return;
    if (mrs_node_end(r, d->node, outcome, &why) != MARS_OK)
        mrs_restore_lost(r, d->parent, d->name, &why);
    else if (outcome == MARS_OK && mrs_node_state(r, d->node).state == MARS_SINK_TAKEN)
        atomic_fetch_add(&r->tally.directories, 1);
    mrs_node_release(r, d->node);
}

void
mrs_rdir_unref(struct mrs_restore *r, struct mrs_rdir *d)
{
    while (d != NULL) {
        struct mrs_rdir *parent = d->parent;

        if (atomic_fetch_sub(&d->refs, 1) != 1)
            return;
        finish_dir(r, d);
        mrs_free(d);
        d = parent; /* which loses the reference that this child held */
    }
}
