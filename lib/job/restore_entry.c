/* One entry that is no directory: what is in its way, and how it comes to be. */
#include <string.h>

#include "base/alloc.h"
#include "base/err.h"
#include "job/compare.h"
#include "job/restore_int.h"
#include "repo/entrycopy.h"

/* What to do with an entry, after a look at what is there. */
struct decision {
    bool present;     /* it is there already */
    bool skip;        /* something else is, and stays */
    bool linkable;    /* present with the same metadata: other names may join it */
    bool replace;
    struct mrs_buf copy_name; /* not empty: the name to restore under */
};

static void
count(struct mrs_restore *r, uint64_t *counter)
{
    mrs_mutex_lock(r->job.lock);
    ++*counter;
    mrs_mutex_unlock(r->job.lock);
    atomic_fetch_add(&r->job.files_done, 1);
}

/* A file of the target, read like a source. */
struct existing {
    struct mrs_source_stream stream;
    struct mrs_tree_file *file;
};

static mars_status
existing_read(struct mrs_source_stream *s, uint64_t offset, void *out, size_t n, size_t *got,
              mars_error *err)
{
    return mrs_tree_file_read(((struct existing *)s)->file, offset, out, n, got, err);
}

static mars_status
existing_data(struct mrs_source_stream *s, uint64_t offset, uint64_t *start, uint64_t *end,
              mars_error *err)
{
    return mrs_tree_file_data(((struct existing *)s)->file, offset, start, end, err);
}

static const struct mrs_source_stream_vt EXISTING = { existing_read, existing_data, NULL, NULL };

/* Does what is there have the entry's content? */
static mars_status
is_same(struct mrs_restore *r, struct mrs_rdir *dir, const struct mrs_entry *e,
        struct mrs_slice attrs, const struct mrs_target_found *found, struct decision *d,
        mars_error *err)
{
    struct existing x = { { &EXISTING, e->size, true }, NULL };
    mars_status st;

    if (e->type != MRS_ENTRY_FILE) {
        st = mrs_target_same_meta(dir->dir, e->name, e, attrs, &d->present, err);
        d->linkable = d->present;
        return st;
    }
    if (found->stat.kind != MRS_TREE_FILE || found->stat.size != e->size)
        return MARS_OK;
    st = mrs_target_existing(dir->dir, e->name, &x.file, err);
    if (st == MARS_OK)
        st = mrs_compare_content(r->job.d, e, &x.stream, &r->job.stop, &d->present, err);
    mrs_tree_file_close(x.file);
    if (st == MARS_OK && d->present)
        st = mrs_target_same_meta(dir->dir, e->name, e, attrs, &d->linkable, err);
    /* Who wants it as it was wants owner, mode and times as they were, too. */
    if (r->spec.conflict == MRS_CONFLICT_OVERWRITE)
        d->present = d->linkable;
    return st;
}

static mars_status
decide(struct mrs_restore *r, struct mrs_rdir *dir, const struct mrs_entry *e,
       struct mrs_slice attrs, struct decision *d, mars_error *err)
{
    struct mrs_target_found found;
    mars_status st = mrs_target_probe(dir->dir, e->name, &found, err);

    if (st != MARS_OK || !found.exists)
        return st;
    st = is_same(r, dir, e, attrs, &found, d, err);
    if (st != MARS_OK || d->present)
        return st;
    if (r->spec.conflict == MRS_CONFLICT_SKIP)
        d->skip = true;
    else if (r->spec.conflict == MRS_CONFLICT_OVERWRITE)
        d->replace = true;
    else
        st = mrs_target_copy_name(dir->dir, e->name, &d->copy_name, err);
    return st;
}

static struct mrs_slice
final_name(const struct mrs_entry *e, const struct decision *d)
{
    return d->copy_name.len > 0 ? (struct mrs_slice){ d->copy_name.data, d->copy_name.len }
                                : e->name;
}

