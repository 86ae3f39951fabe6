#include "source/treestream.h"

#include "base/alloc.h"
#include "base/err.h"

struct stream {
    struct mrs_source_stream base; /* first */
    struct mrs_tree_file *file;
    struct mrs_tree_stat opened;
};

static mars_status
read_at(struct mrs_source_stream *base, uint64_t offset, void *out, size_t n, size_t *got,
        mars_error *err)
{
    struct stream *s = (struct stream *)base;

    return mrs_tree_file_read(s->file, offset, out, n, got, err);
}

static mars_status
next_data(struct mrs_source_stream *base, uint64_t offset, uint64_t *start, uint64_t *end,
          mars_error *err)
{
    struct stream *s = (struct stream *)base;
    mars_status st = mrs_tree_file_data(s->file, offset, start, end, err);

    /* The file may have grown or shrunk: what is promised is what was there when it was opened. */
    if (st == MARS_OK && *start > base->size)
        *start = base->size;
    if (st == MARS_OK && *end > base->size)
        *end = base->size;
    if (st == MARS_OK && *start == *end)
        *start = *end = base->size;
    return st;
}

static bool
same_time(struct mrs_time a, struct mrs_time b)
{
    return a.s == b.s && a.ns == b.ns;
}

static mars_status
was_changed(struct mrs_source_stream *base, bool *changed, mars_error *err)
{
    struct stream *s = (struct stream *)base;
    struct mrs_tree_stat now;
    mars_status st = mrs_tree_file_stat(s->file, &now, err);

    *changed = st == MARS_OK &&
               (now.size != s->opened.size || !same_time(now.mtime, s->opened.mtime) ||
                !same_time(now.ctime, s->opened.ctime));
    return st;
}

static void
close_stream(struct mrs_source_stream *base)
{
    struct stream *s = (struct stream *)base;

    if (s == NULL)
        return;
    mrs_tree_file_close(s->file);
    mrs_free(s);
}

static const struct mrs_source_stream_vt vt = { read_at, next_data, was_changed, close_stream };

mars_status
mrs_treestream_open(struct mrs_source_stream **out, struct mrs_tree_dir *dir, const char *name,
                    struct mrs_tree_stat *stat, mars_error *err)
{
    struct stream *s = mrs_alloc(sizeof *s);
    mars_status st;

    *out = NULL;
    if (s == NULL)
        return mrs_nomem(err);
    s->base.vt = &vt;
    st = mrs_tree_open_file(&s->file, dir, name, err);
    if (st == MARS_OK)
        st = mrs_tree_file_stat(s->file, &s->opened, err);
    if (st != MARS_OK) {
        close_stream(&s->base);
        return st;
    }
    s->base.size = s->opened.size;
    s->base.sparse = s->opened.blocks < s->opened.size / 512 + (s->opened.size % 512 != 0);
    *stat = s->opened;
    *out = &s->base;
    return MARS_OK;
}
