#ifndef MARS_RESTORE_H
#define MARS_RESTORE_H

#include <mars/agent.h>
#include <mars/cancel.h>
#include <mars/event.h>
#include <mars/sink.h>

#ifdef __cplusplus
extern "C" {
#endif

/** Flags of mars_restore_options. */
enum {
    MARS_RESTORE_NO_ACL = 1,      /* leave POSIX ACLs out */
    MARS_RESTORE_NO_OWNER = 2,    /* leave owner and group as they come */
    MARS_RESTORE_DRY_RUN = 4,     /* say what would be done (MARS_EVENT_FILE), write nothing */
    MARS_RESTORE_REPORT_FILES = 8 /* a MARS_EVENT_FILE for each file */
};

/** What to do with a file that is in the way: one whose content differs, with OVERWRITE also
 *  one whose metadata does. COPY restores beside it under a dated name. */
enum { MARS_CONFLICT_COPY = 0, MARS_CONFLICT_OVERWRITE = 1, MARS_CONFLICT_SKIP = 2 };

typedef struct mars_restore_options {
    uint32_t struct_size;
    uint32_t flags;
    const char *point;           /* id, prefix or "latest"; NUL-terminated. Required */
    const char *item;            /* narrows it; NULL: any */
    const char *target;          /* the directory to restore below; made if needed */
    uint64_t target_len;
    const char *const *paths;    /* what to restore, absolute as backed up; none: everything */
    const uint64_t *path_lens;   /* NULL: all NUL-terminated */
    uint64_t n_paths;
    uint32_t conflict;           /* MARS_CONFLICT_* */
    uint32_t reserved;
    mars_progress_fn progress;
    void *progress_user;
    mars_event_fn event;
    void *event_user;
    const mars_cancel *cancel;
    const mars_sink *sink;       /* in place of target, one of which is required. It is lent for the
                                    call. conflict, NO_ACL and NO_OWNER are for a target */
} mars_restore_options;

typedef struct mars_restore_result {
    uint32_t struct_size;
    uint32_t reserved;
    uint64_t files_restored;   /* everything but directories */
    uint64_t directories;
    uint64_t files_present;    /* there already with the point's content */
    uint64_t files_skipped;    /* in the way, by MARS_CONFLICT_SKIP */
    uint64_t files_failed;     /* see the events MARS_EVENT_NOT_RESTORED */
    uint64_t warnings;         /* owner, attributes … that could not be set */
    uint64_t bytes_written;
    uint64_t bytes_fetched;    /* from the vault */
    uint64_t elapsed_ns;
} mars_restore_result;

/**
 * Restore a recovery point, or paths of it, below a directory, each under its full path, or into
 * a sink.
 *
 * Nothing outside the target is touched, whatever the vault holds. A file whose data is damaged is
 * named by an event and not written; the rest goes on: the result is then MARS_ERR_CORRUPT with
 * result filled in. So it is where attributes are damaged, but that file is written and named by a
 * warning, and its group gets no rights, since an ACL may have limited them. A vault that can no
 * longer be reached ends the restore. An interrupted restore can be run again and finishes what is
 * missing. What was restored has been flushed to the disk when the call returns.
 *
 * @param[out] result  NULL, or struct_size set by the caller; filled in also on failure
 * @retval MARS_ERR_NETWORK      the vault cannot be reached: run it again
 * @retval MARS_ERR_AUTH         the right to use the vault has ended
 * @retval MARS_ERR_NOT_FOUND    there is no such point, or none of the paths is in it
 * @retval MARS_ERR_INVALID_ARG  several points fit, or "latest" and there are several items
 * @retval MARS_ERR_QUOTA        the disk is full
 * @retval MARS_ERR_CANCELLED    by opts->cancel or the progress callback
 * @since 0.1
 */
MARS_API MARS_NODISCARD mars_status MARS_CALL
mars_restore(mars_agent *agent, const mars_restore_options *opts, mars_restore_result *result,
             mars_error *err);

#ifdef __cplusplus
}
#endif
#endif
