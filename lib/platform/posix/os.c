#include "platform/posix/os.h"

#include <errno.h>
#include <string.h>

#include "base/err.h"

enum { SHOWN = 150 }; /* bytes of a name in a message of 240 */

static mars_status
common_status(int os_code)
{
    switch (os_code) {
    case ENOENT:
        return MARS_ERR_NOT_FOUND;
    case EEXIST:
        return MARS_ERR_EXISTS;
    case ENOSPC:
    case EDQUOT:
        return MARS_ERR_QUOTA;
    case ENOMEM:
        return MARS_ERR_NOMEM;
    default:
        return MARS_ERR_IO;
    }
}

static mars_status
tree_status(int os_code)
{
    switch (os_code) {
    case ENOTDIR:
    case EISDIR:
    case ELOOP:
    case ENXIO:
    case ENODEV:
        return MARS_ERR_STATE;
    case ENOTEMPTY:
        return MARS_ERR_EXISTS;
    case EAGAIN:
        return MARS_ERR_LOCKED;
    default:
        return common_status(os_code);
    }
}

static mars_status
fail(mars_error *err, mars_status st, int os_code, const char *what, const char *name)
{
    size_t len = strlen(name);

    if (len <= SHOWN)
        return mrs_fail_os(err, st, os_code, "%s %s", what, name);
    name += len - SHOWN;
    while (((unsigned char)*name & 0xc0) == 0x80) /* not in the middle of a character */
        name++;
    return mrs_fail_os(err, st, os_code, "%s ...%s", what, name);
}

mars_status
mrs_os_fail(mars_error *err, int os_code, const char *what, const char *name)
{
    return fail(err, common_status(os_code), os_code, what, name);
}

mars_status
mrs_os_tree_fail(mars_error *err, int os_code, const char *what, const char *name)
{
    return fail(err, tree_status(os_code), os_code, what, name);
}

mars_status
mrs_os_check_name(mars_error *err, const char *name)
{
    if (name[0] == '\0' || strcmp(name, ".") == 0 || strcmp(name, "..") == 0 ||
        strchr(name, '/') != NULL)
        return mrs_fail(err, MARS_ERR_INVALID_ARG, "not the name of one file: '%.150s'", name);
    return MARS_OK;
}
