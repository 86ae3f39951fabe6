#include "platform/treewrite.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/err.h"
#include "platform/posix/os.h"

/* Open name below `at`, made if it is not there; -1 and errno if neither can be. */
static int
open_or_make(int at, const char *name)
{
    int fd = mrs_os_openat(at, name, O_PATH | O_DIRECTORY);

    if (fd >= 0 || errno != ENOENT)
        return fd;
    if (mkdirat(at, name, 0700) != 0 && errno != EEXIST)
        return -1;
    return mrs_os_openat(at, name, O_PATH | O_DIRECTORY);
}

/* Component by component, so that the path may have any length. A descriptor, or -1 and errno. */
static int
open_making_all(const char *path)
{
    char name[PATH_MAX];
    int at = path[0] == '/' ? mrs_os_openat(AT_FDCWD, "/", O_PATH | O_DIRECTORY) : AT_FDCWD;
    int fd;

    for (path += strspn(path, "/"); *path != '\0' && (at >= 0 || at == AT_FDCWD);) {
        size_t len = strcspn(path, "/");

        if (len >= sizeof name) {
            mrs_os_close(at);
            errno = ENAMETOOLONG;
            return -1;
        }
        memcpy(name, path, len);
        name[len] = '\0';
        fd = open_or_make(at, name);
        mrs_os_close(at);
        if (fd < 0)
            return -1;
        at = fd;
        path += len;
        path += strspn(path, "/");
    }
    if (at < 0)
        return -1;
    fd = mrs_os_openat(at, ".", O_RDONLY | O_DIRECTORY);
    mrs_os_close(at);
    return fd;
}

mars_status
mrs_treewrite_root(struct mrs_tree_dir **out, const char *path, mars_error *err)
{
    size_t len = strlen(path);
    struct mrs_tree_dir *dir;
    mars_status st;

    *out = NULL;
    if (len == 0)
        return mrs_fail(err, MARS_ERR_INVALID_ARG, "the target's path is empty");
    dir = mrs_alloc(sizeof *dir + len + 1);
    if (dir == NULL)
        return mrs_nomem(err);
    memcpy(dir->label, path, len);
    dir->fd = mrs_os_open_long(path, O_RDONLY | O_DIRECTORY);
    if (dir->fd < 0 && errno == ENOENT)
        dir->fd = open_making_all(path);
    if (dir->fd >= 0) {
        *out = dir;
        return MARS_OK;
    }
    st = mrs_os_tree_fail(err, errno, "opening the target", path);
    mrs_free(dir);
    return st;
}

mars_status
mrs_treewrite_mkdir(struct mrs_tree_dir *dir, const char *name, mars_error *err)
{
    mars_status st = mrs_os_check_name(err, name);

    if (st != MARS_OK)
        return st;
    if (mkdirat(dir->fd, name, 0700) != 0)
        return mrs_os_tree_fail(err, errno, "making the directory", name);
    return MARS_OK;
}

mars_status
mrs_treewrite_symlink(struct mrs_tree_dir *dir, const char *name, const char *target,
                      mars_error *err)
{
    mars_status st = mrs_os_check_name(err, name);

    if (st != MARS_OK)
        return st;
    if (target[0] == '\0')
        return mrs_fail(err, MARS_ERR_INVALID_ARG, "link %.150s has no target", name);
    if (symlinkat(target, dir->fd, name) != 0)
        return mrs_os_tree_fail(err, errno, "making the link", name);
    return MARS_OK;
}

/* 0: none that mrs_treewrite_node makes. */
static mode_t
node_type(enum mrs_tree_kind kind)
{
    switch (kind) {
    case MRS_TREE_FIFO:
        return S_IFIFO;
    case MRS_TREE_CHARDEV:
        return S_IFCHR;
    case MRS_TREE_BLOCKDEV:
        return S_IFBLK;
    default:
        return 0;
    }
}

mars_status
mrs_treewrite_node(struct mrs_tree_dir *dir, const char *name, enum mrs_tree_kind kind,
                   uint32_t major_no, uint32_t minor_no, mars_error *err)
{
    mode_t type = node_type(kind);
    dev_t dev = type == S_IFIFO ? 0 : makedev(major_no, minor_no);
    mars_status st = mrs_os_check_name(err, name);

    if (st != MARS_OK)
        return st;
    if (type == 0)
        return mrs_fail(err, MARS_ERR_INVALID_ARG, "%.150s is neither a fifo nor a device", name);
    if (mknodat(dir->fd, name, type | 0600, dev) != 0)
        return mrs_os_tree_fail(err, errno, "making the node", name);
    return MARS_OK;
}

mars_status
mrs_treewrite_link(struct mrs_tree_dir *from_dir, const char *from, struct mrs_tree_dir *dir,
                   const char *name, mars_error *err)
{
    mars_status st = mrs_os_check_name(err, from);

    if (st == MARS_OK)
        st = mrs_os_check_name(err, name);
    if (st != MARS_OK)
        return st;
    if (linkat(from_dir->fd, from, dir->fd, name, 0) != 0)
        return mrs_os_tree_fail(err, errno, "making the hard link", name);
    return MARS_OK;
}

mars_status
mrs_treewrite_rename(struct mrs_tree_dir *dir, const char *from, const char *to, bool replace,
                     mars_error *err)
{
    mars_status st = mrs_os_check_name(err, from);
    int code;

    if (st == MARS_OK)
        st = mrs_os_check_name(err, to);
    if (st != MARS_OK)
        return st;
    if (replace)
        code = renameat(dir->fd, from, dir->fd, to) == 0 ? 0 : errno;
    else
        code = mrs_os_rename_new(dir->fd, from, dir->fd, to, true);
    return code == 0 ? MARS_OK : mrs_os_tree_fail(err, code, "giving a file the name", to);
}

mars_status
mrs_treewrite_unlink(struct mrs_tree_dir *dir, const char *name, mars_error *err)
{
    mars_status st = mrs_os_check_name(err, name);

    if (st != MARS_OK)
        return st;
    if (unlinkat(dir->fd, name, 0) != 0)
        return mrs_os_tree_fail(err, errno, "deleting", name);
    return MARS_OK;
}

mars_status
mrs_treewrite_sync(struct mrs_tree_dir *dir, mars_error *err)
{
    return syncfs(dir->fd) == 0 ? MARS_OK : mrs_os_tree_fail(err, errno, "flushing", dir->label);
}
