#include "kit.h"

#include <string.h>

#include "listed.h"
#include "platform/thread.h"

static const uint8_t WRITER[16] = { 7 };

static mars_status
read_all(const struct kit *k, struct mrs_ledger *l, mars_error *err)
{
    return listed_ledger_read(l, k->d, MRS_NEED_READ, NULL, NULL, err);
}

static void
the_first_record_is_generation_one(void **state)
{
    struct kit *k = *state;
    struct mrs_ledger l = { 0 };
    struct mrs_buf record = MRS_BUF_INIT(1 << 20);
    char relative[MRS_OBJECT_NAME_MAX];
    uint8_t digest[32];
    uint64_t generation = 0;

    assert_int_equal(listed_ledger_generation(k->d, &generation, NULL), MARS_OK);
    assert_int_equal(generation, 1);
    assert_int_equal(read_all(k, &l, NULL), MARS_OK);
    assert_int_equal(l.generation, 1);
    assert_false(l.unknown);
    mrs_name_ledger(relative, 1);
    kit_get(k, relative, &record);
    assert_int_equal(mrs_sha256_once(record.data, record.len, digest, NULL), MARS_OK);
    assert_memory_equal(l.last_hash, digest, 32);
    mrs_ledger_free_state(&l);
    mrs_buf_free(&record);
}

static void
the_last_word_on_a_pack_counts(void **state)
{
    static const uint32_t kinds[] = { MRS_OP_TOMBSTONE, MRS_OP_TAKEN_BACK, MRS_OP_TOMBSTONE,
                                      MRS_OP_TAKEN_BACK, MRS_OP_PACK_GOES };
    static const uint8_t pack[32] = { 1 }, other[32] = { 2 };
    struct kit *k = *state;

    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++) {
        struct mrs_ledger l = { 0 };

        kit_tombstone(k, kinds[i], pack);
        assert_int_equal(read_all(k, &l, NULL), MARS_OK);
        assert_int_equal(l.generation, i + 2);
        assert_int_equal(mrs_ledger_is_tombstone(&l, pack), kinds[i] != MRS_OP_TAKEN_BACK);
        assert_false(mrs_ledger_is_tombstone(&l, other));
        mrs_ledger_free_state(&l);
    }
}

static void
the_last_word_on_a_point_counts(void **state)
{
    static const uint32_t kinds[] = { MRS_OP_POINT_DELETED, MRS_OP_POINT_UNDELETED,
                                      MRS_OP_POINT_PINNED,  MRS_OP_POINT_DELETED,
                                      MRS_OP_POINT_PURGED };
    static const bool deleted[] = { true, false, false, true, true };
    struct kit *k = *state;

    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++) {
        struct mrs_ledger_op op = { .kind = kinds[i], .item = { 1 }, .session = { 2 } };
        struct mrs_ledger l = { 0 };

        kit_ledger(k, &op);
        assert_int_equal(read_all(k, &l, NULL), MARS_OK);
        assert_int_equal(mrs_ledger_is_deleted(&l, op.item, op.session), deleted[i]);
        assert_false(mrs_ledger_is_deleted(&l, op.session, op.item));
        mrs_ledger_free_state(&l);
    }
}

static void
the_slower_of_two_appends_finds_the_number_taken(void **state)
{
    struct kit *k = *state;
    struct mrs_ledger seen = { 0 }, l = { 0 };
    struct mrs_ledger_op first = { .kind = MRS_OP_TOMBSTONE, .name = { 1 } };
    struct mrs_ledger_op second = { .kind = MRS_OP_TOMBSTONE, .name = { 2 } };

    assert_int_equal(read_all(k, &seen, NULL), MARS_OK);
    assert_int_equal(mrs_ledger_append(k->d, &seen, WRITER, &first, 1, NULL), MARS_OK);
    assert_int_equal(mrs_ledger_append(k->d, &seen, WRITER, &second, 1, NULL), MARS_ERR_EXISTS);
    assert_int_equal(read_all(k, &l, NULL), MARS_OK);
    assert_int_equal(l.generation, 2);
    assert_true(mrs_ledger_is_tombstone(&l, first.name));
    assert_false(mrs_ledger_is_tombstone(&l, second.name));
    mrs_ledger_free_state(&l);
    mrs_ledger_free_state(&seen);
}

enum { RACERS = 4, ROUNDS = 20 };

struct racer {
    const struct kit *k;
    uint8_t number;
    mars_status st;
};

/* Append ROUNDS records, starting over whenever another was faster. */
static void
race(void *user)
{
    struct racer *r = user;

    for (uint8_t done = 0; done < ROUNDS && r->st == MARS_OK;) {
        struct mrs_ledger_op op = { .kind = MRS_OP_TOMBSTONE, .name = { r->number, done } };
        struct mrs_ledger l = { 0 };

        r->st = read_all(r->k, &l, NULL);
        if (r->st == MARS_OK)
            r->st = mrs_ledger_append(r->k->d, &l, WRITER, &op, 1, NULL);
        if (r->st == MARS_OK)
            done++;
        else if (r->st == MARS_ERR_EXISTS)
            r->st = MARS_OK;
        mrs_ledger_free_state(&l);
    }
}

