#include "repo/rootpath.h"

#include "base/err.h"

mars_status
mrs_path_push(struct mrs_buf *path, struct mrs_slice name, mars_error *err)
{
    mars_status st;

    if (name.n == 1 && name.p[0] == '/')
        return MARS_OK;
    st = mrs_buf_append(path, "/", 1, err);
    return st == MARS_OK ? mrs_buf_append(path, name.p, name.n, err) : st;
}

mars_status
mrs_root_parent_path(const struct mrs_root *r, struct mrs_buf *out, mars_error *err)
{
    mars_status st = MARS_OK;

    for (size_t i = 0; st == MARS_OK && i < r->n_parent; i++)
        st = mrs_path_push(out, r->parent[i], err);
    return st;
}

mars_status
mrs_root_entry(const struct mrs_domain *d, const struct mrs_root *root, struct mrs_dir_reader **r,
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
    mars_status st = mrs_root_entry(d, root, &r, &e, err);

    if (st == MARS_OK)
        st = mrs_root_parent_path(root, out, err);
    if (st == MARS_OK && e->name.n == 1 && e->name.p[0] == '/')
        st = mrs_buf_append(out, "/", 1, err);
    else if (st == MARS_OK)
        st = mrs_path_push(out, e->name, err);
    mrs_dir_reader_close(r);
    return st;
}
