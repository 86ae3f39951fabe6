#include "format/column.h"

#include <string.h>

#include "base/err.h"
#include "format/bits.h"

enum { CONSTANT = 0, PACKED = 1, SPARSE = 2 }; /* encodings */

#define SIGN_BIT ((uint64_t)1 << 63)

static size_t
varint_len(uint64_t v)
{
    return v < 0x80 ? 1 : (mrs_bit_width(v) + 6) / 7;
}

static uint64_t
zigzag(uint64_t v)
{
    return v << 1 ^ (0 - (v >> 63));
}

static void
unpack(const uint8_t *p, size_t n, unsigned width, uint64_t least, uint64_t *values)
{
    size_t len = mrs_bits_len(n, width), pos = 0, i = 0;
    uint64_t mask = width < 64 ? ((uint64_t)1 << width) - 1 : UINT64_MAX;

    if (width <= 57)
        for (; i < n && pos / 8 + 8 <= len; i++, pos += width)
            values[i] = least + (mrs_get_word(p + pos / 8) >> pos % 8 & mask);
    for (; i < n; i++, pos += width)
        values[i] = least + mrs_unpack_at(p, pos, width);
}

/* What a row of integers spans. */
struct range {
    uint64_t least;
    unsigned width; /* bits of the greatest distance from it */
    size_t n;
};

static struct range
range_of(const uint64_t *values, size_t n, int is_signed, int skip_zeros)
{
    uint64_t flip = is_signed ? SIGN_BIT : 0, low = UINT64_MAX, high = 0;
    struct range r = { 0, 0, 0 };

    for (size_t i = 0; i < n; i++) {
        uint64_t v = values[i] ^ flip;

        if (skip_zeros && values[i] == 0)
            continue;
        low = v < low ? v : low;
        high = v > high ? v : high;
        r.n++;
    }
    r.least = low ^ flip;
    r.width = mrs_bit_width(high - low);
    return r;
}

static size_t
range_len(const struct range *r, int is_signed)
{
    return varint_len(is_signed ? zigzag(r->least) : r->least) + 1 + mrs_bits_len(r->n, r->width);
}

/* Call with w = NULL to learn how many bytes the positions of all non-zero values take. */
static size_t
put_positions(struct mrs_wr *w, const uint64_t *values, size_t n)
{
    size_t len = 0, next = 0;

    for (size_t i = 0; i < n; i++) {
        if (values[i] == 0)
            continue;
        if (w != NULL)
            mrs_wr_varint(w, i - next);
        len += varint_len(i - next);
        next = i + 1;
    }
    return len;
}

static void
put_value(struct mrs_wr *w, uint64_t v, int is_signed)
{
    mrs_wr_varint(w, is_signed ? zigzag(v) : v);
}

static void
put_range(struct mrs_wr *w, const struct range *r, const uint64_t *values, size_t n, int is_signed,
          int skip_zeros)
{
    struct mrs_packer p = { NULL, 0, 0 };

    put_value(w, r->least, is_signed);
    mrs_wr_u8(w, (uint8_t)r->width);
    p.at = mrs_bits_claim(w, mrs_bits_len(r->n, r->width));
    if (p.at == NULL)
        return;
    for (size_t i = 0; i < n; i++)
        if (!skip_zeros || values[i] != 0)
            mrs_pack(&p, values[i] - r->least, r->width);
    mrs_pack_end(&p);
}

static size_t
count_zeros(const uint64_t *values, size_t n)
{
    size_t zeros = 0;

    for (size_t i = 0; i < n; i++)
        zeros += values[i] == 0;
    return zeros;
}

void
mrs_ints_write(struct mrs_wr *w, const uint64_t *values, size_t n, int is_signed)
{
    struct range all = range_of(values, n, is_signed, 0), some;
    size_t packed = range_len(&all, is_signed), set;

    if (all.width == 0) {
        mrs_wr_u8(w, CONSTANT);
        put_value(w, values[0], is_signed);
        return;
    }
    /* A value that stands apart costs a byte at least: most columns are settled by that. */
    set = n - count_zeros(values, n);
    if (set < n && set + 3 < packed) {
        some = range_of(values, n, is_signed, 1);
        if (1 + varint_len(set) + put_positions(NULL, values, n) + range_len(&some, is_signed) <
            packed) {
            mrs_wr_u8(w, SPARSE);
            mrs_wr_u8(w, 0); /* the default value, the same signed or not */
            mrs_wr_varint(w, set);
            (void)put_positions(w, values, n);
            put_range(w, &some, values, n, is_signed, 1);
            return;
        }
    }
    mrs_wr_u8(w, PACKED);
    put_range(w, &all, values, n, is_signed, 0);
}

