#include "kit.h"
#include "listed.h"

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static const uint8_t WRITER[16] = { 0x22 };

struct told {
    int n;
    mars_status st;
    char name[MRS_OBJECT_NAME_MAX];
};

static void
tell(void *user, const char *relative, const mars_error *why)
{
    struct told *t = user;

    t->n++;
    t->st = why->status;
    memcpy(t->name, relative, strlen(relative) + 1);
}

static void
a_domain_begins_with_one_record(void **state)
{
    struct kit *k = *state;
    struct mrs_ledger l = { .generation = 0 };
    uint64_t generation = 0;

    assert_int_equal(listed_ledger_read(&l, k->d, MRS_NEED_READ, NULL, NULL, NULL), MARS_OK);
    assert_int_equal(l.generation, 1);
    assert_false(l.unknown);
    assert_int_equal(listed_ledger_generation(k->d, &generation, NULL), MARS_OK);
    assert_int_equal(generation, 1);
    mrs_ledger_free_state(&l);
}

static void
the_slower_of_two_writers_is_told(void **state)
{
    struct kit *k = *state;
    struct mrs_ledger_op op = { .kind = MRS_OP_TOMBSTONE, .name = { 5 } };
    struct mrs_ledger fast = { .generation = 0 }, slow = { .generation = 0 };

    assert_int_equal(listed_ledger_read(&fast, k->d, MRS_NEED_WRITE, NULL, NULL, NULL), MARS_OK);
    assert_int_equal(listed_ledger_read(&slow, k->d, MRS_NEED_WRITE, NULL, NULL, NULL), MARS_OK);
    assert_int_equal(mrs_ledger_append(k->d, &fast, WRITER, &op, 1, NULL), MARS_OK);
    op.name[0] = 6;
    assert_int_equal(mrs_ledger_append(k->d, &slow, WRITER, &op, 1, NULL), MARS_ERR_EXISTS);
    mrs_ledger_free_state(&slow);
    memset(&slow, 0, sizeof slow);
    assert_int_equal(listed_ledger_read(&slow, k->d, MRS_NEED_WRITE, NULL, NULL, NULL), MARS_OK);
    assert_int_equal(slow.generation, 2);
    assert_true(mrs_ledger_is_tombstone(&slow, (const uint8_t[32]){ 5 }));
    assert_false(mrs_ledger_is_tombstone(&slow, op.name));
    mrs_ledger_free_state(&slow);
    mrs_ledger_free_state(&fast);
}

static void
points_are_deleted_and_come_back(void **state)
{
    struct kit *k = *state;
    struct mrs_ledger_op op = { .kind = MRS_OP_POINT_DELETED, .item = { 1 }, .session = { 2 } };
    struct mrs_ledger l = { .generation = 0 };

    for (int round = 0; round < 3; round++) {
        assert_int_equal(listed_ledger_read(&l, k->d, MRS_NEED_WRITE, NULL, NULL, NULL), MARS_OK);
        assert_int_equal(mrs_ledger_is_deleted(&l, op.item, op.session), round == 1);
        assert_int_equal(mrs_ledger_append(k->d, &l, WRITER, &op, 1, NULL), MARS_OK);
        mrs_ledger_free_state(&l);
        memset(&l, 0, sizeof l);
        op.kind = round == 0 ? MRS_OP_POINT_UNDELETED : MRS_OP_POINT_PURGED;
    }
    assert_int_equal(listed_ledger_read(&l, k->d, MRS_NEED_READ, NULL, NULL, NULL), MARS_OK);
    assert_true(mrs_ledger_is_deleted(&l, op.item, op.session));
    mrs_ledger_free_state(&l);
}

static void
ledger_name(struct kit *k, uint64_t number, char full[MRS_OBJECT_NAME_MAX])
{
    char relative[MRS_OBJECT_NAME_MAX];

    mrs_name_ledger(relative, number);
    mrs_name_in_domain(full, k->keys->domain, relative);
}

/* Reading fails without somebody to tell; with one, the record is named. */
static void
assert_named(struct kit *k, uint64_t number)
{
    struct told t = { .n = 0 };
    struct mrs_ledger l = { .generation = 0 };
    char relative[MRS_OBJECT_NAME_MAX];

    mrs_name_ledger(relative, number);
    assert_int_not_equal(listed_ledger_read(&l, k->d, MRS_NEED_WRITE, NULL, NULL, NULL), MARS_OK);
    mrs_ledger_free_state(&l);
    memset(&l, 0, sizeof l);
    assert_int_equal(listed_ledger_read(&l, k->d, MRS_NEED_READ, tell, &t, NULL), MARS_OK);
    assert_true(t.n >= 1);
    assert_string_equal(t.name, relative);
    mrs_ledger_free_state(&l);
}

static void
a_gap_in_the_row_is_damage(void **state)
{
    struct kit *k = *state;
    char name[MRS_OBJECT_NAME_MAX];

    kit_ledger(k, MRS_OP_TOMBSTONE, (const uint8_t[32]){ 1 });
    kit_ledger(k, MRS_OP_TOMBSTONE, (const uint8_t[32]){ 2 });
    ledger_name(k, 2, name);
    assert_int_equal(mrs_store_delete(k->store, name, NULL), MARS_OK);
    assert_named(k, 2);
}

static void
a_damaged_record_is_named(void **state)
{
    struct kit *k = *state;
    char name[MRS_OBJECT_NAME_MAX];

    kit_ledger(k, MRS_OP_TOMBSTONE, (const uint8_t[32]){ 1 });
    ledger_name(k, 2, name);
    kit_damage(k, name);
    mrs_cache_drop(k->cache, strstr(name, "ledger/")); /* its copy would stand in for it */
    assert_named(k, 2);
}

static void
a_record_that_does_not_follow_the_one_before_is_damage(void **state)
{
    struct kit *k = *state;
    struct mrs_ledger l = { .generation = 0 };
    struct mrs_ledger_op op = { .kind = MRS_OP_TOMBSTONE };

    assert_int_equal(listed_ledger_read(&l, k->d, MRS_NEED_WRITE, NULL, NULL, NULL), MARS_OK);
    l.last_hash[0] ^= 1;
    assert_int_equal(mrs_ledger_append(k->d, &l, WRITER, &op, 1, NULL), MARS_OK);
    mrs_ledger_free_state(&l);
    assert_named(k, 2);
}

#define WITH_KIT(test) cmocka_unit_test_setup_teardown(test, kit_make, kit_remove)

int
main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_KIT(a_domain_begins_with_one_record),
        WITH_KIT(the_slower_of_two_writers_is_told),
        WITH_KIT(points_are_deleted_and_come_back),
        WITH_KIT(a_gap_in_the_row_is_damage),
        WITH_KIT(a_damaged_record_is_named),
        WITH_KIT(a_record_that_does_not_follow_the_one_before_is_damage),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
