/* The right to a store that is given for a while to whoever can say who it is: fetched when it is
 * first needed, and again before it ends. Any thread may use it. Private to this room. */
#ifndef MRS_STORE_IDENTITY_H
#define MRS_STORE_IDENTITY_H

#include <stdatomic.h>

#include "http/http.h"
#include "store/access.h"
#include "store/token.h"

/* What a fetch works with. */
struct mrs_fetch {
    struct mrs_http *http;
    const struct mrs_access *access;
    const atomic_bool *stop; /* NULL: never */
};
typedef mars_status (*mrs_fetch_fn)(struct mrs_token *out, const struct mrs_fetch *with,
                                    mars_error *err);

struct mrs_identity;
/* The access is copied. Where it names a service beside this machine (MRS_ACCESS_IDENTITY), that is
 * asked directly, and not for long. */
MARS_NODISCARD mars_status mrs_identity_new(struct mrs_identity **out, mrs_fetch_fn fetch,
                                            const struct mrs_access *access, mars_error *err);
/* No token may be lent. NULL is allowed. */
void mrs_identity_free(struct mrs_identity *id);

/* Lend the newest token. One thread fetches; the others wait only where there is none that still
 * holds. MARS_ERR_AUTH: there is no such right; MARS_ERR_NETWORK; MARS_ERR_CANCELLED. */
MARS_NODISCARD mars_status mrs_identity_borrow(struct mrs_identity *id, const atomic_bool *stop,
                                               struct mrs_token **out, mars_error *err);
/* NULL is allowed. */
void mrs_identity_return(struct mrs_identity *id, struct mrs_token *t);
/* The store does not take the token of this serial number, whatever its end: fetch another. */
void mrs_identity_refused(struct mrs_identity *id, uint64_t serial);

/* One question to a service that gives tokens. */
struct mrs_ask {
    const char *method;
    const char *url;
    const char *body;         /* of POST, a form; or NULL */
    const char *headers[2][2]; /* names and values; a value NULL: not sent */
    bool hide_path;           /* it is as good as a password */
};
/* MARS_OK where an answer came, whatever its status. */
MARS_NODISCARD mars_status mrs_identity_ask(const struct mrs_fetch *with, const struct mrs_ask *q,
                                            struct mrs_http_answer *answer, mars_error *err);
/* The time of the service, as far as it tells. */
int64_t mrs_identity_now(const struct mrs_http_answer *answer);

#endif
