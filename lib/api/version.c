#include <mars/common.h>

#include "crypto/digest.h"

const char *
mars_version(void)
{
    return MARS_VERSION;
}

const char *
mars_crypto_provider(void)
{
    return mrs_crypto_name();
}

const char *
mars_status_name(int32_t status)
{
    static const char *const names[] = {
        "MARS_OK",           "MARS_ERR_INTERNAL",  "MARS_ERR_NOMEM",     "MARS_ERR_INVALID_ARG",
        "MARS_ERR_UNSUPPORTED", "MARS_ERR_CORRUPT", "MARS_ERR_IO",       "MARS_ERR_CANCELLED",
        "MARS_ERR_NOT_FOUND", "MARS_ERR_EXISTS",   "MARS_ERR_STATE",     "MARS_ERR_LOCKED",
        "MARS_ERR_NETWORK",  "MARS_ERR_AUTH",      "MARS_ERR_FORBIDDEN", "MARS_ERR_QUOTA",
        "MARS_ERR_KEY"
    };
    const int32_t known = (int32_t)(sizeof names / sizeof names[0]);

    return status <= 0 && status > -known ? names[-status] : "MARS_ERR_UNKNOWN";
}
