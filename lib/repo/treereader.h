/* Reading directories of recovery points. One thread at a time. */
#ifndef MRS_REPO_TREEREADER_H
#define MRS_REPO_TREEREADER_H

#include "format/entry.h"
#include "format/point.h"
#include "repo/chunk.h"

/* The entries of one directory, names ascending. */
struct mrs_dir_reader;

/* sub is copied. stat: NULL, or the directory's own, whose stat table is read along. */
MARS_NODISCARD mars_status mrs_dir_reader_open(struct mrs_dir_reader **out,
                                               const struct mrs_domain *d,
                                               const struct mrs_sub *sub,
                                               const struct mrs_entry_stat *stat,
                                               mars_error *err);
/* The same over the one entry of a point's root. */
MARS_NODISCARD mars_status mrs_dir_reader_open_root(struct mrs_dir_reader **out,
                                                    const struct mrs_domain *d,
                                                    const struct mrs_root *root, mars_error *err);
/* NULL is allowed. */
void mrs_dir_reader_close(struct mrs_dir_reader *r);

/* The next entry, valid until the next call; *e = NULL at the end. *stat is NULL where the stat
 * table says nothing. Any failure is of a node that cannot be read, with *lost set to what it held:
 * the next call goes on behind it. */
MARS_NODISCARD mars_status mrs_dir_reader_next(struct mrs_dir_reader *r,
                                               const struct mrs_entry **e,
                                               const struct mrs_entry_stat **stat,
                                               struct mrs_totals *lost, mars_error *err);
/* Go on with the first name that is not less than this one; forward only. */
void mrs_dir_reader_seek(struct mrs_dir_reader *r, struct mrs_slice name);

#endif
