#include "format/index.h"

#include <string.h>

#include "base/err.h"
#include "base/rd.h"
#include "base/wr.h"
#include "format/field.h"

enum { FIELD_SUPERSEDED = 1, FIELD_PACK = 2, TAG_SIZE = 16 };
enum { LEAST_BLOB = 1 + 1 + 1 + 1 + 1 + 32 }; /* bytes of the shortest blob */

static void
write_pack(struct mrs_wr *w, const struct mrs_index_pack *p)
{
    mrs_wr_bytes(w, p->name, sizeof p->name);
    mrs_wr_u8(w, p->kind);
    mrs_wr_varint(w, p->size);
    mrs_wr_varint(w, p->count);
    for (size_t i = 0; i < p->count; i++) {
        const struct mrs_blob *b = &p->blobs[i];

        mrs_wr_u8(w, b->cls);
        mrs_wr_u8(w, b->codec);
        mrs_wr_varint(w, b->slot);
        mrs_wr_varint(w, b->sealed_len);
        mrs_wr_varint(w, b->raw_len);
        mrs_wr_bytes(w, b->id, sizeof b->id);
    }
}

mars_status
mrs_index_encode(const uint8_t (*superseded)[32], size_t n_superseded,
                 const struct mrs_index_pack *packs, size_t n_packs, struct mrs_buf *out,
                 mars_error *err)
{
    struct mrs_wr w = mrs_wr_init(out, err);
    struct mrs_buf one = MRS_BUF_INIT(MRS_OBJECT_MAX);

    for (size_t i = 0; i < n_superseded; i++)
        mrs_field_bytes(&w, FIELD_SUPERSEDED, 1, superseded[i], 32);
    for (size_t i = 0; i < n_packs && w.st == MARS_OK; i++) {
        struct mrs_wr inner = mrs_wr_init(&one, err);

        mrs_buf_reset(&one);
        write_pack(&inner, &packs[i]);
        w.st = inner.st;
        mrs_field_bytes(&w, FIELD_PACK, 1, one.data, one.len);
    }
    mrs_buf_free(&one);
    return w.st;
}

static int
read_blob(struct mrs_rd *r, struct mrs_blob *b)
{
    b->cls = mrs_rd_u8(r);
    b->codec = mrs_rd_u8(r);
    b->slot = (uint32_t)mrs_rd_varint_max(r, UINT32_MAX);
    b->sealed_len = (uint32_t)mrs_rd_varint_max(r, MRS_CHUNK_MAX + TAG_SIZE);
    b->raw_len = (uint32_t)mrs_rd_varint_max(r, MRS_CHUNK_MAX);
    mrs_rd_copy(r, b->id, sizeof b->id);
    return !r->bad && b->cls >= MRS_CLASS_DATA && b->cls <= MRS_CLASS_SKIPPED &&
           b->sealed_len >= TAG_SIZE;
}

static mars_status
read_pack(const struct mrs_field *f, const struct mrs_index_sink *sink, mars_error *err)
{
    struct mrs_rd r = mrs_rd_init(f->data, f->len);
    struct mrs_index_pack p = { .blobs = NULL };
    uint64_t offset = MRS_HEADER_SIZE;
    mars_status st = MARS_OK;

    mrs_rd_copy(&r, p.name, sizeof p.name);
    p.kind = mrs_rd_u8(&r);
    p.size = mrs_rd_varint_max(&r, MRS_PACK_MAX_SIZE);
    p.count = (size_t)mrs_rd_varint_max(&r, MRS_PACK_MAX_BLOBS);
    if (r.bad || (p.kind != MRS_KIND_PACK_DATA && p.kind != MRS_KIND_PACK_META) ||
        p.count > r.left / LEAST_BLOB)
        return mrs_fail(err, MARS_ERR_CORRUPT, "index object: a pack in it is damaged");
    if (sink->pack != NULL)
        st = sink->pack(sink->user, &p, err);
    for (size_t i = 0; i < p.count && st == MARS_OK; i++) {
        struct mrs_blob b = { .offset = offset };

        if (!read_blob(&r, &b) || p.size < offset || b.sealed_len > p.size - offset)
            return mrs_fail(err, MARS_ERR_CORRUPT, "index object: blob %zu of a pack is damaged",
                            i);
        offset += b.sealed_len;
        if (sink->blob != NULL)
            st = sink->blob(sink->user, &b, err);
    }
    if (st == MARS_OK && !mrs_rd_done(&r))
        st = mrs_fail(err, MARS_ERR_CORRUPT, "index object: bytes behind a pack");
    return st;
}

mars_status
mrs_index_decode(const uint8_t *buf, size_t len, const struct mrs_index_sink *sink,
                 mars_error *err)
{
    struct mrs_rd r = mrs_rd_init(buf, len);
    struct mrs_field f = { 0 };
    int bad = 0;
    mars_status st = MARS_OK;

    while (st == MARS_OK && mrs_field_next(&r, &f)) {
        if (f.number == FIELD_SUPERSEDED) {
            bad |= f.len != 32;
            if (!bad && sink->superseded != NULL)
                st = sink->superseded(sink->user, f.data, err);
        } else if (f.number == FIELD_PACK) {
            st = read_pack(&f, sink, err);
        } else {
            st = mrs_field_unknown(&f, "index object", err);
        }
    }
    return st == MARS_OK ? mrs_field_end(&r, bad, 0, 0, "index object", err) : st;
}

static mars_status
only_known_fields(const uint8_t *buf, size_t len, mars_error *err)
{
    struct mrs_rd r = mrs_rd_init(buf, len);
    struct mrs_field f = { 0 };

    while (mrs_field_next(&r, &f))
        if (f.number != FIELD_SUPERSEDED && f.number != FIELD_PACK)
            return mrs_fail(err, MARS_ERR_UNSUPPORTED, "index object: unknown field %u",
                            (unsigned)f.number);
    return MARS_OK;
}

mars_status
mrs_index_copy_packs(const uint8_t *buf, size_t len, mrs_index_wanted_fn wanted, void *user,
                     struct mrs_buf *out, mars_error *err)
{
    const struct mrs_index_sink check = { 0 };
    struct mrs_rd r = mrs_rd_init(buf, len);
    struct mrs_wr w = mrs_wr_init(out, err);
    struct mrs_field f = { 0 };
    mars_status st = mrs_index_decode(buf, len, &check, err);

    if (st == MARS_OK)
        st = only_known_fields(buf, len, err);
    while (st == MARS_OK && mrs_field_next(&r, &f)) {
        bool take = false;

        if (f.number == FIELD_PACK)
            st = wanted(user, f.data, &take, err);
        if (st == MARS_OK && take)
            mrs_field_bytes(&w, FIELD_PACK, 1, f.data, f.len);
        if (st == MARS_OK)
            st = w.st;
    }
    return st;
}
