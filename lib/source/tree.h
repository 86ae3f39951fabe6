/* A source that walks file trees. */
#ifndef MRS_SOURCE_TREE_H
#define MRS_SOURCE_TREE_H

#include "policy/rules.h"
#include "source/source.h"

struct mrs_tree_source;
struct mrs_tree_options {
    const struct mrs_slice *paths; /* as the user gave them */
    size_t n_paths;
    const struct mrs_rules *rules; /* NULL: nothing is excluded; outlives the source */
    bool one_file_system;
    bool look_ahead;     /* walk on a thread of the source's own, some hundred items ahead */
    bool exclude_caches; /* leave out what is in directories with a valid CACHEDIR.TAG */
};

/* Paths are made absolute, sorted, and dropped where the walk of another comes to them: not through
 * a link, nor over a mount point with one_file_system. A path that does not exist is
 * MARS_ERR_NOT_FOUND here, before anything is written. Links given as a path are backed
 * up as links. A directory that vanishes or cannot be read is skipped; the rest goes on. */
MARS_NODISCARD mars_status mrs_tree_source_open(struct mrs_tree_source **out,
                                                const struct mrs_tree_options *opts,
                                                mars_error *err);
/* The table, which lives as long. */
const mars_source *mrs_tree_source_table(const struct mrs_tree_source *t);
/* NULL is allowed. */
void mrs_tree_source_close(struct mrs_tree_source *t);

#endif
