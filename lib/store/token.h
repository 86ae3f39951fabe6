/* A right that was given for a while, as the services answer it. Private to this room. */
#ifndef MRS_STORE_TOKEN_H
#define MRS_STORE_TOKEN_H

#include <stdbool.h>

#include <mars/common.h>

enum { MRS_TOKEN_ERROR_SIZE = 80 };

struct mrs_token {
    char *bearer;      /* of Azure; or, of AWS, these: */
    char *key_id;
    char *secret;
    char *session;
    int64_t life;      /* seconds, from the answer on */
    /* of whoever keeps it, see identity.c */
    uint64_t serial;
    uint64_t ends, renew; /* mrs_clock_mono */
    unsigned users;
    bool refused;
};
/* Wipes; it can be used again. */
void mrs_token_clear(struct mrs_token *t);

/* Fill t in from an answer of Entra or of a managed identity (RFC 6749, or with expires_on), and of
 * a role on AWS; now is the time of the service, in seconds since 1970. MARS_ERR_NETWORK: something
 * else has answered, or only a part came; MARS_ERR_AUTH: it says that there is no such right. */
MARS_NODISCARD mars_status mrs_token_of_azure(struct mrs_token *t, const void *text, size_t len,
                                              int64_t now, mars_error *err);
MARS_NODISCARD mars_status mrs_token_of_aws(struct mrs_token *t, const void *text, size_t len,
                                            int64_t now, mars_error *err);

/* " invalid_client 7000215": the codes that a refusal by Azure has, and nothing else of it; "" if
 * there are none. */
void mrs_token_refusal(const void *text, size_t len, char out[MRS_TOKEN_ERROR_SIZE]);

#endif
