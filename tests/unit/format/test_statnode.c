#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <string.h>

#include "base/alloc.h"
#include "base/rd.h"
#include "base/wr.h"
#include "failing_alloc.h"
#include "format/entry.h"
#include "same_entries.h"

enum { LIMIT = 1 << 20, SAMPLES = 5 };

/* Two files and three directories, and what their directory node decodes to. */
struct sample {
    struct mrs_entry entries[SAMPLES];
    struct mrs_entry_stat stats[SAMPLES];
    struct mrs_node beside;
};

static void
make_sample(struct sample *s)
{
    static const uint8_t types[] = { MRS_ENTRY_FILE, MRS_ENTRY_DIR, MRS_ENTRY_DIR, MRS_ENTRY_FILE,
                                     MRS_ENTRY_DIR };

    memset(s, 0, sizeof *s);
    for (size_t i = 0; i < SAMPLES; i++) {
        s->entries[i].type = types[i];
        s->stats[i].ctime_s = (int64_t)i * 1000 - 1500;
        s->stats[i].ctime_ns = (uint32_t)i * 249999999;
        s->stats[i].inode = UINT64_MAX - i * i;
        s->stats[i].generation = i == 3 ? 77 : 0;
    }
    s->stats[1].sub_kind = MRS_SUB_INLINE;
    s->stats[1].sub_node = (struct mrs_slice){ (const uint8_t *)"node inside", 11 };
    s->stats[2].sub_kind = MRS_SUB_REF;
    memset(s->stats[2].sub_id, 0x5a, 32);
    s->beside.n = SAMPLES;
    s->beside.entries = s->entries;
}

static mars_status
encode(const struct sample *s, struct mrs_buf *b, mars_error *err)
{
    return mrs_stat_leaf_encode(s->stats, s->entries, SAMPLES, b, err);
}

static void
a_stat_leaf_comes_back(void **state)
{
    struct mrs_buf b = MRS_BUF_INIT(LIMIT), again = MRS_BUF_INIT(LIMIT);
    struct mrs_stat_node node;
    struct sample s;
    mars_error err;

    (void)state;
    make_sample(&s);
    assert_int_equal(encode(&s, &b, &err), MARS_OK);
    assert_int_equal(mrs_stat_node_decode(&node, &s.beside, b.data, b.len, &err), MARS_OK);
    assert_int_equal(node.level, 0);
    assert_int_equal(node.n, SAMPLES);
    for (size_t i = 0; i < SAMPLES; i++)
        assert_true(same_entry_stat(&node.stats[i], &s.stats[i]));
    assert_int_equal(mrs_stat_leaf_encode(node.stats, s.entries, node.n, &again, &err), MARS_OK);
    assert_int_equal(again.len, b.len);
    assert_memory_equal(again.data, b.data, b.len);
    mrs_stat_node_free(&node);
    mrs_stat_node_free(NULL);
    mrs_buf_free(&b);
    mrs_buf_free(&again);
    assert_int_equal(failing_alloc_live(), 0);
}

static void
a_stat_leaf_has_the_bytes_of_the_specification(void **state)
{
    static const uint8_t want[] = {
        0, 2,                          /* leaf, 2 entries */
        0x80, 0x01, 4, 1, 1, 2, 8,     /* 64: times -1 and +1 */
        0x84, 0x01, 3, 0, 0xac, 0x02,  /* 66: inode 300, twice */
        0x88, 0x01, 4, 1, 2, 'x', 'y', /* 68: of the one directory */
    };
    struct mrs_entry e[2] = { { .type = MRS_ENTRY_DIR }, { .type = MRS_ENTRY_FILE } };
    struct mrs_entry_stat st[2] = { { .ctime_s = -1, .inode = 300 },
                                    { .ctime_s = 1, .inode = 300, .sub_kind = MRS_SUB_REF } };
    struct mrs_buf b = MRS_BUF_INIT(LIMIT);
    mars_error err;

    (void)state;
    st[0].sub_kind = MRS_SUB_INLINE;
    st[0].sub_node = (struct mrs_slice){ (const uint8_t *)"xy", 2 };
    assert_int_equal(mrs_stat_leaf_encode(st, e, 2, &b, &err), MARS_OK);
    assert_int_equal(b.len, sizeof want);
    assert_memory_equal(b.data, want, sizeof want);
    mrs_buf_free(&b);
}

static void
nothing_known_is_two_bytes(void **state)
{
    struct mrs_buf b = MRS_BUF_INIT(LIMIT);
    struct mrs_stat_node node;
    struct sample s;
    mars_error err;

    (void)state;
    make_sample(&s);
    memset(s.stats, 0, sizeof s.stats);
    assert_int_equal(encode(&s, &b, &err), MARS_OK);
    assert_int_equal(b.len, 2);
    assert_int_equal(mrs_stat_node_decode(&node, &s.beside, b.data, b.len, &err), MARS_OK);
    for (size_t i = 0; i < SAMPLES; i++)
        assert_true(same_entry_stat(&node.stats[i], &s.stats[i]));
    mrs_stat_node_free(&node);
    mrs_buf_free(&b);
}

