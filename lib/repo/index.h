/* Where chunks are: all that the domain's index objects say. Any thread.
 *
 * A run counts only while its index object is in the store: every refresh lists them, and forgets
 * what came from one that is gone or superseded. */
#ifndef MRS_REPO_INDEX_H
#define MRS_REPO_INDEX_H

#include <stdbool.h>

#include "format/index.h"
#include "repo/domain.h"

/* One place of a chunk. */
struct mrs_place {
    struct mrs_blob blob;
    uint8_t pack[32];
    uint8_t kind; /* of the pack */
};

MARS_NODISCARD mars_status mrs_index_new(struct mrs_index **out, mars_error *err);
void mrs_index_free(struct mrs_index *x);

/* List the index objects and read those that are new, from the cache where it has them. Damaged
 * ones are named to `damage` (which may be NULL) and count as absent. fresh: believe no cache and
 * nothing read before. */
MARS_NODISCARD mars_status mrs_index_refresh(struct mrs_index *x, const struct mrs_domain *d,
                                             bool fresh, mrs_damage_fn damage, void *user,
                                             mars_error *err);

/* An index object that was just put, by its payload: as a refresh would read it, without reading it
 * back. Its packs must be durable in the store. */
MARS_NODISCARD mars_status mrs_index_add(struct mrs_index *x, const struct mrs_domain *d,
                                         const uint8_t name[32], const struct mrs_buf *payload,
                                         mars_error *err);

/* The nth place (from 0) of a chunk; false where there is none. */
bool mrs_index_find(struct mrs_index *x, const uint8_t id[32], size_t nth, struct mrs_place *out);

/* Is this index object among those read? */
bool mrs_index_has_object(struct mrs_index *x, const uint8_t name[32]);

/* All packs that the index objects name. fn must not call back into the index. */
typedef mars_status (*mrs_index_pack_fn)(void *user, const struct mrs_index_pack *pack,
                                         mars_error *err);
MARS_NODISCARD mars_status mrs_index_each_pack(struct mrs_index *x, mrs_index_pack_fn fn,
                                               void *user, mars_error *err);
/* The blobs that a pack has by the index; n = 0 if none names it. Freed with mrs_free. Looks at
 * every chunk of the domain: for packs whose own directory is damaged. */
MARS_NODISCARD mars_status mrs_index_pack_blobs(struct mrs_index *x, const uint8_t pack[32],
                                                struct mrs_blob **blobs, size_t *n,
                                                mars_error *err);
/* An index object that names a pack; false if none does. */
bool mrs_index_pack_object(struct mrs_index *x, const uint8_t pack[32], uint8_t object[32]);

#endif
