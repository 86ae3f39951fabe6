/* What differs between two recovery points of one domain. */
#ifndef MRS_JOB_DIFF_H
#define MRS_JOB_DIFF_H

#include "format/point.h"
#include "repo/domain.h"

enum mrs_change {
    MRS_CHANGE_ADDED = 1,
    MRS_CHANGE_REMOVED = 2,
    MRS_CHANGE_CONTENT = 3,  /* and perhaps metadata */
    MRS_CHANGE_METADATA = 4,
    MRS_CHANGE_TYPE = 5
};

/* before is NULL for what was added, after for what was removed. */
typedef mars_status (*mrs_diff_fn)(void *user, struct mrs_slice path, enum mrs_change change,
                                   const struct mrs_entry *before, const struct mrs_entry *after,
                                   mars_error *err);

/* Goes through both trees side by side, names ascending, a directory before what is in it; where
 * both refer to the same nodes nothing is read. Contents and attribute sets are compared by their
 * references. path empty: all roots; otherwise MARS_ERR_NOT_FOUND if neither point has it. */
MARS_NODISCARD mars_status mrs_diff(const struct mrs_domain *d, const struct mrs_point *before,
                                    const struct mrs_point *after, struct mrs_slice path,
                                    mrs_diff_fn fn, void *user, mars_error *err);

#endif
