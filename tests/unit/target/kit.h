/* A target in the scratch directory, entries and attribute sets for it. */
#ifndef KIT_H
#define KIT_H

#include "base/buf.h"
#include "target/file.h"
#include "target/node.h"

extern struct mrs_target *target;
extern struct mrs_target_dir *root;

/* cmocka setup and teardown: a scratch directory, and a target "to" in it that warns into
 * `warnings`, one line each: "PATH: MESSAGE". */
int kit_setup(void **state);
int kit_teardown(void **state);
extern char warnings[4096];
/* Open it anew, with these settings; the tag is always the same. */
void reopen_target(bool no_owner, bool no_acl);
/* The same with all of them zero, but for what is done where something is in the way. */
void reopen_target_for(enum mrs_conflict conflict);
/* What is answered where the content of a file that is in the way is asked for; false at first. */
extern bool kit_same;
void close_target(void);

struct mrs_slice text_of(const char *s);
/* The path of a name in the target. */
const char *in_target(const char *name);
/* An entry of this process's own, of 2001 with nanoseconds. */
mars_entry entry_of(uint32_t type, uint32_t mode);
/* Make a file with this content through the target. */
mars_status restore_file(struct mrs_target_dir *dir, const char *name, const char *content,
                         const mars_entry *e, bool replace);

/* Attributes of pairs, ended by NULL: name and value; all lent, by names that ascend. */
struct attrs {
    const mars_attr *list;
    uint64_t n;
};
struct attrs attrs_of(const char *const *pairs);
/* The same of one attribute with a binary value. */
struct attrs attr_of(const char *name, const void *value, size_t len);
/* The entry with them, until seven more have been asked for. */
const mars_entry *with(const mars_entry *e, struct attrs attrs);
void set_link(mars_entry *e, const char *to);
/* The kernel's form of an ACL: owner rw-, user 65534 with `named`, group `group`, mask, other. */
size_t acl_of(uint8_t out[64], unsigned named, unsigned group, unsigned mask, unsigned other);

/* Names in a directory of the target that begin with ".mars-". */
int count_temporary(const char *name);

#endif
