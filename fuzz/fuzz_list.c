/* Content-list nodes: what decodes can be encoded, to the same bytes. */
#include <stdlib.h>
#include <string.h>

#include "format/content.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct mrs_buf out = MRS_BUF_INIT(MRS_NODE_MAX);
    struct mrs_list_node n;

    if (mrs_list_decode(&n, data, size, NULL) == MARS_OK) {
        if (mrs_list_encode(&n, &out, NULL) != MARS_OK || out.len != size ||
            memcmp(out.data, data, size) != 0)
            abort();
    }
    mrs_list_free(&n);
    mrs_buf_free(&out);
    return 0;
}
