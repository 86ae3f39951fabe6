/* How a run lies in its file, and what the files of it share. Whole pages of 4,096 bytes, each with
 * 4,080 bytes of content and behind them a check: the first 16 bytes of
 * HMAC-SHA256(run key, run id ‖ u64 page number ‖ content); the last page's number has its top bit
 * set, so that a file that was cut short ends in no valid page. All numbers are little-endian.
 *
 *     packs     pages of up to 85 records of 48 bytes, ascending: pack name (32), u64 size,
 *               u32 number of the index object that names it, u32: kind << 24 | number of blobs
 *     entries   pages of up to 78 records of 52 bytes, ascending: chunk id (32), u32 pack number,
 *               u32 offset, u32 slot, and in 8 bytes: sealed length (25 bits), raw length (25),
 *               class (3), codec (8)
 *     tables    one stream, cut into pages: names of the index objects (32 each); of superseded
 *               ones u32 by which, name (32); of each page of packs, then of entries, the first 8
 *               bytes of its first record as a big-endian number, stored as u64; the filter
 *     footer    the last page: "MARSRUN1", run id (16), u32 packs, u32 objects, u32 superseded,
 *               u64 entries, u64 blocks of the filter
 *
 * The filter is a Bloom filter of blocks of 64 bytes, ten bits a chunk, six of them set. A chunk's
 * block is the first 8 bytes of its id, big-endian, scaled to the number of blocks, so that entries
 * in their order fill it from one end to the other. */
#ifndef MRS_CACHE_RUN_INT_H
#define MRS_CACHE_RUN_INT_H

#include <stdatomic.h>

#include "cache/run.h"
#include "crypto/digest.h"
#include "platform/file.h"

enum {
    RUN_CHECK = 16,
    RUN_BODY = MRS_PAGE_SIZE - RUN_CHECK,
    RUN_PACK_SIZE = 48,
    RUN_ENTRY_SIZE = 52,
    RUN_PACKS_A_PAGE = RUN_BODY / RUN_PACK_SIZE,
    RUN_ENTRIES_A_PAGE = RUN_BODY / RUN_ENTRY_SIZE,
    RUN_BLOCK = 64,
    RUN_BITS_A_CHUNK = 10,
    RUN_AHEAD = 16, /* pages that scans and writers handle at a time */
    RUN_FOOTER_SIZE = 8 + 16 + 4 + 4 + 4 + 8 + 8
};
#define RUN_MAGIC "MARSRUN1"
#define RUN_LAST_PAGE ((uint64_t)1 << 63)
#define RUN_ENTRIES_MAX ((uint64_t)1 << 40)

struct mrs_runs {
    struct mrs_cache *cache; /* or NULL */
    struct mrs_hmac *mac;
    struct mrs_pages *pages;
    atomic_uint_fast64_t owners; /* numbers given to files in there */
};

struct mrs_run {
    atomic_uint refs;
    struct mrs_runs *home;   /* NULL: in memory */
    struct mrs_file *file;
    char *path;
    struct mrs_buf memory;
    uint64_t owner;          /* of its pages in the page cache */
    uint8_t id[16];
    uint64_t pages;          /* all of them */
    uint64_t n_entries;
    uint64_t n_blocks;
    uint32_t n_packs;
    uint32_t n_objects;
    uint32_t n_superseded;
    uint8_t (*objects)[32];
    struct mrs_run_superseded *superseded;
    uint64_t *firsts;        /* of each page of packs, then of entries */
    uint8_t *filter;
};

/* Pages of packs, and of entries, and where the tables begin. */
uint64_t mrs_run_pack_pages(const struct mrs_run *r);
uint64_t mrs_run_entry_pages(const struct mrs_run *r);
uint64_t mrs_run_table_bytes(const struct mrs_run *r);

mars_status mrs_run_open_path(struct mrs_run **out, struct mrs_runs *rs, const uint8_t id[16],
                              const char *path, mars_error *err);

/* An empty one, held once. */
struct mrs_run *mrs_run_alloc(void);

mars_status mrs_run_check(struct mrs_runs *rs, const uint8_t id[16], uint64_t number,
                          const uint8_t page[MRS_PAGE_SIZE], uint8_t check[RUN_CHECK],
                          mars_error *err);
/* n pages that stand one behind the other, checked. A file that cannot be read is
 * MARS_ERR_CORRUPT too: what was in it is in the vault. */
mars_status mrs_run_read(struct mrs_run *r, uint64_t number, size_t n, uint8_t *out,
                         mars_error *err);

/* For mrs_free; NULL when out of memory. */
char *mrs_run_path(struct mrs_runs *rs, const uint8_t id[16]);

void mrs_run_pack_encode(const struct mrs_run_pack *p, uint8_t out[RUN_PACK_SIZE]);
void mrs_run_entry_encode(const struct mrs_run_entry *e, uint8_t out[RUN_ENTRY_SIZE]);

/* The first 8 bytes of a key as a number of the same order. */
static inline uint64_t
run_prefix(const uint8_t *key)
{
    uint64_t v = 0;

    for (size_t i = 0; i < 8; i++)
        v = v << 8 | key[i];
    return v;
}

/* The number of an entry's pack, where it stands. */
static inline uint32_t
mrs_run_entry_pack(const uint8_t *entry)
{
    return entry[32] | (uint32_t)entry[33] << 8 | (uint32_t)entry[34] << 16 |
           (uint32_t)entry[35] << 24;
}

static inline void
mrs_run_entry_set_pack(uint8_t *entry, uint32_t pack)
{
    for (size_t i = 0; i < 4; i++)
        entry[32 + i] = (uint8_t)(pack >> 8 * i);
}

void mrs_run_filter_add(uint8_t *filter, uint64_t n_blocks, const uint8_t id[32]);

/* Writing one: objects and superseded ones at any time before the end; packs; then how many
 * entries are about to come, which sizes the filter; entries. Records come in their order. */
struct mrs_run_writer;
mars_status mrs_run_writer_new(struct mrs_run_writer **out, struct mrs_runs *rs, bool in_memory,
                               mars_error *err);
void mrs_run_writer_free(struct mrs_run_writer *w);
mars_status mrs_run_writer_object(struct mrs_run_writer *w, const uint8_t name[32],
                                  mars_error *err);
mars_status mrs_run_writer_superseded(struct mrs_run_writer *w, uint32_t by,
                                      const uint8_t name[32], mars_error *err);
mars_status mrs_run_writer_pack(struct mrs_run_writer *w, const uint8_t record[RUN_PACK_SIZE],
                                mars_error *err);
mars_status mrs_run_writer_entries(struct mrs_run_writer *w, uint64_t about, mars_error *err);
mars_status mrs_run_writer_entry(struct mrs_run_writer *w, const uint8_t record[RUN_ENTRY_SIZE],
                                 mars_error *err);
mars_status mrs_run_writer_finish(struct mrs_run_writer *w, struct mrs_run **out, mars_error *err);

/* What reading a record needs where it is to be copied, not looked into. NULL at the end. */
mars_status mrs_run_record(struct mrs_run_cursor *c, const uint8_t **record, mars_error *err);
uint64_t mrs_run_records(const struct mrs_run *r, enum mrs_run_part part);
mars_status mrs_run_pack_decode(const struct mrs_run *r, const uint8_t *record,
                                struct mrs_run_pack *out, mars_error *err);
mars_status mrs_run_entry_decode(const struct mrs_run *r, const uint8_t *record,
                                 struct mrs_run_entry *out, mars_error *err);

#endif
