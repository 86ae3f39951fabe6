/* Where things lie below a cache's directory. Private to this room. */
#ifndef MRS_CACHE_PATHS_H
#define MRS_CACHE_PATHS_H

#include <mars/common.h>

struct mrs_cache {
    char *dir;  /* as the caller named it */
    char *root; /* the domain's part of it */
};

#define MRS_CACHE_OBJECTS "objects"
#define MRS_CACHE_JOURNAL "journal"
#define MRS_CACHE_RUNS "runs"
#define MRS_CACHE_TMP "tmp"

/* ROOT/folder/name, or ROOT/folder where name is NULL. For mrs_free; NULL when out of memory. */
char *mrs_cache_path(const struct mrs_cache *c, const char *folder, const char *name);

#endif
