/* What a passphrase must be. */
#ifndef MRS_AGENT_PASSPHRASE_H
#define MRS_AGENT_PASSPHRASE_H

#include <mars/common.h>

enum { MRS_PASSPHRASE_CHARS_MIN = 16, MRS_PASSPHRASE_BYTES_MAX = 4096 };

/* At least 16 characters (code points) of UTF-8 without NUL and line breaks; `what` names it. */
MARS_NODISCARD mars_status mrs_passphrase_check(const char *p, size_t n, const char *what,
                                                mars_error *err);

#endif
