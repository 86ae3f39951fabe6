/* Metadata onto names, directories and open files; never through a link. */
#include "platform/treewrite.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "base/err.h"
#include "platform/posix/os.h"

#if defined(SYS_fchmodat2)
#  define NR_FCHMODAT2 SYS_fchmodat2
#elif defined(__x86_64__) || defined(__aarch64__)
#  define NR_FCHMODAT2 452 /* headers older than the kernel */
#endif

/* The descriptor of what is meant, or of the directory in which it has a name. */
static int
fd_of(const struct mrs_meta_at *at)
{
    return at->file != NULL ? at->file->fd : at->dir->fd;
}

/* NULL: the descriptor itself is meant. */
static const char *
name_of(const struct mrs_meta_at *at)
{
    return at->file != NULL ? NULL : at->name;
}

static const char *
label_of(const struct mrs_meta_at *at)
{
    if (at->file != NULL)
        return at->file->label;
    return at->name != NULL ? at->name : at->dir->label;
}

static mars_status
check(const struct mrs_meta_at *at, mars_error *err)
{
    return name_of(at) != NULL ? mrs_os_check_name(err, at->name) : MARS_OK;
}

mars_status
mrs_meta_chown(const struct mrs_meta_at *at, uint64_t uid, uint64_t gid, mars_error *err)
{
    const char *name = name_of(at);
    mars_status st = check(at, err);
    int done;

    if (st != MARS_OK)
        return st;
    if (uid >= UINT32_MAX || gid >= UINT32_MAX) /* the last one means "leave it" */
        return mrs_fail(err, MARS_ERR_INVALID_ARG, "%.150s: owner %llu:%llu is out of range",
                        label_of(at), (unsigned long long)uid, (unsigned long long)gid);
    if (name == NULL)
        done = fchown(fd_of(at), (uid_t)uid, (gid_t)gid);
    else
        done = fchownat(fd_of(at), name, (uid_t)uid, (gid_t)gid, AT_SYMLINK_NOFOLLOW);
    return done == 0 ? MARS_OK : mrs_os_tree_fail(err, errno, "setting the owner of", label_of(at));
}

/* Without /proc: open the name, if its opening does no harm. 0 or an errno. */
static int
chmod_opened(int dir, const char *name, mode_t type, mode_t mode)
{
    int fd;
    int code;

    if (!S_ISREG(type) && !S_ISDIR(type))
        return ENOTSUP;
    fd = mrs_os_openat(dir, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY);
    code = fd >= 0 && fchmod(fd, mode) == 0 ? 0 : errno;
    mrs_os_close(fd);
    return code;
}

/* For kernels without fchmodat2: pin the file, see that it is no link, go by /proc. */
static int
chmod_pinned(int dir, const char *name, mode_t mode)
{
    char proc[64];
    struct stat s;
    int fd = mrs_os_openat(dir, name, O_PATH | O_NOFOLLOW);
    int code = fd >= 0 && fstat(fd, &s) == 0 ? 0 : errno;

    if (code != 0 || S_ISLNK(s.st_mode)) { /* a link's mode means nothing */
        mrs_os_close(fd);
        return code;
    }
    (void)snprintf(proc, sizeof proc, "/proc/self/fd/%d", fd);
    code = chmod(proc, mode) == 0 ? 0 : errno;
    mrs_os_close(fd);
    return code == ENOENT ? chmod_opened(dir, name, s.st_mode, mode) : code;
}

/* 0 or an errno. */
static int
chmod_name(int dir, const char *name, mode_t mode)
{
#if defined(NR_FCHMODAT2)
    if (syscall(NR_FCHMODAT2, dir, name, mode, AT_SYMLINK_NOFOLLOW) == 0)
        return 0;
    if (errno != ENOSYS && errno != EPERM && errno != EOPNOTSUPP && errno != EINVAL)
        return errno;
#endif
    return chmod_pinned(dir, name, mode);
}

mars_status
mrs_meta_chmod(const struct mrs_meta_at *at, uint32_t mode, mars_error *err)
{
    mars_status st = check(at, err);
    int code;

    if (st != MARS_OK)
        return st;
    if ((mode & ~07777u) != 0)
        return mrs_fail(err, MARS_ERR_INVALID_ARG, "%.150s: mode %o is out of range", label_of(at),
                        (unsigned)mode);
    if (name_of(at) == NULL)
        code = fchmod(fd_of(at), (mode_t)mode) == 0 ? 0 : errno;
    else
        code = chmod_name(fd_of(at), at->name, (mode_t)mode);
    return code == 0 ? MARS_OK : mrs_os_tree_fail(err, code, "setting the mode of", label_of(at));
}

/* ENOSPC is also said when a file's own room for attributes is full: that is no full disk. */
static int
told_apart(int fd, int code)
{
    struct statvfs v;

    return code == ENOSPC && fstatvfs(fd, &v) == 0 && v.f_bavail > 0 ? E2BIG : code;
}

mars_status
mrs_meta_set_xattr(const struct mrs_meta_at *at, const char *name, const void *value, size_t len,
                   mars_error *err)
{
    struct mrs_os_xattr_at x = { fd_of(at), name_of(at), -1 };
    mars_status st = check(at, err);
    int code;

    if (st != MARS_OK)
        return st;
    code = mrs_os_xattr_set(&x, name, value, len) == 0 ? 0 : errno;
    mrs_os_xattr_close(&x);
    if (code == 0)
        return MARS_OK;
    st = mrs_os_tree_fail(err, told_apart(x.at, code), "setting", name);
    return mrs_context(err, st, "attributes of %.100s", label_of(at));
}

mars_status
mrs_meta_remove_xattr(const struct mrs_meta_at *at, const char *name, mars_error *err)
{
    struct mrs_os_xattr_at x = { fd_of(at), name_of(at), -1 };
    mars_status st = check(at, err);
    int code;

    if (st != MARS_OK)
        return st;
    code = mrs_os_xattr_remove(&x, name) == 0 ? 0 : errno;
    mrs_os_xattr_close(&x);
    if (code == 0)
        return MARS_OK;
    st = mrs_os_tree_fail(err, code == ENODATA ? ENOENT : code, "removing", name);
    return mrs_context(err, st, "attributes of %.100s", label_of(at));
}

mars_status
mrs_meta_set_mtime(const struct mrs_meta_at *at, struct mrs_time mtime, mars_error *err)
{
    struct timespec times[2];
    mars_status st = check(at, err);
    int done;

    if (st != MARS_OK)
        return st;
    times[0].tv_sec = (time_t)mtime.s;
    times[0].tv_nsec = (long)mtime.ns;
    times[1] = times[0];
    /* Past the range of ns there are numbers with a meaning: now, and leave it. */
    if (mtime.ns >= 1000000000u || (int64_t)times[0].tv_sec != mtime.s)
        return mrs_fail(err, MARS_ERR_INVALID_ARG, "%.150s: time is out of range", label_of(at));
    if (name_of(at) == NULL)
        done = futimens(fd_of(at), times);
    else
        done = utimensat(fd_of(at), at->name, times, AT_SYMLINK_NOFOLLOW);
    return done == 0 ? MARS_OK : mrs_os_tree_fail(err, errno, "setting the time of", label_of(at));
}
