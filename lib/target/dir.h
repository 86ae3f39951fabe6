/* A target and its directories, as the bodies of this folder share them. */
#ifndef MRS_TARGET_DIR_H
#define MRS_TARGET_DIR_H

#include "format/entry.h"
#include "platform/thread.h"
#include "platform/treewrite.h"
#include "target/target.h"

enum {
    MRS_TARGET_OPEN_MAX = 64,   /* handles, the root's not counted */
    MRS_TARGET_FS_MAX = 64,     /* file systems with a handle for the flush at the end */
    MRS_TARGET_NAME_MAX = 255,
    MRS_TARGET_RUN_LEN = 8,
    MRS_TARGET_TEMP_LEN = 6 + 8 + 1 + 16, /* ".mars-" TAG "-" RANDOM */
    MRS_TARGET_STAMP_SIZE = 24,
    MRS_TARGET_CHANCE_SIZE = 256, /* random bytes asked for at once */
    MRS_TARGET_MAKING = 16
};

/* A file system that the target reaches into. */
struct mrs_target_fs {
    uint64_t id;
    struct mrs_tree_dir *handle; /* of a directory there, which need not be open otherwise */
};

struct mrs_target {
    struct mrs_mutex *lock;      /* all that changes; not held while the system works */
    struct mrs_mutex *warn_lock; /* the caller's warn, without the other one */
    struct mrs_mutex *making[MRS_TARGET_MAKING]; /* one a node's file is made under */
    struct mrs_target_options opts;
    struct mrs_target_dir *root;
    struct mrs_target_dir *newest; /* those that are open, by their last use */
    struct mrs_target_dir *oldest;
    size_t n_open;
    struct mrs_target_fs fs[MRS_TARGET_FS_MAX]; /* the root's first */
    size_t n_fs;
    uint8_t chance[MRS_TARGET_CHANCE_SIZE]; /* the last n_chance of them are not used yet */
    size_t n_chance;
    char prefix[MRS_TARGET_TEMP_LEN - 16 + 1]; /* of temporary names */
    char run[MRS_TARGET_RUN_LEN + 1]; /* the first half of their random part, to know our own */
    char stamp[MRS_TARGET_STAMP_SIZE]; /* "YYYY-MM-DD HH.MM.SS" when it was opened, UTC */
};

struct mrs_target_dir {
    struct mrs_target *target;
    struct mrs_target_dir *parent; /* a reference; NULL: the root */
    size_t refs;
    size_t pins;                   /* its handle is in use and stays */
    struct mrs_tree_dir *handle;   /* NULL: not open now */
    struct mrs_target_dir *newer;
    struct mrs_target_dir *older;
    uint64_t inode;
    uint64_t fs_id;
    bool made;                     /* by this run */
    bool bare;                     /* made, and inherited no ACL */
    bool flush_now;                /* its file system found no room in the target's list */
    bool gives_acl;                /* what is made in it inherits an ACL */
    size_t name_len;
    char name[];                   /* NUL-terminated */
};

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
/* Owner, attributes, mode and times, when all in it is done: nobody else works in it any more. */
MARS_NODISCARD mars_status mrs_target_dir_finish(struct mrs_target_dir *d,
                                                 const mars_entry *e, mars_error *err);
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
                                                const mars_entry *e, bool *same,
                                                mars_error *err);

/* A free name beside `name`: "name (restored YYYY-MM-DD HH.MM.SS)", before the extension, with a
 * number where that is taken too; cut to 255 bytes. Appended to out. */
MARS_NODISCARD mars_status mrs_target_copy_name(struct mrs_target_dir *dir, struct mrs_slice name,
                                                struct mrs_buf *out, mars_error *err);


/* A zeroed directory of this name with one reference, and a new one to parent, which may be NULL;
 * NULL when out of memory. Under the lock. */
struct mrs_target_dir *mrs_target_dir_new(struct mrs_target *t, struct mrs_target_dir *parent,
                                          const char *name) MARS_NODISCARD;

/* d's handle, opened again where it was closed; it stays open until d is unpinned, which whoever
 * got it does. MARS_ERR_EXISTS if something else is there now. */
MARS_NODISCARD mars_status mrs_target_pin(struct mrs_target_dir *d, struct mrs_tree_dir **out,
                                          mars_error *err);
/* Nothing where at is NULL. */
void mrs_target_unpin(struct mrs_target_dir *d, const struct mrs_tree_dir *at);

/* Under the lock: the file system of d, which is open as handle, is flushed at the end, or whenever
 * such a directory is finished. */
void mrs_target_note_fs(struct mrs_target_dir *d, struct mrs_tree_dir *handle);

/* Under the lock: d, not the root, gets this handle. */
void mrs_target_handle_set(struct mrs_target_dir *d, struct mrs_tree_dir *handle);
/* Under the lock. */
void mrs_target_handle_close(struct mrs_target_dir *d);

/* A name from the vault, proven harmless, as a string; MARS_ERR_CORRUPT. */
MARS_NODISCARD mars_status mrs_target_name(char out[MRS_TARGET_NAME_MAX + 1],
                                           struct mrs_slice name, mars_error *err);
/* A new temporary name. */
MARS_NODISCARD mars_status mrs_target_temp_name(struct mrs_target *t,
                                                char out[MRS_TARGET_TEMP_LEN + 1],
                                                mars_error *err);
/* Remove what dead runs of the same tag left in an open directory. */
MARS_NODISCARD mars_status mrs_target_clear(const struct mrs_target *t, struct mrs_tree_dir *dir,
                                            mars_error *err);
/* The present time into stamp. */
void mrs_target_stamp(char stamp[MRS_TARGET_STAMP_SIZE]);

#endif
