#ifndef MARS_POINT_H
#define MARS_POINT_H

#include <mars/agent.h>
#include <mars/cancel.h>
#include <mars/entry.h>
#include <mars/event.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Recovery points: listing them, looking into them, comparing two, reading files at any place.
 *
 * Paths are absolute, as they were backed up, of raw bytes. Where one is given its first "/" may be
 * left out, and with a length of 0 it is NUL-terminated. */

/** One recovery point, borrowed for the call that gives it. */
typedef struct mars_point_info {
    uint32_t struct_size;
    uint32_t n_roots;
    const char *id;            /* hex */
    const char *item;          /* name, UTF-8 */
    const char *machine;       /* name, UTF-8 */
    const char *machine_id;    /* hex */
    int64_t started;           /* seconds since 1970 UTC */
    int64_t finished;
    uint64_t entries;
    uint64_t bytes;
    uint64_t files_skipped;
    uint64_t bytes_added;
    const char *const *roots;  /* absolute paths as backed up, raw bytes */
    const uint64_t *root_lens;
    uint32_t is_head;          /* 1: no other point of the item was made after seeing it */
    uint32_t reserved;
} mars_point_info;

/** Non-zero ends the list: the call returns MARS_ERR_CANCELLED. */
typedef int(MARS_CALL *mars_point_fn)(const mars_point_info *point, void *user);

/** Flags of mars_point_list(). */
enum {
    MARS_POINTS_ALL_MACHINES = 1 /* those of all machines that share the domain */
};

/**
 * List this machine's recovery points, oldest first. What was read of a point once is kept in the
 * cache, so that the next list reads from the vault only the names of all points, and new points.
 *
 * @param item   NUL-terminated; NULL: of all items
 * @param flags  0, or MARS_POINTS_ALL_MACHINES
 * @param event  NULL, or called for points that cannot be read (MARS_EVENT_DAMAGED), and for points
 *               that this machine saw and that are gone
 * @retval MARS_ERR_CANCELLED  fn wanted no more
 * @retval MARS_ERR_AUTH       the right to use the vault has ended
 * @since 0.1
 */
MARS_API MARS_NODISCARD mars_status MARS_CALL
mars_point_list(mars_agent *agent, const char *item, uint32_t flags, mars_point_fn fn, void *user,
                mars_event_fn event, void *event_user, mars_error *err);

/** Non-zero ends the call with MARS_ERR_CANCELLED. It must not use the point that it is given
 *  entries of. */
typedef int(MARS_CALL *mars_entry_fn)(const mars_entry *entry, void *user);

/** An open recovery point: what browsing and reading share. One thread at a time, each point on any
 *  thread. It keeps what it needs of the agent, so the agent may be closed before it. In a forked
 *  child its calls answer MARS_ERR_STATE, and it can be closed. */
typedef struct mars_point mars_point;

/**
 * Open a recovery point. The vault's ledger and points are looked at once, here, of an id only the
 * points that it fits, and the index is brought up to date; what follows reads directories and data
 * only.
 *
 * @param point     a full id, a unique prefix of at least 6 digits, or "latest"; NUL-terminated
 * @param item      narrows `point`, NUL-terminated; NULL: any item ("latest" then needs that there
 *                  is only one)
 * @param[out] out  freed with mars_point_close(); NULL on failure
 * @retval MARS_ERR_NOT_FOUND    no such point
 * @retval MARS_ERR_INVALID_ARG  the prefix fits several points, or "latest" several items
 * @retval MARS_ERR_CORRUPT      the point is damaged; or one that may be newer than "latest" is
 * @retval MARS_ERR_AUTH         the right to use the vault has ended
 * @since 0.1
 */
MARS_API MARS_NODISCARD mars_status MARS_CALL
mars_point_open(mars_agent *agent, const char *point, const char *item, mars_point **out,
                mars_error *err);

/** Close; its files may stay open. NULL is allowed. @since 0.1 */
MARS_API void MARS_CALL mars_point_close(mars_point *point);

/**
 * What mars_point_list() tells of it. The first call looks at all points, to know is_head.
 *
 * @param[in,out] info  struct_size set by the caller; strings live as long as the point
 * @since 0.1
 */
MARS_API MARS_NODISCARD mars_status MARS_CALL
mars_point_get_info(const mars_point *point, mars_point_info *info, mars_error *err);

/** Flags of mars_point_browse(). */
enum {
    MARS_BROWSE_RECURSE = 1 /* all that is below, too */
};

/**
 * List what is in a directory, names sorted by bytes, a directory before what is in it. A file is
 * listed as itself.
 *
 * @param path   NULL: the roots, the paths that were backed up
 * @param flags  MARS_BROWSE_*
 * @retval MARS_ERR_NOT_FOUND  the point has no such path
 * @retval MARS_ERR_CORRUPT    a directory is damaged; what came before it was told
 * @since 0.1
 */
MARS_API MARS_NODISCARD mars_status MARS_CALL
mars_point_browse(mars_point *point, const char *path, uint64_t path_len, uint32_t flags,
                  mars_entry_fn fn, void *user, mars_error *err);

/**
 * Look at one name.
 *
 * @param[in,out] entry  struct_size set by the caller; strings live until the next call with this
 *                       point
 * @retval MARS_ERR_NOT_FOUND  the point has no such path
 * @since 0.1
 */
