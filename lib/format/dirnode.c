#include "format/leaf.h"

#include <stddef.h>
#include <string.h>

#include "base/alloc.h"
#include "base/err.h"
#include "base/vec.h"
#include "format/field.h"

enum { CHILD_MIN = 1 + 1 + MRS_CHUNK_ID_SIZE + 3 }; /* the fewest bytes of one */

/* Prefixes that names share make joined names longer than the node that tells them. */
#define JOINED_NAMES_MAX ((size_t)2 * MRS_NODE_MAX)
#define NS_MAX 999999999

#define INTS(number, critical, is_signed, member, max) \
    [number] = { (max), offsetof(struct mrs_entry, member), (number), \
                 sizeof(((struct mrs_entry *)NULL)->member), (critical), (is_signed) }
#define OTHER(number, critical) [number] = { 0, 0, (number), 0, (critical), 0 }

const struct mrs_int_column mrs_leaf_columns[MRS_LEAF_COLUMNS] = {
    OTHER(MRS_COLUMN_NAME, 1),
    INTS(MRS_COLUMN_TYPE, 1, 0, type, MRS_ENTRY_BLOCKDEV),
    INTS(3, 0, 0, mode, 07777),
    INTS(4, 0, 0, uid, UINT64_MAX),
    INTS(5, 0, 0, gid, UINT64_MAX),
    OTHER(MRS_COLUMN_USER, 0),
    OTHER(MRS_COLUMN_GROUP, 0),
    INTS(8, 0, 1, mtime_s, 0),
    INTS(9, 0, 0, mtime_ns, NS_MAX),
    INTS(10, 0, 1, btime_s, 0),
    INTS(11, 0, 0, btime_ns, NS_MAX),
    INTS(12, 0, 0, rdev_major, UINT32_MAX),
    INTS(13, 0, 0, rdev_minor, UINT32_MAX),
    OTHER(MRS_COLUMN_TARGET, 1),
    OTHER(MRS_COLUMN_LINK_GROUP, 0),
    INTS(MRS_COLUMN_ATTRS_INDEX, 0, 0, attrs_size, MRS_LEAF_MAX),
    OTHER(MRS_COLUMN_ATTRS, 0),
    INTS(18, 0, 0, flags, UINT32_MAX),
    INTS(19, 1, 0, size, UINT64_MAX),
    INTS(20, 1, 0, content.kind, MRS_CONTENT_LIST),
    OTHER(MRS_COLUMN_CONTENT, 1),
    INTS(22, 0, 0, chunker, UINT8_MAX),
    OTHER(MRS_COLUMN_SUB, 1),
};

bool
mrs_leaf_name_ok(struct mrs_slice name, bool is_root)
{
    if (name.n == 0 || name.n > MRS_NAME_BYTES_MAX)
        return false;
    if (name.p[0] == '/' && name.n == 1)
        return is_root;
    if (name.p[0] == '.' && (name.n == 1 || (name.n == 2 && name.p[1] == '.')))
        return false;
    return memchr(name.p, '/', name.n) == NULL && memchr(name.p, 0, name.n) == NULL;
}

bool
mrs_sub_ok(const struct mrs_sub *s)
{
    if (s->kind == MRS_SUB_INLINE) /* a leaf begins with its level, 0 */
        return s->node.n > 0 && s->node.n < MRS_NODE_INLINE_MAX && s->node.p[0] == 0;
    return s->kind == MRS_SUB_EMPTY || (s->kind == MRS_SUB_REF && s->level <= MRS_LEVEL_MAX);
}

struct decoder {
    struct mrs_entry *entries;
    size_t n;
    uint64_t *values;         /* scratch, 2 * n */
    struct mrs_slice *slices; /* scratch, n */
    bool nomem;
};

struct owner {
    uint64_t id;
    struct mrs_slice name;
};

static struct mrs_slice
read_slice(struct mrs_rd *r)
{
    struct mrs_slice s = { NULL, (size_t)mrs_rd_varint_max(r, r->left) };

    s.p = mrs_rd_take(r, s.n);
    return s;
}

/* A zeroed element more, at most one for each entry; NULL, and r bad, otherwise. */
static void *
add_row(struct decoder *x, struct mrs_rd *r, struct mrs_vec *v)
{
    void *row = NULL;

    if (v->len < x->n) {
        row = mrs_vec_add(v);
        x->nomem |= row == NULL;
    }
    r->bad |= row == NULL;
    return row;
}

