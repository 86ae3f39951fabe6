#include "listed.h"
#include "tree_kit.h"

enum { N = 20000, NONE = 1 << 30 };

/* A committed directory of N entries. */
struct written {
    struct tree_sink sink;
    struct mrs_tree_writer *w;
    struct mrs_sub sub;
    struct mrs_entry_stat stat;
};

static void
write_one(struct kit *k, uint64_t n, struct written *x)
{
    tree_commit(k, n, NONE, &x->sink, &x->sub, &x->stat, &x->w);
}

static struct mrs_dir_reader *
open_reader(const struct mrs_domain *d, const struct written *x)
{
    struct mrs_dir_reader *r = NULL;

    assert_int_equal(mrs_dir_reader_open(&r, d, &x->sub, &x->stat, NULL), MARS_OK);
    return r;
}

/* The number of the next entry; -1 at the end. */
static int64_t
next(struct mrs_dir_reader *r)
{
    const struct mrs_entry *e;
    const struct mrs_entry_stat *st;
    struct mrs_totals lost;
    int64_t i = 0;

    assert_int_equal(mrs_dir_reader_next(r, &e, &st, &lost, NULL), MARS_OK);
    for (int at = 0; e != NULL && at < 9; at++)
        i = i * 10 + (e->name.p[at] - '0');
    return e != NULL ? i : -1;
}

static void
seek_to(struct mrs_dir_reader *r, const char *name)
{
    mrs_dir_reader_seek(r, (struct mrs_slice){ (const uint8_t *)name, strlen(name) });
}

static void
a_seek_goes_on_with_the_first_name_that_is_not_less(void **state)
{
    struct kit *k = *state;
    struct written x;
    struct mrs_dir_reader *r;

    write_one(k, N, &x);
    r = open_reader(k->d, &x);
    assert_int_equal(next(r), 0);
    seek_to(r, "000000005-name");
    assert_int_equal(next(r), 5);
    assert_int_equal(next(r), 6);
    seek_to(r, "000012345-namf"); /* between two */
    assert_int_equal(next(r), 12346);
    seek_to(r, "000000001-name"); /* back: goes on where it is */
    assert_int_equal(next(r), 12347);
    seek_to(r, "00001999");
    assert_int_equal(next(r), 19990);
    seek_to(r, "1");
    assert_int_equal(next(r), -1);
    assert_int_equal(next(r), -1);
    mrs_dir_reader_close(r);
    mrs_tree_writer_free(x.w);
}

static mars_status
count_reads(void *user, enum spy_call call, const char *name)
{
    (void)name;
    *(size_t *)user += call == SPY_READ;
    return MARS_OK;
}

static void
a_seek_reads_no_leaf_that_it_passes_over(void **state)
{
    struct kit *k = *state;
    struct written x;
    struct mrs_dir_reader *r;
    size_t all = 0, one = 0;

    write_one(k, N, &x);
    r = open_reader(k->d, &x);
    kit_spy(k, count_reads, &all);
    while (next(r) >= 0)
        continue;
    mrs_dir_reader_close(r);
    r = open_reader(k->d, &x);
    kit_spy(k, count_reads, &one);
    seek_to(r, "000012345-name");
    assert_int_equal(next(r), 12345);
    kit_spy(k, NULL, NULL);
    /* Of directory and stat nodes: one a level. */
    assert_int_equal(one, 2 * (x.sub.level + 1U));
    assert_true(all > 2 * one);
    mrs_dir_reader_close(r);
    mrs_tree_writer_free(x.w);
}

/* Damage the blob of a chunk. */
static void
damage_chunk(struct kit *k, const uint8_t id[32])
{
    struct mrs_place place;
    char relative[MRS_OBJECT_NAME_MAX];

    assert_int_equal(mrs_index_find(k->d->index, id, 0, &place, NULL), MARS_OK);
    mrs_name_pack(relative, place.kind, place.pack);
    kit_damage(k, relative, (long)place.blob.offset + 4);
}

/* The second child of the directory's root node. */
static void
second_child(const struct kit *k, const struct written *x, struct mrs_node_child *out,
             uint8_t stat_id[32])
{
    struct mrs_buf bytes = MRS_BUF_INIT(MRS_NODE_MAX), stat_bytes = MRS_BUF_INIT(MRS_NODE_MAX);
    struct mrs_node node;
    struct mrs_stat_node stat;

    assert_int_equal(x->sub.level, 1);
    assert_int_equal(mrs_chunk_get(k->d, x->sub.id, MRS_CLASS_DIR, &bytes, NULL), MARS_OK);
    assert_int_equal(mrs_node_decode(&node, bytes.data, bytes.len, 0, NULL), MARS_OK);
    assert_int_equal(mrs_chunk_get(k->d, x->stat.sub_id, MRS_CLASS_STAT, &stat_bytes, NULL),
                     MARS_OK);
    assert_int_equal(mrs_stat_node_decode(&stat, &node, stat_bytes.data, stat_bytes.len, NULL),
                     MARS_OK);
    assert_true(node.n > 2);
    *out = node.children[1];
    out->last = (struct mrs_slice){ NULL, 0 };
    memcpy(stat_id, stat.children[1], 32);
    mrs_stat_node_free(&stat);
    mrs_node_free(&node);
    mrs_buf_free(&bytes);
    mrs_buf_free(&stat_bytes);
}

