/* Restore: walk the point, gather what chunks are wanted, fetch them pack by pack in coalesced
 * ranges, open, write, finish files and directories as their parts are done. Memory is the engine's
 * budget, a batch of wants, and the first name of each hard link group. */
#ifndef MRS_JOB_RESTORE_H
#define MRS_JOB_RESTORE_H

#include "job/job.h"
#include "job/select.h"
#include "repo/points.h"
#include "target/target.h"

struct mrs_restore_spec {
    const struct mrs_point *point;
    const mars_sink *sink;     /* where to; else below target, a directory */
    const char *target;        /* NUL-terminated */
    struct mrs_select select;
    enum mrs_conflict conflict;
    bool no_acl;
    bool no_owner;
    bool dry_run;
    bool report_files;
};

struct mrs_restore_counts {
    uint64_t restored;
    uint64_t directories;
    uint64_t present;
    uint64_t skipped;
    uint64_t failed;
    uint64_t warnings;
    uint64_t bytes_written;
    uint64_t bytes_fetched;
    uint64_t elapsed_ns;
};

/* Returns when all is done. Files that could not be restored are events, and the result is then
 * MARS_ERR_CORRUPT, or MARS_ERR_IO where the target was at fault. A path of the selection that the
 * point does not have is MARS_ERR_NOT_FOUND. The index was refreshed. */
MARS_NODISCARD mars_status mrs_restore_run(struct mrs_engine *engine, struct mrs_domain *d,
                                           const struct mrs_restore_spec *spec,
                                           const struct mrs_listener *listener,
                                           struct mrs_restore_counts *counts, mars_error *err);

#endif
