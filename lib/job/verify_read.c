/* Reading one pack, once, from its first byte to its last: what is read goes into the digest, and
 * each blob is opened as soon as it is there. Only the directory, which stands at the end, is read
 * before, and again in its turn. */
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/err.h"
#include "job/verify_int.h"
#include "repo/packkey.h"

enum { READ_STEP = 1 << 20 };

struct reading {
    struct mrs_verify *v;
    const struct mrs_verify_pack *pack;
    char relative[MRS_OBJECT_NAME_MAX];
    char full[MRS_OBJECT_NAME_MAX];
    struct mrs_scratch *x;     /* sealed: what was read last */
    struct mrs_sha256 *digest; /* of all that was read; NULL: it is not asked for any more */
    struct mrs_pack_key *key;
    struct mrs_blob *blobs;    /* in the order of the pack */
    size_t n;
    struct mrs_pack_footer footer;
    mars_error bad; /* the first thing found wrong; status MARS_OK: nothing */
};

static bool
is_stopped(const struct reading *r)
{
    return atomic_load(&r->v->job.stop);
}

/* What a step found: damage is remembered, all else ends the job. True if all is well. */
static bool
is_well(struct reading *r, mars_status st, const mars_error *why)
{
    if (st != MARS_OK && !mrs_is_unreadable(st))
        mrs_job_fail(&r->v->job, st, why);
    else if (st != MARS_OK && r->bad.status == MARS_OK)
        r->bad = *why;
    return st == MARS_OK;
}

/* Bytes that are gone cannot be made up for: the digest will not be known. */
static void
give_up_digest(struct reading *r)
{
    mrs_sha256_free(r->digest);
    r->digest = NULL;
}

/* The next bytes of the pack, into x->sealed. */
static mars_status
read_next(struct reading *r, uint64_t at, size_t n, mars_error *err)
{
    struct mrs_buf *b = &r->x->sealed;
    mars_status st;

    mrs_buf_reset(b);
    st = mrs_buf_extend(b, n, err);
    if (st == MARS_OK)
        st = mrs_store_read(r->v->d->store, r->full, at, b->data, n, err);
    if (st == MARS_OK && r->digest != NULL)
        st = mrs_sha256_update(r->digest, b->data, n, err);
    if (st != MARS_OK)
        give_up_digest(r);
    return st;
}

static mars_status
open_header(struct reading *r, mars_error *err)
{
    uint8_t header[MRS_HEADER_SIZE];
    mars_status st;

    if (r->pack->size < MRS_HEADER_SIZE + MRS_PACK_FOOTER_SIZE)
        return mrs_fail(err, MARS_ERR_CORRUPT, "too short for a pack");
    st = mrs_store_read(r->v->d->store, r->full, 0, header, sizeof header, err);
    if (st == MARS_OK)
        st = mrs_sha256_update(r->digest, header, sizeof header, err);
    return st == MARS_OK
               ? mrs_pack_key_make(r->v->d, r->pack->kind, MRS_NEED_VERIFY, header, &r->key, err)
               : st;
}

static mars_status
open_directory(struct reading *r, mars_error *err)
{
    uint8_t footer[MRS_PACK_FOOTER_SIZE];
    struct mrs_buf dir = MRS_BUF_INIT(MRS_PACK_MAX_BLOBS * MRS_PACK_ENTRY_SIZE + MRS_TAG_SIZE);
    uint64_t size = r->pack->size;
    mars_status st = mrs_store_read(r->v->d->store, r->full, size - sizeof footer, footer,
                                    sizeof footer, err);

    if (st == MARS_OK)
        st = mrs_pack_footer_decode(&r->footer, footer, sizeof footer, size, err);
    if (st == MARS_OK)
        st = mrs_buf_extend(&dir, r->footer.dir_len, err);
    if (st == MARS_OK)
        st = mrs_store_read(r->v->d->store, r->full, size - sizeof footer - dir.len, dir.data,
                            dir.len, err);
    if (st == MARS_OK)
        st = mrs_pack_dir_open(r->key, &r->footer, footer, dir.data, &r->blobs, &r->n, err);
    mrs_buf_free(&dir);
    return st;
}

/* A blob whose bytes begin at `sealed`; if it does not open, that is remembered. */
static void
open_blob(struct reading *r, const struct mrs_blob *b, uint8_t *sealed)
{
    struct mrs_buf *plain = &r->x->plain;
    mars_error why;
    mars_status st;

    mrs_buf_reset(plain);
    st = mrs_buf_extend(plain, b->raw_len, &why);
    if (st == MARS_OK)
        st = mrs_blob_open(r->key, b, sealed, &r->x->codec, plain->data, &why);
    if (is_well(r, st, &why) || !mrs_is_unreadable(st))
        return;
    (void)is_well(r, mrs_verify_bad_place(r->v, r->pack->name, b->slot, &why), &why);
}

/* How many blobs from the ith on are read at once: one, or as many as stand side by side in a
 * step. */
static size_t
run_length(const struct reading *r, size_t i, size_t *bytes)
{
    size_t n = 0;

    *bytes = 0;
    do {
        *bytes += r->blobs[i + n].sealed_len;
        n++;
    } while (i + n < r->n && *bytes + r->blobs[i + n].sealed_len <= READ_STEP &&
             r->blobs[i + n].offset == r->blobs[i].offset + *bytes);
    return n;
}

