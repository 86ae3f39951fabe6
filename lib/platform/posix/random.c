#include "platform/random.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/random.h>
#include <unistd.h>

#include "base/err.h"
#include "platform/posix/os.h"

/* For kernels and sandboxes without getrandom. */
static mars_status
fill_from_device(uint8_t *p, size_t n, mars_error *err)
{
    static const char path[] = "/dev/urandom";
    int fd = mrs_os_openat(AT_FDCWD, path, O_RDONLY);
    mars_status st = MARS_OK;

    if (fd < 0)
        return mrs_fail_os(err, MARS_ERR_IO, errno, "opening %s", path);
    while (st == MARS_OK && n > 0) {
        ssize_t done = read(fd, p, n);

        if (done == 0)
            st = mrs_fail(err, MARS_ERR_IO, "%s is empty", path);
        else if (done < 0 && errno != EINTR)
            st = mrs_fail_os(err, MARS_ERR_IO, errno, "reading %s", path);
        else if (done > 0) {
            p += done;
            n -= (size_t)done;
        }
    }
    mrs_os_close(fd);
    return st;
}

mars_status
mrs_random_fill(void *out, size_t n, mars_error *err)
{
    uint8_t *p = out;

    while (n > 0) {
        ssize_t done = getrandom(p, n, 0);

        if (done < 0 && (errno == ENOSYS || errno == EPERM))
            return fill_from_device(p, n, err);
        if (done < 0 && errno != EINTR)
            return mrs_fail_os(err, MARS_ERR_IO, errno, "reading random bytes");
        if (done > 0) {
            p += done;
            n -= (size_t)done;
        }
    }
    return MARS_OK;
}
