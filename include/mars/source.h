#ifndef MARS_SOURCE_H
#define MARS_SOURCE_H

#include <mars/entry.h>
#include <mars/event.h>

#ifdef __cplusplus
extern "C" {
#endif

/** Flags of mars_source_item. */
enum {
    MARS_SOURCE_ROOT = 1,   /* one of the paths that are backed up, in no directory given before */
    MARS_SOURCE_LINKED = 2, /* the file has other names, with the same volume_id and file_id */
    MARS_SOURCE_HOLES = 4   /* the file may have holes: they are asked for by extent() */
};

/** One name as a source gives it. All that is not known is zero. */
typedef struct mars_source_item {
    uint32_t struct_size;
    uint32_t flags;           /* MARS_SOURCE_* */
    const mars_entry *entry;
    int64_t change_time;      /* some number that is another one whenever content or metadata were
                                 changed, like a file's ctime; 0: not known, it is read each time */
    uint32_t change_time_ns;
    uint32_t skip_reason;     /* mars_skip_reason: what has this path is not, or not wholly, in the
                                 backup; 0: it is. Of the entry only the path counts then */
    uint64_t file_id;         /* the file behind the name, like an inode's number */
    uint64_t volume_id;       /* what the file_id is unique in */
    const char *file_system;  /* of a root: its type, for people, at most 255 bytes; or NULL */
    const char *message;      /* with skip_reason: why; or NULL */
    int32_t os_code;          /* the same as errno or GetLastError(); 0 if there is none */
    uint32_t reserved;
} mars_source_item;

/** What a backup reads: a row of entries, and the content of those that are files. mars_backup()
 *  uses one for the paths it is given; a caller's own takes their place.
 *
 *  All functions return MARS_OK or a status, with err filled in if there is more to say: it is
 *  never NULL, and cleared before. MARS_ERR_CANCELLED, _NOMEM, _INTERNAL and _QUOTA end the backup
 *  with that status and message, from whichever function they come.
 *
 *  They are called on threads of the library: next, describe and open on one at a time, read,
 *  extent, changed and close on any, several at once, also for one file. They must not use the
 *  agent. All that they give stays the source's. @since 0.1 */
typedef struct mars_source {
    uint32_t struct_size;
    uint32_t flags;           /* none yet: 0 */
    void *user;               /* handed to all functions */

    /** The next name; *item = NULL: there is none. What it points to stays as it is until the next
     *  call.
     *
     *  Paths are absolute, with "/" between names. A root comes first, then what is in it: a
     *  directory before what is in it, and all that is in it before what is not; the names of a
     *  directory ascend by their bytes, each once. Then comes the next root; their paths ascend
     *  too, and there are at most 4096. What is skipped may come anywhere. A row that is out of
     *  order ends the backup with MARS_ERR_INVALID_ARG, a failure with its status. */
    mars_status(MARS_CALL *next)(void *user, const mars_source_item **item, mars_error *err);
    /** Complete the item given last, in place, with what takes time to find out and is only wanted
     *  if it changed: names of the owner, link target, attributes. MARS_ERR_NOT_FOUND: it is gone;
     *  this and other failures skip the entry. NULL: next tells all. */
    mars_status(MARS_CALL *describe)(void *user, mars_error *err);
    /** Open the file that was given last, and bring the item up to date with it, in place: its size
     *  is what will be read. MARS_ERR_NOT_FOUND: it is gone; this and other failures skip the
     *  entry. */
    mars_status(MARS_CALL *open)(void *user, void **file, mars_error *err);
    /** Up to len bytes from offset; *got less than len only at the end of the file. A failure
     *  leaves the file, or the rest of it, out of the backup, and the backup names it. */
    mars_status(MARS_CALL *read)(void *user, void *file, uint64_t offset, void *out, uint64_t len,
                                 uint64_t *got, mars_error *err);
    /** The next data from offset on: [*start, *end), before it is a hole; both the file's size
     *  where there is none. NULL: no file has holes. */
    mars_status(MARS_CALL *extent)(void *user, void *file, uint64_t offset, uint64_t *start,
                                   uint64_t *end, mars_error *err);
    /** Was the file written to since it was opened? Then *changed = 1, and it is named, and read
     *  again by the next backup. NULL: that does not happen. */
    mars_status(MARS_CALL *changed)(void *user, void *file, uint32_t *changed, mars_error *err);
    /** Close what open gave, once. */
    void(MARS_CALL *close)(void *user, void *file);
} mars_source;

#ifdef __cplusplus
}
#endif
#endif
