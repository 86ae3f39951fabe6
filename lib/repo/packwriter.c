#include "repo/packwriter.h"

#include <string.h>

#include "base/alloc.h"
#include "base/err.h"
#include "platform/thread.h"
#include "repo/scratch.h"

/* A PADMÉ size: packs that come close to it from below are hardly padded. */
enum { TARGET_SIZE = 32 << 20 };

/* One pack. Everything but the file's header and aead is guarded by the writer's lock. */
struct pack {
    struct mrs_upload_task task;
    struct mrs_packwriter *writer;
    struct mrs_packfile file;
    uint64_t claimed;       /* the file's size with what is being sealed */
    uint32_t next_slot;
    uint32_t busy;          /* slots claimed and neither appended nor given up */
    bool full;              /* takes no more; its last busy slot publishes it */
    bool failed;            /* an append broke off: its bytes are not what its list says */
};

struct mrs_packwriter {
    struct mrs_domain *d;
    struct mrs_packwriter_options opts;
    struct mrs_scratch_pool *scratch;
    struct mrs_mutex *lock;
    struct pack *current;
};

static void
free_pack(struct pack *p)
{
    if (p == NULL)
        return;
    mrs_packfile_drop(&p->file);
    mrs_free(p);
}

static mars_status
begin_pack(struct mrs_packwriter *w, struct pack **out, mars_error *err)
{
    struct pack *p = mrs_alloc(sizeof *p);
    mars_status st;

    if (p == NULL)
        return mrs_nomem(err);
    st = mrs_packfile_begin(&p->file, w->d, w->opts.kind, w->opts.session, err);
    p->claimed = p->file.size;
    if (st != MARS_OK)
        free_pack(p);
    else
        *out = p;
    return st;
}

mars_status
mrs_packwriter_new(struct mrs_packwriter **out, struct mrs_domain *d,
                   const struct mrs_packwriter_options *opts, mars_error *err)
{
    struct mrs_packwriter *w = mrs_alloc(sizeof *w);
    mars_status st;

    *out = NULL;
    if (w == NULL)
        return mrs_nomem(err);
    w->d = d;
    w->opts = *opts;
    st = mrs_mutex_new(&w->lock, err);
    if (st == MARS_OK)
        st = mrs_scratch_pool_new(&w->scratch, err);
    if (st == MARS_OK)
        *out = w;
    else
        mrs_packwriter_free(w);
    return st;
}

void
mrs_packwriter_free(struct mrs_packwriter *w)
{
    if (w == NULL)
        return;
    free_pack(w->current);
    mrs_scratch_pool_free(w->scratch);
    mrs_mutex_free(w->lock);
    mrs_free(w);
}

/* Send a pack, report it, and free it in every case. */
static mars_status
send(struct mrs_upload_task *task, mars_status failed, mars_error *err)
{
    struct pack *p = (struct pack *)(void *)task; /* its first member */
    struct mrs_packwriter *w = p->writer;
    struct mrs_finished_pack done;
    mars_status st = failed;

    if (st == MARS_OK)
        st = mrs_packfile_publish(&p->file, w->d, &done, err);
    if (st == MARS_OK)
        st = w->opts.done(w->opts.user, &done, err);
    free_pack(p);
    return st;
}

/* Publish a pack that nobody adds to any more. */
static mars_status
publish(struct mrs_packwriter *w, struct pack *p, mars_error *err)
{
    mars_status st = p->failed ? mrs_fail(err, MARS_ERR_STATE, "pack: was not written whole")
                               : MARS_OK;

    if (st != MARS_OK || p->file.blobs.len == 0) {
        free_pack(p);
        return st;
    }
    p->task.run = send;
    p->writer = w;
    return w->opts.uploader != NULL ? mrs_uploader_give(w->opts.uploader, &p->task, err)
                                    : send(&p->task, MARS_OK, err);
}

/* Append what was sealed (blob NULL: the slot stays a hole), and publish the pack if this was the
 * last of a full one. */
static mars_status
settle(struct mrs_packwriter *w, struct pack *p, const struct mrs_blob *blob, const uint8_t *sealed,
       mars_error *err)
{
    mars_status st = MARS_OK;
    bool last;

    mrs_mutex_lock(w->lock);
    if (blob != NULL) {
        st = mrs_packfile_append(&p->file, blob, sealed, err);
        p->failed |= st != MARS_OK;
    }
    last = --p->busy == 0 && p->full;
    mrs_mutex_unlock(w->lock);
    if (last && !p->failed)
        st = publish(w, p, err);
    else if (last)
        free_pack(p);
    return st;
}

/* Would the pack stay within the target with one more blob of so many sealed bytes? The first one
 * may be of any size. */
static bool
fits(const struct pack *p, size_t sealed_len)
{
    uint64_t tail = mrs_packfile_tail((uint64_t)p->next_slot + 1);

    return p->next_slot == 0 || (p->next_slot < MRS_PACK_MAX_BLOBS &&
                                 p->claimed + sealed_len + tail <= TARGET_SIZE);
}

