/* What the stages of a restore share. */
#ifndef MRS_JOB_RESTORE_INT_H
#define MRS_JOB_RESTORE_INT_H

#include <stdatomic.h>

#include "base/arena.h"
#include "base/map.h"
#include "base/vec.h"
#include "job/restore.h"
#include "repo/scratch.h"
#include "repo/treereader.h"
#include "target/target.h"

enum {
    RESTORE_OPEN_FILES = 200,    /* files of several pieces in the making at once */
    RESTORE_OPEN_AGAIN = 100,    /* once that is reached, the next begins when so few are left */
    /* What is planned together: within it, no byte of a pack is read twice, gaps apart. A chunk
     * that two batches want is read for each. */
    RESTORE_BATCH_WANTS = 8192,
    RESTORE_BATCH_BYTES = 256 << 20,
    RESTORE_BATCH_HELD = 8 << 20, /* names and attributes of its files */
    RESTORE_RUN_BYTES = 4 << 20, /* of one ranged read, unless a blob is longer */
    RESTORE_RUN_WANTS = 512,     /* served by it */
    RESTORE_GAP = 64 << 10,      /* bytes read in vain rather than a second read */
    /* Charged for a want that waits, and for the entry that it holds: this, and not their data, is
     * how far the walker may run ahead in a tree of tiny files. */
    RESTORE_WANT_CHARGE = 4 << 10
};

/* A directory on its way; counted references: one a child that is not done, one the walker's. */
struct mrs_rdir {
    struct mrs_rdir *parent;
    atomic_size_t refs;
    struct mrs_target_dir *dir;
    struct mrs_entry entry;
    struct mrs_slice attrs;
    bool has_entry;              /* its metadata is set at the end */
    uint8_t bytes[];             /* of entry and attrs */
};

struct mrs_rfile;

/* Another name of a file, made when the file is done. */
struct mrs_rlink {
    struct mrs_rlink *next;
    struct mrs_rdir *dir;
    struct mrs_slice name;       /* in the point */
    struct mrs_slice final_name;
    bool replace;
    struct mrs_rfile *first;     /* NULL, or a reference: what it waited for got no place */
    uint8_t bytes[];
};

enum mrs_rstate { MRS_RGROUP_BUSY, MRS_RGROUP_DONE, MRS_RGROUP_FAILED };

/* What the names of a hard-linked file need of the first of them. There may be very many of these,
 * and they stay until the walk's end: all else goes with the file. */
struct mrs_rgroup {
    struct mrs_rdir *dir;        /* a reference */
    struct mrs_slice final_name;
    struct mrs_buf other_name;   /* of final_name, where that was found taken */
    enum mrs_rstate state;       /* guarded by the job's lock; once DONE, nothing here changes */
    struct mrs_rlink *links;     /* guarded: wait for it */
    uint8_t bytes[];
};

/* A file on its way; counted references: one a wanted piece, one the walker's, one a name that is
 * tried again. */
struct mrs_rfile {
    struct mrs_restore *r;
    atomic_size_t refs;
    atomic_size_t pieces;        /* wanted pieces and the walker; 0: finish it */
    struct mrs_rdir *dir;
    /* A file of one piece at most is made, written and finished by the worker that has it; one of
     * several is made by the walker, so that they all find it. */
    bool whole;
    struct mrs_target_file *out;
    struct mrs_entry entry;      /* of its own: name, link target and group, content inside */
    struct mrs_slice attrs;
    struct mrs_slice final_name;
    struct mrs_buf other_name;   /* of final_name, where that was found taken */
    bool replace;
    struct mrs_rgroup *group;    /* NULL, or that of which it is the first, until it is settled */
    mars_error why;              /* guarded: status is not MARS_OK once it failed */
    bool no_place;               /* guarded: it failed where it was to be, not for its content */
    size_t held;                 /* bytes of entry, attrs and final_name */
    uint8_t bytes[];
};

/* A piece of a file. */
struct mrs_want {
    struct mrs_rfile *file;
    uint64_t offset;             /* in the file */
    uint64_t chunk_offset;
    uint64_t len;
    bool inside;                 /* the whole file, which stands in its entry, or is empty */
    uint32_t nth;                /* of its batch, so that equals stay in the tree's order */
    struct mrs_place place;      /* else: where its chunk is read first */
};

/* struct mrs_restore_counts in the making. */
struct mrs_restore_tally {
    atomic_ullong restored;
    atomic_ullong directories;
    atomic_ullong present;
    atomic_ullong skipped;
    atomic_ullong failed;
    atomic_ullong warnings;
    atomic_ullong attrs_lost;    /* of things that are restored */
    atomic_ullong bytes_written;
    atomic_ullong bytes_fetched;
};

