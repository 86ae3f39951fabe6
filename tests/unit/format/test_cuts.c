#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <string.h>

#include "format/entry.h"

/* The reference vectors of SipHash-2-4: key 00..0f, message 00..(n-1). */
static const uint64_t vectors[64] = {
    0x726fdb47dd0e0e31, 0x74f839c593dc67fd, 0x0d6c8009d9a94f5a, 0x85676696d7fb7e2d,
    0xcf2794e0277187b7, 0x18765564cd99a68d, 0xcbc9466e58fee3ce, 0xab0200f58b01d137,
    0x93f5f5799a932462, 0x9e0082df0ba9e4b0, 0x7a5dbbc594ddb9f3, 0xf4b32f46226bada7,
    0x751e8fbc860ee5fb, 0x14ea5627c0843d90, 0xf723ca908e7af2ee, 0xa129ca6149be45e5,
    0x3f2acc7f57c29bdb, 0x699ae9f52cbe4794, 0x4bc1b3f0968dd39c, 0xbb6dc91da77961bd,
    0xbed65cf21aa2ee98, 0xd0f2cbb02e3b67c7, 0x93536795e3a33e88, 0xa80c038ccd5ccec8,
    0xb8ad50c6f649af94, 0xbce192de8a85b8ea, 0x17d835b85bbb15f3, 0x2f2e6163076bcfad,
    0xde4daaaca71dc9a5, 0xa6a2506687956571, 0xad87a3535c49ef28, 0x32d892fad841c342,
    0x7127512f72f27cce, 0xa7f32346f95978e3, 0x12e0b01abb051238, 0x15e034d40fa197ae,
    0x314dffbe0815a3b4, 0x027990f029623981, 0xcadcd4e59ef40c4d, 0x9abfd8766a33735c,
    0x0e3ea96b5304a7d0, 0xad0c42d6fc585992, 0x187306c89bc215a9, 0xd4a60abcf3792b95,
    0xf935451de4f21df2, 0xa9538f0419755787, 0xdb9acddff56ca510, 0xd06c98cd5c0975eb,
    0xe612a3cb9ecba951, 0xc766e62cfcadaf96, 0xee64435a9752fe72, 0xa192d576b245165a,
    0x0a8787bf8ecb74b2, 0x81b3e73d20b49b6f, 0x7fa8220ba3b2ecea, 0x245731c13ca42499,
    0xb78dbfaf3a8d83bd, 0xea1ad565322a1a0b, 0x60e61c23a3795013, 0x6606d7e446282b93,
    0x6ca4ecb15c5f91e1, 0x9f626da15c9625f3, 0xe51b38608ef25f57, 0x958a324ceb064572,
};

static void
siphash_gives_the_reference_vectors(void **state)
{
    uint8_t key[16], message[64];

    (void)state;
    for (size_t i = 0; i < sizeof message; i++)
        message[i] = (uint8_t)i;
    memcpy(key, message, sizeof key);
    for (size_t n = 0; n < 64; n++)
        assert_int_equal(mrs_siphash(key, message, n), vectors[n]);
    key[15] ^= 1;
    assert_int_not_equal(mrs_siphash(key, message, 15), vectors[15]);
    assert_int_equal(mrs_siphash(message, NULL, 0), vectors[0]);
}

static struct mrs_slice
slice(const char *s)
{
    return (struct mrs_slice){ (const uint8_t *)s, strlen(s) };
}

static void
an_entry_weighs_what_stands_inside_the_leaf(void **state)
{
    struct mrs_entry e = { .name = slice("name"), .type = MRS_ENTRY_FILE };

    (void)state;
    assert_int_equal(mrs_entry_weight(&e), 52);
    e.target = slice("target");
    assert_int_equal(mrs_entry_weight(&e), 58);
    e.size = 500;
    e.content.kind = MRS_CONTENT_INLINE;
    assert_int_equal(mrs_entry_weight(&e), 558);
    e.content.kind = MRS_CONTENT_CHUNK;
    assert_int_equal(mrs_entry_weight(&e), 58);
    e.attrs_size = 1000;
    e.attrs.kind = MRS_CONTENT_INLINE;
    assert_int_equal(mrs_entry_weight(&e), 1058);
    e.attrs.kind = MRS_CONTENT_CHUNK;
    assert_int_equal(mrs_entry_weight(&e), 58);
    e.sub.kind = MRS_SUB_INLINE;
    e.sub.node.n = 100;
    assert_int_equal(mrs_entry_weight(&e), 58);
    e.type = MRS_ENTRY_DIR;
    assert_int_equal(mrs_entry_weight(&e), 158);
    e.sub.kind = MRS_SUB_REF;
    e.user = slice("user");
    assert_int_equal(mrs_entry_weight(&e), 58);
}

