#include "platform/tree.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/err.h"
#include "platform/posix/os.h"

enum { LINK_MAX_SIZE = 8 << 10 }; /* twice what the kernel allows */

/* The name by which messages call name in dir. */
static const char *
label_of(const struct mrs_tree_dir *dir, const char *name)
{
    return name != NULL ? name : dir->label;
}

static struct mrs_tree_dir *
new_dir(const char *label, size_t len)
{
    struct mrs_tree_dir *dir = mrs_alloc(sizeof *dir + len + 1);

    if (dir != NULL) {
        memcpy(dir->label, label, len);
        dir->fd = -1;
    }
    return dir;
}

/* dir, or what went wrong opening it. */
static mars_status
hand_out(struct mrs_tree_dir **out, struct mrs_tree_dir *dir, mars_error *err)
{
    mars_status st;

    if (dir->fd >= 0) {
        *out = dir;
        return MARS_OK;
    }
    st = mrs_os_tree_fail(err, errno, "opening", dir->label);
    mrs_free(dir);
    return st;
}

mars_status
mrs_tree_open_root(struct mrs_tree_dir **out, const char *path, mars_error *err)
{
    size_t len = strlen(path);
    struct mrs_tree_dir *dir;

    *out = NULL;
    if (path[0] != '/')
        return mrs_fail(err, MARS_ERR_INVALID_ARG, "not an absolute path: '%.150s'", path);
    while (len > 1 && path[len - 1] == '/') /* a separator behind a link would follow it */
        len--;
    dir = new_dir(path, len);
    if (dir == NULL)
        return mrs_nomem(err);
    dir->fd = mrs_os_open_long(dir->label, O_RDONLY | O_DIRECTORY | O_NOFOLLOW);
    return hand_out(out, dir, err);
}

mars_status
mrs_tree_open_dir(struct mrs_tree_dir **out, struct mrs_tree_dir *dir, const char *name,
                  mars_error *err)
{
    mars_status st = mrs_os_check_name(err, name);
    struct mrs_tree_dir *child;

    *out = NULL;
    if (st != MARS_OK)
        return st;
    child = new_dir(name, strlen(name));
    if (child == NULL)
        return mrs_nomem(err);
    child->fd = mrs_os_openat_noatime(dir->fd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW);
    return hand_out(out, child, err);
}

struct mrs_tree_dir *
mrs_tree_dir_share(struct mrs_tree_dir *dir)
{
    atomic_fetch_add(&dir->more, 1);
    return dir;
}

void
mrs_tree_dir_close(struct mrs_tree_dir *dir)
{
    if (dir == NULL || atomic_fetch_sub(&dir->more, 1) != 0)
        return;
    mrs_os_close(dir->fd);
    mrs_free(dir);
}

struct each {
    mrs_tree_name_fn fn;
    void *user;
};

static mars_status
visit(void *user, const char *name, unsigned char type, mars_error *err)
{
    const struct each *e = user;

    (void)type; /* callers need all of stat anyway */
    return e->fn(e->user, name, strlen(name), err);
}

mars_status
mrs_tree_each(struct mrs_tree_dir *dir, mrs_tree_name_fn fn, void *user, mars_error *err)
{
    struct each e = { fn, user };

    if (dir->listed && lseek(dir->fd, 0, SEEK_SET) != 0)
        return mrs_os_tree_fail(err, errno, "listing", dir->label);
    dir->listed = true;
    return mrs_os_each_entry(dir->fd, dir->label, visit, &e, err);
}

static enum mrs_tree_kind
kind_of(mode_t mode)
{
    switch (mode & S_IFMT) {
    case S_IFREG:
        return MRS_TREE_FILE;
    case S_IFDIR:
        return MRS_TREE_DIR;
    case S_IFLNK:
        return MRS_TREE_SYMLINK;
    case S_IFIFO:
        return MRS_TREE_FIFO;
    case S_IFCHR:
        return MRS_TREE_CHARDEV;
    case S_IFBLK:
        return MRS_TREE_BLOCKDEV;
    case S_IFSOCK:
        return MRS_TREE_SOCKET;
    default:
        return MRS_TREE_OTHER;
    }
}

