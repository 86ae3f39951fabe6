#include "format/entry.h"

#include "format/bits.h"

enum {
    ENTRY_WEIGHT = 48,             /* what its columns cost, about */
    LEAF_WEIGHT_MAX = 512 << 10,
    INNER_MEAN = 256,
    INNER_MAX = 4096,
    LIST_LEAF_MEAN = 1024,
    LIST_LEAF_MAX = 8192
};

static uint64_t
rotate(uint64_t v, unsigned n)
{
    return v << n | v >> (64 - n);
}

static void
sip_round(uint64_t v[4])
{
    v[0] += v[1];
    v[1] = rotate(v[1], 13) ^ v[0];
    v[0] = rotate(v[0], 32);
    v[2] += v[3];
    v[3] = rotate(v[3], 16) ^ v[2];
    v[0] += v[3];
    v[3] = rotate(v[3], 21) ^ v[0];
    v[2] += v[1];
    v[1] = rotate(v[1], 17) ^ v[2];
    v[2] = rotate(v[2], 32);
}

static void
sip_word(uint64_t v[4], uint64_t m)
{
    v[3] ^= m;
    sip_round(v);
    sip_round(v);
    v[0] ^= m;
}

/* SipHash-2-4 (Aumasson and Bernstein, 2012). */
int
mrs_slice_compare(struct mrs_slice a, struct mrs_slice b)
{
    size_t n = a.n < b.n ? a.n : b.n;
    int c = n > 0 ? memcmp(a.p, b.p, n) : 0;

    return c != 0 ? c : a.n < b.n ? -1 : a.n > b.n;
}

uint64_t
mrs_siphash(const uint8_t key[16], const void *data, size_t n)
{
    const uint8_t *p = data;
    uint64_t k0 = mrs_get_word(key), k1 = mrs_get_word(key + 8), last = (uint64_t)n << 56;
    uint64_t v[4] = { k0 ^ 0x736f6d6570736575, k1 ^ 0x646f72616e646f6d, k0 ^ 0x6c7967656e657261,
                      k1 ^ 0x7465646279746573 };
    size_t i = 0;

    for (; i + 8 <= n; i += 8)
        sip_word(v, mrs_get_word(p + i));
    for (; i < n; i++)
        last |= (uint64_t)p[i] << i % 8 * 8;
    sip_word(v, last);
    v[2] ^= 0xff;
    for (int round = 0; round < 4; round++)
        sip_round(v);
    return v[0] ^ v[1] ^ v[2] ^ v[3];
}

uint64_t
mrs_entry_weight(const struct mrs_entry *e)
{
    uint64_t weight = ENTRY_WEIGHT + e->name.n + e->target.n;

    if (e->content.kind == MRS_CONTENT_INLINE)
        weight += e->size;
    if (e->attrs_size > 0 && e->attrs.kind == MRS_CONTENT_INLINE)
        weight += e->attrs_size;
    if (e->type == MRS_ENTRY_DIR && e->sub.kind == MRS_SUB_INLINE)
        weight += e->sub.node.n;
    return weight;
}

int
mrs_leaf_ends(uint64_t hash, uint64_t weight, uint64_t leaf_weight, size_t count)
{
    uint64_t below = weight >> 16 == 0 ? weight << 48 : UINT64_MAX;

    return hash < below || leaf_weight > LEAF_WEIGHT_MAX || count >= MRS_LEAF_MAX;
}

int
mrs_inner_ends(uint64_t last_name_hash, uint8_t level, size_t count)
{
    /* Each level looks at bits of its own: a name that ended a node below says nothing here. */
    uint64_t bits = level >= 1 && level <= MRS_LEVEL_MAX ? last_name_hash >> 8 * (level - 1) : 1;

    return bits % INNER_MEAN == 0 || count >= INNER_MAX;
}

int
mrs_list_leaf_ends(const uint8_t last_id[32], size_t refs, size_t extents)
{
    return mrs_get_word(last_id) % LIST_LEAF_MEAN == 0 || refs >= LIST_LEAF_MAX ||
           extents >= LIST_LEAF_MAX;
}

int
mrs_list_inner_ends(const uint8_t last_id[32], size_t count)
{
    return mrs_get_word(last_id) % INNER_MEAN == 0 || count >= INNER_MAX;
}
