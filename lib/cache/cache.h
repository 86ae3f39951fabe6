/* This machine's cache of a domain: copies of vault objects, chunks of the trees of the points
 * before, index runs, the point table, and the journals of running sessions. Nothing in it is
 * believed: every file carries a check under a key that only this domain's machines have, bound to
 * the file's name, and what it does not fit is deleted and counts as absent. All but the journals
 * can be fetched again. Any thread, and any number of processes at once. */
#ifndef MRS_CACHE_CACHE_H
#define MRS_CACHE_CACHE_H

#include <stdbool.h>

#include "base/buf.h"
#include "base/logger.h"

enum { MRS_CACHE_KEY_SIZE = 32, MRS_CACHE_TAG_SIZE = 32 };

struct mrs_cache;
struct mrs_lock;

/* dir is made if it is missing, but not what is above it: that may be a disk that is not mounted.
 * MARS_ERR_IO naming the directory if it cannot be written to. */
MARS_NODISCARD mars_status mrs_cache_open(struct mrs_cache **out, const char *dir,
                                          const uint8_t domain[16],
                                          const uint8_t key[MRS_CACHE_KEY_SIZE], mars_error *err);
/* Set before c is shared; outlives c. */
void mrs_cache_set_logger(struct mrs_cache *c, const struct mrs_logger *logger);
/* NULL is allowed. */
void mrs_cache_close(struct mrs_cache *c);

/* Where it is: as it was named. The text lives as long as c, also when it moves. */
const char *mrs_cache_dir(struct mrs_cache *c);
/* Asked as a journal is opened, when the place can no longer be moved away from: is dir still where
 * the cache is to be? Another process may have moved it before. Set before c is shared; fn NULL:
 * nobody is asked. */
typedef mars_status (*mrs_cache_check_fn)(void *user, const char *dir, mars_error *err);
void mrs_cache_set_check(struct mrs_cache *c, mrs_cache_check_fn fn, void *user);

/* What lies in it. */
struct mrs_cache_use {
    uint64_t files;
    uint64_t bytes; /* of all below */
    uint64_t copies; /* of objects, and the point table */
    uint64_t trees;
    uint64_t runs;
    uint64_t journals;
    uint64_t unfinished;
};
MARS_NODISCARD mars_status mrs_cache_count(struct mrs_cache *c, struct mrs_cache_use *use,
                                           mars_error *err);
/* On its disk, for this process. */
MARS_NODISCARD mars_status mrs_cache_free_space(struct mrs_cache *c, uint64_t *bytes,
                                                mars_error *err);
/* At most so many bytes, from now on; 0: no limit. */
void mrs_cache_set_quota(struct mrs_cache *c, uint64_t bytes);
/* May n bytes more be kept? What was not used for longest goes for them, but nothing where that
 * would not be enough. Puts ask themselves, who writes a run asks before it is published. */
bool mrs_cache_admit(struct mrs_cache *c, uint64_t n);
/* The same where they lie in a file of the cache already, which is not counted twice. */
bool mrs_cache_admit_file(struct mrs_cache *c, uint64_t n, const char *path);
/* A file without a name, where an upload waits until it is whole; gone when it is closed.
 * MARS_ERR_QUOTA where the quota leaves no room for n bytes. */
struct mrs_file;
MARS_NODISCARD mars_status mrs_cache_stage(struct mrs_cache *c, uint64_t n, struct mrs_file **out,
                                           mars_error *err);
/* Delete all that can be fetched again. Others may be using it. */
MARS_NODISCARD mars_status mrs_cache_clear(struct mrs_cache *c, mars_error *err);

/* Moving. As long as the domain's cache in dir is held, no session begins in it: MARS_ERR_LOCKED if
 * one runs. MARS_ERR_NOT_FOUND if there is none. Let go with mrs_lock_release. */
MARS_NODISCARD mars_status mrs_cache_hold(const char *dir, const uint8_t domain[16],
                                          struct mrs_lock **held, mars_error *err);
/* Copy all that is whole in `from`, and compare the copies. */
MARS_NODISCARD mars_status mrs_cache_copy(struct mrs_cache *from, struct mrs_cache *to,
                                          mars_error *err);
/* From now on c is where `place` is, which can only be closed after that. */
void mrs_cache_follow(struct mrs_cache *c, struct mrs_cache *place);
/* Delete the domain's part of a directory, and the directory if nothing else is in it. Held. */
MARS_NODISCARD mars_status mrs_cache_remove(const char *dir, const uint8_t domain[16],
                                            mars_error *err);

/* The copy of an object, appended; MARS_ERR_NOT_FOUND if there is none. MARS_ERR_CORRUPT if it is
 * not what was put, or is more than out->max leaves room for: it is deleted, and NOT_FOUND from
 * then on. */
MARS_NODISCARD mars_status mrs_cache_get(struct mrs_cache *c, const char *name,
                                         struct mrs_buf *out, mars_error *err);
/* Keep a copy. Failing costs nothing but time later, so callers may ignore it. */
mars_status mrs_cache_put(struct mrs_cache *c, const char *name, const void *data, size_t n,
                          mars_error *err);
/* Forget a copy that turned out damaged. */
void mrs_cache_drop(struct mrs_cache *c, const char *name);

/* The same for chunks of trees, by their ids. They are plaintext, and lie here sealed. */
MARS_NODISCARD mars_status mrs_cache_get_tree(struct mrs_cache *c, const uint8_t id[32],
                                              struct mrs_buf *out, mars_error *err);
mars_status mrs_cache_put_tree(struct mrs_cache *c, const uint8_t id[32], const void *data,
                               size_t n, mars_error *err);

/* The journal of an item's running session: what an interrupted session left to go on from. Held
 * by one session at a time; MARS_ERR_LOCKED otherwise, and what the cache's check says. */
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
/* A pack was published. Survives the end of the process. Any thread. Only after the journal was
 * begun, or read with something left in it. */
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
