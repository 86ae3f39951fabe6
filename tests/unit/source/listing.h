/* A tree source's items as text, and trees to walk. */
#ifndef LISTING_H
#define LISTING_H

#include "source/tree.h"

/* A file, with "x" in it, or a directory (its name ends with "/") below the scratch directory. */
void make(const char *name);

/* Options for these paths, absolute or below the scratch directory; NULL ends the list. */
struct mrs_tree_options options_for(const char *const *paths);

/* A tree source and what reads it. On failure nothing is to be closed. */
struct walking {
    struct mrs_tree_source *tree;
    struct mrs_reader *reader;
};
mars_status walking_open(struct walking *w, const struct mrs_tree_options *opts, mars_error *err);
void walking_close(struct walking *w);

/* All items, one a line: "> name", "<", "= name", "! name REASON"; roots have a "*". At the
 * most `cap`. The status of the first call that failed. */
mars_status list_all(const struct mrs_tree_options *opts, char *out, size_t cap, mars_error *err);
/* The same from a source that is open; until END or, if it is not NULL, the item of this name. */
mars_status list_until(struct walking *w, const char *name, struct mrs_source_item *item, char *out,
                       size_t cap, mars_error *err);

#endif
