#include "format/leaf.h"

#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/err.h"
#include "base/vec.h"
#include "format/field.h"

enum { COLUMN_GUESS = 40 }; /* bytes of an entry in its longest column, about */

struct encoder {
    const struct mrs_entry *entries;
    size_t n;
    uint64_t *values;         /* scratch, 2 * n */
    struct mrs_slice *slices; /* scratch, n */
    struct mrs_buf field;     /* the column in the making */
    struct mrs_vec sets;      /* const struct mrs_entry *: the first that has each attribute set */
};

static void
refuse(struct mrs_wr *w, const char *what)
{
    if (w->st == MARS_OK)
        w->st = mrs_fail(w->err, MARS_ERR_INTERNAL, "directory node: %s", what);
}

static void
write_names(struct encoder *x, struct mrs_wr *w)
{
    for (size_t i = 0; i < x->n; i++) {
        const struct mrs_entry *e = &x->entries[i];

        x->slices[i] = e->name;
        if (!mrs_leaf_name_ok(e->name, x->n == 1))
            refuse(w, "a name that no directory can hold");
        if (e->type == 0)
            refuse(w, "an entry without a type");
    }
    mrs_names_write(w, x->slices, x->n, x->values);
}

/* A name for an owner's id, and whose entry gave it: the first counts. */
struct owner {
    uint64_t id;
    struct mrs_slice name;
    size_t at;
};

static int
by_id(const void *a, const void *b)
{
    const struct owner *x = a;
    const struct owner *y = b;

    if (x->id != y->id)
        return x->id < y->id ? -1 : 1;
    return x->at < y->at ? -1 : 1;
}

/* Ids that were noted lately: mostly all, so that few are noted, and sorted, twice. */
struct noted {
    uint64_t id[16];
    bool set[16];
};

static mars_status
note_owner(struct mrs_vec *owners, struct noted *lately, uint64_t id, struct mrs_slice name,
           size_t at, mars_error *err)
{
    struct owner *o;

    if (name.n == 0 || (lately->set[id % 16] && lately->id[id % 16] == id))
        return MARS_OK;
    lately->set[id % 16] = true;
    lately->id[id % 16] = id;
    o = mrs_vec_add(owners);
    if (o == NULL)
        return mrs_nomem(err);
    o->id = id;
    o->name = name;
    o->at = at;
    return MARS_OK;
}

static void
write_owners(struct encoder *x, struct mrs_wr *w, bool groups)
{
    struct mrs_vec owners = MRS_VEC_INIT(struct owner);
    struct noted lately = { { 0 }, { false } };
    const struct owner *o;

    for (size_t i = 0; i < x->n && w->st == MARS_OK; i++) {
        const struct mrs_entry *e = &x->entries[i];

        w->st = note_owner(&owners, &lately, groups ? e->gid : e->uid, groups ? e->group : e->user,
                           i, w->err);
    }
    if (owners.len > 1)
        qsort(owners.items, owners.len, sizeof *o, by_id);
    o = owners.items;
    for (size_t i = 0; i < owners.len; i++) {
        if (i > 0 && o[i].id == o[i - 1].id)
            continue;
        mrs_wr_varint(w, o[i].id);
        mrs_wr_varint(w, o[i].name.n);
        mrs_wr_bytes(w, o[i].name.p, o[i].name.n);
    }
    mrs_vec_free(&owners);
}

static void
write_strings(struct encoder *x, struct mrs_wr *w, bool link_groups)
{
    bool any = false;

    for (size_t i = 0; i < x->n; i++) {
        const struct mrs_entry *e = &x->entries[i];

        x->slices[i] = link_groups ? e->link_group : e->target;
        any |= x->slices[i].n > 0;
        if (link_groups && e->link_group.n != 0 && e->link_group.n != MRS_LINK_GROUP_SIZE)
            refuse(w, "a hard-link group of the wrong size");
    }
    if (any)
        mrs_strings_write(w, x->slices, x->n, x->values);
}

static bool
same_attrs(const struct mrs_entry *a, const struct mrs_entry *b)
{
    if (a->attrs_size != b->attrs_size || a->attrs.kind != b->attrs.kind)
        return false;
    if (a->attrs.kind == MRS_CONTENT_INLINE)
        return memcmp(a->attrs.data, b->attrs.data, (size_t)a->attrs_size) == 0;
    return memcmp(a->attrs.id, b->attrs.id, sizeof a->attrs.id) == 0 &&
           a->attrs.offset == b->attrs.offset && a->attrs.level == b->attrs.level;
}

