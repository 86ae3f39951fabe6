#include "job/diff.h"

#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/err.h"
#include "base/vec.h"
#include "job/browse.h"
#include "job/select.h"

/* The same name before and after; NULL where there is none. */
struct pair {
    const struct mrs_entry *of[2];
};

/* A directory on the way down; a reader is NULL where it is only on the other side. */
struct level {
    struct mrs_dir_reader *readers[2];
    struct pair next;
    size_t path_len;
};

struct diff {
    const struct mrs_domain *d;
    mrs_diff_fn fn;
    void *user;
    struct mrs_buf path;
    struct mrs_vec stack;
};

static bool
same_bytes(struct mrs_slice a, struct mrs_slice b)
{
    return mrs_slice_compare(a, b) == 0;
}

static bool
same_sub(const struct mrs_sub *a, const struct mrs_sub *b)
{
    if (a->kind != b->kind)
        return false;
    if (a->kind == MRS_SUB_INLINE)
        return same_bytes(a->node, b->node);
    return a->kind == MRS_SUB_EMPTY ||
           (a->level == b->level && memcmp(a->id, b->id, sizeof a->id) == 0);
}

/* Two references to so many bytes each. */
static bool
same_content(const struct mrs_content *a, uint64_t size_a, const struct mrs_content *b,
             uint64_t size_b)
{
    if (a->kind != b->kind || size_a != size_b)
        return false;
    if (a->kind == MRS_CONTENT_INLINE)
        return memcmp(a->data, b->data, (size_t)size_a) == 0;
    return a->kind == MRS_CONTENT_NONE ||
           (a->offset == b->offset && a->level == b->level &&
            memcmp(a->id, b->id, sizeof a->id) == 0);
}

static bool
same_metadata(const struct mrs_entry *a, const struct mrs_entry *b)
{
    return a->mode == b->mode && a->uid == b->uid && a->gid == b->gid &&
           a->mtime_s == b->mtime_s && a->mtime_ns == b->mtime_ns &&
           a->rdev_major == b->rdev_major && a->rdev_minor == b->rdev_minor &&
           same_bytes(a->user, b->user) && same_bytes(a->group, b->group) &&
           same_bytes(a->target, b->target) &&
           same_content(&a->attrs, a->attrs_size, &b->attrs, b->attrs_size);
}

/* 0: none. */
static enum mrs_change
change_of(const struct mrs_entry *before, const struct mrs_entry *after)
{
    if (before == NULL)
        return MRS_CHANGE_ADDED;
    if (after == NULL)
        return MRS_CHANGE_REMOVED;
    if (before->type != after->type)
        return MRS_CHANGE_TYPE;
    if (before->type == MRS_ENTRY_FILE &&
        !same_content(&before->content, before->size, &after->content, after->size))
        return MRS_CHANGE_CONTENT;
    return same_metadata(before, after) ? 0 : MRS_CHANGE_METADATA;
}

static mars_status
tell(const struct diff *x, const struct pair *p, mars_error *err)
{
    enum mrs_change change = change_of(p->of[0], p->of[1]);

    if (change == 0)
        return MARS_OK;
    return x->fn(x->user, (struct mrs_slice){ x->path.data, x->path.len }, change, p->of[0],
                 p->of[1], err);
}

static mars_status
advance(struct level *l, size_t side, mars_error *err)
{
    const struct mrs_entry_stat *stat;
    struct mrs_totals lost;

    return mrs_dir_reader_next(l->readers[side], &l->next.of[side], &stat, &lost, err);
}

static void
leave(struct level *l)
{
    mrs_dir_reader_close(l->readers[0]);
    mrs_dir_reader_close(l->readers[1]);
}

