/* Memory for keys: locked where the system allows it, left out of core dumps, wiped when freed. */
#ifndef MRS_PLATFORM_SECMEM_H
#define MRS_PLATFORM_SECMEM_H

#include <mars/common.h>

/* n zeroed bytes, or NULL. */
void *mrs_secmem_alloc(size_t n) MARS_NODISCARD;

/* Wipe and free the n bytes. NULL is allowed. */
void mrs_secmem_free(void *p, size_t n);

#endif
