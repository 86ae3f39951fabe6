/* What the stages of a restore share. */
#ifndef MRS_JOB_RESTORE_INT_H
#define MRS_JOB_RESTORE_INT_H

#include "base/map.h"
#include "base/vec.h"
#include "job/restore.h"
#include "repo/treereader.h"
#include "target/target.h"

enum {
    RESTORE_OPEN_FILES = 200,   /* files in the making at once */
    RESTORE_BATCH_WANTS = 1024,
    RESTORE_BATCH_BYTES = 16 << 20,
    RESTORE_RUN_BYTES = 4 << 20, /* of one ranged read, unless a blob is longer */
    RESTORE_GAP = 64 << 10       /* bytes read in vain rather than a second read */
};

/* A directory on its way; counted references: one a child that is not done, one the walker's. */
struct mrs_rdir {
    struct mrs_rdir *parent;
    size_t refs;                 /* guarded by the job's lock */
    struct mrs_target_dir *dir;
    struct mrs_arena bytes;
    struct mrs_entry entry;
    struct mrs_slice attrs;
    bool has_entry;              /* its metadata is set at the end */
};

/* Another name of a file, made when the file is done. */
struct mrs_rlink {
    struct mrs_rlink *next;
    struct mrs_rdir *dir;
    struct mrs_arena bytes;
    struct mrs_slice name;       /* in the point */
    struct mrs_slice final_name;
    bool replace;
};

enum mrs_rstate { MRS_RFILE_BUSY, MRS_RFILE_DONE, MRS_RFILE_FAILED };

/* A file on its way; counted references: one a wanted piece, one the walker's, one a link
 * group's. */
struct mrs_rfile {
    struct mrs_restore *r;
    size_t refs;                 /* guarded by the job's lock */
    size_t pieces;               /* guarded: wanted pieces and the walker; 0: finish it */
    struct mrs_rdir *dir;
    struct mrs_target_file *out;
    struct mrs_arena bytes;
    struct mrs_entry entry;
    struct mrs_slice attrs;
    struct mrs_slice final_name;
    bool replace;
    enum mrs_rstate state;       /* guarded */
    struct mrs_rlink *links;     /* guarded: wait for it */
    mars_error why;              /* guarded: status is not MARS_OK once it failed */
};

/* A piece of a file that comes from a chunk. */
struct mrs_want {
    struct mrs_rfile *file;
    uint64_t offset;             /* in the file */
    uint64_t chunk_offset;
    uint64_t len;
    struct mrs_place place;      /* where the chunk is read first */
};

struct mrs_restore {
    struct mrs_job job;
    struct mrs_restore_spec spec;
    struct mrs_restore_counts counts; /* guarded */
    struct mrs_thread *walker;
    struct mrs_target *target;
    struct mrs_vec batch;        /* struct mrs_want */
    uint64_t batch_bytes;
    struct mrs_map groups;       /* link group -> struct mrs_rfile * */
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
/* Fetch what was gathered. */
mars_status mrs_restore_flush(struct mrs_restore *r, mars_error *err);
/* Want a piece; takes a reference. */
mars_status mrs_restore_want(struct mrs_restore *r, struct mrs_rfile *f,
                             const struct mrs_piece *piece, mars_error *err);

void mrs_rdir_ref(struct mrs_restore *r, struct mrs_rdir *d);
/* The last reference sets the directory's metadata and lets go of its parent. */
void mrs_rdir_unref(struct mrs_restore *r, struct mrs_rdir *d);

void mrs_rfile_ref(struct mrs_rfile *f);
void mrs_rfile_unref(struct mrs_rfile *f);
/* One more part of the file is not yet done, or is done; the last one finishes the file. */
void mrs_rfile_begin_piece(struct mrs_rfile *f);
void mrs_rfile_end_piece(struct mrs_rfile *f);
/* The file cannot be restored. */
void mrs_rfile_fail(struct mrs_rfile *f, const mars_error *why);

/* Name something that could not be restored, and count it. */
void mrs_restore_lost(struct mrs_restore *r, struct mrs_rdir *dir, struct mrs_slice name,
                      const mars_error *why);
/* Say that a file was restored, if that is asked for. */
void mrs_restore_report(struct mrs_restore *r, struct mrs_rdir *dir, struct mrs_slice name);
/* The attribute set of an entry, as the arena's own. Attributes that are damaged are a warning. */
mars_status mrs_restore_attrs(struct mrs_restore *r, const struct mrs_entry *e,
                              struct mrs_arena *a, struct mrs_slice *attrs, mars_error *err);
/* Make the link now; the file is done. */
void mrs_restore_link(struct mrs_restore *r, struct mrs_rfile *f, struct mrs_rdir *dir,
                      struct mrs_slice name, struct mrs_slice final_name, bool replace);

#endif
