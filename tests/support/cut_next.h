/* Cutting bytes that are all there, by the marks that the library gives. */
#ifndef CUT_NEXT_H
#define CUT_NEXT_H

#include "chunk/cut.h"

/* The length of the first chunk of the n bytes at p, which begin at a cut point and are all that is
 * left of the stream, or at least max. The marks come `cap` at a time (at most 64). */
static inline size_t
cut_next_by(const struct mrs_cutter *c, const uint8_t *p, size_t n, size_t cap)
{
    struct mrs_cut_mark marks[64];
    size_t from = c->min - 1, count;

    if (n > c->max)
        n = c->max;
    while (from < n) {
        count = mrs_cut_marks(c, p, n, &from, marks, cap);
        for (size_t i = 0; i < count; i++)
            if (marks[i].at < n && mrs_cut_ends(c, marks[i].at, marks[i].strict))
                return marks[i].at;
    }
    return n;
}

static inline size_t
cut_next(const struct mrs_cutter *c, const uint8_t *p, size_t n)
{
    return cut_next_by(c, p, n, 64);
}

#endif
