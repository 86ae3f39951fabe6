#include "format/field.h"

#include <string.h>

#include "base/err.h"
#include "base/text.h"

enum { NS_MAX = 999999999, BLOB_LEN = sizeof(uint32_t) };

void
mrs_field_bytes(struct mrs_wr *w, uint32_t number, int critical, const void *p, size_t n)
{
    mrs_wr_varint(w, (uint64_t)number << 1 | (critical != 0));
    mrs_wr_varint(w, n);
    mrs_wr_bytes(w, p, n);
}

void
mrs_field_varint(struct mrs_wr *w, uint32_t number, int critical, uint64_t v)
{
    size_t n = 1;

    for (uint64_t rest = v >> 7; rest != 0; rest >>= 7)
        n++;
    mrs_wr_varint(w, (uint64_t)number << 1 | (critical != 0));
    mrs_wr_varint(w, n);
    mrs_wr_varint(w, v);
}

int
mrs_field_next(struct mrs_rd *r, struct mrs_field *f)
{
    uint64_t tag;
    struct mrs_rd sub;

    if (r->bad || r->left == 0)
        return 0;
    tag = mrs_rd_varint_max(r, (uint64_t)UINT32_MAX << 1 | 1);
    sub = mrs_rd_sub(r, mrs_rd_varint(r));
    if (tag >> 1 < f->number)
        r->bad = true;
    if (r->bad)
        return 0;
    f->number = (uint32_t)(tag >> 1);
    f->critical = (int)(tag & 1);
    f->data = sub.p;
    f->len = sub.left;
    return 1;
}

mars_status
mrs_field_unknown(const struct mrs_field *f, const char *what, mars_error *err)
{
    return f->critical ? mrs_fail(err, MARS_ERR_UNSUPPORTED,
                                  "%s: field %u must be understood: update libmars", what,
                                  f->number)
                       : MARS_OK;
}

void
mrs_field_once(const struct mrs_field *f, uint64_t *met, int *bad)
{
    uint64_t bit = f->number < 64 ? (uint64_t)1 << f->number : 0;

    *bad |= (*met & bit) != 0;
    *met |= bit;
}

mars_status
mrs_field_end(const struct mrs_rd *r, int bad, uint64_t met, uint64_t must, const char *what,
              mars_error *err)
{
    if (!r->bad && !bad && (met & must) == must)
        return MARS_OK;
    return mrs_fail(err, MARS_ERR_CORRUPT, "%s: %s", what,
                    r->bad || bad ? "its fields are damaged" : "a field is missing");
}

uint64_t
mrs_field_get_varint(const struct mrs_field *f, int *bad)
{
    struct mrs_rd r = mrs_rd_init(f->data, f->len);
    uint64_t v = mrs_rd_varint(&r);

    *bad |= !mrs_rd_done(&r);
    return v;
}

uint32_t
mrs_field_get_u32(const struct mrs_field *f, int *bad)
{
    uint64_t v = mrs_field_get_varint(f, bad);

    *bad |= v > UINT32_MAX;
    return (uint32_t)v;
}

void
mrs_field_get_copy(const struct mrs_field *f, void *out, size_t n, int *bad)
{
    if (f->len != n)
        *bad = 1;
    else if (n > 0)
        memcpy(out, f->data, n);
}

void
mrs_field_get_text(const struct mrs_field *f, char *out, size_t cap, int *bad)
{
    if (f->len >= cap || !mrs_is_text(f->data, f->len)) {
        *bad = 1;
        return;
    }
    if (f->len > 0)
        memcpy(out, f->data, f->len);
    out[f->len] = '\0';
}

void
mrs_stamp_write(struct mrs_wr *w, struct mrs_stamp t)
{
    mrs_wr_zigzag(w, t.s);
    mrs_wr_varint(w, t.ns);
}

struct mrs_stamp
mrs_stamp_read(struct mrs_rd *r)
{
    struct mrs_stamp t = { 0, 0 };

    t.s = mrs_rd_zigzag(r);
    t.ns = (uint32_t)mrs_rd_varint_max(r, NS_MAX);
    return t;
}

void
mrs_field_stamp(struct mrs_wr *w, uint32_t number, int critical, struct mrs_stamp t)
{
    uint8_t mem[16] = { 0 };
    struct mrs_buf b = { mem, 0, sizeof mem, sizeof mem }; /* never longer: 10 and 5 bytes */
    struct mrs_wr inner = mrs_wr_init(&b, w->err);

    mrs_stamp_write(&inner, t);
    mrs_field_bytes(w, number, critical, mem, b.len);
}

