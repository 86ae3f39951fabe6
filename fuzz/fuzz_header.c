/* Object headers: what decodes can be encoded, to the same bytes. */
#include <stdlib.h>
#include <string.h>

#include "format/object.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    uint8_t again[MRS_HEADER_SIZE];
    struct mrs_header h;

    if (mrs_header_decode(&h, data, size, NULL) == MARS_OK) {
        mrs_header_encode(&h, again);
        if (memcmp(again, data, sizeof again) != 0)
            abort();
    }
    return 0;
}
