/* Writing a run: packs, entries, tables, footer, in this order, each byte once. */
#include <string.h>

#include "base/alloc.h"
#include "base/err.h"
#include "base/wr.h"
#include "cache/cache_int.h"
#include "cache/run_int.h"
#include "platform/random.h"

struct mrs_run_writer {
    struct mrs_runs *home;
    struct mrs_run shape;      /* id and counts of what is being made */
    bool in_memory;
    struct mrs_file *file;
    char *tmp;
    struct mrs_buf out;        /* pages on their way; all of them in memory */
    size_t fill;               /* content in the page that is being filled, the last of out */
    struct mrs_vec objects;
    struct mrs_vec superseded;
    struct mrs_vec firsts;     /* uint64_t */
    uint8_t *filter;
};

static mars_status
open_tmp(struct mrs_run_writer *w, mars_error *err)
{
    mars_status st = mrs_cache_tmp_path(w->home->cache, &w->tmp, err);

    return st == MARS_OK ? mrs_file_create(&w->file, w->tmp, err) : st;
}

mars_status
mrs_run_writer_new(struct mrs_run_writer **out, struct mrs_runs *rs, bool in_memory,
                   mars_error *err)
{
    struct mrs_run_writer *w = mrs_alloc(sizeof *w);
    mars_status st;

    *out = NULL;
    if (w == NULL)
        return mrs_nomem(err);
    w->home = rs;
    w->in_memory = in_memory;
    w->out = (struct mrs_buf)MRS_BUF_INIT(SIZE_MAX / 2);
    w->objects = (struct mrs_vec){ NULL, 0, 0, 32 };
    w->superseded = (struct mrs_vec)MRS_VEC_INIT(struct mrs_run_superseded);
    w->firsts = (struct mrs_vec)MRS_VEC_INIT(uint64_t);
    st = mrs_random_fill(w->shape.id, sizeof w->shape.id, err);
    if (st == MARS_OK && !in_memory)
        st = open_tmp(w, err);
    if (st == MARS_OK)
        *out = w;
    else
        mrs_run_writer_free(w);
    return st;
}

void
mrs_run_writer_free(struct mrs_run_writer *w)
{
    if (w == NULL)
        return;
    if (w->file != NULL)
        (void)!mrs_file_delete(w->tmp, NULL);
    mrs_file_close(w->file);
    mrs_free(w->tmp);
    mrs_buf_free(&w->out);
    mrs_vec_free(&w->objects);
    mrs_vec_free(&w->superseded);
    mrs_vec_free(&w->firsts);
    mrs_free(w->filter);
    mrs_free(w);
}

/* Write out the pages that are whole. */
static mars_status
flush(struct mrs_run_writer *w, mars_error *err)
{
    mars_status st = mrs_file_append(w->file, w->out.data, w->out.len, err);

    mrs_buf_reset(&w->out);
    return st;
}

/* The page that is being filled is whole: its check, and out with it where enough have gathered. */
static mars_status
end_page(struct mrs_run_writer *w, uint64_t flag, mars_error *err)
{
    mars_status st = MARS_OK;
    uint8_t *page;

    if (w->fill == 0)
        return MARS_OK;
    page = w->out.data + w->out.len - MRS_PAGE_SIZE;
    if (!w->in_memory)
        st = mrs_run_check(w->home, w->shape.id, w->shape.pages | flag, page, page + RUN_BODY,
                           err);
    w->shape.pages++;
    w->fill = 0;
    if (st == MARS_OK && !w->in_memory && w->out.len >= RUN_AHEAD * MRS_PAGE_SIZE)
        st = flush(w, err);
    return st;
}

