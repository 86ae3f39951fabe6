/* The order of a commit: packs, durable, index, durable, then the point. */
#include <inttypes.h>
#include <string.h>

#include "base/err.h"
#include "repo/session_int.h"

/* Small index objects of this session and those before may have become many. What cannot be joined
 * now is joined by another session. */
static mars_status
join_indexes(struct mrs_session *s, mars_error *err)
{
    bool more = s->indexes.len > 0;
    mars_status st = MARS_OK;

    while (st == MARS_OK && more) {
        uint8_t name[32];
        uint64_t size;

        if (mrs_index_join(s->d->index, s->id, name, &size, &more, NULL) != MARS_OK)
            break;
        if (more)
            st = mrs_session_note_index(s, name, size, err);
    }
    return st;
}

static mars_status
put_point(struct mrs_session *s, struct mrs_point *point, mars_error *err)
{
    struct mrs_buf payload = MRS_BUF_INIT(MRS_OBJECT_MAX);
    char relative[MRS_OBJECT_NAME_MAX];
    mars_status st;

    memcpy(point->session, s->id, 16);
    memcpy(point->item, s->opts.item, 16);
    memcpy(point->machine, s->opts.machine, 16);
    point->ledger_number = s->ledger.generation;
    memcpy(point->ledger_hash, s->ledger.last_hash, 32);
    point->indexes = s->indexes.items;
    point->n_indexes = s->indexes.len;
    point->added_bytes = s->added;
    mrs_name_point(relative, s->opts.item, s->id);
    st = mrs_point_encode(point, &payload, err);
    if (st == MARS_OK)
        st = mrs_domain_put(s->d, MRS_KIND_POINT, s->id, relative, &payload, NULL, err);
    if (st == MARS_OK)
        st = mrs_store_flush(s->d->store, err);
    if (st == MARS_OK)
        mrs_logf(s->d->logger, MARS_LEVEL_INFO, "session", "%s: put, with %zu index objects and %"
                 PRIu64 " bytes that are new", relative, point->n_indexes, point->added_bytes);
    point->indexes = NULL; /* they were lent */
    point->n_indexes = 0;
    mrs_buf_free(&payload);
    return st;
}

/* Success is only success if no collector had given up on this session. */
static mars_status
look_for_fence(struct mrs_session *s, mars_error *err)
{
    char relative[MRS_OBJECT_NAME_MAX];
    bool fenced = false;
    mars_status st;

    mrs_name_fence(relative, s->id, 0);
    st = mrs_domain_has(s->d, relative, &fenced, err);
    if (st == MARS_OK && fenced)
        st = mrs_fail(err, MARS_ERR_STATE, "%s: a collector gave up on this session while it was "
                      "silent; its point may not count: run the backup again", relative);
    return st;
}

/* The point will name these; that they are missing one day must not look like a deletion. */
static mars_status
rely_on_named(struct mrs_session *s, const struct mrs_point *point, mars_error *err)
{
    char relative[MRS_OBJECT_NAME_MAX];
    mars_status st = MARS_OK;

    if (s->ledger.generation > 0) {
        mrs_name_ledger(relative, s->ledger.generation);
        st = mrs_domain_rely(s->d, relative, err);
    }
    for (size_t i = 0; st == MARS_OK && i < point->n_others; i++) {
        mrs_name_point(relative, point->others[i].item, point->others[i].session);
        st = mrs_domain_rely(s->d, relative, err);
    }
    return st;
}

mars_status
mrs_session_commit(struct mrs_session *s, struct mrs_point *point, mars_error *err)
{
    mars_status st = mrs_packwriter_finish(s->data, err);

    if (st == MARS_OK)
        st = mrs_packwriter_finish(s->meta, err);
    if (st == MARS_OK && s->uploader != NULL)
        st = mrs_uploader_wait(s->uploader, err);
    if (st == MARS_OK)
        st = mrs_session_index_packs(s, err);
    if (st == MARS_OK)
        st = join_indexes(s, err);
    if (st == MARS_OK)
        st = rely_on_named(s, point, err);
    if (st == MARS_OK)
        st = mrs_store_flush(s->d->store, err);
    if (st == MARS_OK)
        st = put_point(s, point, err);
    if (st == MARS_OK)
        st = look_for_fence(s, err);
    /* A journal that cannot be cleared costs the next session a look at a point that is there. */
    if (st == MARS_OK)
        (void)!mrs_journal_clear(s->journal, NULL);
    return st == MARS_OK ? st : mrs_context(err, st, "committing");
}
