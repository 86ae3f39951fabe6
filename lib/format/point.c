#include "format/point.h"

#include <string.h>

#include "base/alloc.h"
#include "base/err.h"
#include "base/text.h"
#include "base/vec.h"
#include "format/leaf.h"

enum { POINT_SESSION = 1, POINT_ITEM, POINT_ITEM_NAME, POINT_MACHINE, POINT_MACHINE_NAME,
       POINT_STARTED, POINT_FINISHED, POINT_LEDGER, POINT_HEAD, POINT_OTHER, POINT_ROOT,
       POINT_SKIPPED, POINT_TOTALS, POINT_INDEX, POINT_ADDED, POINT_SOFTWARE };
enum { ROOT_STYLE = 1, ROOT_ENCODING, ROOT_PARENT, ROOT_FS_TYPE, ROOT_CASE, ROOT_CONSISTENCY,
       ROOT_ENTRY, ROOT_STAT };
enum { ENCODING_MAX = 3, CASE_MAX = 2, CONSISTENCY_MAX = 2 };

#define BIT(number) ((uint64_t)1 << (number))

static void
write_slice(struct mrs_wr *w, uint32_t number, int critical, struct mrs_slice s)
{
    mrs_field_bytes(w, number, critical, s.p, s.n);
}

static void
write_root(struct mrs_wr *w, const struct mrs_root *r)
{
    mrs_field_varint(w, ROOT_STYLE, 1, r->style);
    mrs_field_varint(w, ROOT_ENCODING, 0, r->encoding);
    for (size_t i = 0; i < r->n_parent; i++)
        write_slice(w, ROOT_PARENT, 1, r->parent[i]);
    write_slice(w, ROOT_FS_TYPE, 0, r->fs_type);
    mrs_field_varint(w, ROOT_CASE, 0, r->case_rule);
    mrs_field_varint(w, ROOT_CONSISTENCY, 0, r->consistency);
    write_slice(w, ROOT_ENTRY, 1, r->entry);
    if (r->stat.n > 0)
        write_slice(w, ROOT_STAT, 0, r->stat);
}

/* What the fields that have a form of their own hold, without field numbers. */
static void
write_form(struct mrs_wr *w, uint32_t number, const struct mrs_point *p, size_t i)
{
    switch (number) {
    case POINT_LEDGER:
        mrs_wr_varint(w, p->ledger_number);
        mrs_wr_bytes(w, p->ledger_hash, sizeof p->ledger_hash);
        break;
    case POINT_OTHER:
        mrs_wr_bytes(w, p->others[i].item, sizeof p->others[i].item);
        mrs_wr_bytes(w, p->others[i].session, sizeof p->others[i].session);
        break;
    case POINT_ROOT: write_root(w, &p->roots[i]); break;
    case POINT_SKIPPED:
        mrs_wr_varint(w, p->skipped_count);
        mrs_wr_varint(w, p->skipped_size);
        mrs_content_write(w, &p->skipped, p->skipped_size);
        break;
    default: /* POINT_TOTALS */
        mrs_wr_varint(w, p->totals.entries);
        mrs_wr_varint(w, p->totals.bytes);
        mrs_wr_varint(w, p->totals.errors);
    }
}

static void
write_forms(struct mrs_wr *w, uint32_t number, int critical, const struct mrs_point *p, size_t n)
{
    struct mrs_buf one = MRS_BUF_INIT(MRS_OBJECT_MAX);

    for (size_t i = 0; i < n && w->st == MARS_OK; i++) {
        struct mrs_wr inner = mrs_wr_init(&one, w->err);

        mrs_buf_reset(&one);
        write_form(&inner, number, p, i);
        w->st = inner.st;
        mrs_field_bytes(w, number, critical, one.data, one.len);
    }
    mrs_buf_free(&one);
}