/* Room for `n` bytes of content in the page, which is begun if none is. */
static mars_status
room(struct mrs_run_writer *w, size_t n, uint8_t **at, mars_error *err)
{
    mars_status st = MARS_OK;

    if (w->fill == 0)
        st = mrs_buf_resize(&w->out, w->out.len + MRS_PAGE_SIZE, err);
    if (st != MARS_OK)
        return st;
    *at = w->out.data + w->out.len - MRS_PAGE_SIZE + w->fill;
    w->fill += n;
    return MARS_OK;
}

/* Bytes of the tables, which fill page after page. */
static mars_status
put(struct mrs_run_writer *w, const void *data, size_t n, mars_error *err)
{
    const uint8_t *from = data;
    mars_status st = MARS_OK;

    while (st == MARS_OK && n > 0) {
        size_t left = RUN_BODY - w->fill, some = n < left ? n : left;
        uint8_t *at;

        st = room(w, some, &at, err);
        if (st != MARS_OK)
            break;
        memcpy(at, from, some);
        from += some;
        n -= some;
        if (w->fill == RUN_BODY)
            st = end_page(w, 0, err);
    }
    return st;
}

mars_status
mrs_run_writer_object(struct mrs_run_writer *w, const uint8_t name[32], mars_error *err)
{
    uint8_t *at = w->objects.len < UINT32_MAX ? mrs_vec_add(&w->objects) : NULL;

    if (at == NULL)
        return mrs_nomem(err);
    memcpy(at, name, 32);
    return MARS_OK;
}

mars_status
mrs_run_writer_superseded(struct mrs_run_writer *w, uint32_t by, const uint8_t name[32],
                          mars_error *err)
{
    struct mrs_run_superseded *at =
        w->superseded.len < UINT32_MAX ? mrs_vec_add(&w->superseded) : NULL;

    if (at == NULL)
        return mrs_nomem(err);
    at->by = by;
    memcpy(at->name, name, 32);
    return MARS_OK;
}

/* One record; a page holds `size` bytes of them at most. */
static mars_status
put_record(struct mrs_run_writer *w, const uint8_t *record, size_t size, size_t a_page,
           mars_error *err)
{
    uint64_t *first;
    uint8_t *at;
    mars_status st;

    if (w->fill == 0) {
        first = mrs_vec_add(&w->firsts);
        if (first == NULL)
            return mrs_nomem(err);
        *first = run_prefix(record);
    }
    st = room(w, size, &at, err);
    if (st != MARS_OK)
        return st;
    memcpy(at, record, size);
    return w->fill == a_page * size ? end_page(w, 0, err) : MARS_OK;
}

mars_status
mrs_run_writer_pack(struct mrs_run_writer *w, const uint8_t record[RUN_PACK_SIZE], mars_error *err)
{
    if (w->shape.n_packs == UINT32_MAX)
        return mrs_nomem(err);
    w->shape.n_packs++;
    return put_record(w, record, RUN_PACK_SIZE, RUN_PACKS_A_PAGE, err);
}

mars_status
mrs_run_writer_entries(struct mrs_run_writer *w, uint64_t about, mars_error *err)
{
    uint64_t bits = about * RUN_BITS_A_CHUNK;

    w->shape.n_blocks = about > 0 ? (bits + RUN_BLOCK * 8 - 1) / (RUN_BLOCK * 8) : 1;
    w->filter = about <= RUN_ENTRIES_MAX ? mrs_alloc_array((size_t)w->shape.n_blocks, RUN_BLOCK)
                                         : NULL;
    return w->filter != NULL ? end_page(w, 0, err) : mrs_nomem(err);
}

mars_status
mrs_run_writer_entry(struct mrs_run_writer *w, const uint8_t record[RUN_ENTRY_SIZE],
                     mars_error *err)
{
    if (w->shape.n_entries == RUN_ENTRIES_MAX)
        return mrs_nomem(err);
    w->shape.n_entries++;
    mrs_run_filter_add(w->filter, w->shape.n_blocks, record);
    return put_record(w, record, RUN_ENTRY_SIZE, RUN_ENTRIES_A_PAGE, err);
}

