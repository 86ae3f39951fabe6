#include "format/keys.h"

#include <string.h>

#include "base/alloc.h"
#include "base/err.h"
#include "base/vec.h"

enum { SET_ROOT_NUMBER = 1, SET_ROOT_ID, SET_SLOT };
enum { RING_ROOT_NUMBER = 1, RING_KEY, RING_PREVIOUS };
enum { CRITICAL = MRS_FIELD_CRITICAL, ALWAYS = CRITICAL | MRS_FIELD_MUST };
#define LENGTH(table) (sizeof(table) / sizeof(table)[0])

#define SLOT(number, form, flags, member) MRS_LAYOUT(number, form, flags, struct mrs_slot, member)
static const struct mrs_layout SLOT_FIELDS[] = {
    SLOT(1, MRS_FORM_BYTES, ALWAYS, id),
    SLOT(2, MRS_FORM_U8, ALWAYS, kind),
    SLOT(3, MRS_FORM_TEXT, CRITICAL, label),
    SLOT(4, MRS_FORM_STAMP, CRITICAL, created),
    SLOT(5, MRS_FORM_BYTES, ALWAYS, salt),
    SLOT(6, MRS_FORM_U32, CRITICAL | MRS_FIELD_OPTIONAL, passes),
    SLOT(7, MRS_FORM_U32, CRITICAL | MRS_FIELD_OPTIONAL, memory_kib),
    SLOT(8, MRS_FORM_U32, CRITICAL | MRS_FIELD_OPTIONAL, lanes),
    SLOT(9, MRS_FORM_BYTES, ALWAYS, commitment),
    SLOT(10, MRS_FORM_BYTES, ALWAYS, wrapped),
    SLOT(11, MRS_FORM_BLOB, CRITICAL | MRS_FIELD_OPTIONAL, blob),
};

#define KEY(number, form, flags, member)                                                          \
    MRS_LAYOUT(number, form, flags, struct mrs_ring_key, member)
static const struct mrs_layout KEY_FIELDS[] = {
    KEY(1, MRS_FORM_U32, CRITICAL, type),
    KEY(2, MRS_FORM_U32, CRITICAL, epoch),
    KEY(3, MRS_FORM_BYTES, ALWAYS, id),
    KEY(4, MRS_FORM_BYTES, ALWAYS, key),
};

#define PREVIOUS(number, form, flags, member)                                                     \
    MRS_LAYOUT(number, form, flags, struct mrs_ring, member)
static const struct mrs_layout PREVIOUS_FIELDS[] = {
    PREVIOUS(1, MRS_FORM_U32, CRITICAL, previous_number),
    PREVIOUS(2, MRS_FORM_BYTES, ALWAYS, previous_id),
    PREVIOUS(3, MRS_FORM_BYTES, ALWAYS, previous_root),
};

/* More would let a hostile store make a machine run out of memory or time. */
enum { PASSES_MIN = 2, PASSES_MAX = 16, MEMORY_MIN = 32768, MEMORY_MAX = 1048576, LANES_MIN = 1,
       LANES_MAX = 16 };
enum { NESTED_MAX = 512 + MRS_SLOT_BLOB_MAX }; /* bytes of a slot or key */

#define BIT(number) ((uint64_t)1 << (number))

mars_status
mrs_slot_set_encode(const struct mrs_slot_set *s, struct mrs_buf *out, mars_error *err)
{
    struct mrs_wr w = mrs_wr_init(out, err);
    struct mrs_buf one = MRS_BUF_INIT(NESTED_MAX);

    mrs_field_varint(&w, SET_ROOT_NUMBER, 1, s->root_number);
    mrs_field_bytes(&w, SET_ROOT_ID, 1, s->root_id, sizeof s->root_id);
    for (size_t i = 0; i < s->n && w.st == MARS_OK; i++) {
        struct mrs_wr inner = mrs_wr_init(&one, err);

        mrs_buf_reset(&one);
        mrs_layout_write(&inner, SLOT_FIELDS, LENGTH(SLOT_FIELDS), &s->slots[i]);
        w.st = inner.st;
        mrs_field_bytes(&w, SET_SLOT, 1, one.data, one.len);
    }
    mrs_buf_free(&one);
    return w.st;
}

