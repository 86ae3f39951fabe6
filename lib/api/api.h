/* The agent handle, and what every call asks of it. */
#ifndef MRS_API_API_H
#define MRS_API_API_H

#include <stdbool.h>

#include <mars/agent.h>

#include "agent/state.h"
#include "cache/cache.h"
#include "job/engine.h"
#include "repo/domain.h"

struct mars_agent {
    struct mrs_registration reg;
    struct mrs_store *store;
    struct mrs_keyring *keys;
    struct mrs_cache *cache;      /* NULL: none, and why is in cache_problem */
    char cache_problem[240];
    struct mrs_domain *domain;
    struct mrs_engine *engine;
    char *config_dir;             /* absolute; NULL: another machine's points are open */
    bool read_only;
    uint64_t process;             /* that opened it */
    char machine_hex[33];
    char domain_hex[33];
};

/* First of every call: clears err; MARS_ERR_INVALID_ARG for NULL, MARS_ERR_STATE in a forked
 * child. */
MARS_NODISCARD mars_status mrs_agent_enter(const struct mars_agent *agent, mars_error *err);

/* May this build do it with this vault and domain, as they are now? */
MARS_NODISCARD mars_status mrs_agent_permit(struct mars_agent *agent, enum mrs_need need,
                                            mars_error *err);

#endif
