/* A growable buffer with a limit, wiped when it is freed because it may have held plaintext. */
#ifndef MRS_BASE_BUF_H
#define MRS_BASE_BUF_H

#include <mars/common.h>

struct mrs_buf {
    uint8_t *data;
    size_t len;
    size_t cap;
    size_t max; /* appending past it fails */
};

#define MRS_BUF_INIT(limit) { NULL, 0, 0, (limit) }

/* Room for at least `more` bytes behind len. On error the buffer is unmodified. */
MARS_NODISCARD mars_status mrs_buf_reserve(struct mrs_buf *b, size_t more, mars_error *err);

/* On error the buffer is unmodified. */
MARS_NODISCARD mars_status mrs_buf_append(struct mrs_buf *b, const void *data, size_t n,
                                          mars_error *err);

/* Set the length; new bytes are zero. On error the buffer is unmodified. */
MARS_NODISCARD mars_status mrs_buf_resize(struct mrs_buf *b, size_t len, mars_error *err);

/* n more bytes, whose values are whatever was in memory: for callers that write each of them before
 * anybody reads it. On error the buffer is unmodified. */
MARS_NODISCARD mars_status mrs_buf_extend(struct mrs_buf *b, size_t n, mars_error *err);

/* Forget the content, keep the memory. */
void mrs_buf_reset(struct mrs_buf *b);

/* Wipe and free; the buffer can be used again. NULL is allowed. */
void mrs_buf_free(struct mrs_buf *b);

#endif