/* Leaf cuts are by the domain's key: under this one the root of N entries is of level 1. */
static void
write_of_level_one(struct kit *k, struct written *x)
{
    memset(k->keys->keys[MRS_KEY_CHUNKER - 1].key, 2, 32);
    kit_reopen(k);
    write_one(k, N, x);
    assert_int_equal(x->sub.level, 1);
}

static void
a_node_that_cannot_be_read_is_told_with_what_it_held_and_passed_over(void **state)
{
    struct kit *k = *state;
    struct written x;
    struct mrs_node_child child;
    struct mrs_dir_reader *r;
    struct mrs_domain *d = kit_open(k, NULL);
    uint8_t stat_id[32];
    uint64_t read = 0, errors = 0;
    const struct mrs_entry *e = NULL;
    const struct mrs_entry_stat *st;

    write_of_level_one(k, &x);
    second_child(k, &x, &child, stat_id);
    damage_chunk(k, child.id);
    assert_int_equal(listed_index_refresh(d, false, NULL, NULL, NULL), MARS_OK);
    r = open_reader(d, &x);
    for (;;) {
        struct mrs_totals lost = { 0, 0, 0 };
        mars_status got = mrs_dir_reader_next(r, &e, &st, &lost, NULL);

        if (got != MARS_OK) {
            assert_int_equal(got, MARS_ERR_CORRUPT);
            assert_null(e);
            assert_int_equal(lost.entries, child.totals.entries);
            assert_int_equal(lost.bytes, child.totals.bytes);
            assert_int_equal(lost.errors, child.totals.errors);
            errors++;
        } else if (e == NULL) {
            break;
        } else {
            read++;
        }
    }
    assert_int_equal(errors, 1);
    assert_int_equal(read, x.sub.totals.entries - child.totals.entries);
    mrs_dir_reader_close(r);
    mrs_domain_close(d);
    mrs_tree_writer_free(x.w);
}

static void
a_root_node_that_cannot_be_read_loses_all_at_once(void **state)
{
    struct kit *k = *state;
    struct written x;
    struct mrs_dir_reader *r;
    struct mrs_totals lost = { 0, 0, 0 };
    const struct mrs_entry *e;
    const struct mrs_entry_stat *st;

    write_one(k, N, &x);
    damage_chunk(k, x.sub.id);
    r = open_reader(k->d, &x);
    assert_int_equal(mrs_dir_reader_next(r, &e, &st, &lost, NULL), MARS_ERR_CORRUPT);
    assert_int_equal(lost.entries, N);
    assert_int_equal(lost.bytes, x.sub.totals.bytes);
    assert_int_equal(next(r), -1);
    mrs_dir_reader_close(r);
    mrs_tree_writer_free(x.w);
}

/* Entries without and with a stat. */
static void
count_stats(struct mrs_dir_reader *r, uint64_t *without, uint64_t *with)
{
    const struct mrs_entry *e;
    const struct mrs_entry_stat *st;
    struct mrs_totals lost;

    *without = *with = 0;
    for (;;) {
        assert_int_equal(mrs_dir_reader_next(r, &e, &st, &lost, NULL), MARS_OK);
        if (e == NULL)
            return;
        *without += st == NULL;
        *with += st != NULL;
    }
}

static void
a_stat_table_that_is_damaged_or_not_wanted_costs_no_entry(void **state)
{
    struct kit *k = *state;
    struct written x;
    struct mrs_node_child child;
    struct mrs_dir_reader *r = NULL;
    uint8_t stat_id[32];
    uint64_t with, without;

    write_of_level_one(k, &x);
    assert_int_equal(mrs_dir_reader_open(&r, k->d, &x.sub, NULL, NULL), MARS_OK);
    count_stats(r, &without, &with);
    assert_int_equal(without, x.sub.totals.entries);
    mrs_dir_reader_close(r);
    second_child(k, &x, &child, stat_id);
    damage_chunk(k, stat_id);
    r = open_reader(k->d, &x);
    count_stats(r, &without, &with);
    assert_int_equal(without, child.totals.entries);
    assert_int_equal(with, x.sub.totals.entries - child.totals.entries);
    mrs_dir_reader_close(r);
    damage_chunk(k, x.stat.sub_id);
    r = open_reader(k->d, &x);
    count_stats(r, &without, &with);
    assert_int_equal(without, x.sub.totals.entries);
    mrs_dir_reader_close(r);
    mrs_tree_writer_free(x.w);
}

