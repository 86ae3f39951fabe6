/* The walk of file trees: depth first, the names of a directory in order, each looked at when its
 * turn comes. */
#ifndef MRS_SOURCE_WALK_H
#define MRS_SOURCE_WALK_H

#include "policy/rules.h"
#include "source/chain.h"
#include "source/roots.h"
#include "source/source.h"

/* What a walk came to: what is filled in of it is the item's entry. */
struct mrs_walk_item {
    mars_source_item item;
    mars_entry entry;
};

/* Zeroed, with mrs_chain_init, roots and the three settings, it stands before the first item. */
struct mrs_walk {
    const struct mrs_rules *rules;
    bool one_file_system;
    bool exclude_caches;
    struct mrs_tree_roots roots;
    size_t root;               /* index of the one that is walked, or begun next */
    uint64_t root_fs;
    struct mrs_chain chain;
    struct mrs_tree_spot spot; /* of a root that is not an open level */
    mars_error why;            /* of what is skipped */
    bool pending;              /* the innermost directory is to be reported, as why says */
    /* Where the item that was given last is, as mrs_tree_xattrs takes it. */
    struct mrs_tree_dir *dir;  /* NULL: nothing can be asked about it */
    const char *name;          /* NULL: it is dir */
};

/* What mars_source says of next; at the end there is no path. Only running out of memory is a
 * failure. */
MARS_NODISCARD mars_status mrs_walk_next(struct mrs_walk *w, struct mrs_walk_item *item,
                                         mars_error *err);
/* What a stat tells of an item. */
void mrs_walk_fill(struct mrs_walk_item *item, const struct mrs_tree_stat *st);
void mrs_walk_free(struct mrs_walk *w);

#endif
