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

void
mrs_rfile_fail(struct mrs_rfile *f, const mars_error *why)
{
    mrs_mutex_lock(f->r->job.lock);
    if (f->why.status == MARS_OK)
        f->why = *why;
    mrs_mutex_unlock(f->r->job.lock);
}

void
mrs_rfile_begin_piece(struct mrs_rfile *f)
{
    atomic_fetch_add(&f->pieces, 1);
    mrs_rfile_ref(f);
}

static mars_status
link_as(struct mrs_rfile *f, struct mrs_rdir *dir, struct mrs_slice name,
        struct mrs_slice *final_name, struct mrs_way *way, mars_error *err)
{
    mars_status st = mrs_target_link(f->dir->dir, f->final_name, dir->dir, *final_name,
                                     way->replace, err);

    if (st != MARS_ERR_EXISTS || way->replace)
        return st;
    st = mrs_restore_conflict(f->r, dir, name, way, err);
    if (st != MARS_OK || way->skip)
        return st;
    if (way->other_name.len > 0)
        *final_name = (struct mrs_slice){ way->other_name.data, way->other_name.len };
    return mrs_target_link(f->dir->dir, f->final_name, dir->dir, *final_name, way->replace, err);
}

void
mrs_restore_link(struct mrs_restore *r, struct mrs_rfile *f, struct mrs_rdir *dir,
                 struct mrs_slice name, struct mrs_slice final_name, bool replace)
{
    struct mrs_way way = { .replace = replace, .other_name = MRS_BUF_INIT(1024) };
    mars_error why;
    mars_status st = f->state == MRS_RFILE_DONE
                         ? link_as(f, dir, name, &final_name, &way, &why)
                         : mrs_fail(&why, f->why.status != MARS_OK ? f->why.status : MARS_ERR_IO,
                                    "the file that it is another name of was not restored");

    if (st != MARS_OK) {
        mrs_restore_lost(r, dir, name, &why);
    } else {
        atomic_fetch_add(way.skip ? &r->tally.skipped : &r->tally.restored, 1);
        atomic_fetch_add(&r->job.files_done, 1);
        if (!way.skip)
            mrs_restore_report(r, dir, final_name);
    }
    mrs_buf_free(&way.other_name);
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

/* The names that waited for it. */
static void
make_links(struct mrs_rfile *f, struct mrs_rlink *links, bool cancelled)
{
    while (links != NULL) {
        struct mrs_rlink *l = links;

        links = l->next;
        if (!cancelled)
            mrs_restore_link(f->r, f, l->dir, l->name, l->final_name, l->replace);
        mrs_rdir_unref(f->r, l->dir);
        mrs_free(l);
    }
}

/* What comes of it is told to those who wait. */
static struct mrs_rlink *
settle(struct mrs_rfile *f, mars_status st)
{
    struct mrs_restore *r = f->r;
    struct mrs_rlink *links;

    mrs_mutex_lock(r->job.lock);
    f->state = st == MARS_OK ? MRS_RFILE_DONE : MRS_RFILE_FAILED;
    f->why.status = st;
    links = f->links;
    f->links = NULL;
    if (!f->whole && --r->open_files == RESTORE_OPEN_AGAIN)
        mrs_cond_signal(r->room);
    mrs_mutex_unlock(r->job.lock);
    return links;
}

/* Its name, or its end. Then the names that waited for it. */
static void
finish(struct mrs_rfile *f)
{
    struct mrs_restore *r = f->r;
    mars_error why = f->why;
    mars_status st = why.status;
    bool skipped = false;
    struct mrs_rlink *links;

    if (st == MARS_OK && atomic_load(&r->job.stop))
        st = MARS_ERR_CANCELLED;
    if (st == MARS_OK) {
        st = give_name(f, &skipped, &why);
    } else {
        mrs_target_file_abandon(f->out);
        f->out = NULL;
    }
    if (st != MARS_OK && st != MARS_ERR_CANCELLED)
        mrs_restore_lost(r, f->dir, f->final_name, &why);
    links = settle(f, skipped ? MARS_ERR_EXISTS : st);
    if (st == MARS_OK) {
        atomic_fetch_add(skipped ? &r->tally.skipped : &r->tally.restored, 1);
        atomic_fetch_add(&r->job.files_done, 1);
        if (!skipped)
            mrs_restore_report(r, f->dir, f->final_name);
    }
    make_links(f, links, st == MARS_ERR_CANCELLED);
}

void
mrs_rfile_end_piece(struct mrs_rfile *f)
{
    if (atomic_fetch_sub(&f->pieces, 1) == 1)
        finish(f);
    mrs_rfile_unref(f);
}
