/* What the stores that speak REST share: requests, uploads, listings. Private to this room. */
#ifndef MRS_STORE_REST_H
#define MRS_STORE_REST_H

#include "base/base64.h"
#include "crypto/digest.h"
#include "crypto/md5.h"
#include "http/http.h"
#include "store/access.h"
#include "store/driver.h"
#include "store/identity.h"

struct mrs_pair {
    const char *name;
    const char *value;
};
enum { MRS_REST_PAIRS_MAX = 8 };

/* What is sent and asked for; one request, whatever the attempts. */
struct mrs_rest_call {
    const char *method;
    const char *name;            /* the object's; NULL: the container */
    struct mrs_pair query[MRS_REST_PAIRS_MAX]; /* not encoded, sorted by name */
    size_t n_query;
    struct mrs_pair headers[MRS_REST_PAIRS_MAX]; /* in small letters */
    size_t n_headers;
    const void *body;
    struct mrs_file *file;       /* or its bytes are here */
    uint64_t body_len;
    uint8_t sha256[MRS_DIGEST_SIZE]; /* of the body, of a put */
    char checksum[MRS_BASE64_SIZE(MRS_DIGEST_SIZE)]; /* room for a header's value */
    void *out;
    size_t out_len;
    const atomic_bool *stop;
};

struct mrs_rest;

/* What one attempt is signed with. */
struct mrs_rest_signing {
    const char *path;  /* and query, as they are in the URL */
    int64_t now;       /* seconds since 1970, by the service's clock */
    const struct mrs_token *token; /* NULL: by what does not change */
};

/* What an error code of a service means to us. */
struct mrs_rest_code {
    const char *code;
    mars_status status;
};

/* How the services differ. */
struct mrs_rest_kind {
    const char *url_end;         /* of the container's own path: "" or "/" */
    bool md5;                    /* a put wants it */
    /* Add what a put of an object needs beside its bytes; md5: of these, if it is wanted. */
    void (*put)(const struct mrs_rest *r, struct mrs_rest_call *c, const uint8_t *md5);
    /* Add what asks for a page of a listing; marker NULL: the first. */
    void (*list)(const struct mrs_rest *r, struct mrs_rest_call *c, const char *prefix,
                 const char *marker);
    /* The elements of a page. */
    const char *entry, *entry_name, *entry_size, *entry_time, *marker;
    bool (*parse_time)(const char *text, int64_t *seconds);
    mars_status (*sign)(struct mrs_rest *r, const struct mrs_rest_call *c,
                        const struct mrs_rest_signing *by, struct mrs_http_headers *h,
                        mars_error *err);
    /* Ended by one whose code is NULL; of others the status of HTTP decides. */
    const struct mrs_rest_code *codes;
    /* Put a right of less into out, in place of what was copied there; NULL: there is none. */
    mars_status (*grant)(const struct mrs_rest *r, int64_t until, struct mrs_access *out,
                         mars_error *err);
    void (*free_auth)(void *auth);
};

/* One container and the right to use it: shared by all views. */
struct mrs_rest {
    const struct mrs_rest_kind *kind;
    struct mrs_http *http;
    char *base;       /* "https://HOST[/PATH]", encoded, without "/" at its end */
    char *prefix;     /* of all names, "" or ending in "/" */
    char *extra;      /* a query that goes with every request, encoded, or NULL: a SAS */
    char *tier;       /* of packs, or NULL */
    void *auth;       /* the kind's */
    bool proxied;     /* answers may be a proxy's */
    struct mrs_identity *identity; /* who gives tokens to sign with, or NULL */
    atomic_llong skew; /* seconds to add to our clock to have the service's */
    const struct mrs_logger *logger;
    struct mrs_stage stage; /* where uploads wait; open NULL: in memory only */
};

struct mrs_place;
/* extra: a query that goes with every request, or NULL. Takes over auth and identity, whatever
 * comes of it. */
MARS_NODISCARD mars_status mrs_rest_new(struct mrs_rest **out, const struct mrs_rest_kind *kind,
                                        const struct mrs_place *at, const struct mrs_access *access,
                                        const char *extra, void *auth,
                                        struct mrs_identity *identity, mars_error *err);
void mrs_rest_free(struct mrs_rest *r);

void mrs_rest_ask(struct mrs_rest_call *c, const char *name, const char *value);
void mrs_rest_say(struct mrs_rest_call *c, const char *name, const char *value);

/* Send and wait: MARS_OK for a status of 2xx; else what the service says. */
MARS_NODISCARD mars_status mrs_rest_run(struct mrs_rest *r, const struct mrs_rest_call *c,
                                        struct mrs_http_answer *answer, mars_error *err);

/* The handle that a driver's functions get: a container, seen by whoever may stop. */
struct mrs_rest_view {
    struct mrs_rest *rest;
    const atomic_bool *stop; /* NULL: never */
    bool owner;              /* of the rest */
};
extern const struct mrs_store_driver mrs_rest_driver;
/* The first view, which owns r; r is freed on failure. */
MARS_NODISCARD mars_status mrs_rest_open(struct mrs_rest *r, void **self,
                                         const struct mrs_store_driver **driver, mars_error *err);

/* Parts of the driver. */
mars_status mrs_rest_begin(void *self, const uint8_t owner[16], void **upload, mars_error *err);
mars_status mrs_rest_append(void *upload, const void *data, size_t n, mars_error *err);
mars_status mrs_rest_commit(void *upload, const char *name, mars_error *err);
void mrs_rest_abandon(void *upload);
mars_status mrs_rest_list(void *self, const char *prefix, enum mrs_list_what what, mrs_list_fn fn,
                          void *user, mars_error *err);

#endif
