/* Index objects: a blob lies within the size of its pack, and counts are right. */
#include <stdlib.h>

#include "format/index.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct seen {
    uint64_t size;
    size_t left; /* blobs of the pack that have not come yet */
};

static mars_status
pack(void *user, const struct mrs_index_pack *p, mars_error *err)
{
    struct seen *s = user;

    (void)err;
    if (s->left != 0)
        abort();
    s->size = p->size;
    s->left = p->count;
    return MARS_OK;
}

static mars_status
blob(void *user, const struct mrs_blob *b, mars_error *err)
{
    struct seen *s = user;

    (void)err;
    if (s->left-- == 0 || b->offset > s->size || b->sealed_len > s->size - b->offset)
        abort();
    return MARS_OK;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct seen s = { 0, 0 };
    struct mrs_index_sink sink = { &s, NULL, pack, blob };

    if (mrs_index_decode(data, size, &sink, NULL) == MARS_OK && s.left != 0)
        abort();
    return 0;
}
