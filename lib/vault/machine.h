/* The records of a vault's machines. FORMAT.md section 5. They can be read without a key, and are
 * then no more trustworthy than the store; mrs_machine_check judges one with its domain's keys. */
#ifndef MRS_VAULT_MACHINE_H
#define MRS_VAULT_MACHINE_H

#include "base/vec.h"
#include "format/record.h"
#include "store/store.h"
#include "vault/object.h"

struct mrs_machine {
    struct mrs_machine_record record;
    uint64_t number;
};

struct mrs_machines {
    struct mrs_vec list; /* struct mrs_machine, by name */
    size_t damaged;      /* machines whose record cannot be read */
    mars_error why;      /* the last of them */
};

/* Every machine's newest record. Freed with mrs_machines_free, also after a failure. */
MARS_NODISCARD mars_status mrs_machines_read(struct mrs_machines *m, struct mrs_store *store,
                                             mars_error *err);
void mrs_machines_free(struct mrs_machines *m);

static inline const struct mrs_machine *
mrs_machines_at(const struct mrs_machines *m, size_t i)
{
    return mrs_vec_at(&m->list, i);
}

/* The next machine, from *at on, whose id (hex) or name this is; NULL at the end. */
const struct mrs_machine *mrs_machines_find(const struct mrs_machines *m, const char *text,
                                            size_t *at);

/* Read the record again and check it under a key that `find` knows. MARS_ERR_CORRUPT if it does not
 * authenticate or says something else now. */
MARS_NODISCARD mars_status mrs_machine_check(const struct mrs_machine *m, struct mrs_store *store,
                                             mrs_key_fn find, void *user, mars_error *err);

/* Put a record; durable when it returns. MARS_ERR_EXISTS if the number is taken. */
MARS_NODISCARD mars_status mrs_machine_put(const struct mrs_machine *m, struct mrs_store *store,
                                           const struct mrs_key *key, mars_error *err);

#endif
