/* Packed bytes behind their codec and raw length: what unpacks stays within its block. */
#include <stdlib.h>
#include <string.h>

#include "codec/codec.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { BEFORE = 4 }; /* u8 codec, u24 raw length */

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct mrs_codec_state codec = { NULL };
    size_t raw_len;
    uint8_t *out;
    mars_status st;

    if (size < BEFORE)
        return 0;
    raw_len = (size_t)data[1] | (size_t)data[2] << 8 | (size_t)data[3] << 16;
    out = malloc(raw_len > 0 ? raw_len : 1); /* exactly: a byte too many is noticed */
    if (out == NULL)
        return 0;
    st = mrs_codec_unpack(&codec, data[0], data + BEFORE, size - BEFORE, out, raw_len, NULL);
    if (st != MARS_OK && st != MARS_ERR_CORRUPT && st != MARS_ERR_UNSUPPORTED)
        abort();
    free(out);
    mrs_codec_state_free(&codec);
    return 0;
}
