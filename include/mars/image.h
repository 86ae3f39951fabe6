#ifndef MARS_IMAGE_H
#define MARS_IMAGE_H

#include <mars/session.h>

#ifdef __cplusplus
extern "C" {
#endif

/** Fill out with the len bytes at offset. Returns a mars_status: anything but MARS_OK ends the
 *  image with it. */
typedef int32_t(MARS_CALL *mars_image_read_fn)(uint64_t offset, void *out, uint64_t len,
                                               void *user);

/** Find the next bytes that hold data, at or behind offset: [*start, *end); both the image's size,
 *  which they come in with, where there are none. What lies between is a hole and reads as zeros.
 *  Returns a mars_status. */
typedef int32_t(MARS_CALL *mars_image_data_fn)(uint64_t offset, uint64_t *start, uint64_t *end,
                                               void *user);

/** Find the next bytes that may have changed since a recovery point was made: the same.
 *
 *  since is that point's id in hex. MARS_ERR_NOT_FOUND for offset 0: what changed since then is not
 *  known, and all is read. Any other status but MARS_OK ends the image with it. */
typedef int32_t(MARS_CALL *mars_image_changed_fn)(const char *since, uint64_t offset,
                                                  uint64_t *start, uint64_t *end, void *user);

/** A disk, or what holds one: a block device, a file, or functions. */
typedef struct mars_image_options {
    uint32_t struct_size;
    uint32_t flags;                /* none yet: 0 */
    const char *name;              /* in the point: see mars_stream_open(). Required */
    uint64_t name_len;
    const char *path;              /* a regular file or block device; NULL: read is called */
    uint64_t path_len;
    uint64_t size;                 /* bytes, where there is no path */
    mars_image_read_fn read;       /* where there is no path */
    mars_image_data_fn data;       /* NULL: of a path the system tells, else all is data */
    mars_image_changed_fn changed; /* NULL: all is read */
    void *user;                    /* of these functions */
} mars_image_options;

/**
 * Back up an image as one stream of a session, on the calling thread, which also calls the
 * functions. Images and streams of a session may be written by several threads at once, one each.
 *
 * The image is kept in aligned blocks of 256 KiB. Where `changed` is given, only blocks with
 * changed bytes are read: the others are taken from the image of the same name in the item's newest
 * point, the one that `since` names. What has to be kept for that, a change id by point id, is the
 * caller's. An image is as consistent as what is read: of a disk in use, read what its system or
 * hypervisor froze.
 *
 * A failure leaves the image out of the point; the session goes on, unless the failure is its own.
 *
 * @retval MARS_ERR_EXISTS     the session has a stream of this name
 * @retval MARS_ERR_NOT_FOUND  path is not there
 * @retval MARS_ERR_CANCELLED  by the cancel or the progress callback of mars_session_begin()
 * @retval MARS_ERR_CORRUPT    an extent that goes back, or beyond the image's size; or the image
 *                             became shorter
 * @since 0.1
 */
MARS_API MARS_NODISCARD mars_status MARS_CALL
mars_session_add_image(mars_session *session, const mars_image_options *opts, mars_error *err);

#ifdef __cplusplus
}
#endif
#endif
