/* Locks by flock: they belong to the open file, so two handles of one process conflict too, and
 * another close of the same file does not lose them, as it would with fcntl. */
#include "platform/file.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/err.h"
#include "platform/posix/os.h"

enum { TRIES = 16 };

struct mrs_lock {
    int fd;
    pid_t owner;
};

/* Is what we locked still what others will find under the name? */
static bool
is_current(int fd, const char *path)
{
    struct stat ours;
    struct stat now;

    return fstat(fd, &ours) == 0 && stat(path, &now) == 0 && ours.st_dev == now.st_dev &&
           ours.st_ino == now.st_ino;
}

/* A locked descriptor, or -1 and errno. how: LOCK_EX or LOCK_SH. */
static int
open_and_lock(const char *path, int how)
{
    for (int i = 0; i < TRIES; i++) {
        int fd = mrs_os_openat(AT_FDCWD, path, O_RDWR | O_CREAT | O_NOCTTY);

        if (fd < 0)
            return -1;
        while (flock(fd, how | LOCK_NB) != 0)
            if (errno != EINTR) {
                mrs_os_close(fd);
                return -1;
            }
        if (is_current(fd, path))
            return fd;
        mrs_os_close(fd); /* somebody deleted the file meanwhile */
    }
    errno = EWOULDBLOCK;
    return -1;
}

static mars_status
take(struct mrs_lock **out, const char *path, int how, mars_error *err)
{
    struct mrs_lock *l;

    *out = NULL;
    l = mrs_alloc(sizeof *l);
    if (l == NULL)
        return mrs_nomem(err);
    l->fd = open_and_lock(path, how);
    if (l->fd < 0) {
        int code = errno;

        mrs_free(l);
        if (code == EWOULDBLOCK)
            return mrs_fail(err, MARS_ERR_LOCKED, "%.180s is in use", path);
        return mrs_os_fail(err, code, "locking", path);
    }
    l->owner = getpid();
    *out = l;
    return MARS_OK;
}

mars_status
mrs_lock_take(struct mrs_lock **out, const char *path, mars_error *err)
{
    return take(out, path, LOCK_EX, err);
}

mars_status
mrs_lock_share(struct mrs_lock **out, const char *path, mars_error *err)
{
    return take(out, path, LOCK_SH, err);
}

void
mrs_lock_release(struct mrs_lock *l)
{
    if (l == NULL)
        return;
    /* Not left to close: a child forked meanwhile may hold the same open file. The child in its
     * turn must not unlock what its parent still relies on. */
    if (l->owner == getpid())
        (void)flock(l->fd, LOCK_UN);
    mrs_os_close(l->fd);
    mrs_free(l);
}
