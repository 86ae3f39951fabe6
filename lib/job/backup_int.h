/* What the stages of a backup share. */
#ifndef MRS_JOB_BACKUP_INT_H
#define MRS_JOB_BACKUP_INT_H

#include <stdatomic.h>

#include "base/arena.h"
#include "base/vec.h"
#include "job/backup.h"
#include "job/window.h"
#include "repo/points.h"
#include "repo/session.h"
#include "repo/treereader.h"
#include "repo/treewriter.h"

enum {
    BACKUP_BATCH = 128,          /* items that are handed over together */
    BACKUP_BATCHES = 16,         /* of them that may wait for the builder */
    BACKUP_QUEUE = 2048,         /* parts that may wait for it */
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
    enum mrs_source_kind kind;
    struct mrs_slice path;  /* of what may be named to the caller; empty otherwise */
    const struct mrs_root *root; /* in which it is; lives as long as the backup */
    bool is_root;
    bool unchanged;
    bool read;              /* its bytes were read */
    struct mrs_entry entry;
    struct mrs_entry_stat stat;
    uint32_t reason;        /* mrs_skip_reason; 0: none. With an entry: it is in the point */
    uint32_t os_code;
    const char *message;
    bool drop;              /* could not be read: not in the point; reason says why */
    struct mrs_arena bytes; /* what was added since it was given to a worker, or is read */
    atomic_bool ready;      /* nothing more will happen to it */
    /* Guarded by the job's lock until it is ready, then the builder's: */
    struct mrs_part *first; /* parts the builder has not taken */
    struct mrs_part *last;
    /* A small file that a worker reads: */
    struct mrs_task task;
    struct mrs_backup *b;
    struct mrs_source_file file;
    uint64_t charge;
};

/* Items in a row. They stay where they are until the builder is done with all of them. */
struct mrs_batch {
    struct mrs_batch *next;
    struct mrs_arena bytes; /* what the items point to */
    size_t n;
    struct mrs_item items[BACKUP_BATCH];
};

/* A buffer for a stream's chunk that is not used now. */
struct mrs_spare_buffer {
    struct mrs_spare_buffer *next;
};

struct mrs_backup {
    struct mrs_job job;
    struct mrs_backup_spec spec;
    struct mrs_backup_counts counts; /* builder's; bytes_read, bytes_new: the job's lock */
    struct mrs_thread *builder;
    struct mrs_thread *walker;
    struct mrs_session *session;     /* NULL in a dry run */
    struct mrs_log dry_log;
    struct mrs_ledger dry_ledger;    /* in a dry run */
    struct mrs_points points;        /* of all of this machine's items */
    struct mrs_loaded_point *parent; /* the point that is compared with; NULL: none */
    uint8_t item_id[16];
    struct mrs_stamp begun;
    struct mrs_batch *filling;       /* the walker's; NULL: the next item begins one */
    struct mrs_cond *handed;         /* the builder waits for a batch */
    struct mrs_cond *taken;          /* the walker waits for room for one */
    /* Guarded by the job's lock: */
    struct mrs_batch *first;         /* handed over */
    struct mrs_batch *last;
    struct mrs_batch *spare;         /* empty */
    size_t n_batches;                /* handed over and not yet taken */
    struct mrs_item *head;           /* the builder waits for it or its parts */
    size_t queued;                   /* parts */
    size_t tasks;                    /* submitted and not done */
    bool walked;                     /* the walker has ended */
    /* Buffers of streams, not used now: */
    struct mrs_spare_buffer *usual_buffers;
    struct mrs_spare_buffer *large_buffers;
    size_t large_used;
    /* The walker's: */
    struct mrs_reader *reader;       /* of the source; NULL: streams */
    struct mrs_window *window;       /* for large files; NULL until there is one */
};

/* Thread functions; arg is the backup. */
void mrs_backup_walk(void *arg);
void mrs_backup_build(void *arg);

/* MARS_ERR_QUOTA if there is too little for the cache, an event if there is little. After the
 * points were read. */
