/* The payload of one kind of object; the build names its struct and functions: PAYLOAD, DECODE,
 * ENCODE, RELEASE. What decodes can be encoded, and that decodes and encodes to the same again. */
#include <stdlib.h>
#include <string.h>

#include "format/keys.h"
#include "format/ledger.h"
#include "format/object.h"
#include "format/point.h"
#include "format/record.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct mrs_buf first = MRS_BUF_INIT(SIZE_MAX / 2), second = MRS_BUF_INIT(SIZE_MAX / 2);
    PAYLOAD a, b;

    if (DECODE(&a, data, size, NULL) == MARS_OK) {
        if (ENCODE(&a, &first, NULL) != MARS_OK ||
            DECODE(&b, first.data, first.len, NULL) != MARS_OK)
            abort();
        if (ENCODE(&b, &second, NULL) != MARS_OK || first.len != second.len ||
            memcmp(first.data, second.data, first.len) != 0)
            abort();
        RELEASE(&b);
    }
    RELEASE(&a);
    mrs_buf_free(&first);
    mrs_buf_free(&second);
    return 0;
}
