/* Metadata onto something that was restored. */
#ifndef MRS_TARGET_META_H
#define MRS_TARGET_META_H

#include "target/dir.h"

/* What was refused, each kind once; told to the caller when no lock is held. */
struct mrs_target_warnings {
    size_t n;
    mars_error list[4];
};

#define MRS_ACL_ACCESS_NAME "system.posix_acl_access"
#define MRS_ACL_DEFAULT_NAME "system.posix_acl_default"

enum { MRS_ACL_ACCESS = 1, MRS_ACL_DEFAULT = 2 };

struct mrs_target_meta {
    const struct mrs_target_options *opts;
    struct mrs_meta_at at;
    struct mrs_tree_stat have;  /* as it is */
    unsigned acls;              /* MRS_ACL_*: it may have these, from its directory */
    const mars_entry *e;
    struct mrs_slice acl;       /* set here: an access ACL that was refused */
    struct mrs_target_warnings *warnings;
};

/* Owner, attributes, mode, times. What is refused is a warning; only a full disk and too
 * little memory are failures. */
MARS_NODISCARD mars_status mrs_target_meta_set(struct mrs_target_meta *m, mars_error *err);
/* Which ACLs an open directory has. */
MARS_NODISCARD mars_status mrs_target_acls(struct mrs_tree_dir *dir, unsigned *acls,
                                           mars_error *err);
/* Take the ACLs off that a new directory inherited, unless they are left alone; its mode is 0700
 * afterwards, which an inherited ACL may have narrowed. */
void mrs_target_acls_drop(struct mrs_tree_dir *dir, bool no_acl);
/* Is this attribute restored and compared? */
bool mrs_target_attr_counts(const struct mrs_target_options *opts, const void *name, size_t len);
/* The entry's mode, without the bits that would lend the rights of somebody else to the owner
 * that the file has: of another user, or another group. acl is an access ACL that the file does
 * not get, or empty: beside one, the mode's group bits are those of all whom it names. */
uint32_t mrs_target_mode(const mars_entry *e, bool user_is, bool group_is, struct mrs_slice acl);
/* The entry's access ACL where it is left out, empty where there is none. */
struct mrs_slice mrs_target_acl_left_out(const struct mrs_target_options *opts,
                                         const mars_entry *e);
/* Tell the caller of what was refused for name in dir, or for dir where name is empty. */
void mrs_target_warn(struct mrs_target_dir *dir, struct mrs_slice name,
                     const struct mrs_target_warnings *w);

#endif