static struct mrs_slice
find_owner(const struct mrs_vec *owners, uint64_t id)
{
    const struct owner *o = owners->items;
    struct mrs_slice none = { NULL, 0 };
    size_t from = 0, to = owners->len;

    while (from < to) {
        size_t mid = from + (to - from) / 2;

        if (o[mid].id == id)
            return o[mid].name;
        if (o[mid].id < id)
            from = mid + 1;
        else
            to = mid;
    }
    return none;
}

static void
read_owners(struct decoder *x, struct mrs_rd *r, bool groups)
{
    struct mrs_vec owners = MRS_VEC_INIT(struct owner);
    struct owner last = { 0, { NULL, 0 } };

    while (r->left > 0 && !r->bad) {
        struct owner *o = add_row(x, r, &owners);

        if (o == NULL)
            break;
        o->id = mrs_rd_varint(r);
        o->name = read_slice(r);
        r->bad |= owners.len > 1 && o->id <= last.id;
        last = *o;
    }
    for (size_t i = 0; i < x->n && !r->bad; i++) {
        struct mrs_entry *e = &x->entries[i];
        uint64_t id = groups ? e->gid : e->uid;

        if (i == 0 || id != last.id) {
            last.id = id;
            last.name = find_owner(&owners, id);
        }
        if (groups)
            e->group = last.name;
        else
            e->user = last.name;
    }
    mrs_vec_free(&owners);
}

static void
read_strings(struct decoder *x, struct mrs_rd *r, bool link_groups)
{
    mrs_strings_read(r, x->slices, x->n, x->values);
    for (size_t i = 0; i < x->n && !r->bad; i++) {
        struct mrs_slice s = x->slices[i];

        if (link_groups) {
            r->bad |= s.n != 0 && s.n != MRS_LINK_GROUP_SIZE;
            x->entries[i].link_group = s;
        } else {
            x->entries[i].target = s;
        }
    }
}

struct attrs {
    uint64_t size;
    struct mrs_content content;
};

/* Until here attrs_size held the number of the set. */
static void
read_attrs(struct decoder *x, struct mrs_rd *r)
{
    struct mrs_vec sets = MRS_VEC_INIT(struct attrs);

    while (r->left > 0 && !r->bad) {
        struct attrs *a = add_row(x, r, &sets);

        if (a == NULL)
            break;
        a->size = mrs_rd_varint_max(r, MRS_ATTRS_MAX);
        r->bad |= a->size == 0;
        mrs_content_read(r, &a->content, a->size, MRS_ATTRS_INLINE_MAX);
    }
    for (size_t i = 0; i < x->n && !r->bad; i++) {
        struct mrs_entry *e = &x->entries[i];
        const struct attrs *a;

        r->bad |= e->attrs_size > sets.len;
        if (e->attrs_size == 0 || r->bad)
            continue;
        a = mrs_vec_at(&sets, (size_t)e->attrs_size - 1);
        e->attrs_size = a->size;
        e->attrs = a->content;
    }
    mrs_vec_free(&sets);
}

static void
read_contents(struct decoder *x, struct mrs_rd *r)
{
    for (size_t i = 0; i < x->n && !r->bad; i++) {
        struct mrs_entry *e = &x->entries[i];

        mrs_content_read_body(r, &e->content, e->content.kind, e->size, MRS_INLINE_MAX);
    }
}

static void
read_totals(struct mrs_rd *r, struct mrs_totals *t)
{
    t->entries = mrs_rd_varint(r);
    t->bytes = mrs_rd_varint(r);
    t->errors = mrs_rd_varint(r);
}

static void
read_sub(struct mrs_rd *r, struct mrs_sub *s)
{
    s->kind = mrs_rd_u8(r);
    if (s->kind != MRS_SUB_EMPTY)
        read_totals(r, &s->totals);
    if (s->kind == MRS_SUB_INLINE) {
        s->node = read_slice(r);
    } else if (s->kind == MRS_SUB_REF) {
        mrs_rd_copy(r, s->id, sizeof s->id);
        s->level = (uint8_t)mrs_rd_varint_max(r, MRS_LEVEL_MAX);
    }
    r->bad |= r->bad || !mrs_sub_ok(s);
}

static void
read_subs(struct decoder *x, struct mrs_rd *r)
{
    for (size_t i = 0; i < x->n && !r->bad; i++)
        if (x->entries[i].type == MRS_ENTRY_DIR)
            read_sub(r, &x->entries[i].sub);
}