static void
stats_out_of_range_are_not_written(void **state)
{
    struct mrs_buf b = MRS_BUF_INIT(LIMIT);
    struct sample s;
    mars_error err;

    (void)state;
    make_sample(&s);
    s.stats[0].ctime_ns = 1000000000;
    assert_int_equal(encode(&s, &b, &err), MARS_ERR_INTERNAL);
    make_sample(&s);
    s.stats[4].sub_kind = 3;
    assert_int_equal(encode(&s, &b, &err), MARS_ERR_INTERNAL);
    assert_int_equal(mrs_stat_leaf_encode(s.stats, s.entries, 0, &b, &err), MARS_ERR_INTERNAL);
    assert_int_equal(b.len, 0);
    mrs_buf_free(&b);
}

static mars_status
decode(const struct mrs_node *beside, const char *bytes, size_t len)
{
    struct mrs_stat_node node;
    mars_error err;
    mars_status st = mrs_stat_node_decode(&node, beside, (const uint8_t *)bytes, len, &err);

    mrs_stat_node_free(&node);
    return st;
}

static void
damaged_stat_leaves_are_refused(void **state)
{
    struct sample s;

    (void)state;
    make_sample(&s);
    assert_int_equal(decode(&s.beside, "\x00\x05", 2), MARS_OK);
    assert_int_equal(decode(&s.beside, "", 0), MARS_ERR_CORRUPT);
    assert_int_equal(decode(&s.beside, "\x00\x05\x88\x01\x03\x00\x00\x00", 8), MARS_OK);
    assert_int_equal(decode(&s.beside, "\x00\x05\x88\x01\x02\x00\x00", 7), MARS_ERR_CORRUPT);
    assert_int_equal(decode(&s.beside, "\x00\x05\x88\x01\x04\x00\x00\x00\x00", 9),
                     MARS_ERR_CORRUPT);
    assert_int_equal(decode(&s.beside, "\x00\x05\x88\x01\x03\x00\x00\x03", 8), MARS_ERR_CORRUPT);
    assert_int_equal(decode(&s.beside, "\x00\x05\x88\x01\x04\x00\x00\x01\x01", 9),
                     MARS_ERR_CORRUPT);
    assert_int_equal(decode(&s.beside, "\x00\x05\x84\x01\x02\x00\x07", 7), MARS_OK);
    assert_int_equal(decode(&s.beside, "\x00\x05\x84\x01\x02\x00\x07\x84\x01\x02\x00\x07", 12),
                     MARS_ERR_CORRUPT); /* a column twice */
    assert_int_equal(decode(&s.beside, "\x00\x05\x82\x01\x06\x00\x80\x94\xeb\xdc\x03", 11),
                     MARS_ERR_CORRUPT); /* 1,000,000,000 ns */
    assert_int_equal(decode(&s.beside, "\x00\x05\x8a\x01\x01z", 6), MARS_OK);
    assert_int_equal(decode(&s.beside, "\x00\x05\x8b\x01\x01z", 6), MARS_ERR_UNSUPPORTED);
    assert_int_equal(decode(&s.beside, "\x00\x05\x03\x01z", 5), MARS_ERR_UNSUPPORTED);
}

static void
stat_nodes_have_the_shape_of_their_directory_node(void **state)
{
    struct mrs_node inner = { .level = 1, .n = 2 };
    struct sample s;

    (void)state;
    make_sample(&s);
    assert_int_equal(decode(&s.beside, "\x00\x04", 2), MARS_ERR_CORRUPT);
    assert_int_equal(decode(&s.beside, "\x00\x06", 2), MARS_ERR_CORRUPT);
    assert_int_equal(decode(&inner, "\x00\x02", 2), MARS_ERR_CORRUPT);
    s.beside.n = 0;
    assert_int_equal(decode(&s.beside, "\x00\x00", 2), MARS_ERR_CORRUPT);
}

