/* The agent handle, and what every call asks of it. */
#ifndef MRS_API_API_H
#define MRS_API_API_H

#include <stdatomic.h>
#include <stdbool.h>

#include <mars/agent.h>
#include <mars/cancel.h>

#include "agent/register.h"
#include "base/logger.h"
#include "cache/cache.h"
#include "job/engine.h"
#include "repo/domain.h"

struct mars_agent {
    atomic_size_t refs;           /* the caller's handle, and one for each open point and file */
    struct mrs_registration reg;
    struct mrs_store *store;
    struct mrs_keyring *keys;
    struct mrs_cache *cache;      /* NULL: none, and why is in cache_problem */
    char cache_problem[240];
    struct mrs_domain *domain;
    struct mrs_engine *engine;
    char *config_dir;             /* absolute; NULL: another machine's points are open */
    struct mrs_logger logger;     /* lent to all that is below */
    bool read_only;
    uint64_t process;             /* that opened it */
    struct mrs_mutex *lock;       /* guards what follows */
    struct mrs_glance glance;     /* that opening it took, for the first call after it */
    uint64_t glanced;             /* when that was, mrs_clock_mono; 0: it has been used */
    char machine_hex[33];
    char domain_hex[33];
};

/* Is this a forked child? It has the handles, and not the threads that their calls may wait for. */
bool mrs_agent_is_forked(const struct mars_agent *agent);

/* First of every call: clears err; MARS_ERR_INVALID_ARG for NULL, MARS_ERR_STATE in a forked
 * child. */
MARS_NODISCARD mars_status mrs_agent_enter(const struct mars_agent *agent, mars_error *err);

/* For the log: a call that works on the vault has failed. agent may be NULL, err too. */
void mrs_agent_log_failure(const struct mars_agent *agent, const char *unit, mars_status st,
                           const mars_error *err);

/* What is made from the agent keeps it alive, so that handles may be closed in any order: one more
 * mars_agent_close is due. */
void mrs_agent_hold(struct mars_agent *agent);

/* The vault and the domain as they are now, or were some seconds ago as the agent was opened: may
 * this build do it with them? cancel, or NULL, ends the asking. MARS_ERR_AUTH where the right to
 * use the vault has ended. The caller frees the glance, also after a failure. */
MARS_NODISCARD mars_status mrs_agent_permit(struct mars_agent *agent, enum mrs_need need,
                                            const mars_cancel *cancel, struct mrs_glance *glance,
                                            mars_error *err);
/* The domain's log alone, for who looks only: as it is now, or was as the agent was opened. The
 * caller frees it, also after a failure. */
MARS_NODISCARD mars_status mrs_agent_log(struct mars_agent *agent, struct mrs_log *log,
                                         mars_error *err);

#endif