/* A file handle of our own for the entry; in state BUSY, with the walker's piece. */
static mars_status
new_file(struct mrs_restore *r, struct mrs_rdir *dir, const struct mrs_entry *e,
         const struct decision *d, struct mrs_rfile **out, mars_error *err)
{
    struct mrs_rfile *f = mrs_alloc(sizeof *f);
    mars_status st;

    if (f == NULL)
        return mrs_nomem(err);
    f->r = r;
    f->refs = 1;
    f->dir = dir;
    f->replace = d->replace;
    f->entry = *e;
    mrs_rdir_ref(r, dir);
    st = mrs_restore_attrs(r, e, &f->bytes, &f->attrs, err);
    f->entry.attrs_size = 0;
    memset(&f->entry.content, 0, sizeof f->entry.content);
    if (st == MARS_OK)
        st = mrs_entry_own(&f->bytes, &f->entry, NULL, err);
    f->final_name = mrs_slice_own(&f->bytes, final_name(e, d));
    if (st == MARS_OK && f->final_name.p == NULL)
        st = mrs_nomem(err);
    if (st != MARS_OK) {
        mrs_rfile_unref(f);
        return st;
    }
    *out = f;
    return MARS_OK;
}

static void
group_key(uint8_t key[32], struct mrs_slice group)
{
    memset(key, 0, 32);
    memcpy(key, group.p, 16);
}

/* The first file of a group is remembered: its later names are links. */
static mars_status
remember(struct mrs_restore *r, struct mrs_rfile *f, mars_error *err)
{
    struct mrs_rfile **slot;
    uint8_t key[32];

    if (f->entry.link_group.n == 0)
        return MARS_OK;
    group_key(key, f->entry.link_group);
    slot = mrs_map_put(&r->groups, key);
    if (slot == NULL)
        return mrs_nomem(err);
    if (*slot == NULL) {
        mrs_rfile_ref(f);
        *slot = f;
    }
    return MARS_OK;
}

/* The name waits until the file is done. */
static mars_status
link_later(struct mrs_restore *r, struct mrs_rfile *f, struct mrs_rdir *dir,
           const struct mrs_entry *e, const struct decision *d, mars_error *err)
{
    struct mrs_rlink *l = mrs_alloc(sizeof *l);
    bool now;

    if (l == NULL)
        return mrs_nomem(err);
    l->dir = dir;
    l->replace = d->replace;
    l->name = mrs_slice_own(&l->bytes, e->name);
    l->final_name = mrs_slice_own(&l->bytes, final_name(e, d));
    if (l->name.p == NULL || l->final_name.p == NULL) {
        mrs_arena_free(&l->bytes);
        mrs_free(l);
        return mrs_nomem(err);
    }
    mrs_mutex_lock(r->job.lock);
    now = f->state != MRS_RFILE_BUSY;
    if (!now) {
        dir->refs++;
        l->next = f->links;
        f->links = l;
    }
    mrs_mutex_unlock(r->job.lock);
    if (now) {
        mrs_restore_link(r, f, dir, l->name, l->final_name, l->replace);
        mrs_arena_free(&l->bytes);
        mrs_free(l);
    }
    return MARS_OK;
}

/* Is the entry another name of a file that this run made or found? */
static struct mrs_rfile *
find_group(struct mrs_restore *r, const struct mrs_entry *e)
{
    struct mrs_rfile **slot;
    uint8_t key[32];

    if (e->link_group.n == 0)
        return NULL;
    group_key(key, e->link_group);
    slot = mrs_map_find(&r->groups, key);
    return slot != NULL ? *slot : NULL;
}

static mars_status
want_piece(void *user, const struct mrs_piece *piece, mars_error *err)
{
    struct mrs_rfile *f = user;
    struct mrs_restore *r = f->r;
    mars_status st;

    if (atomic_load(&r->job.stop))
        return mrs_fail(err, MARS_ERR_CANCELLED, "cancelled");
    if (piece->hole)
        return MARS_OK;
    if (piece->inline_data != NULL) {
        st = mrs_target_file_write(f->out, piece->offset, piece->inline_data, (size_t)piece->len,
                                   err);
        atomic_fetch_add(&r->job.bytes_done, piece->len);
        mrs_mutex_lock(r->job.lock);
        r->counts.bytes_written += piece->len;
        mrs_mutex_unlock(r->job.lock);
        return st;
    }
    st = mrs_restore_want(r, f, piece, err);
    if (st == MARS_OK &&
        (r->batch.len >= RESTORE_BATCH_WANTS || r->batch_bytes >= RESTORE_BATCH_BYTES))
        st = mrs_restore_flush(r, err);
    return st;
}

