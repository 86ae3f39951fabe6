#include "platform/secmem.h"

#include <sys/mman.h>
#include <unistd.h>

#include "base/alloc.h"

/* n in whole pages, at least one; 0 where that overflows. */
static size_t
whole_pages(size_t n)
{
    size_t page = (size_t)sysconf(_SC_PAGESIZE);

    if (n > SIZE_MAX - page)
        return 0;
    return n == 0 ? page : (n + page - 1) / page * page;
}

void *
mrs_secmem_alloc(size_t n)
{
    size_t size = whole_pages(n);
    void *p;

    if (size == 0)
        return NULL;
    p = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (p == MAP_FAILED)
        return NULL;
    /* Both are more than nothing but no condition: limits and sandboxes may refuse them. */
    (void)mlock(p, size);
    (void)madvise(p, size, MADV_DONTDUMP);
    return p;
}

void
mrs_secmem_free(void *p, size_t n)
{
    if (p == NULL)
        return;
    mrs_wipe(p, n);
    (void)munmap(p, whole_pages(n)); /* unlocks too */
}
