/* Index runs: immutable sorted tables of where chunks are, made from index objects. They lie in the
 * cache's folder of runs, or, without a cache, in memory. What a run says is true of the index
 * objects that it covers; whether those still count is for the caller to know.
 *
 * A file of a run is never believed: every page carries a check under a key of the domain, bound to
 * the run's random id and the page's number. What does not fit is MARS_ERR_CORRUPT, and the caller
 * deletes the run and makes it again from the vault. Files are never changed, so any number of
 * processes may share them, and one that is deleted can be read on by whoever has it open. */
#ifndef MRS_CACHE_RUN_H
#define MRS_CACHE_RUN_H

#include <stdbool.h>

#include "base/vec.h"
#include "cache/cache.h"
#include "cache/pages.h"
#include "format/pack.h"

/* Where the runs of one domain are. Any thread. */
struct mrs_runs;
/* cache: NULL, or it must outlive this. */
MARS_NODISCARD mars_status mrs_runs_new(struct mrs_runs **out, struct mrs_cache *cache,
                                        const uint8_t key[32], mars_error *err);
/* After all its runs. NULL is allowed. */
void mrs_runs_free(struct mrs_runs *rs);
/* The ids of the runs in the folder; fn may delete runs. */
typedef mars_status (*mrs_run_id_fn)(void *user, const uint8_t id[16], mars_error *err);
MARS_NODISCARD mars_status mrs_runs_each(struct mrs_runs *rs, mrs_run_id_fn fn, void *user,
                                         mars_error *err);

/* Object `by`, a number in the run, supersedes the one of this name. */
struct mrs_run_superseded {
    uint32_t by;
    uint8_t name[32];
};

struct mrs_run;
/* MARS_ERR_NOT_FOUND if another process deleted it. */
MARS_NODISCARD mars_status mrs_run_open(struct mrs_run **out, struct mrs_runs *rs,
                                        const uint8_t id[16], mars_error *err);
/* One that lies in memory, whose checks nobody looks at; takes the bytes over in any case. */
MARS_NODISCARD mars_status mrs_run_open_memory(struct mrs_run **out, struct mrs_buf *bytes,
                                               mars_error *err);
struct mrs_run *mrs_run_hold(struct mrs_run *r);
/* NULL is allowed. */
void mrs_run_release(struct mrs_run *r);
/* Delete its file; whoever has it open keeps it. */
void mrs_run_delete(struct mrs_run *r);
/* Delete a file that could not be opened. */
void mrs_run_delete_id(struct mrs_runs *rs, const uint8_t id[16]);
/* It is of use: where room is wanted, its file goes after those that are not. */
void mrs_run_note_use(const struct mrs_run *r);
/* Is its file there still? */
bool mrs_run_has_file(const struct mrs_run *r);
/* Was its file written, or of use, more than a day ago last? */
bool mrs_run_is_old(const struct mrs_run *r);

const uint8_t *mrs_run_id(const struct mrs_run *r);
uint64_t mrs_run_chunks(const struct mrs_run *r);
/* The index objects that it covers, by number. */
const uint8_t (*mrs_run_objects(const struct mrs_run *r, uint32_t *n))[32];
const struct mrs_run_superseded *mrs_run_superseded(const struct mrs_run *r, uint32_t *n);

struct mrs_run_pack {
    uint8_t name[32];
    uint64_t size;
    uint32_t object; /* number of the object that names it */
    uint32_t blobs;
    uint8_t kind;
};
struct mrs_run_entry {
    struct mrs_blob blob;
    uint32_t pack; /* its number */
};

/* false: the run surely does not have the chunk. */
bool mrs_run_may_have(const struct mrs_run *r, const uint8_t id[32]);

/* The records of a run in order: entries by chunk id, packs by name; both may repeat. */
enum mrs_run_part { MRS_RUN_PACKS, MRS_RUN_ENTRIES };
struct mrs_run_cursor {
    struct mrs_run *run;
    enum mrs_run_part part;
    uint64_t at;    /* number of the record that comes next */
    uint64_t first; /* page at the start of buf */
    size_t held;    /* pages in buf */
    size_t room;
    uint8_t *buf;
};
/* To look something up: page is what the cursor works in. */
void mrs_run_look(struct mrs_run_cursor *c, struct mrs_run *r, enum mrs_run_part part,
                  uint8_t page[MRS_PAGE_SIZE]);
/* To go through all of it, reading ahead and past the page cache. Ends with mrs_run_scan_end, also
 * where it failed. */
MARS_NODISCARD mars_status mrs_run_scan(struct mrs_run_cursor *c, struct mrs_run *r,
                                        enum mrs_run_part part, mars_error *err);
void mrs_run_scan_end(struct mrs_run_cursor *c);
/* Go to the first record whose key is not below this one. */
MARS_NODISCARD mars_status mrs_run_seek(struct mrs_run_cursor *c, const uint8_t key[32],
                                        mars_error *err);
/* The next record; *more is false at the end. */
MARS_NODISCARD mars_status mrs_run_next_pack(struct mrs_run_cursor *c, struct mrs_run_pack *pack,
                                             bool *more, mars_error *err);
MARS_NODISCARD mars_status mrs_run_next_entry(struct mrs_run_cursor *c, struct mrs_run_entry *entry,
                                              bool *more, mars_error *err);

/* Gathers index objects and makes a run of them. One thread. */
struct mrs_run_builder {
    struct mrs_vec objects;    /* names */
    struct mrs_vec superseded; /* struct mrs_run_superseded */
    struct mrs_vec packs;      /* struct mrs_run_pack */
    struct mrs_vec entries;    /* as they lie in a page */
};
void mrs_run_builder_init(struct mrs_run_builder *b);
void mrs_run_builder_free(struct mrs_run_builder *b);
/* Chunks that fill it; more may be added. */
enum { MRS_RUN_BUILDER_FULL = 128 << 10 };
/* What comes after belongs to this object; packs to it, blobs to the last pack. */
MARS_NODISCARD mars_status mrs_run_builder_object(struct mrs_run_builder *b, const uint8_t name[32],
                                                  mars_error *err);
MARS_NODISCARD mars_status mrs_run_builder_superseded(struct mrs_run_builder *b,
                                                      const uint8_t name[32], mars_error *err);
MARS_NODISCARD mars_status mrs_run_builder_pack(struct mrs_run_builder *b, const uint8_t name[32],
                                                uint8_t kind, uint64_t size, mars_error *err);
MARS_NODISCARD mars_status mrs_run_builder_blob(struct mrs_run_builder *b,
                                                const struct mrs_blob *blob, mars_error *err);
/* A run of all that was added, in memory where the cache cannot take it. Empties the builder, if
 * it succeeds. */
MARS_NODISCARD mars_status mrs_run_build(struct mrs_run **out, struct mrs_runs *rs,
                                         struct mrs_run_builder *b, mars_error *err);

/* A run to merge; counts has for each of its objects whether it is to be in the result. */
struct mrs_run_source {
    struct mrs_run *run;
    const uint8_t *counts;
};
/* One run of several, in a file if there is a cache. *damaged: NULL, or the one that cannot be
 * read, with MARS_ERR_CORRUPT. */
MARS_NODISCARD mars_status mrs_run_merge(struct mrs_run **out, struct mrs_runs *rs,
                                         const struct mrs_run_source *sources, size_t n,
                                         struct mrs_run **damaged, mars_error *err);

#endif
