/* A source of one stream that another thread writes, with back pressure. */
#ifndef MRS_SOURCE_PIPE_H
#define MRS_SOURCE_PIPE_H

#include "source/source.h"

/* The writing end. write, finish and fail are for one thread; the source is for another. */
struct mrs_pipe;

/* name: of the stream, one path component. capacity: bytes held at the most. Both ends must be
 * closed; they may be in any order. */
MARS_NODISCARD mars_status mrs_source_pipe_open(struct mrs_source **out, struct mrs_pipe **writer,
                                                const char *name, size_t name_len, size_t capacity,
                                                mars_error *err);
/* Waits while the pipe is full; MARS_ERR_CANCELLED once the source was closed. */
MARS_NODISCARD mars_status mrs_pipe_write(struct mrs_pipe *p, const void *data, size_t n,
                                          mars_error *err);
/* No more will come. */
void mrs_pipe_finish(struct mrs_pipe *p);
/* The reader gets this status instead of the end. */
void mrs_pipe_fail(struct mrs_pipe *p, mars_status st);
/* Without finish it is a fail with MARS_ERR_CANCELLED. NULL is allowed. */
void mrs_pipe_close(struct mrs_pipe *p);

#endif
