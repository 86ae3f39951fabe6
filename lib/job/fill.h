/* Reading the directories of a recovery point, so that the cache keeps them. */
#ifndef MRS_JOB_FILL_H
#define MRS_JOB_FILL_H

#include <mars/cancel.h>

#include "format/point.h"
#include "repo/domain.h"

/* Every directory node, stat node and content list of the point. What cannot be read is named by
 * the domain's own damage function, and counted. cancel may be NULL. */
MARS_NODISCARD mars_status mrs_fill_trees(const struct mrs_domain *d, const struct mrs_point *p,
                                          const mars_cancel *cancel, uint64_t *unread,
                                          mars_error *err);

#endif
