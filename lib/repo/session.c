#include "repo/session.h"

#include <inttypes.h>
#include <stdatomic.h>
#include <string.h>

#include "base/alloc.h"
#include "base/err.h"
#include "platform/random.h"
#include "platform/thread.h"
#include "repo/chunk.h"
#include "repo/packkey.h"
#include "repo/session_int.h"

enum { UPLOADS = 4 }; /* at once: what fills a link that is far */
#define BEAT_EVERY_NS ((uint64_t)10 * 60 * 1000000000)

mars_status
mrs_session_put_lease(struct mrs_session *s, uint64_t number, mars_error *err)
{
    struct mrs_time now = mrs_clock_wall();
    struct mrs_buf payload = MRS_BUF_INIT(4096);
    struct mrs_lease l = { .generation = s->ledger.generation,
                           .number = number,
                           .time = { now.s, now.ns } };
    char relative[MRS_OBJECT_NAME_MAX];
    mars_status st;

    memcpy(l.session, s->id, 16);
    memcpy(l.machine, s->opts.machine, 16);
    memcpy(l.item, s->opts.item, 16);
    mrs_name_lease(relative, s->id, number);
    st = mrs_lease_encode(&l, &payload, err);
    if (st == MARS_OK)
        st = mrs_domain_put(s->d, MRS_KIND_LEASE, s->id, relative, &payload, NULL, err);
    if (st == MARS_OK)
        st = mrs_store_flush(s->d->store, err);
    s->last_beat = mrs_clock_mono();
    if (st == MARS_OK)
        mrs_logf(s->d->logger, MARS_LEVEL_INFO, "session", "%s: put; it saw the ledger up to %"
                 PRIu64, relative, l.generation);
    mrs_buf_free(&payload);
    return st;
}

mars_status
mrs_session_list(struct mrs_session *s, mars_error *err)
{
    return mrs_log_read(&s->log, s->d->store, s->d->keys->domain, err);
}

/* Read g, put the lease, read g again; begin anew with another id if it moved. */
static mars_status
take_lease(struct mrs_session *s, mars_error *err)
{
    const struct mrs_log *log = s->opts.log;
    mars_status st = MARS_OK;

    if (log == NULL) {
        st = mrs_session_list(s, err);
        log = &s->log;
    }
    if (st != MARS_OK)
        return st;
    do {
        mrs_ledger_free_state(&s->ledger);
        st = mrs_ledger_read(&s->ledger, s->d, log, MRS_NEED_WRITE, NULL, NULL, err);
        log = &s->log;
        if (st == MARS_OK && s->ledger.unknown)
            st = mrs_fail(err, MARS_ERR_UNSUPPORTED,
                          "the ledger holds operations newer than this build: it must not write");
        if (st == MARS_OK)
            st = mrs_random_fill(s->id, sizeof s->id, err);
        if (st == MARS_OK)
            st = mrs_journal_begin(s->journal, s->id, s->ledger.generation, err);
        if (st == MARS_OK)
            st = mrs_session_put_lease(s, 0, err);
        if (st == MARS_OK)
            st = mrs_session_list(s, err);
    } while (st == MARS_OK && mrs_ledger_generation(&s->log) != s->ledger.generation);
    s->next_beat = 1;
    return st;
}

static mars_status
note_pack(void *user, struct mrs_finished_pack *pack, mars_error *err)
{
    struct mrs_session *s = user;
    struct mrs_finished_pack *at;
    bool many;
    mars_status st;

    /* What the journal names is in the store, whole: the order of these two matters. */
    st = mrs_journal_pack(s->journal, pack->kind, pack->name, err);
    mrs_mutex_lock(s->lock);
    at = mrs_vec_add(&s->packs);
    if (at != NULL)
        *at = *pack;
    else
        mrs_free(pack->blobs);
    s->added += pack->size;
    s->blobs += pack->count;
    many = s->blobs >= MRS_SESSION_BLOBS;
    mrs_mutex_unlock(s->lock);
    if (st == MARS_OK && at == NULL)
        st = mrs_nomem(err);
    return st == MARS_OK && many ? mrs_session_index_packs(s, err) : st;
}

static mars_status
open_writers(struct mrs_session *s, mars_error *err)
{
    struct mrs_packwriter_options o = { .kind = MRS_KIND_PACK_DATA,
                                        .skip_check = s->opts.skip_check,
                                        .done = note_pack,
                                        .user = s };
    mars_status st = MARS_OK;

    memcpy(o.session, s->id, sizeof o.session);
    if (!mrs_store_is_near(s->d->store))
        st = mrs_uploader_new(&s->uploader, UPLOADS, err);
    o.uploader = s->uploader;
    if (st == MARS_OK)
        st = mrs_packwriter_new(&s->data, s->d, &o, err);
    o.kind = MRS_KIND_PACK_META;
    if (st == MARS_OK)
        st = mrs_packwriter_new(&s->meta, s->d, &o, err);
    return st;
}

