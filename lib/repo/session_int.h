/* What the files of a session share. */
#ifndef MRS_REPO_SESSION_INT_H
#define MRS_REPO_SESSION_INT_H

#include "base/map.h"
#include "base/vec.h"
#include "repo/session.h"

enum { MRS_SESSION_BLOBS = 65536 }; /* in finished packs: then an index object is put */

struct mrs_session {
    struct mrs_domain *d;
    struct mrs_session_options opts;
    uint8_t id[16];
    struct mrs_journal *journal;
    struct mrs_journal_left left; /* what an interrupted session left */
    struct mrs_log log;           /* as it was listed after the lease was put */
    struct mrs_ledger ledger;     /* as of this session's generation */
    struct mrs_packwriter *data;
    struct mrs_packwriter *meta;
    struct mrs_uploader *uploader; /* of both; NULL: the store is near */
    uint64_t next_beat;
    uint64_t last_beat;           /* mrs_clock_mono */
    struct mrs_mutex *lock;       /* guards what follows */
    struct mrs_vec indexes;       /* names (32) of index objects that it wrote */
    struct mrs_map mine;          /* chunks in its packs, or on their way there, and in no index */
    struct mrs_vec packs;         /* struct mrs_finished_pack: that no index object lists yet */
    size_t blobs;                 /* of these */
    uint64_t added;
};

/* List the log. */
mars_status mrs_session_list(struct mrs_session *s, mars_error *err);
/* Put lease or heartbeat `number`. */
mars_status mrs_session_put_lease(struct mrs_session *s, uint64_t number, mars_error *err);

/* Take over the session that the journal names, if it can go on. Cleans up behind one that
 * cannot. */
mars_status mrs_session_resume(struct mrs_session *s, bool *resumed, mars_error *err);
/* Take over its packs; after the index was read. */
mars_status mrs_session_adopt_packs(struct mrs_session *s, mars_error *err);

/* Put index objects for the finished packs that none lists yet. Any thread. */
mars_status mrs_session_index_packs(struct mrs_session *s, mars_error *err);
/* An index object of this session was put. */
mars_status mrs_session_note_index(struct mrs_session *s, const uint8_t name[32], uint64_t size,
                                   mars_error *err);
void mrs_session_free_packs(struct mrs_vec *packs);

#endif
