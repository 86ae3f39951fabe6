/* The one way to memory. Tests link another alloc.c, which fails the Nth call. */
#ifndef MRS_BASE_ALLOC_H
#define MRS_BASE_ALLOC_H

#include <mars/common.h>

/* n zeroed bytes, or NULL. n = 0 gives a pointer that can be freed. */
void *mrs_alloc(size_t n) MARS_NODISCARD;

/* count * size zeroed bytes, or NULL, also where the product overflows. */
void *mrs_alloc_array(size_t count, size_t size) MARS_NODISCARD;

/* Grow or shrink to count * size bytes; new bytes are not set. On NULL the old block stands. */
void *mrs_realloc_array(void *p, size_t count, size_t size) MARS_NODISCARD;

/* A copy of n bytes with a NUL behind it, or NULL. */
char *mrs_strndup(const char *s, size_t n) MARS_NODISCARD;

/* Behave consistently with free(NULL). */
void mrs_free(void *p);

/* Overwrite n bytes in a way that the compiler keeps. */
void mrs_wipe(void *p, size_t n);

#endif
