/* Records of a run: looked up through the page cache, or read one after the other. */
#include <string.h>

#include "base/alloc.h"
#include "base/err.h"
#include "base/rd.h"
#include "cache/run_int.h"
#include "crypto/aead.h"

enum { FILTER_BITS = 6, LEN_BITS = 25, CLASS_BITS = 3, CODEC_BITS = 8 };

/* The block of an id, and its bits in there. */
static size_t
block_of(uint64_t n_blocks, const uint8_t id[32])
{
    uint64_t x = run_prefix(id), high = x >> 32, low = x & UINT32_MAX;
    uint64_t n_high = n_blocks >> 32, n_low = n_blocks & UINT32_MAX;
    /* The upper half of the product of two 64-bit numbers. */
    uint64_t middle = high * n_low + (low * n_low >> 32);
    uint64_t other = low * n_high + (middle & UINT32_MAX);

    return (size_t)(high * n_high + (middle >> 32) + (other >> 32));
}

void
mrs_run_filter_add(uint8_t *filter, uint64_t n_blocks, const uint8_t id[32])
{
    uint8_t *block = filter + block_of(n_blocks, id) * RUN_BLOCK;
    uint64_t bits = run_prefix(id + 8);

    for (size_t i = 0; i < FILTER_BITS; i++, bits >>= 9)
        block[(bits & 511) / 8] |= (uint8_t)(1U << bits % 8);
}

bool
mrs_run_may_have(const struct mrs_run *r, const uint8_t id[32])
{
    const uint8_t *block = r->filter + block_of(r->n_blocks, id) * RUN_BLOCK;
    uint64_t bits = run_prefix(id + 8);
    unsigned all = 1;

    for (size_t i = 0; i < FILTER_BITS; i++, bits >>= 9)
        all &= (unsigned)block[(bits & 511) / 8] >> bits % 8;
    return all != 0;
}

void
mrs_run_pack_encode(const struct mrs_run_pack *p, uint8_t out[RUN_PACK_SIZE])
{
    memcpy(out, p->name, 32);
    for (size_t i = 0; i < 8; i++)
        out[32 + i] = (uint8_t)(p->size >> 8 * i);
    for (size_t i = 0; i < 4; i++)
        out[40 + i] = (uint8_t)(p->object >> 8 * i);
    for (size_t i = 0; i < 3; i++)
        out[44 + i] = (uint8_t)(p->blobs >> 8 * i);
    out[47] = p->kind;
}

void
mrs_run_entry_encode(const struct mrs_run_entry *e, uint8_t out[RUN_ENTRY_SIZE])
{
    const struct mrs_blob *b = &e->blob;
    uint64_t packed = b->sealed_len | (uint64_t)b->raw_len << LEN_BITS |
                      (uint64_t)b->cls << 2 * LEN_BITS |
                      (uint64_t)b->codec << (2 * LEN_BITS + CLASS_BITS);

    memcpy(out, b->id, 32);
    for (size_t i = 0; i < 4; i++) {
        out[32 + i] = (uint8_t)(e->pack >> 8 * i);
        out[36 + i] = (uint8_t)(b->offset >> 8 * i);
        out[40 + i] = (uint8_t)(b->slot >> 8 * i);
    }
    for (size_t i = 0; i < 8; i++)
        out[44 + i] = (uint8_t)(packed >> 8 * i);
}

static mars_status
bad_record(mars_error *err)
{
    return mrs_fail(err, MARS_ERR_CORRUPT, "a record of an index run is damaged");
}

mars_status
mrs_run_pack_decode(const struct mrs_run *r, const uint8_t *record, struct mrs_run_pack *out,
                    mars_error *err)
{
    struct mrs_rd rd = mrs_rd_init(record, RUN_PACK_SIZE);

    mrs_rd_copy(&rd, out->name, sizeof out->name);
    out->size = mrs_rd_le64(&rd);
    out->object = mrs_rd_le32(&rd);
    out->blobs = (uint32_t)mrs_rd_le(&rd, 3);
    out->kind = mrs_rd_u8(&rd);
    if (out->object >= r->n_objects || out->size > MRS_PACK_MAX_SIZE ||
        out->blobs > MRS_PACK_MAX_BLOBS ||
        (out->kind != MRS_KIND_PACK_DATA && out->kind != MRS_KIND_PACK_META))
        return bad_record(err);
    return MARS_OK;
}

mars_status
mrs_run_entry_decode(const struct mrs_run *r, const uint8_t *record, struct mrs_run_entry *out,
                     mars_error *err)
{
    struct mrs_rd rd = mrs_rd_init(record, RUN_ENTRY_SIZE);
    struct mrs_blob *b = &out->blob;
    uint64_t packed;

    mrs_rd_copy(&rd, b->id, sizeof b->id);
    out->pack = mrs_rd_le32(&rd);
    b->offset = mrs_rd_le32(&rd);
    b->slot = mrs_rd_le32(&rd);
    packed = mrs_rd_le64(&rd);
    b->sealed_len = (uint32_t)(packed & ((1U << LEN_BITS) - 1));
    b->raw_len = (uint32_t)(packed >> LEN_BITS & ((1U << LEN_BITS) - 1));
    b->cls = (uint8_t)(packed >> 2 * LEN_BITS & ((1U << CLASS_BITS) - 1));
    b->codec = (uint8_t)(packed >> (2 * LEN_BITS + CLASS_BITS));
    if (out->pack >= r->n_packs || b->sealed_len > MRS_CHUNK_MAX + MRS_TAG_SIZE ||
        b->raw_len > MRS_CHUNK_MAX || packed >> (2 * LEN_BITS + CLASS_BITS + CODEC_BITS) != 0)
        return bad_record(err);
    return MARS_OK;
}

