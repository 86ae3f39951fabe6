/* Fetching: wants of a batch are sorted by pack and place, read in coalesced ranges, opened once
 * for all that want the same chunk, and written. */
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/err.h"
#include "base/hex.h"
#include "job/restore_int.h"
#include "repo/packkey.h"

/* Wants that one read of a pack serves. */
struct run {
    struct mrs_task task;
    struct mrs_restore *r;
    uint64_t start;
    uint64_t end;
    uint64_t charge;
    struct mrs_codec_state codec;
    size_t n;
    struct mrs_want wants[];
};

static int
by_place(const void *a, const void *b)
{
    const struct mrs_want *x = a, *y = b;
    int c = memcmp(x->place.pack, y->place.pack, sizeof x->place.pack);

    if (c != 0)
        return c;
    if (x->place.blob.offset != y->place.blob.offset)
        return x->place.blob.offset < y->place.blob.offset ? -1 : 1;
    return 0;
}

mars_status
mrs_restore_want(struct mrs_restore *r, struct mrs_rfile *f, const struct mrs_piece *piece,
                 mars_error *err)
{
    struct mrs_want *w = mrs_vec_add(&r->batch);
    mars_status st;

    if (w == NULL)
        return mrs_nomem(err);
    w->offset = piece->offset;
    w->chunk_offset = piece->chunk_offset;
    w->len = piece->len;
    st = mrs_index_find(r->job.d->index, piece->id, 0, &w->place, err);
    if (st != MARS_OK)
        r->batch.len--;
    if (st == MARS_ERR_NOT_FOUND) {
        char hex[65];

        mrs_hex_encode(hex, piece->id, 32);
        return mrs_fail(err, MARS_ERR_CORRUPT, "chunk %s stands in no index object", hex);
    }
    if (st != MARS_OK)
        return st;
    w->file = f;
    mrs_rfile_begin_piece(f);
    r->batch_bytes += w->place.blob.sealed_len;
    return MARS_OK;
}

/* Check that the piece lies in the chunk, and write it. */
static void
write_piece(struct mrs_restore *r, const struct mrs_want *w, const struct mrs_buf *plain)
{
    mars_error why;
    mars_status st = MARS_OK;

    if (w->chunk_offset > plain->len || w->len > plain->len - w->chunk_offset)
        st = mrs_fail(&why, MARS_ERR_CORRUPT, "content reaches past its chunk");
    if (st == MARS_OK)
        st = mrs_target_file_write(w->file->out, w->offset, plain->data + w->chunk_offset,
                                   (size_t)w->len, &why);
    if (st != MARS_OK) {
        mrs_rfile_fail(w->file, &why);
        return;
    }
    atomic_fetch_add(&r->job.bytes_done, w->len);
    mrs_mutex_lock(r->job.lock);
    r->counts.bytes_written += w->len;
    mrs_mutex_unlock(r->job.lock);
}

/* Plaintext of the chunk at a place: out of the bytes that were read, or, if these do not serve,
 * by any other way there is. */
static mars_status
open_chunk(struct run *run, const struct mrs_want *w, const struct mrs_pack_key *key,
           const struct mrs_buf *bytes, struct mrs_buf *plain, mars_error *err)
{
    const struct mrs_blob *b = &w->place.blob;
    mars_status st = MARS_ERR_CORRUPT;

    mrs_buf_reset(plain);
    if (key != NULL && bytes->len > 0 && b->cls == MRS_CLASS_DATA) {
        st = mrs_buf_extend(plain, b->raw_len, err);
        if (st == MARS_OK)
            st = mrs_blob_open(key, b, bytes->data + (b->offset - run->start), &run->codec,
                               plain->data, err);
    }
    if (st == MARS_OK || st == MARS_ERR_NOMEM)
        return st;
    mrs_buf_reset(plain);
    return mrs_chunk_get(run->r->job.d, b->id, MRS_CLASS_DATA, plain, err);
}

/* All of the run's bytes; on failure bytes is empty and each chunk is fetched on its own. */
static void
read_range(struct run *run, struct mrs_buf *bytes)
{
    const struct mrs_place *p = &run->wants[0].place;
    struct mrs_domain *d = run->r->job.d;
    char relative[MRS_OBJECT_NAME_MAX], name[MRS_OBJECT_NAME_MAX];
    size_t n = (size_t)(run->end - run->start);

    mrs_name_pack(relative, p->kind, p->pack);
    mrs_name_in_domain(name, d->keys->domain, relative);
    if (mrs_buf_resize(bytes, n, NULL) != MARS_OK ||
        mrs_store_read(d->store, name, run->start, bytes->data, n, NULL) != MARS_OK)
        mrs_buf_reset(bytes);
    mrs_mutex_lock(run->r->job.lock);
    run->r->counts.bytes_fetched += bytes->len;
    mrs_mutex_unlock(run->r->job.lock);
}

