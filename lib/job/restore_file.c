/* Files on their way: pieces are written by many workers, the last one finishes the file. */
#include "base/alloc.h"
#include "base/err.h"
#include "job/restore_int.h"

void
mrs_rfile_ref(struct mrs_rfile *f)
{
    atomic_fetch_add(&f->refs, 1);
}

void
mrs_rfile_unref(struct mrs_rfile *f)
{
    if (f == NULL || atomic_fetch_sub(&f->refs, 1) != 1)
        return;
    mrs_rdir_unref(f->r, f->dir);
    mrs_buf_free(&f->other_name);
    mrs_free(f);
}

static void
fail(struct mrs_rfile *f, const mars_error *why, bool no_place)
{
    mrs_mutex_lock(f->r->job.lock);
    if (f->why.status == MARS_OK) {
        f->why = *why;
        f->no_place = no_place;
    }
    mrs_mutex_unlock(f->r->job.lock);
}

void
mrs_rfile_fail(struct mrs_rfile *f, const mars_error *why)
{
    fail(f, why, false);
}

void
mrs_rfile_no_place(struct mrs_rfile *f, const mars_error *why)
{
    fail(f, why, true);
}

void
mrs_rfile_begin_piece(struct mrs_rfile *f)
{
    atomic_fetch_add(&f->pieces, 1);
    mrs_rfile_ref(f);
}

/* Its name, which may be taken by now: somebody was faster, or nobody looked, because this run made
 * the directory; and there are file systems to which two names of the point are the same. */
static mars_status
give_name(struct mrs_rfile *f, bool *skipped, mars_error *why)
{
    struct mrs_way way = { .other_name = MRS_BUF_INIT(1024) };
    mars_status st = mrs_target_file_finish(f->out, &f->entry, f->attrs, f->final_name,
                                            f->replace, why);

    if (st == MARS_ERR_EXISTS && !f->replace) {
        st = mrs_restore_conflict(f->r, f->dir, f->entry.name, &way, why);
        if (way.other_name.len > 0) {
            f->other_name = way.other_name;
            f->final_name = (struct mrs_slice){ f->other_name.data, f->other_name.len };
        }
        *skipped = way.skip;
        if (st != MARS_OK || way.skip)
            mrs_target_file_abandon(f->out);
        else
            st = mrs_target_file_finish(f->out, &f->entry, f->attrs, f->final_name, way.replace,
                                        why);
    }
    if (st == MARS_ERR_EXISTS)
        mrs_target_file_abandon(f->out);
    f->out = NULL;
    return st;
}

/* The names that waited for it: links, or lost like it. */
static void
end_links(struct mrs_rfile *f, const struct mrs_rgroup *g, struct mrs_rlink *links, mars_status st)
{
    mars_error why;

    while (links != NULL) {
        struct mrs_rlink *l = links;

        links = l->next;
        if (st == MARS_OK) {
            mrs_restore_link(f->r, g, l);
        } else if (st != MARS_ERR_CANCELLED) {
            (void)mrs_fail(&why, st, "the file that it is another name of was not restored");
            mrs_restore_lost(f->r, l->dir, l->name, &why);
        }
        mrs_rlink_free(f->r, l);
    }
}

/* Under the lock: names that may have a place where the first had none are put by. They are tried
 * by the walker, since a worker waits for nothing. */
static void
put_by(struct mrs_rfile *f, struct mrs_rlink *links)
{
    while (links != NULL) {
        struct mrs_rlink *l = links;

        links = l->next;
        mrs_rfile_ref(f);
        l->first = f;
        l->next = f->r->again;
        f->r->again = l;
    }
}

/* What comes of it is told to those who wait: gives the names that are to be ended with it. A group
 * that failed may be replaced as soon as the lock is given back. */
static struct mrs_rlink *
settle(struct mrs_rfile *f, mars_status st, bool no_place)
{
    struct mrs_restore *r = f->r;
    struct mrs_rgroup *g = f->group;
    struct mrs_rlink *links = NULL;

    mrs_mutex_lock(r->job.lock);
    if (g != NULL) {
        g->state = st == MARS_OK ? MRS_RGROUP_DONE : MRS_RGROUP_FAILED;
        links = g->links;
        g->links = NULL;
        f->group = NULL;
    }
    if (g != NULL && st == MARS_OK && f->other_name.len > 0) {
        g->other_name = f->other_name;
        g->final_name = f->final_name;
        f->other_name = (struct mrs_buf)MRS_BUF_INIT(1024);
    }
    if (no_place) {
        put_by(f, links);
        links = NULL;
    }
    if (!f->whole && --r->open_files == RESTORE_OPEN_AGAIN)
        mrs_cond_signal(r->room);
    mrs_mutex_unlock(r->job.lock);
    return links;
}

/* Its name, or its end. */
static mars_status
name_or_abandon(struct mrs_rfile *f, bool *skipped, bool *no_place, mars_error *why)
{
    mars_status st = f->why.status;

    *why = f->why;
    *no_place = f->no_place;
    if (st == MARS_OK && atomic_load(&f->r->job.stop))
        st = MARS_ERR_CANCELLED;
    if (st == MARS_OK) {
        st = give_name(f, skipped, why);
        *no_place = st != MARS_OK || *skipped;
    } else {
        mrs_target_file_abandon(f->out);
        f->out = NULL;
    }
    *no_place = *no_place && st != MARS_ERR_CANCELLED;
    return st;
}

/* Its name, or its end. Then the names that waited for it. */
static void
finish(struct mrs_rfile *f)
{
    struct mrs_restore *r = f->r;
    struct mrs_rgroup *g = f->group;
    struct mrs_rlink *links;
    bool skipped = false, no_place;
    mars_error why;
    mars_status st = name_or_abandon(f, &skipped, &no_place, &why);

    if (st != MARS_OK && st != MARS_ERR_CANCELLED)
        mrs_restore_lost(r, f->dir, f->final_name, &why);
    links = settle(f, skipped ? MARS_ERR_EXISTS : st, no_place);
    if (st == MARS_OK) {
        atomic_fetch_add(skipped ? &r->tally.skipped : &r->tally.restored, 1);
        atomic_fetch_add(&r->job.files_done, 1);
        if (!skipped)
            mrs_restore_report(r, f->dir, f->final_name);
    }
    end_links(f, g, links, st);
}

void
mrs_rfile_end_piece(struct mrs_rfile *f)
{
    if (atomic_fetch_sub(&f->pieces, 1) == 1)
        finish(f);
    mrs_rfile_unref(f);
}
