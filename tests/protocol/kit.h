/* A domain in a memory store, with a cache in a directory of its own. */
#ifndef TEST_PROTOCOL_KIT_H
#define TEST_PROTOCOL_KIT_H

#include "repo/session.h"
#include "store/store.h"
#include "tmpdir.h"

struct kit {
    struct mrs_store *store;
    struct mrs_keyring *keys;
    struct mrs_cache *cache;
    struct mrs_domain *d;
    char dir[TMPDIR_PATH_MAX];
    struct mrs_session_options opts; /* item 16 bytes 11, machine 16 bytes 22 */
};

/* cmocka set-up and tear-down: *state is a struct kit *. */
int kit_make(void **state);
int kit_remove(void **state);

/* A new session on the kit's item, or fail. */
struct mrs_session *kit_begin(struct kit *k);
/* Put `size` bytes that depend on the seed; gives the chunk's id and what was stored. */
uint64_t kit_put(struct mrs_session *s, size_t size, uint32_t seed, uint8_t id[32]);
/* Commit and close; gives the session's id. */
void kit_commit(struct mrs_session *s, uint8_t session[16]);

/* How many objects of the domain have this part in their names; the last of them in name. */
size_t kit_count(struct kit *k, const char *part, char name[MRS_OBJECT_NAME_MAX]);
/* Flip a bit in the middle of an object (full name). */
void kit_damage(struct kit *k, const char *name);
/* Put an empty fence of a session. */
void kit_fence(struct kit *k, const uint8_t session[16], bool closed);
/* Append a ledger record with one operation on a pack. */
void kit_ledger(struct kit *k, enum mrs_ledger_op_kind kind, const uint8_t pack[32]);

#endif
