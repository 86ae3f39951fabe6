#include "format/pack.h"

#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/err.h"
#include "base/rd.h"
#include "base/wr.h"

static const uint8_t FOOTER_MAGIC[8] = "MARSPACK";
enum { TAG_SIZE = 16 };

_Static_assert(MRS_BLOB_AAD_SIZE == MRS_HEADER_SIZE + 1 + 1 + 4 + 4 + 32, "FORMAT.md section 8");
_Static_assert(MRS_PACK_ENTRY_SIZE == 1 + 1 + 2 + 4 + 4 + 4 + 32, "FORMAT.md section 8");
_Static_assert(MRS_PACK_FOOTER_SIZE == 8 + 4 + 4 + 8 + 8, "FORMAT.md section 8");

static uint8_t *
put_le(uint8_t *at, uint64_t v, size_t n)
{
    for (size_t i = 0; i < n; i++, v >>= 8)
        at[i] = (uint8_t)v;
    return at + n;
}

void
mrs_blob_aad(const struct mrs_blob *b, const uint8_t header[MRS_HEADER_SIZE],
             uint8_t out[MRS_BLOB_AAD_SIZE])
{
    uint8_t *at = out + MRS_HEADER_SIZE;

    memcpy(out, header, MRS_HEADER_SIZE);
    at = put_le(at, b->cls, 1);
    at = put_le(at, b->codec, 1);
    at = put_le(at, b->slot, 4);
    at = put_le(at, b->raw_len, 4);
    memcpy(at, b->id, sizeof b->id);
}

mars_status
mrs_pack_dir_encode(const struct mrs_blob *blobs, size_t n, struct mrs_buf *out, mars_error *err)
{
    struct mrs_wr w = mrs_wr_init(out, err);

    for (size_t i = 0; i < n; i++) {
        mrs_wr_u8(&w, blobs[i].cls);
        mrs_wr_u8(&w, blobs[i].codec);
        mrs_wr_le16(&w, 0);
        mrs_wr_le32(&w, blobs[i].slot);
        mrs_wr_le32(&w, blobs[i].sealed_len);
        mrs_wr_le32(&w, blobs[i].raw_len);
        mrs_wr_bytes(&w, blobs[i].id, sizeof blobs[i].id);
    }
    return w.st;
}

static int
by_value(const void *a, const void *b)
{
    uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

    return x < y ? -1 : x > y;
}

/* No slot twice: a nonce was used once. */
static mars_status
check_slots(const struct mrs_blob *blobs, size_t n, mars_error *err)
{
    uint32_t *slots = mrs_alloc_array(n, sizeof *slots);
    mars_status st = MARS_OK;

    if (slots == NULL)
        return mrs_nomem(err);
    for (size_t i = 0; i < n; i++)
        slots[i] = blobs[i].slot;
    qsort(slots, n, sizeof *slots, by_value);
    for (size_t i = 1; i < n && st == MARS_OK; i++)
        if (slots[i] == slots[i - 1])
            st = mrs_fail(err, MARS_ERR_CORRUPT, "pack: slot %u stands twice", slots[i]);
    mrs_free(slots);
    return st;
}

/* One entry; false on damage. */
static int
read_entry(struct mrs_rd *r, struct mrs_blob *b)
{
    uint16_t zero;

    b->cls = mrs_rd_u8(r);
    b->codec = mrs_rd_u8(r);
    zero = mrs_rd_le16(r);
    b->slot = mrs_rd_le32(r);
    b->sealed_len = mrs_rd_le32(r);
    b->raw_len = mrs_rd_le32(r);
    mrs_rd_copy(r, b->id, sizeof b->id);
    return !r->bad && zero == 0 && b->cls >= MRS_CLASS_DATA && b->cls <= MRS_CLASS_SKIPPED &&
           b->raw_len <= MRS_CHUNK_MAX && b->sealed_len >= TAG_SIZE &&
           b->sealed_len <= MRS_CHUNK_MAX + TAG_SIZE;
}

mars_status
mrs_pack_dir_decode(const uint8_t *buf, size_t len, uint64_t blobs_len, struct mrs_blob **blobs,
                    size_t *n, mars_error *err)
{
    struct mrs_rd r = mrs_rd_init(buf, len);
    size_t count = len / MRS_PACK_ENTRY_SIZE;
    uint64_t offset = MRS_HEADER_SIZE;
    struct mrs_blob *list;
    mars_status st = MARS_OK;

    *blobs = NULL;
    *n = 0;
    if (len % MRS_PACK_ENTRY_SIZE != 0 || count > MRS_PACK_MAX_BLOBS)
        return mrs_fail(err, MARS_ERR_CORRUPT, "pack: a directory of %zu bytes", len);
    list = mrs_alloc_array(count, sizeof *list);
    if (list == NULL)
        return mrs_nomem(err);
    for (size_t i = 0; i < count && st == MARS_OK; i++) {
        if (!read_entry(&r, &list[i]))
            st = mrs_fail(err, MARS_ERR_CORRUPT, "pack: entry %zu of its directory", i);
        list[i].offset = offset;
        offset += list[i].sealed_len;
    }
    if (st == MARS_OK && offset - MRS_HEADER_SIZE != blobs_len)
        st = mrs_fail(err, MARS_ERR_CORRUPT, "pack: its blobs do not fill it");
    if (st == MARS_OK && count > 1)
        st = check_slots(list, count, err);
    if (st != MARS_OK) {
        mrs_free(list);
        return st;
    }
    *blobs = list;
    *n = count;
    return MARS_OK;
}

void
mrs_pack_footer_encode(const struct mrs_pack_footer *f, uint8_t out[MRS_PACK_FOOTER_SIZE])
{
    memcpy(out, FOOTER_MAGIC, sizeof FOOTER_MAGIC);
    put_le(put_le(put_le(put_le(out + 8, f->dir_len, 4), f->count, 4), f->blobs_len, 8),
           f->padding, 8);
}

mars_status
mrs_pack_footer_decode(struct mrs_pack_footer *f, const uint8_t *buf, size_t len,
                       uint64_t object_size, mars_error *err)
{
    struct mrs_rd r = mrs_rd_init(buf, len);
    uint8_t magic[8];
    uint64_t bare;

    mrs_rd_copy(&r, magic, sizeof magic);
    f->dir_len = mrs_rd_le32(&r);
    f->count = mrs_rd_le32(&r);
    f->blobs_len = mrs_rd_le64(&r);
    f->padding = mrs_rd_le64(&r);
    if (!mrs_rd_done(&r) || memcmp(magic, FOOTER_MAGIC, sizeof magic) != 0)
        return mrs_fail(err, MARS_ERR_CORRUPT, "pack: has no footer");
    /* Each is bounded before they are added. */
    if (object_size > MRS_PACK_MAX_SIZE || f->blobs_len > object_size ||
        f->padding > object_size || f->count > MRS_PACK_MAX_BLOBS ||
        f->dir_len != (uint64_t)f->count * MRS_PACK_ENTRY_SIZE + TAG_SIZE)
        return mrs_fail(err, MARS_ERR_CORRUPT, "pack: its footer is damaged");
    bare = MRS_HEADER_SIZE + f->blobs_len + f->dir_len + MRS_PACK_FOOTER_SIZE;
    if (bare + f->padding != object_size || mrs_padme(bare) != object_size)
        return mrs_fail(err, MARS_ERR_CORRUPT, "pack: its parts are not its %llu bytes",
                        (unsigned long long)object_size);
    return MARS_OK;
}
