/* What a warm cache saves of reading a store that is far away, and what it must not hide. */
#include "listed.h"
#include "repo/points.h"
#include "tree_kit.h"

enum { ENTRIES = 20000, NONE = 1 << 30 };

/* Objects that were read from the store. */
static mars_status
count_reads(void *user, enum spy_call call, const char *name)
{
    (void)name;
    *(size_t *)user += call == SPY_READ;
    return MARS_OK;
}

struct seen {
    uint64_t generation;
    size_t points;
    size_t damaged;
};

static void
count_damage(void *user, const char *relative, const mars_error *why)
{
    (void)relative, (void)why;
    ++*(size_t *)user;
}

/* Ledger and points, by a handle that has read nothing before; how many objects that took. */
static size_t
look(struct kit *k, struct mrs_cache *cache, enum mrs_need need, struct seen *seen)
{
    const struct mrs_points_query all = { .need = need,
                                          .damage = count_damage,
                                          .user = &seen->damaged };
    struct mrs_domain *d = kit_open(k, cache);
    struct mrs_points points = { 0 };
    struct mrs_ledger ledger;
    size_t reads = 0;

    seen->damaged = 0;
    kit_spy(k, count_reads, &reads);
    assert_int_equal(listed_ledger_read(&ledger, d, need, count_damage, &seen->damaged, NULL),
                     MARS_OK);
    assert_int_equal(listed_points_read(&points, d, &ledger, &all, NULL), MARS_OK);
    kit_spy(k, NULL, NULL);
    seen->generation = ledger.generation;
    seen->points = points.list.len;
    mrs_points_free(&points);
    mrs_ledger_free_state(&ledger);
    mrs_domain_close(d);
    return reads;
}

static void
back_up(struct kit *k, uint8_t item)
{
    uint8_t id[32], text[] = "some bytes 0";

    text[11] = item;
    kit_backup(k, item, text, sizeof text, id);
}

static void
a_warm_cache_reads_no_object_that_it_has(void **state)
{
    struct kit *k = *state;
    struct seen cold, warm;

    kit_far();
    kit_tombstone(k, MRS_OP_TOMBSTONE, (const uint8_t[32]){ 1 });
    back_up(k, 1);
    back_up(k, 2);
    /* What this machine put it has, and what its sessions read. */
    assert_int_equal(look(k, k->cache, MRS_NEED_READ, &cold), 0);
    assert_int_equal(look(k, k->cache, MRS_NEED_READ, &warm), 0);
    assert_int_equal(warm.generation, 2);
    assert_int_equal(warm.points, 2);
    assert_int_equal(warm.damaged, 0);
    /* A lost cache is filled again by reading. */
    assert_int_equal(mrs_cache_clear(k->cache, NULL), MARS_OK);
    assert_int_equal(look(k, k->cache, MRS_NEED_READ, &cold), 4);
    assert_int_equal(look(k, k->cache, MRS_NEED_READ, &warm), 0);
    assert_int_equal(warm.points, 2);
}

static void
verify_reads_the_store_alone(void **state)
{
    struct kit *k = *state;
    struct seen s;

    kit_far();
    back_up(k, 1);
    (void)look(k, k->cache, MRS_NEED_READ, &s);
    assert_int_equal(look(k, k->cache, MRS_NEED_VERIFY, &s), 2);
    assert_int_equal(look(k, NULL, MRS_NEED_READ, &s), 2);
}

static void
what_the_vault_lost_is_lost_although_there_are_copies(void **state)
{
    struct kit *k = *state;
    char point[MRS_OBJECT_NAME_MAX], record[MRS_OBJECT_NAME_MAX];
    struct seen s;

    kit_far();
    kit_tombstone(k, MRS_OP_TOMBSTONE, (const uint8_t[32]){ 1 });
    kit_tombstone(k, MRS_OP_TOMBSTONE, (const uint8_t[32]){ 2 });
    back_up(k, 1);
    (void)look(k, k->cache, MRS_NEED_READ, &s);
    kit_only(k, "points/", point);
    kit_delete(k, point);
    mrs_name_ledger(record, 2);
    kit_delete(k, record);
    (void)look(k, k->cache, MRS_NEED_READ, &s);
    assert_int_equal(s.points, 0);
    assert_int_equal(s.damaged, 1);
    mrs_name_ledger(record, 3); /* the vault was put back to an older state */
    kit_delete(k, record);
    (void)look(k, k->cache, MRS_NEED_READ, &s);
    assert_int_equal(s.generation, 1);
    assert_int_equal(s.damaged, 0);
}

