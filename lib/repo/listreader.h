/* Finding a place in a content by its offset: content lists are gone down by their sizes, and the
 * nodes on the way are kept, at most some MiB of them. One thread at a time. */
#ifndef MRS_REPO_LISTREADER_H
#define MRS_REPO_LISTREADER_H

#include "repo/chunk.h"

struct mrs_list_reader;

/* Reads nothing yet. What the content borrows must outlive it. */
MARS_NODISCARD mars_status mrs_list_reader_new(struct mrs_list_reader **out,
                                               const struct mrs_domain *d,
                                               const struct mrs_content *c, uint64_t size,
                                               mars_error *err);
/* NULL is allowed. */
void mrs_list_reader_free(struct mrs_list_reader *r);

/* The piece that has the byte at `offset`, which must lie below the size. After a failure it can
 * be asked again. */
MARS_NODISCARD mars_status mrs_list_reader_find(struct mrs_list_reader *r, uint64_t offset,
                                                struct mrs_piece *piece, mars_error *err);

#endif
