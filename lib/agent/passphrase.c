#include "agent/passphrase.h"

#include "base/err.h"
#include "base/text.h"

mars_status
mrs_passphrase_check(const char *p, size_t n, const char *what, mars_error *err)
{
    size_t chars = 0;

    if (p == NULL)
        return mrs_fail(err, MARS_ERR_INVALID_ARG, "%s: is missing", what);
    if (n > MRS_PASSPHRASE_BYTES_MAX)
        return mrs_fail(err, MARS_ERR_INVALID_ARG, "%s: longer than %d bytes", what,
                        MRS_PASSPHRASE_BYTES_MAX);
    if (!mrs_is_text((const uint8_t *)p, n))
        return mrs_fail(err, MARS_ERR_INVALID_ARG, "%s: not UTF-8, or has a NUL in it", what);
    for (size_t i = 0; i < n; i++) {
        if (p[i] == '\n' || p[i] == '\r')
            return mrs_fail(err, MARS_ERR_INVALID_ARG, "%s: has a line break in it", what);
        chars += ((unsigned char)p[i] & 0xc0) != 0x80;
    }
    if (chars < MRS_PASSPHRASE_CHARS_MIN)
        return mrs_fail(err, MARS_ERR_INVALID_ARG, "%s: shorter than %d characters", what,
                        MRS_PASSPHRASE_CHARS_MIN);
    return MARS_OK;
}
