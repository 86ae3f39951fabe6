#ifndef MRS_JOB_VERIFY_INT_H
#define MRS_JOB_VERIFY_INT_H

#include "base/map.h"
#include "base/vec.h"
#include "job/verify.h"
#include "repo/scratch.h"
#include "repo/treereader.h"

struct mrs_verify {
    struct mrs_job job;
    struct mrs_verify_spec spec;
    struct mrs_verify_counts counts; /* guarded by the job's lock */
    struct mrs_thread *thread;
    struct mrs_domain *d;            /* like the job's, but with an index of its own */
    struct mrs_log log;
    struct mrs_ledger ledger;
    struct mrs_points points;
    struct mrs_map listed;           /* packs in the store -> size (uint64_t) */
    struct mrs_map bad_packs;        /* missing, of a wrong size, or damaged beyond their blobs */
    struct mrs_map bad_places;       /* blobs that do not open: see mrs_verify_bad_place */
    struct mrs_map named;            /* packs that were reported */
    struct mrs_map clean;            /* nodes under which all was found */
    struct mrs_scratch_pool *scratch; /* of the workers that read packs */
    size_t tasks;                    /* guarded */
};

/* A pack that is in the store. */
struct mrs_verify_pack {
    uint8_t name[32];
    uint8_t kind;
    uint64_t size;
};

void mrs_verify_main(void *verify);

/* Name a damaged object and count it. Any thread. */
void mrs_verify_damage(void *verify, const char *relative, const mars_error *why);
/* An object was looked at, and so many bytes of it read. Any thread. */
void mrs_verify_count_object(struct mrs_verify *v, uint64_t bytes);

/* Everything that is no pack. */
mars_status mrs_verify_records(struct mrs_verify *v, mars_error *err);
/* Which packs are there, and do they have the size that the index says? */
mars_status mrs_verify_list_packs(struct mrs_verify *v, mars_error *err);
/* Read every pack that is there, or a sample of them. */
mars_status mrs_verify_read_packs(struct mrs_verify *v, mars_error *err);
/* Read one, and remember what of it does not open. On a worker. */
void mrs_verify_read_pack(struct mrs_verify *v, const struct mrs_verify_pack *pack);
/* Follow every point to its chunks and name what is lost. */
mars_status mrs_verify_points(struct mrs_verify *v, mars_error *err);

/* Remember a blob that does not open. Any thread. */
mars_status mrs_verify_bad_place(struct mrs_verify *v, const uint8_t pack[32], uint32_t slot,
                                 mars_error *err);
/* The length of a chunk that has a place from which it can be read, as far as is known;
 * MARS_ERR_NOT_FOUND, and err untouched, where it has none. */
mars_status mrs_verify_find_chunk(struct mrs_verify *v, const uint8_t id[32], uint8_t cls,
                                  uint64_t *len, mars_error *err);

#endif
