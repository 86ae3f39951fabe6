/* Calls that look at a domain's log, each with a listing of its own. */
#ifndef TESTS_SUPPORT_LISTED_H
#define TESTS_SUPPORT_LISTED_H

#include "repo/log.h"
#include "repo/points.h"

static inline mars_status
listed_ledger_read(struct mrs_ledger *l, const struct mrs_domain *d, enum mrs_need need,
                   mrs_damage_fn damage, void *user, mars_error *err)
{
    struct mrs_log log = MRS_LOG_INIT;
    mars_status st = mrs_log_read(&log, d->store, d->keys->domain, err);

    if (st == MARS_OK)
        st = mrs_ledger_read(l, d, &log, need, damage, user, err);
    mrs_log_free(&log);
    return st;
}

static inline mars_status
listed_ledger_generation(const struct mrs_domain *d, uint64_t *generation, mars_error *err)
{
    struct mrs_log log = MRS_LOG_INIT;
    mars_status st = mrs_log_read(&log, d->store, d->keys->domain, err);

    *generation = mrs_ledger_generation(&log);
    mrs_log_free(&log);
    return st;
}

static inline mars_status
listed_index_refresh(const struct mrs_domain *d, bool fresh, mrs_damage_fn damage, void *user,
                     mars_error *err)
{
    struct mrs_log log = MRS_LOG_INIT;
    mars_status st = mrs_log_read(&log, d->store, d->keys->domain, err);

    if (st == MARS_OK)
        st = mrs_index_refresh(d->index, &log, fresh, damage, user, err);
    mrs_log_free(&log);
    return st;
}

static inline mars_status
listed_points_read(struct mrs_points *p, const struct mrs_domain *d,
                   const struct mrs_ledger *ledger, const struct mrs_points_query *q,
                   mars_error *err)
{
    struct mrs_log log = MRS_LOG_INIT;
    mars_status st = mrs_log_read(&log, d->store, d->keys->domain, err);

    if (st == MARS_OK)
        st = mrs_points_read(p, d, &log, ledger, q, err);
    mrs_log_free(&log);
    return st;
}

#endif
