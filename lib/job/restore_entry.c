/* One entry that is no directory: what is in its way, and how it comes to be. */
#include <string.h>

#include "base/alloc.h"
#include "base/err.h"
#include "job/compare.h"
#include "job/restore_int.h"

/* What to do with an entry, after a look at what is there. */
struct decision {
    bool present;     /* it is there already */
    bool linkable;    /* present with the same metadata: other names may join it */
    struct mrs_way way;
};

static void
count(struct mrs_restore *r, atomic_ullong *counter)
{
    atomic_fetch_add(counter, 1);
    atomic_fetch_add(&r->job.files_done, 1);
}

/* A file of the target, read like a source's. */
static mars_status
existing_read(void *user, void *file, uint64_t offset, void *out, uint64_t n, uint64_t *got,
              mars_error *err)
{
    size_t read = 0;
    mars_status st = mrs_tree_file_read(file, offset, out, (size_t)n, &read, err);

    (void)user;
    *got = read;
    return st;
}

static mars_status
existing_extent(void *user, void *file, uint64_t offset, uint64_t *start, uint64_t *end,
                mars_error *err)
{
    (void)user;
    return mrs_tree_file_data(file, offset, start, end, err);
}

static const mars_source EXISTING = { .read = existing_read, .extent = existing_extent };

/* Does what is there have the entry's content? */
static mars_status
is_same(struct mrs_restore *r, struct mrs_rdir *dir, const struct mrs_entry *e,
        struct mrs_slice attrs, const struct mrs_target_found *found, struct decision *d,
        mars_error *err)
{
    struct mrs_source_file there = { &EXISTING, NULL, e->size, true };
    struct mrs_tree_file *file = NULL;
    mars_status st;

    if (e->type != MRS_ENTRY_FILE) {
        st = mrs_target_same_meta(dir->dir, e->name, e, attrs, &d->present, err);
        d->linkable = d->present;
        return st;
    }
    if (found->stat.kind != MRS_TREE_FILE || found->stat.size != e->size)
        return MARS_OK;
    st = mrs_target_existing(dir->dir, e->name, &file, err);
    there.file = file;
    if (st == MARS_OK)
        st = mrs_compare_content(r->job.d, e, &there, &r->job.stop, &d->present, err);
    mrs_tree_file_close(file);
    if (st == MARS_OK && d->present)
        st = mrs_target_same_meta(dir->dir, e->name, e, attrs, &d->linkable, err);
    /* Who wants it as it was wants owner, mode and times as they were, too. */
    if (r->spec.conflict == MRS_CONFLICT_OVERWRITE)
        d->present = d->linkable;
    return st;
}

mars_status
mrs_restore_conflict(struct mrs_restore *r, struct mrs_rdir *dir, struct mrs_slice name,
                     struct mrs_way *way, mars_error *err)
{
    if (r->spec.conflict == MRS_CONFLICT_SKIP)
        way->skip = true;
    else if (r->spec.conflict == MRS_CONFLICT_OVERWRITE)
        way->replace = true;
    else
        return mrs_target_copy_name(dir->dir, name, &way->other_name, err);
    return MARS_OK;
}

/* In a directory that this run made nothing is in the way; should something come to be, the name
 * is found taken when it is given. */
static mars_status
decide(struct mrs_restore *r, struct mrs_rdir *dir, const struct mrs_entry *e,
       struct mrs_slice attrs, struct decision *d, mars_error *err)
{
    struct mrs_target_found found;
    mars_status st;

    if (mrs_target_dir_is_new(dir->dir))
        return MARS_OK;
    st = mrs_target_probe(dir->dir, e->name, &found, err);
    if (st != MARS_OK || !found.exists)
        return st;
    st = is_same(r, dir, e, attrs, &found, d, err);
    return st != MARS_OK || d->present ? st
                                       : mrs_restore_conflict(r, dir, e->name, &d->way, err);
}

/* The entry's own copy of all that making it needs. */
static void
keep_entry(struct mrs_rfile *f, const struct mrs_entry *e, struct mrs_slice attrs,
           struct mrs_slice final)
{
    uint8_t *at = f->bytes;
    struct mrs_slice inside = { e->content.data, (size_t)e->size };

    f->entry = *e;
    memset(&f->entry.attrs, 0, sizeof f->entry.attrs);
    memset(&f->entry.sub, 0, sizeof f->entry.sub);
    f->entry.attrs_size = 0;
    f->entry.user = f->entry.group = (struct mrs_slice){ NULL, 0 };
    f->entry.name = mrs_restore_keep(&at, e->name);
    f->entry.target = mrs_restore_keep(&at, e->target);
    f->entry.link_group = mrs_restore_keep(&at, e->link_group);
    f->attrs = mrs_restore_keep(&at, attrs);
    f->final_name = mrs_restore_keep(&at, final);
    if (e->content.kind == MRS_CONTENT_INLINE)
        f->entry.content.data = mrs_restore_keep(&at, inside).p;
}

