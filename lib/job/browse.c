#include "job/browse.h"

#include <string.h>

#include "base/alloc.h"
#include "base/err.h"
#include "base/vec.h"
#include "job/select.h"
#include "repo/entrycopy.h"
#include "repo/treereader.h"

/* The one entry of a root; valid while *r is open. */
static mars_status
root_entry(const struct mrs_domain *d, const struct mrs_root *root, struct mrs_dir_reader **r,
           const struct mrs_entry **e, mars_error *err)
{
    const struct mrs_entry_stat *stat;
    struct mrs_totals lost;
    mars_status st = mrs_dir_reader_open_root(r, d, root, err);

    if (st == MARS_OK)
        st = mrs_dir_reader_next(*r, e, &stat, &lost, err);
    if (st == MARS_OK && *e == NULL)
        st = mrs_fail(err, MARS_ERR_CORRUPT, "root without an entry");
    return st;
}

mars_status
mrs_root_path(const struct mrs_domain *d, const struct mrs_root *root, struct mrs_buf *out,
              mars_error *err)
{
    struct mrs_dir_reader *r = NULL;
    const struct mrs_entry *e = NULL;
    mars_status st = root_entry(d, root, &r, &e, err);

    if (st == MARS_OK)
        st = mrs_root_parent_path(root, out, err);
    if (st == MARS_OK && e->name.n == 1 && e->name.p[0] == '/')
        st = mrs_buf_append(out, "/", 1, err);
    else if (st == MARS_OK)
        st = mrs_path_push(out, e->name, err);
    mrs_dir_reader_close(r);
    return st;
}

/* A directory that is being listed. */
struct frame {
    struct mrs_dir_reader *reader;
    size_t path_len;
};

struct list {
    const struct mrs_domain *d;
    bool recurse;
    mrs_browse_fn fn;
    void *user;
    struct mrs_buf path;
    struct mrs_vec stack;
};

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
            st = l->fn(l->user, (struct mrs_slice){ l->path.data, l->path.len }, e, err);
        if (st == MARS_OK && l->recurse && e->type == MRS_ENTRY_DIR)
            st = push(l, e, err);
    }
    while (l->stack.len > 0)
        mrs_dir_reader_close(((struct frame *)mrs_vec_at(&l->stack, --l->stack.len))->reader);
    return st;
}

/* The component of `path` behind the first `at` bytes; empty at its end. */
static struct mrs_slice
component(struct mrs_slice path, size_t at)
{
    size_t end;

    while (at < path.n && path.p[at] == '/')
        at++;
    for (end = at; end < path.n && path.p[end] != '/';)
        end++;
    return (struct mrs_slice){ path.n > 0 ? path.p + at : NULL, end - at };
}

/* The entry of one name in a directory, copied into the arena; *e untouched if there is none. */
static mars_status
find_name(const struct mrs_domain *d, const struct mrs_sub *sub, struct mrs_slice name,
          struct mrs_arena *bytes, struct mrs_entry *e, bool *found, mars_error *err)
{
    struct mrs_dir_reader *r = NULL;
    const struct mrs_entry_stat *stat;
    const struct mrs_entry *at = NULL;
    struct mrs_totals lost;
    mars_status st = mrs_dir_reader_open(&r, d, sub, NULL, err);

    *found = false;
    if (st == MARS_OK) {
        mrs_dir_reader_seek(r, name);
        st = mrs_dir_reader_next(r, &at, &stat, &lost, err);
    }
    if (st == MARS_OK && at != NULL && mrs_slice_compare(at->name, name) == 0) {
        *found = true;
        *e = *at;
        st = mrs_entry_own(bytes, e, NULL, err);
    }
    mrs_dir_reader_close(r);
    return st;
}

/* Go down from a root's entry by what is left of the path. */
static mars_status
descend(const struct mrs_domain *d, struct mrs_slice path, size_t at, struct mrs_arena *bytes,
        struct mrs_entry *e, bool *found, mars_error *err)
{
    mars_status st = MARS_OK;
    struct mrs_slice name;

    *found = true;
    while (st == MARS_OK && *found && (name = component(path, at)).n > 0) {
        at = (size_t)(name.p - path.p) + name.n;
        *found = e->type == MRS_ENTRY_DIR;
        if (*found)
            st = find_name(d, &e->sub, name, bytes, e, found, err);
    }
    return st;
}

/* The entry that an absolute path names, copied into the arena. */
static mars_status
find_path(const struct mrs_domain *d, const struct mrs_point *p, struct mrs_slice path,
          struct mrs_arena *bytes, struct mrs_entry *e, mars_error *err)
{
    struct mrs_buf root = MRS_BUF_INIT(SIZE_MAX / 2);
    bool found = false;
    mars_status st = MARS_OK;

    for (size_t i = 0; st == MARS_OK && !found && i < p->n_roots; i++) {
        struct mrs_dir_reader *r = NULL;
        const struct mrs_entry *top = NULL;
        struct mrs_slice own = { NULL, 0 };

        mrs_buf_reset(&root);
        st = mrs_root_path(d, &p->roots[i], &root, err);
        own = (struct mrs_slice){ root.data, root.len };
        if (st != MARS_OK ||
            mrs_select(&(struct mrs_select){ &own, 1 }, path) != MRS_SELECTED_YES)
            continue;
        st = root_entry(d, &p->roots[i], &r, &top, err);
        if (st == MARS_OK) {
            *e = *top;
            st = mrs_entry_own(bytes, e, NULL, err);
        }
        mrs_dir_reader_close(r);
        if (st == MARS_OK)
            st = descend(d, path, root.len, bytes, e, &found, err);
    }
    mrs_buf_free(&root);
    if (st == MARS_OK && !found)
        st = mrs_fail(err, MARS_ERR_NOT_FOUND, "%.*s: the point has no such path",
                      path.n < 150 ? (int)path.n : 150, (const char *)path.p);
    return st;
}

