/* Which paths of a recovery point are meant. */
#ifndef MRS_JOB_SELECT_H
#define MRS_JOB_SELECT_H

#include "base/buf.h"
#include "format/point.h"
#include "repo/rootpath.h"

enum mrs_selected {
    MRS_SELECTED_NO,
    MRS_SELECTED_ABOVE, /* something below it is meant, it is only on the way */
    MRS_SELECTED_YES
};

struct mrs_select {
    const struct mrs_slice *paths; /* absolute, the first "/" may be missing; none: everything */
    size_t n;
};
enum mrs_selected mrs_select(const struct mrs_select *s, struct mrs_slice path);

/* A caller's path in the form in which points have it: one "/" at the front, none at the end.
 * Appended. */
MARS_NODISCARD mars_status mrs_path_clean(struct mrs_slice path, struct mrs_buf *out,
                                          mars_error *err);

#endif