struct mrs_stamp
mrs_field_get_stamp(const struct mrs_field *f, int *bad)
{
    struct mrs_rd r = mrs_rd_init(f->data, f->len);
    struct mrs_stamp t = mrs_stamp_read(&r);

    *bad |= !mrs_rd_done(&r);
    return t;
}

static uint64_t
number_at(const void *at, uint8_t form)
{
    uint32_t u32;
    uint64_t u64;

    if (form == MRS_FORM_U8)
        return *(const uint8_t *)at;
    if (form == MRS_FORM_U32) {
        memcpy(&u32, at, sizeof u32);
        return u32;
    }
    memcpy(&u64, at, sizeof u64);
    return u64;
}

void
mrs_layout_write(struct mrs_wr *w, const struct mrs_layout *table, size_t n, const void *from)
{
    for (size_t i = 0; i < n; i++) {
        const struct mrs_layout *l = &table[i];
        const uint8_t *at = (const uint8_t *)from + l->offset;
        int critical = (l->flags & MRS_FIELD_CRITICAL) != 0;
        struct mrs_stamp t;
        uint64_t v;

        switch (l->form) {
        case MRS_FORM_BYTES: mrs_field_bytes(w, l->number, critical, at, l->size); break;
        case MRS_FORM_TEXT:
            mrs_field_bytes(w, l->number, critical, at, strlen((const char *)at));
            break;
        case MRS_FORM_BLOB:
            v = number_at(at, MRS_FORM_U32);
            if (v > 0)
                mrs_field_bytes(w, l->number, critical, at + BLOB_LEN, (size_t)v);
            break;
        case MRS_FORM_STAMP:
            memcpy(&t, at, sizeof t);
            mrs_field_stamp(w, l->number, critical, t);
            break;
        default:
            v = number_at(at, l->form);
            if (v != 0 || (l->flags & MRS_FIELD_OPTIONAL) == 0)
                mrs_field_varint(w, l->number, critical, v);
        }
    }
}

static void
take_number(const struct mrs_field *f, uint8_t form, void *at, int *bad)
{
    uint64_t v = mrs_field_get_varint(f, bad);
    uint32_t u32 = (uint32_t)v;

    if (form == MRS_FORM_U8) {
        *bad |= v > UINT8_MAX;
        *(uint8_t *)at = (uint8_t)v;
    } else if (form == MRS_FORM_U32) {
        *bad |= v > UINT32_MAX;
        memcpy(at, &u32, sizeof u32);
    } else {
        memcpy(at, &v, sizeof v);
    }
}

static void
take_blob(const struct mrs_field *f, uint8_t *at, size_t size, int *bad)
{
    uint32_t len = (uint32_t)f->len;

    if (f->len == 0 || f->len > size - BLOB_LEN) {
        *bad = 1;
        return;
    }
    memcpy(at, &len, BLOB_LEN);
    memcpy(at + BLOB_LEN, f->data, f->len);
}

/* One field; false if the table has none of its number. */
static bool
take(const struct mrs_field *f, const struct mrs_layout *table, size_t n, void *to, int *bad)
{
    const struct mrs_layout *l = table;
    struct mrs_stamp t;
    uint8_t *at;

    while (l < table + n && l->number != f->number)
        l++;
    if (l == table + n)
        return false;
    at = (uint8_t *)to + l->offset;
    switch (l->form) {
    case MRS_FORM_BYTES: mrs_field_get_copy(f, at, l->size, bad); break;
    case MRS_FORM_TEXT: mrs_field_get_text(f, (char *)at, l->size, bad); break;
    case MRS_FORM_BLOB: take_blob(f, at, l->size, bad); break;
    case MRS_FORM_STAMP:
        t = mrs_field_get_stamp(f, bad);
        memcpy(at, &t, sizeof t);
        break;
    default: take_number(f, l->form, at, bad);
    }
    return true;
}

static uint64_t
must_bits(const struct mrs_layout *table, size_t n)
{
    uint64_t must = 0;

    for (size_t i = 0; i < n; i++)
        if ((table[i].flags & MRS_FIELD_MUST) != 0)
            must |= (uint64_t)1 << table[i].number;
    return must;
}

mars_status
mrs_layout_read(const uint8_t *buf, size_t len, const struct mrs_layout *table, size_t n, void *to,
                const char *what, mars_error *err)
{
    struct mrs_rd r = mrs_rd_init(buf, len);
    struct mrs_field f = { 0 };
    uint64_t met = 0;
    int bad = 0;
    mars_status st = MARS_OK;

    while (st == MARS_OK && mrs_field_next(&r, &f)) {
        mrs_field_once(&f, &met, &bad);
        if (!take(&f, table, n, to, &bad))
            st = mrs_field_unknown(&f, what, err);
    }
    return st != MARS_OK ? st : mrs_field_end(&r, bad, met, must_bits(table, n), what, err);
}
