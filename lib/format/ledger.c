#include "format/ledger.h"

#include <string.h>

#include "base/alloc.h"
#include "base/err.h"
#include "base/vec.h"

enum { RECORD_NUMBER = 1, RECORD_PREVIOUS, RECORD_TIME, RECORD_OP };
enum { OP_SIZE_MAX = 64, ALWAYS = MRS_FIELD_CRITICAL | MRS_FIELD_MUST };

#define BIT(number) ((uint64_t)1 << (number))
#define LENGTH(table) (sizeof(table) / sizeof(table)[0])

#define LEASE(number, form, flags, member) MRS_LAYOUT(number, form, flags, struct mrs_lease, member)
static const struct mrs_layout LEASE_FIELDS[] = {
    LEASE(1, MRS_FORM_BYTES, ALWAYS, session),
    LEASE(2, MRS_FORM_BYTES, ALWAYS, machine),
    LEASE(3, MRS_FORM_BYTES, ALWAYS, item),
    LEASE(4, MRS_FORM_U64, MRS_FIELD_CRITICAL, generation),
    LEASE(5, MRS_FORM_U64, MRS_FIELD_CRITICAL, number),
    LEASE(6, MRS_FORM_STAMP, MRS_FIELD_CRITICAL, time),
};

#define FENCE(number, form, flags, member) MRS_LAYOUT(number, form, flags, struct mrs_fence, member)
static const struct mrs_layout FENCE_FIELDS[] = {
    FENCE(1, MRS_FORM_BYTES, ALWAYS, session),
    FENCE(2, MRS_FORM_BYTES, ALWAYS, machine),
    FENCE(3, MRS_FORM_STAMP, MRS_FIELD_CRITICAL, time),
    FENCE(4, MRS_FORM_U8, MRS_FIELD_CRITICAL, closed),
};

static void
write_op(struct mrs_wr *w, const struct mrs_ledger_op *op)
{
    mrs_wr_varint(w, op->kind);
    if (op->kind >= MRS_OP_TOMBSTONE && op->kind <= MRS_OP_INDEX_SUPERSEDED) {
        mrs_wr_bytes(w, op->name, sizeof op->name);
    } else if (op->kind >= MRS_OP_POINT_DELETED && op->kind <= MRS_OP_POINT_PURGED) {
        mrs_wr_bytes(w, op->item, sizeof op->item);
        mrs_wr_bytes(w, op->session, sizeof op->session);
        if (op->kind == MRS_OP_POINT_DELETED)
            mrs_stamp_write(w, op->until);
    } else if (op->kind == MRS_OP_ROTATED) {
        mrs_wr_varint(w, op->root_number);
    }
}

mars_status
mrs_ledger_encode(const struct mrs_ledger_record *r, struct mrs_buf *out, mars_error *err)
{
    struct mrs_wr w = mrs_wr_init(out, err), inner;
    struct mrs_buf one = MRS_BUF_INIT(OP_SIZE_MAX);

    mrs_field_varint(&w, RECORD_NUMBER, 1, r->number);
    if (r->number > 1)
        mrs_field_bytes(&w, RECORD_PREVIOUS, 1, r->previous, sizeof r->previous);
    mrs_field_stamp(&w, RECORD_TIME, 1, r->time);
    for (size_t i = 0; i < r->n_ops && w.st == MARS_OK; i++) {
        mrs_buf_reset(&one);
        inner = mrs_wr_init(&one, err);
        write_op(&inner, &r->ops[i]);
        w.st = inner.st;
        mrs_field_bytes(&w, RECORD_OP, 1, one.data, one.len);
    }
    mrs_buf_free(&one);
    return w.st;
}

/* false: damaged. Of an operation that this build does not know only the kind is read. */
static int
read_op(const struct mrs_field *f, struct mrs_ledger_op *op)
{
    struct mrs_rd r = mrs_rd_init(f->data, f->len);
    uint64_t kind = mrs_rd_varint(&r);

    if (r.bad || kind == 0)
        return 0;
    op->kind = kind > UINT32_MAX ? UINT32_MAX : (uint32_t)kind;
    if (op->kind >= MRS_OP_TOMBSTONE && op->kind <= MRS_OP_INDEX_SUPERSEDED) {
        mrs_rd_copy(&r, op->name, sizeof op->name);
    } else if (op->kind >= MRS_OP_POINT_DELETED && op->kind <= MRS_OP_POINT_PURGED) {
        mrs_rd_copy(&r, op->item, sizeof op->item);
        mrs_rd_copy(&r, op->session, sizeof op->session);
        if (op->kind == MRS_OP_POINT_DELETED)
            op->until = mrs_stamp_read(&r);
    } else if (op->kind == MRS_OP_ROTATED) {
        op->root_number = (uint32_t)mrs_rd_varint_max(&r, UINT32_MAX);
    } else if (op->kind > MRS_OP_ROTATED) {
        return 1;
    }
    return mrs_rd_done(&r);
}

