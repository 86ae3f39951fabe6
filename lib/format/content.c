#include "format/content.h"

#include <string.h>

#include "base/alloc.h"
#include "base/err.h"

enum {
    REF_MIN = MRS_CHUNK_ID_SIZE + 2, /* the fewest bytes that each can take */
    EXTENT_MIN = 2,
    CHILD_MIN = MRS_CHUNK_ID_SIZE + 1,
    ATTR_MIN = 3
};

/* The one rule for writers and readers. */
static bool
is_sound(const struct mrs_content *c, uint64_t size, uint64_t inline_max)
{
    switch (c->kind) {
    case MRS_CONTENT_NONE:
        return size == 0;
    case MRS_CONTENT_INLINE:
        return size > 0 && size <= inline_max;
    case MRS_CONTENT_CHUNK:
        return size > 0 && size <= MRS_CHUNK_MAX && c->offset <= MRS_CHUNK_MAX - size;
    case MRS_CONTENT_LIST:
        return size > 0 && c->level <= MRS_LEVEL_MAX;
    default:
        return false;
    }
}

void
mrs_content_write_body(struct mrs_wr *w, const struct mrs_content *c, uint64_t size)
{
    /* How much may stand inside depends on the place; this is the most anywhere. */
    if (w->st == MARS_OK && !is_sound(c, size, MRS_ATTRS_INLINE_MAX))
        w->st = mrs_fail(w->err, MARS_ERR_INTERNAL, "content: kind %u cannot have this size",
                         c->kind);
    if (w->st != MARS_OK || c->kind == MRS_CONTENT_NONE)
        return;
    if (c->kind == MRS_CONTENT_INLINE) {
        mrs_wr_bytes(w, c->data, (size_t)size);
        return;
    }
    mrs_wr_bytes(w, c->id, sizeof c->id);
    mrs_wr_varint(w, c->kind == MRS_CONTENT_CHUNK ? c->offset : c->level);
}

void
mrs_content_read_body(struct mrs_rd *r, struct mrs_content *c, uint8_t kind, uint64_t size,
                      uint64_t inline_max)
{
    memset(c, 0, sizeof *c);
    c->kind = kind;
    if (kind == MRS_CONTENT_INLINE) {
        if (size <= inline_max)
            c->data = mrs_rd_take(r, (size_t)size);
    } else if (kind == MRS_CONTENT_CHUNK) {
        mrs_rd_copy(r, c->id, sizeof c->id);
        c->offset = mrs_rd_varint(r);
    } else if (kind == MRS_CONTENT_LIST) {
        mrs_rd_copy(r, c->id, sizeof c->id);
        c->level = (uint8_t)mrs_rd_varint_max(r, MRS_LEVEL_MAX);
    }
    r->bad |= !is_sound(c, size, inline_max);
}

void
mrs_content_write(struct mrs_wr *w, const struct mrs_content *c, uint64_t size)
{
    mrs_wr_varint(w, c->kind);
    mrs_content_write_body(w, c, size);
}

void
mrs_content_read(struct mrs_rd *r, struct mrs_content *c, uint64_t size, uint64_t inline_max)
{
    uint8_t kind = (uint8_t)mrs_rd_varint_max(r, UINT8_MAX);

    mrs_content_read_body(r, c, kind, size, inline_max);
}

/* Adds n to *sum; false where that passes 2^64. */
static bool
add_up(uint64_t *sum, uint64_t n)
{
    *sum += n;
    return *sum >= n;
}

/* What a node must be on both ways; *size gets what it spans. */
static bool
leaf_is_sound(const struct mrs_list_node *n, uint64_t *size)
{
    uint64_t referred = 0, data = 0, holes = 0;

    for (size_t i = 0; i < n->n_refs; i++) {
        const struct mrs_ref *r = &n->refs[i];

        if (r->len == 0 || r->len > MRS_CHUNK_MAX || r->offset > MRS_CHUNK_MAX - r->len ||
            !add_up(&referred, r->len))
            return false;
    }
    for (size_t i = 0; i < n->n_extents; i++) {
        const struct mrs_extent *x = &n->extents[i];

        if (x->hole == 0 && x->data == 0)
            return false;
        if (!add_up(&data, x->data) || !add_up(&holes, x->hole))
            return false;
    }
    *size = referred;
    return n->n_refs <= MRS_LIST_MAX && n->n_extents <= MRS_LIST_MAX && n->n_children == 0 &&
           (n->n_extents == 0 || data == referred) && add_up(size, holes) && *size > 0;
}

