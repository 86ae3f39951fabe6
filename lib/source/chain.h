/* The directories from a root down to where a walk is: a bounded number of them open, the others
 * opened again, step by step from the root, when the walk comes back to them. */
#ifndef MRS_SOURCE_CHAIN_H
#define MRS_SOURCE_CHAIN_H

#include "base/vec.h"
#include "platform/tree.h"
#include "source/names.h"

enum { MRS_CHAIN_OPEN_MAX = 64 };

struct mrs_chain_level {
    struct mrs_tree_dir *dir; /* NULL: not open now, or never was */
    uint64_t inode;
    uint64_t fs_id;
    struct mrs_names names;   /* those not yet visited */
    const char *name;         /* its own, which the level above holds; NULL for the root */
    size_t path_len;          /* of its path */
};

struct mrs_chain {
    struct mrs_buf path;      /* of what was visited last; NUL-terminated */
    struct mrs_vec levels;    /* struct mrs_chain_level */
    size_t n_open;
    size_t first_open;        /* no level above this one is open */
    const char *root;         /* its path; borrowed */
};

#define MRS_CHAIN_PATH_MAX (1u << 30)

void mrs_chain_init(struct mrs_chain *c);
void mrs_chain_free(struct mrs_chain *c);
/* The innermost level, or NULL. */
struct mrs_chain_level *mrs_chain_top(const struct mrs_chain *c);
/* A new innermost level, whose path is c->path now. dir may be NULL; it becomes the chain's, also
 * on failure. */
MARS_NODISCARD mars_status mrs_chain_push(struct mrs_chain *c, struct mrs_tree_dir *dir,
                                          const struct mrs_tree_stat *st, const char *name,
                                          mars_error *err);
void mrs_chain_pop(struct mrs_chain *c);
/* Read the names of the innermost level. What was read before a failure stays, sorted. *found:
 * `wanted` is among them. */
MARS_NODISCARD mars_status mrs_chain_read_names(struct mrs_chain *c, const char *wanted,
                                                bool *found, mars_error *err);
/* Open the innermost level again if it is not open. MARS_ERR_NOT_FOUND if it, or one above it, is
 * not what was entered. */
MARS_NODISCARD mars_status mrs_chain_reopen(struct mrs_chain *c, mars_error *err);
/* Make c->path that of the innermost level, or of name in it. */
MARS_NODISCARD mars_status mrs_chain_set_path(struct mrs_chain *c, const char *name,
                                              mars_error *err);

#endif
