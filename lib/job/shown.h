/* Entries as the public struct shows them. */
#ifndef MRS_JOB_SHOWN_H
#define MRS_JOB_SHOWN_H

#include <mars/entry.h>

#include "base/vec.h"
#include "format/entry.h"

/* What is shown, and what that points to; the next one takes its place. */
struct mrs_shown_entry {
    mars_entry entry;
    struct mrs_buf bytes;  /* path, user, group, target, link group, each with a NUL */
    struct mrs_vec attrs;  /* mars_attr */
};
#define MRS_SHOWN_ENTRY_INIT { { 0 }, MRS_BUF_INIT(SIZE_MAX / 2), MRS_VEC_INIT(mars_attr) }

/* Without attributes. */
MARS_NODISCARD mars_status mrs_entry_show(struct mrs_shown_entry *s, struct mrs_slice path,
                                          const struct mrs_entry *e, mars_error *err);
/* And an encoded set of them, which is lent. */
MARS_NODISCARD mars_status mrs_entry_show_attrs(struct mrs_shown_entry *s, struct mrs_slice set,
                                                mars_error *err);
void mrs_shown_entry_free(struct mrs_shown_entry *s);

#endif
