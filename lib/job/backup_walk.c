/* The walker: takes what the source gives, compares it with the point before, and sees to it that
 * what changed is read. */
#include <string.h>

#include "base/alloc.h"
#include "base/err.h"
#include "job/backup_int.h"
#include "repo/entrycopy.h"

/* A directory of the parent point beside the one that is walked. */
struct beside {
    struct mrs_dir_reader *reader;     /* NULL: the parent point has no such directory */
    const struct mrs_entry *entry;     /* the next one there */
    const struct mrs_entry_stat *stat;
    bool begun;
};

struct walk {
    struct mrs_backup *b;
    struct mrs_vec dirs;          /* struct beside: one for each directory entered */
    struct mrs_dir_reader *root;  /* over the entry of the parent point's root */
    struct mrs_item *item;        /* the one in the making */
    struct mrs_arena *bytes;      /* what it points to */
};

static void
leave(struct walk *w)
{
    mrs_dir_reader_close(((struct beside *)mrs_vec_at(&w->dirs, --w->dirs.len))->reader);
}

/* Read on in the parent point's directory; what cannot be read there is as if it was not there. */
static void
advance(struct beside *s)
{
    struct mrs_totals lost;

    s->begun = true;
    while (s->reader != NULL &&
           mrs_dir_reader_next(s->reader, &s->entry, &s->stat, &lost, NULL) != MARS_OK)
        continue;
}

static bool
is_same_root(const struct mrs_root *a, const struct mrs_root *b)
{
    if (a->style != b->style || a->n_parent != b->n_parent)
        return false;
    for (size_t i = 0; i < a->n_parent; i++)
        if (mrs_slice_compare(a->parent[i], b->parent[i]) != 0)
            return false;
    return true;
}

/* The parent point's entry for a root of ours. */
static void
find_root(struct walk *w, const struct mrs_source_item *item, const struct mrs_entry **e,
          const struct mrs_entry_stat **st)
{
    const struct mrs_point *p = &w->b->parent->point;
    struct mrs_totals lost;

    *e = NULL;
    for (size_t i = 0; i < p->n_roots && *e == NULL; i++) {
        if (!is_same_root(&p->roots[i], item->root))
            continue;
        mrs_dir_reader_close(w->root);
        if (mrs_dir_reader_open_root(&w->root, w->b->job.d, &p->roots[i], NULL) != MARS_OK ||
            mrs_dir_reader_next(w->root, e, st, &lost, NULL) != MARS_OK ||
            mrs_slice_compare((*e)->name, item->entry.name) != 0)
            *e = NULL;
    }
}

/* The parent point's entry of the same name, if it has one. */
static void
find_before(struct walk *w, const struct mrs_source_item *item, const struct mrs_entry **e,
            const struct mrs_entry_stat **st)
{
    struct beside *s;

    *e = NULL;
    *st = NULL;
    if (w->b->parent == NULL)
        return;
    if (item->is_root) {
        find_root(w, item, e, st);
        return;
    }
    s = mrs_vec_at(&w->dirs, w->dirs.len - 1);
    if (s->reader == NULL)
        return;
    if (!s->begun)
        advance(s);
    while (s->entry != NULL && mrs_slice_compare(s->entry->name, item->entry.name) < 0)
        advance(s);
    if (s->entry != NULL && mrs_slice_compare(s->entry->name, item->entry.name) == 0) {
        *e = s->entry;
        *st = s->stat;
    }
}

static mars_status
check_piece(void *user, const struct mrs_piece *piece, mars_error *err)
{
    struct mrs_backup *b = user;
    bool has = true;
    mars_status st = MARS_OK;

    if (!piece->hole && piece->inline_data == NULL)
        st = mrs_backup_has(b, piece->id, &has, err);
    return st != MARS_OK || has ? st
                                : mrs_fail(err, MARS_ERR_NOT_FOUND, "a chunk is not in the index");
}

/* May this backup rely on every chunk? An entry is only taken over if it could be restored. */
static bool
still_there(struct walk *w, const struct mrs_entry *e)
{
    struct mrs_backup *b = w->b;
    struct mrs_domain *d = b->job.d;

    return mrs_content_each(d, &e->content, e->size, check_piece, NULL, b, NULL) == MARS_OK &&
           (e->attrs_size == 0 ||
            mrs_content_each(d, &e->attrs, e->attrs_size, check_piece, NULL, b, NULL) == MARS_OK);
}

