#include "listed.h"
#include "tree_kit.h"

enum { NONE = 1 << 30 };

/* All entries of the directory, in order and as they were written. */
static void
assert_reads_back(const struct kit *k, const struct mrs_sub *sub, const struct mrs_entry_stat *stat,
                  uint64_t n)
{
    struct mrs_dir_reader *r = NULL;
    const struct mrs_entry *e;
    const struct mrs_entry_stat *st;
    struct mrs_totals lost;
    uint64_t i = 0;

    assert_int_equal(mrs_dir_reader_open(&r, k->d, sub, stat, NULL), MARS_OK);
    for (;; i++) {
        struct mrs_entry want;
        struct mrs_entry_stat want_st;
        char name[32];

        assert_int_equal(mrs_dir_reader_next(r, &e, &st, &lost, NULL), MARS_OK);
        if (e == NULL)
            break;
        tree_entry(i, name, &want, &want_st);
        assert_true(same_entry(e, &want));
        assert_non_null(st);
        assert_true(same_entry_stat(st, &want_st));
    }
    assert_int_equal(i, n);
    mrs_dir_reader_close(r);
}

static void
assert_totals(const struct mrs_sub *sub, uint64_t n)
{
    struct mrs_totals want = { n, 0, 0 };

    for (uint64_t i = 0; i < n; i++) {
        struct mrs_entry e;
        struct mrs_entry_stat st;
        char name[32];

        tree_entry(i, name, &e, &st);
        want.bytes += e.size;
        want.errors += e.flags != 0;
    }
    assert_int_equal(sub->totals.entries, want.entries);
    assert_int_equal(sub->totals.bytes, want.bytes);
    assert_int_equal(sub->totals.errors, want.errors);
}

static void
round_trip(struct kit *k, uint64_t n, uint8_t kind, uint8_t min_level)
{
    struct tree_sink sink;
    struct mrs_tree_writer *w;
    struct mrs_sub sub;
    struct mrs_entry_stat stat;

    tree_commit(k, n, NONE, &sink, &sub, &stat, &w);
    assert_int_equal(sub.kind, kind);
    assert_int_equal(stat.sub_kind, kind);
    assert_true(sub.level >= min_level);
    assert_totals(&sub, n);
    assert_reads_back(k, &sub, &stat, n);
    mrs_tree_writer_free(w);
}

static void
a_directory_of_no_entries_comes_back(void **state)
{
    round_trip(*state, 0, MRS_SUB_EMPTY, 0);
}

static void
a_directory_of_one_entry_stands_inside(void **state)
{
    round_trip(*state, 1, MRS_SUB_INLINE, 0);
}

static void
a_directory_of_a_thousand_entries_comes_back(void **state)
{
    round_trip(*state, 1000, MRS_SUB_REF, 0);
}

static void
a_directory_of_a_hundred_thousand_entries_comes_back(void **state)
{
    round_trip(*state, 100000, MRS_SUB_REF, 1);
}

static void
equal_directories_give_equal_ids_and_add_nothing(void **state)
{
    struct kit *k = *state;

    for (uint64_t n = 1; n <= 20000; n = n * 20 + 1) {
        struct tree_sink sink;
        struct mrs_tree_writer *first, *second;
        struct mrs_sub a, b;
        struct mrs_entry_stat sa, sb;

        tree_commit(k, n, NONE, &sink, &a, &sa, &first);
        tree_commit(k, n, NONE, &sink, &b, &sb, &second);
        assert_int_equal(sink.added[MRS_CLASS_DIR] + sink.added[MRS_CLASS_STAT], 0);
        assert_int_equal(a.kind, b.kind);
        assert_int_equal(a.level, b.level);
        assert_memory_equal(a.id, b.id, 32);
        assert_memory_equal(sa.sub_id, sb.sub_id, 32);
        assert_true(same_slice(a.node, b.node));
        mrs_tree_writer_free(first);
        mrs_tree_writer_free(second);
    }
}

static void
one_changed_entry_rewrites_its_leaf_and_the_path_above(void **state)
{
    struct kit *k = *state;
    struct tree_sink sink;
    struct mrs_tree_writer *first, *second;
    struct mrs_sub a, b;
    struct mrs_entry_stat sa, sb;
    size_t whole;

    tree_commit(k, 60000, NONE, &sink, &a, &sa, &first);
    whole = sink.added[MRS_CLASS_DIR];
    assert_true(whole > 20);
    tree_commit(k, 60000, 31234, &sink, &b, &sb, &second);
    assert_int_equal(sink.added[MRS_CLASS_DIR], a.level + 1U);
    assert_memory_not_equal(a.id, b.id, 32);
    /* What only recognises change did not change. */
    assert_int_equal(sink.added[MRS_CLASS_STAT], 0);
    assert_memory_equal(sa.sub_id, sb.sub_id, 32);
    mrs_tree_writer_free(first);
    mrs_tree_writer_free(second);
}

