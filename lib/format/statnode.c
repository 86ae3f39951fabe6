#include "format/column.h"

#include <stddef.h>
#include <string.h>

#include "base/alloc.h"
#include "base/err.h"
#include "format/field.h"

enum { COLUMN_FIRST = 64, COLUMN_SUB = 68, NS_MAX = 999999999 };

#define INTS(number, is_signed, member, max) \
    { (max), offsetof(struct mrs_entry_stat, member), (number), \
      sizeof(((struct mrs_entry_stat *)NULL)->member), 0, (is_signed) }

static const struct mrs_int_column columns[] = {
    INTS(COLUMN_FIRST, 1, ctime_s, 0),
    INTS(65, 0, ctime_ns, NS_MAX),
    INTS(66, 0, inode, UINT64_MAX),
    INTS(67, 0, generation, UINT64_MAX),
};
enum { COLUMNS = COLUMN_SUB - COLUMN_FIRST };
_Static_assert(sizeof columns / sizeof columns[0] == COLUMNS, "a column without a number");

/* Left out where there is nothing in any directory. */
static void
write_subs(struct mrs_wr *w, const struct mrs_entry_stat *stats, const struct mrs_entry *entries,
           size_t n)
{
    bool any = false;

    for (size_t i = 0; i < n; i++)
        any |= entries[i].type == MRS_ENTRY_DIR && stats[i].sub_kind != MRS_SUB_EMPTY;
    for (size_t i = 0; i < n && any; i++) {
        const struct mrs_entry_stat *s = &stats[i];

        if (entries[i].type != MRS_ENTRY_DIR)
            continue;
        mrs_wr_u8(w, s->sub_kind);
        if (s->sub_kind == MRS_SUB_INLINE) {
            mrs_wr_varint(w, s->sub_node.n);
            mrs_wr_bytes(w, s->sub_node.p, s->sub_node.n);
        } else if (s->sub_kind == MRS_SUB_REF) {
            mrs_wr_bytes(w, s->sub_id, sizeof s->sub_id);
        } else if (s->sub_kind != MRS_SUB_EMPTY && w->st == MARS_OK) {
            w->st = mrs_fail(w->err, MARS_ERR_INTERNAL, "stat node: kind %u of directory",
                             s->sub_kind);
        }
    }
}

static void
put_field(struct mrs_wr *w, uint32_t number, const struct mrs_wr *field)
{
    if (field->st != MARS_OK && w->st == MARS_OK)
        w->st = field->st;
    if (w->st == MARS_OK && field->b->len > 0)
        mrs_field_bytes(w, number, 0, field->b->data, field->b->len);
}

static mars_status
write_leaf(struct mrs_wr *w, const struct mrs_entry_stat *stats, const struct mrs_entry *entries,
           size_t n, uint64_t *values)
{
    struct mrs_buf bytes = MRS_BUF_INIT(w->b->max);
    struct mrs_wr field = mrs_wr_init(&bytes, w->err);

    mrs_wr_u8(w, 0);
    mrs_wr_varint(w, n);
    for (size_t i = 0; i < COLUMNS && w->st == MARS_OK; i++) {
        uint64_t joined = mrs_int_column_collect(&columns[i], stats, sizeof *stats, n, values);

        mrs_buf_reset(&bytes);
        if (joined != 0)
            mrs_int_column_write(&field, &columns[i], values, n, joined);
        put_field(w, columns[i].number, &field);
    }
    mrs_buf_reset(&bytes);
    if (w->st == MARS_OK)
        write_subs(&field, stats, entries, n);
    put_field(w, COLUMN_SUB, &field);
    mrs_buf_free(&bytes);
    return w->st;
}

mars_status
mrs_stat_leaf_encode(const struct mrs_entry_stat *stats, const struct mrs_entry *entries, size_t n,
                     struct mrs_buf *out, mars_error *err)
{
    struct mrs_wr w = mrs_wr_init(out, err);
    size_t start = out->len;
    uint64_t *values;
    mars_status st;

    if (n == 0 || n > MRS_LEAF_MAX)
        return mrs_fail(err, MARS_ERR_INTERNAL, "stat node: leaf of %zu entries", n);
    values = mrs_alloc_array(n, sizeof *values);
    st = values != NULL ? write_leaf(&w, stats, entries, n, values) : mrs_nomem(err);
    if (st != MARS_OK)
        out->len = start;
    mrs_free(values);
    return st;
}

mars_status
mrs_stat_inner_encode(uint8_t level, const uint8_t (*children)[32], size_t n, struct mrs_buf *out,
                      mars_error *err)
{
    struct mrs_wr w = mrs_wr_init(out, err);
    size_t start = out->len;

    if (level == 0 || level > MRS_LEVEL_MAX || n == 0 || n > MRS_LEAF_MAX)
        return mrs_fail(err, MARS_ERR_INTERNAL, "stat node: level %u with %zu children", level, n);
    mrs_wr_u8(&w, level);
    mrs_wr_varint(&w, n);
    mrs_wr_bytes(&w, children, n * sizeof *children);
    if (w.st != MARS_OK)
        out->len = start;
    return w.st;
}

