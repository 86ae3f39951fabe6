/* One running backup: its lease, its journal, its packs. FORMAT.md sections 14 and 15. */
#ifndef MRS_REPO_SESSION_H
#define MRS_REPO_SESSION_H

#include "format/point.h"
#include "repo/ledger.h"
#include "repo/packwriter.h"

struct mrs_session;

struct mrs_session_options {
    uint8_t machine[16];
    uint8_t item[16];
    struct mrs_compression compression;
    bool skip_check;      /* do not open again what was sealed */
    const struct mrs_log *log; /* as it was a moment ago, borrowed for begin; NULL: it is listed */
    mrs_damage_fn damage; /* objects that could not be read on the way; may be NULL */
    void *user;
};

/* Take the item's journal, go on with an interrupted session or begin one: log, lease, log again,
 * index. Needs a cache. MARS_ERR_LOCKED if the item is being backed up. */
MARS_NODISCARD mars_status mrs_session_begin(struct mrs_session **out, struct mrs_domain *d,
                                             const struct mrs_session_options *opts,
                                             mars_error *err);

/* May a backup rely on what the index says of this chunk? Not where all its packs are
 * tombstoned. */
MARS_NODISCARD mars_status mrs_reusable(struct mrs_domain *d, const struct mrs_ledger *ledger,
                                        const uint8_t id[32], bool *yes, mars_error *err);
/* Make sure that a chunk is in the vault, or will be when the session commits. Any number of
 * threads. *stored: bytes that were added for it; 0 if it was known. */
MARS_NODISCARD mars_status mrs_session_put(struct mrs_session *s, uint8_t cls, const void *data,
                                           size_t n, uint8_t id[32], uint64_t *stored,
                                           mars_error *err);

/* Put the next heartbeat if it is due. One thread. */
MARS_NODISCARD mars_status mrs_session_beat(struct mrs_session *s, mars_error *err);

/* Publish packs and index, make all durable, put the point, look for a fence. No put may be
 * running. Fills in session, item, machine, ledger and index fields of the point. A point that a
 * collector fenced off is MARS_ERR_STATE. */
MARS_NODISCARD mars_status mrs_session_commit(struct mrs_session *s, struct mrs_point *point,
                                              mars_error *err);
/* Let go. What was not committed stays invisible, and the item's next session uses it. NULL is
 * allowed. */
void mrs_session_close(struct mrs_session *s);

const uint8_t *mrs_session_id(const struct mrs_session *s);
const struct mrs_ledger *mrs_session_ledger(const struct mrs_session *s);
/* As it was listed after the lease was put. */
const struct mrs_log *mrs_session_log(const struct mrs_session *s);
/* Bytes put into the vault so far, packs that were taken over from an interrupted session left
 * out. Any thread. */
uint64_t mrs_session_added(const struct mrs_session *s);

#endif