mars_status
mrs_point_encode(const struct mrs_point *p, struct mrs_buf *out, mars_error *err)
{
    struct mrs_wr w = mrs_wr_init(out, err);

    mrs_field_bytes(&w, POINT_SESSION, 1, p->session, sizeof p->session);
    mrs_field_bytes(&w, POINT_ITEM, 1, p->item, sizeof p->item);
    write_slice(&w, POINT_ITEM_NAME, 0, p->item_name);
    mrs_field_bytes(&w, POINT_MACHINE, 1, p->machine, sizeof p->machine);
    write_slice(&w, POINT_MACHINE_NAME, 0, p->machine_name);
    mrs_field_stamp(&w, POINT_STARTED, 0, p->started);
    mrs_field_stamp(&w, POINT_FINISHED, 0, p->finished);
    write_forms(&w, POINT_LEDGER, 0, p, 1);
    for (size_t i = 0; i < p->n_heads; i++)
        mrs_field_bytes(&w, POINT_HEAD, 0, p->heads[i], sizeof p->heads[i]);
    write_forms(&w, POINT_OTHER, 0, p, p->n_others);
    write_forms(&w, POINT_ROOT, 1, p, p->n_roots);
    write_forms(&w, POINT_SKIPPED, 0, p, 1);
    write_forms(&w, POINT_TOTALS, 0, p, 1);
    for (size_t i = 0; i < p->n_indexes; i++)
        mrs_field_bytes(&w, POINT_INDEX, 0, p->indexes[i], sizeof p->indexes[i]);
    mrs_field_varint(&w, POINT_ADDED, 0, p->added_bytes);
    write_slice(&w, POINT_SOFTWARE, 0, p->software);
    return w.st;
}

static struct mrs_slice
text(const struct mrs_field *f, size_t max, int *bad)
{
    struct mrs_slice s = { f->data, f->len };

    *bad |= f->len > max || !mrs_is_text(f->data, f->len);
    return s;
}

static uint8_t
small(const struct mrs_field *f, uint8_t max, int *bad)
{
    uint64_t v = mrs_field_get_varint(f, bad);

    *bad |= v > max;
    return (uint8_t)v;
}

static mars_status
add_parent(struct mrs_vec *parents, const struct mrs_field *f, int *bad, mars_error *err)
{
    struct mrs_slice name = { f->data, f->len }, *at;

    *bad |= !mrs_leaf_name_ok(name, false);
    if (*bad)
        return MARS_OK;
    at = mrs_vec_add(parents);
    if (at == NULL)
        return mrs_nomem(err);
    *at = name;
    return MARS_OK;
}

static mars_status
read_root(const struct mrs_field *outer, struct mrs_root *root, mars_error *err)
{
    struct mrs_rd r = mrs_rd_init(outer->data, outer->len);
    struct mrs_vec parents = MRS_VEC_INIT(struct mrs_slice);
    struct mrs_field f = { 0 };
    uint64_t met = 0;
    int bad = 0;
    mars_status st = MARS_OK;

    while (st == MARS_OK && mrs_field_next(&r, &f)) {
        struct mrs_slice all = { f.data, f.len };

        if (f.number != ROOT_PARENT)
            mrs_field_once(&f, &met, &bad);
        switch (f.number) {
        case ROOT_STYLE: root->style = small(&f, MRS_PATH_STREAM, &bad); break;
        case ROOT_ENCODING: root->encoding = small(&f, ENCODING_MAX, &bad); break;
        case ROOT_PARENT: st = add_parent(&parents, &f, &bad, err); break;
        case ROOT_FS_TYPE: root->fs_type = text(&f, MRS_DISPLAY_NAME_MAX, &bad); break;
        case ROOT_CASE: root->case_rule = small(&f, CASE_MAX, &bad); break;
        case ROOT_CONSISTENCY: root->consistency = small(&f, CONSISTENCY_MAX, &bad); break;
        case ROOT_ENTRY: root->entry = all; break;
        case ROOT_STAT: root->stat = all; break;
        default: st = mrs_field_unknown(&f, "recovery point", err);
        }
    }
    root->parent = parents.items;
    root->n_parent = parents.len;
    bad |= root->style == 0 || (root->style == MRS_PATH_STREAM && root->n_parent > 0);
    return st != MARS_OK ? st : mrs_field_end(&r, bad, met, BIT(ROOT_STYLE) | BIT(ROOT_ENTRY),
                                              "recovery point", err);
}

static mars_status
add_root(struct mrs_vec *roots, const struct mrs_field *f, mars_error *err)
{
    struct mrs_root *r;

    if (roots->len >= MRS_POINT_MAX_ROOTS)
        return mrs_fail(err, MARS_ERR_CORRUPT, "recovery point: more than %d roots",
                        MRS_POINT_MAX_ROOTS);
    r = mrs_vec_add(roots);
    return r != NULL ? read_root(f, r, err) : mrs_nomem(err);
}

static mars_status
add_bytes(struct mrs_vec *list, const struct mrs_field *f, int *bad, mars_error *err)
{
    void *at;

    *bad |= f->len != list->item_size;
    if (*bad)
        return MARS_OK;
    at = mrs_vec_add(list);
    if (at == NULL)
        return mrs_nomem(err);
    memcpy(at, f->data, f->len);
    return MARS_OK;
}

