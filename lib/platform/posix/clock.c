#include "platform/clock.h"

#include <time.h>

struct mrs_time
mrs_clock_wall(void)
{
    struct timespec now = { 0, 0 };
    struct mrs_time t;

    (void)clock_gettime(CLOCK_REALTIME, &now);
    t.s = (int64_t)now.tv_sec;
    t.ns = (uint32_t)now.tv_nsec;
    return t;
}

uint64_t
mrs_clock_mono(void)
{
    struct timespec now = { 0, 0 };

    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}
