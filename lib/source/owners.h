/* Names of owners, remembered: the system's answer is slow. */
#ifndef MRS_SOURCE_OWNERS_H
#define MRS_SOURCE_OWNERS_H

#include <stdbool.h>

#include <mars/common.h>

struct mrs_owners;

/* NULL when out of memory. */
struct mrs_owners *mrs_owners_new(void) MARS_NODISCARD;
/* Empty where the system knows no name. Borrowed until the next call of the same kind. */
MARS_NODISCARD mars_status mrs_owners_find(struct mrs_owners *o, uint64_t id, bool group,
                                           const char **name, mars_error *err);
void mrs_owners_free(struct mrs_owners *o);

#endif
