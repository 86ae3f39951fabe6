/* The allocator that white-box tests link in place of lib/base/alloc.c: it can fail the Nth call
 * and counts what is live. Thread-safe counters; set up before threads start. */
#ifndef FAILING_ALLOC_H
#define FAILING_ALLOC_H

#include <stddef.h>

/* From now on the nth call (counted from 0), and all after it, fail; SIZE_MAX: none does. */
void failing_alloc_arm(size_t nth);

/* The same, but only the nth call fails. */
void failing_alloc_arm_once(size_t nth);

/* Blocks allocated and not yet freed. */
size_t failing_alloc_live(void);

/* Did a call fail since the last arm? */
int failing_alloc_hit(void);

#endif
