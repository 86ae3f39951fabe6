/* Where a recovery point is restored to: a file tree written safely. Every byte from the vault is
 * taken as hostile: all goes by directory handles below the target, no link is followed, new files
 * are made 0600 and exclusive under a temporary name, get content, owner, attributes, mode and
 * times through their handle, and then their name. */
#ifndef MRS_TARGET_TARGET_H
#define MRS_TARGET_TARGET_H

#include <stdbool.h>

#include "format/entry.h"
#include "platform/tree.h"

struct mrs_target;
struct mrs_target_dir;
struct mrs_target_file;

struct mrs_target_options {
    bool no_owner;
    bool no_acl;
    uint8_t tag[16]; /* the point: temporary names begin with it, so a second run can clear them */
    /* Something about a file could not be set (its owner, an attribute): the file is there. Any
     * thread; calls do not overlap. */
    void (*warn)(void *user, const char *path, size_t path_len, const mars_error *why);
    void *user;
};

MARS_NODISCARD mars_status mrs_target_open(struct mrs_target **out, const char *path,
                                           const struct mrs_target_options *opts, mars_error *err);
/* What was written survives a crash when this returns, on whichever file systems it is. */
MARS_NODISCARD mars_status mrs_target_flush(struct mrs_target *t, mars_error *err);
/* All directories and files of it are closed first. NULL is allowed. */
void mrs_target_close(struct mrs_target *t);

/* Directories form a tree of counted references; handles of the system are kept for a bounded
 * number of them and opened again, step by step and without following links, when needed. Any
 * thread. */
struct mrs_target_dir *mrs_target_root(struct mrs_target *t); /* a new reference */
/* A reference to name in dir: the directory that is there, or a new one (mode 0700). A name that
 * is taken by anything else is MARS_ERR_EXISTS. On entering, temporary files that a dead run of
 * the same tag left are removed. */
MARS_NODISCARD mars_status mrs_target_enter(struct mrs_target_dir *dir, struct mrs_slice name,
                                            struct mrs_target_dir **out, mars_error *err);
/* Was it made by this run, so that no names but the run's own are to be expected in it? */
bool mrs_target_dir_is_new(const struct mrs_target_dir *d);
void mrs_target_dir_ref(struct mrs_target_dir *d);
void mrs_target_dir_unref(struct mrs_target_dir *d);
/* Owner, attributes, mode and times, when all in it is done: nobody else works in it any more.
 * attrs: encoded set or empty. */
MARS_NODISCARD mars_status mrs_target_dir_finish(struct mrs_target_dir *d,
                                                 const struct mrs_entry *e,
                                                 struct mrs_slice attrs, mars_error *err);
/* The path below the target, for messages: appended. */
MARS_NODISCARD mars_status mrs_target_path(struct mrs_target_dir *d, struct mrs_slice name,
                                           struct mrs_buf *out, mars_error *err);

/* What is there under a name. */
struct mrs_target_found {
    bool exists;
    struct mrs_tree_stat stat; /* where it exists */
};
MARS_NODISCARD mars_status mrs_target_probe(struct mrs_target_dir *dir, struct mrs_slice name,
                                            struct mrs_target_found *found, mars_error *err);
/* Open what is there for comparing. */
MARS_NODISCARD mars_status mrs_target_existing(struct mrs_target_dir *dir, struct mrs_slice name,
                                               struct mrs_tree_file **out, mars_error *err);
/* Compare what is there (not its content) with the entry: kind, link target, device, mode, owner
 * (unless no_owner), mtime, attribute set. */
MARS_NODISCARD mars_status mrs_target_same_meta(struct mrs_target_dir *dir, struct mrs_slice name,
                                                const struct mrs_entry *e, struct mrs_slice attrs,
                                                bool *same, mars_error *err);

/* A new file in dir under a temporary name. Writes on any threads at once. */
MARS_NODISCARD mars_status mrs_target_file_begin(struct mrs_target_dir *dir, uint64_t size,
                                                 struct mrs_target_file **out, mars_error *err);
MARS_NODISCARD mars_status mrs_target_file_write(struct mrs_target_file *f, uint64_t offset,
                                                 const void *data, size_t n, mars_error *err);
/* Metadata, then the name; replace: over what is there (never a directory). Where the name is
 * taken, MARS_ERR_EXISTS, f is as it was: for another name, or to be abandoned. In every other
 * case f is freed; on failure the temporary file is gone. */
MARS_NODISCARD mars_status mrs_target_file_finish(struct mrs_target_file *f,
                                                  const struct mrs_entry *e,
                                                  struct mrs_slice attrs, struct mrs_slice name,
                                                  bool replace, mars_error *err);
/* Remove the temporary file. NULL is allowed. */
void mrs_target_file_abandon(struct mrs_target_file *f);

/* A symbolic link, fifo or device: made under a temporary name, metadata, then its name. */
MARS_NODISCARD mars_status mrs_target_make(struct mrs_target_dir *dir, const struct mrs_entry *e,
                                           struct mrs_slice attrs, struct mrs_slice name,
                                           bool replace, mars_error *err);
/* Another name for a file that this run made or found to be the same. */
MARS_NODISCARD mars_status mrs_target_link(struct mrs_target_dir *from_dir,
                                           struct mrs_slice from, struct mrs_target_dir *dir,
                                           struct mrs_slice name, bool replace, mars_error *err);
/* A free name beside `name`: "name (restored YYYY-MM-DD HH.MM.SS)", before the extension, with a
 * number where that is taken too; cut to 255 bytes. Appended to out. */
MARS_NODISCARD mars_status mrs_target_copy_name(struct mrs_target_dir *dir, struct mrs_slice name,
                                                struct mrs_buf *out, mars_error *err);

#endif
