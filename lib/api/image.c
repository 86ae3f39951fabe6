#include <mars/image.h>

#include "api/opts.h"
#include "api/session_int.h"
#include "base/alloc.h"
#include "base/err.h"
#include "base/hex.h"
#include "job/image.h"
#include "platform/tree.h"

/* A call, and what it reads. */
struct image {
    mars_image_options opts;
    struct mars_session *session;
    struct mrs_tree_file *file; /* of a path */
    struct mrs_image_source src;
};

static mars_status
answered(const char *what, int32_t st, mars_error *err)
{
    mrs_error_clear(err);
    return mrs_answered((mars_status)st, what, err);
}

static mars_status
call_read(void *user, uint64_t offset, void *out, size_t n, mars_error *err)
{
    struct image *m = user;

    mrs_session_tell(m->session);
    return answered("the image's read", m->opts.read(offset, out, n, m->opts.user), err);
}

static mars_status
read_file(void *user, uint64_t offset, void *out, size_t n, mars_error *err)
{
    struct image *m = user;
    size_t got = 0;
    mars_status st;

    mrs_session_tell(m->session);
    st = mrs_tree_file_read(m->file, offset, out, n, &got, err);
    return st != MARS_OK || got == n
               ? st
               : mrs_fail(err, MARS_ERR_CORRUPT, "image: it became shorter while it was read");
}

static mars_status
call_data(void *user, uint64_t offset, uint64_t *start, uint64_t *end, mars_error *err)
{
    struct image *m = user;

    return answered("the image's data", m->opts.data(offset, start, end, m->opts.user), err);
}

static mars_status
data_of_file(void *user, uint64_t offset, uint64_t *start, uint64_t *end, mars_error *err)
{
    struct image *m = user;
    mars_status st = mrs_tree_file_data(m->file, offset, start, end, err);

    /* It may have grown since it was opened. */
    if (*start > m->src.size)
        *start = m->src.size;
    if (*end > m->src.size || *end <= *start)
        *end = m->src.size;
    return st;
}

static mars_status
call_changed(void *user, const uint8_t since[16], uint64_t offset, uint64_t *start, uint64_t *end,
             mars_error *err)
{
    struct image *m = user;
    char point[33];

    mrs_hex_encode(point, since, 16);
    return answered("the image's changed",
                    m->opts.changed(point, offset, start, end, m->opts.user), err);
}

static mars_status
open_source(struct image *m, mars_error *err)
{
    char *path = NULL;
    mars_status st;

    m->src = (struct mrs_image_source){ .size = m->opts.size,
                                        .read = call_read,
                                        .data = m->opts.data != NULL ? call_data : NULL,
                                        .changed = m->opts.changed != NULL ? call_changed : NULL,
                                        .user = m };
    if (m->opts.path == NULL)
        return m->opts.read != NULL
                   ? MARS_OK
                   : mrs_fail(err, MARS_ERR_INVALID_ARG, "neither path nor read is given");
    if (m->opts.read != NULL || m->opts.size != 0)
        return mrs_fail(err, MARS_ERR_INVALID_ARG, "path: read and size are not for it");
    st = mrs_arg_path(m->opts.path, m->opts.path_len, true, "path", &path, err);
    if (st == MARS_OK)
        st = mrs_tree_open_image(&m->file, path, &m->src.size, err);
    mrs_free(path);
    m->src.read = read_file;
    if (m->src.data == NULL)
        m->src.data = data_of_file;
    return st;
}

static mars_status
put(struct image *m, mars_error *err)
{
    struct mars_stream *h = NULL;
    mars_status st = mrs_session_open_stream(m->session, m->opts.name, m->opts.name_len,
                                             MRS_IMAGE_BLOCK, &h, err);

    if (st != MARS_OK)
        return st;
    mrs_mutex_lock(h->busy);
    st = h->stream != NULL ? mrs_image_put(h->stream, mrs_stream_name(h), &m->src, err)
                           : mrs_fail(err, MARS_ERR_CANCELLED, "the session was abandoned");
    mrs_mutex_unlock(h->busy);
    return mrs_stream_end(h, st, err);
}

mars_status
mars_session_add_image(mars_session *session, const mars_image_options *opts, mars_error *err)
{
    struct image m = { .session = session };
    mars_status st;

    mrs_error_clear(err);
    if (session == NULL)
        return mrs_fail(err, MARS_ERR_INVALID_ARG, "session: is NULL");
    st = mrs_opts_import(&m.opts, sizeof m.opts, opts, MRS_IMAGE_OPTIONS_V1, err);
    if (st == MARS_OK && m.opts.flags != 0)
        st = mrs_fail(err, MARS_ERR_UNSUPPORTED, "flags: 0x%x is not known", m.opts.flags);
    if (st == MARS_OK && m.opts.name == NULL)
        st = mrs_fail(err, MARS_ERR_INVALID_ARG, "name: is missing");
    if (st == MARS_OK)
        st = open_source(&m, err);
    if (st == MARS_OK)
        st = put(&m, err);
    mrs_tree_file_close(m.file);
    return st;
}