/* Metadata and content of this entry are what they were. */
static bool
is_unchanged(struct walk *w, const struct mrs_source_item *item, const struct mrs_entry *e,
             const struct mrs_entry_stat *st)
{
    const struct mrs_entry *now = &item->entry;

    return e != NULL && st != NULL && item->comparable && e->type == now->type &&
           e->mtime_s == now->mtime_s && e->mtime_ns == now->mtime_ns &&
           st->ctime_s == item->stat.ctime_s && st->ctime_ns == item->stat.ctime_ns &&
           st->inode == item->stat.inode &&
           (now->type != MRS_ENTRY_FILE || e->size == now->size) &&
           (e->flags & (MRS_ENTRY_INCOMPLETE | MRS_ENTRY_CHANGED)) == 0 &&
           still_there(w, e);
}

/* Everything that the parent point says of it, under this run's stat. */
static void
take_over(struct mrs_item *item, const struct mrs_entry *before)
{
    struct mrs_entry now = item->entry;

    item->entry = *before;
    item->entry.name = now.name;
    memset(&item->entry.sub, 0, sizeof item->entry.sub);
    item->unchanged = true;
}

static mars_status
set_attrs(struct mrs_backup *b, struct mrs_entry *e, struct mrs_slice attrs, mars_error *err)
{
    mars_status st;

    e->attrs_size = attrs.n;
    if (attrs.n == 0)
        return MARS_OK;
    if (attrs.n <= MRS_ATTRS_INLINE_MAX) {
        e->attrs.kind = MRS_CONTENT_INLINE;
        e->attrs.data = attrs.p;
        return MARS_OK;
    }
    e->attrs.kind = MRS_CONTENT_CHUNK;
    st = mrs_backup_put(b, MRS_CLASS_ATTRS, attrs.p, attrs.n, e->attrs.id, err);
    if (st == MARS_OK)
        return MARS_OK;
    /* The vault's failure is not the file's: it ends the backup. */
    mrs_job_fail(&b->job, st, err);
    return MARS_ERR_CANCELLED;
}

/* What one stat does not tell. */
static mars_status
describe(struct walk *w, struct mrs_source_item *in, mars_error *err)
{
    struct mrs_backup *b = w->b;
    struct mrs_item *item = w->item;
    struct mrs_time birth = { in->entry.btime_s, in->entry.btime_ns };
    struct mrs_slice attrs = { NULL, 0 };
    uint8_t group[16];
    mars_status st = mrs_reader_describe(b->reader, in, &attrs, err);

    if (st != MARS_OK)
        return st;
    item->entry = in->entry;
    st = set_attrs(b, &item->entry, attrs, err);
    if (st == MARS_OK && in->linked) {
        st = mrs_link_group(b->job.d, in->link_fs, in->stat.inode, birth, group, err);
        item->entry.link_group =
            mrs_slice_own(w->bytes, (struct mrs_slice){ group, sizeof group });
        if (st == MARS_OK && item->entry.link_group.p == NULL)
            st = mrs_nomem(err);
    }
    return st;
}

static uint32_t
reason_of(mars_status st)
{
    return st == MARS_ERR_NOT_FOUND ? MRS_SKIP_VANISHED : MRS_SKIP_UNREADABLE;
}

static const char *
copy_message(struct walk *w, const char *message)
{
    return message != NULL ? mrs_arena_copy(w->bytes, message, strlen(message) + 1) : NULL;
}

/* The item says what of it is not in the point, and why. */
static void
name_failure(struct walk *w, mars_status st, const mars_error *why)
{
    w->item->reason = reason_of(st);
    w->item->os_code = (uint32_t)why->os_code;
    w->item->message = copy_message(w, why->message);
}

/* What the item points to becomes its own; its path only where it may be named to the caller. */
static mars_status
own(struct walk *w, const struct mrs_source_item *in, mars_error *err)
{
    struct mrs_item *item = w->item;

    if (!item->unchanged) {
        item->path = mrs_slice_own(w->bytes, in->path);
        if (item->path.p == NULL)
            return mrs_nomem(err);
    }
    return mrs_entry_own(w->bytes, &item->entry, NULL, err);
}

/* Hand an item with an open file on; a large one is read here, after the builder has it. */
static void
read_file(struct walk *w)
{
    struct mrs_item *item = w->item;

    item->read = true;
    mrs_backup_add(w->b);
    if (item->file.size <= BACKUP_SMALL && !item->file.sparse) {
        mrs_backup_read_small(w->b, item);
    } else {
        mrs_backup_hand_over(w->b);
        mrs_backup_read_large(w->b, item);
    }
}

static mars_status
add_ready(struct walk *w)
{
    atomic_store(&w->item->ready, true);
    mrs_backup_add(w->b);
    return MARS_OK;
}

