/* Named opaque objects somewhere. Every object is write-once: put-if-absent, read, list, and,
 * for a collector only, delete. Knows no keys.
 *
 * Names: components of [a-z0-9._-], at most 100 bytes each, separated by "/", no component "."
 * or "..", at most 512 bytes in all; "tmp" is reserved as a first component. A get or list sees
 * every commit that has returned, from any client. All functions: any number of threads at once,
 * an upload one thread at a time. */
#ifndef MRS_STORE_STORE_H
#define MRS_STORE_STORE_H

#include <stdatomic.h>
#include <stdbool.h>

#include "base/buf.h"
#include "platform/clock.h"
#include "store/access.h"

enum { MRS_NAME_MAX = 512 };

struct mrs_store;
struct mrs_upload;
struct mrs_file;

/* "file:///path" (made if create is true; otherwise MARS_ERR_NOT_FOUND if it is not there),
 * "memory:" (empty, gone with its handle), "custom:NAME" (the one in access),
 * "azblob://ACCOUNT/CONTAINER[/PREFIX]" or the same as https://, "s3://BUCKET[/PREFIX]". access
 * NULL: nothing is said. Of a store over the network nothing is asked yet. */
MARS_NODISCARD mars_status mrs_store_open(struct mrs_store **out, const char *url, int create,
                                          const struct mrs_access *access, mars_error *err);
/* NULL is allowed. */
void mrs_store_close(struct mrs_store *s);
/* What it was opened with, without secrets. */
const char *mrs_store_url(const struct mrs_store *s);
/* What a machine needs of `access`, by which this store was opened, to read, list and create, until
 * then where the store can limit it: added to out. */
MARS_NODISCARD mars_status mrs_store_grant(struct mrs_store *s, const struct mrs_access *access,
                                           int64_t until, struct mrs_access *out, mars_error *err);
/* A second handle, whose calls end soon with MARS_ERR_CANCELLED once *stop is set. Closed before
 * the first. */
MARS_NODISCARD mars_status mrs_store_view(struct mrs_store *s, const atomic_bool *stop,
                                          struct mrs_store **out, mars_error *err);
/* Where large uploads wait until they are whole, where they cannot wait in the store: a new file
 * that has no name. Set before any upload; until then they wait in memory. */
struct mrs_stage {
    mars_status (*open)(void *user, struct mrs_file **out, mars_error *err);
    void *user;
};
void mrs_store_set_stage(struct mrs_store *s, const struct mrs_stage *stage);
/* Is it as near as this machine's own disks, so that a copy kept there would save nothing? */
bool mrs_store_is_near(const struct mrs_store *s);

/* An object in the making, invisible. `owner` (16 bytes) marks what it leaves behind if this
 * process dies, for mrs_store_sweep. */
MARS_NODISCARD mars_status mrs_store_begin(struct mrs_store *s, const uint8_t owner[16],
                                           struct mrs_upload **out, mars_error *err);
MARS_NODISCARD mars_status mrs_upload_append(struct mrs_upload *u, const void *data, size_t n,
                                             mars_error *err);
/* Publish under name if that is free, and free the upload in every case. MARS_ERR_EXISTS if it is
 * taken. Durable once mrs_store_flush has returned. */
MARS_NODISCARD mars_status mrs_upload_commit(struct mrs_upload *u, const char *name,
                                             mars_error *err);
/* Forget it. NULL is allowed. */
void mrs_upload_abandon(struct mrs_upload *u);
/* begin, append, commit in one. */
MARS_NODISCARD mars_status mrs_store_put(struct mrs_store *s, const uint8_t owner[16],
                                         const char *name, const void *data, size_t n,
                                         mars_error *err);
/* An object that another handle put is relied on: the next flush makes its name survive a crash,
 * and those of all others in its directory. Who put it may have been killed before his flush. */
MARS_NODISCARD mars_status mrs_store_rely(struct mrs_store *s, const char *name, mars_error *err);
/* Every commit that returned before this call survives a crash when it returns. */
MARS_NODISCARD mars_status mrs_store_flush(struct mrs_store *s, mars_error *err);
/* Remove what dead uploads of owner left behind. */
MARS_NODISCARD mars_status mrs_store_sweep(struct mrs_store *s, const uint8_t owner[16],
                                           mars_error *err);

/* Exactly n bytes from offset; MARS_ERR_NOT_FOUND if there is no such object, MARS_ERR_CORRUPT if
 * it ends before. */
MARS_NODISCARD mars_status mrs_store_read(struct mrs_store *s, const char *name, uint64_t offset,
                                          void *out, size_t n, mars_error *err);
/* The whole object, appended to out, whose max bounds it (MARS_ERR_CORRUPT if it is larger). */
MARS_NODISCARD mars_status mrs_store_get(struct mrs_store *s, const char *name,
                                         struct mrs_buf *out, mars_error *err);

struct mrs_object_info {
    const char *name; /* whole; borrowed for the call */
    uint64_t size;
    struct mrs_time mtime; /* by the store's own clock */
};
MARS_NODISCARD mars_status mrs_store_stat(struct mrs_store *s, const char *name,
                                          struct mrs_object_info *info, mars_error *err);
/* Names alone cost a store less; size and mtime are zero then. */
enum mrs_list_what { MRS_LIST_NAMES, MRS_LIST_INFO };
/* Every object whose name begins with prefix (empty, or ending in "/"), at any depth, in no
 * order; none is no error. Names that no store of ours makes are passed over. A status other than
 * MARS_OK from fn ends the walk. */
typedef mars_status (*mrs_list_fn)(void *user, const struct mrs_object_info *info,
                                   mars_error *err);
MARS_NODISCARD mars_status mrs_store_list(struct mrs_store *s, const char *prefix,
                                          enum mrs_list_what what, mrs_list_fn fn, void *user,
                                          mars_error *err);
/* Collectors only. MARS_ERR_NOT_FOUND if it is not there. */
MARS_NODISCARD mars_status mrs_store_delete(struct mrs_store *s, const char *name,
                                            mars_error *err);

#endif