uint64_t
mrs_run_records(const struct mrs_run *r, enum mrs_run_part part)
{
    return part == MRS_RUN_PACKS ? r->n_packs : r->n_entries;
}

static size_t
record_size(enum mrs_run_part part)
{
    return part == MRS_RUN_PACKS ? RUN_PACK_SIZE : RUN_ENTRY_SIZE;
}

static size_t
records_a_page(enum mrs_run_part part)
{
    return part == MRS_RUN_PACKS ? RUN_PACKS_A_PAGE : RUN_ENTRIES_A_PAGE;
}

static uint64_t
first_page(const struct mrs_run *r, enum mrs_run_part part)
{
    return part == MRS_RUN_PACKS ? 0 : mrs_run_pack_pages(r);
}

static uint64_t
part_pages(const struct mrs_run *r, enum mrs_run_part part)
{
    return part == MRS_RUN_PACKS ? mrs_run_pack_pages(r) : mrs_run_entry_pages(r);
}

void
mrs_run_look(struct mrs_run_cursor *c, struct mrs_run *r, enum mrs_run_part part,
             uint8_t page[MRS_PAGE_SIZE])
{
    *c = (struct mrs_run_cursor){ .run = r, .part = part, .room = 1, .buf = page };
}

mars_status
mrs_run_scan(struct mrs_run_cursor *c, struct mrs_run *r, enum mrs_run_part part, mars_error *err)
{
    *c = (struct mrs_run_cursor){ .run = r, .part = part, .room = RUN_AHEAD };
    c->buf = mrs_alloc_array(RUN_AHEAD, MRS_PAGE_SIZE);
    return c->buf != NULL ? MARS_OK : mrs_nomem(err);
}

void
mrs_run_scan_end(struct mrs_run_cursor *c)
{
    mrs_free(c->buf);
    c->buf = NULL;
}

/* Have page `page` of the file in the buffer. */
static mars_status
fill(struct mrs_run_cursor *c, uint64_t page, mars_error *err)
{
    struct mrs_run *r = c->run;
    uint64_t left = first_page(r, c->part) + part_pages(r, c->part) - page;
    size_t n = left < c->room ? (size_t)left : c->room;
    bool kept = c->room == 1 && r->home != NULL;
    mars_status st = MARS_OK;

    c->held = 0;
    if (!kept || !mrs_pages_get(r->home->pages, r->owner, page, c->buf)) {
        st = mrs_run_read(r, page, n, c->buf, err);
        if (st == MARS_OK && kept)
            mrs_pages_put(r->home->pages, r->owner, page, c->buf);
    }
    c->first = page;
    c->held = st == MARS_OK ? n : 0;
    return st;
}

mars_status
mrs_run_record(struct mrs_run_cursor *c, const uint8_t **record, mars_error *err)
{
    size_t a_page = records_a_page(c->part);
    uint64_t page;
    mars_status st = MARS_OK;

    *record = NULL;
    if (c->at >= mrs_run_records(c->run, c->part))
        return MARS_OK;
    page = first_page(c->run, c->part) + c->at / a_page;
    if (c->held == 0 || page < c->first || page - c->first >= c->held)
        st = fill(c, page, err);
    if (st == MARS_OK)
        *record = c->buf + (size_t)(page - c->first) * MRS_PAGE_SIZE +
                  (size_t)(c->at % a_page) * record_size(c->part);
    return st;
}

/* The last page that begins below the key, or the first. */
static uint64_t
find_page(const struct mrs_run_cursor *c, const uint8_t key[32])
{
    const uint64_t *firsts = c->run->firsts + first_page(c->run, c->part);
    uint64_t prefix = run_prefix(key), low = 0, high = part_pages(c->run, c->part);

    while (low < high) {
        uint64_t middle = low + (high - low) / 2;

        if (firsts[middle] < prefix)
            low = middle + 1;
        else
            high = middle;
    }
    return low > 0 ? low - 1 : 0;
}

mars_status
mrs_run_seek(struct mrs_run_cursor *c, const uint8_t key[32], mars_error *err)
{
    uint64_t n = mrs_run_records(c->run, c->part), a_page = records_a_page(c->part);
    uint64_t low = find_page(c, key) * a_page, high = low + a_page < n ? low + a_page : n;
    const uint8_t *record = NULL;
    mars_status st = MARS_OK;

    while (st == MARS_OK && low < high) {
        c->at = low + (high - low) / 2;
        st = mrs_run_record(c, &record, err);
        if (st == MARS_OK && memcmp(record, key, 32) < 0)
            low = c->at + 1;
        else
            high = c->at;
    }
    /* Pages behind it may begin with the key's first bytes and still be below it. */
    for (c->at = low; st == MARS_OK; c->at++) {
        st = mrs_run_record(c, &record, err);
        if (record == NULL || memcmp(record, key, 32) >= 0)
            break;
    }
    return st;
}

mars_status
mrs_run_next_pack(struct mrs_run_cursor *c, struct mrs_run_pack *pack, bool *more,
                  mars_error *err)
{
    const uint8_t *record;
    mars_status st = mrs_run_record(c, &record, err);

    *more = st == MARS_OK && record != NULL;
    if (*more)
        st = mrs_run_pack_decode(c->run, record, pack, err);
    c->at++;
    return st;
}

mars_status
mrs_run_next_entry(struct mrs_run_cursor *c, struct mrs_run_entry *entry, bool *more,
                   mars_error *err)
{
    const uint8_t *record;
    mars_status st = mrs_run_record(c, &record, err);

    *more = st == MARS_OK && record != NULL;
    if (*more)
        st = mrs_run_entry_decode(c->run, record, entry, err);
    c->at++;
    return st;
}
