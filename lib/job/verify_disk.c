/* Comparing a point with the files as they are now: what the point holds and the disk has not, or
 * has otherwise. Files that are new on the disk are no difference: the point may leave out what
 * its excludes say. */
#include <string.h>

#include "base/alloc.h"
#include "base/err.h"
#include "job/compare.h"
#include "job/select.h"
#include "job/verify.h"
#include "platform/clock.h"
#include "repo/treereader.h"
#include "source/tree.h"

struct frame {
    struct mrs_dir_reader *reader; /* NULL: the point has nothing here */
    const struct mrs_entry *entry; /* the next one of the point */
    size_t path_len;
};

struct disk {
    struct mrs_job job;
    const struct mrs_point *point;
    struct mrs_verify_counts *counts;
    struct mrs_tree_source *tree;  /* of one root */
    struct mrs_reader *now;        /* of what is there */
    size_t root_at;                /* which */
    struct mrs_dir_reader *root;
    struct mrs_vec stack; /* struct frame */
    struct mrs_buf path;
    struct mrs_thread *thread;
};

static void
differ(struct disk *k, struct mrs_slice path, const char *what)
{
    mars_event e = { .kind = MARS_EVENT_DIFFERENT,
                     .path = (const char *)path.p,
                     .path_len = path.n,
                     .message = what };

    k->counts->differences++;
    mrs_job_post(&k->job, &e);
}

/* The next entry of the point in the innermost directory. */
static mars_status
advance(struct disk *k, struct frame *f, mars_error *err)
{
    const struct mrs_entry_stat *stat;
    struct mrs_totals lost;

    f->entry = NULL;
    (void)k;
    return f->reader != NULL ? mrs_dir_reader_next(f->reader, &f->entry, &stat, &lost, err)
                             : MARS_OK;
}

static mars_status
missing(struct disk *k, struct frame *f, mars_error *err)
{
    mars_status st;

    k->path.len = f->path_len;
    st = mrs_path_push(&k->path, f->entry->name, err);
    if (st == MARS_OK)
        differ(k, (struct mrs_slice){ k->path.data, k->path.len }, "is not on the disk");
    return st == MARS_OK ? advance(k, f, err) : st;
}

/* What the disk has under a name beside what the point has; NULL if the point has nothing. */
static mars_status
find(struct disk *k, const struct mrs_source_item *item, const struct mrs_entry **e,
     mars_error *err)
{
    struct frame *f;
    mars_status st = MARS_OK;

    *e = NULL;
    if (item->is_root) {
        const struct mrs_entry_stat *stat;
        struct mrs_totals lost;

        mrs_dir_reader_close(k->root);
        st = mrs_dir_reader_open_root(&k->root, k->job.d, &k->point->roots[k->root_at], err);
        return st == MARS_OK ? mrs_dir_reader_next(k->root, e, &stat, &lost, err) : st;
    }
    f = mrs_vec_at(&k->stack, k->stack.len - 1);
    while (st == MARS_OK && f->entry != NULL &&
           mrs_slice_compare(f->entry->name, item->entry.name) < 0)
        st = missing(k, f, err);
    if (st == MARS_OK && f->entry != NULL &&
        mrs_slice_compare(f->entry->name, item->entry.name) == 0)
        *e = f->entry;
    return st;
}

static mars_status
same_attrs(struct disk *k, const struct mrs_entry *e, struct mrs_slice now, bool *same,
           mars_error *err)
{
    struct mrs_buf then = MRS_BUF_INIT(MRS_ATTRS_MAX);
    mars_status st = MARS_OK;

    *same = e->attrs_size == now.n;
    if (*same && now.n > 0) {
        st = mrs_content_get(k->job.d, &e->attrs, e->attrs_size, MRS_CLASS_ATTRS, &then, err);
        *same = st == MARS_OK && then.len == now.n && memcmp(then.data, now.p, now.n) == 0;
    }
    mrs_buf_free(&then);
    return st;
}

