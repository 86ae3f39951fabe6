/* Verify: can what is in the vault be restored? Structure, some or all data, or against disk. */
#ifndef MRS_JOB_VERIFY_H
#define MRS_JOB_VERIFY_H

#include "job/job.h"
#include "repo/points.h"
#include "repo/slots.h"

/* What this machine saw before; anything older in the vault is a rollback. */
struct mrs_expected {
    const struct mrs_seen_head *heads; /* must be there unless the ledger deleted them */
    size_t n_heads;
    uint64_t generation;               /* the ledger must be at least here */
    uint64_t slots;                    /* and the row of slot sets here */
    uint8_t vault_digest[32];          /* of the vault record; zero: not known */
    uint8_t machine[16];
};

struct mrs_verify_spec {
    const char *point;  /* NULL: all points of the domain; else one, as mrs_points_resolve takes */
    const char *item;
    bool read_data;
    uint32_t sample_percent; /* not 0: read a random choice of packs with that part of the bytes */
    struct mrs_expected expected;
};

struct mrs_verify_counts {
    uint64_t points;
    uint64_t objects;
    uint64_t bytes_read;
    uint64_t damaged;
    uint64_t files_lost;
    uint64_t differences;
    uint64_t packs;       /* in the store */
    uint64_t pack_bytes;
    uint64_t packs_read;
    uint64_t pack_bytes_read;
    uint64_t elapsed_ns;
};

/* MARS_ERR_CORRUPT if anything is damaged or missing. */
MARS_NODISCARD mars_status mrs_verify_run(struct mrs_engine *engine, struct mrs_domain *d,
                                          const struct mrs_verify_spec *spec,
                                          const struct mrs_listener *listener,
                                          struct mrs_verify_counts *counts, mars_error *err);

/* Compare one point with the files as they are now. Differences are events and counted. */
MARS_NODISCARD mars_status mrs_verify_disk(struct mrs_engine *engine, struct mrs_domain *d,
                                           const struct mrs_point *point,
                                           const struct mrs_listener *listener,
                                           struct mrs_verify_counts *counts, mars_error *err);

#endif