/* The mirror of write_form, for those that stand once. */
static void
read_form(const struct mrs_field *f, struct mrs_point *p, int *bad)
{
    struct mrs_rd r = mrs_rd_init(f->data, f->len);

    if (f->number == POINT_LEDGER) {
        p->ledger_number = mrs_rd_varint(&r);
        mrs_rd_copy(&r, p->ledger_hash, sizeof p->ledger_hash);
    } else if (f->number == POINT_SKIPPED) {
        p->skipped_count = mrs_rd_varint(&r);
        p->skipped_size = mrs_rd_varint(&r);
        mrs_content_read(&r, &p->skipped, p->skipped_size, MRS_INLINE_MAX);
    } else {
        p->totals.entries = mrs_rd_varint(&r);
        p->totals.bytes = mrs_rd_varint(&r);
        p->totals.errors = mrs_rd_varint(&r);
    }
    *bad |= !mrs_rd_done(&r);
}

struct lists {
    struct mrs_vec heads, others, roots, indexes;
};

static mars_status
read_field(const struct mrs_field *f, struct mrs_point *p, struct lists *l, int *bad,
           mars_error *err)
{
    switch (f->number) {
    case POINT_SESSION: mrs_field_get_copy(f, p->session, sizeof p->session, bad); break;
    case POINT_ITEM: mrs_field_get_copy(f, p->item, sizeof p->item, bad); break;
    case POINT_ITEM_NAME: p->item_name = text(f, MRS_DISPLAY_NAME_MAX, bad); break;
    case POINT_MACHINE: mrs_field_get_copy(f, p->machine, sizeof p->machine, bad); break;
    case POINT_MACHINE_NAME: p->machine_name = text(f, MRS_DISPLAY_NAME_MAX, bad); break;
    case POINT_STARTED: p->started = mrs_field_get_stamp(f, bad); break;
    case POINT_FINISHED: p->finished = mrs_field_get_stamp(f, bad); break;
    case POINT_HEAD: return add_bytes(&l->heads, f, bad, err);
    case POINT_OTHER: return add_bytes(&l->others, f, bad, err);
    case POINT_ROOT: return add_root(&l->roots, f, err);
    case POINT_LEDGER:
    case POINT_SKIPPED:
    case POINT_TOTALS: read_form(f, p, bad); break;
    case POINT_INDEX: return add_bytes(&l->indexes, f, bad, err);
    case POINT_ADDED: p->added_bytes = mrs_field_get_varint(f, bad); break;
    case POINT_SOFTWARE: p->software = text(f, MRS_DISPLAY_NAME_MAX, bad); break;
    default: return mrs_field_unknown(f, "recovery point", err);
    }
    return MARS_OK;
}

static int
repeats(uint32_t number)
{
    return number == POINT_HEAD || number == POINT_OTHER || number == POINT_ROOT ||
           number == POINT_INDEX;
}

mars_status
mrs_point_decode(struct mrs_point *p, const uint8_t *buf, size_t len, mars_error *err)
{
    struct lists l = { { NULL, 0, 0, 16 }, MRS_VEC_INIT(struct mrs_item_head),
                       MRS_VEC_INIT(struct mrs_root), { NULL, 0, 0, 32 } };
    struct mrs_rd r = mrs_rd_init(buf, len);
    struct mrs_field f = { 0 };
    uint64_t met = 0;
    int bad = 0;
    mars_status st = MARS_OK;

    _Static_assert(sizeof(struct mrs_item_head) == 32, "is read as one piece");
    memset(p, 0, sizeof *p);
    while (st == MARS_OK && mrs_field_next(&r, &f)) {
        if (!repeats(f.number))
            mrs_field_once(&f, &met, &bad);
        st = read_field(&f, p, &l, &bad, err);
    }
    if (st == MARS_OK)
        st = mrs_field_end(&r, bad, met, BIT(POINT_SESSION) | BIT(POINT_ITEM) | BIT(POINT_MACHINE),
                           "recovery point", err);
    p->heads = l.heads.items;
    p->n_heads = l.heads.len;
    p->others = l.others.items;
    p->n_others = l.others.len;
    p->roots = l.roots.items;
    p->n_roots = l.roots.len;
    p->indexes = l.indexes.items;
    p->n_indexes = l.indexes.len;
    return st;
}

void
mrs_point_free(struct mrs_point *p)
{
    for (size_t i = 0; i < p->n_roots; i++)
        mrs_free(p->roots[i].parent);
    mrs_free(p->heads);
    mrs_free(p->others);
    mrs_free(p->roots);
    mrs_free(p->indexes);
    p->heads = NULL;
    p->others = NULL;
    p->roots = NULL;
    p->indexes = NULL;
    p->n_heads = p->n_others = p->n_roots = p->n_indexes = 0;
}
