/* Files on their way: pieces are written by many workers, the last one finishes the file. */
#include <string.h>

#include "base/alloc.h"
#include "base/err.h"
#include "job/restore_int.h"

void
mrs_rfile_ref(struct mrs_rfile *f)
{
    mrs_mutex_lock(f->r->job.lock);
    f->refs++;
    mrs_mutex_unlock(f->r->job.lock);
}

void
mrs_rfile_unref(struct mrs_rfile *f)
{
    bool last;

    if (f == NULL)
        return;
    mrs_mutex_lock(f->r->job.lock);
    last = --f->refs == 0;
    mrs_mutex_unlock(f->r->job.lock);
    if (!last)
        return;
    mrs_rdir_unref(f->r, f->dir);
    mrs_arena_free(&f->bytes);
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
    mrs_mutex_lock(f->r->job.lock);
    f->pieces++;
    f->refs++;
    mrs_mutex_unlock(f->r->job.lock);
}

void
mrs_restore_link(struct mrs_restore *r, struct mrs_rfile *f, struct mrs_rdir *dir,
                 struct mrs_slice name, struct mrs_slice final_name, bool replace)
{
    mars_error why;
    mars_status st = f->state == MRS_RFILE_DONE
                         ? mrs_target_link(f->dir->dir, f->final_name, dir->dir, final_name,
                                           replace, &why)
                         : mrs_fail(&why, f->why.status != MARS_OK ? f->why.status : MARS_ERR_IO,
                                    "the file that it is another name of was not restored");

    if (st != MARS_OK) {
        mrs_restore_lost(r, dir, name, &why);
        return;
    }
    mrs_mutex_lock(r->job.lock);
    r->counts.restored++;
    mrs_mutex_unlock(r->job.lock);
    atomic_fetch_add(&r->job.files_done, 1);
    mrs_restore_report(r, dir, final_name);
}

/* Its name, or its end. Then the names that waited for it. */
static void
finish(struct mrs_rfile *f)
{
    struct mrs_restore *r = f->r;
    struct mrs_rlink *links;
    mars_error why = f->why;
    mars_status st = why.status;

    if (st == MARS_OK && atomic_load(&r->job.stop))
        st = MARS_ERR_CANCELLED;
    if (st == MARS_OK)
        st = mrs_target_file_finish(f->out, &f->entry, f->attrs, f->final_name, f->replace, &why);
    else
        mrs_target_file_abandon(f->out);
    f->out = NULL;
    if (st != MARS_OK && st != MARS_ERR_CANCELLED)
        mrs_restore_lost(r, f->dir, f->final_name, &why);
    mrs_mutex_lock(r->job.lock);
    f->state = st == MARS_OK ? MRS_RFILE_DONE : MRS_RFILE_FAILED;
    f->why.status = st;
    links = f->links;
    f->links = NULL;
    r->counts.restored += st == MARS_OK;
    r->open_files--;
    mrs_cond_broadcast(r->job.changed);
    mrs_mutex_unlock(r->job.lock);
    if (st == MARS_OK) {
        atomic_fetch_add(&r->job.files_done, 1);
        mrs_restore_report(r, f->dir, f->final_name);
    }
    while (links != NULL) {
        struct mrs_rlink *l = links;

        links = l->next;
        if (st != MARS_ERR_CANCELLED)
            mrs_restore_link(r, f, l->dir, l->name, l->final_name, l->replace);
        mrs_rdir_unref(r, l->dir);
        mrs_arena_free(&l->bytes);
        mrs_free(l);
    }
}

void
mrs_rfile_end_piece(struct mrs_rfile *f)
{
    bool last;

    mrs_mutex_lock(f->r->job.lock);
    last = --f->pieces == 0;
    mrs_mutex_unlock(f->r->job.lock);
    if (last)
        finish(f);
    mrs_rfile_unref(f);
}
