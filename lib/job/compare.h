/* Does a file have the content that an entry tells of? Reads the file, and of the vault only what
 * lies inside larger chunks. */
#ifndef MRS_JOB_COMPARE_H
#define MRS_JOB_COMPARE_H

#include <stdatomic.h>
#include <stdbool.h>

#include "format/entry.h"
#include "repo/chunk.h"
#include "source/source.h"

/* *stop ends it early: then *same is false. */
MARS_NODISCARD mars_status mrs_compare_content(const struct mrs_domain *d,
                                               const struct mrs_entry *e,
                                               const struct mrs_source_file *f,
                                               const atomic_bool *stop, bool *same,
                                               mars_error *err);

#endif
