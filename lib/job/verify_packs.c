/* Verifying packs: are they there, and does every byte of them authenticate? */
#include <string.h>

#include "base/alloc.h"
#include "base/err.h"
#include "job/verify_int.h"
#include "repo/packkey.h"
#include "repo/stored.h"

enum { READ_STEP = 1 << 20 };

static mars_status
note_pack(void *user, const struct mrs_object_info *info, mars_error *err)
{
    struct mrs_verify *v = user;
    struct mrs_name n;
    uint64_t *size;

    if (!mrs_name_parse(&n, info->name) ||
        (n.kind != MRS_KIND_PACK_DATA && n.kind != MRS_KIND_PACK_META))
        return MARS_OK;
    size = mrs_map_put(&v->listed, n.digest);
    if (size == NULL)
        return mrs_nomem(err);
    /* The kind is kept in the low bit: no pack is half a byte long. */
    *size = info->size << 1 | (n.kind == MRS_KIND_PACK_META);
    return MARS_OK;
}

/* What the index says of a pack against what the store has. */
static mars_status
check_listed(void *user, const struct mrs_index_pack *p, mars_error *err)
{
    struct mrs_verify *v = user;
    const uint64_t *size = mrs_map_find(&v->listed, p->name);
    char relative[MRS_OBJECT_NAME_MAX];
    mars_error why;

    if (size != NULL && *size >> 1 == p->size)
        return MARS_OK;
    if (size == NULL)
        (void)mrs_fail(&why, MARS_ERR_NOT_FOUND, "missing");
    else
        (void)mrs_fail(&why, MARS_ERR_CORRUPT, "has %llu bytes, the index says %llu",
                       (unsigned long long)(*size >> 1), (unsigned long long)p->size);
    mrs_name_pack(relative, p->kind, p->name);
    mrs_verify_damage(v, relative, &why);
    /* A pack that is longer or shorter may still hold blobs that open. */
    if (size == NULL && mrs_map_put(&v->bad_packs, p->name) == NULL)
        return mrs_nomem(err);
    return MARS_OK;
}

mars_status
mrs_verify_list_packs(struct mrs_verify *v, mars_error *err)
{
    mars_status st = mrs_domain_list(v->d, "packs/", note_pack, v, err);

    if (st == MARS_OK)
        st = mrs_index_each_pack(v->d->index, check_listed, v, err);
    if (st == MARS_OK)
        atomic_store(&v->job.files_total, atomic_load(&v->job.files_done) + v->listed.len);
    return st;
}

/* One pack being read by a worker. */
struct check {
    struct mrs_task task;
    struct mrs_verify *v;
    uint8_t name[32];
    uint8_t kind;
    uint64_t size;
    uint64_t charge;
    char relative[MRS_OBJECT_NAME_MAX];
    char full[MRS_OBJECT_NAME_MAX];
    struct mrs_pack_key *key;
    struct mrs_blob *blobs;
    size_t n;
    struct mrs_pack_footer footer;
    mars_error bad; /* the first thing found wrong; status MARS_OK: nothing */
};

/* What a step found: damage is remembered, want of memory ends the job. True if all is well. */
static bool
is_well(struct check *c, mars_status st, const mars_error *why)
{
    if (st == MARS_ERR_NOMEM)
        mrs_job_fail(&c->v->job, st, why);
    else if (st != MARS_OK && c->bad.status == MARS_OK)
        c->bad = *why;
    return st == MARS_OK;
}

/* Does the whole have the digest in its name? */
static mars_status
check_digest(struct check *c, mars_error *err)
{
    uint8_t digest[32];
    mars_status st = mrs_stored_digest(c->v->d->store, c->full, c->size, &c->v->job.stop, digest,
                                       err);

    if (st == MARS_ERR_CANCELLED)
        return MARS_OK; /* which is no damage */
    if (st == MARS_OK && memcmp(digest, c->name, sizeof digest) != 0)
        st = mrs_fail(err, MARS_ERR_CORRUPT, "its bytes do not have the digest in its name");
    return st;
}

