/* Where this machine keeps its domain's keys. Behind an interface, because operating systems and
 * hardware offer better places than a file. */
#ifndef MRS_AGENT_PROTECTOR_H
#define MRS_AGENT_PROTECTOR_H

#include "base/buf.h"

struct mrs_protector {
    const char *name; /* as the machine's state names it */
    /* Durable when it returns; replaces what was kept under the name. */
    mars_status (*save)(const char *config_dir, const char *name, const uint8_t *data, size_t n,
                        mars_error *err);
    /* Appended; the caller wipes it. MARS_ERR_NOT_FOUND if nothing is kept under the name. */
    mars_status (*load)(const char *config_dir, const char *name, struct mrs_buf *out,
                        mars_error *err);
};

/* A file of mode 0600 below the config directory: what the system's file permissions protect. */
extern const struct mrs_protector mrs_protector_file;

/* The protector of this name; MARS_ERR_UNSUPPORTED if this build has none. */
MARS_NODISCARD mars_status mrs_protector_find(const struct mrs_protector **out, const char *name,
                                              mars_error *err);

#endif