static struct mrs_time
time_of(int64_t s, uint64_t ns)
{
    struct mrs_time t = { s, ns < 1000000000u ? (uint32_t)ns : 0 }; /* damaged inodes exist */

    return t;
}

static void
from_statx(const struct statx *x, struct mrs_tree_stat *st)
{
    st->kind = kind_of(x->stx_mode);
    st->mode = x->stx_mode & 07777u;
    st->uid = x->stx_uid;
    st->gid = x->stx_gid;
    st->size = x->stx_size;
    st->blocks = x->stx_blocks;
    st->nlink = x->stx_nlink;
    st->inode = x->stx_ino;
    st->fs_id = (uint64_t)makedev(x->stx_dev_major, x->stx_dev_minor);
    st->rdev_major = x->stx_rdev_major;
    st->rdev_minor = x->stx_rdev_minor;
    st->mtime = time_of(x->stx_mtime.tv_sec, x->stx_mtime.tv_nsec);
    st->ctime = time_of(x->stx_ctime.tv_sec, x->stx_ctime.tv_nsec);
    st->has_btime = (x->stx_mask & STATX_BTIME) != 0;
    if (st->has_btime)
        st->btime = time_of(x->stx_btime.tv_sec, x->stx_btime.tv_nsec);
}

static void
from_stat(const struct stat *s, struct mrs_tree_stat *st)
{
    st->kind = kind_of(s->st_mode);
    st->mode = s->st_mode & 07777u;
    st->uid = s->st_uid;
    st->gid = s->st_gid;
    st->size = (uint64_t)s->st_size;
    st->blocks = (uint64_t)s->st_blocks;
    st->nlink = s->st_nlink;
    st->inode = s->st_ino;
    st->fs_id = (uint64_t)s->st_dev;
    st->rdev_major = major(s->st_rdev);
    st->rdev_minor = minor(s->st_rdev);
    st->mtime = time_of(s->st_mtim.tv_sec, (uint64_t)s->st_mtim.tv_nsec);
    st->ctime = time_of(s->st_ctim.tv_sec, (uint64_t)s->st_ctim.tv_nsec);
}

int
mrs_os_stat(int at, const char *name, struct mrs_tree_stat *st)
{
    int flags = AT_SYMLINK_NOFOLLOW | AT_NO_AUTOMOUNT | (name == NULL ? AT_EMPTY_PATH : 0);
    const char *path = name != NULL ? name : "";
    struct statx x;
    struct stat s;

    memset(st, 0, sizeof *st);
    if (statx(at, path, flags, STATX_BASIC_STATS | STATX_BTIME, &x) == 0) {
        from_statx(&x, st);
        return 0;
    }
    if (errno != ENOSYS && errno != EPERM) /* what sandboxes that do not know statx say */
        return errno;
    if (fstatat(at, path, &s, flags) != 0)
        return errno;
    from_stat(&s, st);
    return 0;
}

mars_status
mrs_tree_stat(struct mrs_tree_dir *dir, const char *name, struct mrs_tree_stat *st,
              mars_error *err)
{
    mars_status bad = name != NULL ? mrs_os_check_name(err, name) : MARS_OK;
    int code;

    if (bad != MARS_OK)
        return bad;
    code = mrs_os_stat(dir->fd, name, st);
    return code == 0 ? MARS_OK : mrs_os_tree_fail(err, code, "looking at", label_of(dir, name));
}

mars_status
mrs_tree_readlink(struct mrs_tree_dir *dir, const char *name, struct mrs_buf *out,
                  mars_error *err)
{
    char target[LINK_MAX_SIZE];
    mars_status st = mrs_os_check_name(err, name);
    ssize_t n;

    if (st != MARS_OK)
        return st;
    n = readlinkat(dir->fd, name, target, sizeof target);
    if (n < 0 && errno == EINVAL)
        return mrs_fail(err, MARS_ERR_STATE, "%.150s is no symbolic link now", name);
    if (n < 0)
        return mrs_os_tree_fail(err, errno, "reading the link", name);
    if ((size_t)n == sizeof target)
        return mrs_os_tree_fail(err, ENAMETOOLONG, "reading the link", name);
    return mrs_buf_append(out, target, (size_t)n, err);
}
