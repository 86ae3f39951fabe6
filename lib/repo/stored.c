#include "repo/stored.h"

#include "base/err.h"
#include "crypto/digest.h"

enum { STEP = 1 << 20 };

mars_status
mrs_stored_digest(struct mrs_store *store, const char *name, uint64_t size,
                  const atomic_bool *stop, uint8_t digest[32], mars_error *err)
{
    struct mrs_buf step = MRS_BUF_INIT(STEP);
    struct mrs_sha256 *sha = NULL;
    mars_status st = mrs_sha256_new(&sha, err);

    for (uint64_t at = 0, n; st == MARS_OK && at < size; at += n) {
        n = size - at < STEP ? size - at : STEP;
        if (atomic_load(stop))
            st = mrs_fail(err, MARS_ERR_CANCELLED, "cancelled");
        if (st == MARS_OK)
            st = mrs_buf_resize(&step, (size_t)n, err);
        if (st == MARS_OK)
            st = mrs_store_read(store, name, at, step.data, (size_t)n, err);
        if (st == MARS_OK)
            st = mrs_sha256_update(sha, step.data, (size_t)n, err);
    }
    if (st == MARS_OK)
        st = mrs_sha256_finish(sha, digest, err);
    mrs_sha256_free(sha);
    mrs_buf_free(&step);
    return st;
}