struct mrs_restore {
    struct mrs_job job;
    struct mrs_restore_spec spec;
    struct mrs_restore_tally tally;
    struct mrs_thread *walker;
    struct mrs_target *target;
    struct mrs_scratch_pool *scratch;
    struct mrs_cond *room;       /* open_files fell to RESTORE_OPEN_AGAIN, or tasks to 0 */
    struct mrs_vec batch;        /* struct mrs_want */
    uint64_t batch_bytes;        /* in the vault */
    size_t batch_held;           /* in memory, behind its files */
    struct mrs_map groups;       /* link group -> struct mrs_rgroup * */
    struct mrs_rlink *again;     /* guarded: names whose first got no place */
    struct mrs_buf path;         /* of the entry that is visited */
    bool any;                    /* something was selected */
    size_t open_files;           /* guarded */
    size_t tasks;                /* guarded */
    mars_status worst;           /* guarded: of the files that failed */
};

/* The walker thread. */
void mrs_restore_walk(void *restore);
/* One entry that is no directory. */
mars_status mrs_restore_entry(struct mrs_restore *r, struct mrs_rdir *dir,
                              const struct mrs_entry *e, mars_error *err);
/* Once more the names whose first got no place in the target, when no task is left. */
mars_status mrs_restore_again(struct mrs_restore *r, struct mrs_rlink *links, mars_error *err);
/* Fetch what was gathered. */
mars_status mrs_restore_flush(struct mrs_restore *r, mars_error *err);
/* Want a piece; takes a reference. */
mars_status mrs_restore_want(struct mrs_restore *r, struct mrs_rfile *f,
                             const struct mrs_piece *piece, mars_error *err);
/* Want a file whose bytes, if there are any, stand in its entry. */
mars_status mrs_restore_want_inside(struct mrs_restore *r, struct mrs_rfile *f, mars_error *err);

/* Failures of one entry are named and passed over; these end the job. */
bool mrs_restore_is_fatal(mars_status st);

/* Room behind a struct for the bytes of its slices: copy s to *at, which moves on. */
struct mrs_slice mrs_restore_keep(uint8_t **at, struct mrs_slice s);

void mrs_rdir_ref(struct mrs_rdir *d);
/* The last reference sets the directory's metadata and lets go of its parent. */
void mrs_rdir_unref(struct mrs_restore *r, struct mrs_rdir *d);

void mrs_rfile_ref(struct mrs_rfile *f);
void mrs_rfile_unref(struct mrs_rfile *f);
/* One more part of the file is not yet done, or is done; the last one finishes the file. */
void mrs_rfile_begin_piece(struct mrs_rfile *f);
void mrs_rfile_end_piece(struct mrs_rfile *f);
/* The file cannot be restored. */
void mrs_rfile_fail(struct mrs_rfile *f, const mars_error *why);
/* The same where its content is sound, and may go elsewhere. */
void mrs_rfile_no_place(struct mrs_rfile *f, const mars_error *why);
void mrs_rgroup_free(struct mrs_restore *r, struct mrs_rgroup *g);
void mrs_rlink_free(struct mrs_restore *r, struct mrs_rlink *l);

/* Name something that could not be restored, and count it. */
void mrs_restore_lost(struct mrs_restore *r, struct mrs_rdir *dir, struct mrs_slice name,
                      const mars_error *why);
/* Say that a file was restored, if that is asked for. */
void mrs_restore_report(struct mrs_restore *r, struct mrs_rdir *dir, struct mrs_slice name);
/* The attribute set of an entry, as the arena's own. One that cannot be read is a warning, is
 * counted, and takes from the entry's mode what an ACL may not have given. */
mars_status mrs_restore_attrs(struct mrs_restore *r, struct mrs_entry *e, struct mrs_arena *a,
                              struct mrs_slice *attrs, mars_error *err);

/* How an entry whose name is taken comes to be. */
struct mrs_way {
    bool skip;                   /* not at all */
    bool replace;                /* over what is there */
    struct mrs_buf other_name;   /* not empty: under this one */
};
/* By the caller's choice. */
mars_status mrs_restore_conflict(struct mrs_restore *r, struct mrs_rdir *dir,
                                 struct mrs_slice name, struct mrs_way *way, mars_error *err);
/* Under which name. */
struct mrs_slice mrs_restore_final_name(const struct mrs_entry *e, const struct mrs_way *way);

/* The first file of a group is remembered, if it is of one: later names are links to it. It takes
 * the place of one that failed. The walker's, like the next two. */
mars_status mrs_rgroup_remember(struct mrs_restore *r, struct mrs_rfile *f, enum mrs_rstate state,
                                mars_error *err);
/* Did this run make or find the file that the entry is a name of, or may it still come to that? */
bool mrs_rgroup_has_first(struct mrs_restore *r, const struct mrs_entry *e);
/* The entry becomes a link, or waits until the first is done; !*joined: there is none, or it
 * failed. */
mars_status mrs_rgroup_join(struct mrs_restore *r, struct mrs_rdir *dir, const struct mrs_entry *e,
                            const struct mrs_way *way, bool *joined, mars_error *err);
/* Make the link now; the first is DONE. */
void mrs_restore_link(struct mrs_restore *r, const struct mrs_rgroup *g,
                      const struct mrs_rlink *l);

#endif
