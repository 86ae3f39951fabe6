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

/* Called through a pointer that the compiler must load each time, so that it cannot know what the
 * call does, and leave it out. */
static void *(*const volatile fill)(void *, int, size_t) = memset;

void
mrs_wipe(void *p, size_t n)
{
    if (n > 0)
        (void)fill(p, 0, n);
}
