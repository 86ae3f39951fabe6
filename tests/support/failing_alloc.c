#include "failing_alloc.h"

#include <stdatomic.h>
#include <stdint.h>
#include <stdlib.h>

#include "base/alloc.h"

static atomic_size_t calls_left = SIZE_MAX;
static atomic_size_t live;
static atomic_int hit;
static atomic_int once;

void
failing_alloc_arm(size_t nth)
{
    atomic_store(&hit, 0);
    atomic_store(&once, 0);
    atomic_store(&calls_left, nth);
}

void
failing_alloc_arm_once(size_t nth)
{
    failing_alloc_arm(SIZE_MAX);
    atomic_store(&once, 1);
    atomic_store(&calls_left, nth);
}

size_t
failing_alloc_live(void)
{
    return atomic_load(&live);
}

int
failing_alloc_hit(void)
{
    return atomic_load(&hit);
}

static int
may_go_on(void)
{
    size_t left = atomic_load(&calls_left);

    if (left == SIZE_MAX)
        return 1;
    while (left > 0)
        if (atomic_compare_exchange_weak(&calls_left, &left, left - 1))
            return 1;
    if (atomic_load(&once))
        atomic_store(&calls_left, SIZE_MAX);
    atomic_store(&hit, 1);
    return 0;
}

void *
mrs_alloc_array(size_t count, size_t size)
{
    void *p = may_go_on() ? calloc(count != 0 ? count : 1, size != 0 ? size : 1) : NULL;

    if (p != NULL)
        atomic_fetch_add(&live, 1);
    return p;
}

void *
mrs_realloc_array(void *p, size_t count, size_t size)
{
    void *grown;

    if (!may_go_on() || (size != 0 && count > SIZE_MAX / size))
        return NULL;
    grown = realloc(p, count * size != 0 ? count * size : 1);
    if (grown != NULL && p == NULL)
        atomic_fetch_add(&live, 1);
    return grown;
}

void
mrs_free(void *p)
{
    if (p != NULL)
        atomic_fetch_sub(&live, 1);
    free(p);
}