static void
read_column(struct decoder *x, struct mrs_rd *r, uint32_t number)
{
    switch (number) {
    case MRS_COLUMN_USER:
    case MRS_COLUMN_GROUP:
        read_owners(x, r, number == MRS_COLUMN_GROUP);
        break;
    case MRS_COLUMN_TARGET:
    case MRS_COLUMN_LINK_GROUP:
        read_strings(x, r, number == MRS_COLUMN_LINK_GROUP);
        break;
    case MRS_COLUMN_ATTRS:
        read_attrs(x, r);
        break;
    case MRS_COLUMN_CONTENT:
        read_contents(x, r);
        break;
    case MRS_COLUMN_SUB:
        read_subs(x, r);
        break;
    default:
        mrs_int_column_read(r, &mrs_leaf_columns[number], x->entries, sizeof *x->entries, x->n,
                            x->values);
    }
}

static mars_status
damaged(const struct decoder *x, uint32_t number, mars_error *err)
{
    if (x->nomem)
        return mrs_nomem(err);
    return mrs_fail(err, MARS_ERR_CORRUPT, "directory node: damaged column %u", (unsigned)number);
}

/* All columns behind the names. */
static mars_status
read_columns(struct decoder *x, struct mrs_rd *r, struct mrs_field *f, mars_error *err)
{
    static const uint8_t needed[] = { MRS_COLUMN_ATTRS, MRS_COLUMN_CONTENT };
    bool seen[MRS_LEAF_COLUMNS] = { [MRS_COLUMN_NAME] = true };

    while (mrs_field_next(r, f)) {
        struct mrs_rd column = mrs_rd_init(f->data, f->len);

        if (f->number == 0 || f->number >= MRS_LEAF_COLUMNS) {
            mars_status st = mrs_field_unknown(f, "directory node", err);

            if (st != MARS_OK)
                return st;
            continue;
        }
        if (!seen[f->number])
            read_column(x, &column, f->number);
        if (seen[f->number] || !mrs_rd_done(&column))
            return damaged(x, f->number, err);
        seen[f->number] = true;
    }
    /* Missing ones are empty, which the others may not allow. */
    for (size_t i = 0; i < sizeof needed && !r->bad; i++) {
        struct mrs_rd none = mrs_rd_init(NULL, 0);

        if (!seen[needed[i]])
            read_column(x, &none, needed[i]);
        if (none.bad)
            return damaged(x, needed[i], err);
    }
    for (size_t i = 0; i < x->n; i++)
        if (x->entries[i].type == 0)
            return damaged(x, MRS_COLUMN_TYPE, err);
    return MARS_OK;
}

/* Entries are made once the names have been read: n alone claims no more than its scratch. */
static mars_status
read_leaf(struct decoder *x, struct mrs_node *node, struct mrs_rd *r, bool is_root,
          mars_error *err)
{
    struct mrs_field f = { 0, 0, NULL, 0 };
    struct mrs_rd column;
    mars_status st;

    if (!mrs_field_next(r, &f) || f.number != MRS_COLUMN_NAME)
        return mrs_fail(err, MARS_ERR_CORRUPT, "directory node: no names");
    column = mrs_rd_init(f.data, f.len);
    st = mrs_names_read(&column, x->slices, x->n, x->values, JOINED_NAMES_MAX, &node->names, err);
    if (st != MARS_OK)
        return st;
    node->entries = mrs_alloc_array(x->n, sizeof *node->entries);
    if (node->entries == NULL)
        return mrs_nomem(err);
    node->n = x->n;
    x->entries = node->entries;
    if (!mrs_rd_done(&column))
        return damaged(x, MRS_COLUMN_NAME, err);
    for (size_t i = 0; i < x->n; i++) {
        x->entries[i].name = x->slices[i];
        if (!mrs_leaf_name_ok(x->slices[i], is_root && x->n == 1))
            return mrs_fail(err, MARS_ERR_CORRUPT, "directory node: a name that is not allowed");
    }
    st = read_columns(x, r, &f, err);
    if (st == MARS_OK && !mrs_rd_done(r))
        st = mrs_fail(err, MARS_ERR_CORRUPT, "directory node: damaged columns");
    return st;
}