/* A file handle of our own for the entry. */
static mars_status
new_file(struct mrs_restore *r, struct mrs_rdir *dir, const struct mrs_entry *e,
         struct mrs_slice attrs, const struct decision *d, struct mrs_rfile **out, mars_error *err)
{
    struct mrs_slice final = mrs_restore_final_name(e, &d->way);
    size_t inside = e->content.kind == MRS_CONTENT_INLINE ? (size_t)e->size : 0;
    size_t held = e->name.n + e->target.n + e->link_group.n + attrs.n + final.n + inside;
    struct mrs_rfile *f = mrs_alloc(sizeof *f + held);

    if (f == NULL)
        return mrs_nomem(err);
    f->r = r;
    atomic_init(&f->refs, 1);
    atomic_init(&f->pieces, 0);
    f->dir = dir;
    f->replace = d->way.replace;
    f->held = held;
    f->whole = e->content.kind != MRS_CONTENT_LIST;
    f->other_name = (struct mrs_buf)MRS_BUF_INIT(1024);
    keep_entry(f, e, attrs, final);
    mrs_rdir_ref(dir);
    *out = f;
    return MARS_OK;
}

static mars_status
want_piece(void *user, const struct mrs_piece *piece, mars_error *err)
{
    struct mrs_rfile *f = user;

    if (atomic_load(&f->r->job.stop))
        return mrs_fail(err, MARS_ERR_CANCELLED, "cancelled");
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

static void
give_room(struct mrs_restore *r)
{
    mrs_mutex_lock(r->job.lock);
    r->open_files--;
    mrs_mutex_unlock(r->job.lock);
}

/* A file of several pieces gets its place in the target before they are wanted. */
static mars_status
begin_pieces(struct mrs_restore *r, struct mrs_rfile *f, mars_error *err)
{
    mars_status st = await_room(r, err);

    if (st != MARS_OK)
        return st;
    st = mrs_target_file_begin(f->dir->dir, f->entry.size, &f->out, err);
    if (st != MARS_OK)
        give_room(r);
    return st;
}

/* All that the file consists of is wanted. */
static mars_status
want_all(struct mrs_restore *r, struct mrs_rfile *f, const struct mrs_entry *e, mars_error *why)
{
    if (e->content.kind == MRS_CONTENT_INLINE || (e->content.kind == MRS_CONTENT_NONE &&
                                                  e->size == 0))
        return mrs_restore_want_inside(r, f, why);
    return mrs_content_each(r->job.d, &e->content, e->size, want_piece, NULL, f, why);
}

static mars_status
restore_file(struct mrs_restore *r, struct mrs_rdir *dir, const struct mrs_entry *e,
             struct mrs_slice attrs, const struct decision *d, mars_error *err)
{
    struct mrs_rfile *f = NULL;
    mars_error why;
    mars_status st = new_file(r, dir, e, attrs, d, &f, err);

    if (st == MARS_OK && !f->whole)
        st = begin_pieces(r, f, err);
    if (st != MARS_OK) {
        mrs_rfile_unref(f);
        return st;
    }
    st = mrs_rgroup_remember(r, f, MRS_RGROUP_BUSY, err);
    mrs_rfile_begin_piece(f); /* the walker's own: it is not finished before all is wanted */
    if (st != MARS_OK)
        mrs_rfile_fail(f, err);
    else if (want_all(r, f, e, &why) != MARS_OK)
        mrs_rfile_fail(f, &why);
    mrs_rfile_end_piece(f);
    mrs_rfile_unref(f);
    return st;
}

/* Made at once, under a name that may be found taken only now. */
static mars_status
make_special(struct mrs_rfile *f, struct mrs_way *way, mars_error *err)
{
    mars_status st = mrs_target_make(f->dir->dir, &f->entry, f->attrs, f->final_name, f->replace,
                                     err);

    if (st != MARS_ERR_EXISTS || f->replace)
        return st;
    st = mrs_restore_conflict(f->r, f->dir, f->entry.name, way, err);
    if (st != MARS_OK || way->skip)
        return st;
    if (way->other_name.len > 0) {
        f->other_name = way->other_name;
        f->final_name = (struct mrs_slice){ f->other_name.data, f->other_name.len };
    }
    return mrs_target_make(f->dir->dir, &f->entry, f->attrs, f->final_name, way->replace, err);
}

/* Links, fifos, devices: made at once. A first of several names is remembered like a file's. */
static mars_status
restore_special(struct mrs_restore *r, struct mrs_rdir *dir, const struct mrs_entry *e,
                struct mrs_slice attrs, const struct decision *d, mars_error *err)
{
    struct mrs_way way = { .other_name = MRS_BUF_INIT(1024) };
    struct mrs_rfile *f = NULL;
    mars_status st = new_file(r, dir, e, attrs, d, &f, err);

    if (st == MARS_OK)
        st = make_special(f, &way, err);
    if (st == MARS_OK && way.skip) {
        count(r, &r->tally.skipped);
    } else if (st == MARS_OK) {
        st = mrs_rgroup_remember(r, f, MRS_RGROUP_DONE, err);
        count(r, &r->tally.restored);
        mrs_restore_report(r, dir, f->final_name);
    }
    mrs_rfile_unref(f);
    return st;
}

/* What is there already can be the first of several names. */
static mars_status
remember_present(struct mrs_restore *r, struct mrs_rdir *dir, const struct mrs_entry *e,
                 const struct decision *d, mars_error *err)
{
    struct mrs_slice no_attrs = { NULL, 0 };
    struct mrs_rfile *f = NULL;
    mars_status st = MARS_OK;

    count(r, &r->tally.present);
    if (!d->linkable || e->link_group.n == 0 || mrs_rgroup_has_first(r, e))
        return MARS_OK;
    st = new_file(r, dir, e, no_attrs, d, &f, err);
    if (st == MARS_OK)
        st = mrs_rgroup_remember(r, f, MRS_RGROUP_DONE, err);
    mrs_rfile_unref(f);
    return st;
}

/* After a look at what is there. Every name of a group has the whole content with it, so each is
 * tried while none could be made. */
static mars_status
carry_out(struct mrs_restore *r, struct mrs_rdir *dir, const struct mrs_entry *e,
          struct mrs_slice attrs, const struct decision *d, mars_error *err)
{
    bool joined;
    mars_status st;

    if (d->present)
        return remember_present(r, dir, e, d, err);
    if (d->way.skip) {
        count(r, &r->tally.skipped);
        return MARS_OK;
    }
    st = mrs_rgroup_join(r, dir, e, &d->way, &joined, err);
    if (st != MARS_OK || joined)
        return st;
    if (e->type == MRS_ENTRY_FILE)
        return restore_file(r, dir, e, attrs, d, err);
    return restore_special(r, dir, e, attrs, d, err);
}

/* A name whose first got no place, with what that kept of the entry. */
static mars_status
try_again(struct mrs_restore *r, const struct mrs_rlink *l, mars_error *err)
{
    struct decision d = { .way = { .replace = l->replace, .other_name = MRS_BUF_INIT(1024) } };
    struct mrs_entry e = l->first->entry;
    mars_status st = MARS_OK;

    e.name = l->name;
    if (mrs_slice_compare(l->name, l->final_name) != 0)
        st = mrs_buf_append(&d.way.other_name, l->final_name.p, l->final_name.n, err);
    if (st == MARS_OK)
        st = carry_out(r, l->dir, &e, l->first->attrs, &d, err);
    mrs_buf_free(&d.way.other_name);
    if (st == MARS_OK || mrs_restore_is_fatal(st))
        return st;
    mrs_restore_lost(r, l->dir, l->name, err);
    return MARS_OK;
}

mars_status
mrs_restore_again(struct mrs_restore *r, struct mrs_rlink *links, mars_error *err)
{
    mars_status st = MARS_OK;

    while (links != NULL) {
        struct mrs_rlink *l = links;

        links = l->next;
        mrs_job_await_told(&r->job);
        if (st == MARS_OK && !atomic_load(&r->job.stop))
            st = try_again(r, l, err);
        mrs_rlink_free(r, l);
    }
    return st == MARS_OK ? mrs_restore_flush(r, err) : st;
}

mars_status
mrs_restore_entry(struct mrs_restore *r, struct mrs_rdir *dir, const struct mrs_entry *e,
                  mars_error *err)
{
    struct decision d = { .way = { .other_name = MRS_BUF_INIT(1024) } };
    struct mrs_arena bytes = MRS_ARENA_INIT;
    struct mrs_entry own = *e;
    struct mrs_slice attrs;
    mars_status st;

    if (r->spec.dry_run) {
        count(r, &r->tally.restored);
        mrs_restore_report(r, NULL, (struct mrs_slice){ r->path.data, r->path.len });
        return MARS_OK;
    }
    st = mrs_restore_attrs(r, &own, &bytes, &attrs, err);
    if (st == MARS_OK)
        st = decide(r, dir, &own, attrs, &d, err);
    if (st == MARS_OK)
        st = carry_out(r, dir, &own, attrs, &d, err);
    mrs_arena_free(&bytes);
    mrs_buf_free(&d.way.other_name);
    return st;
}
