#include "job/image.h"

#include "base/alloc.h"
#include "base/err.h"
#include "job/backup_int.h"
#include "repo/listreader.h"

/* An image on its way. */
struct image {
    struct mrs_backup *b;
    struct mrs_stream *s;
    const struct mrs_image_source *src;
    uint8_t *block;
    struct mrs_dir_reader *root;     /* of the point that it is compared with; NULL: none */
    struct mrs_list_reader *before;  /* the image there */
    uint64_t before_size;
};

static uint64_t
least(uint64_t a, uint64_t b)
{
    return a < b ? a : b;
}

/* Extents come from outside. */
static mars_status
check_extent(const struct image *m, uint64_t offset, uint64_t *start, uint64_t *end,
             mars_error *err)
{
    if (*start < offset && *end > offset)
        *start = offset;
    if (*start >= offset && *end >= *start && *end <= m->src->size &&
        (*end > *start || *end == m->src->size))
        return MARS_OK;
    return mrs_fail(err, MARS_ERR_CORRUPT, "image: an extent that goes back, is empty, or reaches "
                    "beyond its end");
}

static mars_status
next_data(const struct image *m, uint64_t offset, uint64_t *start, uint64_t *end, mars_error *err)
{
    mars_status st;

    *start = offset;
    *end = m->src->size;
    if (m->src->data == NULL)
        return MARS_OK;
    *start = *end;
    st = m->src->data(m->src->user, offset, start, end, err);
    return st == MARS_OK ? check_extent(m, offset, start, end, err) : st;
}

static mars_status
read_data(struct image *m, uint64_t from, uint64_t to, mars_error *err)
{
    mars_status st = MARS_OK;

    while (st == MARS_OK && from < to) {
        size_t n = (size_t)least(MRS_IMAGE_BLOCK - from % MRS_IMAGE_BLOCK, to - from);

        st = m->src->read(m->src->user, from, m->block, n, err);
        if (st == MARS_OK)
            st = mrs_stream_write(m->s, m->block, n, err);
        from += n;
    }
    return st;
}

/* Holes are passed over. */
static mars_status
read_range(struct image *m, uint64_t from, uint64_t to, mars_error *err)
{
    mars_status st = MARS_OK;

    while (st == MARS_OK && from < to) {
        uint64_t start, end;

        st = next_data(m, from, &start, &end, err);
        if (st != MARS_OK)
            return st;
        start = least(start, to);
        end = least(end, to);
        if (start > from)
            st = mrs_stream_hole(m->s, start - from, err);
        if (st == MARS_OK)
            st = read_data(m, start, end, err);
        from = end > start ? end : to;
    }
    return st;
}

/* One piece of the image before, or a part of it. What cannot be relied on is read anew. */
static mars_status
take_piece(struct image *m, const struct mrs_piece *p, uint64_t at, size_t n, mars_error *err)
{
    bool has = false;
    mars_status st;

    if (p->hole)
        return mrs_stream_hole(m->s, n, err);
    if (p->inline_data != NULL)
        return mrs_stream_write(m->s, p->inline_data + (at - p->offset), n, err);
    st = mrs_backup_has(m->b, p->id, &has, err);
    if (st != MARS_OK)
        return st;
    return has ? mrs_stream_ref(m->s, p->id, p->chunk_offset + (at - p->offset), n, err)
               : read_range(m, at, at + n, err);
}

static mars_status
take_over(struct image *m, uint64_t from, uint64_t to, mars_error *err)
{
    mars_status st = MARS_OK;

    while (st == MARS_OK && from < to) {
        struct mrs_piece p;
        uint64_t end = least(from - from % MRS_IMAGE_BLOCK + MRS_IMAGE_BLOCK, to);

        if (mrs_list_reader_find(m->before, from, &p, NULL) == MARS_OK) {
            /* A hole may be as long as the image: of it a part that fits a size. */
            end = least(least(p.offset + p.len, to), from + ((uint64_t)1 << 30));
            st = take_piece(m, &p, from, (size_t)(end - from), err);
        } else {
            st = read_range(m, from, end, err);
        }
        from = end;
    }
    return st;
}

