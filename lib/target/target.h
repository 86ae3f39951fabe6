/* Where a recovery point is restored to: a file tree written safely. Every byte from the vault is
 * taken as hostile: all goes by directory handles below the target, no link is followed, new files
 * are made 0600 and exclusive under a temporary name, get content, owner, attributes, mode and
 * times through their handle, and then their name. */
#ifndef MRS_TARGET_TARGET_H
#define MRS_TARGET_TARGET_H

#include <mars/sink.h>
#include <stdbool.h>

#include "platform/tree.h"

struct mrs_target;

/* What is done where something else has the name. */
enum mrs_conflict { MRS_CONFLICT_COPY, MRS_CONFLICT_OVERWRITE, MRS_CONFLICT_SKIP };

struct mrs_target_options {
    enum mrs_conflict conflict;
    bool no_owner;
    bool no_acl;
    uint8_t tag[16]; /* the point: temporary names begin with it, so a second run can clear them */
    /* Has a file that is in the way, of the right size, the content of the entry that begins? */
    mars_status (*same)(void *user, struct mrs_tree_file *there, bool *same, mars_error *err);
    /* Something about a file could not be set (its owner, an attribute): the file is there. Any
     * thread; calls do not overlap. */
    void (*warn)(void *user, const char *path, size_t path_len, const mars_error *why);
    void *user;
};

MARS_NODISCARD mars_status mrs_target_open(struct mrs_target **out, const char *path,
                                           const struct mrs_target_options *opts, mars_error *err);
/* The target as a sink; each entry lands under its whole path. */
void mrs_target_sink(struct mrs_target *t, mars_sink *out);
/* What was written survives a crash when this returns, on whichever file systems it is. */
MARS_NODISCARD mars_status mrs_target_flush(struct mrs_target *t, mars_error *err);
/* All nodes of it are released first. NULL is allowed. */
void mrs_target_close(struct mrs_target *t);

#endif