static void
appends_that_race_lose_no_record(void **state)
{
    struct kit *k = *state;
    struct racer racers[RACERS];
    struct mrs_thread *threads[RACERS];
    struct mrs_ledger l = { 0 };

    for (uint8_t i = 0; i < RACERS; i++) {
        racers[i] = (struct racer){ k, i, MARS_OK };
        assert_int_equal(mrs_thread_start(&threads[i], race, &racers[i], NULL), MARS_OK);
    }
    for (size_t i = 0; i < RACERS; i++) {
        mrs_thread_join(threads[i]);
        assert_int_equal(racers[i].st, MARS_OK);
    }
    assert_int_equal(read_all(k, &l, NULL), MARS_OK);
    assert_int_equal(l.generation, 1 + RACERS * ROUNDS);
    for (uint8_t i = 0; i < RACERS; i++)
        for (uint8_t j = 0; j < ROUNDS; j++)
            assert_true(mrs_ledger_is_tombstone(&l, (uint8_t[32]){ i, j }));
    mrs_ledger_free_state(&l);
}

static void
three_tombstones(struct kit *k)
{
    for (uint8_t i = 1; i <= 3; i++)
        kit_tombstone(k, MRS_OP_TOMBSTONE, (uint8_t[32]){ i });
}

static void
a_gap_is_named(void **state)
{
    struct kit *k = *state;
    struct kit_damages damages = { 0 };
    struct mrs_ledger l = { 0 };
    char relative[MRS_OBJECT_NAME_MAX];
    mars_error err;

    three_tombstones(k);
    mrs_name_ledger(relative, 3);
    kit_delete(k, relative);
    assert_int_not_equal(read_all(k, &l, &err), MARS_OK);
    assert_non_null(strstr(err.message, relative));
    mrs_ledger_free_state(&l);
    /* A reader that is told goes on behind it. */
    assert_int_equal(listed_ledger_read(&l, k->d, MRS_NEED_READ, kit_note_damage, &damages, &err),
                     MARS_OK);
    assert_int_equal(damages.n, 1);
    assert_string_equal(damages.last, relative);
    assert_int_equal(l.generation, 4);
    assert_true(mrs_ledger_is_tombstone(&l, (uint8_t[32]){ 1 }));
    assert_false(mrs_ledger_is_tombstone(&l, (uint8_t[32]){ 2 }));
    assert_true(mrs_ledger_is_tombstone(&l, (uint8_t[32]){ 3 }));
    mrs_ledger_free_state(&l);
}

static void
a_first_record_that_is_missing_is_a_gap(void **state)
{
    struct kit *k = *state;
    struct mrs_ledger l = { 0 };
    char relative[MRS_OBJECT_NAME_MAX];
    mars_error err;

    three_tombstones(k);
    mrs_name_ledger(relative, 1);
    kit_delete(k, relative);
    assert_int_not_equal(read_all(k, &l, &err), MARS_OK);
    assert_non_null(strstr(err.message, relative));
    mrs_ledger_free_state(&l);
}

/* Put a record as it should not be. */
static void
forge(const struct kit *k, uint64_t number, uint64_t says, const uint8_t previous[32])
{
    struct mrs_ledger_op op = { .kind = MRS_OP_TOMBSTONE, .name = { 9 } };
    struct mrs_ledger_record r = { .number = says, .time = { 5, 0 }, .ops = &op, .n_ops = 1 };
    struct mrs_buf payload = MRS_BUF_INIT(4096);
    char relative[MRS_OBJECT_NAME_MAX];

    memcpy(r.previous, previous, 32);
    mrs_name_ledger(relative, number);
    assert_int_equal(mrs_ledger_encode(&r, &payload, NULL), MARS_OK);
    assert_int_equal(mrs_domain_put(k->d, MRS_KIND_LEDGER, WRITER, relative, &payload, NULL, NULL),
                     MARS_OK);
    mrs_buf_free(&payload);
}

static void
assert_not_chained(struct kit *k, uint64_t number)
{
    struct kit_damages damages = { 0 };
    struct mrs_ledger l = { 0 };
    char relative[MRS_OBJECT_NAME_MAX];
    mars_error err;

    mrs_name_ledger(relative, number);
    assert_int_equal(read_all(k, &l, &err), MARS_ERR_CORRUPT);
    assert_non_null(strstr(err.message, relative));
    assert_false(mrs_ledger_is_tombstone(&l, (uint8_t[32]){ 9 }));
    mrs_ledger_free_state(&l);
    assert_int_equal(listed_ledger_read(&l, k->d, MRS_NEED_READ, kit_note_damage, &damages, &err),
                     MARS_OK);
    assert_int_equal(damages.n, 1);
    assert_string_equal(damages.last, relative);
    mrs_ledger_free_state(&l);
}

