/* An unlocked domain: its store, its keys, and what is derived from them. Any thread. */
#ifndef MRS_REPO_DOMAIN_H
#define MRS_REPO_DOMAIN_H

#include <stdbool.h>

#include "base/logger.h"
#include "cache/cache.h"
#include "chunk/cut.h"
#include "crypto/digest.h"
#include "format/name.h"
#include "format/pack.h"
#include "platform/clock.h"
#include "repo/keyring.h"
#include "store/store.h"

struct mrs_index;
struct mrs_pack_keys;

/* Something about an object that does not stop the work: it is damaged, or missing. Any thread. */
typedef void (*mrs_damage_fn)(void *user, const char *relative, const mars_error *why);
/* Is this the object's failure, so that it would fail the next time too? Not that of the way there,
 * nor of a right to go it: what such a failure hides must not pass for absent. */
bool mrs_is_damage(mars_status st);
/* Is it this object alone that cannot be read, so that others may be: is it damaged, or does the
 * store not give it out, by a rule or since it was put away? */
bool mrs_is_unreadable(mars_status st);
/* Is the vault out of reach, so that every other object would fail like this one? */
bool mrs_is_out_of_reach(mars_status st);

struct mrs_domain {
    struct mrs_store *store;     /* borrowed */
    struct mrs_keyring *keys;    /* borrowed */
    struct mrs_cache *cache;     /* borrowed; NULL: none */
    struct mrs_hmac *id_mac;     /* under the chunk id key */
    struct mrs_cutter cutter;    /* of file data */
    uint8_t node_key[16];        /* where directory leaves end */
    struct mrs_index *index;
    struct mrs_pack_keys *pack_keys;
    mrs_damage_fn damage;        /* told of packs from which a chunk could not be read; or NULL */
    void *damage_user;
    const struct mrs_logger *logger; /* borrowed; NULL: nobody is told */
};

/* store, keys and cache must outlive it. Reads nothing from the store. */
MARS_NODISCARD mars_status mrs_domain_open(struct mrs_domain **out, struct mrs_store *store,
                                           struct mrs_keyring *keys, struct mrs_cache *cache,
                                           mars_error *err);
/* NULL is allowed. */
void mrs_domain_close(struct mrs_domain *d);
/* The same domain with a store whose calls end soon once *stop is set. Freed before the domain. */
MARS_NODISCARD mars_status mrs_domain_view(struct mrs_domain *d, const atomic_bool *stop,
                                           struct mrs_domain **out, mars_error *err);
void mrs_domain_free_view(struct mrs_domain *view);

/* FORMAT.md section 7. */
MARS_NODISCARD mars_status mrs_chunk_id(const struct mrs_domain *d, uint8_t cls, const void *data,
                                        size_t n, uint8_t id[32], mars_error *err);
MARS_NODISCARD mars_status mrs_item_id(const struct mrs_domain *d, const uint8_t machine[16],
                                       const char *name, uint8_t id[16], mars_error *err);
MARS_NODISCARD mars_status mrs_link_group(const struct mrs_domain *d, uint64_t fs, uint64_t inode,
                                          struct mrs_time birth, uint8_t id[16], mars_error *err);

/* Read an object and append its payload. named_by_digest: the bytes must have that digest. */
MARS_NODISCARD mars_status mrs_domain_get(const struct mrs_domain *d, uint8_t kind,
                                          enum mrs_need need, const char *relative,
                                          const uint8_t *digest, struct mrs_buf *payload,
                                          mars_error *err);
/* The same for an object that a listing made just now has, named by its context: a copy in the
 * cache may stand in for it, but not for MRS_NEED_VERIFY. object_digest: NULL, or gets SHA-256 of
 * the object. */
MARS_NODISCARD mars_status mrs_domain_get_listed(const struct mrs_domain *d, uint8_t kind,
                                                 enum mrs_need need, const char *relative,
                                                 uint8_t *object_digest, struct mrs_buf *payload,
                                                 mars_error *err);
/* The bytes of a record, by its whole name, that a listing made just now has: from a copy in the
 * cache if there is one. */
MARS_NODISCARD mars_status mrs_domain_get_record(const struct mrs_domain *d, const char *name,
                                                 struct mrs_buf *bytes, mars_error *err);
/* The cache, if it keeps copies of this store's objects: not where the store is as near. */
struct mrs_cache *mrs_domain_copies(const struct mrs_domain *d);
/* Seal and put one under a given relative name. A lost answer is settled by reading back: our own
 * bytes mean success, others MARS_ERR_EXISTS. object_digest: NULL, or gets SHA-256 of the
 * object. */
MARS_NODISCARD mars_status mrs_domain_put(const struct mrs_domain *d, uint8_t kind,
                                          const uint8_t writer[16], const char *relative,
                                          const struct mrs_buf *payload, uint8_t *object_digest,
                                          mars_error *err);
/* The same for an object that is named by its digest: mrs_name_index. */
MARS_NODISCARD mars_status mrs_domain_put_index(const struct mrs_domain *d,
                                                const uint8_t writer[16],
                                                const struct mrs_buf *payload, uint8_t digest[32],
                                                uint64_t *size, mars_error *err);

/* List objects below a relative prefix; names in `info` are relative. */
MARS_NODISCARD mars_status mrs_domain_list(const struct mrs_domain *d, const char *prefix,
                                           enum mrs_list_what what, mrs_list_fn fn, void *user,
                                           mars_error *err);
/* The next flush makes the name of this object, which somebody else put, survive a crash, and all
 * others beside it. */
MARS_NODISCARD mars_status mrs_domain_rely(const struct mrs_domain *d, const char *relative,
                                           mars_error *err);
/* Is there an object of this relative name? */
MARS_NODISCARD mars_status mrs_domain_has(const struct mrs_domain *d, const char *relative,
                                          bool *has, mars_error *err);

#endif
