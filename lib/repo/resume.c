/* Going on with a session that was interrupted. */
#include <string.h>

#include "base/alloc.h"
#include "base/err.h"
#include "platform/thread.h"
#include "repo/packkey.h"
#include "repo/session_int.h"

/* Its point is not there and no collector has given it up. */
static mars_status
can_go_on(struct mrs_session *s, bool *can, mars_error *err)
{
    char relative[MRS_OBJECT_NAME_MAX];
    bool has = false;
    mars_status st;

    *can = false;
    mrs_name_point(relative, s->opts.item, s->left.session);
    st = mrs_domain_has(s->d, relative, &has, err);
    if (st != MARS_OK || has)
        return st;
    mrs_name_fence(relative, s->left.session, 0);
    st = mrs_domain_has(s->d, relative, &has, err);
    if (st != MARS_OK || has)
        return st;
    mrs_name_lease(relative, s->left.session, 0);
    return mrs_domain_has(s->d, relative, can, err);
}

/* Heartbeats are write-once: go on behind the last one that is there, with one that says that
 * the session lives. */
static mars_status
beat_again(struct mrs_session *s, mars_error *err)
{
    char relative[MRS_OBJECT_NAME_MAX];
    bool has = true;
    mars_status st = MARS_OK;

    for (s->next_beat = s->left.beats > 0 ? s->left.beats : 1; st == MARS_OK && has;) {
        mrs_name_lease(relative, s->id, s->next_beat);
        st = mrs_domain_has(s->d, relative, &has, err);
        if (st == MARS_OK && has)
            s->next_beat++;
    }
    if (st == MARS_OK)
        st = mrs_journal_beat(s->journal, s->next_beat, err);
    if (st == MARS_OK)
        st = mrs_session_put_lease(s, s->next_beat++, err);
    return st;
}

/* What the session may reuse is a function of the ledger up to its own generation: a resumed one
 * needs that to be the present one, since later records were written without regard to it only
 * where its lease allowed them. */
static mars_status
same_generation(struct mrs_session *s, bool *same, mars_error *err)
{
    mars_status st = mrs_session_list(s, err);

    if (st == MARS_OK)
        st = mrs_ledger_read(&s->ledger, s->d, &s->log, MRS_NEED_WRITE, NULL, NULL, err);
    if (st == MARS_OK && s->ledger.unknown)
        st = mrs_fail(err, MARS_ERR_UNSUPPORTED,
                      "the ledger holds operations newer than this build: it must not write");
    *same = st == MARS_OK && s->ledger.generation == s->left.generation;
    return st;
}

mars_status
mrs_session_resume(struct mrs_session *s, bool *resumed, mars_error *err)
{
    mars_status st = mrs_journal_read(s->journal, &s->left, err);

    *resumed = false;
    if (st != MARS_OK || !s->left.any)
        return st;
    st = mrs_store_sweep(s->d->store, s->left.session, err);
    if (st == MARS_OK)
        st = can_go_on(s, resumed, err);
    if (st == MARS_OK && *resumed)
        st = same_generation(s, resumed, err);
    if (st != MARS_OK || !*resumed)
        return st;
    memcpy(s->id, s->left.session, sizeof s->id);
    st = beat_again(s, err);
    return st == MARS_OK ? mrs_session_list(s, err) : st;
}

/* An index object that has a pack of the interrupted session is that session's, or one that
 * superseded it: the point is to name it. */
static mars_status
take_index(struct mrs_session *s, const uint8_t object[32], mars_error *err)
{
    uint8_t *at;

    for (size_t i = 0; i < s->indexes.len; i++)
        if (memcmp(mrs_vec_at(&s->indexes, i), object, 32) == 0)
            return MARS_OK;
    at = mrs_vec_add(&s->indexes);
    if (at == NULL)
        return mrs_nomem(err);
    memcpy(at, object, 32);
    return MARS_OK;
}

/* The blobs of a pack that the interrupted session finished. A pack that cannot be read or that is
 * another session's is simply not used; one that the index has is found there. */
static mars_status
adopt(struct mrs_session *s, uint8_t kind, const uint8_t name[32], mars_error *err)
{
    struct mrs_finished_pack pack = { .kind = kind }, *at;
    char relative[MRS_OBJECT_NAME_MAX];
    uint8_t writer[16], object[32];
    mars_status st = mrs_index_pack_object(s->d->index, name, object, err);

    if (st == MARS_OK)
        return take_index(s, object, err);
    if (st != MARS_ERR_NOT_FOUND)
        return st;
    st = MARS_OK;
    if (mrs_pack_dir_read(s->d, kind, name, &pack.size, writer, &pack.blobs, &pack.count, NULL) !=
        MARS_OK)
        return MARS_OK;
    if (memcmp(writer, s->id, sizeof writer) != 0) {
        mrs_free(pack.blobs);
        return MARS_OK;
    }
    memcpy(pack.name, name, sizeof pack.name);
    mrs_name_pack(relative, kind, name);
    st = mrs_domain_rely(s->d, relative, err);
    at = st == MARS_OK ? mrs_vec_add(&s->packs) : NULL;
    if (at == NULL) {
        mrs_free(pack.blobs);
        return st != MARS_OK ? st : mrs_nomem(err);
    }
    *at = pack;
    s->blobs += pack.count;
    for (size_t i = 0; st == MARS_OK && i < pack.count; i++)
        if (mrs_map_put(&s->mine, pack.blobs[i].id) == NULL)
            st = mrs_nomem(err);
    return st;
}

mars_status
mrs_session_adopt_packs(struct mrs_session *s, mars_error *err)
{
    mars_status st = MARS_OK;

    for (size_t i = 0; st == MARS_OK && i < s->left.n_packs; i++)
        st = adopt(s, s->left.packs[i][0], s->left.packs[i] + 1, err);
    return st;
}
