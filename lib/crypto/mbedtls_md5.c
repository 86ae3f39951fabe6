/* By the generic interface, which 2.28 and 3.6 have alike. */
#include <mbedtls/md.h>

#include "base/alloc.h"
#include "base/err.h"
#include "crypto/md5.h"

struct mrs_md5 {
    mbedtls_md_context_t x;
};

static mars_status
broken(mars_error *err)
{
    return mrs_fail(err, MARS_ERR_INTERNAL, "mbedTLS: MD5 failed");
}

mars_status
mrs_md5_new(struct mrs_md5 **out, mars_error *err)
{
    const mbedtls_md_info_t *info = mbedtls_md_info_from_type(MBEDTLS_MD_MD5);
    struct mrs_md5 *m = mrs_alloc(sizeof *m);

    *out = NULL;
    if (m == NULL)
        return mrs_nomem(err);
    mbedtls_md_init(&m->x);
    if (info == NULL || mbedtls_md_setup(&m->x, info, 0) != 0 || mbedtls_md_starts(&m->x) != 0) {
        mrs_md5_free(m);
        return broken(err);
    }
    *out = m;
    return MARS_OK;
}

mars_status
mrs_md5_update(struct mrs_md5 *m, const void *data, size_t n, mars_error *err)
{
    return mbedtls_md_update(&m->x, data, n) == 0 ? MARS_OK : broken(err);
}

mars_status
mrs_md5_finish(struct mrs_md5 *m, uint8_t out[MRS_MD5_SIZE], mars_error *err)
{
    return mbedtls_md_finish(&m->x, out) == 0 ? MARS_OK : broken(err);
}

void
mrs_md5_free(struct mrs_md5 *m)
{
    if (m == NULL)
        return;
    mbedtls_md_free(&m->x);
    mrs_free(m);
}