mars_status
mrs_session_begin(struct mrs_session **out, struct mrs_domain *d,
                  const struct mrs_session_options *opts, mars_error *err)
{
    struct mrs_session *s;
    bool resumed = false;
    mars_status st;

    *out = NULL;
    if (d->cache == NULL)
        return mrs_fail(err, MARS_ERR_STATE, "a backup needs a cache");
    s = mrs_alloc(sizeof *s);
    if (s == NULL)
        return mrs_nomem(err);
    s->d = d;
    s->opts = *opts;
    s->packs = (struct mrs_vec)MRS_VEC_INIT(struct mrs_finished_pack);
    s->mine = (struct mrs_map)MRS_MAP_INIT(0);
    s->indexes = (struct mrs_vec){ NULL, 0, 0, 32 };
    s->log = (struct mrs_log)MRS_LOG_INIT;
    st = mrs_mutex_new(&s->lock, err);
    if (st == MARS_OK)
        st = mrs_journal_open(&s->journal, d->cache, opts->item, err);
    if (st == MARS_OK)
        st = mrs_session_resume(s, &resumed, err);
    if (st == MARS_OK && !resumed)
        st = take_lease(s, err);
    /* The list is read after the lease was put: what it names cannot go away now. */
    if (st == MARS_OK)
        st = mrs_index_refresh(d->index, &s->log, false, opts->damage, opts->user, err);
    if (st == MARS_OK && resumed)
        st = mrs_session_adopt_packs(s, err);
    if (st == MARS_OK && resumed)
        mrs_logf(d->logger, MARS_LEVEL_INFO, "session", "goes on with one that was interrupted: "
                 "%zu of its packs are taken over", s->packs.len);
    if (st == MARS_OK)
        st = open_writers(s, err);
    s->opts.log = NULL; /* it was lent */
    if (st != MARS_OK) {
        mrs_session_close(s);
        return st;
    }
    *out = s;
    return MARS_OK;
}

void
mrs_session_close(struct mrs_session *s)
{
    if (s == NULL)
        return;
    mrs_uploader_free(s->uploader); /* it has packs of the writers */
    mrs_packwriter_free(s->data);
    mrs_packwriter_free(s->meta);
    mrs_session_free_packs(&s->packs);
    mrs_vec_free(&s->indexes);
    mrs_map_free(&s->mine);
    mrs_free(s->left.packs);
    mrs_ledger_free_state(&s->ledger);
    mrs_log_free(&s->log);
    mrs_journal_close(s->journal);
    mrs_mutex_free(s->lock);
    mrs_free(s);
}

mars_status
mrs_reusable(struct mrs_domain *d, const struct mrs_ledger *ledger, const uint8_t id[32], bool *yes,
             mars_error *err)
{
    struct mrs_place place;
    mars_status st;

    *yes = false;
    for (size_t nth = 0;; nth++) {
        st = mrs_index_find(d->index, id, nth, &place, err);
        if (st != MARS_OK)
            return st == MARS_ERR_NOT_FOUND ? MARS_OK : st;
        *yes = !mrs_ledger_is_tombstone(ledger, place.pack);
        if (*yes)
            return MARS_OK;
    }
}

/* Is the chunk this session's already? If not, it is from now on. */
static mars_status
claim(struct mrs_session *s, const uint8_t id[32], bool *known, mars_error *err)
{
    mars_status st = MARS_OK;

    mrs_mutex_lock(s->lock);
    *known = mrs_map_find(&s->mine, id) != NULL;
    if (!*known && mrs_map_put(&s->mine, id) == NULL)
        st = mrs_nomem(err);
    mrs_mutex_unlock(s->lock);
    return st;
}

static mars_status
put(struct mrs_session *s, uint8_t cls, const uint8_t id[32], const void *data, size_t n,
    uint64_t *stored, mars_error *err)
{
    struct mrs_packwriter *w = cls == MRS_CLASS_DATA ? s->data : s->meta;
    bool known;
    mars_status st;

    *stored = 0;
    st = mrs_reusable(s->d, &s->ledger, id, &known, err);
    if (st == MARS_OK && !known)
        st = claim(s, id, &known, err);
    if (st != MARS_OK || known)
        return st;
    /* A failure here fails the whole session, so a claim that came to nothing misleads nobody. */
    st = mrs_packwriter_add(w, cls, id, data, n, &s->opts.compression, stored, err);
    if (st == MARS_OK)
        mrs_chunk_keep(s->d, id, cls, data, n);
    return st;
}

mars_status
mrs_session_put(struct mrs_session *s, uint8_t cls, const void *data, size_t n, uint8_t id[32],
                uint64_t *stored, mars_error *err)
{
    mars_status st = mrs_chunk_id(s->d, cls, data, n, id, err);

    return st == MARS_OK ? put(s, cls, id, data, n, stored, err) : st;
}

mars_status
mrs_session_beat(struct mrs_session *s, mars_error *err)
{
    mars_status st;

    if (mrs_clock_mono() - s->last_beat < BEAT_EVERY_NS)
        return MARS_OK;
    st = mrs_journal_beat(s->journal, s->next_beat, err);
    if (st == MARS_OK)
        st = mrs_session_put_lease(s, s->next_beat++, err);
    return st;
}

const uint8_t *
mrs_session_id(const struct mrs_session *s)
{
    return s->id;
}

const struct mrs_ledger *
mrs_session_ledger(const struct mrs_session *s)
{
    return &s->ledger;
}

const struct mrs_log *
mrs_session_log(const struct mrs_session *s)
{
    return &s->log;
}

uint64_t
mrs_session_added(const struct mrs_session *s)
{
    uint64_t added;

    mrs_mutex_lock(s->lock);
    added = s->added;
    mrs_mutex_unlock(s->lock);
    return added;
}
