/* What the files of this room share. Below a cache's directory, in ROOT, a folder named by the
 * domain's id:
 *
 *     objects/NAME     copies of objects, sealed as they are in the vault
 *     trees/xx/ID      chunks of trees, sealed by this room
 *     runs/ID          index runs: run.h
 *     points/ID        parts of the point table, sealed by this room: part.h
 *     journal/ITEM     journals, with ITEM.lock
 *     tmp/             files in the making
 *     lock             held shared by sessions, alone by whoever moves the cache
 */
#ifndef MRS_CACHE_CACHE_INT_H
#define MRS_CACHE_CACHE_INT_H

#include <stdbool.h>

#include "base/vec.h"
#include "cache/cache.h"
#include "crypto/digest.h"
#include "platform/file.h"
#include "platform/thread.h"

#define MRS_CACHE_OBJECTS "objects"
#define MRS_CACHE_TREES "trees"
#define MRS_CACHE_RUNS "runs"
#define MRS_CACHE_POINTS "points"
#define MRS_CACHE_JOURNAL "journal"
#define MRS_CACHE_TMP "tmp"
#define MRS_CACHE_LOCK "lock"

/* Where a cache is, or was: who asked for dir may still have it. */
struct mrs_cache_place {
    struct mrs_cache_place *before;
    char *root; /* the domain's part of dir */
    char dir[]; /* as the caller named it */
};

struct mrs_cache {
    struct mrs_hmac *mac;   /* under the key: of all that is kept here */
    uint8_t tree_key[MRS_CACHE_KEY_SIZE];
    mrs_cache_check_fn check; /* or NULL */
    void *check_user;
    const struct mrs_logger *logger; /* or NULL */
    struct mrs_mutex *lock; /* guards all below */
    struct mrs_cache_place *at;
    uint64_t quota;         /* bytes; 0: none */
    uint64_t room;          /* bytes that may be added before it is counted again */
    uint64_t counted;       /* when that was, mrs_clock_mono */
    bool full;              /* nothing more could go then */
    bool counting;          /* some thread does */
};

/* a/b, or a/b/c where c is not NULL. For mrs_free; NULL when out of memory. */
char *mrs_cache_join(const char *a, const char *b, const char *c);
/* ROOT of a domain in dir. For mrs_free; NULL when out of memory. */
char *mrs_cache_domain_root(const char *dir, const uint8_t domain[16]);
/* ROOT/folder/name, or ROOT/folder where name is NULL. For mrs_free; NULL when out of memory. */
char *mrs_cache_path(struct mrs_cache *c, const char *folder, const char *name);

/* What lies in a cache. */
enum mrs_cache_kind {
    MRS_CACHE_KIND_COPY,
    MRS_CACHE_KIND_TREE,
    MRS_CACHE_KIND_POINTS,
    MRS_CACHE_KIND_RUN,
    MRS_CACHE_KIND_JOURNAL, /* and its lock */
    MRS_CACHE_KIND_TMP,
    MRS_CACHE_KINDS
};
struct mrs_cache_file {
    enum mrs_cache_kind kind;
    const char *path; /* whole */
    const char *name; /* below the folder of its kind */
    uint64_t size;
    struct mrs_time mtime;
};
/* Every file below root that is the library's own, by its name: nothing else is ever touched, and
 * no link followed. A status other than MARS_OK from fn ends the walk. prune: afterwards delete
 * the directories below the folders that are empty. */
typedef mars_status (*mrs_cache_file_fn)(void *user, const struct mrs_cache_file *f,
                                         mars_error *err);
MARS_NODISCARD mars_status mrs_cache_walk(const char *root, bool prune, mrs_cache_file_fn fn,
                                          void *user, mars_error *err);
/* Where it is now: lives as long as c. */
const struct mrs_cache_place *mrs_cache_at(struct mrs_cache *c);
/* ROOT as it is now. For mrs_free; NULL when out of memory. */
char *mrs_cache_root(struct mrs_cache *c);

/* What was made in ROOT, its directory and the one above is on the medium when this returns:
 * without them a journal that was flushed could not be found. */
MARS_NODISCARD mars_status mrs_cache_sync_dirs(struct mrs_cache *c, mars_error *err);

/* A new name below ROOT/tmp. */
MARS_NODISCARD mars_status mrs_cache_tmp_path(struct mrs_cache *c, char **out, mars_error *err);

/* The check of some bytes: `what` says which they are. */
MARS_NODISCARD mars_status mrs_cache_tag(struct mrs_cache *c, const char *what, const void *data,
                                         size_t n, uint8_t tag[MRS_CACHE_TAG_SIZE],
                                         mars_error *err);

/* A file's time says when it was used, to some hours: that decides what goes where room is
 * wanted. */
void mrs_cache_note_use(const char *path);

/* Make what is missing of a file's folder and the directories in it; path is that of
 * mrs_cache_path, and left as it was. ROOT and what is above it are not made: they may be on a disk
 * that was unmounted. */
MARS_NODISCARD mars_status mrs_cache_make_parent(char *path, const char *folder, const char *name,
                                                 mars_error *err);

/* The first bytes of a file, its check or what it was sealed with, and all behind them. */
MARS_NODISCARD mars_status mrs_cache_file_load(const char *path, uint8_t head[MRS_CACHE_TAG_SIZE],
                                               struct mrs_buf *out, mars_error *err);
/* Published whole or not at all; one that is there stays. */
MARS_NODISCARD mars_status mrs_cache_file_publish(struct mrs_cache *c, const char *folder,
                                                  const char *name,
                                                  const uint8_t head[MRS_CACHE_TAG_SIZE],
                                                  const void *data, size_t n, mars_error *err);
/* What seals a file's content: every one has a key of its own, from its salt. */
enum { MRS_CACHE_SALT_SIZE = MRS_CACHE_TAG_SIZE };
struct mrs_aead;
MARS_NODISCARD mars_status mrs_cache_file_aead(const struct mrs_cache *c,
                                               const uint8_t salt[MRS_CACHE_SALT_SIZE],
                                               struct mrs_aead **out, mars_error *err);

/* A file of a folder, behind its check. The name is the library's own. */
MARS_NODISCARD mars_status mrs_cache_file_get(struct mrs_cache *c, const char *folder,
                                              const char *name, struct mrs_buf *out,
                                              mars_error *err);
MARS_NODISCARD mars_status mrs_cache_file_put(struct mrs_cache *c, const char *folder,
                                              const char *name, const void *data, size_t n,
                                              mars_error *err);
void mrs_cache_file_drop(struct mrs_cache *c, const char *folder, const char *name);

#endif
