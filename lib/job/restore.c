#include <string.h>

#include "base/alloc.h"
#include "base/err.h"
#include "job/restore_int.h"
#include "platform/clock.h"
#include "repo/entrycopy.h"

enum { GROUP_BITS = 070 };

/* A file is there, but not quite as it was. Any thread. */
static void
warn(struct mrs_restore *r, const uint8_t *path, size_t path_len, const mars_error *why)
{
    mars_event e = { .kind = MARS_EVENT_WARNING,
                     .status = why->status,
                     .os_code = why->os_code,
                     .path = (const char *)path,
                     .path_len = path_len,
                     .message = why->message };

    atomic_fetch_add(&r->tally.warnings, 1);
    mrs_job_post_now(&r->job, &e);
}

/* The same from the target, whose paths begin below it without a separator: as the point has them,
 * they are absolute. */
static void
warn_target(void *user, const char *path, size_t path_len, const mars_error *why)
{
    struct mrs_buf absolute = MRS_BUF_INIT(SIZE_MAX / 2);

    if (mrs_buf_append(&absolute, "/", 1, NULL) == MARS_OK)
        (void)!mrs_buf_append(&absolute, path, path_len, NULL);
    warn(user, absolute.data, absolute.len, why);
    mrs_buf_free(&absolute);
}

static mars_status
open_target(struct mrs_restore *r, mars_error *err)
{
    struct mrs_target_options o = { .no_owner = r->spec.no_owner,
                                    .no_acl = r->spec.no_acl,
                                    .warn = warn_target,
                                    .user = r };

    memcpy(o.tag, r->spec.point->session, sizeof o.tag);
    return mrs_target_open(&r->target, r->spec.target, &o, err);
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
    st = mrs_job_init(&r->job, engine, d, listener, err);
    if (st == MARS_OK)
        st = mrs_cond_new(&r->room, err);
    if (st == MARS_OK)
        st = mrs_scratch_pool_new(&r->scratch, err);
    if (st == MARS_OK && !spec->dry_run)
        st = open_target(r, err);
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
    mrs_job_fini(&r->job);
    mrs_free(r);
    return st;
}

/* The path of a name as the point has it, for events. dir NULL: name is the path. */
static mars_status
full_path(struct mrs_rdir *dir, struct mrs_slice name, struct mrs_buf *out)
{
    mars_status st;

    if (dir == NULL || dir->dir == NULL)
        return mrs_buf_append(out, name.p, name.n, NULL);
    st = mrs_buf_append(out, "/", 1, NULL);
    return st == MARS_OK ? mrs_target_path(dir->dir, name, out, NULL) : st;
}

static void
tell(struct mrs_restore *r, mars_event *e, struct mrs_rdir *dir, struct mrs_slice name)
{
    struct mrs_buf path = MRS_BUF_INIT(SIZE_MAX / 2);

    if (full_path(dir, name, &path) == MARS_OK) {
        e->path = (const char *)path.data;
        e->path_len = path.len;
    }
    mrs_job_post_now(&r->job, e);
    mrs_buf_free(&path);
}

/* Of all that was lost, damage is what the run ends with. */
static void
worsen(struct mrs_restore *r, mars_status st)
{
    mrs_mutex_lock(r->job.lock);
    if (r->worst == MARS_OK || st == MARS_ERR_CORRUPT)
        r->worst = st;
    mrs_mutex_unlock(r->job.lock);
}

void
mrs_restore_lost(struct mrs_restore *r, struct mrs_rdir *dir, struct mrs_slice name,
                 const mars_error *why)
{
    mars_event e = { .kind = MARS_EVENT_NOT_RESTORED,
                     .status = why->status,
                     .os_code = why->os_code,
                     .message = why->message };

    atomic_fetch_add(&r->tally.failed, 1);
    worsen(r, why->status);
    tell(r, &e, dir, name);
}

void
mrs_restore_report(struct mrs_restore *r, struct mrs_rdir *dir, struct mrs_slice name)
{
    mars_event e = { .kind = MARS_EVENT_FILE };

    if (r->spec.report_files)
        tell(r, &e, dir, name);
}

/* Beside an ACL, the mode's group bits are the most that anybody whom it names may do. If there was
 * one, the owning group would get that without it. */
static void
lose_attrs(struct mrs_restore *r, struct mrs_entry *e, const mars_error *why)
{
    bool has_mode = e->type != MRS_ENTRY_SYMLINK;
    mars_error told;

    (void)mrs_fail(&told, why->status, "its attributes are lost%s: %s",
                   has_mode ? ", and its group gets no rights, since there may have been an ACL"
                            : "",
                   why->message);
    told.os_code = why->os_code;
    if (has_mode)
        e->mode &= ~(uint32_t)GROUP_BITS;
    atomic_fetch_add(&r->tally.attrs_lost, 1);
    worsen(r, why->status);
    warn(r, r->path.data, r->path.len, &told);
}

mars_status
mrs_restore_attrs(struct mrs_restore *r, struct mrs_entry *e, struct mrs_arena *a,
                  struct mrs_slice *attrs, mars_error *err)
{
    struct mrs_buf bytes = MRS_BUF_INIT(MRS_ATTRS_MAX);
    mars_error why;
    mars_status st = MARS_OK;

    *attrs = (struct mrs_slice){ NULL, 0 };
    if (e->attrs_size == 0)
        return MARS_OK;
    st = mrs_content_get(r->job.d, &e->attrs, e->attrs_size, MRS_CLASS_ATTRS, &bytes, &why);
    if (st == MARS_OK) {
        *attrs = mrs_slice_own(a, (struct mrs_slice){ bytes.data, bytes.len });
        st = attrs->p != NULL ? MARS_OK : mrs_nomem(err);
    } else if (mrs_restore_is_fatal(st)) {
        *err = why;
    } else {
        lose_attrs(r, e, &why);
        st = MARS_OK;
    }
    mrs_buf_free(&bytes);
    return st;
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

void
mrs_rdir_ref(struct mrs_rdir *d)
{
    atomic_fetch_add(&d->refs, 1);
}

static void
finish_dir(struct mrs_restore *r, struct mrs_rdir *d)
{
    struct mrs_buf path = MRS_BUF_INIT(SIZE_MAX / 2);
    mars_error why;

    if (d->has_entry && d->dir != NULL && !atomic_load(&r->job.stop)) {
        if (mrs_target_dir_finish(d->dir, &d->entry, d->attrs, &why) != MARS_OK) {
            (void)!full_path(d->parent, d->entry.name, &path);
            warn(r, path.data, path.len, &why);
        }
        atomic_fetch_add(&r->tally.directories, 1);
    }
    mrs_buf_free(&path);
    mrs_target_dir_unref(d->dir);
    mrs_free(d);
}

void
mrs_rdir_unref(struct mrs_restore *r, struct mrs_rdir *d)
{
    while (d != NULL) {
        struct mrs_rdir *parent = d->parent;

        if (atomic_fetch_sub(&d->refs, 1) != 1)
            return;
        finish_dir(r, d);
        d = parent; /* which loses the reference that this child held */
    }
}
