/* A vault's own record. FORMAT.md section 5. */
#ifndef MRS_VAULT_VAULT_H
#define MRS_VAULT_VAULT_H

#include "format/object.h"
#include "format/record.h"
#include "store/store.h"

struct mrs_vault {
    struct mrs_vault_record record; /* holds the issuing key */
    uint64_t number;
    uint8_t digest[32];             /* SHA-256 of the record's object */
};

enum { MRS_SOFT_DELETE_DEFAULT_DAYS = 14, MRS_SOFT_DELETE_MAX_DAYS = 36500 };

/* Make an empty vault. redundancy NULL: "none"; days 0: the default. MARS_ERR_EXISTS if there is a
 * vault already, MARS_ERR_UNSUPPORTED for a redundancy that the store cannot give. */
MARS_NODISCARD mars_status mrs_vault_create(struct mrs_store *store, const char *redundancy,
                                            uint32_t soft_delete_days, mars_error *err);

/* To do `need` with it. MARS_ERR_NOT_FOUND if there is no vault. */
MARS_NODISCARD mars_status mrs_vault_read(struct mrs_vault *v, struct mrs_store *store,
                                          enum mrs_need need, mars_error *err);

/* The number of the newest record. MARS_ERR_NOT_FOUND if there is no vault. */
MARS_NODISCARD mars_status mrs_vault_number(struct mrs_store *store, uint64_t *number,
                                            mars_error *err);
/* What the bytes of record `number` say, to do `need` with the vault. */
MARS_NODISCARD mars_status mrs_vault_decode(struct mrs_vault *v, uint64_t number,
                                            const struct mrs_buf *bytes, enum mrs_need need,
                                            mars_error *err);

/* Wipe the issuing key. */
void mrs_vault_forget(struct mrs_vault *v);

#endif