static void
one_more_entry_at_the_end_or_in_the_midst_rewrites_few_nodes(void **state)
{
    struct kit *k = *state;
    struct tree_sink sink;
    struct mrs_tree_writer *w;
    struct mrs_sub a, b;
    struct mrs_entry_stat sa, sb;

    tree_commit(k, 60000, NONE, &sink, &a, &sa, &w);
    mrs_tree_writer_free(w);
    tree_commit(k, 60001, NONE, &sink, &b, &sb, &w);
    /* Its leaf, which may end at it, and the path. */
    assert_true(sink.added[MRS_CLASS_DIR] >= 1);
    assert_true(sink.added[MRS_CLASS_DIR] <= b.level + 2U);
    assert_true(sink.added[MRS_CLASS_STAT] <= b.level + 2U);
    mrs_tree_writer_free(w);
}

static void
directories_inside_directories_count_up(void **state)
{
    struct kit *k = *state;
    struct tree_sink sink = { .k = k, .s = kit_begin(k, 1) };
    struct mrs_tree_writer *w = NULL;
    struct mrs_entry dir = { .name = { (const uint8_t *)"sub", 3 }, .type = MRS_ENTRY_DIR };
    struct mrs_entry e;
    struct mrs_entry_stat st, stat = { 0 };
    struct mrs_dir_reader *r = NULL, *inner = NULL;
    const struct mrs_entry *got;
    const struct mrs_entry_stat *got_st;
    struct mrs_totals lost;
    char name[32];

    assert_int_equal(mrs_tree_writer_new(&w, k->d, tree_put, &sink, NULL), MARS_OK);
    for (int depth = 0; depth < 10; depth++)
        assert_int_equal(mrs_tree_writer_enter(w, NULL), MARS_OK);
    for (uint64_t i = 0; i < 2000; i++) {
        tree_entry(i, name, &e, &st);
        assert_int_equal(mrs_tree_writer_add(w, &e, &st, NULL), MARS_OK);
    }
    for (int depth = 0; depth < 9; depth++) {
        assert_int_equal(mrs_tree_writer_leave(w, &dir.sub, &stat, NULL), MARS_OK);
        assert_int_equal(dir.sub.totals.entries, 2000 + depth);
        assert_int_equal(dir.sub.kind, depth == 0 ? MRS_SUB_REF : MRS_SUB_INLINE);
        assert_int_equal(mrs_tree_writer_add(w, &dir, &stat, NULL), MARS_OK);
    }
    assert_int_equal(mrs_tree_writer_leave(w, &dir.sub, &stat, NULL), MARS_OK);
    kit_commit(sink.s);
    assert_int_equal(listed_index_refresh(k->d, false, NULL, NULL, NULL), MARS_OK);
    assert_int_equal(mrs_dir_reader_open(&r, k->d, &dir.sub, &stat, NULL), MARS_OK);
    for (int depth = 0; depth < 9; depth++) {
        assert_int_equal(mrs_dir_reader_next(r, &got, &got_st, &lost, NULL), MARS_OK);
        assert_non_null(got);
        assert_non_null(got_st);
        assert_int_equal(got->type, MRS_ENTRY_DIR);
        assert_int_equal(mrs_dir_reader_open(&inner, k->d, &got->sub, got_st, NULL), MARS_OK);
        mrs_dir_reader_close(r);
        r = inner;
    }
    for (uint64_t i = 0; i < 2000; i++) {
        tree_entry(i, name, &e, &st);
        assert_int_equal(mrs_dir_reader_next(r, &got, &got_st, &lost, NULL), MARS_OK);
        assert_true(same_entry(got, &e));
        assert_true(same_entry_stat(got_st, &st));
    }
    mrs_dir_reader_close(r);
    mrs_tree_writer_free(w);
}

/* The most memory that writing a directory of n entries to nowhere holds. */
static size_t
peak_of(struct kit *k, uint64_t n)
{
    struct tree_sink sink = { .k = k };
    struct mrs_tree_writer *w = NULL;
    struct mrs_sub sub;
    struct mrs_entry_stat stat = { 0 };
    size_t before = kit_heap(), peak = 0;

    assert_int_equal(mrs_tree_writer_new(&w, k->d, tree_put, &sink, NULL), MARS_OK);
    assert_int_equal(mrs_tree_writer_enter(w, NULL), MARS_OK);
    for (uint64_t i = 0; i < n; i++) {
        struct mrs_entry e;
        struct mrs_entry_stat st;
        char name[32];
        size_t now;

        tree_entry(i, name, &e, &st);
        assert_int_equal(mrs_tree_writer_add(w, &e, &st, NULL), MARS_OK);
        now = i % 64 == 0 ? kit_heap() - before : 0;
        peak = now > peak ? now : peak;
    }
    assert_int_equal(mrs_tree_writer_leave(w, &sub, &stat, NULL), MARS_OK);
    assert_int_equal(sub.totals.entries, n);
    mrs_tree_writer_free(w);
    return peak;
}

