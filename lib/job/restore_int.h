/* What the stages of a restore share. */
#ifndef MRS_JOB_RESTORE_INT_H
#define MRS_JOB_RESTORE_INT_H

#include <stdatomic.h>

#include "base/arena.h"
#include "base/map.h"
#include "base/vec.h"
#include "job/restore.h"
#include "job/shown.h"
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
    struct mrs_rdir *parent;     /* NULL: of a root, or of what was selected of it */
    atomic_size_t refs;
    void *node;
    struct mrs_slice name;       /* without a parent: its path, empty for "/" */
    uint8_t bytes[];
};

struct mrs_rfile;

enum mrs_rstate { MRS_RGROUP_BUSY, MRS_RGROUP_DONE, MRS_RGROUP_FAILED };

/* What the names of a hard-linked file need of the first of them. There may be very many of these,
 * and they stay until the walk's end: all else goes with the file. */
struct mrs_rgroup {
    struct mrs_rdir *dir;        /* a reference, or NULL */
    void *node;                  /* of its first, once DONE */
    enum mrs_rstate state;       /* guarded by the job's lock; once DONE, nothing here changes */
    struct mrs_rfile *names;     /* guarded: references; wait for the first */
};

/* Anything but a directory, on its way; counted references: one a wanted piece, one the walker's,
 * one of a list of names that wait. */
struct mrs_rfile {
    struct mrs_restore *r;
    atomic_size_t refs;
    atomic_size_t pieces;        /* wanted pieces and the walker; 0: finish it */
    struct mrs_rdir *dir;        /* a reference, or NULL */
    void *node;                  /* NULL: it has been given back, or to the group */
    struct mrs_slice name;       /* without dir: its path */
    struct mrs_slice link_group;
    struct mrs_content content;  /* what is inside is its own */
    uint64_t size;
    uint8_t type;                /* MRS_ENTRY_* */
    bool has_room;               /* it is one of open_files */
    struct mrs_rgroup *group;    /* NULL, or that of which it is the first, until it is settled */
    struct mrs_rfile *next;      /* of the list in which it waits */
    atomic_bool failed;
    mars_error why;              /* guarded: status is not MARS_OK once it failed */
    bool no_place;               /* guarded: it failed where it was to be, not for its content */
    size_t held;                 /* bytes that it and its node hold beside themselves */
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
    struct mrs_target *target;   /* NULL: the sink is the caller's */
    mars_sink sink;
    struct mrs_shown_entry shown; /* the entry that begins */
    const struct mrs_entry *current; /* the same in the point */
    struct mrs_scratch_pool *scratch;
    struct mrs_cond *room;       /* open_files fell to RESTORE_OPEN_AGAIN, or tasks to 0 */
    struct mrs_vec batch;        /* struct mrs_want */
    uint64_t batch_bytes;        /* in the vault */
    size_t batch_held;           /* in memory, behind its files */
    size_t batch_names;          /* others of its files, perhaps: they wait, and are held, too */
    struct mrs_map groups;       /* link group -> struct mrs_rgroup * */
    struct mrs_rfile *again;     /* guarded: references; names whose first got no place */
    struct mrs_buf path;         /* of the entry that is visited */
    bool any;                    /* something was selected */
    size_t open_files;           /* guarded */
    size_t tasks;                /* guarded */
    mars_status worst;           /* guarded: of the files that failed */
};

/* The walker thread. */
void mrs_restore_walk(void *restore);
/* One entry that is no directory, at r->path. dir NULL: a root. */
mars_status mrs_restore_entry(struct mrs_restore *r, struct mrs_rdir *dir,
                              const struct mrs_entry *e, mars_error *err);
/* Once more the names whose first got no place in the target, when no task is left. */
mars_status mrs_restore_again(struct mrs_restore *r, struct mrs_rfile *names, mars_error *err);
/* Fetch what was gathered. */
mars_status mrs_restore_flush(struct mrs_restore *r, mars_error *err);
/* The same, if it is as much as is planned together. */
mars_status mrs_restore_flush_full(struct mrs_restore *r, mars_error *err);
/* Want a piece; takes a reference. */
mars_status mrs_restore_want(struct mrs_restore *r, struct mrs_rfile *f,
                             const struct mrs_piece *piece, mars_error *err);
