/* Index objects of a session: put whenever enough chunks are in finished packs, so that what the
 * session has to remember does not grow with what it backs up. */
#include <string.h>

#include "base/alloc.h"
#include "base/err.h"
#include "platform/thread.h"
#include "repo/session_int.h"

mars_status
mrs_session_note_index(struct mrs_session *s, const uint8_t name[32], uint64_t size,
                       mars_error *err)
{
    uint8_t *at;

    mrs_mutex_lock(s->lock);
    at = mrs_vec_add(&s->indexes);
    if (at != NULL)
        memcpy(at, name, 32);
    s->added += size;
    mrs_mutex_unlock(s->lock);
    return at != NULL ? MARS_OK : mrs_nomem(err);
}

/* Put one index object for packs [from, to). */
static mars_status
put_index(struct mrs_session *s, const struct mrs_vec *packs, size_t from, size_t to,
          mars_error *err)
{
    struct mrs_buf payload = MRS_BUF_INIT(MRS_OBJECT_MAX);
    struct mrs_vec list = MRS_VEC_INIT(struct mrs_index_pack);
    uint8_t digest[32];
    uint64_t size = 0;
    mars_status st = MARS_OK;

    for (size_t i = from; st == MARS_OK && i < to; i++) {
        const struct mrs_finished_pack *p = mrs_vec_at(packs, i);
        struct mrs_index_pack *out = mrs_vec_add(&list);

        if (out == NULL) {
            st = mrs_nomem(err);
            break;
        }
        memcpy(out->name, p->name, sizeof out->name);
        out->kind = p->kind;
        out->size = p->size;
        out->blobs = p->blobs;
        out->count = p->count;
    }
    if (st == MARS_OK)
        st = mrs_index_encode(NULL, 0, list.items, list.len, &payload, err);
    if (st == MARS_OK)
        st = mrs_domain_put_index(s->d, s->id, &payload, digest, &size, err);
    if (st == MARS_OK)
        st = mrs_index_add(s->d->index, digest, &payload, err);
    if (st == MARS_OK)
        st = mrs_session_note_index(s, digest, size, err);
    mrs_vec_free(&list);
    mrs_buf_free(&payload);
    return st;
}

/* Index objects for all of these packs, a bounded number of blobs in each. */
static mars_status
put_indexes(struct mrs_session *s, const struct mrs_vec *packs, mars_error *err)
{
    size_t from = 0, blobs = 0;
    mars_status st = MARS_OK;

    for (size_t i = 0; st == MARS_OK && i < packs->len; i++) {
        blobs += ((const struct mrs_finished_pack *)mrs_vec_at(packs, i))->count;
        if (blobs < MRS_SESSION_BLOBS && i + 1 < packs->len)
            continue;
        st = put_index(s, packs, from, i + 1, err);
        from = i + 1;
        blobs = 0;
    }
    return st;
}

/* The chunks of these packs are known by the index from now on. */
static mars_status
forget_claims(struct mrs_session *s, const struct mrs_vec *packs, mars_error *err)
{
    struct mrs_map indexed = MRS_MAP_INIT(0), rest = MRS_MAP_INIT(0);
    const uint8_t *id;
    bool ok = true;

    for (size_t i = 0; ok && i < packs->len; i++) {
        const struct mrs_finished_pack *p = mrs_vec_at(packs, i);

        for (size_t k = 0; ok && k < p->count; k++)
            ok = mrs_map_put(&indexed, p->blobs[k].id) != NULL;
    }
    mrs_mutex_lock(s->lock);
    for (size_t pos = 0; ok && mrs_map_next(&s->mine, &pos, &id, NULL);)
        ok = mrs_map_find(&indexed, id) != NULL || mrs_map_put(&rest, id) != NULL;
    if (ok) {
        mrs_map_free(&s->mine);
        s->mine = rest;
    } else {
        mrs_map_free(&rest);
    }
    mrs_mutex_unlock(s->lock);
    mrs_map_free(&indexed);
    return ok ? MARS_OK : mrs_nomem(err);
}

mars_status
mrs_session_index_packs(struct mrs_session *s, mars_error *err)
{
    struct mrs_vec packs;
    mars_status st;

    mrs_mutex_lock(s->lock);
    packs = s->packs;
    s->packs = (struct mrs_vec)MRS_VEC_INIT(struct mrs_finished_pack);
    s->blobs = 0;
    mrs_mutex_unlock(s->lock);
    /* Whoever sees an index object may rely on its packs: they are durable before it is put. */
    st = mrs_store_flush(s->d->store, err);
    if (st == MARS_OK)
        st = put_indexes(s, &packs, err);
    if (st == MARS_OK)
        st = forget_claims(s, &packs, err);
    mrs_session_free_packs(&packs);
    return st;
}

void
mrs_session_free_packs(struct mrs_vec *packs)
{
    for (size_t i = 0; i < packs->len; i++)
        mrs_free(((struct mrs_finished_pack *)mrs_vec_at(packs, i))->blobs);
    mrs_vec_free(packs);
}