mars_status mrs_backup_check_room(struct mrs_backup *b, mars_error *err);

/* The next item, zeroed, at the end of what the walker fills; NULL if out of memory. It counts once
 * it is added; what it points to may stand in *bytes, which lives as long. */
struct mrs_item *mrs_backup_next_item(struct mrs_backup *b, struct mrs_arena **bytes,
                                      mars_error *err);
void mrs_backup_add(struct mrs_backup *b);
/* Let the builder have what was added so far. Waits for room, unless the job stops. */
void mrs_backup_hand_over(struct mrs_backup *b);
/* The next batch for the builder, its own until it is given back; NULL: there will be no more. */
struct mrs_batch *mrs_backup_take(struct mrs_backup *b);
void mrs_backup_give_back(struct mrs_backup *b, struct mrs_batch *batch);
/* The builder waits until the item has a part (true), or is ready without one. */
bool mrs_backup_await(struct mrs_backup *b, struct mrs_item *item);
/* The item's next part, once it is done; NULL: there will be no more. */
struct mrs_part *mrs_backup_take_part(struct mrs_backup *b, struct mrs_item *item);

/* A new item's file, read by a worker or here, and closed. The item was added, and for a large one
 * handed over: its parts wait for the builder. */
void mrs_backup_read_small(struct mrs_backup *b, struct mrs_item *item);
void mrs_backup_read_large(struct mrs_backup *b, struct mrs_item *item);
/* Let go of what reading large files needs; when the walker ends. */
void mrs_backup_close_window(struct mrs_backup *b);
/* A task of this job. */
void mrs_backup_submit(struct mrs_backup *b, struct mrs_task *t);
void mrs_backup_count_read(struct mrs_backup *b, uint64_t n);
/* Why an item is to be named although it is in the point. 0: no reason. */
uint32_t mrs_backup_judge(struct mrs_backup *b, struct mrs_item *item, bool short_read,
                          mars_error *why);
/* The heads of this item, 16 bytes each, and the newest head of each other item of the machine
 * (struct mrs_item_head). */
MARS_NODISCARD mars_status mrs_backup_heads(const struct mrs_backup *b, struct mrs_vec *heads,
                                            struct mrs_vec *others, mars_error *err);
/* Failures of the source cost an entry; these stop the backup. */
bool mrs_backup_is_fatal(mars_status st);
/* Set an item ready, with a reason or 0. */
void mrs_backup_settle(struct mrs_backup *b, struct mrs_item *item, uint32_t reason,
                       const mars_error *why);

/* May this backup rely on what the vault has of this chunk? Any thread. */
mars_status mrs_backup_has(struct mrs_backup *b, const uint8_t id[32], bool *has, mars_error *err);
/* Put a chunk: into the session, or nowhere in a dry run. Counts. Any thread. */
mars_status mrs_backup_put(struct mrs_backup *b, uint8_t cls, const void *data, size_t n,
                           uint8_t id[32], mars_error *err);
/* The same as a mrs_put_fn: user is the backup. */
mars_status mrs_backup_put_fn(void *backup, uint8_t cls, const void *data, size_t n,
                              uint8_t id[32], mars_error *err);

/* Buffers for the chunks of streams: of MRS_STREAM_SMALL_ROOM, of the usual room, or of the largest
 * chunk's, which are to be claimed. NULL: out of memory. */
enum { MRS_STREAM_SMALL_ROOM = 64 << 10 }; /* many streams are short */
size_t mrs_stream_usual_room(const struct mrs_backup *b);
uint8_t *mrs_stream_take_buffer(struct mrs_backup *b, size_t room);
/* Wipes what was used of it. NULL is allowed. */
void mrs_stream_give_buffer(struct mrs_backup *b, uint8_t *data, size_t used, size_t room);
/* May one more stream have a large one? Giving it back is giving it up. */
bool mrs_stream_claim_large(struct mrs_backup *b);

#endif