/* Costs of a passphrase slot stay within bounds; other slots have none. */
static mars_status
check_costs(const struct mrs_slot *s, mars_error *err)
{
    if (s->kind != MRS_SLOT_PASSPHRASE)
        return (s->passes | s->memory_kib | s->lanes) == 0
                   ? MARS_OK
                   : mrs_fail(err, MARS_ERR_CORRUPT, "slot set: costs without a passphrase");
    if (s->passes < PASSES_MIN || s->passes > PASSES_MAX || s->memory_kib < MEMORY_MIN ||
        s->memory_kib > MEMORY_MAX || s->lanes < LANES_MIN || s->lanes > LANES_MAX)
        return mrs_fail(err, MARS_ERR_UNSUPPORTED,
                        "slot set: Argon2id costs %u passes, %u KiB, %u lanes are out of bounds",
                        s->passes, s->memory_kib, s->lanes);
    return MARS_OK;
}

static mars_status
read_slot(const struct mrs_field *f, struct mrs_slot *s, mars_error *err)
{
    mars_status st = mrs_layout_read(f->data, f->len, SLOT_FIELDS, LENGTH(SLOT_FIELDS), s,
                                     "slot set", err);

    if (st == MARS_OK && (s->kind < MRS_SLOT_PASSPHRASE || s->kind > MRS_SLOT_CALLER))
        st = mrs_fail(err, MARS_ERR_CORRUPT, "slot set: a slot of kind %u", s->kind);
    if (st == MARS_OK && (s->kind == MRS_SLOT_CALLER) != (s->blob.len > 0))
        st = mrs_fail(err, MARS_ERR_CORRUPT, "slot set: a blob in a slot of kind %u, or none",
                      s->kind);
    return st == MARS_OK ? check_costs(s, err) : st;
}

static mars_status
add_slot(struct mrs_vec *slots, const struct mrs_field *f, mars_error *err)
{
    struct mrs_slot *s;

    if (slots->len >= MRS_SLOTS_MAX)
        return mrs_fail(err, MARS_ERR_CORRUPT, "slot set: more than %d slots", MRS_SLOTS_MAX);
    s = mrs_vec_add(slots);
    return s != NULL ? read_slot(f, s, err) : mrs_nomem(err);
}

mars_status
mrs_slot_set_decode(struct mrs_slot_set *s, const uint8_t *buf, size_t len, mars_error *err)
{
    struct mrs_rd r = mrs_rd_init(buf, len);
    struct mrs_vec slots = MRS_VEC_INIT(struct mrs_slot);
    struct mrs_field f = { 0 };
    uint64_t met = 0;
    int bad = 0;
    mars_status st = MARS_OK;

    memset(s, 0, sizeof *s);
    while (st == MARS_OK && mrs_field_next(&r, &f)) {
        if (f.number != SET_SLOT)
            mrs_field_once(&f, &met, &bad);
        switch (f.number) {
        case SET_ROOT_NUMBER: s->root_number = mrs_field_get_u32(&f, &bad); break;
        case SET_ROOT_ID: mrs_field_get_copy(&f, s->root_id, sizeof s->root_id, &bad); break;
        case SET_SLOT: st = add_slot(&slots, &f, err); break;
        default: st = mrs_field_unknown(&f, "slot set", err);
        }
    }
    bad |= s->root_number == 0;
    if (st == MARS_OK)
        st = mrs_field_end(&r, bad, met, BIT(SET_ROOT_NUMBER) | BIT(SET_ROOT_ID), "slot set", err);
    s->slots = slots.items;
    s->n = slots.len;
    if (st != MARS_OK)
        mrs_slot_set_free(s);
    return st;
}

void
mrs_slot_set_free(struct mrs_slot_set *s)
{
    mrs_free(s->slots);
    s->slots = NULL;
    s->n = 0;
}

size_t
mrs_slot_binding(const struct mrs_slot *s, const uint8_t domain[16], const uint8_t root_id[16],
                 const uint8_t blob_digest[32], uint8_t out[MRS_SLOT_BINDING_MAX])
{
    struct mrs_buf b = { out, 0, MRS_SLOT_BINDING_MAX, MRS_SLOT_BINDING_MAX };
    struct mrs_wr w = mrs_wr_init(&b, NULL);

    mrs_wr_bytes(&w, domain, 16);
    mrs_wr_bytes(&w, s->id, sizeof s->id);
    mrs_wr_u8(&w, s->kind);
    mrs_wr_le32(&w, s->passes);
    mrs_wr_le32(&w, s->memory_kib);
    mrs_wr_le32(&w, s->lanes);
    mrs_wr_bytes(&w, root_id, 16);
    if (s->kind == MRS_SLOT_CALLER)
        mrs_wr_bytes(&w, blob_digest, 32);
    return b.len;
}

