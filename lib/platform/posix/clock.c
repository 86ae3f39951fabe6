#include "platform/clock.h"

#include <string.h>
#include <time.h>

static struct mrs_time
read_clock(clockid_t clock)
{
    struct timespec now = { 0, 0 };
    struct mrs_time t;

    (void)clock_gettime(clock, &now);
    t.s = (int64_t)now.tv_sec;
    t.ns = (uint32_t)now.tv_nsec;
    return t;
}

struct mrs_time
mrs_clock_wall(void)
{
    return read_clock(CLOCK_REALTIME);
}

struct mrs_time
mrs_clock_stamp(void)
{
    return read_clock(CLOCK_REALTIME_COARSE);
}

void
mrs_clock_local(unsigned *day, unsigned *minute)
{
    time_t now = time(NULL);
    struct tm at;

    memset(&at, 0, sizeof at);
    (void)localtime_r(&now, &at);
    *day = ((unsigned)at.tm_wday + 6) % 7;
    *minute = (unsigned)(at.tm_hour * 60 + at.tm_min);
}

uint64_t
mrs_clock_mono(void)
{
    struct timespec now = { 0, 0 };

    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}
