/* Making a domain, and opening one. */
#ifndef MRS_REPO_CREATE_H
#define MRS_REPO_CREATE_H

#include "repo/slots.h"

/* Make a domain: key ring, slot set, domain record, the ledger's first record. `writer` is the
 * machine. The domain's name is for people. It has a slot for each that `by` has. */
MARS_NODISCARD mars_status mrs_domain_make(struct mrs_store *store, const uint8_t writer[16],
                                           const char *name, const struct mrs_opener *by,
                                           struct mrs_keyring **out, mars_error *err);

/* The keys of a domain. MARS_ERR_KEY if `by` opens no slot. */
MARS_NODISCARD mars_status mrs_domain_unlock(struct mrs_store *store, const uint8_t domain[16],
                                             const struct mrs_opener *by,
                                             struct mrs_keyring **out, mars_error *err);

#endif
