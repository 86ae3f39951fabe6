/* Keys of AWS roles, for S3. Private to this room. */
#ifndef MRS_STORE_ROLE_H
#define MRS_STORE_ROLE_H

#include "store/identity.h"

/* *out is NULL where the access names no role. */
MARS_NODISCARD mars_status mrs_role_open(struct mrs_identity **out, const struct mrs_access *access,
                                         mars_error *err);

#endif