/* Header, footer, directory. */
static mars_status
open_pack(struct check *c, mars_error *err)
{
    struct mrs_buf dir = MRS_BUF_INIT(MRS_PACK_MAX_BLOBS * MRS_PACK_ENTRY_SIZE + MRS_TAG_SIZE);
    uint8_t header[MRS_HEADER_SIZE], footer[MRS_PACK_FOOTER_SIZE];
    struct mrs_store *store = c->v->d->store;
    mars_status st = MARS_OK;

    if (c->size < MRS_HEADER_SIZE + MRS_PACK_FOOTER_SIZE)
        return mrs_fail(err, MARS_ERR_CORRUPT, "too short for a pack");
    st = mrs_store_read(store, c->full, 0, header, sizeof header, err);
    if (st == MARS_OK)
        st = mrs_pack_key_make(c->v->d, c->kind, MRS_NEED_VERIFY, header, &c->key, err);
    if (st == MARS_OK)
        st = mrs_store_read(store, c->full, c->size - sizeof footer, footer, sizeof footer, err);
    if (st == MARS_OK)
        st = mrs_pack_footer_decode(&c->footer, footer, sizeof footer, c->size, err);
    if (st == MARS_OK)
        st = mrs_buf_resize(&dir, c->footer.dir_len, err);
    if (st == MARS_OK)
        st = mrs_store_read(store, c->full, c->size - sizeof footer - dir.len, dir.data, dir.len,
                            err);
    if (st == MARS_OK)
        st = mrs_pack_dir_open(c->key, &c->footer, footer, dir.data, &c->blobs, &c->n, err);
    mrs_buf_free(&dir);
    return st;
}

static mars_status
check_padding(struct check *c, mars_error *err)
{
    struct mrs_buf step = MRS_BUF_INIT(READ_STEP);
    uint64_t at = MRS_HEADER_SIZE + c->footer.blobs_len, end = at + c->footer.padding;
    mars_status st = MARS_OK;

    while (st == MARS_OK && at < end) {
        size_t n = end - at < READ_STEP ? (size_t)(end - at) : READ_STEP;

        st = mrs_buf_resize(&step, n, err);
        if (st == MARS_OK)
            st = mrs_store_read(c->v->d->store, c->full, at, step.data, n, err);
        for (size_t i = 0; st == MARS_OK && i < n; i++)
            if (step.data[i] != 0)
                st = mrs_fail(err, MARS_ERR_CORRUPT, "its padding is not zero");
        at += n;
    }
    mrs_buf_free(&step);
    return st;
}

static mars_status
open_blob(struct check *c, const struct mrs_blob *b, struct mrs_buf *sealed, struct mrs_buf *plain,
          struct mrs_codec_state *codec, mars_error *err)
{
    mars_status st;

    mrs_buf_reset(sealed);
    mrs_buf_reset(plain);
    st = mrs_buf_resize(sealed, b->sealed_len, err);
    if (st == MARS_OK)
        st = mrs_store_read(c->v->d->store, c->full, b->offset, sealed->data, sealed->len, err);
    if (st == MARS_OK)
        st = mrs_buf_resize(plain, b->raw_len, err);
    return st == MARS_OK ? mrs_blob_open(c->key, b, sealed->data, codec, plain->data, err) : st;
}

/* Open every blob; those that do not open are remembered. */
static void
open_blobs(struct check *c)
{
    struct mrs_buf sealed = MRS_BUF_INIT(UINT32_MAX), plain = MRS_BUF_INIT(MRS_CHUNK_MAX);
    struct mrs_codec_state codec = { NULL };
    mars_error why;

    for (size_t i = 0; i < c->n && !atomic_load(&c->v->job.stop); i++) {
        mars_status st = open_blob(c, &c->blobs[i], &sealed, &plain, &codec, &why);

        if (is_well(c, st, &why) || st == MARS_ERR_NOMEM)
            continue; /* out of memory is no damage: the job stops */
        (void)is_well(c, mrs_verify_bad_place(c->v, c->name, c->blobs[i].slot, &why), &why);
    }
    mrs_codec_state_free(&codec);
    mrs_buf_free(&sealed);
    mrs_buf_free(&plain);
}

