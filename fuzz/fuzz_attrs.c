/* Attribute sets: what decodes can be encoded, to the same bytes. */
#include <stdlib.h>
#include <string.h>

#include "base/vec.h"
#include "format/content.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static mars_status
collect(void *user, const struct mrs_attr *a, mars_error *err)
{
    struct mrs_attr *at = mrs_vec_add(user);

    (void)err;
    if (at == NULL)
        return MARS_ERR_NOMEM;
    *at = *a;
    return MARS_OK;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct mrs_buf out = MRS_BUF_INIT(MRS_ATTRS_MAX);
    struct mrs_vec attrs = MRS_VEC_INIT(struct mrs_attr);

    if (mrs_attrs_decode(data, size, collect, &attrs, NULL) == MARS_OK) {
        if (mrs_attrs_encode(attrs.items, attrs.len, &out, NULL) != MARS_OK || out.len != size ||
            memcmp(out.data, data, size) != 0)
            abort();
    }
    mrs_vec_free(&attrs);
    mrs_buf_free(&out);
    return 0;
}
