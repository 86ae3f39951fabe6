/* Large files on their way through memory: a ring that reads fill in order. Reads are made by the
 * engine's workers, which also mark in what they read where a chunk may end; chunks are cut off in
 * order, and their bytes stay until each is let go of. So one file keeps all cores busy, and is cut
 * as one core alone would cut it. */
#ifndef MRS_JOB_WINDOW_H
#define MRS_JOB_WINDOW_H

#include "chunk/cut.h"
#include "job/engine.h"
#include "source/source.h"

enum { MRS_WINDOW_SIZE = 16 << 20 }; /* twice the largest chunk */

/* All calls but mrs_window_release: one thread. */
struct mrs_window;

/* cutter: its max is at most half of MRS_WINDOW_SIZE; borrowed. */
MARS_NODISCARD mars_status mrs_window_new(struct mrs_window **out, struct mrs_engine *engine,
                                          const struct mrs_cutter *cutter, mars_error *err);
/* Waits until no worker has anything to do with it; wipes. NULL is allowed. */
void mrs_window_free(struct mrs_window *w);

/* Begin a stream, which is borrowed until its last read was awaited or dropped. The one before was
 * cut to its end; its chunks may still be held. */
void mrs_window_begin(struct mrs_window *w, const struct mrs_source_file *f);

/* Ask for up to len bytes from offset, which follow what was asked for before behind a hole of that
 * size. *taken: how many are on their way; 0: no room before the oldest read was awaited. */
MARS_NODISCARD mars_status mrs_window_read(struct mrs_window *w, uint64_t hole, uint64_t offset,
                                           uint64_t len, uint64_t *taken, mars_error *err);

struct mrs_window_got {
    uint64_t hole;
    uint64_t asked;
    uint64_t got;   /* less than asked: the stream ended before */
    mars_status st; /* of the source; not MARS_OK: got is 0 */
    mars_error why;
};
/* Wait for the oldest read; false: none is on its way. What it got can be cut from now on. */
bool mrs_window_await(struct mrs_window *w, struct mrs_window_got *got);
/* Forget the reads that are on their way, and wait for them. */
void mrs_window_drop(struct mrs_window *w);

struct mrs_window_chunk {
    const uint8_t *data;
    size_t len;
    size_t slot; /* the window's own */
};
/* The next chunk whose end is certain, or with `end`, the stream's, what is left. len 0: none. */
MARS_NODISCARD mars_status mrs_window_cut(struct mrs_window *w, bool end,
                                          struct mrs_window_chunk *out, mars_error *err);
/* The chunk's bytes are not needed any more. Any thread. */
void mrs_window_release(struct mrs_window *w, const struct mrs_window_chunk *c);

#endif