/* What is below the pair, unless there is nothing that could differ: *any false. */
static mars_status
open_level(const struct diff *x, const struct pair *p, struct level *l, bool *any,
           mars_error *err)
{
    bool dirs[2];
    mars_status st = MARS_OK;

    *l = (struct level){ .path_len = x->path.len };
    for (size_t i = 0; i < 2; i++)
        dirs[i] = p->of[i] != NULL && p->of[i]->type == MRS_ENTRY_DIR;
    *any = (dirs[0] || dirs[1]) &&
           !(dirs[0] && dirs[1] && same_sub(&p->of[0]->sub, &p->of[1]->sub));
    for (size_t i = 0; st == MARS_OK && *any && i < 2; i++) {
        if (!dirs[i])
            continue;
        st = mrs_dir_reader_open(&l->readers[i], x->d, &p->of[i]->sub, NULL, err);
        if (st == MARS_OK)
            st = advance(l, i, err);
    }
    if (st != MARS_OK)
        leave(l);
    return st;
}

static mars_status
push(struct diff *x, struct level *l, mars_error *err)
{
    struct level *at = mrs_vec_add(&x->stack);

    if (at == NULL) {
        leave(l);
        return mrs_nomem(err);
    }
    *at = *l;
    return MARS_OK;
}

/* The pair that comes next in a directory; false at its end. */
static bool
choose(const struct level *l, struct pair *p)
{
    const struct mrs_entry *a = l->next.of[0], *b = l->next.of[1];
    int order = a == NULL ? 1 : b == NULL ? -1 : mrs_slice_compare(a->name, b->name);

    p->of[0] = order <= 0 ? a : NULL;
    p->of[1] = order >= 0 ? b : NULL;
    return a != NULL || b != NULL;
}

/* One name of the directory on top. */
static mars_status
step(struct diff *x, mars_error *err)
{
    struct level *l = mrs_vec_at(&x->stack, x->stack.len - 1), below;
    struct pair p;
    bool any = false;
    mars_status st;

    if (!choose(l, &p)) {
        leave(l);
        x->stack.len--;
        return MARS_OK;
    }
    x->path.len = l->path_len;
    st = mrs_path_push(&x->path, (p.of[0] != NULL ? p.of[0] : p.of[1])->name, err);
    if (st == MARS_OK)
        st = tell(x, &p, err);
    if (st == MARS_OK)
        st = open_level(x, &p, &below, &any, err);
    /* What is below is open: the names themselves are no longer needed. */
    for (size_t i = 0; st == MARS_OK && i < 2; i++)
        if (p.of[i] != NULL) {
            st = advance(l, i, err);
            if (st != MARS_OK && any)
                leave(&below);
        }
    return st == MARS_OK && any ? push(x, &below, err) : st;
}

/* A pair, whose path is set, and all that is below it. */
static mars_status
diff_pair(struct diff *x, const struct pair *p, mars_error *err)
{
    struct level below;
    bool any = false;
    mars_status st = tell(x, p, err);

    if (x->path.len == 1)
        x->path.len = 0; /* below "/" paths begin with their names */
    if (st == MARS_OK)
        st = open_level(x, p, &below, &any, err);
    if (st == MARS_OK && any)
        st = push(x, &below, err);
    while (st == MARS_OK && x->stack.len > 0)
        st = step(x, err);
    while (x->stack.len > 0)
        leave(mrs_vec_at(&x->stack, --x->stack.len));
    return st;
}

static mars_status
diff_path(struct diff *x, const struct mrs_point *const points[2], struct mrs_slice path,
          mars_error *err)
{
    struct mrs_arena bytes = MRS_ARENA_INIT;
    struct mrs_entry entries[2];
    struct pair p = { { NULL, NULL } };
    mars_status st = MARS_OK;

    for (size_t i = 0; st == MARS_OK && i < 2; i++) {
        st = mrs_find_path(x->d, points[i], path, &x->path, &bytes, &entries[i], err);
        if (st == MARS_OK)
            p.of[i] = &entries[i];
        else if (st == MARS_ERR_NOT_FOUND && (i == 0 || p.of[0] != NULL))
            st = MARS_OK;
    }
    if (st == MARS_OK) {
        mrs_error_clear(err);
        st = diff_pair(x, &p, err);
    }
    mrs_arena_free(&bytes);
    return st;
}

