/* Skipped lists: what decodes can be encoded, to the same bytes. */
#include <stdlib.h>
#include <string.h>

#include "format/content.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct mrs_buf out = MRS_BUF_INIT(size);
    struct mrs_rd r = mrs_rd_init(data, size);
    struct mrs_skip s;

    while (r.left > 0 && !r.bad) {
        mrs_skip_decode(&r, &s);
        if (!r.bad && mrs_skip_encode(&s, &out, NULL) != MARS_OK)
            abort();
    }
    if (out.len > 0 && memcmp(out.data, data, out.len) != 0)
        abort();
    if (!r.bad && out.len != size)
        abort();
    mrs_buf_free(&out);
    return 0;
}