static uint64_t
hash_attrs(const struct mrs_entry *e)
{
    static const uint8_t key[16] = { 0 };

    if (e->attrs.kind == MRS_CONTENT_INLINE)
        return mrs_siphash(key, e->attrs.data, (size_t)e->attrs_size);
    return mrs_siphash(key, e->attrs.id, sizeof e->attrs.id);
}

static bool
attrs_ok(const struct mrs_entry *e)
{
    return e->attrs.kind != MRS_CONTENT_NONE && e->attrs_size <= MRS_ATTRS_MAX &&
           (e->attrs.kind != MRS_CONTENT_INLINE || e->attrs_size <= MRS_ATTRS_INLINE_MAX);
}

/* The number, from 1, of the entry's attribute set, new or known. slots is a hash table of such
 * numbers. 0: out of memory. */
static uint32_t
number_attrs(struct encoder *x, const struct mrs_entry *e, uint32_t *slots, size_t mask)
{
    size_t at = (size_t)hash_attrs(e) & mask;
    const struct mrs_entry **set;

    for (; slots[at] != 0; at = (at + 1) & mask) {
        set = mrs_vec_at(&x->sets, slots[at] - 1);
        if (same_attrs(*set, e))
            return slots[at];
    }
    set = mrs_vec_add(&x->sets);
    if (set == NULL)
        return 0;
    *set = e;
    return slots[at] = (uint32_t)x->sets.len;
}

static void
number_all_attrs(struct encoder *x, struct mrs_wr *w, uint32_t *slots, size_t mask)
{
    const struct mrs_entry *before = NULL;

    for (size_t i = 0; i < x->n && w->st == MARS_OK; i++) {
        const struct mrs_entry *e = &x->entries[i];

        x->values[i] = 0;
        if (e->attrs_size == 0)
            continue;
        if (!attrs_ok(e)) {
            refuse(w, "an attribute set without content");
        } else if (before != NULL && same_attrs(before, e)) {
            x->values[i] = x->values[before - x->entries];
        } else {
            x->values[i] = number_attrs(x, e, slots, mask);
            if (x->values[i] == 0)
                w->st = mrs_nomem(w->err);
        }
        before = e;
    }
}

static void
write_attrs_index(struct encoder *x, struct mrs_wr *w)
{
    size_t count = 0, cap = 4;
    uint32_t *slots;

    for (size_t i = 0; i < x->n; i++)
        count += x->entries[i].attrs_size > 0;
    if (count == 0)
        return;
    while (cap < 2 * count)
        cap *= 2;
    slots = mrs_alloc_array(cap, sizeof *slots);
    if (slots == NULL)
        w->st = mrs_nomem(w->err);
    else
        number_all_attrs(x, w, slots, cap - 1);
    mrs_free(slots);
    if (w->st == MARS_OK)
        mrs_ints_write(w, x->values, x->n, 0);
}

static void
write_attrs(struct encoder *x, struct mrs_wr *w)
{
    for (size_t i = 0; i < x->sets.len; i++) {
        const struct mrs_entry **set = mrs_vec_at(&x->sets, i);

        mrs_wr_varint(w, (*set)->attrs_size);
        mrs_content_write(w, &(*set)->attrs, (*set)->attrs_size);
    }
}

static void
write_contents(struct encoder *x, struct mrs_wr *w)
{
    for (size_t i = 0; i < x->n && w->st == MARS_OK; i++) {
        const struct mrs_entry *e = &x->entries[i];

        if (e->content.kind == MRS_CONTENT_INLINE && e->size > MRS_INLINE_MAX)
            refuse(w, "too much content inside an entry");
        mrs_content_write_body(w, &e->content, e->size);
    }
}

