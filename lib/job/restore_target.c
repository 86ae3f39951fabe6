/* The file tree that a restore goes to if the caller has no sink: what it asks of the job. */
#include <string.h>

#include "base/err.h"
#include "job/compare.h"
#include "job/restore_int.h"

/* The target's paths begin below it without a separator: as the point has them, they are absolute.
 */
static void
warn(void *user, const char *path, size_t path_len, const mars_error *why)
{
    struct mrs_buf absolute = MRS_BUF_INIT(SIZE_MAX / 2);

    if (mrs_buf_append(&absolute, "/", 1, NULL) == MARS_OK)
        (void)!mrs_buf_append(&absolute, path, path_len, NULL);
    mrs_restore_warn(user, (struct mrs_slice){ absolute.data, absolute.len }, why);
    mrs_buf_free(&absolute);
}

/* A file of the target, read like a source's. */
static mars_status
existing_read(void *user, void *file, uint64_t offset, void *out, uint64_t n, uint64_t *got,
              mars_error *err)
{
    size_t read = 0;
    mars_status st = mrs_tree_file_read(file, offset, out, (size_t)n, &read, err);

    (void)user;
    *got = read;
    return st;
}

static mars_status
existing_extent(void *user, void *file, uint64_t offset, uint64_t *start, uint64_t *end,
                mars_error *err)
{
    (void)user;
    return mrs_tree_file_data(file, offset, start, end, err);
}

static const mars_source EXISTING = { .read = existing_read, .extent = existing_extent };

static mars_status
same(void *user, struct mrs_tree_file *there, bool *is, mars_error *err)
{
    struct mrs_restore *r = user;
    struct mrs_source_file f = { &EXISTING, there, r->current->size, true };
    mars_status st = mrs_compare_content(r->job.d, r->current, &f, &r->job.stop, is, err);

    return mrs_restore_has_read(r, st, err);
}

mars_status
mrs_restore_open_target(struct mrs_restore *r, mars_error *err)
{
    struct mrs_target_options o = { .conflict = r->spec.conflict,
                                    .no_owner = r->spec.no_owner,
                                    .no_acl = r->spec.no_acl,
                                    .same = same,
                                    .warn = warn,
                                    .user = r };
    mars_status st;

    memcpy(o.tag, r->spec.point->session, sizeof o.tag);
    st = mrs_target_open(&r->target, r->spec.target, &o, err);
    if (st == MARS_OK)
        mrs_target_sink(r->target, &r->sink);
    return st;
}
