#include "job/browse.h"

#include "base/err.h"
#include "base/vec.h"
#include "job/select.h"

/* A directory that is being listed. */
struct frame {
    struct mrs_dir_reader *reader;
    size_t path_len;
};

struct list {
    const struct mrs_domain *d;
    bool recurse;
    const struct mrs_rules *rules; /* NULL, or only names that fit are told */
    mrs_browse_fn fn;
    void *user;
    struct mrs_buf path;
    size_t relative;               /* where the path from the root on begins in it */
    struct mrs_vec stack;
};

static mars_status
tell(const struct list *l, const struct mrs_entry *e, mars_error *err)
{
    const char *relative = (const char *)l->path.data + l->relative;

    if (l->rules != NULL && !mrs_rules_excluded(l->rules, relative, l->path.len - l->relative,
                                                e->type == MRS_ENTRY_DIR))
        return MARS_OK;
    return l->fn(l->user, (struct mrs_slice){ l->path.data, l->path.len }, e, err);
}

static mars_status
push(struct list *l, const struct mrs_entry *e, mars_error *err)
{
    struct frame *f = mrs_vec_add(&l->stack);
    mars_status st;

    if (f == NULL)
        return mrs_nomem(err);
    f->path_len = l->path.len;
    st = mrs_dir_reader_open(&f->reader, l->d, &e->sub, NULL, err);
    if (st != MARS_OK)
        l->stack.len--;
    return st;
}

/* All entries below what is on the stack. */
static mars_status
list_all(struct list *l, mars_error *err)
{
    mars_status st = MARS_OK;

    while (st == MARS_OK && l->stack.len > 0) {
        struct frame *f = mrs_vec_at(&l->stack, l->stack.len - 1);
        const struct mrs_entry_stat *stat;
        const struct mrs_entry *e;
        struct mrs_totals lost;

        l->path.len = f->path_len;
        st = mrs_dir_reader_next(f->reader, &e, &stat, &lost, err);
        if (st == MARS_OK && e == NULL) {
            mrs_dir_reader_close(f->reader);
            l->stack.len--;
            continue;
        }
        if (st == MARS_OK)
            st = mrs_path_push(&l->path, e->name, err);
        if (st == MARS_OK)
            st = tell(l, e, err);
        if (st == MARS_OK && l->recurse && e->type == MRS_ENTRY_DIR)
            st = push(l, e, err);
    }
    while (l->stack.len > 0)
        mrs_dir_reader_close(((struct frame *)mrs_vec_at(&l->stack, --l->stack.len))->reader);
    return st;
}

static mars_status
list_root(struct list *l, const struct mrs_root *root, mars_error *err)
{
    struct mrs_dir_reader *r = NULL;
    const struct mrs_entry *e = NULL;
    mars_status st;

    mrs_buf_reset(&l->path);
    st = mrs_root_path(l->d, root, &l->path, err);
    if (st == MARS_OK)
        st = mrs_root_entry(l->d, root, &r, &e, err);
    if (st == MARS_OK) {
        l->relative = l->path.len - (l->path.len > 1 ? e->name.n : 0);
        st = tell(l, e, err);
    }
    if (l->path.len == 1)
        l->path.len = 0; /* below "/" paths begin with their names */
    l->relative = l->path.len + 1;
    if (st == MARS_OK && l->recurse && e->type == MRS_ENTRY_DIR)
        st = push(l, e, err);
    mrs_dir_reader_close(r);
    return st == MARS_OK ? list_all(l, err) : st;
}

static mars_status
list_roots(struct list *l, const struct mrs_point *p, mars_error *err)
{
    mars_status st = MARS_OK;

    for (size_t i = 0; st == MARS_OK && i < p->n_roots; i++)
        st = list_root(l, &p->roots[i], err);
    mrs_vec_free(&l->stack);
    mrs_buf_free(&l->path);
    return st;
}

/* A file itself, or what is in a directory. */
static mars_status
list_path(struct list *l, const struct mrs_point *p, struct mrs_slice path, mars_error *err)
{
    struct mrs_arena bytes = MRS_ARENA_INIT;
    struct mrs_entry e;
    mars_status st = mrs_find_path(l->d, p, path, &l->path, &bytes, &e, err);

    if (st == MARS_OK && e.type != MRS_ENTRY_DIR) {
        st = tell(l, &e, err);
    } else if (st == MARS_OK) {
        if (l->path.len == 1)
            l->path.len = 0; /* below "/" paths begin with their names */
        st = push(l, &e, err);
    }
    mrs_arena_free(&bytes);
    if (st == MARS_OK)
        st = list_all(l, err);
    mrs_vec_free(&l->stack);
    mrs_buf_free(&l->path);
    return st;
}

mars_status
mrs_browse(const struct mrs_domain *d, const struct mrs_point *p, struct mrs_slice path,
           bool recurse, mrs_browse_fn fn, void *user, mars_error *err)
{
    struct list l = { .d = d, .recurse = recurse, .fn = fn, .user = user,
                      .path = MRS_BUF_INIT(SIZE_MAX / 2), .stack = MRS_VEC_INIT(struct frame) };

    return path.n == 0 ? list_roots(&l, p, err) : list_path(&l, p, path, err);
}

mars_status
mrs_browse_find(const struct mrs_domain *d, const struct mrs_point *p,
                const struct mrs_rules *rules, mrs_browse_fn fn, void *user, mars_error *err)
{
    struct list l = { .d = d, .recurse = true, .rules = rules, .fn = fn, .user = user,
                      .path = MRS_BUF_INIT(SIZE_MAX / 2), .stack = MRS_VEC_INIT(struct frame) };

    return list_roots(&l, p, err);
}
