/* What all calls that back up share: their options, checked, and their result. */
#ifndef MRS_API_BACKUP_CALL_H
#define MRS_API_BACKUP_CALL_H

#include <mars/backup.h>
#include <mars/source.h>

#include "api/api.h"
#include "codec/codec.h"
#include "format/point.h"
#include "job/backup.h"
#include "policy/rules.h"
#include "source/tree.h"

/* Zeroed before; closed in every case. */
struct mrs_backup_call {
    mars_backup_options opts;
    char item[MRS_DISPLAY_NAME_MAX + 1];
    struct mrs_rules *rules;
    struct mrs_slice *paths;
    struct mrs_tree_source *tree; /* of paths */
    mars_source own;              /* the caller's table */
    const mars_source *source;    /* one of the two; NULL: streams */
    struct mrs_compression compression;
    struct mrs_cache_settings cache;
    struct mrs_glance glance;
    void (*waiting)(void *user); /* of streams: see mrs_backup_spec */
    void *waiting_user;
};

MARS_NODISCARD mars_status mrs_backup_call_import(struct mrs_backup_call *c,
                                                  struct mars_agent *agent,
                                                  const mars_backup_options *opts,
                                                  mars_error *err);
MARS_NODISCARD mars_status mrs_backup_call_start(struct mrs_backup_call *c,
                                                 struct mars_agent *agent,
                                                 struct mrs_backup **out, mars_error *err);
/* Wait for the end, tell the caller, and remember the point as seen. Frees the backup. */
MARS_NODISCARD mars_status mrs_backup_call_finish(struct mrs_backup *b, struct mars_agent *agent,
                                                  const char *item, mars_backup_result *result,
                                                  mars_error *err);
void mrs_backup_call_close(struct mrs_backup_call *c);

#endif
