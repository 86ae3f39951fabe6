/* What an entry's mode and attributes mean for a file that may not get all of them. */
#include <string.h>

#include "target/meta.h"

enum {
    SETUID = 04000,
    SETGID = 02000,
    MODE_BITS = 07777,
    GROUP_BITS = 070,
    /* Of the kernel's form of an ACL: u32 version, then u16 tag, u16 permissions, u32 id each. */
    ACL_VERSION = 2,
    ACL_GROUP = 0x04,
    ACL_MASK = 0x10
};

bool
mrs_target_attr_counts(const struct mrs_target_options *opts, const void *name, size_t len)
{
    static const char *const acls[] = { "system.posix_acl_", "system.nfs4_acl" };

    for (size_t i = 0; opts->no_acl && i < sizeof acls / sizeof acls[0]; i++)
        if (len >= strlen(acls[i]) && memcmp(name, acls[i], strlen(acls[i])) == 0)
            return false;
    return true;
}

/* What the ACL lets the file's own group do, as mode bits; nothing where it cannot be read. */
static uint32_t
group_bits(struct mrs_slice acl)
{
    struct mrs_rd r = mrs_rd_init(acl.p, acl.n);
    uint32_t group = 0;
    uint32_t mask = 7;

    if (mrs_rd_le32(&r) != ACL_VERSION)
        return 0;
    while (r.left >= 8) {
        uint16_t tag = mrs_rd_le16(&r);
        uint16_t may = mrs_rd_le16(&r);

        (void)mrs_rd_le32(&r);
        if (tag == ACL_GROUP)
            group = may & 7u;
        if (tag == ACL_MASK)
            mask = may & 7u;
    }
    return (group & mask) << 3;
}

uint32_t
mrs_target_mode(const mars_entry *e, bool user_is, bool group_is, struct mrs_slice acl)
{
    uint32_t mode = e->mode & MODE_BITS;

    if (!user_is)
        mode &= ~(uint32_t)SETUID;
    if (!group_is)
        mode &= ~(uint32_t)SETGID;
    if (acl.n > 0)
        mode &= ~(uint32_t)GROUP_BITS | group_bits(acl);
    return mode;
}

struct mrs_slice
mrs_target_acl_left_out(const struct mrs_target_options *opts, const mars_entry *e)
{
    for (uint64_t i = 0; opts->no_acl && i < e->n_attrs; i++) {
        const mars_attr *a = &e->attrs[i];

        if (a->name_len == strlen(MRS_ACL_ACCESS_NAME) &&
            memcmp(a->name, MRS_ACL_ACCESS_NAME, strlen(MRS_ACL_ACCESS_NAME)) == 0)
            return (struct mrs_slice){ a->value, (size_t)a->value_len };
    }
    return (struct mrs_slice){ NULL, 0 };
}