static uint64_t
get_value(struct mrs_rd *r, int is_signed)
{
    return is_signed ? (uint64_t)mrs_rd_zigzag(r) : mrs_rd_varint(r);
}

static void
read_sparse(struct mrs_rd *r, uint64_t *values, size_t n, int is_signed)
{
    uint64_t other = get_value(r, is_signed), least;
    size_t k = (size_t)mrs_rd_varint_max(r, n), next = 0;
    struct mrs_rd positions = *r;
    const uint8_t *bits;
    unsigned width;

    r->bad |= k == 0;
    /* Over the positions, to be read again once the values are known to be there. */
    for (size_t i = 0; i < k && !r->bad; i++) {
        uint64_t gap = mrs_rd_varint_max(r, n - 1);

        r->bad |= gap >= n - next;
        next += (size_t)gap + 1;
    }
    least = get_value(r, is_signed);
    width = mrs_rd_u8(r);
    r->bad |= width > 64;
    bits = r->bad ? NULL : mrs_bits_take(r, k, width);
    if (r->bad)
        return;
    for (size_t i = 0; i < n; i++)
        values[i] = other;
    next = 0;
    for (size_t i = 0; i < k; i++) {
        next += (size_t)mrs_rd_varint(&positions);
        values[next++] = least + mrs_unpack_at(bits, i * width, width);
    }
}

void
mrs_ints_read(struct mrs_rd *r, uint64_t *values, size_t n, int is_signed)
{
    uint8_t encoding = mrs_rd_u8(r);

    if (encoding == SPARSE) {
        read_sparse(r, values, n, is_signed);
    } else if (encoding == CONSTANT) {
        uint64_t v = get_value(r, is_signed);

        for (size_t i = 0; i < n; i++)
            values[i] = v;
    } else {
        uint64_t least = get_value(r, is_signed);
        unsigned width = mrs_rd_u8(r);
        const uint8_t *bits;

        r->bad |= encoding != PACKED || width == 0 || width > 64;
        bits = r->bad ? NULL : mrs_bits_take(r, n, width);
        if (bits != NULL)
            unpack(bits, n, width, least, values);
    }
}

uint64_t
mrs_int_column_collect(const struct mrs_int_column *c, const void *rows, size_t stride, size_t n,
                       uint64_t *values)
{
    const uint8_t *at = (const uint8_t *)rows + c->offset;
    uint64_t joined = 0;

    if (c->width == 4) {
        for (size_t i = 0; i < n; i++, at += stride) {
            uint32_t v;

            memcpy(&v, at, sizeof v);
            joined |= values[i] = v;
        }
    } else if (c->width == 8) {
        for (size_t i = 0; i < n; i++, at += stride) {
            memcpy(&values[i], at, sizeof values[i]);
            joined |= values[i];
        }
    } else {
        for (size_t i = 0; i < n; i++, at += stride)
            joined |= values[i] = *at;
    }
    return joined;
}

/* joined is at least the greatest value, so that most columns need no second look. */
static bool
over_max(const struct mrs_int_column *c, const uint64_t *values, size_t n, uint64_t joined)
{
    bool over = false;

    if (c->is_signed || joined <= c->max)
        return false;
    for (size_t i = 0; i < n; i++)
        over |= values[i] > c->max;
    return over;
}

void
mrs_int_column_write(struct mrs_wr *w, const struct mrs_int_column *c, const uint64_t *values,
                     size_t n, uint64_t joined)
{
    if (w->st == MARS_OK && over_max(c, values, n, joined))
        w->st = mrs_fail(w->err, MARS_ERR_INTERNAL, "directory node: column %u out of range",
                         c->number);
    mrs_ints_write(w, values, n, c->is_signed);
}

void
mrs_int_column_read(struct mrs_rd *r, const struct mrs_int_column *c, void *rows, size_t stride,
                    size_t n, uint64_t *values)
{
    uint8_t *at = (uint8_t *)rows + c->offset;
    uint64_t joined = 0;

    mrs_ints_read(r, values, n, c->is_signed);
    for (size_t i = 0; i < n && !r->bad; i++)
        joined |= values[i];
    r->bad |= !r->bad && over_max(c, values, n, joined);
    if (r->bad)
        return;
    if (c->width == 4) {
        for (size_t i = 0; i < n; i++, at += stride) {
            uint32_t v = (uint32_t)values[i];

            memcpy(at, &v, sizeof v);
        }
    } else if (c->width == 8) {
        for (size_t i = 0; i < n; i++, at += stride)
            memcpy(at, &values[i], sizeof values[i]);
    } else {
        for (size_t i = 0; i < n; i++, at += stride)
            *at = (uint8_t)values[i];
    }
}