static void
a_node_of_another_level_than_its_reference_says_is_damage(void **state)
{
    struct kit *k = *state;
    struct written x;
    struct mrs_dir_reader *r;
    struct mrs_totals lost = { 0, 0, 0 };
    const struct mrs_entry *e;
    const struct mrs_entry_stat *st;

    write_one(k, N, &x);
    x.sub.level++;
    r = open_reader(k->d, &x);
    assert_int_equal(mrs_dir_reader_next(r, &e, &st, &lost, NULL), MARS_ERR_CORRUPT);
    assert_int_equal(lost.entries, N);
    mrs_dir_reader_close(r);
    mrs_tree_writer_free(x.w);
}

static void
the_root_of_a_file_system_has_its_name_in_a_point_only(void **state)
{
    struct kit *k = *state;
    struct mrs_entry e = { .name = { (const uint8_t *)"/", 1 }, .type = MRS_ENTRY_DIR };
    struct mrs_sub sub = { .kind = MRS_SUB_INLINE };
    struct mrs_buf leaf = MRS_BUF_INIT(4096);
    struct mrs_root root = { .style = MRS_PATH_POSIX };
    struct mrs_dir_reader *r = NULL;
    const struct mrs_entry *got;
    const struct mrs_entry_stat *st;
    struct mrs_totals lost;

    assert_int_equal(mrs_leaf_encode(&e, 1, &leaf, NULL), MARS_OK);
    root.entry = sub.node = (struct mrs_slice){ leaf.data, leaf.len };
    assert_int_equal(mrs_dir_reader_open_root(&r, k->d, &root, NULL), MARS_OK);
    assert_int_equal(mrs_dir_reader_next(r, &got, &st, &lost, NULL), MARS_OK);
    assert_non_null(got);
    assert_int_equal(got->name.n, 1);
    assert_null(st);
    mrs_dir_reader_close(r);
    assert_int_equal(mrs_dir_reader_open(&r, k->d, &sub, NULL, NULL), MARS_OK);
    assert_int_equal(mrs_dir_reader_next(r, &got, &st, &lost, NULL), MARS_ERR_CORRUPT);
    mrs_dir_reader_close(r);
    mrs_dir_reader_close(NULL);
    mrs_buf_free(&leaf);
}

static void
slices_compare_as_bytes(void **state)
{
    const struct mrs_slice a = { (const uint8_t *)"a", 1 }, ab = { (const uint8_t *)"ab", 2 };
    const struct mrs_slice high = { (const uint8_t *)"\xff", 1 }, none = { NULL, 0 };

    (void)state;
    assert_int_equal(mrs_slice_compare(a, a), 0);
    assert_true(mrs_slice_compare(a, ab) < 0);
    assert_true(mrs_slice_compare(high, ab) > 0);
    assert_true(mrs_slice_compare(none, a) < 0);
    assert_int_equal(mrs_slice_compare(none, none), 0);
}

struct attempt {
    struct kit *k;
    struct written x;
};

static mars_status
try_read(void *user)
{
    struct attempt *a = user;
    struct mrs_dir_reader *r = NULL;
    struct mrs_domain *d = NULL;
    const struct mrs_entry *e = NULL;
    const struct mrs_entry_stat *stat;
    struct mrs_totals lost;
    mars_status st = mrs_domain_open(&d, a->k->store, a->k->keys, NULL, NULL);

    if (st == MARS_OK)
        st = listed_index_refresh(d, false, NULL, NULL, NULL);
    if (st == MARS_OK)
        st = mrs_dir_reader_open(&r, d, &a->x.sub, &a->x.stat, NULL);
    do {
        if (st == MARS_OK)
            st = mrs_dir_reader_next(r, &e, &stat, &lost, NULL);
    } while (st == MARS_OK && e != NULL);
    mrs_dir_reader_close(r);
    mrs_domain_close(d);
    return st;
}

static void
reading_without_memory_ends_as_such(void **state)
{
    struct attempt a = { .k = *state };

    write_one(a.k, 4000, &a.x);
    assert_true(kit_fail_allocations(NULL, try_read, &a, 1) > 30);
    mrs_tree_writer_free(a.x.w);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        KIT_TEST(a_seek_goes_on_with_the_first_name_that_is_not_less),
        KIT_TEST(a_seek_reads_no_leaf_that_it_passes_over),
        KIT_TEST(a_node_that_cannot_be_read_is_told_with_what_it_held_and_passed_over),
        KIT_TEST(a_root_node_that_cannot_be_read_loses_all_at_once),
        KIT_TEST(a_stat_table_that_is_damaged_or_not_wanted_costs_no_entry),
        KIT_TEST(a_node_of_another_level_than_its_reference_says_is_damage),
        KIT_TEST(the_root_of_a_file_system_has_its_name_in_a_point_only),
        cmocka_unit_test(slices_compare_as_bytes),
        KIT_TEST(reading_without_memory_ends_as_such),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