static void
write_sub(struct mrs_wr *w, const struct mrs_sub *s)
{
    if (!mrs_sub_ok(s))
        refuse(w, "a directory whose node is not a short leaf");
    mrs_wr_u8(w, s->kind);
    if (s->kind == MRS_SUB_EMPTY)
        return;
    mrs_wr_varint(w, s->totals.entries);
    mrs_wr_varint(w, s->totals.bytes);
    mrs_wr_varint(w, s->totals.errors);
    if (s->kind == MRS_SUB_INLINE) {
        mrs_wr_varint(w, s->node.n);
        mrs_wr_bytes(w, s->node.p, s->node.n);
    } else {
        mrs_wr_bytes(w, s->id, sizeof s->id);
        mrs_wr_varint(w, s->level);
    }
}

/* Left out where all directories are empty. */
static void
write_subs(struct encoder *x, struct mrs_wr *w)
{
    size_t full = 0;

    for (size_t i = 0; i < x->n; i++)
        full += x->entries[i].type == MRS_ENTRY_DIR && x->entries[i].sub.kind != MRS_SUB_EMPTY;
    for (size_t i = 0; i < x->n && full > 0; i++)
        if (x->entries[i].type == MRS_ENTRY_DIR)
            write_sub(w, &x->entries[i].sub);
}

static void
write_ints(struct encoder *x, struct mrs_wr *w, const struct mrs_int_column *c)
{
    uint64_t joined = mrs_int_column_collect(c, x->entries, sizeof *x->entries, x->n, x->values);

    if (joined != 0)
        mrs_int_column_write(w, c, x->values, x->n, joined);
}

static void
write_column(struct encoder *x, struct mrs_wr *w, uint32_t number)
{
    switch (number) {
    case MRS_COLUMN_NAME:
        write_names(x, w);
        break;
    case MRS_COLUMN_USER:
    case MRS_COLUMN_GROUP:
        write_owners(x, w, number == MRS_COLUMN_GROUP);
        break;
    case MRS_COLUMN_TARGET:
    case MRS_COLUMN_LINK_GROUP:
        write_strings(x, w, number == MRS_COLUMN_LINK_GROUP);
        break;
    case MRS_COLUMN_ATTRS_INDEX:
        write_attrs_index(x, w);
        break;
    case MRS_COLUMN_ATTRS:
        write_attrs(x, w);
        break;
    case MRS_COLUMN_CONTENT:
        write_contents(x, w);
        break;
    case MRS_COLUMN_SUB:
        write_subs(x, w);
        break;
    default:
        write_ints(x, w, &mrs_leaf_columns[number]);
    }
}

static mars_status
write_leaf(struct encoder *x, struct mrs_wr *w)
{
    mrs_wr_u8(w, 0);
    mrs_wr_varint(w, x->n);
    for (uint32_t number = 1; number < MRS_LEAF_COLUMNS && w->st == MARS_OK; number++) {
        struct mrs_wr field = mrs_wr_init(&x->field, w->err);

        mrs_buf_reset(&x->field);
        write_column(x, &field, number);
        if (field.st != MARS_OK)
            w->st = field.st;
        else if (x->field.len > 0)
            mrs_field_bytes(w, number, mrs_leaf_columns[number].critical, x->field.data,
                            x->field.len);
    }
    return w->st;
}

mars_status
mrs_leaf_encode(const struct mrs_entry *entries, size_t n, struct mrs_buf *out, mars_error *err)
{
    struct encoder x = { entries, n, NULL, NULL, MRS_BUF_INIT(out->max),
                         MRS_VEC_INIT(const struct mrs_entry *) };
    struct mrs_wr w = mrs_wr_init(out, err);
    size_t start = out->len, guess = COLUMN_GUESS * (n + 1);
    mars_status st;

    if (n == 0 || n > MRS_LEAF_MAX)
        return mrs_fail(err, MARS_ERR_INTERNAL, "directory node: leaf of %zu entries", n);
    x.values = mrs_alloc_array(2 * n, sizeof *x.values);
    x.slices = mrs_alloc_array(n, sizeof *x.slices);
    st = x.values != NULL && x.slices != NULL ? MARS_OK : mrs_nomem(err);
    if (st == MARS_OK) /* small leaves are the most: their columns need not grow step by step */
        st = mrs_buf_reserve(&x.field, guess < out->max ? guess : out->max, err);
    if (st == MARS_OK)
        st = write_leaf(&x, &w);
    if (st != MARS_OK)
        out->len = start;
    mrs_buf_free(&x.field);
    mrs_vec_free(&x.sets);
    mrs_free(x.values);
    mrs_free(x.slices);
    return st;
}
