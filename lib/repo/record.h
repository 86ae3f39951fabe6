/* A domain's record: its name for people. FORMAT.md section 5. */
#ifndef MRS_REPO_RECORD_H
#define MRS_REPO_RECORD_H

#include "format/record.h"
#include "repo/domain.h"
#include "repo/keyring.h"
#include "repo/log.h"
#include "store/store.h"

/* Put the first record of the domain that the keys belong to. */
MARS_NODISCARD mars_status mrs_domain_record_put(struct mrs_store *store, const uint8_t writer[16],
                                                 const struct mrs_keyring *keys, const char *name,
                                                 mars_error *err);

/* The newest record. keys NULL: its check is left out, and what it says is as trustworthy as the
 * store. A domain without one is damaged. */
MARS_NODISCARD mars_status mrs_domain_record_read(struct mrs_domain_record *r,
                                                  struct mrs_store *store, const uint8_t domain[16],
                                                  enum mrs_need need, struct mrs_keyring *keys,
                                                  mars_error *err);
/* The one that the log has; a copy in the cache may stand in for it. */
MARS_NODISCARD mars_status mrs_domain_record_listed(struct mrs_domain_record *r,
                                                    const struct mrs_domain *d,
                                                    const struct mrs_log *log, enum mrs_need need,
                                                    mars_error *err);

#endif
