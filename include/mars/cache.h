#ifndef MARS_CACHE_H
#define MARS_CACHE_H

#include <mars/agent.h>
#include <mars/cancel.h>
#include <mars/event.h>

#ifdef __cplusplus
extern "C" {
#endif

/* This machine's cache: what saves reading from the vault again, and the journals by which an
 * interrupted backup goes on where it was. Every file in it is checked under the domain's key when
 * it is read; a damaged or tampered one is deleted and fetched again. A cache that is lost costs
 * one download of the index and no data: the next backup begins with an empty one.
 *
 * Of a vault on this machine's own disks (file://) no copies are kept, since they would be no
 * nearer than the vault: there the cache holds index runs and journals only. */

typedef enum mars_cache_state {
    MARS_CACHE_READY = 1,
    MARS_CACHE_UNUSABLE = 2, /* see problem: backups fail, restores go without */
    MARS_CACHE_STATE_INT32 = INT32_MAX
} mars_cache_state;

/** Where the cache is and what is in it. Strings live as long as the agent. */
typedef struct mars_cache_info {
    uint32_t struct_size;
    uint32_t state;            /* mars_cache_state */
    const char *path;          /* as it was chosen */
    const char *problem;       /* why it cannot be used; empty if it can */
    uint64_t files;
    uint64_t bytes;            /* of all that follow */
    uint64_t bytes_copies;     /* points, ledger records, and other objects of the vault */
    uint64_t bytes_trees;      /* directories of recovery points */
    uint64_t bytes_runs;       /* the index */
    uint64_t bytes_journals;   /* of sessions that run or were interrupted */
    uint64_t bytes_unfinished; /* being written, or left by a process that was killed */
    uint64_t bytes_free;       /* on its disk, for this process */
    uint64_t quota;            /* bytes; 0: none */
    uint32_t warn_permille;    /* see mars_cache_settings; what counts now */
    uint32_t refuse_permille;
    uint64_t old_places;       /* directories it was moved from, until the next good backup */
} mars_cache_info;

/**
 * Look at the cache. Goes through its files, so it takes a moment where there are many.
 *
 * @param[in,out] info  struct_size set by the caller
 * @retval MARS_ERR_STATE  another machine's points are open: there is no cache
 * @since 0.1
 */
MARS_API MARS_NODISCARD mars_status MARS_CALL
mars_cache_status(mars_agent *agent, mars_cache_info *info, mars_error *err);

/** What is asked of the cache's disk before a backup, and how large the cache may become. */
typedef struct mars_cache_settings {
    uint32_t struct_size;
    uint32_t warn_permille;   /* 0: 50, which is 5 %. At most 1000 */
    uint32_t refuse_permille; /* 0: 1, which is 0.1 %. At most 1000 */
    uint32_t flags;           /* none yet: 0 */
    uint64_t quota;           /* bytes; 0: none; at least 1 MiB */
} mars_cache_settings;

/**
 * Keep other settings, from the next backup on.
 *
 * The permilles are of the protected data: of what the item's last point holds. With less free
 * space than warn_permille a backup tells so by an event; 5 % is what is recommended, and leaves
 * room for growth and for other programs. With less than refuse_permille it ends with
 * MARS_ERR_QUOTA before anything is read: 0.1 % is about what the index of many small files takes,
 * and where a cache runs full in the middle of a backup, that backup fails. Both name the figures.
 *
 * Above its quota the cache loses what was not used for longest: copies first, then trees, then
 * index runs; never journals. A quota that is too small costs reading from the vault.
 *
 * @retval MARS_ERR_INVALID_ARG  out of bounds, or refuse_permille is above warn_permille
 * @retval MARS_ERR_STATE        another machine's points are open: there is no cache
 * @since 0.1
 */
MARS_API MARS_NODISCARD mars_status MARS_CALL
mars_cache_set(mars_agent *agent, const mars_cache_settings *settings, mars_error *err);

/**
 * Delete what is in the cache and can be fetched again. Journals stay. Other processes may be
 * using it, backups may be running.
 *
 * @retval MARS_ERR_STATE  another machine's points are open
 * @retval MARS_ERR_IO     the cache cannot be used, or a file of it not be removed
 * @since 0.1
 */
MARS_API MARS_NODISCARD mars_status MARS_CALL
mars_cache_clear(mars_agent *agent, mars_error *err);

/**
 * Clear the cache and fetch anew what it has before a backup: ledger, points, index, and the
 * directories of each item's newest point.
 *
 * @param event   told of objects of the vault that cannot be read; may be NULL
 * @param cancel  may be NULL
 * @retval MARS_ERR_STATE    another machine's points are open
 * @retval MARS_ERR_CORRUPT  something is damaged; the rest is there
 * @retval MARS_ERR_NETWORK  the vault cannot be reached: what was fetched is there
 * @since 0.1
 */
MARS_API MARS_NODISCARD mars_status MARS_CALL
mars_cache_rebuild(mars_agent *agent, mars_event_fn event, void *user, const mars_cancel *cancel,
                   mars_error *err);

/**
 * Move the cache to another directory, which is made if needed, but not what is above it.
 *
 * All is copied and compared, then this machine's state is changed, durably. The old place keeps
 * what it has until the next good backup, which then deletes it: only what is libmars's own, and
 * the directory if it is empty. A process that dies at any moment leaves the cache in the old or in
 * the new place. Other processes that have the agent open answer MARS_ERR_STATE to a backup or a
 * move until they open it again.
 *
 * A cache that cannot be used is not copied: the new one begins empty, and the agent has to be
 * opened again to use it.
 *
 * @param dir  bytes; dir_len 0: NUL-terminated
 * @retval MARS_ERR_LOCKED       a backup is running
 * @retval MARS_ERR_INVALID_ARG  dir is the present directory or in it
 * @retval MARS_ERR_IO           dir cannot be written to
 * @retval MARS_ERR_NOT_FOUND    what is above dir is not there; MARS_ERR_IO if the present cache
 *                               cannot be used
 * @retval MARS_ERR_QUOTA        no space there
 * @retval MARS_ERR_STATE        another process moved it; or it was moved 16 times without a backup
 * @since 0.1
 */
MARS_API MARS_NODISCARD mars_status MARS_CALL
mars_cache_move(mars_agent *agent, const char *dir, uint64_t dir_len, mars_error *err);

#ifdef __cplusplus
}
#endif
#endif
