/* The names of one directory, put in order: a few as they are, very many as sorted runs in which
 * each name tells only how it differs from the one before. */
#ifndef MRS_SOURCE_NAMES_H
#define MRS_SOURCE_NAMES_H

#include "base/buf.h"
#include "base/vec.h"

struct mrs_names {
    struct mrs_buf bytes;   /* of names that are in no run yet: NUL-terminated, joined */
    size_t n;               /* of them */
    struct mrs_vec sorted;  /* the same in order, where there are no runs */
    size_t at;              /* the next of these */
    struct mrs_vec runs;    /* once sorted: a heap of those that have names left */
    struct mrs_buf current; /* the name given last, where there are runs */
};

void mrs_names_init(struct mrs_names *n);
/* Forget all; it can be used again. */
void mrs_names_free(struct mrs_names *n);
/* NUL-terminated; len without the NUL. In any order, also more than once. */
MARS_NODISCARD mars_status mrs_names_add(struct mrs_names *n, const char *name, size_t len,
                                         mars_error *err);
/* Put in order what was added. Once, before the first is asked for; nothing is added behind it. */
MARS_NODISCARD mars_status mrs_names_sort(struct mrs_names *n, mars_error *err);
/* The next name, ascending by bytes, each once; *name = NULL: there are no more. It stays as it is
 * until the next call. MARS_ERR_NOMEM is all that can go wrong. */
MARS_NODISCARD mars_status mrs_names_next(struct mrs_names *n, const char **name, mars_error *err);

#endif
