/* A bounded little-endian reader. Once a read runs past the end, or meets a non-canonical
 * varint, `bad` stays set and every later read yields zero, so a decoder reads all its fields
 * in a row and checks once. It never points outside the buffer. */
#ifndef MRS_BASE_RD_H
#define MRS_BASE_RD_H

#include <stdbool.h>
#include <string.h>

#include <mars/common.h>

struct mrs_rd {
    const uint8_t *p;
    size_t left;
    bool bad;
};

static inline struct mrs_rd
mrs_rd_init(const void *p, size_t n)
{
    struct mrs_rd r = { p, n, false };

    return r;
}

/* The next n bytes, borrowed, or NULL. */
static inline const uint8_t *
mrs_rd_take(struct mrs_rd *r, size_t n)
{
    const uint8_t *at = r->p;

    if (r->bad || n > r->left) {
        r->bad = true;
        return NULL;
    }
    if (n > 0)
        r->p += n;
    r->left -= n;
    return at;
}

/* Copy n bytes; zeros where they are missing. */
static inline void
mrs_rd_copy(struct mrs_rd *r, void *dst, size_t n)
{
    const uint8_t *at = mrs_rd_take(r, n);

    if (at != NULL && n > 0)
        memcpy(dst, at, n);
    else if (n > 0)
        memset(dst, 0, n);
}

static inline uint64_t
mrs_rd_le(struct mrs_rd *r, size_t n)
{
    const uint8_t *at = mrs_rd_take(r, n);
    uint64_t v = 0;

    for (size_t i = n; at != NULL && i > 0; i--)
        v = v << 8 | at[i - 1];
    return v;
}

static inline uint8_t mrs_rd_u8(struct mrs_rd *r) { return (uint8_t)mrs_rd_le(r, 1); }
static inline uint16_t mrs_rd_le16(struct mrs_rd *r) { return (uint16_t)mrs_rd_le(r, 2); }
static inline uint32_t mrs_rd_le32(struct mrs_rd *r) { return (uint32_t)mrs_rd_le(r, 4); }
static inline uint64_t mrs_rd_le64(struct mrs_rd *r) { return mrs_rd_le(r, 8); }

/* LEB128, at most 10 bytes, the shortest form only: equal values have equal bytes. */
uint64_t mrs_rd_varint(struct mrs_rd *r);

/* A varint that must be at most max; otherwise bad, and 0. */
uint64_t mrs_rd_varint_max(struct mrs_rd *r, uint64_t max);

/* A signed varint: zigzag over mrs_rd_varint. */
int64_t mrs_rd_zigzag(struct mrs_rd *r);

/* A sub-reader over the next n bytes; bad and empty where they are missing. */
struct mrs_rd mrs_rd_sub(struct mrs_rd *r, uint64_t n);

/* True when everything was read and nothing was missing. */
static inline bool
mrs_rd_done(const struct mrs_rd *r)
{
    return !r->bad && r->left == 0;
}

#endif