static void
leaves_end_by_hash_and_weight(void **state)
{
    const uint64_t weight = 60, below = weight << 48;

    (void)state;
    assert_true(mrs_leaf_ends(0, weight, weight, 1));
    assert_true(mrs_leaf_ends(below - 1, weight, weight, 1));
    assert_false(mrs_leaf_ends(below, weight, weight, 1));
    assert_false(mrs_leaf_ends(UINT64_MAX, weight, weight, 1));
    assert_true(mrs_leaf_ends(below, 2 * weight, weight, 1));
    /* So heavy that it always ends, but for the one greatest hash. */
    assert_false(mrs_leaf_ends(UINT64_MAX - (UINT64_MAX >> 16), 65535, 65535, 1));
    assert_true(mrs_leaf_ends(UINT64_MAX - 1, 65536, 65536, 1));
    assert_true(mrs_leaf_ends(UINT64_MAX - 1, (uint64_t)1 << 40, 65536, 1));
    assert_false(mrs_leaf_ends(UINT64_MAX, 65536, 65536, 1));
}

static void
leaves_end_at_their_limits(void **state)
{
    (void)state;
    assert_false(mrs_leaf_ends(UINT64_MAX, 50, 512 << 10, 10));
    assert_true(mrs_leaf_ends(UINT64_MAX, 50, (512 << 10) + 1, 10));
    assert_false(mrs_leaf_ends(UINT64_MAX, 50, 1000, MRS_LEAF_MAX - 1));
    assert_true(mrs_leaf_ends(UINT64_MAX, 50, 1000, MRS_LEAF_MAX));
}

static void
inner_nodes_end_by_bits_of_their_own_level(void **state)
{
    (void)state;
    assert_true(mrs_inner_ends(0x1234567890abcd00, 1, 1));
    assert_false(mrs_inner_ends(0x1234567890abcd00, 2, 1));
    assert_true(mrs_inner_ends(0x12345678900000cd, 2, 1));
    assert_false(mrs_inner_ends(0x12345678900000cd, 1, 1));
    assert_true(mrs_inner_ends(0x0012345678901234, 8, 1));
    assert_false(mrs_inner_ends(0x0112345678901234, 8, 1));
    assert_false(mrs_inner_ends(1, 1, 4095));
    assert_true(mrs_inner_ends(1, 1, 4096));
}

/* A directory of four million leaves: what each level makes of the hashes of the one below. */
static void
levels_shrink_by_the_mean_of_their_children(void **state)
{
    static const uint8_t key[16] = { 1 };
    enum { LEAVES = 4 << 20 };
    size_t nodes[4] = { 0 }, pending[4] = { 0 };

    (void)state;
    for (uint32_t i = 0; i < LEAVES; i++) {
        uint64_t hash = mrs_siphash(key, &i, sizeof i);

        for (uint8_t level = 1; level < 4; level++) {
            pending[level]++;
            if (!mrs_inner_ends(hash, level, pending[level]))
                break;
            pending[level] = 0;
            nodes[level]++;
        }
    }
    assert_in_range(nodes[1], LEAVES / 256 * 9 / 10, LEAVES / 256 * 11 / 10);
    assert_in_range(nodes[2], LEAVES / 65536 / 2, LEAVES / 65536 * 2);
    assert_in_range(nodes[3], 0, 4);
}

static void
content_lists_end_by_the_last_id(void **state)
{
    uint8_t id[32] = { 0 };

    (void)state;
    memset(id + 8, 0xff, sizeof id - 8); /* only the first eight bytes count */
    assert_true(mrs_list_leaf_ends(id, 1, 0));
    assert_true(mrs_list_inner_ends(id, 1));
    id[1] = 1; /* 256 */
    assert_false(mrs_list_leaf_ends(id, 1, 0));
    assert_true(mrs_list_inner_ends(id, 1));
    id[1] = 4; /* 1,024 */
    assert_true(mrs_list_leaf_ends(id, 1, 0));
    id[0] = 1;
    assert_false(mrs_list_leaf_ends(id, 8191, 8191));
    assert_true(mrs_list_leaf_ends(id, 8192, 0));
    assert_true(mrs_list_leaf_ends(id, 1, 8192));
    assert_false(mrs_list_inner_ends(id, 4095));
    assert_true(mrs_list_inner_ends(id, 4096));
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(siphash_gives_the_reference_vectors),
        cmocka_unit_test(an_entry_weighs_what_stands_inside_the_leaf),
        cmocka_unit_test(leaves_end_by_hash_and_weight),
        cmocka_unit_test(leaves_end_at_their_limits),
        cmocka_unit_test(inner_nodes_end_by_bits_of_their_own_level),
        cmocka_unit_test(levels_shrink_by_the_mean_of_their_children),
        cmocka_unit_test(content_lists_end_by_the_last_id),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
