/* Text is UTF-8 without a NUL. */
#ifndef MRS_BASE_TEXT_H
#define MRS_BASE_TEXT_H

#include <stdbool.h>

#include <mars/common.h>

/* The length of the one well-formed character that begins at p, of n bytes at least 1; 0: none
 * does. */
enum { MRS_TEXT_STEP_MAX = 4 };
size_t mrs_text_step(const uint8_t *p, size_t n);

/* Are the n bytes text? */
bool mrs_is_text(const uint8_t *p, size_t n);

#endif
