#include "chunk/cut.h"

#include "base/err.h"

static unsigned
log2_of(size_t n)
{
    unsigned bits = 0;

    while (n > 1) {
        n >>= 1;
        bits++;
    }
    return bits;
}

static uint64_t
top_bits(unsigned n)
{
    return ~(uint64_t)0 << (64 - n);
}

static int
is_power_of_two(size_t n)
{
    return n != 0 && (n & (n - 1)) == 0;
}

mars_status
mrs_cutter_init(struct mrs_cutter *c, const uint8_t gear_bytes[2048], size_t min, size_t avg,
                size_t max, mars_error *err)
{
    if (!is_power_of_two(min) || !is_power_of_two(avg) || !is_power_of_two(max) ||
        min < 2 * MRS_CUT_WINDOW || min > avg || avg > max || max > MRS_CUT_MAX)
        return mrs_fail(err, MARS_ERR_INVALID_ARG, "chunker: sizes %zu, %zu, %zu", min, avg, max);
    for (size_t i = 0; i < 256; i++) {
        c->gear[i] = 0;
        for (size_t k = 8; k > 0; k--)
            c->gear[i] = c->gear[i] << 8 | gear_bytes[8 * i + k - 1];
    }
    c->mask_before = top_bits(log2_of(avg) + 2);
    c->mask_behind = top_bits(log2_of(avg) - 2);
    c->min = min;
    c->avg = avg;
    c->max = max;
    return MARS_OK;
}

/* The first i in [from, to) at which the hash over the 64 bytes before it has the mask's bits
 * clear; *h is that hash at from, and left as it is at the answer. */
static size_t
scan(const uint64_t gear[256], const uint8_t *p, size_t from, size_t to, uint64_t mask, uint64_t *h)
{
    uint64_t x = *h;
    size_t i = from;

    for (; i + 4 <= to; i += 4) {
        if ((x & mask) == 0)
            goto out;
        x = (x << 1) + gear[p[i]];
        if ((x & mask) == 0) {
            i += 1;
            goto out;
        }
        x = (x << 1) + gear[p[i + 1]];
        if ((x & mask) == 0) {
            i += 2;
            goto out;
        }
        x = (x << 1) + gear[p[i + 2]];
        if ((x & mask) == 0) {
            i += 3;
            goto out;
        }
        x = (x << 1) + gear[p[i + 3]];
    }
    for (; i < to && (x & mask) != 0; i++)
        x = (x << 1) + gear[p[i]];
out:
    *h = x;
    return i;
}

size_t
mrs_cut_next(const struct mrs_cutter *c, const uint8_t *p, size_t n)
{
    uint64_t h = 0;
    size_t avg, i;

    if (n <= c->min)
        return n;
    if (n > c->max)
        n = c->max;
    avg = n < c->avg ? n : c->avg;
    for (i = c->min - MRS_CUT_WINDOW; i < c->min; i++)
        h = (h << 1) + c->gear[p[i]];
    i = scan(c->gear, p, c->min, avg, c->mask_before, &h);
    return i < avg ? i : scan(c->gear, p, avg, n, c->mask_behind, &h);
}