mars_status
mrs_ring_encode(const struct mrs_ring *r, struct mrs_buf *out, mars_error *err)
{
    struct mrs_wr w = mrs_wr_init(out, err), inner;
    struct mrs_buf one = MRS_BUF_INIT(NESTED_MAX);

    mrs_field_varint(&w, RING_ROOT_NUMBER, 1, r->root_number);
    for (size_t i = 0; i < r->n && w.st == MARS_OK; i++) {
        mrs_buf_reset(&one);
        inner = mrs_wr_init(&one, err);
        mrs_layout_write(&inner, KEY_FIELDS, LENGTH(KEY_FIELDS), &r->keys[i]);
        w.st = inner.st;
        mrs_field_bytes(&w, RING_KEY, 1, one.data, one.len);
    }
    if (r->previous_number != 0 && w.st == MARS_OK) {
        mrs_buf_reset(&one);
        inner = mrs_wr_init(&one, err);
        mrs_layout_write(&inner, PREVIOUS_FIELDS, LENGTH(PREVIOUS_FIELDS), r);
        w.st = inner.st;
        mrs_field_bytes(&w, RING_PREVIOUS, 1, one.data, one.len);
    }
    mrs_buf_free(&one);
    return w.st;
}

static mars_status
read_key(const struct mrs_field *f, struct mrs_ring_key *k, mars_error *err)
{
    mars_status st = mrs_layout_read(f->data, f->len, KEY_FIELDS, LENGTH(KEY_FIELDS), k, "key ring",
                                     err);

    if (st == MARS_OK && (k->type == 0 || k->epoch == 0))
        st = mrs_fail(err, MARS_ERR_CORRUPT, "key ring: a key without type or epoch");
    return st;
}

/* Room for all keys at once: a list that grows would leave copies of keys behind. */
static mars_status
make_room(struct mrs_ring *ring, const uint8_t *buf, size_t len, mars_error *err)
{
    struct mrs_rd r = mrs_rd_init(buf, len);
    struct mrs_field f = { 0 };
    size_t n = 0;

    while (mrs_field_next(&r, &f))
        n += f.number == RING_KEY;
    if (n > MRS_RING_MAX)
        return mrs_fail(err, MARS_ERR_CORRUPT, "key ring: more than %d keys", MRS_RING_MAX);
    ring->keys = mrs_alloc_array(n, sizeof *ring->keys);
    return ring->keys != NULL ? MARS_OK : mrs_nomem(err);
}

mars_status
mrs_ring_decode(struct mrs_ring *ring, const uint8_t *buf, size_t len, mars_error *err)
{
    struct mrs_rd r = mrs_rd_init(buf, len);
    struct mrs_field f = { 0 };
    uint64_t met = 0;
    int bad = 0;
    mars_status st;

    memset(ring, 0, sizeof *ring);
    st = make_room(ring, buf, len, err);
    while (st == MARS_OK && mrs_field_next(&r, &f)) {
        if (f.number != RING_KEY)
            mrs_field_once(&f, &met, &bad);
        switch (f.number) {
        case RING_ROOT_NUMBER: ring->root_number = mrs_field_get_u32(&f, &bad); break;
        case RING_KEY: st = read_key(&f, &ring->keys[ring->n++], err); break;
        case RING_PREVIOUS:
            st = mrs_layout_read(f.data, f.len, PREVIOUS_FIELDS, LENGTH(PREVIOUS_FIELDS), ring,
                                 "key ring", err);
            bad |= ring->previous_number == 0;
            break;
        default: st = mrs_field_unknown(&f, "key ring", err);
        }
    }
    /* The root before has the number before; the first has none. */
    bad |= ring->root_number == 0 || ring->previous_number != ring->root_number - 1;
    if (st == MARS_OK)
        st = mrs_field_end(&r, bad, met, BIT(RING_ROOT_NUMBER), "key ring", err);
    if (st != MARS_OK)
        mrs_ring_free(ring);
    return st;
}

void
mrs_ring_free(struct mrs_ring *r)
{
    if (r->keys != NULL)
        mrs_wipe(r->keys, r->n * sizeof *r->keys);
    mrs_free(r->keys);
    mrs_wipe(r->previous_root, sizeof r->previous_root);
    r->keys = NULL;
    r->n = 0;
}