static bool
node_is_sound(const struct mrs_list_node *n, uint64_t *size)
{
    *size = 0;
    if (n->level == 0)
        return leaf_is_sound(n, size);
    for (size_t i = 0; i < n->n_children; i++)
        if (n->children[i].size == 0 || !add_up(size, n->children[i].size))
            return false;
    return n->level <= MRS_LEVEL_MAX && n->n_children > 0 && n->n_children <= MRS_LIST_MAX &&
           n->n_refs == 0 && n->n_extents == 0;
}

mars_status
mrs_list_encode(const struct mrs_list_node *n, struct mrs_buf *out, mars_error *err)
{
    struct mrs_wr w = mrs_wr_init(out, err);
    size_t start = out->len;
    uint64_t size;

    if (!node_is_sound(n, &size) || n->size != size)
        return mrs_fail(err, MARS_ERR_INTERNAL, "content list: node does not add up");
    mrs_wr_u8(&w, n->level);
    mrs_wr_varint(&w, n->level == 0 ? n->n_refs : n->n_children);
    for (size_t i = 0; i < n->n_refs; i++) {
        mrs_wr_bytes(&w, n->refs[i].id, sizeof n->refs[i].id);
        mrs_wr_varint(&w, n->refs[i].offset);
        mrs_wr_varint(&w, n->refs[i].len);
    }
    if (n->level == 0)
        mrs_wr_varint(&w, n->n_extents);
    for (size_t i = 0; i < n->n_extents; i++) {
        mrs_wr_varint(&w, n->extents[i].hole);
        mrs_wr_varint(&w, n->extents[i].data);
    }
    for (size_t i = 0; i < n->n_children; i++) {
        mrs_wr_bytes(&w, n->children[i].id, sizeof n->children[i].id);
        mrs_wr_varint(&w, n->children[i].size);
    }
    if (w.st != MARS_OK)
        out->len = start;
    return w.st;
}

/* A count, and zeroed memory for so many elements: no more than the bytes present can hold. NULL
 * for none of them, on damage, or (*nomem) without memory. */
static void *
read_count(struct mrs_rd *r, size_t min, size_t size, size_t *n, bool *nomem)
{
    void *p;

    *n = (size_t)mrs_rd_varint_max(r, MRS_LIST_MAX);
    r->bad |= *n > r->left / min;
    if (r->bad)
        *n = 0;
    if (*n == 0)
        return NULL;
    p = mrs_alloc_array(*n, size);
    if (p == NULL) {
        *nomem = r->bad = true;
        *n = 0;
    }
    return p;
}

static void
read_leaf(struct mrs_rd *r, struct mrs_list_node *n, bool *nomem)
{
    n->refs = read_count(r, REF_MIN, sizeof *n->refs, &n->n_refs, nomem);
    for (size_t i = 0; i < n->n_refs; i++) {
        mrs_rd_copy(r, n->refs[i].id, sizeof n->refs[i].id);
        n->refs[i].offset = mrs_rd_varint(r);
        n->refs[i].len = mrs_rd_varint(r);
    }
    n->extents = read_count(r, EXTENT_MIN, sizeof *n->extents, &n->n_extents, nomem);
    for (size_t i = 0; i < n->n_extents; i++) {
        n->extents[i].hole = mrs_rd_varint(r);
        n->extents[i].data = mrs_rd_varint(r);
    }
}

static void
read_children(struct mrs_rd *r, struct mrs_list_node *n, bool *nomem)
{
    n->children = read_count(r, CHILD_MIN, sizeof *n->children, &n->n_children, nomem);
    for (size_t i = 0; i < n->n_children; i++) {
        mrs_rd_copy(r, n->children[i].id, sizeof n->children[i].id);
        n->children[i].size = mrs_rd_varint(r);
    }
}

mars_status
mrs_list_decode(struct mrs_list_node *n, const uint8_t *buf, size_t len, mars_error *err)
{
    struct mrs_rd r = mrs_rd_init(buf, len);
    bool nomem = false;

    memset(n, 0, sizeof *n);
    if (len > MRS_NODE_MAX)
        return mrs_fail(err, MARS_ERR_CORRUPT, "content list: node of %zu bytes", len);
    n->level = mrs_rd_u8(&r);
    if (n->level == 0)
        read_leaf(&r, n, &nomem);
    else
        read_children(&r, n, &nomem);
    if (mrs_rd_done(&r) && node_is_sound(n, &n->size))
        return MARS_OK;
    mrs_list_free(n);
    return nomem ? mrs_nomem(err) : mrs_fail(err, MARS_ERR_CORRUPT, "content list: damaged node");
}

void
mrs_list_free(struct mrs_list_node *n)
{
    if (n == NULL)
        return;
    mrs_free(n->refs);
    mrs_free(n->extents);
    mrs_free(n->children);
    memset(n, 0, sizeof *n);
}

