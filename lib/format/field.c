#include "format/field.h"

#include <string.h>

#include "base/err.h"
#include "base/text.h"

enum { NS_MAX = 999999999 };

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
