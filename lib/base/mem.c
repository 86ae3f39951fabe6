#include "base/alloc.h"

#include <string.h>

void *
mrs_alloc(size_t n)
{
    return mrs_alloc_array(n, 1);
}

char *
mrs_strndup(const char *s, size_t n)
{
    char *copy = n < SIZE_MAX ? mrs_alloc(n + 1) : NULL;

    if (copy != NULL && n > 0)
        memcpy(copy, s, n);
    return copy;
}

void
mrs_wipe(void *p, size_t n)
{
    volatile uint8_t *at = p;

    while (n-- > 0)
        *at++ = 0;
}
