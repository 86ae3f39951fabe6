#ifndef MARS_STATS_H
#define MARS_STATS_H

#include <mars/agent.h>
#include <mars/cancel.h>
#include <mars/event.h>

#ifdef __cplusplus
extern "C" {
#endif

/** What a domain holds: all machines that share it, since they share its chunks.
 *
 *  bytes / chunk_bytes tells what deduplication saves, chunk_bytes / pack_bytes what compression
 *  does. */
typedef struct mars_stats {
    uint32_t struct_size;
    uint32_t reserved;
    uint64_t points;        /* recovery points that can be read */
    uint64_t items;         /* that have at least one of them */
    uint64_t entries;       /* names in the points, each point counted in full */
    uint64_t bytes;         /* of their files, holes included, each point counted in full */
    uint64_t chunks;        /* different ones in the index: data, directories, lists of chunks */
    uint64_t chunk_bytes;   /* plaintext of these, each once */
    uint64_t packs;         /* that the index names */
    uint64_t pack_bytes;    /* as they are stored, compressed and encrypted */
    uint64_t objects;       /* of the domain in the store, whatever they are */
    uint64_t object_bytes;  /* as they are stored: the room that the domain takes */
    uint64_t index_objects; /* of these, those of the index */
    uint64_t index_bytes;
} mars_stats;

/**
 * Add up what a domain holds, from its points, its index and the store's listing. No pack is read;
 * the whole index is gone through, some 10 million chunks a second.
 *
 * @param cancel      NULL, or ends the call soon once it is set
 * @param[in,out] out struct_size set by the caller
 * @param event       NULL, or called for points and index objects that cannot be read
 *                    (MARS_EVENT_DAMAGED), which are not counted
 * @retval MARS_ERR_AUTH  the right to use the vault has ended
 * @since 0.1
 */
MARS_API MARS_NODISCARD mars_status MARS_CALL
mars_stats_get(mars_agent *agent, const mars_cancel *cancel, mars_stats *out, mars_event_fn event,
               void *event_user, mars_error *err);

#ifdef __cplusplus
}
#endif
#endif
