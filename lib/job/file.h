/* A file of a recovery point, read at any place. One thread at a time. */
#ifndef MRS_JOB_FILE_H
#define MRS_JOB_FILE_H

#include <stdatomic.h>

#include "format/entry.h"
#include "job/engine.h"
#include "repo/domain.h"

struct mrs_file_reader;

/* Of a regular file's entry, of which what is needed is copied; reads nothing yet. Domain and
 * engine must outlive it. cancel: NULL, or once it is set, calls end soon with
 * MARS_ERR_CANCELLED. */
MARS_NODISCARD mars_status mrs_file_reader_open(struct mrs_file_reader **out, struct mrs_domain *d,
                                                struct mrs_engine *engine,
                                                const struct mrs_entry *e,
                                                const atomic_bool *cancel, mars_error *err);
/* NULL is allowed. */
void mrs_file_reader_close(struct mrs_file_reader *f);
uint64_t mrs_file_reader_size(const struct mrs_file_reader *f);

/* The bytes from `offset` on, which must lie inside the file: of `want`, as many as stand together,
 * at least one. *data is NULL where they are zeros, and valid until the next call. Who asks for
 * what follows each time is taken for a reader of the whole file, and what comes next is fetched
 * before he asks. */
MARS_NODISCARD mars_status mrs_file_reader_get(struct mrs_file_reader *f, uint64_t offset,
                                               uint64_t want, const uint8_t **data, uint64_t *len,
                                               mars_error *err);
/* A copy of n bytes from `offset` on, which must lie inside the file. */
MARS_NODISCARD mars_status mrs_file_reader_copy(struct mrs_file_reader *f, uint64_t offset,
                                                void *out, size_t n, mars_error *err);
/* All bytes in order, holes as zeros. Non-zero from fn ends it with MARS_ERR_CANCELLED. */
MARS_NODISCARD mars_status mrs_file_reader_each(struct mrs_file_reader *f,
                                                int (*fn)(const void *data, uint64_t len,
                                                          void *user),
                                                void *user, mars_error *err);

#endif