static void
damaged_copies_are_read_anew(void **state)
{
    struct kit *k = *state;
    char name[MRS_OBJECT_NAME_MAX];
    struct seen s;

    kit_far();
    back_up(k, 1);
    kit_only(k, "points/", name);
    /* Whole for the cache, but not what the name says: it does not open. */
    mrs_cache_drop(k->cache, name);
    assert_int_equal(mrs_cache_put(k->cache, name, "no object", 9, NULL), MARS_OK);
    assert_int_equal(look(k, k->cache, MRS_NEED_READ, &s), 1);
    assert_int_equal(s.points, 1);
    assert_int_equal(look(k, k->cache, MRS_NEED_READ, &s), 0);
    assert_int_equal(s.points, 1);
}

static void
of_a_store_that_is_near_no_copies_are_kept(void **state)
{
    struct kit *k = *state;
    struct mrs_cache_use use;
    struct seen s;

    back_up(k, 1);
    assert_int_equal(look(k, k->cache, MRS_NEED_READ, &s), 2);
    assert_int_equal(look(k, k->cache, MRS_NEED_READ, &s), 1); /* the ledger's record */
    assert_int_equal(s.points, 1);
    assert_null(mrs_domain_copies(k->d));
    assert_int_equal(mrs_cache_count(k->cache, &use, NULL), MARS_OK);
    assert_int_equal(use.trees, 0);
    kit_far();
    assert_ptr_equal(mrs_domain_copies(k->d), k->cache);
}

/* Go through all entries, as comparing with a point does; how many reads of the store that took. */
static size_t
walk(struct kit *k, const struct mrs_sub *sub, const struct mrs_entry_stat *stat, size_t want)
{
    struct mrs_domain *d = kit_open(k, k->cache);
    struct mrs_dir_reader *r = NULL;
    const struct mrs_entry *e;
    const struct mrs_entry_stat *st;
    struct mrs_totals lost;
    size_t reads = 0, n = 0, with_stat = 0;

    assert_int_equal(listed_index_refresh(d, false, NULL, NULL, NULL), MARS_OK);
    kit_spy(k, count_reads, &reads);
    assert_int_equal(mrs_dir_reader_open(&r, d, sub, stat, NULL), MARS_OK);
    while (mrs_dir_reader_next(r, &e, &st, &lost, NULL) == MARS_OK && e != NULL) {
        n++;
        with_stat += st != NULL;
    }
    kit_spy(k, NULL, NULL);
    mrs_dir_reader_close(r);
    mrs_domain_close(d);
    assert_int_equal(n, want);
    assert_int_equal(with_stat, want);
    return reads;
}

static void
the_trees_of_the_point_before_are_there(void **state)
{
    struct kit *k = *state;
    struct tree_sink sink;
    struct mrs_sub sub;
    struct mrs_entry_stat stat;
    struct mrs_tree_writer *w = NULL;

    kit_far();
    tree_commit(k, ENTRIES, NONE, &sink, &sub, &stat, &w);
    assert_int_equal(walk(k, &sub, &stat, ENTRIES), 0);
    assert_int_equal(mrs_cache_clear(k->cache, NULL), MARS_OK);
    assert_true(walk(k, &sub, &stat, ENTRIES) > 4);
    assert_int_equal(walk(k, &sub, &stat, ENTRIES), 0);
    /* Where the index does not have them, the copies do not count. */
    kit_clean(k, "index/");
    kit_reopen(k);
    assert_int_equal(listed_index_refresh(k->d, false, NULL, NULL, NULL), MARS_OK);
    assert_int_equal(mrs_chunk_get(k->d, sub.id, MRS_CLASS_DIR, &(struct mrs_buf)MRS_BUF_INIT(100),
                                   NULL),
                     MARS_ERR_CORRUPT);
    mrs_tree_writer_free(w);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        KIT_TEST(a_warm_cache_reads_no_object_that_it_has),
        KIT_TEST(verify_reads_the_store_alone),
        KIT_TEST(what_the_vault_lost_is_lost_although_there_are_copies),
        KIT_TEST(damaged_copies_are_read_anew),
        KIT_TEST(of_a_store_that_is_near_no_copies_are_kept),
        KIT_TEST(the_trees_of_the_point_before_are_there),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
