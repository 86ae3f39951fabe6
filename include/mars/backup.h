#ifndef MARS_BACKUP_H
#define MARS_BACKUP_H

#include <mars/agent.h>
#include <mars/cancel.h>
#include <mars/event.h>
#include <mars/source.h>

#ifdef __cplusplus
extern "C" {
#endif

/** Flags of mars_backup_options. */
enum {
    MARS_BACKUP_ONE_FILE_SYSTEM = 1,  /* do not descend into other file systems */
    MARS_BACKUP_EXCLUDE_CACHES = 2,   /* leave out what lies in directories with a CACHEDIR.TAG */
    MARS_BACKUP_SKIP_UPLOAD_CHECK = 4, /* do not open again what was sealed, before it is sent */
    MARS_BACKUP_DRY_RUN = 8,          /* read and count, write nothing */
    MARS_BACKUP_REPORT_FILES = 16     /* a MARS_EVENT_FILE for each file that is read */
};

/** How new data is compressed. What was compressed otherwise stays as it is, and all is read. */
enum {
    MARS_COMPRESSION_DEFAULT = 0, /* LZ4; for a vault over the network zstd, where there is it */
    MARS_COMPRESSION_LZ4 = 1,     /* the fastest */
    MARS_COMPRESSION_NONE = 2,
    MARS_COMPRESSION_LZ4HC = 3,   /* slow, somewhat smaller, read as fast as LZ4 */
    MARS_COMPRESSION_ZSTD = 4     /* smallest; MARS_ERR_UNSUPPORTED in a build without zstd */
};

typedef struct mars_backup_options {
    uint32_t struct_size;
    uint32_t flags;
    const char *item;              /* NULL: "files" */
    uint64_t item_len;
    const char *const *paths;      /* what to back up: n_paths strings */
    const uint64_t *path_lens;     /* NULL: all are NUL-terminated */
    uint64_t n_paths;
    const char *const *excludes;   /* gitignore patterns, anchored at each path; one a string */
    uint64_t n_excludes;           /* NUL-terminated strings */
    uint32_t compression;          /* MARS_COMPRESSION_* */
    uint32_t compression_level;    /* with MARS_COMPRESSION_ZSTD 1 to 19, 0: 3; else 0 */
    mars_progress_fn progress;     /* NULL: silent */
    void *progress_user;
    mars_event_fn event;
    void *event_user;
    const mars_cancel *cancel;     /* borrowed for the call; NULL: never */
    const mars_source *source;     /* in place of paths, excludes and what flags say of them; NULL:
                                      the paths are walked */
} mars_backup_options;

typedef struct mars_backup_result {
    uint32_t struct_size;
    uint32_t reserved;
    char point[40];            /* the new recovery point's id, hex; empty after a dry run */
    uint64_t files;            /* everything but directories */
    uint64_t directories;
    uint64_t files_unchanged;  /* taken over without being read */
    uint64_t files_skipped;    /* see the events; also in the point */
    uint64_t bytes;            /* sizes of the files */
    uint64_t bytes_read;
    uint64_t bytes_new;        /* plaintext that the vault did not have */
    uint64_t bytes_added;      /* to the vault, before the point itself */
    uint64_t elapsed_ns;
} mars_backup_result;

/**
 * Back up paths, or what a source gives, as a new recovery point of an item.
 *
 * Nothing is visible in the vault until the point is committed; a failed or cancelled run leaves
 * older points whole, and what it sent is used by the next run of the item. Files that cannot be
 * read are named by events and in the point; the rest goes on and the result is MARS_OK with
 * files_skipped > 0. In the last 30 days of the right to use the vault a MARS_EVENT_WARNING says
 * so.
 *
 * @param[out] result  NULL, or struct_size set by the caller
 * @retval MARS_ERR_NOT_FOUND  a path is not there; nothing was written
 * @retval MARS_ERR_LOCKED     this item is being backed up already on this machine
 * @retval MARS_ERR_QUOTA      vault or cache is full; nothing is lost
 * @retval MARS_ERR_STATE      another machine's points are open; or the cache was moved by another
 *                             process: open the agent again
 * @retval MARS_ERR_AUTH       the right to use the vault has ended: see mars_register_renew()
 * @retval MARS_ERR_NETWORK    the vault cannot be reached: the next run goes on from there
 * @retval MARS_ERR_CANCELLED  by opts->cancel or the progress callback
 * @since 0.1
 */
MARS_API MARS_NODISCARD mars_status MARS_CALL
mars_backup(mars_agent *agent, const mars_backup_options *opts, mars_backup_result *result,
            mars_error *err);

#ifdef __cplusplus
}
#endif
#endif
