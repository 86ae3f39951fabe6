/* Text is UTF-8 without a NUL. */
#ifndef MRS_BASE_TEXT_H
#define MRS_BASE_TEXT_H

#include <stdbool.h>

#include <mars/common.h>

/* Are the n bytes text? */
bool mrs_is_text(const uint8_t *p, size_t n);

#endif
