/* Rows of numbered fields, of which most payloads are made. FORMAT.md section 1. */
#ifndef MRS_FORMAT_FIELD_H
#define MRS_FORMAT_FIELD_H

#include <stdbool.h>
#include <stddef.h>

#include "base/rd.h"
#include "base/wr.h"

/* Seconds and nanoseconds since 1970, as stored. */
struct mrs_stamp {
    int64_t s;
    uint32_t ns;
};

void mrs_field_bytes(struct mrs_wr *w, uint32_t number, int critical, const void *p, size_t n);
void mrs_field_varint(struct mrs_wr *w, uint32_t number, int critical, uint64_t v);
void mrs_field_stamp(struct mrs_wr *w, uint32_t number, int critical, struct mrs_stamp t);

struct mrs_field {
    uint32_t number;
    int critical;
    const uint8_t *data; /* borrowed from the input */
    size_t len;
};
/* The next field; false at the end or on damage (then r->bad): numbers must not descend. Start
 * with f zeroed. */
int mrs_field_next(struct mrs_rd *r, struct mrs_field *f);
/* What to answer for a field that the decoder does not know: MARS_OK, or UNSUPPORTED. */
MARS_NODISCARD mars_status mrs_field_unknown(const struct mrs_field *f, const char *what,
                                             mars_error *err);
/* Note that a field that stands once was met; sets *bad if it was met before. Numbers below 64. */
void mrs_field_once(const struct mrs_field *f, uint64_t *met, int *bad);
/* MARS_OK, or MARS_ERR_CORRUPT naming what was decoded: the row was damaged, a field was bad, or
 * one of the `must` (a bit each: 1 << number) is missing. */
MARS_NODISCARD mars_status mrs_field_end(const struct mrs_rd *r, int bad, uint64_t met,
                                         uint64_t must, const char *what, mars_error *err);
/* The whole field as one varint; sets *bad otherwise. */
uint64_t mrs_field_get_varint(const struct mrs_field *f, int *bad);
/* As many bits as a uint32_t has; sets *bad otherwise. */
uint32_t mrs_field_get_u32(const struct mrs_field *f, int *bad);
/* A time; sets *bad otherwise. */
struct mrs_stamp mrs_field_get_stamp(const struct mrs_field *f, int *bad);
/* Exactly n bytes into out; sets *bad otherwise. */
void mrs_field_get_copy(const struct mrs_field *f, void *out, size_t n, int *bad);
/* UTF-8 without a NUL, at most cap - 1 bytes, NUL-terminated; sets *bad otherwise. */
void mrs_field_get_text(const struct mrs_field *f, char *out, size_t cap, int *bad);

/* How a field that stands once lies in a struct. A table of these, numbers ascending, serves both
 * ways of a payload. */
enum mrs_form {
    MRS_FORM_BYTES,  /* uint8_t[size] */
    MRS_FORM_TEXT,   /* char[size], NUL-terminated */
    MRS_FORM_BLOB,   /* uint32_t and as many bytes behind it, one at least where it is there */
    MRS_FORM_STAMP,  /* struct mrs_stamp */
    MRS_FORM_U8,     /* varints */
    MRS_FORM_U32,
    MRS_FORM_U64
};
enum {
    MRS_FIELD_CRITICAL = 1, /* written as critical */
    MRS_FIELD_MUST = 2,     /* has to be there */
    MRS_FIELD_OPTIONAL = 4  /* left out where it is zero, as a blob always is */
};
struct mrs_layout {
    uint8_t number;
    uint8_t form;
    uint8_t flags;
    uint16_t offset;
    uint16_t size;
};
#define MRS_LAYOUT(number, form, flags, type, member)                                             \
    { number, form, flags, offsetof(type, member), sizeof(((type *)NULL)->member) }

void mrs_layout_write(struct mrs_wr *w, const struct mrs_layout *table, size_t n,
                      const void *from);
/* Into `to`, which was zeroed; `what` is for messages. */
MARS_NODISCARD mars_status mrs_layout_read(const uint8_t *buf, size_t len,
                                           const struct mrs_layout *table, size_t n, void *to,
                                           const char *what, mars_error *err);

/* The time alone, without a field around it. */
void mrs_stamp_write(struct mrs_wr *w, struct mrs_stamp t);
/* Zero and r->bad on damage. */
struct mrs_stamp mrs_stamp_read(struct mrs_rd *r);

#endif