/* What differs in the metadata; NULL: nothing. */
static const char *
meta_difference(const struct mrs_entry *e, const struct mrs_entry *now)
{
    if (e->type != now->type)
        return "is of another kind";
    if (e->type == MRS_ENTRY_FILE && e->size != now->size)
        return "has another size";
    if (mrs_slice_compare(e->target, now->target) != 0)
        return "points elsewhere";
    if (e->rdev_major != now->rdev_major || e->rdev_minor != now->rdev_minor)
        return "is another device";
    if (e->mode != now->mode)
        return "has another mode";
    if (e->uid != now->uid || e->gid != now->gid)
        return "has another owner";
    if (e->mtime_s != now->mtime_s || e->mtime_ns != now->mtime_ns)
        return "has another modification time";
    return NULL;
}

static mars_status
read_and_compare(struct disk *k, struct mrs_source_item *item, const struct mrs_entry *e,
                 bool *same, mars_error *err)
{
    struct mrs_source_file f;
    mars_status st = mrs_reader_open_file(k->now, item, &f, err);

    if (st == MARS_OK)
        st = mrs_compare_content(k->job.d, e, &f, &k->job.stop, same, err);
    mrs_source_close(&f);
    return st;
}

/* One name that both have. */
static mars_status
compare(struct disk *k, struct mrs_source_item *item, const struct mrs_entry *e, mars_error *err)
{
    struct mrs_slice attrs = { NULL, 0 };
    const char *what;
    bool same = true;
    mars_status st = mrs_reader_describe(k->now, item, &attrs, err);

    if (st != MARS_OK)
        return st;
    what = meta_difference(e, &item->entry);
    if (what == NULL) {
        st = same_attrs(k, e, attrs, &same, err);
        what = same ? NULL : "has other attributes";
    }
    if (st == MARS_OK && what == NULL && e->type == MRS_ENTRY_FILE) {
        st = read_and_compare(k, item, e, &same, err);
        what = same ? NULL : "has other content";
    }
    if (st == MARS_OK && what != NULL && !atomic_load(&k->job.stop))
        differ(k, item->path, what);
    return st;
}

static mars_status
visit(struct disk *k, struct mrs_source_item *item, mars_error *err)
{
    const struct mrs_entry *e = NULL;
    struct frame *f;
    mars_status st = find(k, item, &e, err);

    if (st == MARS_OK && e != NULL) {
        st = compare(k, item, e, err);
        if (st != MARS_OK && st != MARS_ERR_NOMEM && !mrs_is_out_of_reach(st)) {
            differ(k, item->path, err->message);
            st = MARS_OK;
        }
    }
    atomic_fetch_add(&k->job.files_done, 1);
    if (st == MARS_OK && item->kind == MRS_SOURCE_ENTER) {
        f = mrs_vec_add(&k->stack);
        if (f == NULL)
            return mrs_nomem(err);
        k->path.len = 0;
        st = mrs_buf_append(&k->path, item->path.p, item->path.n, err);
        f->path_len = k->path.len == 1 ? 0 : k->path.len; /* "/" and then "/name" */
        if (st == MARS_OK && e != NULL && e->type == MRS_ENTRY_DIR)
            st = mrs_dir_reader_open(&f->reader, k->job.d, &e->sub, NULL, err);
        if (st == MARS_OK)
            st = advance(k, f, err);
    }
    if (!item->is_root && e != NULL && st == MARS_OK) {
        f = mrs_vec_at(&k->stack,
                       k->stack.len - (item->kind == MRS_SOURCE_ENTER ? 2 : 1));
        st = advance(k, f, err);
    }
    return st;
}

static mars_status
leave(struct disk *k, mars_error *err)
{
    struct frame *f = mrs_vec_at(&k->stack, k->stack.len - 1);
    mars_status st = MARS_OK;

    while (st == MARS_OK && f->entry != NULL) {
        if (k->path.len < f->path_len)
            return mrs_fail(err, MARS_ERR_INTERNAL, "paths do not nest");
        st = missing(k, f, err);
    }
    mrs_dir_reader_close(f->reader);
    k->path.len = f->path_len;
    k->stack.len--;
    return st;
}

static mars_status
walk(struct disk *k, mars_error *err)
{
    struct mrs_source_item item;
    mars_status st;

    do {
        memset(&item, 0, sizeof item);
        st = mrs_reader_next(k->now, &item, err);
        if (st == MARS_OK && (item.kind == MRS_SOURCE_ENTER || item.kind == MRS_SOURCE_ENTRY))
            st = visit(k, &item, err);
        else if (st == MARS_OK && item.kind == MRS_SOURCE_LEAVE)
            st = leave(k, err);
    } while (st == MARS_OK && item.kind != MRS_SOURCE_END && !atomic_load(&k->job.stop));
    return st;
}

