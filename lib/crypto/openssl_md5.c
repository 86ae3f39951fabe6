#include <openssl/evp.h>

#include "base/alloc.h"
#include "base/err.h"
#include "crypto/md5.h"

struct mrs_md5 {
    EVP_MD_CTX *x;
};

static mars_status
broken(mars_error *err)
{
    return mrs_fail(err, MARS_ERR_INTERNAL, "libcrypto: MD5 failed");
}

mars_status
mrs_md5_new(struct mrs_md5 **out, mars_error *err)
{
    struct mrs_md5 *m = mrs_alloc(sizeof *m);

    *out = NULL;
    if (m == NULL)
        return mrs_nomem(err);
    m->x = EVP_MD_CTX_new();
    if (m->x == NULL || EVP_DigestInit_ex2(m->x, EVP_md5(), NULL) != 1) {
        mrs_md5_free(m);
        return broken(err);
    }
    *out = m;
    return MARS_OK;
}

mars_status
mrs_md5_update(struct mrs_md5 *m, const void *data, size_t n, mars_error *err)
{
    return EVP_DigestUpdate(m->x, data, n) == 1 ? MARS_OK : broken(err);
}

mars_status
mrs_md5_finish(struct mrs_md5 *m, uint8_t out[MRS_MD5_SIZE], mars_error *err)
{
    return EVP_DigestFinal_ex(m->x, out, NULL) == 1 ? MARS_OK : broken(err);
}

void
mrs_md5_free(struct mrs_md5 *m)
{
    if (m == NULL)
        return;
    EVP_MD_CTX_free(m->x);
    mrs_free(m);
}
