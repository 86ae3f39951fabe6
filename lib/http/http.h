/* One engine for all transfers over HTTP: connections and TLS sessions are kept and reused, any
 * number of transfers run at once, and share one throttle. Any thread may perform any number of
 * them. There is no thread behind it: one of the threads that wait moves the transfers of all. */
#ifndef MRS_HTTP_HTTP_H
#define MRS_HTTP_HTTP_H

#include <stdatomic.h>
#include <stdbool.h>

#include "base/buf.h"
#include "base/logger.h"
#include "http/throttle.h"

struct mrs_file;

/* Strings are copied. Zero and NULL are the defaults. */
struct mrs_http_options {
    const char *ca_file;        /* PEM; NULL: the system's */
    const char *pin;            /* "sha256//BASE64" of the server's public key; several with ";" */
    bool allow_http;            /* without TLS, also to others than this machine */
    const char *proxy;          /* "http://HOST:PORT" or "https://..."; NULL: none */
    const char *proxy_user;
    const char *proxy_password;
    const char *no_proxy;       /* hosts and domains to reach directly, separated by commas */
    uint32_t connect_ms;        /* to be connected; 0: 30 s */
    uint32_t stall_ms;          /* with less than 4 KiB either way; 0: 60 s */
    uint32_t whole_ms;          /* for a request with all its attempts, and a second more for each
                                   4 KiB; waiting for the limits is not counted; 0: 15 minutes */
    struct mrs_limits limits;
    const struct mrs_logger *logger; /* outlives the engine; NULL: nobody is told */
};

struct mrs_http;
/* MARS_ERR_INVALID_ARG for options that cannot be. */
MARS_NODISCARD mars_status mrs_http_new(struct mrs_http **out, const struct mrs_http_options *opts,
                                        mars_error *err);
/* No transfer may be running. NULL is allowed. */
void mrs_http_free(struct mrs_http *h);

/* Header lines, "Name: value". */
struct mrs_http_headers;
MARS_NODISCARD mars_status mrs_http_add(struct mrs_http_headers *h, mars_error *err,
                                        const char *name, const char *value);

/* What came back. */
struct mrs_http_answer {
    int status;            /* of HTTP; 0: none came */
    uint32_t attempts;     /* that were made */
    uint64_t got;          /* bytes that went to the request's `out` */
    struct mrs_buf head;   /* lines "name: value" of the last answer, each ended by a NUL */
    struct mrs_buf body;   /* of an answer that is not in `out`; its max is set by the caller */
};
#define MRS_HTTP_ANSWER_INIT(limit) \
    { 0, 0, 0, MRS_BUF_INIT((size_t)64 << 10), MRS_BUF_INIT(limit) }
void mrs_http_answer_free(struct mrs_http_answer *a);
/* The value of a header, named in small letters; NULL if it is not there. */
const char *mrs_http_header(const struct mrs_http_answer *a, const char *name);
/* The time that its Date header gives, seconds since 1970; false if there is none. */
bool mrs_http_date(const struct mrs_http_answer *a, int64_t *seconds);

/* Whether an answer ends a request. */
enum mrs_http_verdict {
    MRS_HTTP_BY_STATUS, /* 408, 429 and 5xx are tried again, all else ends it */
    MRS_HTTP_AGAIN,     /* at once, but only the first time */
    MRS_HTTP_LATER,     /* tried again like 5xx */
    MRS_HTTP_STRANGE    /* not the server's own answer: as if none had come */
};

struct mrs_http_request {
    const char *method;    /* GET, HEAD, PUT, POST, DELETE */
    const char *url;       /* encoded; its query is never shown */
    bool hide_path;        /* nor is its path: it is as good as a password */
    const void *body;      /* of PUT and POST: body_len bytes, or those of the file */
    struct mrs_file *file;
    uint64_t body_len;
    void *out;             /* gets the body of a 200 or 206, at most out_len bytes; or NULL */
    size_t out_len;
    const atomic_bool *stop; /* set: it ends soon, MARS_ERR_CANCELLED; NULL: never */
    /* Before each attempt: the headers, with a time and a signature that is fresh. Or NULL. */
    mars_status (*prepare)(void *user, struct mrs_http_headers *headers, mars_error *err);
    /* After each answer; or NULL. */
    enum mrs_http_verdict (*judge)(void *user, const struct mrs_http_answer *answer);
    void *user;
};

/* Send it, again where that makes sense, and wait for the answer: MARS_OK where one came, whatever
 * its status. It is tried until its time is over, but eight times only until a server was reached.
 * MARS_ERR_NETWORK: none came, or only such as ask to come again; MARS_ERR_AUTH: the server's
 * certificate or the proxy's password is refused; MARS_ERR_CORRUPT: the answer is larger than it
 * may be; MARS_ERR_CANCELLED. The message names host and path. */
MARS_NODISCARD mars_status mrs_http_perform(struct mrs_http *h, const struct mrs_http_request *r,
                                            struct mrs_http_answer *answer, mars_error *err);

#endif
