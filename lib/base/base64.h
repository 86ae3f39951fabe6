/* Base64 of RFC 4648 section 4, with padding. */
#ifndef MRS_BASE_BASE64_H
#define MRS_BASE_BASE64_H

#include <stdbool.h>

#include <mars/common.h>

/* Characters for n bytes, with the NUL. */
#define MRS_BASE64_SIZE(n) (((n) + 2) / 3 * 4 + 1)

void mrs_base64_encode(char *out, const void *bytes, size_t n);
/* Of exactly that form, at most cap bytes to out; false otherwise. */
bool mrs_base64_decode(uint8_t *out, size_t cap, const char *text, size_t len, size_t *n);

#endif
