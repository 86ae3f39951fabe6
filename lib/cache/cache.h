/* This machine's cache of a domain: copies of vault objects, sealed as they are in the vault, and
 * the journals of running sessions. Nothing in it is believed: copies authenticate like the
 * originals, journals only name packs, which do too. Always rebuildable. Any thread, and any
 * number of processes at once. */
#ifndef MRS_CACHE_CACHE_H
#define MRS_CACHE_CACHE_H

#include <stdbool.h>

#include "base/buf.h"

struct mrs_cache;

/* dir is made if it is missing, but not what is above it: that may be a disk that is not mounted.
 * MARS_ERR_IO naming the directory if it cannot be written to. */
MARS_NODISCARD mars_status mrs_cache_open(struct mrs_cache **out, const char *dir,
                                          const uint8_t domain[16], mars_error *err);
/* NULL is allowed. */
void mrs_cache_close(struct mrs_cache *c);

/* The copy of an object, appended; MARS_ERR_NOT_FOUND if there is none. */
MARS_NODISCARD mars_status mrs_cache_get(struct mrs_cache *c, const char *name,
                                         struct mrs_buf *out, mars_error *err);
/* Keep a copy. Failing costs nothing but time later, so callers may ignore it. */
mars_status mrs_cache_put(struct mrs_cache *c, const char *name, const void *data, size_t n,
                          mars_error *err);
/* Forget a copy that turned out damaged. */
void mrs_cache_drop(struct mrs_cache *c, const char *name);

/* The journal of an item's running session: what an interrupted session left to go on from. Held
 * by one session at a time; MARS_ERR_LOCKED otherwise. */
struct mrs_journal;
MARS_NODISCARD mars_status mrs_journal_open(struct mrs_journal **out, struct mrs_cache *c,
                                            const uint8_t item[16], mars_error *err);
/* What the last session of the item wrote down and did not clear. */
struct mrs_journal_left {
    bool any;
    uint8_t session[16];
    uint64_t generation;
    uint64_t beats;           /* heartbeats may have been put below this number */
    uint8_t (*packs)[33];     /* kind, digest; freed by mrs_free */
    size_t n_packs;
};
MARS_NODISCARD mars_status mrs_journal_read(struct mrs_journal *j, struct mrs_journal_left *left,
                                            mars_error *err);
/* Begin anew with this session. Durable when it returns. */
MARS_NODISCARD mars_status mrs_journal_begin(struct mrs_journal *j, const uint8_t session[16],
                                             uint64_t generation, mars_error *err);
/* A pack was published. Survives the end of the process. Any thread. */
MARS_NODISCARD mars_status mrs_journal_pack(struct mrs_journal *j, uint8_t kind,
                                            const uint8_t digest[32], mars_error *err);
/* A heartbeat with this number is about to be put. */
MARS_NODISCARD mars_status mrs_journal_beat(struct mrs_journal *j, uint64_t number,
                                            mars_error *err);
/* The session ended: nothing is left to go on from. */
MARS_NODISCARD mars_status mrs_journal_clear(struct mrs_journal *j, mars_error *err);
/* Let go of it; what was written down stays unless it was cleared. NULL is allowed. */
void mrs_journal_close(struct mrs_journal *j);

#endif
