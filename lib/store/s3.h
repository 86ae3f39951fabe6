/* S3 and what speaks like it. Private to this room. */
#ifndef MRS_STORE_S3_H
#define MRS_STORE_S3_H

#include "store/access.h"
#include "store/driver.h"

struct mrs_place;
MARS_NODISCARD mars_status mrs_store_s3_open(const struct mrs_place *at,
                                             const struct mrs_access *access, void **self,
                                             const struct mrs_store_driver **driver,
                                             mars_error *err);

#endif
