#ifndef MARS_SINK_H
#define MARS_SINK_H

#include <mars/common.h>
#include <mars/entry.h>

#ifdef __cplusplus
extern "C" {
#endif

/** What a sink makes of an entry: how it is counted. */
enum {
    MARS_SINK_TAKEN = 0,        /* it comes to be: restored */
    MARS_SINK_SKIPPED = 1,      /* it is not wanted */
    MARS_SINK_PRESENT = 2,      /* it is there already, so that other names may be linked to it */
    MARS_SINK_PRESENT_ALONE = 3 /* it is there already, but no other names are linked to it */
};

typedef struct mars_sink_state {
    uint32_t struct_size;
    uint32_t state;          /* MARS_SINK_* */
    const char *path;        /* for events, where it is not under the entry's path; NULL: it is. The
                                sink's own, valid until the node's release */
    uint64_t path_len;
} mars_sink_state;

/**
 * Where a restore goes, if not into a directory: a database, a tar stream, another product's
 * volumes. The caller fills the table; the library's own file tree is one too.
 *
 * What becomes of an entry: begin; for a file that has content write, as often as it takes; end;
 * release. The entries of a directory lie between its begin and its end, and all of them are
 * released before that end. begin is told one entry at a time, a directory before what is in it,
 * and runs far ahead of the data: thousands of files may have begun and not ended, so what is
 * scarce is better taken at the first write. Of files that consist of several pieces not more than
 * 200 are written at once.
 *
 * Threads: begin is called on one thread, which is none of the caller's; the others on any thread,
 * at the same time for different nodes, and write also for the same one. A call that waits holds
 * up the restore. None may call back into the agent's running call.
 *
 * Errors: a call that fails fills err, whose message goes to the event MARS_EVENT_NOT_RESTORED, and
 * loses this entry: the restore goes on, and ends with that status. MARS_ERR_NOMEM,
 * MARS_ERR_CANCELLED, MARS_ERR_QUOTA and MARS_ERR_INTERNAL end it at once.
 *
 * @since 0.1
 */
typedef struct mars_sink {
    uint32_t struct_size;
    uint32_t flags;          /* 0 */
    void *user;              /* handed to each call */
    /** An entry comes. Its path, metadata, attributes and link target are lent for this call.
     *  parent is the node of its directory, NULL for what was given to the backup: the sink makes
     *  of the directories above that what it likes. *node, NULL before, becomes what the other
     *  calls know it by; NULL says that it is not wanted, nor what is in it: it is counted as
     *  skipped, and nothing is fetched. On failure there is no node. */
    mars_status(MARS_CALL *begin)(void *user, void *parent, const mars_entry *entry, void **node,
                                  mars_error *err);
    /** Content of a file: len bytes, at least one. In any order, each byte once; what never comes
     *  are holes, zeros up to the entry's size. */
    mars_status(MARS_CALL *write)(void *user, void *node, uint64_t offset, const void *data,
                                  uint64_t len, mars_error *err);
    /** Once for every node. outcome MARS_OK: all is there, let it be seen. Otherwise it is to be
     *  forgotten: its data is damaged (MARS_ERR_CORRUPT), a call for it failed, or the restore ends
     *  (MARS_ERR_CANCELLED); what end returns then does not count. Without release the node is
     *  not used any more. */
    mars_status(MARS_CALL *end)(void *user, void *node, int32_t outcome, mars_error *err);
    /* All below may be NULL. */
    /** Instead of writes, before end: node is another name of what first is, which has ended with
     *  MARS_OK and is valid until node has ended. Without it each name of a file gets the whole
     *  content. Needs release. */
    mars_status(MARS_CALL *link)(void *user, void *node, void *first, mars_error *err);
    /** What the node is, asked after begin and after an end with MARS_OK; state comes zeroed but
     *  for struct_size. Unless it is taken when it has begun, it ends at once; only what is in a
     *  directory comes all the same, if that is present. Without this function all are taken. Needs
     *  release. */
    void(MARS_CALL *state)(void *user, void *node, mars_sink_state *state);
    /** The last call for a node, after its end: later where others may yet be linked to it. */
    void(MARS_CALL *release)(void *user, void *node);
} mars_sink;

#ifdef __cplusplus
}
#endif
#endif
