#include "job/compare.h"

#include <string.h>

#include "base/err.h"

enum { STEP = 1 << 20 };

struct compare {
    const struct mrs_domain *d;
    const struct mrs_source_file *f;
    const atomic_bool *stop;
    struct mrs_buf bytes; /* of the file */
    bool same;
};

/* Read n bytes at offset; fewer is a difference. */
static mars_status
read_file(struct compare *c, uint64_t offset, size_t n, mars_error *err)
{
    size_t got = 0;
    mars_status st;

    mrs_buf_reset(&c->bytes);
    st = mrs_buf_resize(&c->bytes, n, err);
    if (st == MARS_OK)
        st = mrs_source_read(c->f, offset, c->bytes.data, n, &got, err);
    c->same = c->same && st == MARS_OK && got == n;
    return st;
}

static mars_status
compare_zeros(struct compare *c, const struct mrs_piece *p, mars_error *err)
{
    mars_status st = MARS_OK;
    uint64_t at = p->offset, end = p->offset + p->len;

    while (st == MARS_OK && c->same && at < end && !atomic_load(c->stop)) {
        uint64_t start = 0, stop = 0;
        size_t n;

        /* Holes of the file are zeros without reading. */
        st = mrs_source_extent(c->f, at, &start, &stop, err);
        if (st != MARS_OK || start >= end)
            break;
        at = start;
        n = end - at < STEP ? (size_t)(end - at) : STEP;
        st = read_file(c, at, n, err);
        for (size_t i = 0; st == MARS_OK && c->same && i < n; i++)
            c->same = c->bytes.data[i] == 0;
        at += n;
    }
    return st;
}

/* A whole chunk is compared by its id, a part of one with its bytes. */
static mars_status
compare_chunk(struct compare *c, const struct mrs_piece *p, mars_error *err)
{
    struct mrs_buf chunk = MRS_BUF_INIT(MRS_CHUNK_MAX);
    struct mrs_place place;
    uint8_t id[32];
    mars_status st = MARS_OK;

    if (p->chunk_offset == 0 &&
        mrs_index_find(c->d->index, p->id, 0, &place, NULL) == MARS_OK &&
        place.blob.raw_len == p->len) {
        st = mrs_chunk_id(c->d, MRS_CLASS_DATA, c->bytes.data, c->bytes.len, id, err);
        c->same = st == MARS_OK && memcmp(id, p->id, sizeof id) == 0;
        return st;
    }
    st = mrs_chunk_get(c->d, p->id, MRS_CLASS_DATA, &chunk, err);
    if (st == MARS_OK)
        c->same = p->chunk_offset <= chunk.len && p->len <= chunk.len - p->chunk_offset &&
                  memcmp(chunk.data + p->chunk_offset, c->bytes.data, (size_t)p->len) == 0;
    mrs_buf_free(&chunk);
    return st;
}

static mars_status
compare_piece(void *user, const struct mrs_piece *p, mars_error *err)
{
    struct compare *c = user;
    mars_status st;

    if (!c->same || atomic_load(c->stop))
        return MARS_OK;
    if (p->hole)
        return compare_zeros(c, p, err);
    if (p->len > MRS_CHUNK_MAX)
        return mrs_fail(err, MARS_ERR_CORRUPT, "content: longer than its chunk");
    st = read_file(c, p->offset, (size_t)p->len, err);
    if (st != MARS_OK || !c->same)
        return st;
    if (p->inline_data != NULL) {
        c->same = memcmp(c->bytes.data, p->inline_data, (size_t)p->len) == 0;
        return MARS_OK;
    }
    return compare_chunk(c, p, err);
}

mars_status
mrs_compare_content(const struct mrs_domain *d, const struct mrs_entry *e,
                    const struct mrs_source_file *f, const atomic_bool *stop, bool *same,
                    mars_error *err)
{
    struct compare c = { d, f, stop, MRS_BUF_INIT(MRS_CHUNK_MAX), true };
    mars_status st = mrs_content_each(d, &e->content, e->size, compare_piece, NULL, &c, err);

    *same = st == MARS_OK && c.same && !atomic_load(stop);
    mrs_buf_free(&c.bytes);
    return st;
}
