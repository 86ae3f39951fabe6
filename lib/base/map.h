/* A hash map from 32-byte ids, which are already uniformly random, to values of one size.
 * Open addressing; find is O(1), memory about 1.5 * (32 + value_size) bytes an entry. */
#ifndef MRS_BASE_MAP_H
#define MRS_BASE_MAP_H

#include <string.h>

#include <mars/common.h>

enum { MRS_ID_SIZE = 32 };

struct mrs_map {
    uint8_t *slots; /* used flag, id, value */
    size_t cap;     /* a power of two, or 0 */
    size_t len;
    size_t value_size;
};

#define MRS_MAP_INIT(size) { NULL, 0, 0, (size) }

/* As which an id of 16 bytes is put and found: it, and zeros. */
static inline void
mrs_map_key16(uint8_t key[MRS_ID_SIZE], const uint8_t id[16])
{
    memcpy(key, id, 16);
    memset(key + 16, 0, MRS_ID_SIZE - 16);
}

/* The value of id, or NULL. It may be written to; it stays valid until the next put. */
void *mrs_map_find(const struct mrs_map *m, const uint8_t id[MRS_ID_SIZE]);

/* The value of id, made (zeroed) if it is not there; NULL when out of memory, map unmodified. */
void *mrs_map_put(struct mrs_map *m, const uint8_t id[MRS_ID_SIZE]);

/* Walk in no particular order: start with *pos = 0; false at the end. */
int mrs_map_next(const struct mrs_map *m, size_t *pos, const uint8_t **id, void **value);

/* Free; the map can be used again. NULL is allowed. */
void mrs_map_free(struct mrs_map *m);

#endif