/* The next blocks that are to be read, at or behind `at`, which begins one. */
static mars_status
next_changed(struct image *m, uint64_t at, uint64_t *from, uint64_t *to, mars_error *err)
{
    uint64_t kept = m->before_size - m->before_size % MRS_IMAGE_BLOCK, start, end;
    mars_status st;

    *from = at;
    *to = m->src->size;
    if (m->before == NULL || at >= kept)
        return MARS_OK;
    start = end = m->src->size;
    st = m->src->changed(m->src->user, m->b->parent->point.session, at, &start, &end, err);
    if (st == MARS_OK)
        st = check_extent(m, at, &start, &end, err);
    if (st != MARS_OK)
        return st;
    *from = least(start - start % MRS_IMAGE_BLOCK, kept);
    if (*from < kept && end % MRS_IMAGE_BLOCK != 0)
        end = least(end - end % MRS_IMAGE_BLOCK + MRS_IMAGE_BLOCK, m->src->size);
    if (*from < kept)
        *to = end;
    return MARS_OK;
}

/* That of the same name, if what changed since is known. */
static mars_status
find_before(struct image *m, struct mrs_slice name, mars_error *err)
{
    const struct mrs_point *p = &m->b->parent->point;
    const struct mrs_entry_stat *stat;
    const struct mrs_entry *e = NULL;
    struct mrs_totals lost;

    for (size_t i = 0; i < p->n_roots; i++) {
        if (p->roots[i].style != MRS_PATH_STREAM)
            continue;
        mrs_dir_reader_close(m->root);
        if (mrs_dir_reader_open_root(&m->root, m->b->job.d, &p->roots[i], NULL) == MARS_OK &&
            mrs_dir_reader_next(m->root, &e, &stat, &lost, NULL) == MARS_OK && e != NULL &&
            mrs_slice_compare(e->name, name) == 0 && e->type == MRS_ENTRY_FILE && e->size > 0) {
            m->before_size = e->size;
            return mrs_list_reader_new(&m->before, m->b->job.d, &e->content, e->size, err);
        }
    }
    return MARS_OK;
}

static mars_status
compare_with(struct image *m, struct mrs_slice name, mars_error *err)
{
    uint64_t start = m->src->size, end = start;
    mars_status st;

    if (m->src->changed == NULL || m->b->parent == NULL)
        return MARS_OK;
    st = m->src->changed(m->src->user, m->b->parent->point.session, 0, &start, &end, err);
    if (st == MARS_ERR_NOT_FOUND)
        return MARS_OK;
    return st == MARS_OK ? find_before(m, name, err) : st;
}

static mars_status
put(struct image *m, mars_error *err)
{
    mars_status st = MARS_OK;

    for (uint64_t at = 0, from, to; st == MARS_OK && at < m->src->size; at = to) {
        st = next_changed(m, at, &from, &to, err);
        if (st == MARS_OK)
            st = take_over(m, at, from, err);
        if (st == MARS_OK)
            st = read_range(m, from, to, err);
    }
    return st;
}

mars_status
mrs_image_put(struct mrs_stream *s, struct mrs_slice name, const struct mrs_image_source *src,
              mars_error *err)
{
    struct image m = { .b = mrs_stream_backup(s), .s = s, .src = src };
    mars_status st;

    m.block = mrs_alloc(MRS_IMAGE_BLOCK);
    st = m.block != NULL ? compare_with(&m, name, err) : mrs_nomem(err);
    if (st == MARS_OK)
        st = put(&m, err);
    if (st == MARS_OK)
        st = mrs_stream_finish(s, err);
    mrs_list_reader_free(m.before);
    mrs_dir_reader_close(m.root);
    if (m.block != NULL)
        mrs_wipe(m.block, MRS_IMAGE_BLOCK);
    mrs_free(m.block);
    return st;
}
