/* AWS Signature Version 4, as S3 wants it: the path is encoded once.
 * https://docs.aws.amazon.com/AmazonS3/latest/API/sig-v4-header-based-auth.html */
#ifndef MRS_STORE_SIGV4_H
#define MRS_STORE_SIGV4_H

#include "base/buf.h"

enum { MRS_SIGV4_DATE_SIZE = 17 }; /* "20261126T093000Z" with its NUL */

struct mrs_sigv4_header {
    const char *name; /* in small letters */
    const char *value;
};

struct mrs_sigv4 {
    const char *key_id;
    const char *secret;
    const char *region;
    const char *service;  /* "s3" */
    const char *method;
    const char *path;     /* encoded, from "/" on, path_len bytes */
    size_t path_len;
    const char *query;    /* encoded, its parts sorted, without "?" */
    const struct mrs_sigv4_header *headers; /* that are signed, sorted by name, "host" among them */
    size_t n_headers;
    const char *payload;  /* SHA-256 of the body in hex, or "UNSIGNED-PAYLOAD" */
    const char *date;     /* of the header x-amz-date */
};

void mrs_sigv4_date(int64_t seconds, char out[MRS_SIGV4_DATE_SIZE]);
/* Append the value of the header Authorization. */
MARS_NODISCARD mars_status mrs_sigv4_authorize(const struct mrs_sigv4 *s, struct mrs_buf *out,
                                               mars_error *err);

#endif