/* A pack whose header is gone is lost: every blob's key comes from it. */
static mars_status
lose_pack(struct check *c, mars_error *err)
{
    bool ok;

    mrs_mutex_lock(c->v->job.lock);
    ok = mrs_map_put(&c->v->bad_packs, c->name) != NULL;
    mrs_mutex_unlock(c->v->job.lock);
    return ok ? MARS_OK : mrs_nomem(err);
}

static void
check_pack(struct check *c)
{
    mars_error why;

    (void)is_well(c, check_digest(c, &why), &why);
    if (is_well(c, open_pack(c, &why), &why)) {
        open_blobs(c);
        (void)is_well(c, check_padding(c, &why), &why);
    } else if (c->key != NULL) {
        /* Without its own directory, the index still tells where its blobs are. */
        if (is_well(c, mrs_index_pack_blobs(c->v->d->index, c->name, &c->blobs, &c->n, &why), &why))
            open_blobs(c);
    } else {
        (void)is_well(c, lose_pack(c, &why), &why);
    }
    if (c->bad.status != MARS_OK && !atomic_load(&c->v->job.stop))
        mrs_verify_damage(c->v, c->relative, &c->bad);
}

static void
do_check(struct mrs_task *t)
{
    struct check *c = (struct check *)(void *)((char *)t - offsetof(struct check, task));
    struct mrs_verify *v = c->v;

    if (!atomic_load(&v->job.stop))
        check_pack(c);
    mrs_verify_count_object(v, c->size);
    mrs_engine_give(v->job.engine, &v->job.account, c->charge);
    mrs_pack_key_unref(c->key);
    mrs_free(c->blobs);
    mrs_free(c);
    mrs_mutex_lock(v->job.lock);
    v->tasks--;
    mrs_cond_broadcast(v->job.changed);
    mrs_mutex_unlock(v->job.lock);
}

static mars_status
submit(struct mrs_verify *v, const uint8_t name[32], uint64_t listed, mars_error *err)
{
    struct check *c = mrs_alloc(sizeof *c);

    if (c == NULL)
        return mrs_nomem(err);
    c->v = v;
    c->kind = (listed & 1) != 0 ? MRS_KIND_PACK_META : MRS_KIND_PACK_DATA;
    c->size = listed >> 1;
    c->charge = c->size < 2 * (uint64_t)MRS_CHUNK_MAX ? c->size : 2 * (uint64_t)MRS_CHUNK_MAX;
    memcpy(c->name, name, sizeof c->name);
    mrs_name_pack(c->relative, c->kind, name);
    mrs_name_in_domain(c->full, v->d->keys->domain, c->relative);
    if (!mrs_engine_take(v->job.engine, &v->job.account, c->charge, &v->job.stop)) {
        mrs_free(c);
        return mrs_fail(err, MARS_ERR_CANCELLED, "cancelled");
    }
    c->task.run = do_check;
    mrs_mutex_lock(v->job.lock);
    v->tasks++;
    mrs_mutex_unlock(v->job.lock);
    mrs_engine_submit(v->job.engine, &c->task);
    return MARS_OK;
}

mars_status
mrs_verify_read_packs(struct mrs_verify *v, mars_error *err)
{
    const uint8_t *name;
    void *size;
    mars_status st = MARS_OK;

    for (size_t pos = 0; st == MARS_OK && mrs_map_next(&v->listed, &pos, &name, &size);)
        st = submit(v, name, *(uint64_t *)size, err);
    mrs_mutex_lock(v->job.lock);
    while (v->tasks > 0)
        mrs_cond_wait(v->job.changed, v->job.lock);
    mrs_mutex_unlock(v->job.lock);
    return st;
}