static mars_status
put_le(struct mrs_run_writer *w, uint64_t v, size_t n, mars_error *err)
{
    uint8_t bytes[8];

    for (size_t i = 0; i < n; i++)
        bytes[i] = (uint8_t)(v >> 8 * i);
    return put(w, bytes, n, err);
}

static mars_status
put_tables(struct mrs_run_writer *w, mars_error *err)
{
    mars_status st = end_page(w, 0, err);

    if (st == MARS_OK && w->objects.len > 0)
        st = put(w, w->objects.items, w->objects.len * 32, err);
    for (size_t i = 0; st == MARS_OK && i < w->superseded.len; i++) {
        const struct mrs_run_superseded *s = mrs_vec_at(&w->superseded, i);

        st = put_le(w, s->by, 4, err);
        if (st == MARS_OK)
            st = put(w, s->name, 32, err);
    }
    for (size_t i = 0; st == MARS_OK && i < w->firsts.len; i++)
        st = put_le(w, *(const uint64_t *)mrs_vec_at(&w->firsts, i), 8, err);
    if (st == MARS_OK)
        st = put(w, w->filter, (size_t)w->shape.n_blocks * RUN_BLOCK, err);
    return st == MARS_OK ? end_page(w, 0, err) : st;
}

static mars_status
put_footer(struct mrs_run_writer *w, mars_error *err)
{
    mars_status st = put(w, RUN_MAGIC, 8, err);

    if (st == MARS_OK)
        st = put(w, w->shape.id, 16, err);
    if (st == MARS_OK)
        st = put_le(w, w->shape.n_packs, 4, err);
    if (st == MARS_OK)
        st = put_le(w, w->objects.len, 4, err);
    if (st == MARS_OK)
        st = put_le(w, w->superseded.len, 4, err);
    if (st == MARS_OK)
        st = put_le(w, w->shape.n_entries, 8, err);
    if (st == MARS_OK)
        st = put_le(w, w->shape.n_blocks, 8, err);
    return st == MARS_OK ? end_page(w, RUN_LAST_PAGE, err) : st;
}

/* Not synced: what a power failure garbles does not fit its checks. */
static mars_status
publish(struct mrs_run_writer *w, struct mrs_run **out, mars_error *err)
{
    char *folder = NULL;
    uint64_t size = 0;
    mars_status st = flush(w, err);

    if (st == MARS_OK)
        st = mrs_file_size(w->file, &size, err);
    if (st == MARS_OK && !mrs_cache_admit_file(w->home->cache, size, w->tmp))
        st = mrs_fail(err, MARS_ERR_QUOTA, "%.150s: the cache has reached its quota", w->tmp);
    if (st == MARS_OK)
        st = mrs_run_open_path(out, w->home, w->shape.id, w->tmp, err);
    if (st == MARS_OK) {
        folder = mrs_cache_path(w->home->cache, MRS_CACHE_RUNS, NULL);
        st = folder != NULL ? mrs_dir_make(folder, err) : mrs_nomem(err);
    }
    if (st == MARS_OK)
        st = mrs_file_publish(w->tmp, (*out)->path, err);
    if (st == MARS_OK) {
        mrs_file_close(w->file);
        w->file = NULL; /* nothing is left to delete */
    } else {
        mrs_run_release(*out);
        *out = NULL;
    }
    mrs_free(folder);
    return st;
}

mars_status
mrs_run_writer_finish(struct mrs_run_writer *w, struct mrs_run **out, mars_error *err)
{
    mars_status st = put_tables(w, err);

    *out = NULL;
    if (st == MARS_OK)
        st = put_footer(w, err);
    if (st != MARS_OK)
        return st;
    /* The run reads them anew. */
    mrs_free(w->filter);
    w->filter = NULL;
    mrs_vec_free(&w->firsts);
    return w->in_memory ? mrs_run_open_memory(out, &w->out, err) : publish(w, out, err);
}
