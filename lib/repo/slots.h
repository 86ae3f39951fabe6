/* Slots: what opens a domain's newest root. FORMAT.md section 6. */
#ifndef MRS_REPO_SLOTS_H
#define MRS_REPO_SLOTS_H

#include <stdbool.h>

#include <mars/key.h>

#include "format/keys.h"
#include "repo/keyring.h"
#include "store/store.h"

/* What opens slots, or is to: a passphrase, a wrapper of the caller's, or either of both. All is
 * borrowed. */
struct mrs_opener {
    const char *passphrase; /* NULL: none */
    size_t len;
    const mars_key_wrapper *wrapper; /* whole; NULL: none */
};

/* The slot set that counts: the one with the highest number that is whole. */
struct mrs_slots {
    struct mrs_slot_set set;
    uint64_t number;
    uint64_t last; /* the highest number there is; above `number` only where sets are damaged */
};

/* Read it, authenticated. MARS_ERR_NOT_FOUND if there is none. Freed with mrs_slots_free, also
 * after a failure. */
MARS_NODISCARD mars_status mrs_slots_read(struct mrs_slots *s, struct mrs_store *store,
                                          const uint8_t domain[16], struct mrs_keyring *keys,
                                          mars_error *err);
void mrs_slots_free(struct mrs_slots *s);

/* Read it with a key: the root behind it, and which slot it was (NULL: not wanted). MARS_ERR_KEY if
 * it opens none; a wrapper's other failures are returned as they come. A passphrase takes the
 * slots' memory and time, once a slot. */
MARS_NODISCARD mars_status mrs_slots_open(struct mrs_slots *s, struct mrs_store *store,
                                          const uint8_t domain[16],
                                          const struct mrs_opener *by,
                                          uint8_t root[MRS_ROOT_SIZE], size_t *which,
                                          mars_error *err);

/* Fill in a new slot for the root: the passphrase's, where there is one, or the wrapper's. */
MARS_NODISCARD mars_status mrs_slot_make(struct mrs_slot *slot, const uint8_t domain[16],
                                         const uint8_t root[MRS_ROOT_SIZE], const char *label,
                                         const struct mrs_opener *by, mars_error *err);
/* The root in a slot whose kind `by` has something for. MARS_ERR_KEY if that is not the slot's;
 * *given_up: the wrapper failed for another reason. */
MARS_NODISCARD mars_status mrs_slot_open(const struct mrs_slot *slot, const uint8_t domain[16],
                                         const uint8_t root_id[16], const struct mrs_opener *by,
                                         uint8_t root[MRS_ROOT_SIZE], bool *given_up,
                                         mars_error *err);

/* Write a slot set as the given number; MARS_ERR_EXISTS if another was faster. */
MARS_NODISCARD mars_status mrs_slots_put(struct mrs_store *store, const uint8_t domain[16],
                                         const uint8_t writer[16],
                                         const uint8_t root[MRS_ROOT_SIZE],
                                         const struct mrs_slot_set *set, uint64_t number,
                                         mars_error *err);

/* What is derived from a root: its id, the slot MAC key, the domain id of a first root. */
MARS_NODISCARD mars_status mrs_root_derive(const uint8_t root[MRS_ROOT_SIZE], const char *info,
                                           void *out, size_t n, mars_error *err);
#define MRS_INFO_ROOT_ID "mars root id v1"
#define MRS_INFO_SLOT_MAC "mars slot mac v1"
#define MRS_INFO_DOMAIN_ID "mars domain id v1"

#endif