static mars_status
list_roots(struct list *l, const struct mrs_point *p, mars_error *err)
{
    mars_status st = MARS_OK;

    for (size_t i = 0; st == MARS_OK && i < p->n_roots; i++) {
        struct mrs_dir_reader *r = NULL;
        const struct mrs_entry *e = NULL;

        mrs_buf_reset(&l->path);
        st = mrs_root_path(l->d, &p->roots[i], &l->path, err);
        if (st == MARS_OK)
            st = root_entry(l->d, &p->roots[i], &r, &e, err);
        if (st == MARS_OK)
            st = l->fn(l->user, (struct mrs_slice){ l->path.data, l->path.len }, e, err);
        if (l->path.len == 1)
            l->path.len = 0; /* below "/" paths begin with their names */
        if (st == MARS_OK && l->recurse && e->type == MRS_ENTRY_DIR)
            st = push(l, e, err);
        mrs_dir_reader_close(r);
        if (st == MARS_OK)
            st = list_all(l, err);
    }
    return st;
}

/* A file itself, or what is in a directory. */
static mars_status
list_path(struct list *l, const struct mrs_point *p, struct mrs_slice given, mars_error *err)
{
    struct mrs_arena bytes = MRS_ARENA_INIT;
    struct mrs_slice path;
    struct mrs_entry e;
    mars_status st = mrs_path_clean(given, &l->path, err);

    path = (struct mrs_slice){ l->path.data, l->path.len };
    if (st == MARS_OK)
        st = find_path(l->d, p, path, &bytes, &e, err);
    if (st == MARS_OK && e.type != MRS_ENTRY_DIR) {
        st = l->fn(l->user, path, &e, err);
    } else if (st == MARS_OK) {
        if (path.n == 1)
            l->path.len = 0; /* below "/" paths begin with their names */
        st = push(l, &e, err);
    }
    mrs_arena_free(&bytes);
    return st;
}

mars_status
mrs_browse(const struct mrs_domain *d, const struct mrs_point *p, struct mrs_slice path,
           bool recurse, mrs_browse_fn fn, void *user, mars_error *err)
{
    struct list l = { d, recurse, fn, user, MRS_BUF_INIT(SIZE_MAX / 2),
                      MRS_VEC_INIT(struct frame) };
    mars_status st;

    if (path.n == 0) {
        st = list_roots(&l, p, err);
    } else {
        st = list_path(&l, p, path, err);
        if (st == MARS_OK)
            st = list_all(&l, err);
    }
    mrs_vec_free(&l.stack);
    mrs_buf_free(&l.path);
    return st;
}

struct reading {
    const struct mrs_domain *d;
    int (*fn)(const void *data, uint64_t len, void *user);
    void *user;
    struct mrs_buf chunk;
};

static mars_status
give(struct reading *g, const uint8_t *data, uint64_t len, mars_error *err)
{
    return g->fn(data, len, g->user) == 0 ? MARS_OK
                                          : mrs_fail(err, MARS_ERR_CANCELLED, "cancelled");
}

static mars_status
read_piece(void *user, const struct mrs_piece *p, mars_error *err)
{
    static const uint8_t zeros[65536];
    struct reading *g = user;
    mars_status st = MARS_OK;

    for (uint64_t left = p->hole ? p->len : 0; st == MARS_OK && left > 0;) {
        uint64_t n = left < sizeof zeros ? left : sizeof zeros;

        st = give(g, zeros, n, err);
        left -= n;
    }
    if (p->hole)
        return st;
    if (p->inline_data != NULL)
        return give(g, p->inline_data, p->len, err);
    mrs_buf_reset(&g->chunk);
    st = mrs_chunk_get(g->d, p->id, MRS_CLASS_DATA, &g->chunk, err);
    if (st == MARS_OK &&
        (p->chunk_offset > g->chunk.len || p->len > g->chunk.len - p->chunk_offset))
        st = mrs_fail(err, MARS_ERR_CORRUPT, "content reaches past its chunk");
    return st == MARS_OK ? give(g, g->chunk.data + p->chunk_offset, p->len, err) : st;
}

mars_status
mrs_browse_read(const struct mrs_domain *d, const struct mrs_point *p, struct mrs_slice path,
                int (*fn)(const void *data, uint64_t len, void *user), void *user, mars_error *err)
{
    struct reading g = { d, fn, user, MRS_BUF_INIT(MRS_CHUNK_MAX) };
    struct mrs_arena bytes = MRS_ARENA_INIT;
    struct mrs_buf clean = MRS_BUF_INIT(SIZE_MAX / 2);
    struct mrs_entry e;
    mars_status st = mrs_path_clean(path, &clean, err);

    if (st == MARS_OK)
        st = find_path(d, p, (struct mrs_slice){ clean.data, clean.len }, &bytes, &e, err);
    if (st == MARS_OK && e.type != MRS_ENTRY_FILE)
        st = mrs_fail(err, MARS_ERR_INVALID_ARG, "%.*s: is no regular file",
                      path.n < 150 ? (int)path.n : 150, (const char *)path.p);
    if (st == MARS_OK)
        st = mrs_content_each(d, &e.content, e.size, read_piece, NULL, &g, err);
    mrs_arena_free(&bytes);
    mrs_buf_free(&clean);
    mrs_buf_free(&g.chunk);
    return st;
}
