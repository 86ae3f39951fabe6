/* The state that a domain's ledger describes, up to its last record. FORMAT.md section 14. */
#ifndef MRS_REPO_LEDGER_H
#define MRS_REPO_LEDGER_H

#include "base/map.h"
#include "format/ledger.h"
#include "repo/index.h"
#include "repo/log.h"

struct mrs_ledger {
    uint64_t generation;       /* number of the last record; 0: none */
    uint8_t last_hash[32];     /* SHA-256 of its object */
    struct mrs_map tombstones; /* packs that are not to be reused: by name */
    struct mrs_map deleted;    /* points: item ‖ session */
    bool unknown;              /* holds operations that this build does not know */
};

/* Read all records that the log has and follow their chain. Zeroed before; freed with
 * mrs_ledger_free_state. damage NULL: a damaged or missing record is an error; otherwise it is
 * named and passed over. */
MARS_NODISCARD mars_status mrs_ledger_read(struct mrs_ledger *l, const struct mrs_domain *d,
                                           const struct mrs_log *log, enum mrs_need need,
                                           mrs_damage_fn damage, void *user, mars_error *err);
void mrs_ledger_free_state(struct mrs_ledger *l);

/* The number of the last record alone; 0: none. */
uint64_t mrs_ledger_generation(const struct mrs_log *log);

/* Put record number l->generation + 1. MARS_ERR_EXISTS if another was faster: start over. */
MARS_NODISCARD mars_status mrs_ledger_append(const struct mrs_domain *d,
                                             const struct mrs_ledger *l, const uint8_t writer[16],
                                             struct mrs_ledger_op *ops, size_t n,
                                             mars_error *err);

bool mrs_ledger_is_tombstone(const struct mrs_ledger *l, const uint8_t pack[32]);
bool mrs_ledger_is_deleted(const struct mrs_ledger *l, const uint8_t item[16],
                           const uint8_t session[16]);

#endif
