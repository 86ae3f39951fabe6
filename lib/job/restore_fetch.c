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
    size_t n;
    size_t done; /* of the wants */
    const struct mrs_want *opened; /* the last whose chunk was; what came of it */
    mars_status st;
    mars_error why;
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
    return x->nth < y->nth ? -1 : x->nth > y->nth;
}

/* What a file holds while its only piece waits; those of several are few, and not counted. */
static size_t
held_by(const struct mrs_rfile *f)
{
    return f->content.kind != MRS_CONTENT_LIST ? f->held : 0;
}

/* One more in the batch, for this file. */
static struct mrs_want *
add_want(struct mrs_restore *r, struct mrs_rfile *f)
{
    struct mrs_want *w = mrs_vec_add(&r->batch);

    if (w == NULL)
        return NULL;
    w->file = f;
    w->nth = (uint32_t)r->batch.len;
    r->batch_held += held_by(f);
    return w;
}

mars_status
mrs_restore_flush_full(struct mrs_restore *r, mars_error *err)
{
    if (r->batch.len + r->batch_names < RESTORE_BATCH_WANTS &&
        r->batch_bytes < RESTORE_BATCH_BYTES && r->batch_held < RESTORE_BATCH_HELD)
        return MARS_OK;
    return mrs_restore_flush(r, err);
}

mars_status
mrs_restore_want_inside(struct mrs_restore *r, struct mrs_rfile *f, mars_error *err)
{
    struct mrs_want *w = add_want(r, f);

    if (w == NULL)
        return mrs_nomem(err);
    w->inside = true;
    w->len = f->size;
    mrs_rfile_begin_piece(f);
    return mrs_restore_flush_full(r, err);
}

mars_status
mrs_restore_want(struct mrs_restore *r, struct mrs_rfile *f, const struct mrs_piece *piece,
                 mars_error *err)
{
    struct mrs_want *w = add_want(r, f);
    mars_status st;

    if (w == NULL)
        return mrs_nomem(err);
    w->offset = piece->offset;
    w->chunk_offset = piece->chunk_offset;
    w->len = piece->len;
    st = mrs_index_find(r->job.d->index, piece->id, 0, &w->place, err);
    if (st != MARS_OK) {
        r->batch.len--;
        r->batch_held -= held_by(f);
    }
    if (st == MARS_ERR_NOT_FOUND) {
        char hex[65];

        mrs_hex_encode(hex, piece->id, 32);
        return mrs_fail(err, MARS_ERR_CORRUPT, "chunk %s stands in no index object", hex);
    }
    if (st != MARS_OK)
        return st;
    mrs_rfile_begin_piece(f);
    r->batch_bytes += w->place.blob.sealed_len;
    return mrs_restore_flush_full(r, err);
}

/* The bytes of a piece; data may be NULL where there are none. */
static void
write_piece(struct mrs_restore *r, const struct mrs_want *w, const uint8_t *data)
{
    mars_error why;

    if (w->len > 0 &&
        mrs_node_write(r, w->file->node, w->offset, data, w->len, &why) != MARS_OK) {
        mrs_rfile_no_place(w->file, &why);
        return;
    }
    atomic_fetch_add(&r->job.bytes_done, w->len);
    atomic_fetch_add(&r->tally.bytes_written, w->len);
}

/* The same out of its chunk, in which it has to lie. */
static void
write_from_chunk(struct mrs_restore *r, const struct mrs_want *w, const struct mrs_buf *plain)
{
    mars_error why;

    if (w->chunk_offset <= plain->len && w->len <= plain->len - w->chunk_offset) {
        write_piece(r, w, plain->data + w->chunk_offset);
        return;
    }
    (void)mrs_fail(&why, MARS_ERR_CORRUPT, "content reaches past its chunk");
    mrs_rfile_fail(w->file, &why);
}

/* Plaintext of the chunk at a place: out of the bytes that were read, or, if these do not serve,
 * by any other way there is. */
static mars_status
open_chunk(struct run *run, const struct mrs_want *w, const struct mrs_pack_key *key,
           struct mrs_scratch *s, mars_error *err)
{
    const struct mrs_blob *b = &w->place.blob;
    mars_status st = MARS_ERR_CORRUPT;

    mrs_buf_reset(&s->plain);
    if (key != NULL && s->sealed.len > 0 && b->cls == MRS_CLASS_DATA) {
        st = mrs_buf_extend(&s->plain, b->raw_len, err);
        if (st == MARS_OK)
            st = mrs_blob_open(key, b, s->sealed.data + (b->offset - run->start), &s->codec,
                               s->plain.data, err);
    }
    if (st == MARS_OK || st == MARS_ERR_NOMEM)
        return st;
    mrs_buf_reset(&s->plain);
    return mrs_chunk_get(run->r->job.d, b->id, MRS_CLASS_DATA, &s->plain, err);
}