/* A file, link or device: taken over, or described and read. */
static mars_status
visit_entry(struct walk *w, struct mrs_source_item *in, mars_error *err)
{
    const struct mrs_entry *before;
    const struct mrs_entry_stat *stat;
    mars_status st = MARS_OK, owned;

    find_before(w, in, &before, &stat);
    if (is_unchanged(w, in, before, stat)) {
        take_over(w->item, before);
    } else {
        if (in->entry.type == MRS_ENTRY_FILE)
            st = mrs_reader_open_file(w->b->reader, in, &w->item->file, err);
        if (st == MARS_OK)
            st = describe(w, in, err);
        w->item->stat = in->stat;
    }
    if (st != MARS_OK && !mrs_backup_is_fatal(st)) {
        w->item->drop = true;
        name_failure(w, st, err);
    }
    owned = st == MARS_OK || !mrs_backup_is_fatal(st) ? own(w, in, err) : st;
    if (owned == MARS_OK && st == MARS_OK && w->item->file.source != NULL) {
        read_file(w);
        return MARS_OK;
    }
    mrs_source_close(&w->item->file);
    return owned == MARS_OK ? add_ready(w) : owned;
}

/* A directory: its own metadata now, what is in it with the items that follow. */
static mars_status
visit_enter(struct walk *w, struct mrs_source_item *in, mars_error *err)
{
    const struct mrs_entry *before;
    const struct mrs_entry_stat *stat;
    struct beside *s;
    mars_status st = MARS_OK;

    find_before(w, in, &before, &stat);
    if (before != NULL && before->type != MRS_ENTRY_DIR)
        before = NULL;
    s = mrs_vec_add(&w->dirs);
    if (s == NULL)
        return mrs_nomem(err);
    if (before != NULL)
        (void)!mrs_dir_reader_open(&s->reader, w->b->job.d, &before->sub, stat, NULL);
    if ((in->entry.flags & MRS_ENTRY_INCOMPLETE) == 0 && is_unchanged(w, in, before, stat))
        take_over(w->item, before);
    else
        st = describe(w, in, err);
    /* A directory that vanished meanwhile keeps what its stat told. */
    if (st != MARS_OK && mrs_backup_is_fatal(st))
        return st;
    if (st != MARS_OK) {
        w->item->entry.flags |= MRS_ENTRY_INCOMPLETE;
        if (st != MARS_ERR_NOT_FOUND)
            name_failure(w, st, err);
    }
    st = own(w, in, err);
    return st == MARS_OK ? add_ready(w) : st;
}

static mars_status
visit_skipped(struct walk *w, const struct mrs_source_item *in, mars_error *err)
{
    w->item->reason = in->reason;
    w->item->os_code = (uint32_t)in->os_code;
    w->item->message = copy_message(w, in->message);
    w->item->path = mrs_slice_own(w->bytes, in->path);
    return w->item->path.p != NULL ? add_ready(w) : mrs_nomem(err);
}

static mars_status
visit(struct walk *w, struct mrs_source_item *in, mars_error *err)
{
    struct mrs_item *item = mrs_backup_next_item(w->b, &w->bytes, err);

    if (item == NULL)
        return MARS_ERR_NOMEM;
    w->item = item;
    item->kind = in->kind;
    item->root = in->root;
    item->is_root = in->is_root;
    switch (in->kind) {
    case MRS_SOURCE_ENTER:
    case MRS_SOURCE_ENTRY:
        item->entry = in->entry;
        item->stat = in->stat;
        return in->kind == MRS_SOURCE_ENTER ? visit_enter(w, in, err) : visit_entry(w, in, err);
    case MRS_SOURCE_LEAVE:
        leave(w);
        return add_ready(w);
    default:
        return visit_skipped(w, in, err);
    }
}

void
mrs_backup_walk(void *arg)
{
    struct mrs_backup *b = arg;
    struct walk w = { .b = b, .dirs = MRS_VEC_INIT(struct beside) };
    struct mrs_source_item in = { .kind = MRS_SOURCE_END };
    mars_error err;
    mars_status st = MARS_OK;

    mrs_error_clear(&err);
    do {
        st = mrs_reader_next(b->reader, &in, &err);
        if (st == MARS_OK && in.kind != MRS_SOURCE_END)
            st = visit(&w, &in, &err);
    } while (st == MARS_OK && in.kind != MRS_SOURCE_END && !atomic_load(&b->job.stop));
    if (st != MARS_OK)
        mrs_job_fail(&b->job, st, &err);
    while (w.dirs.len > 0)
        leave(&w);
    mrs_vec_free(&w.dirs);
    mrs_dir_reader_close(w.root);
    mrs_backup_close_window(b);
    mrs_backup_walked(b);
}
