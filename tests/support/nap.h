#ifndef TESTS_SUPPORT_NAP_H
#define TESTS_SUPPORT_NAP_H

#include <stdint.h>
#include <time.h>

static inline void
nap(uint32_t ms)
{
    const struct timespec t = { ms / 1000, (long)(ms % 1000) * 1000000 };

    (void)nanosleep(&t, NULL);
}

#endif
