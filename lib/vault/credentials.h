/* Vault credentials: the file that an administrator issues so that machines can register. A MAC
 * under the vault's issuing key stops mistakes and stale files, not someone who can write to the
 * store. */
#ifndef MRS_VAULT_CREDENTIALS_H
#define MRS_VAULT_CREDENTIALS_H

#include <stdatomic.h>

#include "store/access.h"
#include "vault/vault.h"

enum {
    MRS_SERIAL_SIZE = 2 * 8 + 1,
    MRS_VALID_DEFAULT_DAYS = 10,
    MRS_ACCESS_DEFAULT_DAYS = 365,
    MRS_DAYS_MAX = 36500
};

struct mrs_credentials {
    uint8_t vault[16];
    char *url;
    char serial[MRS_SERIAL_SIZE];
    int64_t issued; /* seconds since 1970 */
    int64_t register_until;
    int64_t access_until;
    struct mrs_access access; /* of the vault */
    uint8_t mac[32];
};

/* Append the text of new credentials. They carry what mrs_store_grant gives of `access`, by which
 * the store was opened; store NULL: nothing. Days 0: the default. */
MARS_NODISCARD mars_status mrs_credentials_issue(const struct mrs_vault *v, const char *url,
                                                 struct mrs_store *store,
                                                 const struct mrs_access *access,
                                                 uint32_t valid_days, uint32_t access_days,
                                                 struct mrs_buf *out, mars_error *err);

/* Freed with mrs_credentials_free, also after a failure. Checks the form only. MARS_ERR_AUTH for
 * everything that is none. */
MARS_NODISCARD mars_status mrs_credentials_parse(struct mrs_credentials *c, const void *text,
                                                 size_t len, mars_error *err);
void mrs_credentials_free(struct mrs_credentials *c);

/* What somebody wants to do with credentials decides which date counts. */
enum mrs_use { MRS_USE_REGISTER, MRS_USE_ACCESS };

/* Are they this vault's, as issued, and still good at this time? MARS_ERR_AUTH if not. */
MARS_NODISCARD mars_status mrs_credentials_check(const struct mrs_credentials *c,
                                                 const struct mrs_vault *v, enum mrs_use use,
                                                 int64_t now, mars_error *err);

/* Read the file, open the vault that it names, and check it against the vault's record. machine:
 * how this machine gets there, and who is told of it, or NULL; what it says is added to c->access.
 * *stop set, or NULL: what it asks of the store ends soon with MARS_ERR_CANCELLED. The caller frees
 * c, closes *store and forgets v, also after a failure. */
MARS_NODISCARD mars_status mrs_credentials_redeem(struct mrs_credentials *c, const char *path,
                                                  const struct mrs_access *machine,
                                                  enum mrs_use use, const atomic_bool *stop,
                                                  struct mrs_store **store, struct mrs_vault *v,
                                                  mars_error *err);

#endif
