/* What of an entry is kept until its end. */
#ifndef MRS_TARGET_KEEP_H
#define MRS_TARGET_KEEP_H

#include <mars/entry.h>

/* A copy of all but its paths and names, in one piece for mrs_free; NULL when out of memory. */
mars_entry *mrs_target_keep(const mars_entry *e) MARS_NODISCARD;

#endif
