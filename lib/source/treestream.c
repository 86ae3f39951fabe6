#include "source/treestream.h"

#include "base/alloc.h"
#include "base/err.h"

struct stream {
    struct mrs_tree_file *file;
    struct mrs_tree_stat opened;
};

mars_status
mrs_treestream_read(void *user, void *file, uint64_t offset, void *out, uint64_t len,
                    uint64_t *got, mars_error *err)
{
    const struct stream *s = file;
    size_t n = 0;
    mars_status st = mrs_tree_file_read(s->file, offset, out, (size_t)len, &n, err);

    (void)user;
    *got = n;
    return st;
}

mars_status
mrs_treestream_extent(void *user, void *file, uint64_t offset, uint64_t *start, uint64_t *end,
                      mars_error *err)
{
    const struct stream *s = file;
    uint64_t size = s->opened.size;
    mars_status st = mrs_tree_file_data(s->file, offset, start, end, err);

    (void)user;
    /* The file may have grown or shrunk: what is promised is what was there when it was opened. */
    if (st == MARS_OK && *start > size)
        *start = size;
    if (st == MARS_OK && *end > size)
        *end = size;
    if (st == MARS_OK && *start == *end)
        *start = *end = size;
    return st;
}

static bool
same_time(struct mrs_time a, struct mrs_time b)
{
    return a.s == b.s && a.ns == b.ns;
}

mars_status
mrs_treestream_changed(void *user, void *file, uint32_t *changed, mars_error *err)
{
    const struct stream *s = file;
    struct mrs_tree_stat now;
    mars_status st = mrs_tree_file_stat(s->file, &now, err);

    (void)user;
    *changed = st == MARS_OK &&
               (now.size != s->opened.size || !same_time(now.mtime, s->opened.mtime) ||
                !same_time(now.ctime, s->opened.ctime));
    return st;
}

void
mrs_treestream_close(void *user, void *file)
{
    struct stream *s = file;

    (void)user;
    if (s == NULL)
        return;
    mrs_tree_file_close(s->file);
    mrs_free(s);
}

mars_status
mrs_treestream_open(void **file, struct mrs_tree_dir *dir, const char *name,
                    struct mrs_tree_stat *stat, bool *sparse, mars_error *err)
{
    struct stream *s = mrs_alloc(sizeof *s);
    mars_status st;

    *file = NULL;
    if (s == NULL)
        return mrs_nomem(err);
    st = mrs_tree_open_file(&s->file, dir, name, err);
    if (st == MARS_OK)
        st = mrs_tree_file_stat(s->file, &s->opened, err);
    if (st != MARS_OK) {
        mrs_treestream_close(NULL, s);
        return st;
    }
    *stat = s->opened;
    *sparse = stat->blocks < stat->size / 512 + (stat->size % 512 != 0);
    *file = s;
    return MARS_OK;
}
