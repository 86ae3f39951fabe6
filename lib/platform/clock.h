#ifndef MRS_PLATFORM_CLOCK_H
#define MRS_PLATFORM_CLOCK_H

#include <mars/common.h>

/* A point in time since 1970-01-01 UTC, as files and recovery points carry it. */
struct mrs_time {
    int64_t s;
    uint32_t ns; /* 0 .. 999,999,999, also before 1970 */
};

struct mrs_time mrs_clock_wall(void);

/* The wall clock as file systems here stamp a file's changes with it: in steps of milliseconds. */
struct mrs_time mrs_clock_stamp(void);

/* The wall clock of this place, by its time zone: day of the week, 0 is Monday, and minute of the
 * day. */
void mrs_clock_local(unsigned *day, unsigned *minute);

/* Nanoseconds since an arbitrary start; never goes back. */
uint64_t mrs_clock_mono(void);

#endif
