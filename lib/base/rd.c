#include "base/rd.h"

enum { VARINT_MAX = 10 };

uint64_t
mrs_rd_varint(struct mrs_rd *r)
{
    size_t left = r->bad ? 0 : r->left;
    uint64_t v = 0;

    for (unsigned i = 0; i < left && i < VARINT_MAX; i++) {
        uint8_t b = r->p[i];

        if ((i == VARINT_MAX - 1 && b > 1) || (i > 0 && b == 0))
            break; /* over 64 bits, or not the shortest form */
        v |= (uint64_t)(b & 0x7f) << 7 * i;
        if ((b & 0x80) == 0) {
            r->p += i + 1;
            r->left -= i + 1;
            return v;
        }
    }
    r->bad = true;
    return 0;
}

uint64_t
mrs_rd_varint_max(struct mrs_rd *r, uint64_t max)
{
    uint64_t v = mrs_rd_varint(r);

    if (v <= max)
        return v;
    r->bad = true;
    return 0;
}

int64_t
mrs_rd_zigzag(struct mrs_rd *r)
{
    uint64_t v = mrs_rd_varint(r);

    return (int64_t)(v >> 1 ^ (0 - (v & 1)));
}

struct mrs_rd
mrs_rd_sub(struct mrs_rd *r, uint64_t n)
{
    const uint8_t *at = n <= r->left ? mrs_rd_take(r, (size_t)n) : NULL;
    struct mrs_rd sub = { at, at != NULL ? (size_t)n : 0, at == NULL };

    if (at == NULL)
        r->bad = true;
    return sub;
}