MARS_API MARS_NODISCARD mars_status MARS_CALL
mars_point_stat(mars_point *point, const char *path, uint64_t path_len, mars_entry *entry,
                mars_error *err);

/**
 * Find all names that fit, in the order of mars_point_browse().
 *
 * Patterns are those of .gitignore, as mars_backup() takes them to exclude: anchored at each root;
 * the last one that fits decides, and "!" takes back. A root itself is looked at by its name. What
 * lies in a directory that fits is told only if it fits too.
 *
 * @param patterns  NUL-terminated
 * @retval MARS_ERR_INVALID_ARG  no pattern, or one that is too long
 * @since 0.1
 */
MARS_API MARS_NODISCARD mars_status MARS_CALL
mars_point_find(mars_point *point, const char *const *patterns, uint64_t n_patterns,
                mars_entry_fn fn, void *user, mars_error *err);

/** Changes that mars_point_diff() tells. */
enum {
    MARS_DIFF_ADDED = 1,
    MARS_DIFF_REMOVED = 2,
    MARS_DIFF_CONTENT = 3,  /* of a regular file; its metadata may differ too */
    MARS_DIFF_METADATA = 4, /* mode, ids or names of owner and group, mtime, link target, device,
                               extended attributes and ACLs */
    MARS_DIFF_TYPE = 5      /* another kind of thing has the name */
};

/** One difference, borrowed for the call that gives it. */
typedef struct mars_diff {
    uint32_t struct_size;
    uint32_t change;           /* MARS_DIFF_* */
    const mars_entry *before;  /* NULL: added */
    const mars_entry *after;   /* NULL: removed */
} mars_diff;

/** Non-zero ends the call with MARS_ERR_CANCELLED. It must not use the points. */
typedef int(MARS_CALL *mars_diff_fn)(const mars_diff *diff, void *user);

/**
 * Tell what differs between two points, in the order of mars_point_browse(). Where both have the
 * same directory nothing below it is read, so that the call costs what the differences cost.
 *
 * Contents and attributes are compared by their references, the ids of their chunks: equal
 * references mean equal bytes. Equal bytes that were cut in another way (a file whose holes
 * changed, another chunker) count as a change of content. Of a directory that only one point has,
 * all below it is told too. Roots are matched by their paths.
 *
 * @param path  NULL: all roots
 * @retval MARS_ERR_NOT_FOUND    neither point has such a path
 * @retval MARS_ERR_INVALID_ARG  the points belong to different domains
 * @since 0.1
 */
MARS_API MARS_NODISCARD mars_status MARS_CALL
mars_point_diff(mars_point *before, mars_point *after, const char *path, uint64_t path_len,
                mars_diff_fn fn, void *user, mars_error *err);

/** Bytes, borrowed for the call. Non-zero ends the reading with MARS_ERR_CANCELLED. */
typedef int(MARS_CALL *mars_data_fn)(const void *data, uint64_t len, void *user);

/**
 * Hand a regular file's bytes to fn in order, holes as zeros.
 *
 * @param cancel  NULL, or ends the call soon once it is set
 * @retval MARS_ERR_NOT_FOUND    the point has no such path
 * @retval MARS_ERR_INVALID_ARG  it is no regular file
 * @retval MARS_ERR_CORRUPT      its data is damaged or missing; what came before was handed over
 * @since 0.1
 */
MARS_API MARS_NODISCARD mars_status MARS_CALL
mars_point_read(mars_point *point, const char *path, uint64_t path_len, mars_data_fn fn,
                void *user, const mars_cancel *cancel, mars_error *err);

/** A file of a recovery point, open for reading at any place. One thread at a time; several files
 *  of a point on several threads at once. It keeps what it needs of the point and the agent, so
 *  both may be closed before it. Holds up to 16 MiB of the file's chunks, up to 8 MiB of lists of
 *  them, and room to open one in; read from front to back, room for four more. Then the agent's
 *  workers fetch what comes next, and live until the file is closed. In a forked child its calls
 *  answer MARS_ERR_STATE; closing it there gives nothing back. */
typedef struct mars_file mars_file;

/**
 * Open a regular file of a point. Nothing of its data is read yet.
 *
 * @param[out] out  freed with mars_file_close(); NULL on failure
 * @retval MARS_ERR_NOT_FOUND    the point has no such path
 * @retval MARS_ERR_INVALID_ARG  it is no regular file
 * @since 0.1
 */
MARS_API MARS_NODISCARD mars_status MARS_CALL
mars_file_open(mars_point *point, const char *path, uint64_t path_len, mars_file **out,
               mars_error *err);

/** The file's size in bytes; NULL: 0. @since 0.1 */
MARS_API uint64_t MARS_CALL mars_file_size(const mars_file *file);

/**
 * Read up to len bytes from offset on, holes as zeros.
 *
 * @param[out] got  less than len only at the end of the file, 0 from there on, and on failure
 * @retval MARS_ERR_CORRUPT  data is damaged or missing: out is undefined, the file stays usable,
 *                           and other places of it can be read
 * @since 0.1
 */
MARS_API MARS_NODISCARD mars_status MARS_CALL
mars_file_read_at(mars_file *file, uint64_t offset, void *out, uint64_t len, uint64_t *got,
                  mars_error *err);

/** Close. NULL is allowed. @since 0.1 */
MARS_API void MARS_CALL mars_file_close(mars_file *file);

#ifdef __cplusplus
}
#endif
#endif