/* A slot in the current pack, which is begun if there is none. One that is full takes no more:
 * it is published here, if nobody is busy with it. */
static mars_status
claim(struct mrs_packwriter *w, size_t sealed_len, struct pack **out, uint32_t *slot,
      mars_error *err)
{
    mars_status st = MARS_OK;
    struct pack *p, *whole = NULL;

    mrs_mutex_lock(w->lock);
    if (w->current != NULL && !fits(w->current, sealed_len)) {
        w->current->full = true;
        whole = w->current->busy == 0 ? w->current : NULL;
        w->current = NULL;
    }
    if (w->current == NULL)
        st = begin_pack(w, &w->current, err);
    p = w->current;
    if (st == MARS_OK) {
        *out = p;
        *slot = p->next_slot++;
        p->busy++;
        p->claimed += sealed_len;
    }
    mrs_mutex_unlock(w->lock);
    if (whole == NULL)
        return st;
    if (st != MARS_OK) {
        free_pack(whole);
        return st;
    }
    st = publish(w, whole, err);
    if (st != MARS_OK)
        (void)!settle(w, p, NULL, NULL, NULL);
    return st;
}

/* Open what was sealed and compare it with what came in. */
static mars_status
check(const struct pack *p, const struct mrs_blob *b, const uint8_t aad[MRS_BLOB_AAD_SIZE],
      struct mrs_scratch *x, const void *data, mars_error *err)
{
    const struct mrs_buf *got = &x->opened;
    mars_status st = mrs_buf_extend(&x->opened, x->sealed.len - MRS_TAG_SIZE, err);

    if (st == MARS_OK)
        st = mrs_aead_open(p->file.aead, b->slot, aad, MRS_BLOB_AAD_SIZE, x->sealed.data,
                           x->sealed.len, x->opened.data, err);
    if (st == MARS_OK && b->codec != MRS_CODEC_STORED) {
        st = mrs_buf_extend(&x->plain, b->raw_len, err);
        if (st == MARS_OK)
            st = mrs_codec_unpack(&x->codec, b->codec, x->opened.data, x->opened.len,
                                  x->plain.data, b->raw_len, err);
        got = &x->plain;
    }
    if (st == MARS_OK &&
        (got->len != b->raw_len || (got->len > 0 && memcmp(got->data, data, got->len) != 0)))
        st = mrs_fail(err, MARS_ERR_INTERNAL, "what was sealed does not open to what came in: "
                      "faulty memory or processor?");
    return st;
}

/* Into the slot that b names, x->sealed: what was packed, with room for the tag. */
static mars_status
seal(const struct mrs_packwriter *w, const struct pack *p, const struct mrs_blob *b,
     struct mrs_scratch *x, const void *data, mars_error *err)
{
    uint8_t aad[MRS_BLOB_AAD_SIZE];
    mars_status st;

    mrs_blob_aad(b, p->file.header, aad);
    st = mrs_aead_seal(p->file.aead, b->slot, aad, sizeof aad, x->sealed.data,
                       x->sealed.len - MRS_TAG_SIZE, x->sealed.data, err);
    return st == MARS_OK && !w->opts.skip_check ? check(p, b, aad, x, data, err) : st;
}

mars_status
mrs_packwriter_add(struct mrs_packwriter *w, uint8_t cls, const uint8_t id[32], const void *data,
                   size_t n, const struct mrs_compression *how, uint64_t *stored, mars_error *err)
{
    struct mrs_blob b = { .raw_len = (uint32_t)n, .cls = cls };
    struct mrs_scratch *x = NULL;
    enum mrs_codec used;
    struct pack *p = NULL;
    mars_status st = mrs_scratch_take(w->scratch, &x, err), settled;

    if (st == MARS_OK)
        st = mrs_codec_pack(&x->codec, how, data, n, &x->sealed, &used, err);
    if (st == MARS_OK)
        st = mrs_buf_extend(&x->sealed, MRS_TAG_SIZE, err);
    if (st == MARS_OK)
        st = claim(w, x->sealed.len, &p, &b.slot, err);
    if (st != MARS_OK)
        goto out;
    memcpy(b.id, id, sizeof b.id);
    b.codec = (uint8_t)used;
    b.sealed_len = (uint32_t)x->sealed.len;
    st = seal(w, p, &b, x, data, err);
    settled = settle(w, p, st == MARS_OK ? &b : NULL, x->sealed.data, st == MARS_OK ? err : NULL);
    if (st == MARS_OK)
        st = settled;
    *stored = b.sealed_len;
out:
    mrs_scratch_give(w->scratch, x);
    return st;
}

mars_status
mrs_packwriter_finish(struct mrs_packwriter *w, mars_error *err)
{
    struct pack *p = w->current;

    w->current = NULL;
    return p != NULL ? publish(w, p, err) : MARS_OK;
}
