/* A file that is written under a temporary name. */
#ifndef MRS_TARGET_FILE_H
#define MRS_TARGET_FILE_H

#include "target/dir.h"

struct mrs_target_file;

/* A new file in dir under a temporary name. Writes on any threads at once. */
MARS_NODISCARD mars_status mrs_target_file_begin(struct mrs_target_dir *dir, uint64_t size,
                                                 struct mrs_target_file **out, mars_error *err);
MARS_NODISCARD mars_status mrs_target_file_write(struct mrs_target_file *f, uint64_t offset,
                                                 const void *data, size_t n, mars_error *err);
/* Metadata, then the name; replace: over what is there (never a directory). Where the name is
 * taken, MARS_ERR_EXISTS, f is as it was: for another name, or to be abandoned. In every other
 * case f is freed; on failure the temporary file is gone. */
MARS_NODISCARD mars_status mrs_target_file_finish(struct mrs_target_file *f,
                                                  const mars_entry *e, struct mrs_slice name,
                                                  bool replace, mars_error *err);
/* Remove the temporary file. NULL is allowed. */
void mrs_target_file_abandon(struct mrs_target_file *f);

#endif
