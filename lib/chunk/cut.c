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

enum { LANES = 2, LANE_LENGTH = 8 << 10, LANE_MARKS = 24 };

static uint64_t
hash_before(const uint64_t gear[256], const uint8_t *p, size_t at)
{
    uint64_t h = 0;

    for (size_t i = at - MRS_CUT_WINDOW; i < at; i++)
        h = (h << 1) + gear[p[i]];
    return h;
}

/* Positions in (from, to] one after the other, until there is no room. Returns where it ended. */
static size_t
mark_in_turn(const struct mrs_cutter *c, const uint8_t *p, size_t from, size_t to,
             struct mrs_cut_mark *marks, size_t cap, size_t *n)
{
    uint64_t h = 0;

    for (size_t i = from + 1 - MRS_CUT_WINDOW; i < from; i++)
        h = (h << 1) + c->gear[p[i]];
    for (size_t i = from; i < to; i++) {
        h = (h << 1) + c->gear[p[i]];
        if ((h & c->mask_behind) == 0) {
            marks[(*n)++] = (struct mrs_cut_mark){ i + 1, (h & c->mask_before) == 0 };
            if (*n == cap)
                return i + 1;
        }
    }
    return to;
}

/* Two hashes move on together from step i, since each step of one waits for the step before. The
 * answer is the step in which one of them had the mask's bits clear, or LANE_LENGTH. Two steps a
 * turn and a branch for each test: what compilers make the fastest code of. */
static size_t
run_lanes(const uint64_t gear[256], const uint8_t *p, size_t i, uint64_t mask, uint64_t h[LANES])
{
    const uint8_t *q = p + LANE_LENGTH;
    uint64_t a = h[0], b = h[1];

    for (; i + 1 < LANE_LENGTH; i++) {
        a = (a << 1) + gear[p[i]];
        b = (b << 1) + gear[q[i]];
        if ((a & mask) == 0)
            goto out;
        if ((b & mask) == 0)
            goto out;
        i++;
        a = (a << 1) + gear[p[i]];
        b = (b << 1) + gear[q[i]];
        if ((a & mask) == 0)
            goto out;
        if ((b & mask) == 0)
            goto out;
    }
    if (i < LANE_LENGTH) { /* it began at an odd step */
        a = (a << 1) + gear[p[i]];
        b = (b << 1) + gear[q[i]];
        if ((a & mask) != 0 && (b & mask) != 0)
            i++;
    }
out:
    h[0] = a;
    h[1] = b;
    return i;
}

/* The same for (from, from + LANES * LANE_LENGTH], false if there are more marks than in anything
 * but hostile data. from >= MRS_CUT_WINDOW. */
static bool
mark_in_lanes(const struct mrs_cutter *c, const uint8_t *p, size_t from,
              struct mrs_cut_mark found[LANES][LANE_MARKS], size_t n[LANES])
{
    uint64_t h[LANES];
    size_t i = 0;

    for (size_t l = 0; l < LANES; l++) {
        h[l] = hash_before(c->gear, p, from + l * LANE_LENGTH);
        n[l] = 0;
    }
    while ((i = run_lanes(c->gear, p + from, i, c->mask_behind, h)) < LANE_LENGTH) {
        i++;
        for (size_t l = 0; l < LANES; l++) {
            if ((h[l] & c->mask_behind) != 0)
                continue;
            if (n[l] == LANE_MARKS)
                return false;
            found[l][n[l]++] = (struct mrs_cut_mark){ from + l * LANE_LENGTH + i,
                                                      (h[l] & c->mask_before) == 0 };
        }
    }
    return true;
}

size_t
mrs_cut_marks(const struct mrs_cutter *c, const uint8_t *p, size_t n, size_t *from,
              struct mrs_cut_mark *marks, size_t cap)
{
    struct mrs_cut_mark found[LANES][LANE_MARKS];
    size_t of_lane[LANES], count = 0;

    while (*from < n && count < cap) {
        size_t piece = LANES * LANE_LENGTH;

        if (*from >= MRS_CUT_WINDOW && n - *from >= piece && cap - count >= LANES * LANE_MARKS &&
            mark_in_lanes(c, p, *from, found, of_lane)) {
            for (size_t l = 0; l < LANES; l++)
                for (size_t i = 0; i < of_lane[l]; i++)
                    marks[count++] = found[l][i];
            *from += piece;
        } else {
            if (piece > n - *from)
                piece = n - *from;
            *from = mark_in_turn(c, p, *from, *from + piece, marks, cap, &count);
        }
    }
    return count;
}

bool
mrs_cut_ends(const struct mrs_cutter *c, uint64_t len, bool strict)
{
    return len >= c->max || (len >= c->min && (strict || len >= c->avg));
}
