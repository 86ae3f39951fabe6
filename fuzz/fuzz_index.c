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

static mars_status
every_other(void *user, const uint8_t pack[32], bool *wanted, mars_error *err)
{
    size_t *n = user;

    (void)err;
    *wanted = pack[0] % 2 == 0;
    *n += *wanted;
    return MARS_OK;
}

static mars_status
count(void *user, const struct mrs_index_pack *p, mars_error *err)
{
    (void)p;
    (void)err;
    --*(size_t *)user;
    return MARS_OK;
}

/* What was copied is a payload again, of as many packs. */
static void
copy(const uint8_t *data, size_t size)
{
    struct mrs_buf out = MRS_BUF_INIT(MRS_OBJECT_MAX);
    size_t n = 0;
    struct mrs_index_sink sink = { &n, NULL, count, NULL };

    if (mrs_index_copy_packs(data, size, every_other, &n, &out, NULL) == MARS_OK &&
        (mrs_index_decode(out.data, out.len, &sink, NULL) != MARS_OK || n != 0))
        abort();
    mrs_buf_free(&out);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct seen s = { 0, 0 };
    struct mrs_index_sink sink = { &s, NULL, pack, blob };

    if (mrs_index_decode(data, size, &sink, NULL) == MARS_OK && s.left != 0)
        abort();
    copy(data, size);
    return 0;
}
