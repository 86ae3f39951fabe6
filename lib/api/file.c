#include "api/point.h"
#include "base/alloc.h"
#include "base/err.h"
#include "job/file.h"

struct mars_file {
    struct mars_agent *agent; /* a hold */
    struct mrs_file_reader *reader;
};

mars_status
mars_file_open(mars_point *point, const char *path, uint64_t path_len, mars_file **out,
               mars_error *err)
{
    struct mrs_arena bytes = MRS_ARENA_INIT;
    struct mars_file *f = NULL;
    struct mrs_entry e;
    mars_status st;

    if (out != NULL)
        *out = NULL;
    st = mrs_point_file(point, path, path_len, &bytes, &e, err);
    if (st == MARS_OK && out == NULL)
        st = mrs_fail(err, MARS_ERR_INVALID_ARG, "out: is NULL");
    if (st == MARS_OK) {
        f = mrs_alloc(sizeof *f);
        st = f != NULL ? mrs_file_reader_open(&f->reader, point->agent->domain,
                                              point->agent->engine, &e, NULL, err)
                       : mrs_nomem(err);
    }
    mrs_arena_free(&bytes);
    if (st != MARS_OK) {
        mrs_free(f);
        return st;
    }
    mrs_agent_hold(point->agent);
    f->agent = point->agent;
    *out = f;
    return MARS_OK;
}

uint64_t
mars_file_size(const mars_file *file)
{
    return file != NULL ? mrs_file_reader_size(file->reader) : 0;
}

mars_status
mars_file_read_at(mars_file *file, uint64_t offset, void *out, uint64_t len, uint64_t *got,
                  mars_error *err)
{
    mars_status st;
    uint64_t size, n;

    if (got != NULL)
        *got = 0;
    mrs_error_clear(err);
    if (file == NULL || got == NULL || (out == NULL && len > 0))
        return mrs_fail(err, MARS_ERR_INVALID_ARG, "%s: is NULL", file == NULL  ? "file"
                                                                  : got == NULL ? "got"
                                                                                : "out");
    st = mrs_agent_enter(file->agent, err);
    if (st != MARS_OK)
        return st;
    size = mrs_file_reader_size(file->reader);
    n = offset < size ? size - offset : 0;
    if (n > len)
        n = len;
    if (n > SIZE_MAX)
        return mrs_nomem(err);
    st = mrs_file_reader_copy(file->reader, offset, out, (size_t)n, err);
    if (st == MARS_OK)
        *got = n;
    return st;
}

void
mars_file_close(mars_file *file)
{
    if (file == NULL || mrs_agent_is_forked(file->agent))
        return;
    mrs_file_reader_close(file->reader);
    mars_agent_close(file->agent);
    mrs_free(file);
}
