#include "job/file.h"

#include <string.h>

#include "base/alloc.h"
#include "base/err.h"
#include "job/chunkcache.h"
#include "repo/listreader.h"

/* Chunks that are fetched ahead of a reader of the whole file, at most. */
enum { AHEAD_MAX = 4 };

struct mrs_file_reader {
    struct mrs_domain *d;      /* a view: what it asks of the store ends with stop */
    atomic_bool closing;
    const atomic_bool *cancel; /* NULL: none */
    uint64_t size;
    struct mrs_list_reader *list;
    struct mrs_chunk_cache *chunks;
    uint64_t next;             /* where a reader of the whole file goes on */
    uint64_t piece_end;        /* of the piece that he is in */
    size_t ahead;              /* pieces fetched ahead: the more he has read, the more */
    uint8_t inline_data[MRS_INLINE_MAX];
};

mars_status
mrs_file_reader_open(struct mrs_file_reader **out, struct mrs_domain *d,
                     struct mrs_engine *engine, const struct mrs_entry *e,
                     const atomic_bool *cancel, mars_error *err)
{
    struct mrs_file_reader *f = mrs_alloc(sizeof *f);
    struct mrs_content content = e->content;
    mars_status st;

    *out = NULL;
    if (f == NULL)
        return mrs_nomem(err);
    f->size = e->size;
    f->cancel = cancel;
    if (content.kind == MRS_CONTENT_INLINE) {
        memcpy(f->inline_data, content.data, (size_t)e->size); /* the decoder bounds it */
        content.data = f->inline_data;
    }
    st = mrs_domain_view(d, cancel != NULL ? cancel : &f->closing, &f->d, err);
    if (st == MARS_OK)
        st = mrs_list_reader_new(&f->list, f->d, &content, f->size, err);
    if (st == MARS_OK)
        st = mrs_chunk_cache_new(&f->chunks, f->d, engine, err);
    if (st == MARS_OK)
        *out = f;
    else
        mrs_file_reader_close(f);
    return st;
}

void
mrs_file_reader_close(struct mrs_file_reader *f)
{
    if (f == NULL)
        return;
    atomic_store(&f->closing, true);
    mrs_chunk_cache_free(f->chunks);
    mrs_list_reader_free(f->list);
    mrs_domain_free_view(f->d);
    mrs_wipe(f->inline_data, sizeof f->inline_data);
    mrs_free(f);
}

uint64_t
mrs_file_reader_size(const struct mrs_file_reader *f)
{
    return f->size;
}

/* What comes after `offset` is fetched meanwhile. Where it cannot be found now, whoever asks for it
 * will be told. */
static void
fetch_ahead(struct mrs_file_reader *f, uint64_t offset)
{
    struct mrs_piece p;

    for (size_t i = 0; i < f->ahead && offset < f->size; i++) {
        if (mrs_list_reader_find(f->list, offset, &p, NULL) != MARS_OK)
            return;
        if (!p.hole && p.inline_data == NULL)
            mrs_chunk_cache_want(f->chunks, p.id);
        offset = p.offset + p.len;
    }
}

/* A piece behind the last one, right where that ended, makes it likely that more will be read. */
static void
follow(struct mrs_file_reader *f, uint64_t offset, const struct mrs_piece *p)
{
    bool goes_on = offset == f->next;
    bool new_piece = offset == f->piece_end;

    f->piece_end = p->offset + p->len;
    if (!goes_on)
        f->ahead = 0;
    else if (new_piece && offset > 0 && f->ahead < AHEAD_MAX)
        f->ahead++;
    if (f->ahead > 0 && new_piece)
        fetch_ahead(f, f->piece_end);
}

static mars_status
in_chunk(struct mrs_file_reader *f, const struct mrs_piece *p, const uint8_t **data,
         mars_error *err)
{
    const struct mrs_buf *plain;
    mars_status st = mrs_chunk_cache_get(f->chunks, p->id, &plain, err);

    if (st == MARS_OK &&
        (p->chunk_offset > plain->len || p->len > plain->len - p->chunk_offset))
        st = mrs_fail(err, MARS_ERR_CORRUPT, "content reaches past its chunk");
    if (st == MARS_OK)
        *data = plain->data + p->chunk_offset;
    return st;
}

mars_status
mrs_file_reader_get(struct mrs_file_reader *f, uint64_t offset, uint64_t want,
                    const uint8_t **data, uint64_t *len, mars_error *err)
{
    struct mrs_piece p;
    mars_status st;

    *data = NULL;
    *len = 0;
    if (f->cancel != NULL && atomic_load(f->cancel))
        return mrs_fail(err, MARS_ERR_CANCELLED, "cancelled");
    st = mrs_list_reader_find(f->list, offset, &p, err);
    if (st == MARS_OK)
        follow(f, offset, &p);
    if (st == MARS_OK && p.inline_data != NULL)
        *data = p.inline_data;
    else if (st == MARS_OK && !p.hole)
        st = in_chunk(f, &p, data, err);
    if (st != MARS_OK)
        return st;
    if (*data != NULL)
        *data += offset - p.offset;
    *len = p.offset + p.len - offset;
    if (*len > want)
        *len = want;
    f->next = offset + *len;
    return MARS_OK;
}

mars_status
mrs_file_reader_copy(struct mrs_file_reader *f, uint64_t offset, void *out, size_t n,
                     mars_error *err)
{
    uint8_t *to = out;

    while (n > 0) {
        const uint8_t *data;
        uint64_t len;
        mars_status st = mrs_file_reader_get(f, offset, n, &data, &len, err);

        if (st != MARS_OK)
            return st;
        if (data != NULL)
            memcpy(to, data, (size_t)len);
        else
            memset(to, 0, (size_t)len);
        to += len;
        offset += len;
        n -= (size_t)len;
    }
    return MARS_OK;
}

mars_status
mrs_file_reader_each(struct mrs_file_reader *f,
                     int (*fn)(const void *data, uint64_t len, void *user), void *user,
                     mars_error *err)
{
    static const uint8_t zeros[65536];

    for (uint64_t at = 0, len; at < f->size; at += len) {
        const uint8_t *data;
        mars_status st = mrs_file_reader_get(f, at, f->size - at, &data, &len, err);

        if (st != MARS_OK)
            return st;
        if (data == NULL && len > sizeof zeros)
            len = sizeof zeros;
        f->next = at + len;
        if (fn(data != NULL ? data : zeros, len, user) != 0)
            return mrs_fail(err, MARS_ERR_CANCELLED, "cancelled");
    }
    return MARS_OK;
}