static mars_status
decode_leaf(struct mrs_node *node, struct mrs_rd *r, bool is_root, mars_error *err)
{
    struct decoder x = { NULL, (size_t)mrs_rd_varint_max(r, MRS_LEAF_MAX), NULL, NULL, false };
    mars_status st;

    if (x.n == 0)
        return mrs_fail(err, MARS_ERR_CORRUPT, "directory node: number of entries out of range");
    x.values = mrs_alloc_array(2 * x.n, sizeof *x.values);
    x.slices = mrs_alloc_array(x.n, sizeof *x.slices);
    st = x.values != NULL && x.slices != NULL ? read_leaf(&x, node, r, is_root, err)
                                              : mrs_nomem(err);
    mrs_free(x.values);
    mrs_free(x.slices);
    return st;
}

static int
compare(struct mrs_slice a, struct mrs_slice b)
{
    int order = memcmp(a.p, b.p, a.n < b.n ? a.n : b.n);

    return order != 0 ? order : (a.n > b.n) - (a.n < b.n);
}

static bool
last_name_ok(const struct mrs_node_child *children, size_t i)
{
    return mrs_leaf_name_ok(children[i].last, false) &&
           (i == 0 || compare(children[i].last, children[i - 1].last) > 0);
}

static mars_status
decode_inner(struct mrs_node *node, struct mrs_rd *r, mars_error *err)
{
    size_t n = (size_t)mrs_rd_varint_max(r, MRS_LEAF_MAX);

    if (n == 0 || n > r->left / CHILD_MIN)
        return mrs_fail(err, MARS_ERR_CORRUPT, "directory node: number of children out of range");
    node->children = mrs_alloc_array(n, sizeof *node->children);
    if (node->children == NULL)
        return mrs_nomem(err);
    node->n = n;
    for (size_t i = 0; i < n && !r->bad; i++) {
        struct mrs_node_child *c = &node->children[i];

        c->last = read_slice(r);
        mrs_rd_copy(r, c->id, sizeof c->id);
        read_totals(r, &c->totals);
        r->bad |= r->bad || !last_name_ok(node->children, i);
    }
    return mrs_rd_done(r) ? MARS_OK
                          : mrs_fail(err, MARS_ERR_CORRUPT, "directory node: damaged children");
}

mars_status
mrs_node_decode(struct mrs_node *node, const uint8_t *buf, size_t len, int is_root,
                mars_error *err)
{
    struct mrs_rd r = mrs_rd_init(buf, len);
    mars_status st;

    memset(node, 0, sizeof *node);
    if (len == 0 || len > MRS_NODE_MAX)
        return mrs_fail(err, MARS_ERR_CORRUPT, "directory node: %zu bytes", len);
    node->level = mrs_rd_u8(&r);
    if (node->level > MRS_LEVEL_MAX)
        st = mrs_fail(err, MARS_ERR_CORRUPT, "directory node: level %u", node->level);
    else
        st = node->level == 0 ? decode_leaf(node, &r, is_root != 0, err)
                              : decode_inner(node, &r, err);
    if (st != MARS_OK)
        mrs_node_free(node);
    return st;
}

void
mrs_node_free(struct mrs_node *node)
{
    if (node == NULL)
        return;
    mrs_free(node->entries);
    mrs_free(node->children);
    mrs_free(node->names);
    memset(node, 0, sizeof *node);
}

mars_status
mrs_inner_encode(uint8_t level, const struct mrs_node_child *children, size_t n,
                 struct mrs_buf *out, mars_error *err)
{
    struct mrs_wr w = mrs_wr_init(out, err);
    size_t start = out->len;

    if (level == 0 || level > MRS_LEVEL_MAX || n == 0 || n > MRS_LEAF_MAX)
        return mrs_fail(err, MARS_ERR_INTERNAL, "directory node: level %u with %zu children",
                        level, n);
    mrs_wr_u8(&w, level);
    mrs_wr_varint(&w, n);
    for (size_t i = 0; i < n && w.st == MARS_OK; i++) {
        const struct mrs_node_child *c = &children[i];

        if (!last_name_ok(children, i))
            w.st = mrs_fail(err, MARS_ERR_INTERNAL, "directory node: last names do not ascend");
        mrs_wr_varint(&w, c->last.n);
        mrs_wr_bytes(&w, c->last.p, c->last.n);
        mrs_wr_bytes(&w, c->id, sizeof c->id);
        mrs_wr_varint(&w, c->totals.entries);
        mrs_wr_varint(&w, c->totals.bytes);
        mrs_wr_varint(&w, c->totals.errors);
    }
    if (w.st != MARS_OK)
        out->len = start;
    return w.st;
}
