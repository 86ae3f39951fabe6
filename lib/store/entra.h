/* Tokens of Microsoft Entra, for Azure Blob Storage. Private to this room. */
#ifndef MRS_STORE_ENTRA_H
#define MRS_STORE_ENTRA_H

#include "store/identity.h"

/* *out is NULL where the access names neither an application nor a managed identity. */
MARS_NODISCARD mars_status mrs_entra_open(struct mrs_identity **out,
                                          const struct mrs_access *access, mars_error *err);

#endif
