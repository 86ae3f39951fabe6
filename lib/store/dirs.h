/* The directories of a file store that are known to exist, and which of them hold names that a
 * crash could still take back. Any number of threads. */
#ifndef MRS_STORE_DIRS_H
#define MRS_STORE_DIRS_H

#include "base/vec.h"

struct mrs_cond;
struct mrs_mutex;

struct mrs_dir {
    char *name; /* relative to the store, "" is the store itself */
    int touched;
};

struct mrs_dirs {
    struct mrs_mutex *lock;
    struct mrs_cond *flushed;
    struct mrs_vec all; /* struct mrs_dir *, never removed before the end */
    int flushing;
};

MARS_NODISCARD mars_status mrs_dirs_init(struct mrs_dirs *d, mars_error *err);
/* Also for what mrs_dirs_init left half-done. */
void mrs_dirs_free(struct mrs_dirs *d);

/* The directory of these n bytes, or NULL where it is not known. Stays valid until the end. */
struct mrs_dir *mrs_dirs_find(struct mrs_dirs *d, const char *name, size_t n);
/* The same, remembered as known if it was not; NULL when out of memory. */
struct mrs_dir *mrs_dirs_add(struct mrs_dirs *d, const char *name, size_t n);
/* A name was made in it: the next flush syncs it. Cannot fail, so it can follow the making. */
void mrs_dirs_touch(struct mrs_dirs *d, struct mrs_dir *dir);

/* Give each directory touched before this call to sync, on this thread, once; those that another
 * flush is busy with are waited for. One whose sync fails stays touched. */
typedef mars_status (*mrs_dirs_sync_fn)(void *user, const char *name, mars_error *err);
MARS_NODISCARD mars_status mrs_dirs_flush(struct mrs_dirs *d, mrs_dirs_sync_fn sync, void *user,
                                          mars_error *err);

#endif