/* Systems take names as C strings: a NUL inside would make another name of it. */
static bool
name_follows(const struct mrs_attr *a, const struct mrs_attr *before)
{
    size_t n = a->name_len < before->name_len ? a->name_len : before->name_len;
    int order = n > 0 ? memcmp(a->name, before->name, n) : 0;

    return a->name_len > 0 && memchr(a->name, 0, a->name_len) == NULL &&
           (order > 0 || (order == 0 && a->name_len > before->name_len));
}

mars_status
mrs_attrs_encode(const struct mrs_attr *attrs, size_t n, struct mrs_buf *out, mars_error *err)
{
    struct mrs_wr w = mrs_wr_init(out, err);
    struct mrs_attr before = { NULL, 0, NULL, 0 };
    size_t start = out->len;

    mrs_wr_varint(&w, n);
    for (size_t i = 0; i < n && w.st == MARS_OK; i++) {
        const struct mrs_attr *a = &attrs[i];

        if (!name_follows(a, &before)) {
            w.st = mrs_fail(err, MARS_ERR_INTERNAL, "attribute set: names do not ascend");
            break;
        }
        mrs_wr_varint(&w, a->name_len);
        mrs_wr_bytes(&w, a->name, a->name_len);
        mrs_wr_varint(&w, a->value_len);
        mrs_wr_bytes(&w, a->value, a->value_len);
        before = *a;
    }
    if (w.st == MARS_OK && out->len - start > MRS_ATTRS_MAX)
        w.st = mrs_fail(err, MARS_ERR_UNSUPPORTED, "attribute set of more than %d bytes",
                        MRS_ATTRS_MAX);
    if (w.st != MARS_OK)
        out->len = start;
    return w.st;
}

static const uint8_t *
read_bytes(struct mrs_rd *r, size_t *n)
{
    uint64_t len = mrs_rd_varint_max(r, r->left);

    *n = (size_t)len;
    return mrs_rd_take(r, *n);
}

/* fn may be NULL: check only. */
static mars_status
walk_attrs(struct mrs_rd *r, mrs_attr_fn fn, void *user, mars_error *err)
{
    struct mrs_attr before = { NULL, 0, NULL, 0 };
    size_t n = (size_t)mrs_rd_varint_max(r, r->left / (ATTR_MIN - 1));
    mars_status st = MARS_OK;

    for (size_t i = 0; i < n && !r->bad && st == MARS_OK; i++) {
        struct mrs_attr a;

        a.name = read_bytes(r, &a.name_len);
        a.value = read_bytes(r, &a.value_len);
        r->bad |= r->bad || !name_follows(&a, &before);
        before = a;
        if (fn != NULL && !r->bad)
            st = fn(user, &a, err);
    }
    if (st == MARS_OK && !mrs_rd_done(r))
        st = mrs_fail(err, MARS_ERR_CORRUPT, "attribute set: damaged");
    return st;
}

mars_status
mrs_attrs_decode(const uint8_t *buf, size_t len, mrs_attr_fn fn, void *user, mars_error *err)
{
    struct mrs_rd check = mrs_rd_init(buf, len), r = check;
    mars_status st;

    if (len > MRS_ATTRS_MAX)
        return mrs_fail(err, MARS_ERR_CORRUPT, "attribute set of %zu bytes", len);
    st = walk_attrs(&check, NULL, NULL, err); /* nothing of a damaged set is used */
    return st == MARS_OK && fn != NULL ? walk_attrs(&r, fn, user, err) : st;
}

mars_status
mrs_skip_encode(const struct mrs_skip *s, struct mrs_buf *out, mars_error *err)
{
    struct mrs_wr w = mrs_wr_init(out, err);
    size_t start = out->len;

    if (s->path_len == 0 || s->reason == 0)
        return mrs_fail(err, MARS_ERR_INTERNAL, "skipped list: entry without a path or reason");
    mrs_wr_varint(&w, s->path_len);
    mrs_wr_bytes(&w, s->path, s->path_len);
    mrs_wr_varint(&w, s->reason);
    mrs_wr_varint(&w, s->os_code);
    mrs_wr_varint(&w, s->message_len);
    mrs_wr_bytes(&w, s->message, s->message_len);
    if (w.st != MARS_OK)
        out->len = start;
    return w.st;
}

void
mrs_skip_decode(struct mrs_rd *r, struct mrs_skip *s)
{
    memset(s, 0, sizeof *s);
    s->path = read_bytes(r, &s->path_len);
    s->reason = (uint32_t)mrs_rd_varint_max(r, UINT32_MAX);
    s->os_code = (uint32_t)mrs_rd_varint_max(r, UINT32_MAX);
    s->message = (const char *)read_bytes(r, &s->message_len);
    r->bad |= s->path_len == 0 || s->reason == 0;
    if (r->bad)
        memset(s, 0, sizeof *s);
}