/* Want a file whose bytes, if there are any, stand in its entry. */
mars_status mrs_restore_want_inside(struct mrs_restore *r, struct mrs_rfile *f, mars_error *err);

/* Failures of one entry are named and passed over; these end the job. */
bool mrs_restore_is_fatal(mars_status st);
/* These, and a vault that is out of reach: of reading from it. */
bool mrs_restore_ends(mars_status st);
/* What came of reading from the vault, which is given back: where that is out of reach the job
 * ends, since it would be tried in vain for each file that is left. Any thread. */
mars_status mrs_restore_has_read(struct mrs_restore *r, mars_status st, const mars_error *why);

/* The sink, with what it answers checked; a failure that ends the job has been told to it. Any
 * thread. */
MARS_NODISCARD mars_status mrs_node_write(struct mrs_restore *r, void *node, uint64_t offset,
                                          const void *data, uint64_t len, mars_error *err);
MARS_NODISCARD mars_status mrs_node_end(struct mrs_restore *r, void *node, mars_status outcome,
                                        mars_error *err);
MARS_NODISCARD mars_status mrs_node_link(struct mrs_restore *r, void *node, void *first,
                                         mars_error *err);
/* A state that this build does not know is MARS_SINK_TAKEN. */
mars_sink_state mrs_node_state(struct mrs_restore *r, void *node);
/* NULL is allowed. */
void mrs_node_release(struct mrs_restore *r, void *node);
/* The entry at r->path begins; the walker's. *node stays NULL where it is not wanted. */
MARS_NODISCARD mars_status mrs_node_begin(struct mrs_restore *r, const struct mrs_rdir *dir,
                                          const struct mrs_entry *e, void **node,
                                          mars_error *err);

/* The file tree as the sink. */
MARS_NODISCARD mars_status mrs_restore_open_target(struct mrs_restore *r, mars_error *err);

/* Room behind a struct for the bytes of its slices: copy s to *at, which moves on. */
struct mrs_slice mrs_restore_keep(uint8_t **at, struct mrs_slice s);
/* The path that is visited, with which a root is named. */
struct mrs_slice mrs_restore_path(const struct mrs_restore *r);

/* A directory with one reference, which takes one on its parent; NULL when out of memory. */
struct mrs_rdir *mrs_rdir_new(struct mrs_rdir *parent, struct mrs_slice name) MARS_NODISCARD;
void mrs_rdir_ref(struct mrs_rdir *d);
/* The last reference ends the directory and lets go of its parent. NULL is allowed, as above. */
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
/* The same, and it is finished: no part of it is on its way. */
void mrs_rfile_lose(struct mrs_rfile *f, const mars_error *why);
/* It becomes another name of a group's first, which is DONE, and is finished. */
void mrs_rfile_link(struct mrs_rfile *f, const struct mrs_rgroup *g);

/* Name something that could not be restored, and count it. dir NULL: name is the path. */
void mrs_restore_lost(struct mrs_restore *r, const struct mrs_rdir *dir, struct mrs_slice name,
                      const mars_error *why);
/* Of all that was lost, damage is what the run ends with. */
void mrs_restore_worsen(struct mrs_restore *r, mars_status st);
/* Something is there, but not quite as it was. Any thread. */
void mrs_restore_warn(struct mrs_restore *r, struct mrs_slice path, const mars_error *why);
/* Say that a file was restored, if that is asked for; where: NULL, or where it is. */
void mrs_restore_report(struct mrs_restore *r, const struct mrs_rdir *dir, struct mrs_slice name,
                        const mars_sink_state *where);

/* The first file of a group is remembered, if it is of one: later names are links to it. It takes
 * the place of one that failed. The walker's, like the next two. */
mars_status mrs_rgroup_remember(struct mrs_restore *r, struct mrs_rfile *f, mars_error *err);
/* Did this run make or find the file that this is a name of, or may it still come to that? */
bool mrs_rgroup_has_first(struct mrs_restore *r, const struct mrs_rfile *f);
/* The file becomes a link, or waits until the first is done; false: there is none, or it
 * failed. */
bool mrs_rgroup_join(struct mrs_restore *r, struct mrs_rfile *f);
void mrs_rgroup_free(struct mrs_restore *r, struct mrs_rgroup *g);

#endif
