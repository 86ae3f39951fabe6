/* Where things lie in a config directory. Private to this room. */
#ifndef MRS_AGENT_PATHS_H
#define MRS_AGENT_PATHS_H

#include "platform/file.h"

/* dir/name, for mrs_free; NULL when out of memory. */
char *mrs_config_path(const char *dir, const char *name);

/* MARS_ERR_STATE: nobody registered in this directory. */
MARS_NODISCARD mars_status mrs_config_missing(const char *config_dir, mars_error *err);

/* The lock of a config directory, which whoever updates its files holds; waits for it as long as
 * an update may take. MARS_ERR_STATE: there is no such directory. Released with
 * mrs_lock_release. */
MARS_NODISCARD mars_status mrs_config_lock(struct mrs_lock **out, const char *config_dir,
                                           mars_error *err);

struct mrs_doc;
/* A file of the directory, parsed. MARS_ERR_NOT_FOUND if it is not there. */
MARS_NODISCARD mars_status mrs_config_read(struct mrs_doc **out, const char *config_dir,
                                           const char *name, mars_error *err);
/* Replace it durably. */
MARS_NODISCARD mars_status mrs_config_write(const struct mrs_doc *doc, const char *config_dir,
                                            const char *name, mars_error *err);

#endif
