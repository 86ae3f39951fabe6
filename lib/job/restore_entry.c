/* One entry that is no directory: how it comes to be. */
#include <string.h>

#include "base/alloc.h"
#include "base/err.h"
#include "job/restore_int.h"

/* The bytes of a content that stands in its entry. */
static struct mrs_slice
inside(const struct mrs_entry *e)
{
    bool is = e->type == MRS_ENTRY_FILE && e->content.kind == MRS_CONTENT_INLINE;

    return (struct mrs_slice){ e->content.data, is ? (size_t)e->size : 0 };
}

/* What of an entry is needed once it has begun. */
static struct mrs_rfile *
new_file(struct mrs_restore *r, struct mrs_rdir *dir, const struct mrs_entry *e)
{
    struct mrs_slice name = dir != NULL ? e->name : mrs_restore_path(r);
    struct mrs_slice group = { e->link_group.p, r->sink.link != NULL ? e->link_group.n : 0 };
    size_t own = name.n + group.n + inside(e).n;
    struct mrs_rfile *f = mrs_alloc(sizeof *f + own);
    uint8_t *at;

    if (f == NULL)
        return NULL;
    at = f->bytes;
    f->r = r;
    atomic_init(&f->refs, 1);
    atomic_init(&f->pieces, 0);
    atomic_init(&f->failed, false);
    f->dir = dir;
    mrs_rdir_ref(dir);
    f->type = e->type;
    f->size = e->size;
    f->content = e->content;
    f->name = mrs_restore_keep(&at, name);
    f->link_group = mrs_restore_keep(&at, group);
    f->content.data = mrs_restore_keep(&at, inside(e)).p;
    f->held = own + e->name.n + e->target.n + (size_t)e->attrs_size;
    return f;
}

static mars_status
want_piece(void *user, const struct mrs_piece *piece, mars_error *err)
{
    struct mrs_rfile *f = user;

    if (atomic_load(&f->r->job.stop))
        return mrs_fail(err, MARS_ERR_CANCELLED, "cancelled");
    if (atomic_load(&f->failed))
        return mrs_fail(err, MARS_ERR_IO, "a piece of it has failed");
    return piece->hole ? MARS_OK : mrs_restore_want(f->r, f, piece, err);
}

/* Files of several pieces in the making are bounded. When there is no room, what waits for the
 * batch is let go, and the next one begins when there is room for many, or each would be a batch of
 * its own. */
static mars_status
await_room(struct mrs_restore *r, mars_error *err)
{
    mars_status st = MARS_OK;
    bool full;

    mrs_mutex_lock(r->job.lock);
    full = r->open_files >= RESTORE_OPEN_FILES;
    mrs_mutex_unlock(r->job.lock);
    if (full)
        st = mrs_restore_flush(r, err);
    mrs_mutex_lock(r->job.lock);
    while (st == MARS_OK && full && r->open_files > RESTORE_OPEN_AGAIN)
        mrs_cond_wait(r->room, r->job.lock);
    r->open_files += st == MARS_OK;
    mrs_mutex_unlock(r->job.lock);
    return st;
}

/* All that the file consists of is wanted. */
static mars_status
want_all(struct mrs_restore *r, struct mrs_rfile *f, mars_error *err)
{
    mars_status st = MARS_OK;

    if (f->content.kind == MRS_CONTENT_INLINE ||
        (f->content.kind == MRS_CONTENT_NONE && f->size == 0))
        return mrs_restore_want_inside(r, f, err);
    if (f->content.kind == MRS_CONTENT_LIST) {
        st = await_room(r, err);
        f->has_room = st == MARS_OK;
    }
    if (st != MARS_OK)
        return st;
    st = mrs_content_each(r->job.d, &f->content, f->size, want_piece, NULL, f, err);
    return mrs_restore_has_read(r, st, err);
}

/* Its content is wanted, if it has any and the sink takes it; it is finished when all is there. */
static mars_status
restore(struct mrs_restore *r, struct mrs_rfile *f, bool is_taken, mars_error *err)
{
    mars_error why;
    mars_status st = mrs_rgroup_remember(r, f, err);

    mrs_rfile_begin_piece(f); /* the walker's own: it is not finished before all is wanted */
    if (st != MARS_OK)
        mrs_rfile_fail(f, err);
    else if (is_taken && f->type == MRS_ENTRY_FILE && want_all(r, f, &why) != MARS_OK)
        mrs_rfile_fail(f, &why);
    mrs_rfile_end_piece(f);
    return st;
}

/* Every name of a group has the whole content with it, so each is tried while none could be made.
 */
static mars_status
carry_out(struct mrs_restore *r, struct mrs_rfile *f, uint32_t state, mars_error *err)
{
    bool is_taken = state == MARS_SINK_TAKEN;

    if (is_taken && mrs_rgroup_join(r, f))
        return mrs_restore_flush_full(r, err);
    /* What is there already can be the first of several names. */
    if (!is_taken && (state != MARS_SINK_PRESENT || mrs_rgroup_has_first(r, f)))
        f->link_group.n = 0;
    return restore(r, f, is_taken, err);
}

mars_status
mrs_restore_again(struct mrs_restore *r, struct mrs_rfile *names, mars_error *err)
{
    mars_status st = MARS_OK;

    while (names != NULL) {
        struct mrs_rfile *f = names;

        names = f->next;
        mrs_job_await_told(&r->job);
        if (st == MARS_OK)
            st = carry_out(r, f, MARS_SINK_TAKEN, err);
        else
            mrs_rfile_lose(f, err);
        mrs_rfile_unref(f);
    }
    return st == MARS_OK ? mrs_restore_flush(r, err) : st;
}

static void
count_done(struct mrs_restore *r, atomic_ullong *counter)
{
    atomic_fetch_add(counter, 1);
    atomic_fetch_add(&r->job.files_done, 1);
}

mars_status
mrs_restore_entry(struct mrs_restore *r, struct mrs_rdir *dir, const struct mrs_entry *e,
                  mars_error *err)
{
    struct mrs_rfile *f;
    mars_status st;

    if (r->spec.dry_run) {
        count_done(r, &r->tally.restored);
        mrs_restore_report(r, NULL, mrs_restore_path(r), NULL);
        return MARS_OK;
    }
    f = new_file(r, dir, e);
    if (f == NULL)
        return mrs_nomem(err);
    st = mrs_node_begin(r, dir, e, &f->node, err);
    if (st == MARS_OK && f->node == NULL)
        count_done(r, &r->tally.skipped);
    else if (st == MARS_OK)
        st = carry_out(r, f, mrs_node_state(r, f->node).state, err);
    mrs_rfile_unref(f);
    return st;
}
