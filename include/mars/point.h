#ifndef MARS_POINT_H
#define MARS_POINT_H

#include <mars/agent.h>
#include <mars/cancel.h>
#include <mars/event.h>

#ifdef __cplusplus
extern "C" {
#endif

/** One recovery point, borrowed for the call. */
typedef struct mars_point_info {
    uint32_t struct_size;
    uint32_t n_roots;
    const char *id;            /* hex */
    const char *item;          /* name, UTF-8 */
    const char *machine;       /* name, UTF-8 */
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

/**
 * List this machine's recovery points, oldest first.
 *
 * @param item   NUL-terminated; NULL: of all items
 * @param event  NULL, or called for points that cannot be read (MARS_EVENT_DAMAGED), and for points
 *               that this machine saw and that are gone
 * @since 0.1
 */
MARS_API MARS_NODISCARD mars_status MARS_CALL
mars_point_list(mars_agent *agent, const char *item, mars_point_fn fn, void *user,
                mars_event_fn event, void *event_user, mars_error *err);

/** One name in a recovery point, borrowed for the call. */
typedef struct mars_entry_info {
    uint32_t struct_size;
    uint32_t type;             /* mars_entry_type */
    const char *path;          /* absolute, as backed up; raw bytes */
    uint64_t path_len;
    uint64_t size;
    uint32_t mode;             /* 07777 */
    uint32_t mtime_ns;
    int64_t mtime;
    uint64_t uid;
    uint64_t gid;
    const char *user;          /* names; may be empty */
    const char *group;
    const char *target;        /* of a symbolic link; NULL otherwise */
    uint64_t target_len;
    uint32_t device_major;
    uint32_t device_minor;
    uint32_t flags;            /* 1: incomplete, 2: changed while it was read */
    uint32_t reserved;
} mars_entry_info;

typedef enum mars_entry_type {
    MARS_ENTRY_FILE = 1,
    MARS_ENTRY_DIRECTORY = 2,
    MARS_ENTRY_SYMLINK = 3,
    MARS_ENTRY_FIFO = 4,
    MARS_ENTRY_CHARDEV = 5,
    MARS_ENTRY_BLOCKDEV = 6,
    MARS_ENTRY_TYPE_INT32 = INT32_MAX
} mars_entry_type;

typedef int(MARS_CALL *mars_entry_fn)(const mars_entry_info *entry, void *user);

/**
 * List what is in a recovery point: the entries of a directory, or a file itself.
 *
 * @param point     a full id, a unique prefix of at least 6 digits, or "latest"; NUL-terminated
 * @param item      narrows `point`; NULL: any item ("latest" then needs that there is only one)
 * @param path      absolute as backed up, its first "/" may be left out; NULL: the roots
 * @param path_len  0: path is NUL-terminated
 * @param recurse   non-zero: all below it too
 * @retval MARS_ERR_NOT_FOUND    no such point or path
 * @retval MARS_ERR_INVALID_ARG  the prefix fits several points, or "latest" several items
 * @since 0.1
 */
MARS_API MARS_NODISCARD mars_status MARS_CALL
mars_point_browse(mars_agent *agent, const char *point, const char *item, const char *path,
                  uint64_t path_len, uint32_t recurse, mars_entry_fn fn, void *user,
                  mars_error *err);

/** Non-zero ends the reading with MARS_ERR_CANCELLED. */
typedef int(MARS_CALL *mars_data_fn)(const void *data, uint64_t len, void *user);

/** Hand a file's bytes to fn in order, holes as zeros. Parameters as in mars_point_browse().
 *  @since 0.1 */
MARS_API MARS_NODISCARD mars_status MARS_CALL
mars_point_read(mars_agent *agent, const char *point, const char *item, const char *path,
                uint64_t path_len, mars_data_fn fn, void *user, mars_error *err);

#ifdef __cplusplus
}
#endif
#endif
