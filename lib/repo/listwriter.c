#include <string.h>

#include "base/alloc.h"
#include "base/err.h"
#include "base/vec.h"
#include "repo/treewriter.h"

struct mrs_list_writer {
    mrs_put_fn put;
    void *user;
    struct mrs_vec refs;      /* struct mrs_ref: of the leaf in the making */
    struct mrs_vec extents;   /* struct mrs_extent: from the leaf's start on */
    uint64_t ref_bytes;       /* of refs */
    uint64_t size;            /* of the stream so far: holes and data that have an extent */
    bool holes;
    bool any_leaf;            /* one was put */
    struct mrs_vec levels[MRS_LEVEL_MAX + 1]; /* struct mrs_list_child; [0] is not used */
};

mars_status
mrs_list_writer_new(struct mrs_list_writer **out, mrs_put_fn put, void *user, mars_error *err)
{
    struct mrs_list_writer *w = mrs_alloc(sizeof *w);

    *out = w;
    if (w == NULL)
        return mrs_nomem(err);
    w->put = put;
    w->user = user;
    w->refs = (struct mrs_vec)MRS_VEC_INIT(struct mrs_ref);
    w->extents = (struct mrs_vec)MRS_VEC_INIT(struct mrs_extent);
    for (size_t i = 0; i <= MRS_LEVEL_MAX; i++)
        w->levels[i] = (struct mrs_vec)MRS_VEC_INIT(struct mrs_list_child);
    return MARS_OK;
}

void
mrs_list_writer_free(struct mrs_list_writer *w)
{
    if (w == NULL)
        return;
    mrs_vec_free(&w->refs);
    mrs_vec_free(&w->extents);
    for (size_t i = 0; i <= MRS_LEVEL_MAX; i++)
        mrs_vec_free(&w->levels[i]);
    mrs_free(w);
}

static mars_status push_child(struct mrs_list_writer *w, uint8_t level,
                              const struct mrs_list_child *c, mars_error *err);

static mars_status
put_node(struct mrs_list_writer *w, struct mrs_list_node *n, mars_error *err)
{
    struct mrs_buf bytes = MRS_BUF_INIT(MRS_NODE_MAX);
    struct mrs_list_child c = { .size = n->size };
    mars_status st = mrs_list_encode(n, &bytes, err);

    if (st == MARS_OK)
        st = w->put(w->user, MRS_CLASS_LIST, bytes.data, bytes.len, c.id, err);
    if (st == MARS_OK)
        st = push_child(w, (uint8_t)(n->level + 1), &c, err);
    mrs_buf_free(&bytes);
    return st;
}

static mars_status
flush_level(struct mrs_list_writer *w, uint8_t level, mars_error *err)
{
    struct mrs_list_node n = { .level = level,
                               .children = w->levels[level].items,
                               .n_children = w->levels[level].len };
    mars_status st;

    for (size_t i = 0; i < n.n_children; i++)
        n.size += n.children[i].size;
    st = put_node(w, &n, err);
    w->levels[level].len = 0;
    return st;
}

static mars_status
push_child(struct mrs_list_writer *w, uint8_t level, const struct mrs_list_child *c,
           mars_error *err)
{
    struct mrs_list_child *at;

    if (level > MRS_LEVEL_MAX)
        return mrs_fail(err, MARS_ERR_UNSUPPORTED, "a stream is too long");
    at = mrs_vec_add(&w->levels[level]);
    if (at == NULL)
        return mrs_nomem(err);
    *at = *c;
    return mrs_list_inner_ends(c->id, w->levels[level].len) ? flush_level(w, level, err)
                                                            : MARS_OK;
}

/* Move what lies behind the first `bytes` of data out of the extents of this leaf: `rest` begins
 * the next one. Returns how many extents the leaf has. */
static size_t
split_extents(struct mrs_list_writer *w, uint64_t bytes, struct mrs_extent *rest)
{
    struct mrs_extent *x = w->extents.items;
    size_t i = 0;

    memset(rest, 0, sizeof *rest);
    while (i < w->extents.len && x[i].data <= bytes && (bytes > 0 || x[i].data == 0)) {
        bytes -= x[i].data;
        i++;
        if (bytes == 0)
            break;
    }
    if (i < w->extents.len && bytes > 0) {
        rest->data = x[i].data - bytes;
        x[i].data = bytes;
        i++;
    }
    return i;
}

/* The leaf takes its references and the extents that they fill; all: what is left too, as at the
 * stream's end. */
