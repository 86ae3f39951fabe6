/* What this machine saw of its vault: seen.yaml in the config directory, not the cache, because it
 * tells when the vault is put back to an older state. */
#ifndef MRS_AGENT_SEEN_H
#define MRS_AGENT_SEEN_H

#include "base/vec.h"
#include "repo/points.h"

enum { MRS_SEEN_HEADS_MAX = 512 };

struct mrs_seen {
    struct mrs_vec heads;     /* struct mrs_seen_head: the newest point of each item */
    uint64_t generation;      /* of the ledger */
    uint64_t slots;           /* number of the newest slot set */
    uint8_t vault_digest[32]; /* of the vault record's object; zero: not known */
};

/* Nothing was seen if the file is not there. Freed with mrs_seen_free, also after a failure. */
MARS_NODISCARD mars_status mrs_seen_load(struct mrs_seen *s, const char *config_dir,
                                         mars_error *err);
void mrs_seen_free(struct mrs_seen *s);

/* A point was committed. Any thread, any process. */
MARS_NODISCARD mars_status mrs_seen_note_point(const char *config_dir, const uint8_t item[16],
                                               const uint8_t session[16], uint64_t generation,
                                               mars_error *err);
/* A slot set was written or read. */
MARS_NODISCARD mars_status mrs_seen_note_slots(const char *config_dir, uint64_t number,
                                               mars_error *err);
/* The machine registered: with this vault record and slot set. The config lock is held. */
MARS_NODISCARD mars_status mrs_seen_registered(const char *config_dir,
                                               const uint8_t vault_digest[32], uint64_t slots,
                                               mars_error *err);

#endif
