#include "base/buf.h"

#include <string.h>

#include "base/alloc.h"
#include "base/err.h"

enum { FIRST_CAP = 64 };

mars_status
mrs_buf_reserve(struct mrs_buf *b, size_t more, mars_error *err)
{
    size_t want;
    uint8_t *grown;

    if (more > b->max - b->len)
        return mrs_fail(err, MARS_ERR_CORRUPT, "buffer: %zu bytes over the limit of %zu",
                        more - (b->max - b->len), b->max);
    if (more <= b->cap - b->len)
        return MARS_OK;
    want = b->cap < FIRST_CAP ? FIRST_CAP : b->cap;
    while (want < b->len + more)
        want = want > b->max / 2 ? b->max : want * 2;
    if (want > b->max)
        want = b->max;
    /* Not realloc of what is there: it may leave a copy of plaintext behind. Not zeroed. */
    grown = mrs_realloc_array(NULL, want, 1);
    if (grown == NULL)
        return mrs_nomem(err);
    if (b->len > 0)
        memcpy(grown, b->data, b->len);
    if (b->data != NULL)
        mrs_wipe(b->data, b->len);
    mrs_free(b->data);
    b->data = grown;
    b->cap = want;
    return MARS_OK;
}

mars_status
mrs_buf_append(struct mrs_buf *b, const void *data, size_t n, mars_error *err)
{
    mars_status st = mrs_buf_reserve(b, n, err);

    if (st == MARS_OK && n > 0) {
        memcpy(b->data + b->len, data, n);
        b->len += n;
    }
    return st;
}

mars_status
mrs_buf_resize(struct mrs_buf *b, size_t len, mars_error *err)
{
    if (len > b->len) {
        mars_status st = mrs_buf_reserve(b, len - b->len, err);

        if (st != MARS_OK)
            return st;
        memset(b->data + b->len, 0, len - b->len);
    }
    b->len = len;
    return MARS_OK;
}

mars_status
mrs_buf_extend(struct mrs_buf *b, size_t n, mars_error *err)
{
    mars_status st = mrs_buf_reserve(b, n, err);

    if (st == MARS_OK)
        b->len += n;
    return st;
}

void
mrs_buf_reset(struct mrs_buf *b)
{
    b->len = 0;
}

void
mrs_buf_free(struct mrs_buf *b)
{
    if (b == NULL)
        return;
    if (b->data != NULL)
        mrs_wipe(b->data, b->cap);
    mrs_free(b->data);
    b->data = NULL;
    b->len = b->cap = 0;
}
