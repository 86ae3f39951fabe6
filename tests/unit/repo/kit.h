/* What the tests of lib/repo share: a domain in a memory store with a cache, made without the
 * passphrase's cost, and a spy between the library and the store. */
#ifndef REPO_KIT_H
#define REPO_KIT_H

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "failing_alloc.h"
#include "repo/chunk.h"
#include "repo/session.h"
#include "tmpdir.h"

struct kit {
    char top[TMPDIR_PATH_MAX];
    struct mrs_store *store;
    struct mrs_keyring *keys;
    struct mrs_cache *cache;
    struct mrs_domain *d;
    size_t live; /* blocks before it was made */
};

int kit_set_up(void **state);
/* Also checks that nothing is left allocated. */
int kit_tear_down(void **state);
#define KIT_TEST(fn) cmocka_unit_test_setup_teardown(fn, kit_set_up, kit_tear_down)

/* A keyring with the six first keys, random, or with the domain id of `like`. */
struct mrs_keyring *kit_keyring(void);
/* A second handle on the same domain, with nothing read. */
struct mrs_domain *kit_open(const struct kit *k, struct mrs_cache *cache);
/* Close and open k->d. */
void kit_reopen(struct kit *k);

/* Delete the cache's index runs. */
void kit_drop_runs(const struct kit *k);

/* What the spy is told of. The name is whole; NULL for SPY_BEGIN and SPY_APPEND. */
enum spy_call {
    SPY_BEGIN,
    SPY_COMMIT,
    SPY_COMMITTED,
    SPY_READ,
    SPY_STAT,
    SPY_LIST,
    SPY_APPEND,
    SPY_RELY
};
/* A status other than MARS_OK is given in place of the call's own (for SPY_COMMITTED: although
 * the object is there). The spy is off while fn runs. */
typedef mars_status (*spy_fn)(void *user, enum spy_call call, const char *name);
void kit_spy(struct kit *k, spy_fn fn, void *user);
void kit_put_spy_between(struct mrs_store *store);
/* From now on the store is one of which the cache keeps copies. */
void kit_far(void);

/* A spy that fails the calls of one kind whose names hold `part`, after the first `skip`. */
struct kit_failure {
    enum spy_call call;
    const char *part;
    mars_status st;
    size_t skip;
    size_t met; /* calls that fit */
};
mars_status kit_fail_spy(void *failure, enum spy_call call, const char *name);

/* A spy that notes calls in order: 'B' begin, 'C' commit, 'L' list, 'S' stat, 'R' read, and the
 * kind of object: the first letters below the domain. "Cpo" is the commit of a point. 'A' is an
 * append, 'Y' that a name is relied on. */
struct kit_log {
    char text[4096];
    size_t n;
    const char *calls; /* letters to note */
};
mars_status kit_log_spy(void *log, enum spy_call call, const char *name);

/* Objects of the domain: names are relative. */
size_t kit_count(const struct kit *k, const char *prefix);
bool kit_has(const struct kit *k, const char *relative);
void kit_get(const struct kit *k, const char *relative, struct mrs_buf *out);
void kit_delete(const struct kit *k, const char *relative);
void kit_put(const struct kit *k, const char *relative, const void *data, size_t n);
/* Flip a bit of the byte at `offset`; negative: from the end. */
void kit_damage(const struct kit *k, const char *relative, long offset);
/* The relative name of the only object below a prefix. */
void kit_only(const struct kit *k, const char *prefix, char out[MRS_OBJECT_NAME_MAX]);

void kit_fence(const struct kit *k, const uint8_t session[16], int closed);
/* Put the ledger's next record. */
void kit_ledger(const struct kit *k, struct mrs_ledger_op *op);
void kit_tombstone(const struct kit *k, uint32_t kind, const uint8_t pack[32]);

struct mrs_session_options kit_options(uint8_t item);
struct mrs_session *kit_begin(const struct kit *k, uint8_t item);
/* Store these bytes as a chunk; how many bytes that added. */
uint64_t kit_store(struct mrs_session *s, uint8_t cls, const void *data, size_t n,
                   uint8_t id[32]);
/* Commit a point without roots, and close. */
void kit_commit(struct mrs_session *s);
/* In one session of its own: this chunk. */
void kit_backup(const struct kit *k, uint8_t item, const void *data, size_t n, uint8_t id[32]);
/* Does the chunk open to these bytes, read with nothing remembered? */
mars_status kit_read(const struct kit *k, const uint8_t id[32], const void *data, size_t n);

/* Bytes that look random, from a seed. */
void kit_noise(void *out, size_t n, uint64_t seed);
/* Bytes allocated in this process, by whom ever. */
size_t kit_heap(void);

/* A mrs_damage_fn that counts in a struct kit_damages. */
struct kit_damages {
    size_t n;
    char last[MRS_OBJECT_NAME_MAX];
    mars_error why;
};
void kit_note_damage(void *damages, const char *relative, const mars_error *why);

/* Arm the allocator with 0, step, 2 step, … until fn is not hit by it any more: each time the
 * status must be MARS_OK or MARS_ERR_NOMEM and the live count back at the start. What fn put into
 * the store is taken out of it again (k NULL: it puts nothing), but for the ledger. Returns how
 * often fn failed. */
typedef mars_status (*kit_try_fn)(void *user);
size_t kit_fail_allocations(const struct kit *k, kit_try_fn fn, void *user, size_t step);
/* Delete all objects below a relative prefix. */
void kit_clean(const struct kit *k, const char *prefix);

#endif