static void
serve(struct run *run)
{
    struct mrs_buf bytes = MRS_BUF_INIT(RESTORE_RUN_BYTES + MRS_CHUNK_MAX + MRS_TAG_SIZE);
    struct mrs_buf plain = MRS_BUF_INIT(MRS_CHUNK_MAX);
    struct mrs_pack_key *key = NULL;
    mars_error why;
    mars_status st = MARS_OK;

    (void)!mrs_pack_key_get(run->r->job.d, run->wants[0].place.kind, run->wants[0].place.pack, &key,
                           NULL);
    read_range(run, &bytes);
    for (size_t i = 0; i < run->n && !atomic_load(&run->r->job.stop); i++) {
        const struct mrs_want *w = &run->wants[i];

        /* Opened in place, so the same chunk is opened once for all that want it. */
        if (i == 0 || memcmp(w->place.blob.id, w[-1].place.blob.id, 32) != 0)
            st = open_chunk(run, w, key, &bytes, &plain, &why);
        if (st == MARS_OK)
            write_piece(run->r, w, &plain);
        else
            mrs_rfile_fail(w->file, &why);
    }
    mrs_pack_key_unref(key);
    mrs_codec_state_free(&run->codec);
    mrs_buf_free(&bytes);
    mrs_buf_free(&plain);
}

static void
do_run(struct mrs_task *t)
{
    struct run *run = (struct run *)(void *)((char *)t - offsetof(struct run, task));
    struct mrs_restore *r = run->r;

    if (!atomic_load(&r->job.stop))
        serve(run);
    mrs_engine_give(r->job.engine, &r->job.account, run->charge);
    for (size_t i = 0; i < run->n; i++)
        mrs_rfile_end_piece(run->wants[i].file);
    mrs_free(run);
    mrs_mutex_lock(r->job.lock);
    r->tasks--;
    mrs_cond_broadcast(r->job.changed);
    mrs_mutex_unlock(r->job.lock);
}

/* How many wants from `from` on one read serves, and which bytes. */
static size_t
coalesce(const struct mrs_want *w, size_t n, uint64_t *start, uint64_t *end, uint64_t *raw)
{
    size_t i;

    *start = w[0].place.blob.offset;
    *end = *start + w[0].place.blob.sealed_len;
    *raw = w[0].place.blob.raw_len;
    for (i = 1; i < n && memcmp(w[i].place.pack, w[0].place.pack, 32) == 0; i++) {
        uint64_t to = w[i].place.blob.offset + w[i].place.blob.sealed_len;

        if (w[i].place.blob.offset > *end + RESTORE_GAP ||
            (to > *end && to - *start > RESTORE_RUN_BYTES))
            break;
        if (to > *end)
            *end = to;
        if (w[i].place.blob.raw_len > *raw)
            *raw = w[i].place.blob.raw_len;
    }
    return i;
}

static mars_status
submit(struct mrs_restore *r, const struct mrs_want *w, size_t n, uint64_t start, uint64_t end,
       uint64_t raw, mars_error *err)
{
    struct run *run = mrs_alloc(sizeof *run + n * sizeof run->wants[0]);

    if (run == NULL)
        return mrs_nomem(err);
    run->charge = end - start + raw;
    if (!mrs_engine_take(r->job.engine, &r->job.account, run->charge, &r->job.stop)) {
        mrs_free(run);
        return mrs_fail(err, MARS_ERR_CANCELLED, "cancelled");
    }
    run->task.run = do_run;
    run->r = r;
    run->start = start;
    run->end = end;
    run->n = n;
    memcpy(run->wants, w, n * sizeof w[0]);
    mrs_mutex_lock(r->job.lock);
    r->tasks++;
    mrs_mutex_unlock(r->job.lock);
    mrs_engine_submit(r->job.engine, &run->task);
    return MARS_OK;
}

mars_status
mrs_restore_flush(struct mrs_restore *r, mars_error *err)
{
    struct mrs_want *w = r->batch.items;
    size_t done = 0;
    mars_error why;
    mars_status st = MARS_OK;

    if (r->batch.len > 1)
        qsort(w, r->batch.len, sizeof *w, by_place);
    while (st == MARS_OK && done < r->batch.len) {
        uint64_t start, end, raw;
        size_t n = coalesce(w + done, r->batch.len - done, &start, &end, &raw);

        st = submit(r, w + done, n, start, end, raw, &why);
        if (st == MARS_OK)
            done += n;
    }
    /* What was not handed on is let go of here; the job is ending, but nobody knows yet: a file
     * that lacks a piece must not get its name. */
    for (size_t i = done; i < r->batch.len; i++) {
        mrs_rfile_fail(w[i].file, &why);
        mrs_rfile_end_piece(w[i].file);
    }
    r->batch.len = 0;
    r->batch_bytes = 0;
    if (st != MARS_OK && err != NULL)
        *err = why;
    return st;
}
