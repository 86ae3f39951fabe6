/* A walk on a thread of its own, some way ahead of who takes its items: looking at the files and
 * comparing them with what was there before go on at the same time. */
#ifndef MRS_SOURCE_AHEAD_H
#define MRS_SOURCE_AHEAD_H

#include "source/walk.h"

struct mrs_ahead;

/* The walk stands before its first item. It is the thread's from now on, but for its roots. */
MARS_NODISCARD mars_status mrs_ahead_start(struct mrs_ahead **out, struct mrs_walk *walk,
                                           mars_error *err);
/* The next item, and where it is as struct mrs_walk says; all that these point to stays as it is
 * until the next call. */
MARS_NODISCARD mars_status mrs_ahead_next(struct mrs_ahead *a, struct mrs_walk_item *item,
                                          struct mrs_tree_dir **dir, const char **name,
                                          mars_error *err);
/* End the thread, wherever it is. NULL is allowed. */
void mrs_ahead_free(struct mrs_ahead *a);

#endif
