#ifndef MRS_PLATFORM_RANDOM_H
#define MRS_PLATFORM_RANDOM_H

#include <mars/common.h>

/* n bytes from the kernel's generator. */
MARS_NODISCARD mars_status mrs_random_fill(void *out, size_t n, mars_error *err);

#endif