static void
memory_does_not_grow_with_the_entries(void **state)
{
    struct kit *k = *state;
    size_t some = peak_of(k, 30000), many = peak_of(k, 300000);

    /* A leaf is 512 KiB of weight at most, about 10,000 entries of these. */
    assert_true(some < (size_t)8 << 20);
    assert_true(many < (size_t)10 << 20);
}

static void
a_writer_can_be_let_go_at_any_depth(void **state)
{
    struct kit *k = *state;
    struct tree_sink sink = { .k = k };
    struct mrs_tree_writer *w = NULL;
    struct mrs_entry e;
    struct mrs_entry_stat st;
    char name[32];

    assert_int_equal(mrs_tree_writer_new(&w, k->d, tree_put, &sink, NULL), MARS_OK);
    for (int depth = 0; depth < 3; depth++) {
        assert_int_equal(mrs_tree_writer_enter(w, NULL), MARS_OK);
        for (uint64_t i = 0; i < 3000; i++) {
            tree_entry(i, name, &e, &st);
            assert_int_equal(mrs_tree_writer_add(w, &e, &st, NULL), MARS_OK);
        }
    }
    mrs_tree_writer_free(w);
    mrs_tree_writer_free(NULL);
}

static mars_status
refuse(void *user, uint8_t cls, const void *data, size_t n, uint8_t id[32], mars_error *err)
{
    (void)user, (void)cls, (void)data, (void)n, (void)id, (void)err;
    return MARS_ERR_QUOTA;
}

static void
what_the_put_says_ends_the_writing(void **state)
{
    struct kit *k = *state;
    struct mrs_tree_writer *w = NULL;
    struct mrs_sub sub;
    struct mrs_entry_stat stat = { 0 };
    mars_status st = MARS_OK;

    assert_int_equal(mrs_tree_writer_new(&w, k->d, refuse, NULL, NULL), MARS_OK);
    assert_int_equal(mrs_tree_writer_enter(w, NULL), MARS_OK);
    for (uint64_t i = 0; st == MARS_OK && i < 100000; i++) {
        struct mrs_entry e;
        struct mrs_entry_stat est;
        char name[32];

        tree_entry(i, name, &e, &est);
        st = mrs_tree_writer_add(w, &e, &est, NULL);
    }
    assert_int_equal(st, MARS_ERR_QUOTA);
    (void)!mrs_tree_writer_leave(w, &sub, &stat, NULL);
    mrs_tree_writer_free(w);
}

static mars_status
try_tree(void *user)
{
    struct tree_sink sink = { .k = user };
    struct mrs_tree_writer *w = NULL;
    struct mrs_sub sub;
    struct mrs_entry_stat stat = { 0 };
    mars_status st = mrs_tree_writer_new(&w, sink.k->d, tree_put, &sink, NULL);

    if (st == MARS_OK)
        st = mrs_tree_writer_enter(w, NULL);
    for (uint64_t i = 0; st == MARS_OK && i < 5000; i++) {
        struct mrs_entry e;
        struct mrs_entry_stat est;
        char name[32];

        tree_entry(i, name, &e, &est);
        st = mrs_tree_writer_add(w, &e, &est, NULL);
    }
    if (st == MARS_OK)
        st = mrs_tree_writer_leave(w, &sub, &stat, NULL);
    mrs_tree_writer_free(w);
    return st;
}

static void
writing_without_memory_ends_as_such(void **state)
{
    assert_true(kit_fail_allocations(NULL, try_tree, *state, 1) > 50);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        KIT_TEST(a_directory_of_no_entries_comes_back),
        KIT_TEST(a_directory_of_one_entry_stands_inside),
        KIT_TEST(a_directory_of_a_thousand_entries_comes_back),
        KIT_TEST(a_directory_of_a_hundred_thousand_entries_comes_back),
        KIT_TEST(equal_directories_give_equal_ids_and_add_nothing),
        KIT_TEST(one_changed_entry_rewrites_its_leaf_and_the_path_above),
        KIT_TEST(one_more_entry_at_the_end_or_in_the_midst_rewrites_few_nodes),
        KIT_TEST(directories_inside_directories_count_up),
        KIT_TEST(memory_does_not_grow_with_the_entries),
        KIT_TEST(a_writer_can_be_let_go_at_any_depth),
        KIT_TEST(what_the_put_says_ends_the_writing),
        KIT_TEST(writing_without_memory_ends_as_such),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
