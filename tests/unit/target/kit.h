/* A target in the scratch directory, entries and attribute sets for it. */
#ifndef KIT_H
#define KIT_H

#include "base/buf.h"
#include "target/target.h"

extern struct mrs_target *target;
extern struct mrs_target_dir *root;

/* cmocka setup and teardown: a scratch directory, and a target "to" in it that warns into
 * `warnings`, one line each: "PATH: MESSAGE". */
int kit_setup(void **state);
int kit_teardown(void **state);
extern char warnings[4096];
/* Open it anew, with these settings; the tag is always the same. */
void reopen_target(bool no_owner, bool no_acl);
void close_target(void);

struct mrs_slice text_of(const char *s);
/* The path of a name in the target. */
const char *in_target(const char *name);
/* An entry of this process's own, of 2001 with nanoseconds. */
struct mrs_entry entry_of(uint8_t type, uint32_t mode);
/* Make a file with this content through the target. */
mars_status restore_file(struct mrs_target_dir *dir, const char *name, const char *content,
                         const struct mrs_entry *e, struct mrs_slice attrs, bool replace);

/* An attribute set of pairs, ended by NULL: name and value. Freed with kit_teardown. */
struct mrs_slice attrs_of(const char *const *pairs);
/* The same of one attribute with a binary value. */
struct mrs_slice attr_of(const char *name, const void *value, size_t len);
/* The kernel's form of an ACL: owner rw-, user 65534 with `named`, group `group`, mask, other. */
size_t acl_of(uint8_t out[64], unsigned named, unsigned group, unsigned mask, unsigned other);

/* Names in a directory of the target that begin with ".mars-". */
int count_temporary(const char *name);

#endif
