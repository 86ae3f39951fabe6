/* A bounded cache of file pages that were read and checked. Any thread. It only ever saves a read:
 * when memory is short, pages are not kept. */
#ifndef MRS_CACHE_PAGES_H
#define MRS_CACHE_PAGES_H

#include <stdbool.h>

#include <mars/common.h>

enum { MRS_PAGE_SIZE = 4096 };

struct mrs_pages;
MARS_NODISCARD mars_status mrs_pages_new(struct mrs_pages **out, mars_error *err);
/* NULL is allowed. */
void mrs_pages_free(struct mrs_pages *p);

/* A copy of page `number` of `owner`, a number that never stands for two files; false if it is not
 * kept. */
bool mrs_pages_get(struct mrs_pages *p, uint64_t owner, uint64_t number,
                   uint8_t out[MRS_PAGE_SIZE]);
/* Keep one, in the place of one that was not used for longest. */
void mrs_pages_put(struct mrs_pages *p, uint64_t owner, uint64_t number,
                   const uint8_t page[MRS_PAGE_SIZE]);

#endif
