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
    atomic_store(&f->failed, true);
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

/* Its end in the sink; what comes of it. */
static mars_status
end_node(struct mrs_rfile *f, mars_sink_state *now, bool *no_place, mars_error *why)
{
    struct mrs_restore *r = f->r;
    mars_status st = f->why.status;
    mars_error ignored;

    *why = f->why;
    *no_place = f->no_place;
    if (st == MARS_OK && atomic_load(&r->job.stop))
        st = MARS_ERR_CANCELLED;
    if (st == MARS_OK) {
        st = mrs_node_end(r, f->node, MARS_OK, why);
        if (st == MARS_OK)
            *now = mrs_node_state(r, f->node);
        *no_place = st != MARS_OK || now->state == MARS_SINK_SKIPPED;
    } else {
        (void)!mrs_node_end(r, f->node, st, &ignored);
    }
    *no_place = *no_place && st != MARS_ERR_CANCELLED;
    return st;
}

static void
count(struct mrs_rfile *f, const mars_sink_state *now)
{
    struct mrs_restore_tally *t = &f->r->tally;
    atomic_ullong *counter = &t->restored;

    if (now->state == MARS_SINK_SKIPPED)
        counter = &t->skipped;
    else if (now->state != MARS_SINK_TAKEN)
        counter = &t->present;
    else
        mrs_restore_report(f->r, f->dir, f->name, now);
    atomic_fetch_add(counter, 1);
    atomic_fetch_add(&f->r->job.files_done, 1);
}

/* The names that waited for it: links, or lost like it. */
static void
end_names(const struct mrs_rgroup *g, struct mrs_rfile *names, mars_status st)
{
    mars_error why;

    while (names != NULL) {
        struct mrs_rfile *f = names;

        names = f->next;
        if (st == MARS_OK) {
            mrs_rfile_link(f, g);
        } else {
            (void)mrs_fail(&why, st, "the file that it is another name of was not restored");
            mrs_rfile_lose(f, &why);
        }
        mrs_rfile_unref(f);
    }
}

/* Under the lock: names that may have a place where the first had none are put by. They are tried
 * by the walker, since a worker waits for nothing. */
static void
put_by(struct mrs_restore *r, struct mrs_rfile *names)
{
    while (names != NULL) {
        struct mrs_rfile *f = names;

        names = f->next;
        f->next = r->again;
        r->again = f;
    }
}

/* What comes of it is told to those who wait: gives the names that are to be ended with it. A group
 * that failed may be replaced as soon as the lock is given back. */
static struct mrs_rfile *
settle(struct mrs_rfile *f, mars_status st, bool no_place)
{
    struct mrs_restore *r = f->r;
    struct mrs_rgroup *g = f->group;
    struct mrs_rfile *names = NULL;

    mrs_mutex_lock(r->job.lock);
    if (g != NULL) {
        g->state = st == MARS_OK ? MRS_RGROUP_DONE : MRS_RGROUP_FAILED;
        names = g->names;
        g->names = NULL;
        f->group = NULL;
    }
    if (g != NULL && st == MARS_OK) {
        g->node = f->node;
        f->node = NULL;
    }
    if (no_place) {
        put_by(r, names);
        names = NULL;
    }
    if (f->has_room && --r->open_files == RESTORE_OPEN_AGAIN)
        mrs_cond_signal(r->room);
    mrs_mutex_unlock(r->job.lock);
    return names;
}

/* Its end. Then the names that waited for it. */
static void
finish(struct mrs_rfile *f)
{
    struct mrs_restore *r = f->r;
    struct mrs_rgroup *g = f->group;
    mars_sink_state now = { 0 };
    struct mrs_rfile *names;
    bool no_place;
    mars_error why;
    mars_status st = end_node(f, &now, &no_place, &why);

    if (st == MARS_OK)
        count(f, &now);
    else if (st != MARS_ERR_CANCELLED)
        mrs_restore_lost(r, f->dir, f->name, &why);
    names = settle(f, now.state == MARS_SINK_SKIPPED ? MARS_ERR_EXISTS : st, no_place);
    mrs_node_release(r, f->node);
    f->node = NULL;
    end_names(g, names, st);
}

void
mrs_rfile_lose(struct mrs_rfile *f, const mars_error *why)
{
    mrs_rfile_fail(f, why);
    finish(f);
}

void
mrs_rfile_link(struct mrs_rfile *f, const struct mrs_rgroup *g)
{
    mars_error why;

    if (!atomic_load(&f->r->job.stop) && mrs_node_link(f->r, f->node, g->node, &why) != MARS_OK)
        mrs_rfile_no_place(f, &why);
    finish(f);
}

void
mrs_rfile_end_piece(struct mrs_rfile *f)
{
    if (atomic_fetch_sub(&f->pieces, 1) == 1)
        finish(f);
    mrs_rfile_unref(f);
}
