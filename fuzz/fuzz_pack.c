/* A pack's directory and footer, the footer in the last bytes: what decodes can be encoded, to the
 * same bytes. */
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "format/pack.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
check_footer(const uint8_t *data, uint64_t object_size, struct mrs_pack_footer *f)
{
    uint8_t again[MRS_PACK_FOOTER_SIZE];

    if (mrs_pack_footer_decode(f, data, MRS_PACK_FOOTER_SIZE, object_size, NULL) != MARS_OK)
        return;
    mrs_pack_footer_encode(f, again);
    if (memcmp(again, data, sizeof again) != 0)
        abort();
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct mrs_buf out = MRS_BUF_INIT(SIZE_MAX / 2);
    struct mrs_pack_footer f = { 0 };
    struct mrs_blob *blobs = NULL;
    uint64_t object_size;
    size_t n = 0, dir = size - MRS_PACK_FOOTER_SIZE - sizeof object_size;

    if (size < MRS_PACK_FOOTER_SIZE + sizeof object_size)
        return 0;
    memcpy(&object_size, data + dir, sizeof object_size);
    check_footer(data + size - MRS_PACK_FOOTER_SIZE, object_size, &f);
    if (mrs_pack_dir_decode(data, dir, f.blobs_len, &blobs, &n, NULL) == MARS_OK) {
        if (mrs_pack_dir_encode(blobs, n, &out, NULL) != MARS_OK || out.len != dir ||
            (dir > 0 && memcmp(out.data, data, dir) != 0))
            abort();
    }
    mrs_free(blobs);
    mrs_buf_free(&out);
    return 0;
}
