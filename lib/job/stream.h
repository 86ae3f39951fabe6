/* Streams that a caller writes: cut on his thread, put by the workers. Each keeps its own place, so
 * that any number may grow at once, in any order, and none waits for another. */
#ifndef MRS_JOB_STREAM_H
#define MRS_JOB_STREAM_H

#include "job/backup.h"

/* One thread at a time; different streams at once. */
struct mrs_stream;

/* Of a backup without a source that is open: see mrs_backup_await_open. fixed: chunks end at
 * multiples of so many bytes, at most the chunker's average; 0: where the content says. */
MARS_NODISCARD mars_status mrs_stream_open(struct mrs_stream **out, struct mrs_backup *b,
                                           size_t fixed, mars_error *err);
struct mrs_backup *mrs_stream_backup(struct mrs_stream *s);
/* Waits while the workers have enough to do. A failure is the backup's. */
MARS_NODISCARD mars_status mrs_stream_write(struct mrs_stream *s, const void *data, size_t n,
                                            mars_error *err);
/* n bytes of zeros, which are not kept. */
MARS_NODISCARD mars_status mrs_stream_hole(struct mrs_stream *s, uint64_t n, mars_error *err);
/* n bytes that a chunk has which this backup may rely on, from offset on. */
MARS_NODISCARD mars_status mrs_stream_ref(struct mrs_stream *s, const uint8_t id[32],
                                          uint64_t offset, size_t n, mars_error *err);
/* No more will come. Waits until all of it was put. */
MARS_NODISCARD mars_status mrs_stream_finish(struct mrs_stream *s, mars_error *err);
/* Hand a finished stream to the builder, as a root of the point. Streams come in the order of their
 * names, by one thread; mrs_backup_walked says that it was the last. */
MARS_NODISCARD mars_status mrs_stream_add(struct mrs_stream *s, struct mrs_slice name,
                                          mars_error *err);
/* Waits for nothing. NULL is allowed. */
void mrs_stream_free(struct mrs_stream *s);

#endif
