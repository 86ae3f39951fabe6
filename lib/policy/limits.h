/* How much a machine may send and receive: one rate for hours of work and one for the others. */
#ifndef MRS_POLICY_LIMITS_H
#define MRS_POLICY_LIMITS_H

#include <stdbool.h>

#include <mars/common.h>

enum { MRS_LIMIT_LEAST = 64000, MRS_MINUTES_A_DAY = 24 * 60 };

struct mrs_limits {
    uint64_t work_bps;      /* bits a second; 0: no limit */
    uint64_t other_bps;
    uint32_t requests;      /* a second; 0: no limit */
    uint8_t work_days;      /* bit 0 is Monday; 0: there are no hours of work */
    uint16_t work_from;     /* minutes since midnight, here */
    uint16_t work_to;       /* where it is not after work_from, of the next day */
};

/* MARS_ERR_INVALID_ARG for a rate under 64 kbps, a day or a minute that there is none of. */
MARS_NODISCARD mars_status mrs_limits_check(const struct mrs_limits *l, mars_error *err);

/* Bits a second at a minute of a day, 0 being Monday; 0: no limit. */
uint64_t mrs_limits_at(const struct mrs_limits *l, unsigned day, unsigned minute);

#endif
