#include "job/browse.h"

#include "base/err.h"
#include "job/select.h"
#include "repo/entrycopy.h"

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

/* From the root that is the path, or above it; *found says whether there is one. */
static mars_status
find_clean(const struct mrs_domain *d, const struct mrs_point *p, struct mrs_slice path,
           struct mrs_arena *bytes, struct mrs_entry *e, bool *found, mars_error *err)
{
    struct mrs_buf root = MRS_BUF_INIT(SIZE_MAX / 2);
    mars_status st = MARS_OK;

    *found = false;
    for (size_t i = 0; st == MARS_OK && !*found && i < p->n_roots; i++) {
        struct mrs_dir_reader *r = NULL;
        const struct mrs_entry *top = NULL;
        struct mrs_slice own = { NULL, 0 };

        mrs_buf_reset(&root);
        st = mrs_root_path(d, &p->roots[i], &root, err);
        own = (struct mrs_slice){ root.data, root.len };
        if (st != MARS_OK ||
            mrs_select(&(struct mrs_select){ &own, 1 }, path) != MRS_SELECTED_YES)
            continue;
        st = mrs_root_entry(d, &p->roots[i], &r, &top, err);
        if (st == MARS_OK) {
            *e = *top;
            st = mrs_entry_own(bytes, e, NULL, err);
        }
        mrs_dir_reader_close(r);
        if (st == MARS_OK)
            st = descend(d, path, root.len, bytes, e, found, err);
    }
    mrs_buf_free(&root);
    return st;
}

mars_status
mrs_find_path(const struct mrs_domain *d, const struct mrs_point *p, struct mrs_slice path,
              struct mrs_buf *clean, struct mrs_arena *bytes, struct mrs_entry *e,
              mars_error *err)
{
    bool found = false;
    mars_status st;

    mrs_buf_reset(clean);
    st = mrs_path_clean(path, clean, err);
    if (st == MARS_OK)
        st = find_clean(d, p, (struct mrs_slice){ clean->data, clean->len }, bytes, e, &found,
                        err);
    if (st == MARS_OK && !found)
        st = mrs_fail(err, MARS_ERR_NOT_FOUND, "%.*s: the point has no such path",
                      path.n < 150 ? (int)path.n : 150, (const char *)path.p);
    return st;
}