struct root {
    struct mrs_slice path; /* in the arena */
    const struct mrs_root *root;
};

static int
by_path(const void *a, const void *b)
{
    return mrs_slice_compare(((const struct root *)a)->path, ((const struct root *)b)->path);
}

/* A point's roots in the order of their paths. */
static mars_status
sorted_roots(struct diff *x, const struct mrs_point *p, struct mrs_arena *bytes,
             struct mrs_vec *out, mars_error *err)
{
    mars_status st = MARS_OK;

    for (size_t i = 0; st == MARS_OK && i < p->n_roots; i++) {
        struct root *r = mrs_vec_add(out);

        if (r == NULL)
            return mrs_nomem(err);
        r->root = &p->roots[i];
        mrs_buf_reset(&x->path);
        st = mrs_root_path(x->d, r->root, &x->path, err);
        r->path = (struct mrs_slice){ x->path.data, x->path.len };
        r->path.p = st == MARS_OK ? mrs_arena_copy(bytes, r->path.p, r->path.n) : NULL;
        if (st == MARS_OK && r->path.p == NULL)
            st = mrs_nomem(err);
    }
    if (st == MARS_OK && out->len > 1)
        qsort(out->items, out->len, out->item_size, by_path);
    return st;
}

static mars_status
diff_roots(struct diff *x, const struct root *roots[2], mars_error *err)
{
    struct mrs_dir_reader *readers[2] = { NULL, NULL };
    struct mrs_slice path = (roots[0] != NULL ? roots[0] : roots[1])->path;
    struct pair p = { { NULL, NULL } };
    mars_status st;

    mrs_buf_reset(&x->path);
    st = mrs_buf_append(&x->path, path.p, path.n, err);
    for (size_t i = 0; st == MARS_OK && i < 2; i++)
        if (roots[i] != NULL)
            st = mrs_root_entry(x->d, roots[i]->root, &readers[i], &p.of[i], err);
    if (st == MARS_OK)
        st = diff_pair(x, &p, err);
    mrs_dir_reader_close(readers[0]);
    mrs_dir_reader_close(readers[1]);
    return st;
}

static mars_status
diff_all(struct diff *x, const struct mrs_point *const points[2], mars_error *err)
{
    struct mrs_arena bytes = MRS_ARENA_INIT;
    struct mrs_vec roots[2] = { MRS_VEC_INIT(struct root), MRS_VEC_INIT(struct root) };
    size_t at[2] = { 0, 0 };
    mars_status st = sorted_roots(x, points[0], &bytes, &roots[0], err);

    if (st == MARS_OK)
        st = sorted_roots(x, points[1], &bytes, &roots[1], err);
    while (st == MARS_OK && (at[0] < roots[0].len || at[1] < roots[1].len)) {
        const struct root *r[2];
        int order;

        for (size_t i = 0; i < 2; i++)
            r[i] = at[i] < roots[i].len ? mrs_vec_at(&roots[i], at[i]) : NULL;
        order = r[0] == NULL ? 1 : r[1] == NULL ? -1 : by_path(r[0], r[1]);
        if (order > 0)
            r[0] = NULL;
        if (order < 0)
            r[1] = NULL;
        at[0] += r[0] != NULL;
        at[1] += r[1] != NULL;
        st = diff_roots(x, r, err);
    }
    mrs_vec_free(&roots[0]);
    mrs_vec_free(&roots[1]);
    mrs_arena_free(&bytes);
    return st;
}

mars_status
mrs_diff(const struct mrs_domain *d, const struct mrs_point *before, const struct mrs_point *after,
         struct mrs_slice path, mrs_diff_fn fn, void *user, mars_error *err)
{
    const struct mrs_point *const points[2] = { before, after };
    struct diff x = { d, fn, user, MRS_BUF_INIT(SIZE_MAX / 2), MRS_VEC_INIT(struct level) };
    mars_status st = path.n == 0 ? diff_all(&x, points, err) : diff_path(&x, points, path, err);

    mrs_vec_free(&x.stack);
    mrs_buf_free(&x.path);
    return st;
}
