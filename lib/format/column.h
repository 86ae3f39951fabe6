/* Columns of integers and byte strings. FORMAT.md section 11. In all of them 1 <= n <=
 * MRS_LEAF_MAX. */
#ifndef MRS_FORMAT_COLUMN_H
#define MRS_FORMAT_COLUMN_H

#include "base/rd.h"
#include "base/wr.h"
#include "format/entry.h"

/* n >= 1 values; is_signed: they are int64_t in disguise. The shortest encoding, the lowest of
 * equals. */
void mrs_ints_write(struct mrs_wr *w, const uint64_t *values, size_t n, int is_signed);
/* Exactly n values; r->bad on damage. */
void mrs_ints_read(struct mrs_rd *r, uint64_t *values, size_t n, int is_signed);

/* lens is scratch for n values. */
void mrs_strings_write(struct mrs_wr *w, const struct mrs_slice *s, size_t n, uint64_t *lens);
/* Slices into r's buffer. */
void mrs_strings_read(struct mrs_rd *r, struct mrs_slice *s, size_t n, uint64_t *lens);

/* Names ascend strictly (MARS_ERR_INTERNAL). lens is scratch for 2 * n values. */
void mrs_names_write(struct mrs_wr *w, const struct mrs_slice *s, size_t n, uint64_t *lens);
/* *arena gets the joined names (mrs_free by the caller), s points into it; at most max bytes in
 * all. Order is checked. */
MARS_NODISCARD mars_status mrs_names_read(struct mrs_rd *r, struct mrs_slice *s, size_t n,
                                          uint64_t *lens, size_t max, uint8_t **arena,
                                          mars_error *err);

/* A column whose values are an integer member of an array of structs ("rows", stride apart). */
struct mrs_int_column {
    uint64_t max;     /* the greatest legal value; signed columns have none */
    uint16_t offset;  /* of the member */
    uint8_t number;   /* of the field */
    uint8_t width;    /* of the member: 1, 4 or 8 bytes */
    uint8_t critical;
    uint8_t is_signed;
};

/* Copy the column into values. Returns all of them joined by OR: 0 when the column may be left
 * out. */
uint64_t mrs_int_column_collect(const struct mrs_int_column *c, const void *rows, size_t stride,
                                size_t n, uint64_t *values);
/* Write what was collected, the field without its number; a value over max fails
 * (MARS_ERR_INTERNAL). */
void mrs_int_column_write(struct mrs_wr *w, const struct mrs_int_column *c, const uint64_t *values,
                          size_t n, uint64_t joined);
/* Into the rows; values is scratch for n. r->bad on damage, also where a value is over max. */
void mrs_int_column_read(struct mrs_rd *r, const struct mrs_int_column *c, void *rows,
                         size_t stride, size_t n, uint64_t *values);

#endif
