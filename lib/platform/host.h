#ifndef MRS_PLATFORM_HOST_H
#define MRS_PLATFORM_HOST_H

#include <mars/common.h>

/* This machine's name, NUL-terminated, cut to cap. */
MARS_NODISCARD mars_status mrs_host_name(char *out, size_t cap, mars_error *err);

/* "linux", "windows": recorded in points and machine records. */
const char *mrs_host_os(void);

#endif