static void
a_record_with_the_hash_of_another_is_named(void **state)
{
    static const uint8_t wrong[32] = { 0xee };
    struct kit *k = *state;

    three_tombstones(k);
    forge(k, 5, 5, wrong);
    assert_not_chained(k, 5);
}

static void
a_record_that_says_another_number_is_named(void **state)
{
    struct kit *k = *state;
    struct mrs_ledger l = { 0 };
    uint8_t previous[32];

    assert_int_equal(read_all(k, &l, NULL), MARS_OK);
    memcpy(previous, l.last_hash, 32);
    mrs_ledger_free_state(&l);
    forge(k, 2, 3, previous);
    assert_not_chained(k, 2);
}

static void
a_record_that_was_exchanged_breaks_the_chain_behind_it(void **state)
{
    struct kit *k = *state;
    struct mrs_ledger l = { 0 };
    char relative[MRS_OBJECT_NAME_MAX];
    uint8_t previous[32];

    assert_int_equal(read_all(k, &l, NULL), MARS_OK);
    memcpy(previous, l.last_hash, 32);
    mrs_ledger_free_state(&l);
    three_tombstones(k);
    mrs_name_ledger(relative, 2);
    kit_delete(k, relative);
    forge(k, 2, 2, previous);
    {
        mars_error err;

        mrs_name_ledger(relative, 3);
        assert_int_equal(read_all(k, &l, &err), MARS_ERR_CORRUPT);
        assert_non_null(strstr(err.message, relative));
        mrs_ledger_free_state(&l);
    }
}

static void
a_flipped_bit_anywhere_in_a_record_is_found(void **state)
{
    struct kit *k = *state;
    struct mrs_buf record = MRS_BUF_INIT(1 << 20);
    char relative[MRS_OBJECT_NAME_MAX];

    mrs_name_ledger(relative, 1);
    kit_get(k, relative, &record);
    for (long at = 0; at < (long)record.len; at++) {
        struct mrs_ledger l = { 0 };

        kit_damage(k, relative, at);
        assert_int_not_equal(read_all(k, &l, NULL), MARS_OK);
        mrs_ledger_free_state(&l);
        kit_damage(k, relative, at);
    }
    mrs_buf_free(&record);
}

static void
a_record_under_another_number_does_not_open(void **state)
{
    struct kit *k = *state;
    struct mrs_buf record = MRS_BUF_INIT(1 << 20);
    struct mrs_ledger l = { 0 };
    char relative[MRS_OBJECT_NAME_MAX];

    mrs_name_ledger(relative, 1);
    kit_get(k, relative, &record);
    mrs_name_ledger(relative, 2);
    kit_put(k, relative, record.data, record.len);
    assert_int_equal(read_all(k, &l, NULL), MARS_ERR_CORRUPT);
    mrs_ledger_free_state(&l);
    mrs_buf_free(&record);
}

/* Record 1 is put before the domain can be used: that there is none at all is damage. */
static void
a_ledger_without_any_record_is_damage(void **state)
{
    struct kit *k = *state;
    struct mrs_ledger l = { 0 };
    mars_status st;

    kit_clean(k, "ledger/");
    st = read_all(k, &l, NULL);
    mrs_ledger_free_state(&l);
    assert_int_equal(st, MARS_ERR_CORRUPT);
}

static mars_status
try_read(void *user)
{
    struct mrs_ledger l = { 0 };
    mars_status st = read_all(user, &l, NULL);

    mrs_ledger_free_state(&l);
    return st;
}

static void
reading_without_memory_ends_as_such(void **state)
{
    struct kit *k = *state;

    three_tombstones(k);
    assert_true(kit_fail_allocations(k, try_read, k, 1) > 10);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        KIT_TEST(the_first_record_is_generation_one),
        KIT_TEST(the_last_word_on_a_pack_counts),
        KIT_TEST(the_last_word_on_a_point_counts),
        KIT_TEST(the_slower_of_two_appends_finds_the_number_taken),
        KIT_TEST(appends_that_race_lose_no_record),
        KIT_TEST(a_gap_is_named),
        KIT_TEST(a_first_record_that_is_missing_is_a_gap),
        KIT_TEST(a_record_with_the_hash_of_another_is_named),
        KIT_TEST(a_record_that_says_another_number_is_named),
        KIT_TEST(a_record_that_was_exchanged_breaks_the_chain_behind_it),
        KIT_TEST(a_flipped_bit_anywhere_in_a_record_is_found),
        KIT_TEST(a_record_under_another_number_does_not_open),
        KIT_TEST(a_ledger_without_any_record_is_damage),
        KIT_TEST(reading_without_memory_ends_as_such),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
