/* Backup: walk, read, cut, id, known?, compress, seal, check, pack, put; then the commit.
 *
 * A walker thread reads the source and cuts what it reads; the engine's workers do the rest of each
 * chunk; a builder thread takes the entries in order, waits for their chunks, writes the tree and
 * commits. The calling thread delivers events and progress. */
#ifndef MRS_JOB_BACKUP_H
#define MRS_JOB_BACKUP_H

#include "codec/codec.h"
#include "job/job.h"
#include "repo/log.h"
#include "source/source.h"

struct mrs_backup_spec {
    const mars_source *source; /* borrowed until mrs_backup_end; NULL: streams, job/stream.h */
    const struct mrs_log *log; /* as it was a moment ago, borrowed until mrs_backup_end; NULL: it is
                                  listed */
    uint8_t machine[16];
    const char *machine_name;  /* these are copied */
    const char *item;
    struct mrs_compression compression;
    uint32_t warn_permille;    /* of what the item's last point holds, free on the cache's disk: */
    uint32_t refuse_permille;  /* with less there is a warning, or no backup; 0: not looked at */
    bool skip_check;
    bool dry_run;
    bool report_files;
    void (*waiting)(void *user); /* now and then on a thread that waits in a stream; or NULL */
    void *waiting_user;
};

struct mrs_backup_counts {
    uint8_t point[16];
    bool committed;
    uint64_t generation; /* of the ledger that it saw */
    uint64_t files;
    uint64_t directories;
    uint64_t unchanged;
    uint64_t skipped;
    uint64_t bytes;
    uint64_t bytes_read;
    uint64_t bytes_new;
    uint64_t bytes_added;
    uint64_t elapsed_ns;
};

struct mrs_backup;
MARS_NODISCARD mars_status mrs_backup_start(struct mrs_backup **out, struct mrs_engine *engine,
                                            struct mrs_domain *d,
                                            const struct mrs_backup_spec *spec,
                                            const struct mrs_listener *listener, mars_error *err);
/* Of one without a source: wait until streams can be written, delivering events and progress. What
 * failed before is returned; mrs_backup_end is called all the same. */
MARS_NODISCARD mars_status mrs_backup_await_open(struct mrs_backup *b, mars_error *err);
/* All streams were added. */
void mrs_backup_walked(struct mrs_backup *b);
/* Deliver events and progress that are due. Calling thread. */
void mrs_backup_pump(struct mrs_backup *b);
/* Stop it: it will end with this status, unless it failed before. */
void mrs_backup_fail(struct mrs_backup *b, mars_status st);
/* Why it has failed; MARS_OK: it has not, so far. */
mars_status mrs_backup_failure(struct mrs_backup *b, mars_error *err);
/* Wait for the end, delivering events and progress; free it in every case. */
MARS_NODISCARD mars_status mrs_backup_end(struct mrs_backup *b, struct mrs_backup_counts *counts,
                                          mars_error *err);

#endif
