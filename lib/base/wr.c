#include "base/wr.h"

static void
put_le(struct mrs_wr *w, uint64_t v, size_t n)
{
    uint8_t bytes[8];

    for (size_t i = 0; i < n; i++, v >>= 8)
        bytes[i] = (uint8_t)v;
    mrs_wr_bytes(w, bytes, n);
}

void
mrs_wr_bytes(struct mrs_wr *w, const void *p, size_t n)
{
    if (w->st == MARS_OK)
        w->st = mrs_buf_append(w->b, p, n, w->err);
}

void
mrs_wr_zero(struct mrs_wr *w, size_t n)
{
    if (w->st != MARS_OK)
        return;
    if (n > w->b->max - w->b->len)
        w->st = mrs_buf_reserve(w->b, n, w->err); /* says by how much it is over */
    else
        w->st = mrs_buf_resize(w->b, w->b->len + n, w->err);
}

void
mrs_wr_u8(struct mrs_wr *w, uint8_t v)
{
    put_le(w, v, 1);
}

void
mrs_wr_le16(struct mrs_wr *w, uint16_t v)
{
    put_le(w, v, 2);
}

void
mrs_wr_le32(struct mrs_wr *w, uint32_t v)
{
    put_le(w, v, 4);
}

void
mrs_wr_le64(struct mrs_wr *w, uint64_t v)
{
    put_le(w, v, 8);
}

void
mrs_wr_varint(struct mrs_wr *w, uint64_t v)
{
    uint8_t bytes[10];
    size_t n = 0;

    while (v >= 0x80) {
        bytes[n++] = (uint8_t)(v | 0x80);
        v >>= 7;
    }
    bytes[n++] = (uint8_t)v;
    mrs_wr_bytes(w, bytes, n);
}

void
mrs_wr_zigzag(struct mrs_wr *w, int64_t v)
{
    mrs_wr_varint(w, (uint64_t)v << 1 ^ (v < 0 ? UINT64_MAX : 0));
}
