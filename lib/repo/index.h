/* Where chunks are: all that the domain's index objects say. Any thread.
 *
 * It lies in sorted runs in the cache (cache/run.h), in memory where there is no cache. What came
 * from an index object counts only while that object is in the store: every refresh lists them, and
 * leaves out those that are gone or superseded. A run that turns out damaged is made again from the
 * store on the way, so any call may fail as reading the store can. */
#ifndef MRS_REPO_INDEX_H
#define MRS_REPO_INDEX_H

#include <stdatomic.h>
#include <stdbool.h>

#include "format/index.h"
#include "repo/domain.h"

/* One place of a chunk. */
struct mrs_place {
    struct mrs_blob blob;
    uint8_t pack[32];
    uint8_t kind; /* of the pack */
};

/* Of an open domain, which must outlive it. Reads nothing. */
MARS_NODISCARD mars_status mrs_index_new(struct mrs_index **out, const struct mrs_domain *d,
                                         mars_error *err);
/* NULL is allowed. */
void mrs_index_free(struct mrs_index *x);

struct mrs_log;
/* Take the index objects that the log has, and read those that no run covers. Damaged ones are
 * named to `damage` (which may be NULL) and count as absent. fresh: believe no cache and nothing
 * read before; what is read replaces it. Where it fails the index stays as it was. */
MARS_NODISCARD mars_status mrs_index_refresh(struct mrs_index *x, const struct mrs_log *log,
                                             bool fresh, mrs_damage_fn damage, void *user,
                                             mars_error *err);

/* An index object that was just put, by its payload: as a refresh would read it, without reading it
 * back. Its packs must be durable in the store. */
MARS_NODISCARD mars_status mrs_index_add(struct mrs_index *x, const uint8_t name[32],
                                         const struct mrs_buf *payload, mars_error *err);

/* Where many small index objects have gathered, put one that lists their packs and supersedes them,
 * so that opening a vault stays cheap. *done: there was something to do, its name and size are set,
 * and there may be more. Only for a session with a lease; FORMAT.md section 9. */
MARS_NODISCARD mars_status mrs_index_join(struct mrs_index *x, const uint8_t session[16],
                                          uint8_t name[32], uint64_t *size, bool *done,
                                          mars_error *err);

/* The nth place (from 0) of a chunk. MARS_ERR_NOT_FOUND, and err untouched, where there is none. */
MARS_NODISCARD mars_status mrs_index_find(struct mrs_index *x, const uint8_t id[32], size_t nth,
                                          struct mrs_place *out, mars_error *err);

/* Is this index object among those read, or superseded by one of them? */
bool mrs_index_has_object(struct mrs_index *x, const uint8_t name[32]);

/* All packs that the index objects name, in the order of their names; blobs is NULL. */
typedef mars_status (*mrs_index_pack_fn)(void *user, const struct mrs_index_pack *pack,
                                         mars_error *err);
MARS_NODISCARD mars_status mrs_index_each_pack(struct mrs_index *x, mrs_index_pack_fn fn,
                                               void *user, mars_error *err);
/* All chunks that the index knows, each once. Goes through the whole index. *stop set meanwhile
 * (NULL: never): MARS_ERR_CANCELLED. */
struct mrs_index_totals {
    uint64_t chunks;
    uint64_t bytes; /* of plaintext */
};
MARS_NODISCARD mars_status mrs_index_total(struct mrs_index *x, const atomic_bool *stop,
                                           struct mrs_index_totals *out, mars_error *err);
/* The blobs that a pack has by the index; n = 0 if none names it. Freed with mrs_free. Looks at
 * every chunk of the domain: for packs whose own directory is damaged. */
MARS_NODISCARD mars_status mrs_index_pack_blobs(struct mrs_index *x, const uint8_t pack[32],
                                                struct mrs_blob **blobs, size_t *n,
                                                mars_error *err);
/* An index object that names a pack. MARS_ERR_NOT_FOUND, and err untouched, where none does. */
MARS_NODISCARD mars_status mrs_index_pack_object(struct mrs_index *x, const uint8_t pack[32],
                                                 uint8_t object[32], mars_error *err);

#endif