static void
read_alone(struct reading *r, const struct mrs_blob *b)
{
    mars_error why;
    mars_status st = read_next(r, b->offset, b->sealed_len, &why);

    if (is_well(r, st, &why))
        open_blob(r, b, r->x->sealed.data);
    else if (mrs_is_unreadable(st))
        (void)is_well(r, mrs_verify_bad_place(r->v, r->pack->name, b->slot, &why), &why);
}

static void
read_blobs(struct reading *r)
{
    size_t n, bytes;

    for (size_t i = 0; i < r->n && !is_stopped(r); i += n) {
        mars_error why;

        n = run_length(r, i, &bytes);
        if (is_well(r, read_next(r, r->blobs[i].offset, bytes, &why), &why)) {
            for (size_t k = i; k < i + n && !is_stopped(r); k++)
                open_blob(r, &r->blobs[k],
                          r->x->sealed.data + (r->blobs[k].offset - r->blobs[i].offset));
        } else {
            /* Where a part of it cannot be read, the others may. */
            for (size_t k = i; k < i + n && !is_stopped(r); k++)
                read_alone(r, &r->blobs[k]);
        }
    }
}

/* Padding, which is to be zero, directory, footer. */
static mars_status
read_rest(struct reading *r, mars_error *err)
{
    uint64_t at = MRS_HEADER_SIZE + r->footer.blobs_len, zeros = at + r->footer.padding;
    mars_status st = MARS_OK;

    for (size_t n; st == MARS_OK && at < r->pack->size && !is_stopped(r); at += n) {
        n = r->pack->size - at < READ_STEP ? (size_t)(r->pack->size - at) : READ_STEP;
        st = read_next(r, at, n, err);
        for (size_t i = 0; st == MARS_OK && i < n && at + i < zeros; i++)
            if (r->x->sealed.data[i] != 0)
                st = mrs_fail(err, MARS_ERR_CORRUPT, "its padding is not zero");
    }
    return st;
}

/* Does the whole have the digest in its name? */
static mars_status
check_digest(struct reading *r, mars_error *err)
{
    uint8_t digest[32];
    mars_status st;

    if (r->digest == NULL || is_stopped(r))
        return MARS_OK; /* what is wrong was said */
    st = mrs_sha256_finish(r->digest, digest, err);
    if (st == MARS_OK && memcmp(digest, r->pack->name, sizeof digest) != 0)
        st = mrs_fail(err, MARS_ERR_CORRUPT, "its bytes do not have the digest in its name");
    return st;
}

static int
by_offset(const void *a, const void *b)
{
    const struct mrs_blob *x = a, *y = b;

    return x->offset < y->offset ? -1 : x->offset > y->offset;
}

/* Where the pack's own directory does not serve, the index still tells what is wanted of it. */
static void
read_blobs_of_index(struct reading *r)
{
    mars_error why;

    give_up_digest(r);
    mrs_free(r->blobs);
    r->blobs = NULL;
    if (!is_well(r, mrs_index_pack_blobs(r->v->d->index, r->pack->name, &r->blobs, &r->n, &why),
                 &why))
        return;
    if (r->n > 0)
        qsort(r->blobs, r->n, sizeof r->blobs[0], by_offset);
    read_blobs(r);
}

/* A pack whose header is gone is lost: every blob's key comes from it. */
static mars_status
lose_pack(struct reading *r, mars_error *err)
{
    bool ok;

    mrs_mutex_lock(r->v->job.lock);
    ok = mrs_map_put(&r->v->bad_packs, r->pack->name) != NULL;
    mrs_mutex_unlock(r->v->job.lock);
    return ok ? MARS_OK : mrs_nomem(err);
}

static void
read_pack(struct reading *r)
{
    mars_error why;

    if (!is_well(r, open_header(r, &why), &why)) {
        (void)is_well(r, lose_pack(r, &why), &why);
        return;
    }
    if (!is_well(r, open_directory(r, &why), &why)) {
        read_blobs_of_index(r);
        return;
    }
    read_blobs(r);
    (void)is_well(r, read_rest(r, &why), &why);
    if (r->bad.status != MARS_OK)
        return;
    /* All of it authentic, but under the name of another: what that one held is not here. */
    if (!is_well(r, check_digest(r, &why), &why))
        read_blobs_of_index(r);
}

void
mrs_verify_read_pack(struct mrs_verify *v, const struct mrs_verify_pack *pack)
{
    struct reading r = { .v = v, .pack = pack };
    mars_error why;

    mrs_name_pack(r.relative, pack->kind, pack->name);
    mrs_name_in_domain(r.full, v->d->keys->domain, r.relative);
    if (is_well(&r, mrs_scratch_take(v->scratch, &r.x, &why), &why) &&
        is_well(&r, mrs_sha256_new(&r.digest, &why), &why))
        read_pack(&r);
    if (r.bad.status != MARS_OK && !is_stopped(&r))
        mrs_verify_damage(v, r.relative, &r.bad);
    mrs_scratch_give(v->scratch, r.x);
    mrs_sha256_free(r.digest);
    mrs_pack_key_unref(r.key);
    mrs_free(r.blobs);
}