static void
read_subs(struct mrs_rd *r, struct mrs_stat_node *node, const struct mrs_node *beside)
{
    for (size_t i = 0; i < node->n && !r->bad; i++) {
        struct mrs_entry_stat *s = &node->stats[i];

        if (beside->entries[i].type != MRS_ENTRY_DIR)
            continue;
        s->sub_kind = mrs_rd_u8(r);
        if (s->sub_kind == MRS_SUB_INLINE) {
            s->sub_node.n = (size_t)mrs_rd_varint_max(r, r->left);
            s->sub_node.p = mrs_rd_take(r, s->sub_node.n);
        } else if (s->sub_kind == MRS_SUB_REF) {
            mrs_rd_copy(r, s->sub_id, sizeof s->sub_id);
        } else {
            r->bad |= s->sub_kind != MRS_SUB_EMPTY;
        }
    }
}

static mars_status
read_field(struct mrs_stat_node *node, const struct mrs_node *beside, const struct mrs_field *f,
           uint64_t *values, mars_error *err)
{
    struct mrs_rd r = mrs_rd_init(f->data, f->len);

    if (f->number == COLUMN_SUB)
        read_subs(&r, node, beside);
    else if (f->number >= COLUMN_FIRST && f->number < COLUMN_SUB)
        mrs_int_column_read(&r, &columns[f->number - COLUMN_FIRST], node->stats,
                            sizeof *node->stats, node->n, values);
    else
        return mrs_field_unknown(f, "stat node", err);
    return mrs_rd_done(&r) ? MARS_OK
                           : mrs_fail(err, MARS_ERR_CORRUPT, "stat node: damaged column %u",
                                      (unsigned)f->number);
}

static mars_status
read_leaf(struct mrs_stat_node *node, const struct mrs_node *beside, struct mrs_rd *r,
          uint64_t *values, mars_error *err)
{
    struct mrs_field f = { 0, 0, NULL, 0 };
    uint32_t before = 0;

    while (mrs_field_next(r, &f)) {
        mars_status st;

        if (f.number == before && f.number <= COLUMN_SUB)
            r->bad = true;
        before = f.number;
        st = read_field(node, beside, &f, values, err);
        if (st != MARS_OK)
            return st;
    }
    return mrs_rd_done(r) ? MARS_OK
                          : mrs_fail(err, MARS_ERR_CORRUPT, "stat node: damaged columns");
}

static mars_status
decode_leaf(struct mrs_stat_node *node, const struct mrs_node *beside, struct mrs_rd *r,
            mars_error *err)
{
    uint64_t *values = mrs_alloc_array(node->n, sizeof *values);
    mars_status st;

    node->stats = mrs_alloc_array(node->n, sizeof *node->stats);
    st = values != NULL && node->stats != NULL ? read_leaf(node, beside, r, values, err)
                                               : mrs_nomem(err);
    mrs_free(values);
    return st;
}

static mars_status
decode_inner(struct mrs_stat_node *node, struct mrs_rd *r, mars_error *err)
{
    if (r->left != node->n * sizeof *node->children)
        return mrs_fail(err, MARS_ERR_CORRUPT, "stat node: damaged children");
    node->children = mrs_alloc_array(node->n, sizeof *node->children);
    if (node->children == NULL)
        return mrs_nomem(err);
    mrs_rd_copy(r, node->children, r->left);
    return MARS_OK;
}

mars_status
mrs_stat_node_decode(struct mrs_stat_node *node, const struct mrs_node *beside, const uint8_t *buf,
                     size_t len, mars_error *err)
{
    struct mrs_rd r = mrs_rd_init(buf, len);
    mars_status st;

    memset(node, 0, sizeof *node);
    if (len > MRS_NODE_MAX)
        return mrs_fail(err, MARS_ERR_CORRUPT, "stat node: %zu bytes", len);
    node->level = mrs_rd_u8(&r);
    node->n = (size_t)mrs_rd_varint_max(&r, MRS_LEAF_MAX);
    /* It is as large as what it stands beside, which paid for its size. */
    if (r.bad || node->n == 0 || node->n != beside->n || node->level != beside->level)
        st = mrs_fail(err, MARS_ERR_CORRUPT, "stat node: not the shape of its directory node");
    else
        st = node->level == 0 ? decode_leaf(node, beside, &r, err) : decode_inner(node, &r, err);
    if (st != MARS_OK)
        mrs_stat_node_free(node);
    return st;
}

void
mrs_stat_node_free(struct mrs_stat_node *node)
{
    if (node == NULL)
        return;
    mrs_free(node->stats);
    mrs_free(node->children);
    memset(node, 0, sizeof *node);
}
