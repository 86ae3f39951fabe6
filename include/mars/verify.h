#ifndef MARS_VERIFY_H
#define MARS_VERIFY_H

#include <mars/agent.h>
#include <mars/cancel.h>
#include <mars/event.h>

#ifdef __cplusplus
extern "C" {
#endif

/** Flags of mars_verify_options. */
enum {
    MARS_VERIFY_READ_DATA = 1,    /* read and open every byte of every pack */
    MARS_VERIFY_AGAINST_DISK = 2  /* compare a point with the files as they are now */
};

typedef struct mars_verify_options {
    uint32_t struct_size;
    uint32_t flags;
    const char *point;          /* as in mars_restore_options; NULL: all, against disk the latest */
    const char *item;
    mars_progress_fn progress;
    void *progress_user;
    mars_event_fn event;
    void *event_user;
    const mars_cancel *cancel;
    uint32_t sample_percent;    /* 1 to 100: read a random choice of packs, another one each time,
                                   with about that part of the bytes; not with a flag above */
    uint32_t reserved;
} mars_verify_options;

typedef struct mars_verify_result {
    uint32_t struct_size;
    uint32_t reserved;
    uint64_t points;            /* looked at */
    uint64_t objects;           /* looked at */
    uint64_t bytes_read;        /* from the vault */
    uint64_t objects_damaged;   /* or missing, or not given out by the store (a rule, or put
                                   away); each named by an event whose status tells which */
    uint64_t files_lost;        /* names in points that cannot be restored; each an event */
    uint64_t differences;       /* against disk; each an event */
    uint64_t elapsed_ns;
    uint64_t packs;             /* in the vault */
    uint64_t pack_bytes;
    uint64_t packs_read;        /* of these, whole */
    uint64_t pack_bytes_read;
} mars_verify_result;

/**
 * Find out whether what is in the vault can be restored.
 *
 * Without flags and sample the structure: every object that is not a pack is opened, every
 * directory read, every chunk looked for in the index, every pack looked for in the store with its
 * size. With a sample also the bytes of the packs that were chosen.
 *
 * @param[out] result  NULL, or struct_size set by the caller; filled in also on failure
 * @retval MARS_ERR_CORRUPT  something is damaged or missing; differences to disk alone are MARS_OK
 * @retval MARS_ERR_NETWORK  the vault cannot be reached: what was not read is not called damaged
 * @retval MARS_ERR_AUTH     the right to use the vault has ended; the same
 * @since 0.1
 */
MARS_API MARS_NODISCARD mars_status MARS_CALL
mars_verify(mars_agent *agent, const mars_verify_options *opts, mars_verify_result *result,
            mars_error *err);

#ifdef __cplusplus
}
#endif
#endif
