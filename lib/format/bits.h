/* Values of 0 to 64 bits side by side, the least significant bit first. FORMAT.md section 11. */
#ifndef MRS_FORMAT_BITS_H
#define MRS_FORMAT_BITS_H

#include "base/rd.h"
#include "base/wr.h"

static inline unsigned
mrs_bit_width(uint64_t v)
{
    unsigned n = 0;

    for (unsigned half = 32; half > 0; half /= 2)
        if (v >> half != 0) {
            v >>= half;
            n += half;
        }
    return n + (unsigned)v;
}

static inline size_t
mrs_bits_len(size_t n, unsigned width)
{
    return (n * width + 7) / 8;
}

/* Shifts and bytes that compilers turn into one load or store, whatever the byte order. */
static inline void
mrs_put_word(uint8_t *at, uint64_t v)
{
    at[0] = (uint8_t)v;
    at[1] = (uint8_t)(v >> 8);
    at[2] = (uint8_t)(v >> 16);
    at[3] = (uint8_t)(v >> 24);
    at[4] = (uint8_t)(v >> 32);
    at[5] = (uint8_t)(v >> 40);
    at[6] = (uint8_t)(v >> 48);
    at[7] = (uint8_t)(v >> 56);
}

static inline uint64_t
mrs_get_word(const uint8_t *at)
{
    return (uint64_t)at[0] | (uint64_t)at[1] << 8 | (uint64_t)at[2] << 16 |
           (uint64_t)at[3] << 24 | (uint64_t)at[4] << 32 | (uint64_t)at[5] << 40 |
           (uint64_t)at[6] << 48 | (uint64_t)at[7] << 56;
}

/* Packs values, each of its own width, into bytes that are already there. */
struct mrs_packer {
    uint8_t *at;
    uint64_t word;
    unsigned used; /* bits of word, < 64 */
};

static inline void
mrs_pack(struct mrs_packer *p, uint64_t v, unsigned width)
{
    p->word |= v << p->used;
    p->used += width;
    if (p->used < 64)
        return;
    mrs_put_word(p->at, p->word);
    p->at += 8;
    p->used -= 64;
    p->word = p->used > 0 ? v >> (width - p->used) : 0;
}

static inline void
mrs_pack_end(struct mrs_packer *p)
{
    for (; p->used > 0; p->used = p->used > 8 ? p->used - 8 : 0) {
        *p->at++ = (uint8_t)p->word;
        p->word >>= 8;
    }
}

/* n more bytes of output, zero, to be filled in place; NULL after a failure. */
static inline uint8_t *
mrs_bits_claim(struct mrs_wr *w, size_t n)
{
    mrs_wr_zero(w, n);
    return w->st == MARS_OK && n > 0 ? w->b->data + w->b->len - n : NULL;
}

/* The value of `width` bits at bit `pos`, near the end of the input or of any width. */
static inline uint64_t
mrs_unpack_at(const uint8_t *p, size_t pos, unsigned width)
{
    uint64_t v = 0;

    for (unsigned got = 0; got < width;) {
        unsigned skip = (unsigned)(pos % 8);

        v |= (uint64_t)(p[pos / 8] >> skip) << got;
        got += 8 - skip;
        pos += 8 - skip;
    }
    return width < 64 ? v & (((uint64_t)1 << width) - 1) : v;
}

/* Take the bytes of n values of `width` bits; r->bad where they, or zeros behind, are missing. */
static inline const uint8_t *
mrs_bits_take(struct mrs_rd *r, size_t n, unsigned width)
{
    size_t len = mrs_bits_len(n, width);
    const uint8_t *p = mrs_rd_take(r, len);

    if (p != NULL && len * 8 > n * width && p[len - 1] >> (8 - (len * 8 - n * width)) != 0)
        r->bad = true;
    return r->bad ? NULL : p;
}

#endif
