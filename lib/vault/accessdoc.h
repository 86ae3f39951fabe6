/* How a store is reached, as files keep it. */
#ifndef MRS_VAULT_ACCESSDOC_H
#define MRS_VAULT_ACCESSDOC_H

#include "config/doc.h"
#include "store/access.h"

/* Which of the keys are meant; NULL: all. */
typedef bool (*mrs_access_takes_fn)(enum mrs_access_key key);

MARS_NODISCARD mars_status mrs_access_to_doc(const struct mrs_access *a, mrs_access_takes_fn takes,
                                             struct mrs_doc *doc, mars_error *err);
MARS_NODISCARD mars_status mrs_access_from_doc(struct mrs_access *a, mrs_access_takes_fn takes,
                                               const struct mrs_doc *doc, mars_error *err);
/* mrs_doc_unknown with these keys, as far as they are meant, and the n others. */
const char *mrs_access_unknown(const struct mrs_doc *doc, mrs_access_takes_fn takes,
                               const char *const others[], size_t n);

#endif
