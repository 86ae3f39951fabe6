#include "repo/knownpoint.h"

#include <string.h>

#include "base/alloc.h"
#include "base/err.h"
#include "base/text.h"
#include "repo/rootpath.h"

enum { ID = 16 };

void
mrs_loaded_point_free(struct mrs_loaded_point *lp)
{
    if (lp == NULL)
        return;
    mrs_point_free(&lp->point);
    mrs_buf_free(&lp->payload);
    mrs_free(lp);
}

static void
write_slice(struct mrs_wr *w, struct mrs_slice s)
{
    mrs_wr_varint(w, s.n);
    mrs_wr_bytes(w, s.p, s.n);
}

static void
write_root(struct mrs_wr *w, const struct mrs_domain *d, const struct mrs_root *root,
           struct mrs_buf *path)
{
    mrs_buf_reset(path);
    if (w->st == MARS_OK)
        w->st = mrs_root_path(d, root, path, w->err);
    if (w->st == MARS_ERR_CORRUPT || w->st == MARS_ERR_UNSUPPORTED) {
        mrs_error_clear(w->err);
        mrs_buf_reset(path);
        w->st = mrs_root_parent_path(root, path, w->err);
    }
    write_slice(w, (struct mrs_slice){ path->data, path->len });
}

static void
write_shared(struct mrs_wr *w, const struct mrs_domain *d, const struct mrs_point *p)
{
    struct mrs_buf path = MRS_BUF_INIT(SIZE_MAX / 2);

    mrs_wr_bytes(w, p->item, ID);
    mrs_wr_bytes(w, p->machine, ID);
    write_slice(w, p->item_name);
    write_slice(w, p->machine_name);
    mrs_wr_varint(w, p->n_roots);
    for (size_t i = 0; i < p->n_roots; i++)
        write_root(w, d, &p->roots[i], &path);
    mrs_buf_free(&path);
}

mars_status
mrs_known_point_encode(const struct mrs_domain *d, const struct mrs_point *p,
                       struct mrs_buf *shared, struct mrs_buf *own, mars_error *err)
{
    struct mrs_wr w = mrs_wr_init(shared, err);

    write_shared(&w, d, p);
    w.b = own;
    mrs_wr_bytes(&w, p->session, ID);
    mrs_stamp_write(&w, p->started);
    mrs_wr_varint(&w, p->n_heads);
    for (size_t i = 0; i < p->n_heads; i++)
        mrs_wr_bytes(&w, p->heads[i], ID);
    mrs_stamp_write(&w, p->finished);
    mrs_wr_varint(&w, p->totals.entries);
    mrs_wr_varint(&w, p->totals.bytes);
    mrs_wr_varint(&w, p->skipped_count);
    mrs_wr_varint(&w, p->added_bytes);
    return w.st;
}

bool
mrs_known_point_open(struct mrs_known_point *k, struct mrs_slice shared, struct mrs_slice own)
{
    struct mrs_rd r = mrs_rd_init(own.p, own.n);
    struct mrs_stamp started;

    (void)mrs_rd_take(&r, ID);
    started = mrs_stamp_read(&r);
    *k = (struct mrs_known_point){ .shared = shared.p,
                                   .own = own.p,
                                   .n_shared = (uint32_t)shared.n,
                                   .n_own = (uint32_t)own.n,
                                   .started_s = started.s,
                                   .started_ns = started.ns };
    return !r.bad && shared.n >= (size_t)2 * ID && shared.n <= MRS_OBJECT_MAX &&
           own.n <= MRS_OBJECT_MAX;
}

static struct mrs_slice
read_slice(struct mrs_rd *r)
{
    struct mrs_rd sub = mrs_rd_sub(r, mrs_rd_varint(r));

    return (struct mrs_slice){ sub.p, sub.left };
}

static struct mrs_slice
read_name(struct mrs_rd *r)
{
    struct mrs_slice s = read_slice(r);

    if (s.n > MRS_DISPLAY_NAME_MAX || !mrs_is_text(s.p, s.n))
        r->bad = true;
    return s;
}

static bool
read_shared(const struct mrs_known_point *k, struct mrs_point_details *d)
{
    struct mrs_rd r = mrs_rd_init(k->shared, k->n_shared);

    (void)mrs_rd_take(&r, (size_t)2 * ID);
    d->item_name = read_name(&r);
    d->machine_name = read_name(&r);
    d->n_roots = (size_t)mrs_rd_varint_max(&r, MRS_POINT_MAX_ROOTS);
    d->roots = (struct mrs_slice){ r.p, r.left };
    for (size_t i = 0; i < d->n_roots; i++)
        (void)read_slice(&r);
    return mrs_rd_done(&r);
}

static const uint8_t *
read_heads(struct mrs_rd *r, size_t *n)
{
    const uint8_t *heads;

    (void)mrs_rd_take(r, ID);
    (void)mrs_stamp_read(r);
    *n = (size_t)mrs_rd_varint_max(r, r->left / ID);
    heads = mrs_rd_take(r, *n * ID);
    if (r->bad) /* the bound above counts the varint itself */
        *n = 0;
    return heads;
}

const uint8_t *
mrs_known_point_heads(const struct mrs_known_point *k, size_t *n)
{
    struct mrs_rd r = mrs_rd_init(k->own, k->n_own);

    return read_heads(&r, n);
}

static bool
read_own(const struct mrs_known_point *k, struct mrs_point_details *d)
{
    struct mrs_rd r = mrs_rd_init(k->own, k->n_own);
    size_t n_heads;

    (void)read_heads(&r, &n_heads);
    d->finished = mrs_stamp_read(&r);
    d->entries = mrs_rd_varint(&r);
    d->bytes = mrs_rd_varint(&r);
    d->skipped = mrs_rd_varint(&r);
    d->added = mrs_rd_varint(&r);
    return mrs_rd_done(&r);
}

struct mrs_point_details
mrs_known_point_details(const struct mrs_known_point *k)
{
    static const struct mrs_point_details nothing;
    struct mrs_point_details d = nothing;

    return read_shared(k, &d) && read_own(k, &d) ? d : nothing;
}

struct mrs_slice
mrs_point_details_root(struct mrs_slice *at)
{
    struct mrs_rd r = mrs_rd_init(at->p, at->n);
    struct mrs_slice path = read_slice(&r);

    *at = (struct mrs_slice){ r.p, r.left };
    return path;
}
