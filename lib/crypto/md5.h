/* MD5 (RFC 1321), for the one use that storage services still ask for: finding bytes that were
 * damaged on their way. It protects from nobody. */
#ifndef MRS_CRYPTO_MD5_H
#define MRS_CRYPTO_MD5_H

#include <mars/common.h>

enum { MRS_MD5_SIZE = 16 };

/* One thread at a time. */
struct mrs_md5;
MARS_NODISCARD mars_status mrs_md5_new(struct mrs_md5 **out, mars_error *err);
MARS_NODISCARD mars_status mrs_md5_update(struct mrs_md5 *m, const void *data, size_t n,
                                          mars_error *err);
MARS_NODISCARD mars_status mrs_md5_finish(struct mrs_md5 *m, uint8_t out[MRS_MD5_SIZE],
                                          mars_error *err);
/* NULL is allowed. */
void mrs_md5_free(struct mrs_md5 *m);

#endif
