/* Changing the slots that open a domain. Each call asks for a key, since the machine keeps no
 * root. */
#ifndef MRS_AGENT_KEYS_H
#define MRS_AGENT_KEYS_H

#include "repo/slots.h"

struct mrs_key_call {
    struct mrs_store *store;
    uint8_t domain[16];
    uint8_t writer[16];      /* the machine */
    struct mrs_opener present; /* opens the domain now */
    struct mrs_opener fresh;   /* of one kind */
};

/* *number: of the slot set that was written. MARS_ERR_KEY if the present key opens no slot. */
MARS_NODISCARD mars_status mrs_key_add(const struct mrs_key_call *c, const char *label,
                                       uint8_t id[MRS_SLOT_ID_SIZE], uint64_t *number,
                                       mars_error *err);
/* Replace the slot that the present key opens. */
MARS_NODISCARD mars_status mrs_key_change(const struct mrs_key_call *c, uint64_t *number,
                                          mars_error *err);
/* MARS_ERR_STATE for the last slot that somebody can open, MARS_ERR_NOT_FOUND for one that is not
 * there. */
MARS_NODISCARD mars_status mrs_key_remove(const struct mrs_key_call *c,
                                          const uint8_t id[MRS_SLOT_ID_SIZE], uint64_t *number,
                                          mars_error *err);

#endif