/* All of the run's bytes; on failure bytes is empty and each chunk is fetched on its own. */
static mars_status
read_range(struct run *run, struct mrs_buf *bytes, mars_error *err)
{
    const struct mrs_place *p = &run->wants[0].place;
    struct mrs_domain *d = run->r->job.d;
    char relative[MRS_OBJECT_NAME_MAX], name[MRS_OBJECT_NAME_MAX];
    size_t n = (size_t)(run->end - run->start);
    mars_status st = mrs_buf_extend(bytes, n, err);

    mrs_name_pack(relative, p->kind, p->pack);
    mrs_name_in_domain(name, d->keys->domain, relative);
    if (st == MARS_OK)
        st = mrs_store_read(d->store, name, run->start, bytes->data, n, err);
    if (st != MARS_OK)
        mrs_buf_reset(bytes);
    atomic_fetch_add(&run->r->tally.bytes_fetched, bytes->len);
    return st;
}

/* Opened in place, so the same chunk is opened once for all that want it. */
static void
serve(struct run *run, const struct mrs_want *w, const struct mrs_pack_key *key,
      struct mrs_scratch *s)
{
    if (run->opened == NULL || memcmp(w->place.blob.id, run->opened->place.blob.id, 32) != 0) {
        run->st = mrs_restore_has_read(run->r, open_chunk(run, w, key, s, &run->why), &run->why);
        run->opened = w;
    }
    if (run->st == MARS_OK)
        write_from_chunk(run->r, w, &s->plain);
    else
        mrs_rfile_fail(w->file, &run->why);
}

/* Each piece is done as soon as it is written: so few files are open at once. */
static void
serve_chunks(struct run *run, struct mrs_scratch *s)
{
    struct mrs_restore *r = run->r;
    struct mrs_pack_key *key = NULL;
    mars_error why;
    mars_status st = mrs_pack_key_get(r->job.d, run->wants[0].place.kind,
                                      run->wants[0].place.pack, &key, &why);

    if (!mrs_is_out_of_reach(mrs_restore_has_read(r, st, &why)))
        (void)mrs_restore_has_read(r, read_range(run, &s->sealed, &why), &why);
    for (; run->done < run->n && !atomic_load(&r->job.stop); run->done++) {
        const struct mrs_want *w = &run->wants[run->done];

        if (!atomic_load(&w->file->failed))
            serve(run, w, key, s);
        mrs_rfile_end_piece(w->file);
    }
    mrs_pack_key_unref(key);
}

static void
serve_inside(struct run *run)
{
    for (; run->done < run->n && !atomic_load(&run->r->job.stop); run->done++) {
        const struct mrs_want *w = &run->wants[run->done];

        write_piece(run->r, w, w->file->content.data);
        mrs_rfile_end_piece(w->file);
    }
}

/* Those of the run that are not done; why NULL: the job is ending. */
static void
end_rest(struct run *run, const mars_error *why)
{
    for (; run->done < run->n; run->done++) {
        if (why != NULL)
            mrs_rfile_fail(run->wants[run->done].file, why);
        mrs_rfile_end_piece(run->wants[run->done].file);
    }
}

static void
do_run(struct mrs_task *t)
{
    struct run *run = (struct run *)(void *)((char *)t - offsetof(struct run, task));
    struct mrs_restore *r = run->r;
    struct mrs_scratch *s = NULL;
    mars_error why;

    if (run->wants[0].inside)
        serve_inside(run);
    else if (mrs_scratch_take(r->scratch, &s, &why) == MARS_OK)
        serve_chunks(run, s);
    else
        end_rest(run, &why);
    end_rest(run, NULL);
    mrs_scratch_give(r->scratch, s);
    mrs_engine_give(r->job.engine, &r->job.account, run->charge);
    mrs_free(run);
    mrs_mutex_lock(r->job.lock);
    if (--r->tasks == 0)
        mrs_cond_signal(r->room);
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
    for (i = 1; i < n && w[i].inside == w[0].inside &&
                memcmp(w[i].place.pack, w[0].place.pack, 32) == 0; i++) {
        uint64_t to = w[i].place.blob.offset + w[i].place.blob.sealed_len;

        /* Not between those that want the same chunk: it would be read for each run. */
        if (i >= RESTORE_RUN_WANTS &&
            (w[i].inside || w[i].place.blob.offset != w[i - 1].place.blob.offset))
            break;
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
    run->charge = end - start + raw + n * RESTORE_WANT_CHARGE;
    for (size_t i = 0; i < n; i++)
        run->charge += held_by(w[i].file);
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
    r->batch_held = 0;
    r->batch_names = 0;
    if (st != MARS_OK && err != NULL)
        *err = why;
    return st;
}
