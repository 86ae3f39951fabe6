/* Names of owners and of file systems. */
#include "platform/tree.h"

#include <errno.h>
#include <grp.h>
#include <pwd.h>
#include <string.h>
#include <sys/vfs.h>

#include "base/alloc.h"
#include "platform/posix/os.h"

enum {
    ENTRY_FIRST = 1 << 10,
    ENTRY_MAX = 4 << 20 /* a group with very many members */
};

static void
copy_name(char *out, size_t cap, const char *name)
{
    size_t len = strlen(name);

    if (len > cap - 1)
        len = cap - 1;
    memcpy(out, name, len);
    out[len] = '\0';
}

/* Look id up with a scratch buffer of `size`; an errno, ERANGE if it is too small. */
static int
look_up(uint64_t id, bool group, char *scratch, size_t size, const char **name)
{
    struct passwd pw;
    struct passwd *user = NULL;
    struct group gr;
    struct group *grp = NULL;
    int code;

    *name = NULL;
    if (group) {
        code = getgrgid_r((gid_t)id, &gr, scratch, size, &grp);
        *name = code == 0 && grp != NULL ? grp->gr_name : NULL;
    } else {
        code = getpwuid_r((uid_t)id, &pw, scratch, size, &user);
        *name = code == 0 && user != NULL ? user->pw_name : NULL;
    }
    return code;
}

void
mrs_tree_owner_name(uint64_t id, bool group, char *out, size_t cap)
{
    int code = ERANGE;

    if (cap == 0)
        return;
    out[0] = '\0';
    if (id >= UINT32_MAX)
        return;
    for (size_t size = ENTRY_FIRST; code == ERANGE && size <= ENTRY_MAX; size *= 4) {
        char *scratch = mrs_alloc(size);
        const char *name;

        if (scratch == NULL)
            return;
        code = look_up(id, group, scratch, size, &name);
        if (name != NULL)
            copy_name(out, cap, name);
        mrs_free(scratch);
    }
}

/* From the kernel's magic.h and the drivers' own sources. */
static const struct {
    uint32_t magic;
    const char *name;
} file_systems[] = {
    { 0x0000ef53, "ext4" }, /* ext2 and ext3 too: one driver, one number */
    { 0x01021994, "tmpfs" },
    { 0x58465342, "xfs" },
    { 0x9123683e, "btrfs" },
    { 0x794c7630, "overlay" },
    { 0x00006969, "nfs" },
    { 0xff534d42, "cifs" },
    { 0xfe534d42, "smb2" },
    { 0x65735546, "fuse" },
    { 0x2fc12fc1, "zfs" },
    { 0xf2f52010, "f2fs" },
    { 0x00004d44, "vfat" },
    { 0x2011bab0, "exfat" },
    { 0x5346544e, "ntfs" },
    { 0x7366746e, "ntfs3" },
    { 0x00009660, "iso9660" },
    { 0x15013346, "udf" },
    { 0x73717368, "squashfs" },
    { 0xe0f5e1e2, "erofs" },
    { 0xca451a4e, "bcachefs" },
    { 0x3153464a, "jfs" },
    { 0x52654973, "reiserfs" },
    { 0x0000482b, "hfsplus" },
    { 0x00c36400, "ceph" },
    { 0x01021997, "9p" },
    { 0x01161970, "gfs2" },
    { 0x7461636f, "ocfs2" },
    { 0x0bd00bd0, "lustre" },
    { 0x858458f6, "ramfs" },
    { 0x0000f15f, "ecryptfs" },
    { 0x00009fa0, "proc" },
    { 0x62656572, "sysfs" },
    { 0x63677270, "cgroup2" },
};

void
mrs_tree_fs_name(struct mrs_tree_dir *dir, char *out, size_t cap)
{
    struct statfs s;

    if (cap == 0)
        return;
    out[0] = '\0';
    if (fstatfs(dir->fd, &s) != 0)
        return;
    for (size_t i = 0; i < sizeof file_systems / sizeof file_systems[0]; i++)
        if (file_systems[i].magic == (uint32_t)s.f_type)
            copy_name(out, cap, file_systems[i].name);
}
