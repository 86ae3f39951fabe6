#include "policy/limits.h"

#include "base/err.h"

enum { DAYS = 7 };

static bool
is_rate(uint64_t bps)
{
    return bps == 0 || bps >= MRS_LIMIT_LEAST;
}

mars_status
mrs_limits_check(const struct mrs_limits *l, mars_error *err)
{
    if (!is_rate(l->work_bps) || !is_rate(l->other_bps))
        return mrs_fail(err, MARS_ERR_INVALID_ARG, "limit: less than 64 kbit/s");
    if (l->work_days >= 1u << DAYS)
        return mrs_fail(err, MARS_ERR_INVALID_ARG, "limit: a week has %d days", DAYS);
    if (l->work_from >= MRS_MINUTES_A_DAY || l->work_to > MRS_MINUTES_A_DAY)
        return mrs_fail(err, MARS_ERR_INVALID_ARG, "limit: a day ends at 24:00");
    return MARS_OK;
}

static bool
works(const struct mrs_limits *l, unsigned day)
{
    return (l->work_days >> day & 1) != 0;
}

/* Hours that go over midnight belong to the day on which they begin. */
static bool
is_work(const struct mrs_limits *l, unsigned day, unsigned minute)
{
    if (l->work_from < l->work_to)
        return works(l, day) && minute >= l->work_from && minute < l->work_to;
    return (works(l, day) && minute >= l->work_from) ||
           (works(l, (day + DAYS - 1) % DAYS) && minute < l->work_to);
}

uint64_t
mrs_limits_at(const struct mrs_limits *l, unsigned day, unsigned minute)
{
    return is_work(l, day, minute) ? l->work_bps : l->other_bps;
}
