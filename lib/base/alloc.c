#include "base/alloc.h"

#include <stdlib.h>

void *
mrs_alloc_array(size_t count, size_t size)
{
    return calloc(count != 0 ? count : 1, size != 0 ? size : 1);
}

void *
mrs_realloc_array(void *p, size_t count, size_t size)
{
    if (size != 0 && count > SIZE_MAX / size)
        return NULL;
    return realloc(p, count * size != 0 ? count * size : 1);
}

void
mrs_free(void *p)
{
    free(p);
}
