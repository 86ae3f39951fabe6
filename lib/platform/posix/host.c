#include "platform/host.h"

#include <errno.h>
#include <string.h>
#include <sys/utsname.h>

#include "base/err.h"

mars_status
mrs_host_name(char *out, size_t cap, mars_error *err)
{
    struct utsname u;
    size_t len;

    if (cap == 0)
        return mrs_fail(err, MARS_ERR_INVALID_ARG, "no room for the host name");
    out[0] = '\0';
    if (uname(&u) != 0)
        return mrs_fail_os(err, MARS_ERR_IO, errno, "asking for the host name");
    len = strnlen(u.nodename, sizeof u.nodename);
    if (len > cap - 1)
        len = cap - 1;
    memcpy(out, u.nodename, len);
    out[len] = '\0';
    return MARS_OK;
}

const char *
mrs_host_os(void)
{
    return "linux";
}