static mars_status
add_op(struct mrs_ledger_record *record, struct mrs_vec *ops, const struct mrs_field *f, int *bad,
       mars_error *err)
{
    struct mrs_ledger_op op = { 0 }, *at;

    *bad |= ops->len >= MRS_LEDGER_OPS_MAX || !read_op(f, &op);
    *bad |= op.kind == MRS_OP_BEGIN && record->number != 1;
    if (*bad)
        return MARS_OK;
    if (op.kind > MRS_OP_ROTATED) {
        record->has_unknown_op = 1;
        return MARS_OK;
    }
    at = mrs_vec_add(ops);
    if (at == NULL)
        return mrs_nomem(err);
    *at = op;
    return MARS_OK;
}

mars_status
mrs_ledger_decode(struct mrs_ledger_record *record, const uint8_t *buf, size_t len,
                  mars_error *err)
{
    struct mrs_rd r = mrs_rd_init(buf, len);
    struct mrs_vec ops = MRS_VEC_INIT(struct mrs_ledger_op);
    struct mrs_field f = { 0 };
    uint64_t met = 0;
    int bad = 0;
    mars_status st = MARS_OK;

    memset(record, 0, sizeof *record);
    while (st == MARS_OK && mrs_field_next(&r, &f)) {
        if (f.number != RECORD_OP)
            mrs_field_once(&f, &met, &bad);
        switch (f.number) {
        case RECORD_NUMBER: record->number = mrs_field_get_varint(&f, &bad); break;
        case RECORD_PREVIOUS: mrs_field_get_copy(&f, record->previous, 32, &bad); break;
        case RECORD_TIME: record->time = mrs_field_get_stamp(&f, &bad); break;
        case RECORD_OP: st = add_op(record, &ops, &f, &bad, err); break;
        default: st = mrs_field_unknown(&f, "ledger record", err);
        }
    }
    /* Only the first record has none before it. */
    bad |= record->number == 0 || (record->number == 1) != ((met & BIT(RECORD_PREVIOUS)) == 0);
    if (st == MARS_OK)
        st = mrs_field_end(&r, bad, met, BIT(RECORD_NUMBER), "ledger record", err);
    record->ops = ops.items;
    record->n_ops = ops.len;
    if (st != MARS_OK)
        mrs_ledger_free(record);
    return st;
}

void
mrs_ledger_free(struct mrs_ledger_record *r)
{
    mrs_free(r->ops);
    r->ops = NULL;
    r->n_ops = 0;
}

mars_status
mrs_lease_encode(const struct mrs_lease *l, struct mrs_buf *out, mars_error *err)
{
    struct mrs_wr w = mrs_wr_init(out, err);

    mrs_layout_write(&w, LEASE_FIELDS, LENGTH(LEASE_FIELDS), l);
    return w.st;
}

mars_status
mrs_lease_decode(struct mrs_lease *l, const uint8_t *buf, size_t len, mars_error *err)
{
    memset(l, 0, sizeof *l);
    return mrs_layout_read(buf, len, LEASE_FIELDS, LENGTH(LEASE_FIELDS), l, "lease", err);
}

mars_status
mrs_fence_encode(const struct mrs_fence *fence, struct mrs_buf *out, mars_error *err)
{
    struct mrs_wr w = mrs_wr_init(out, err);

    mrs_layout_write(&w, FENCE_FIELDS, LENGTH(FENCE_FIELDS), fence);
    return w.st;
}

mars_status
mrs_fence_decode(struct mrs_fence *fence, const uint8_t *buf, size_t len, mars_error *err)
{
    mars_status st;

    memset(fence, 0, sizeof *fence);
    st = mrs_layout_read(buf, len, FENCE_FIELDS, LENGTH(FENCE_FIELDS), fence, "fence", err);
    if (st == MARS_OK && fence->closed > 1)
        st = mrs_fail(err, MARS_ERR_CORRUPT, "fence: its fields are damaged");
    return st;
}