static mars_status
flush_leaf(struct mrs_list_writer *w, bool all, mars_error *err)
{
    struct mrs_extent rest = { 0, 0 };
    size_t taken = all ? w->extents.len : split_extents(w, w->ref_bytes, &rest);
    struct mrs_list_node n = { .refs = w->refs.items, .n_refs = w->refs.len };
    struct mrs_extent *x = w->extents.items;
    bool holes = false;
    size_t left;
    mars_status st;

    for (size_t i = 0; i < taken; i++) {
        n.size += x[i].hole + x[i].data;
        holes |= x[i].hole > 0;
    }
    if (holes) {
        n.extents = x;
        n.n_extents = taken;
    }
    st = put_node(w, &n, err);
    w->any_leaf = true;
    left = w->extents.len - taken;
    if (left > 0)
        memmove(x, x + taken, left * sizeof *x);
    w->extents.len = left;
    if (rest.data > 0) {
        struct mrs_extent *at = mrs_vec_add(&w->extents);

        if (at == NULL)
            return mrs_nomem(err);
        x = w->extents.items;
        memmove(x + 1, x, left * sizeof *x);
        x[0] = rest;
    }
    w->refs.len = 0;
    w->ref_bytes = 0;
    return st;
}

mars_status
mrs_list_writer_extent(struct mrs_list_writer *w, uint64_t hole, uint64_t data, mars_error *err)
{
    struct mrs_extent *last =
        w->extents.len > 0 ? mrs_vec_at(&w->extents, w->extents.len - 1) : NULL;

    w->size += hole + data;
    w->holes |= hole > 0;
    if (last != NULL && hole == 0) {
        last->data += data;
        return MARS_OK;
    }
    if (last != NULL && last->data == 0) {
        last->hole += hole;
        last->data = data;
        return MARS_OK;
    }
    last = mrs_vec_add(&w->extents);
    if (last == NULL)
        return mrs_nomem(err);
    last->hole = hole;
    last->data = data;
    return MARS_OK;
}

/* How many of the extents the references so far reach into. */
static size_t
extents_used(const struct mrs_list_writer *w)
{
    const struct mrs_extent *x = w->extents.items;
    uint64_t bytes = w->ref_bytes;
    size_t i = 0;

    while (i < w->extents.len && x[i].data <= bytes)
        bytes -= x[i++].data;
    return i;
}

mars_status
mrs_list_writer_ref(struct mrs_list_writer *w, const uint8_t id[32], uint64_t offset, uint64_t len,
                    mars_error *err)
{
    struct mrs_ref *r = mrs_vec_add(&w->refs);

    if (r == NULL)
        return mrs_nomem(err);
    memcpy(r->id, id, sizeof r->id);
    r->offset = offset;
    r->len = len;
    w->ref_bytes += len;
    /* Counting extents costs their number: only where there are many. */
    return mrs_list_leaf_ends(id, w->refs.len, w->extents.len < 4096 ? 0 : extents_used(w))
               ? flush_leaf(w, false, err)
               : MARS_OK;
}

mars_status
mrs_list_writer_finish(struct mrs_list_writer *w, struct mrs_content *c, uint64_t *size,
                       mars_error *err)
{
    const struct mrs_ref *one = w->refs.items;
    mars_status st = MARS_OK;

    memset(c, 0, sizeof *c);
    *size = w->size;
    if (w->size == 0)
        return MARS_OK;
    if (!w->any_leaf && !w->holes && w->refs.len == 1) {
        c->kind = MRS_CONTENT_CHUNK;
        c->offset = one->offset;
        memcpy(c->id, one->id, sizeof c->id);
        return MARS_OK;
    }
    if (w->refs.len > 0 || w->extents.len > 0)
        st = flush_leaf(w, true, err);
    for (uint8_t level = 1; st == MARS_OK && level <= MRS_LEVEL_MAX; level++) {
        const struct mrs_list_child *only = w->levels[level].items;
        bool higher = false;

        for (size_t i = level + 1U; i <= MRS_LEVEL_MAX; i++)
            higher |= w->levels[i].len > 0;
        if (w->levels[level].len == 1 && !higher) {
            c->kind = MRS_CONTENT_LIST;
            c->level = (uint8_t)(level - 1);
            memcpy(c->id, only->id, sizeof c->id);
            return MARS_OK;
        }
        if (w->levels[level].len > 0)
            st = flush_level(w, level, err);
    }
    return st != MARS_OK ? st : mrs_fail(err, MARS_ERR_INTERNAL, "content list without a root");
}
