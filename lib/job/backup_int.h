/* What the stages of a backup share. */
#ifndef MRS_JOB_BACKUP_INT_H
#define MRS_JOB_BACKUP_INT_H

#include "base/vec.h"
#include "job/backup.h"
#include "job/window.h"
#include "repo/points.h"
#include "repo/session.h"
#include "repo/treereader.h"
#include "repo/treewriter.h"

enum {
    BACKUP_QUEUE = 2048,         /* items and parts that may wait for the builder */
    BACKUP_SMALL = 512 << 10,    /* files up to here are one chunk: the chunker's minimum */
    BACKUP_SMALL_CHARGE = 256 << 10 /* least charge of a small file: bounds open handles too */
};

/* A part of a large file's content, in order: an extent, or a chunk being put. */
struct mrs_part {
    struct mrs_part *next;
    struct mrs_task task;
    struct mrs_backup *b;
    bool is_chunk;
    bool done;              /* guarded by the job's lock */
    uint64_t hole;          /* extent */
    uint64_t len;           /* data of an extent, or bytes of a chunk */
    struct mrs_window_chunk chunk; /* lies in the window until it is put */
    uint8_t id[32];
};

/* One item of the source on its way to the builder. */
struct mrs_item {
    struct mrs_item *next;
    enum mrs_source_kind kind;
    struct mrs_arena bytes; /* what everything here points to */
    struct mrs_slice path;
    size_t root;
    bool is_root;
    bool unchanged;
    bool read;              /* its bytes were read */
    struct mrs_entry entry;
    struct mrs_entry_stat stat;
    uint32_t reason;        /* mrs_skip_reason; 0: none. With an entry: it is in the point */
    uint32_t os_code;
    const char *message;
    bool drop;              /* could not be read: not in the point; reason says why */
    /* Guarded by the job's lock: */
    bool ready;             /* nothing more will happen to it */
    struct mrs_part *first; /* parts the builder has not taken */
    struct mrs_part *last;
    /* A small file that a worker reads: */
    struct mrs_task task;
    struct mrs_backup *b;
    struct mrs_source_stream *stream;
    uint64_t charge;
};

struct mrs_backup {
    struct mrs_job job;
    struct mrs_backup_spec spec;
    struct mrs_backup_counts counts; /* builder's; bytes_read, bytes_new: the job's lock */
    struct mrs_thread *builder;
    struct mrs_thread *walker;
    struct mrs_session *session;     /* NULL in a dry run */
    struct mrs_ledger dry_ledger;    /* in a dry run */
    struct mrs_points points;        /* of all of this machine's items */
    struct mrs_loaded_point *parent; /* the point that is compared with; NULL: none */
    uint8_t item_id[16];
    struct mrs_stamp begun;
    /* Guarded by the job's lock: */
    struct mrs_item *first;
    struct mrs_item *last;
    size_t queued;                   /* items and parts */
    size_t tasks;                    /* submitted and not done */
    bool walked;                     /* the walker has ended */
    /* The walker's: */
    struct mrs_window *window;       /* for large files; NULL until there is one */
};

/* Thread functions; arg is the backup. */
void mrs_backup_walk(void *arg);
void mrs_backup_build(void *arg);

/* Queue an item for the builder; it must not be touched any more unless it is not ready. Waits for
 * room; false if the job stops (the item is freed). */
bool mrs_backup_push(struct mrs_backup *b, struct mrs_item *item);
struct mrs_item *mrs_item_new(mars_error *err);
void mrs_item_free(struct mrs_item *item);

/* A new item's main stream, read by a worker or here; takes over the stream. The item was
 * pushed. */
void mrs_backup_read_small(struct mrs_backup *b, struct mrs_item *item);
void mrs_backup_read_large(struct mrs_backup *b, struct mrs_item *item,
                           struct mrs_source_stream *stream);
/* Let go of what reading large files needs; when the walker ends. */
void mrs_backup_close_window(struct mrs_backup *b);
/* A task of this job. */
void mrs_backup_submit(struct mrs_backup *b, struct mrs_task *t);
void mrs_backup_count_read(struct mrs_backup *b, uint64_t n);
/* Why an item is to be named although it is in the point. 0: no reason. */
uint32_t mrs_backup_judge(struct mrs_item *item, struct mrs_source_stream *s, bool short_read,
                          mars_error *why);
/* Set an item ready, with a reason or 0. */
void mrs_backup_settle(struct mrs_backup *b, struct mrs_item *item, uint32_t reason,
                       const mars_error *why);

/* Put a chunk: into the session, or nowhere in a dry run. Counts. Any thread. */
mars_status mrs_backup_put(struct mrs_backup *b, uint8_t cls, const void *data, size_t n,
                           uint8_t id[32], mars_error *err);
/* The same as a mrs_put_fn: user is the backup. */
mars_status mrs_backup_put_fn(void *backup, uint8_t cls, const void *data, size_t n,
                              uint8_t id[32], mars_error *err);

#endif
