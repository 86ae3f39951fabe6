#ifndef MARS_EVENT_H
#define MARS_EVENT_H

#include <mars/common.h>

#ifdef __cplusplus
extern "C" {
#endif

/** What a call is doing now. Numbers only grow within a phase. */
typedef struct mars_progress {
    uint32_t struct_size;  /* of the library's struct: later versions append */
    uint32_t phase;        /* mars_phase */
    uint64_t files_done;   /* files, links, devices; for verify: objects */
    uint64_t files_total;  /* 0 while unknown */
    uint64_t bytes_done;   /* of files; for verify: bytes read from the vault */
    uint64_t bytes_total;  /* 0 while unknown */
    uint64_t bytes_stored; /* sent to the vault */
    uint64_t elapsed_ns;
    uint64_t warnings;     /* events so far, MARS_EVENT_FILE not counted */
} mars_progress;

typedef enum mars_phase {
    MARS_PHASE_START = 1,  /* opening, reading the index */
    MARS_PHASE_DATA = 2,   /* moving bytes */
    MARS_PHASE_COMMIT = 3, /* making it durable and visible */
    MARS_PHASE_CHECK = 4,  /* verify: structure */
    MARS_PHASE_INT32 = INT32_MAX
} mars_phase;

/** Called on the thread that made the call, when the phase changes and at most 10 times a second.
 *  Non-zero cancels: the call ends with MARS_ERR_CANCELLED. It must not call back into a handle
 *  that the running call uses. */
typedef int(MARS_CALL *mars_progress_fn)(const mars_progress *progress, void *user);

typedef enum mars_event_kind {
    MARS_EVENT_SKIPPED = 1,    /* backup: a file is not, or not wholly, in the point: reason */
    MARS_EVENT_WARNING = 2,    /* something to know; nothing is lost */
    MARS_EVENT_DAMAGED = 3,    /* verify: an object of the vault is damaged or missing, or the
                                  store does not give it out: object, status */
    MARS_EVENT_FILE_LOST = 4,  /* verify: point, path: it can no longer be restored */
    MARS_EVENT_DIFFERENT = 5,  /* verify against disk: path differs */
    MARS_EVENT_NOT_RESTORED = 6, /* restore: path could not be restored */
    MARS_EVENT_FILE = 7,       /* verbose: a file was backed up or restored; only when asked for */
    MARS_EVENT_INT32 = INT32_MAX
} mars_event_kind;

typedef enum mars_skip_reason {
    MARS_SKIP_UNREADABLE = 1,
    MARS_SKIP_VANISHED = 2,
    MARS_SKIP_SOCKET = 3,
    MARS_SKIP_CHANGED = 4, /* it changed while it was read; it is in the point */
    MARS_SKIP_PARTIAL = 5, /* part of it could not be read; it is in the point, flagged */
    MARS_SKIP_KIND = 6,    /* a kind of file that is not supported */
    MARS_SKIP_INT32 = INT32_MAX
} mars_skip_reason;

/** One thing that happened. All that it points to is borrowed for the call. */
typedef struct mars_event {
    uint32_t struct_size;
    uint32_t kind;        /* mars_event_kind */
    int32_t status;       /* mars_status: why */
    int32_t os_code;
    uint32_t reason;      /* mars_skip_reason for MARS_EVENT_SKIPPED, else 0 */
    uint32_t reserved;
    const char *path;     /* raw bytes on POSIX, UTF-8 on Windows; NULL if none */
    uint64_t path_len;
    const char *object;   /* an object's name in the vault; NUL-terminated; NULL if none */
    const char *point;    /* a point's id in hex; NULL if none */
    const char *message;  /* for people; NUL-terminated, never NULL */
} mars_event;

/** Called on the thread that made the call, in the order in which things happened. */
typedef void(MARS_CALL *mars_event_fn)(const mars_event *event, void *user);

#ifdef __cplusplus
}
#endif
#endif
