/* Images: disks, read block by block, or only where they changed. */
#ifndef MRS_JOB_IMAGE_H
#define MRS_JOB_IMAGE_H

#include "job/stream.h"

enum { MRS_IMAGE_BLOCK = 256 << 10 };

/* What an image is read from, by the thread that puts it. */
struct mrs_image_source {
    uint64_t size;
    /* All n bytes. */
    mars_status (*read)(void *user, uint64_t offset, void *out, size_t n, mars_error *err);
    /* The next data at or behind offset, [*start, *end), both the size, as they come in, where
     * there is none. NULL: all is data. */
    mars_status (*data)(void *user, uint64_t offset, uint64_t *start, uint64_t *end,
                        mars_error *err);
    /* The same of what may have changed since that point; MARS_ERR_NOT_FOUND: that is not known.
     * NULL: all did. */
    mars_status (*changed)(void *user, const uint8_t since[16], uint64_t offset, uint64_t *start,
                           uint64_t *end, mars_error *err);
    void *user;
};

/* Write the image to a stream with chunks of MRS_IMAGE_BLOCK, and finish it. name: by which the
 * item's newest point has the one that it is compared with. A failure of the source is not the
 * backup's. */
MARS_NODISCARD mars_status mrs_image_put(struct mrs_stream *s, struct mrs_slice name,
                                         const struct mrs_image_source *src, mars_error *err);

#endif