/* The path of a root, in k->path. */
static mars_status
root_path(struct disk *k, const struct mrs_root *root, mars_error *err)
{
    struct mrs_dir_reader *r = NULL;
    const struct mrs_entry *e = NULL;
    const struct mrs_entry_stat *stat;
    struct mrs_totals lost;
    mars_status st;

    if (root->style != MRS_PATH_POSIX)
        return mrs_fail(err, MARS_ERR_INVALID_ARG,
                        "the point holds a stream, which has no file on the disk");
    k->path.len = 0;
    st = mrs_root_parent_path(root, &k->path, err);
    if (st == MARS_OK)
        st = mrs_dir_reader_open_root(&r, k->job.d, root, err);
    if (st == MARS_OK)
        st = mrs_dir_reader_next(r, &e, &stat, &lost, err);
    if (st == MARS_OK && e != NULL)
        st = e->name.n == 1 && e->name.p[0] == '/' ? mrs_buf_append(&k->path, "/", 1, err)
                                                   : mrs_path_push(&k->path, e->name, err);
    mrs_dir_reader_close(r);
    return st;
}

/* Each root with a source of its own: of roots within each other a common one leaves some out. */
static mars_status
compare_root(struct disk *k, mars_error *err)
{
    struct mrs_tree_options o = { .n_paths = 1 };
    struct mrs_slice path;
    mars_status st = root_path(k, &k->point->roots[k->root_at], err);

    if (st != MARS_OK)
        return st;
    path = (struct mrs_slice){ k->path.data, k->path.len };
    o.paths = &path;
    st = mrs_tree_source_open(&k->tree, &o, err);
    if (st == MARS_ERR_NOT_FOUND) {
        differ(k, path, "is not on the disk");
        return MARS_OK;
    }
    if (st == MARS_OK)
        st = mrs_reader_open(&k->now, mrs_tree_source_table(k->tree), err);
    if (st == MARS_OK)
        st = walk(k, err);
    mrs_reader_close(k->now);
    mrs_tree_source_close(k->tree);
    k->now = NULL;
    k->tree = NULL;
    return st;
}

static void
run(void *arg)
{
    struct disk *k = arg;
    mars_status st = MARS_OK;
    mars_error err;

    for (; st == MARS_OK && k->root_at < k->point->n_roots && !atomic_load(&k->job.stop);
         k->root_at++)
        st = compare_root(k, &err);
    if (st != MARS_OK)
        mrs_job_fail(&k->job, st, &err);
    mrs_job_finish(&k->job);
}

mars_status
mrs_verify_disk(struct mrs_engine *engine, struct mrs_domain *d, const struct mrs_point *point,
                const struct mrs_listener *listener, struct mrs_verify_counts *counts,
                mars_error *err)
{
    struct disk *k = mrs_alloc(sizeof *k);
    mars_status st = k != NULL ? MARS_OK : mrs_nomem(err);

    if (st != MARS_OK)
        return st;
    k->point = point;
    k->counts = counts;
    k->stack = (struct mrs_vec)MRS_VEC_INIT(struct frame);
    k->path = (struct mrs_buf)MRS_BUF_INIT(SIZE_MAX / 2);
    st = mrs_job_init(&k->job, engine, d, listener, err);
    if (st == MARS_OK) {
        mrs_job_enter(&k->job, MARS_PHASE_DATA);
        st = mrs_thread_start(&k->thread, run, k, err);
    }
    if (st == MARS_OK) {
        mrs_job_wait(&k->job);
        mrs_thread_join(k->thread);
        st = mrs_job_result(&k->job, err);
    }
    counts->points = 1;
    counts->elapsed_ns = mrs_clock_mono() - k->job.started;
    while (k->stack.len > 0)
        mrs_dir_reader_close(((struct frame *)mrs_vec_at(&k->stack, --k->stack.len))->reader);
    mrs_vec_free(&k->stack);
    mrs_buf_free(&k->path);
    mrs_dir_reader_close(k->root);
    mrs_job_fini(&k->job);
    mrs_free(k);
    return st;
}
