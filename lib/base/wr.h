/* A little-endian writer onto a bounded buffer, the mirror of rd.h: the first failure sticks,
 * so an encoder writes all its fields in a row and checks once. */
#ifndef MRS_BASE_WR_H
#define MRS_BASE_WR_H

#include "base/buf.h"

struct mrs_wr {
    struct mrs_buf *b;
    mars_error *err;
    mars_status st; /* MARS_OK, or what the first failing write said */
};

static inline struct mrs_wr
mrs_wr_init(struct mrs_buf *b, mars_error *err)
{
    struct mrs_wr w = { b, err, MARS_OK };

    return w;
}

void mrs_wr_bytes(struct mrs_wr *w, const void *p, size_t n);
void mrs_wr_zero(struct mrs_wr *w, size_t n);
void mrs_wr_u8(struct mrs_wr *w, uint8_t v);
void mrs_wr_le16(struct mrs_wr *w, uint16_t v);
void mrs_wr_le32(struct mrs_wr *w, uint32_t v);
void mrs_wr_le64(struct mrs_wr *w, uint64_t v);
void mrs_wr_varint(struct mrs_wr *w, uint64_t v);
void mrs_wr_zigzag(struct mrs_wr *w, int64_t v);

#endif