/* Files in the making are bounded; those that wait for the batch are let go first. */
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
    while (st == MARS_OK && r->open_files >= RESTORE_OPEN_FILES && !atomic_load(&r->job.stop))
        mrs_cond_wait(r->job.changed, r->job.lock);
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

static mars_status
restore_file(struct mrs_restore *r, struct mrs_rdir *dir, const struct mrs_entry *e,
             const struct decision *d, mars_error *err)
{
    struct mrs_rfile *f = NULL;
    mars_error why;
    mars_status st = await_room(r, err);

    if (st != MARS_OK)
        return st;
    st = new_file(r, dir, e, d, &f, err);
    if (st == MARS_OK)
        st = mrs_target_file_begin(dir->dir, e->size, &f->out, err);
    if (st == MARS_OK)
        st = remember(r, f, err);
    if (st != MARS_OK) {
        if (f != NULL)
            mrs_target_file_abandon(f->out);
        mrs_rfile_unref(f);
        give_room(r);
        return st;
    }
    mrs_rfile_begin_piece(f); /* the walker's own: it is not finished before all is wanted */
    if (mrs_content_each(r->job.d, &e->content, e->size, want_piece, NULL, f, &why) != MARS_OK)
        mrs_rfile_fail(f, &why);
    mrs_rfile_end_piece(f);
    mrs_rfile_unref(f);
    return MARS_OK;
}

/* Links, fifos, devices: made at once. A first of several names is remembered like a file's. */
static mars_status
restore_special(struct mrs_restore *r, struct mrs_rdir *dir, const struct mrs_entry *e,
                const struct decision *d, mars_error *err)
{
    struct mrs_rfile *f = NULL;
    mars_status st = new_file(r, dir, e, d, &f, err);

    if (st == MARS_OK)
        st = mrs_target_make(dir->dir, &f->entry, f->attrs, f->final_name, d->replace, err);
    if (st == MARS_OK) {
        f->state = MRS_RFILE_DONE;
        st = remember(r, f, err);
        count(r, &r->counts.restored);
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
    struct mrs_rfile *f = NULL;
    mars_status st = MARS_OK;

    count(r, &r->counts.present);
    if (!d->linkable || e->link_group.n == 0 || find_group(r, e) != NULL)
        return MARS_OK;
    st = new_file(r, dir, e, d, &f, err);
    if (st == MARS_OK) {
        f->state = MRS_RFILE_DONE;
        st = remember(r, f, err);
    }
    mrs_rfile_unref(f);
    return st;
}

mars_status
mrs_restore_entry(struct mrs_restore *r, struct mrs_rdir *dir, const struct mrs_entry *e,
                  mars_error *err)
{
    struct decision d = { .copy_name = MRS_BUF_INIT(1024) };
    struct mrs_arena bytes = MRS_ARENA_INIT;
    struct mrs_slice attrs;
    struct mrs_rfile *first;
    mars_status st;

    if (r->spec.dry_run) {
        count(r, &r->counts.restored);
        mrs_restore_report(r, NULL, (struct mrs_slice){ r->path.data, r->path.len });
        return MARS_OK;
    }
    st = mrs_restore_attrs(r, e, &bytes, &attrs, err);
    if (st == MARS_OK)
        st = decide(r, dir, e, attrs, &d, err);
    mrs_arena_free(&bytes);
    first = find_group(r, e);
    if (st != MARS_OK)
        ;
    else if (d.present)
        st = remember_present(r, dir, e, &d, err);
    else if (d.skip)
        count(r, &r->counts.skipped);
    else if (first != NULL)
        st = link_later(r, first, dir, e, &d, err);
    else if (e->type == MRS_ENTRY_FILE)
        st = restore_file(r, dir, e, &d, err);
    else
        st = restore_special(r, dir, e, &d, err);
    mrs_buf_free(&d.copy_name);
    return st;
}
