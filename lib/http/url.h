/* URLs: their parts, and their encoding. */
#ifndef MRS_HTTP_URL_H
#define MRS_HTTP_URL_H

#include <stdbool.h>

#include "base/buf.h"

enum { MRS_URL_PLACE_SIZE = 128 };

/* How much of a URL may be shown: all before its query; host_only: and before its path. 0: nothing,
 * it is no URL. */
size_t mrs_url_shown(const char *url, bool host_only);
/* That much, without what is too long: for messages. */
void mrs_url_place(const char *url, bool host_only, char out[MRS_URL_PLACE_SIZE]);

/* Where a URL's parts are. scheme is "http" or "https". */
struct mrs_url {
    bool tls;
    const char *host; /* with its port; host_len bytes */
    size_t host_len;
    const char *path; /* from "/" on, or empty; path_len bytes, without the query */
    size_t path_len;
    const char *query; /* behind "?", or NULL */
};
/* MARS_ERR_INVALID_ARG for another scheme, for a user in it, and for a fragment. */
MARS_NODISCARD mars_status mrs_url_parse(const char *text, struct mrs_url *url, mars_error *err);
/* Is the host this machine, by its name or number? */
bool mrs_url_is_loopback(const struct mrs_url *url);
/* Is it where a cloud tells its own machines who they are: 169.254.X.X or fd00:ec2::X, as a number?
 * Nobody routes these: what goes there is seen by the machine's host and no network. */
bool mrs_url_is_metadata(const struct mrs_url *url);

/* Append percent-encoded: all but letters, digits and "-._~", and "/" where it is kept. */
MARS_NODISCARD mars_status mrs_url_encode(struct mrs_buf *out, const char *text, size_t n,
                                          bool keep_slash, mars_error *err);

#endif
