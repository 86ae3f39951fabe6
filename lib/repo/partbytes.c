/* The bytes of a part: a row of pieces, each behind a varint of its length and, in the lowest bit,
 * whether it is shared. Shared pieces have numbers in their order; a point's own piece stands
 * behind the number of its shared one, a varint that its length counts too. */
#include <string.h>

#include "base/err.h"
#include "crypto/aead.h"
#include "repo/partbytes.h"

enum { PIECES_EXTRA = 3 * 10 }; /* varints around both pieces */

void
mrs_part_reader_init(struct mrs_part_reader *r, const void *bytes, size_t n)
{
    r->rd = mrs_rd_init(bytes, n);
    r->shared = (struct mrs_vec)MRS_VEC_INIT(struct mrs_part_shared);
}

void
mrs_part_reader_free(struct mrs_part_reader *r)
{
    mrs_vec_free(&r->shared);
}

static mars_status
take_shared(struct mrs_part_reader *r, struct mrs_rd piece, mars_error *err)
{
    struct mrs_part_shared *at = mrs_vec_add(&r->shared);

    if (at == NULL)
        return mrs_nomem(err);
    at->bytes = (struct mrs_slice){ piece.p, piece.left };
    return MARS_OK;
}

mars_status
mrs_part_reader_next(struct mrs_part_reader *r, struct mrs_known_point *k,
                     struct mrs_part_shared **shared, mars_error *err)
{
    mars_status st = MARS_OK;

    *shared = NULL;
    while (st == MARS_OK && !r->rd.bad && r->rd.left > 0) {
        uint64_t head = mrs_rd_varint(&r->rd), number;
        struct mrs_rd piece = mrs_rd_sub(&r->rd, head >> 1);

        if ((head & 1) != 0) {
            st = take_shared(r, piece, err);
            continue;
        }
        number = mrs_rd_varint(&piece);
        if (piece.bad || number >= r->shared.len)
            break;
        *shared = mrs_vec_at(&r->shared, (size_t)number);
        if (mrs_known_point_open(k, (*shared)->bytes, (struct mrs_slice){ piece.p, piece.left }))
            return MARS_OK;
        break;
    }
    *shared = NULL;
    r->rd.left = 0;
    return st;
}

/* Where an item's last shared piece lies in the part. */
struct place {
    uint32_t number;
    uint32_t offset;
    uint32_t len;
};

void
mrs_part_writer_reset(struct mrs_part_writer *w)
{
    mrs_buf_reset(&w->bytes);
    mrs_map_free(&w->shared);
    w->n_shared = 0;
}

void
mrs_part_writer_init(struct mrs_part_writer *w)
{
    w->bytes = (struct mrs_buf)MRS_BUF_INIT(MRS_PART_MAX + MRS_TAG_SIZE);
    w->shared = (struct mrs_map)MRS_MAP_INIT(sizeof(struct place));
    w->n_shared = 0;
}

void
mrs_part_writer_free(struct mrs_part_writer *w)
{
    mrs_part_writer_reset(w);
    mrs_buf_free(&w->bytes);
}

bool
mrs_part_writer_has_room(const struct mrs_part_writer *w, const struct mrs_known_point *k)
{
    size_t n = (size_t)k->n_shared + k->n_own + PIECES_EXTRA;

    return n <= MRS_PART_MAX && w->bytes.len <= MRS_PART_MAX - n;
}

/* The number of its shared piece, which is written if it is not the one that its item had last. */
static mars_status
put_shared(struct mrs_part_writer *w, const struct mrs_known_point *k, uint32_t *number,
           mars_error *err)
{
    struct mrs_wr wr = mrs_wr_init(&w->bytes, err);
    uint8_t key[32];
    struct place *at;

    mrs_map_key16(key, mrs_known_item(k));
    at = mrs_map_put(&w->shared, key);
    if (at == NULL)
        return mrs_nomem(err);
    if (at->len != k->n_shared ||
        memcmp(w->bytes.data + at->offset, k->shared, k->n_shared) != 0) {
        mrs_wr_varint(&wr, (uint64_t)k->n_shared << 1 | 1);
        *at = (struct place){ w->n_shared++, (uint32_t)w->bytes.len, k->n_shared };
        mrs_wr_bytes(&wr, k->shared, k->n_shared);
    }
    *number = at->number;
    return wr.st;
}

mars_status
mrs_part_writer_put(struct mrs_part_writer *w, const struct mrs_known_point *k, mars_error *err)
{
    struct mrs_wr wr = mrs_wr_init(&w->bytes, err);
    uint32_t number = 0;
    size_t n = 1;
    mars_status st = put_shared(w, k, &number, err);

    if (st != MARS_OK)
        return st;
    for (uint32_t rest = number >> 7; rest != 0; rest >>= 7)
        n++;
    mrs_wr_varint(&wr, (uint64_t)(n + k->n_own) << 1);
    mrs_wr_varint(&wr, number);
    mrs_wr_bytes(&wr, k->own, k->n_own);
    return wr.st;
}