static void
inner_stat_nodes_come_back(void **state)
{
    static const uint8_t ids[3][32] = { { 1 }, { 2 }, { 3 } };
    struct mrs_node beside = { .level = 2, .n = 3 };
    struct mrs_buf b = MRS_BUF_INIT(LIMIT);
    struct mrs_stat_node node;
    mars_error err;

    (void)state;
    assert_int_equal(mrs_stat_inner_encode(2, ids, 3, &b, &err), MARS_OK);
    assert_int_equal(b.len, 2 + 96);
    assert_int_equal(mrs_stat_node_decode(&node, &beside, b.data, b.len, &err), MARS_OK);
    assert_int_equal(node.level, 2);
    assert_int_equal(node.n, 3);
    assert_memory_equal(node.children, ids, sizeof ids);
    mrs_stat_node_free(&node);
    for (size_t len = 0; len < b.len; len++)
        assert_int_equal(mrs_stat_node_decode(&node, &beside, b.data, len, &err),
                         MARS_ERR_CORRUPT);
    beside.n = 2;
    assert_int_equal(mrs_stat_node_decode(&node, &beside, b.data, b.len, &err), MARS_ERR_CORRUPT);
    assert_int_equal(mrs_stat_inner_encode(0, ids, 3, &b, &err), MARS_ERR_INTERNAL);
    assert_int_equal(mrs_stat_inner_encode(9, ids, 3, &b, &err), MARS_ERR_INTERNAL);
    assert_int_equal(mrs_stat_inner_encode(1, ids, 0, &b, &err), MARS_ERR_INTERNAL);
    mrs_buf_free(&b);
    assert_int_equal(failing_alloc_live(), 0);
}

static void
a_damaged_stat_leaf_is_refused_or_can_be_written_again(void **state)
{
    struct mrs_buf b = MRS_BUF_INIT(LIMIT), again = MRS_BUF_INIT(LIMIT);
    struct mrs_stat_node node, second;
    struct sample s;
    mars_error err;
    size_t refused = 0;

    (void)state;
    make_sample(&s);
    assert_int_equal(encode(&s, &b, &err), MARS_OK);
    for (size_t bit = 0; bit < b.len * 8; bit++) {
        b.data[bit / 8] ^= (uint8_t)(1 << bit % 8);
        if (mrs_stat_node_decode(&node, &s.beside, b.data, b.len, &err) == MARS_OK) {
            mrs_buf_reset(&again);
            assert_int_equal(mrs_stat_leaf_encode(node.stats, s.entries, node.n, &again, &err),
                             MARS_OK);
            assert_int_equal(mrs_stat_node_decode(&second, &s.beside, again.data, again.len, &err),
                             MARS_OK);
            for (size_t i = 0; i < node.n; i++)
                assert_true(same_entry_stat(&second.stats[i], &node.stats[i]));
            mrs_stat_node_free(&second);
        } else {
            refused++;
        }
        mrs_stat_node_free(&node);
        b.data[bit / 8] ^= (uint8_t)(1 << bit % 8);
    }
    assert_in_range(refused, 2 * 8, b.len * 8);
    mrs_buf_free(&b);
    mrs_buf_free(&again);
    assert_int_equal(failing_alloc_live(), 0);
}

static void
stat_nodes_survive_every_failing_allocation(void **state)
{
    static const uint8_t ids[2][32] = { { 1 }, { 2 } };
    struct mrs_node above = { .level = 1, .n = 2 };
    mars_status st = MARS_ERR_NOMEM;
    struct sample s;
    mars_error err;
    size_t n;

    (void)state;
    make_sample(&s);
    for (n = 0; st != MARS_OK; n++) {
        struct mrs_buf b = MRS_BUF_INIT(LIMIT);
        struct mrs_stat_node node = { 0 }, inner = { 0 };
        size_t middle = 0;

        assert_in_range(n, 0, 100);
        failing_alloc_arm(n);
        st = encode(&s, &b, &err);
        if (st == MARS_OK) {
            middle = b.len;
            st = mrs_stat_inner_encode(1, ids, 2, &b, &err);
        }
        assert_int_equal(b.len, st == MARS_OK ? middle + 66 : middle);
        if (st == MARS_OK)
            st = mrs_stat_node_decode(&node, &s.beside, b.data, middle, &err);
        if (st == MARS_OK)
            st = mrs_stat_node_decode(&inner, &above, b.data + middle, b.len - middle, &err);
        assert_true(st == MARS_OK || st == MARS_ERR_NOMEM);
        mrs_stat_node_free(&node);
        mrs_stat_node_free(&inner);
        mrs_buf_free(&b);
        assert_int_equal(failing_alloc_live(), 0);
    }
    failing_alloc_arm(SIZE_MAX);
    assert_true(n > 5);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_stat_leaf_comes_back),
        cmocka_unit_test(a_stat_leaf_has_the_bytes_of_the_specification),
        cmocka_unit_test(nothing_known_is_two_bytes),
        cmocka_unit_test(stats_out_of_range_are_not_written),
        cmocka_unit_test(damaged_stat_leaves_are_refused),
        cmocka_unit_test(stat_nodes_have_the_shape_of_their_directory_node),
        cmocka_unit_test(inner_stat_nodes_come_back),
        cmocka_unit_test(a_damaged_stat_leaf_is_refused_or_can_be_written_again),
        cmocka_unit_test(stat_nodes_survive_every_failing_allocation),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
