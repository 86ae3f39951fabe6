/* How a store is reached and with what right: all that its URL does not say. */
#ifndef MRS_STORE_ACCESS_H
#define MRS_STORE_ACCESS_H

#include <stdbool.h>

#include <mars/store.h>

#include "base/logger.h"
#include "policy/limits.h"

/* Texts, so that they can be written down in files as they are. */
enum mrs_access_key {
    /* of the vault: the same for all its machines */
    MRS_ACCESS_ENDPOINT,      /* "https://HOST[:PORT][/PATH]" in place of the public cloud's */
    MRS_ACCESS_REGION,        /* of S3 */
    MRS_ACCESS_ADDRESSING,    /* of S3: "path" or "host" */
    MRS_ACCESS_TIER,          /* access tier or storage class of packs */
    /* its secrets, and what goes with them */
    MRS_ACCESS_ACCOUNT_KEY,   /* of Azure, base64 */
    MRS_ACCESS_SAS,           /* of Azure, without "?" */
    MRS_ACCESS_KEY_ID,        /* of S3 */
    MRS_ACCESS_SECRET_KEY,
    MRS_ACCESS_SESSION_TOKEN,
    MRS_ACCESS_TENANT,        /* of an application known to Entra */
    MRS_ACCESS_CLIENT_ID,     /* its; or that of a managed identity, where there are several */
    MRS_ACCESS_CLIENT_SECRET,
    MRS_ACCESS_AUTHORITY,     /* "https://HOST" in place of the public cloud's */
    MRS_ACCESS_IDENTITY,      /* a service beside the machine knows it: "managed" of Azure,
                                 "container" or "instance" of AWS */
    MRS_ACCESS_IDENTITY_ENDPOINT, /* the URL of that service, in place of the cloud's own */
    MRS_ACCESS_IDENTITY_HEADER,   /* what it wants to be told */
    /* of the machine: its way there */
    MRS_ACCESS_CA_FILE,
    MRS_ACCESS_PIN,
    MRS_ACCESS_ALLOW_HTTP,    /* "yes" */
    MRS_ACCESS_PROXY,
    MRS_ACCESS_PROXY_USER,
    MRS_ACCESS_PROXY_PASSWORD,
    MRS_ACCESS_NO_PROXY,
    MRS_ACCESS_KEYS
};

enum mrs_access_part {
    MRS_ACCESS_OF_VAULT,      /* goes with the vault credentials */
    MRS_ACCESS_OF_MACHINE
};

/* Zeroed: nothing is said. */
struct mrs_access {
    char *text[MRS_ACCESS_KEYS]; /* NULL: not said */
    uint32_t stall_ms;           /* see mrs_http_options; 0: the default */
    struct mrs_limits limits;
    mars_store custom;           /* a caller's store; zeroed: none. Of the machine */
    const struct mrs_logger *logger; /* outlives the store; NULL: nobody is told */
};

/* As files name it: "store.account_key". */
const char *mrs_access_name(enum mrs_access_key key);
enum mrs_access_part mrs_access_part(enum mrs_access_key key);
/* May it be shown and lie in a file that others can read? */
bool mrs_access_is_secret(enum mrs_access_key key);

/* A copy; NULL or an empty text: it is not said any more. */
MARS_NODISCARD mars_status mrs_access_set(struct mrs_access *a, enum mrs_access_key key,
                                          const char *text, mars_error *err);
/* What `from` says of this part is added, and replaces what was said. */
MARS_NODISCARD mars_status mrs_access_merge(struct mrs_access *a, const struct mrs_access *from,
                                            enum mrs_access_part part, mars_error *err);
/* Wipes; it can be used again. */
void mrs_access_free(struct mrs_access *a);

#endif
