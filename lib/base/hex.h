/* Lower-case hex, the form in which ids appear in object names and messages. */
#ifndef MRS_BASE_HEX_H
#define MRS_BASE_HEX_H

#include <stdbool.h>

#include <mars/common.h>

/* out takes 2 * n characters and a NUL. */
void mrs_hex_encode(char *out, const void *bytes, size_t n);

/* Exactly 2 * n lower-case digits of text (len characters); false, and out untouched, otherwise. */
bool mrs_hex_decode(uint8_t *out, size_t n, const char *text, size_t len);

#endif
