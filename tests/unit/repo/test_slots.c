/* Two slots are made once for all tests. */
#include "kit.h"

#include <string.h>

#include "repo/slots.h"

#define FIRST "correct horse battery"
#define SECOND "staple of another kind"
static const uint8_t DOMAIN[16] = { 0xd0 }, WRITER[16] = { 7 };
enum { LEN = sizeof FIRST - 1, LEN2 = sizeof SECOND - 1 };

static uint8_t root[MRS_ROOT_SIZE];
static struct mrs_slot slots[2];

static int
make_slots(void **state)
{
    (void)state;
    kit_noise(root, sizeof root, 42);
    assert_int_equal(mrs_slot_make(&slots[0], DOMAIN, root, "first", FIRST, LEN, NULL), MARS_OK);
    assert_int_equal(mrs_slot_make(&slots[1], DOMAIN, root, NULL, SECOND, LEN2, NULL), MARS_OK);
    return 0;
}

/* Put a set of `n` slots from number `from` on. */
static mars_status
put_set(struct mrs_store *store, const uint8_t domain[16], size_t from, size_t n, uint64_t number)
{
    struct mrs_slot_set set = { .root_number = 1, .slots = slots + from, .n = n };

    assert_int_equal(mrs_root_derive(root, MRS_INFO_ROOT_ID, set.root_id, 16, NULL), MARS_OK);
    return mrs_slots_put(store, domain, WRITER, root, &set, number, NULL);
}

static int
open_store(void **state)
{
    struct mrs_store *store = NULL;

    assert_int_equal(mrs_store_open(&store, "memory:", 1, NULL, NULL), MARS_OK);
    *state = store;
    return 0;
}

static int
close_store(void **state)
{
    mrs_store_close(*state);
    failing_alloc_arm(SIZE_MAX);
    assert_int_equal(failing_alloc_live(), 0);
    return 0;
}

static void
set_name(char name[MRS_OBJECT_NAME_MAX], const uint8_t domain[16], uint64_t number)
{
    char relative[MRS_OBJECT_NAME_MAX];

    mrs_name_slots(relative, number);
    mrs_name_in_domain(name, domain, relative);
}

static void
damage_set(struct mrs_store *store, uint64_t number, size_t at)
{
    struct mrs_buf bytes = MRS_BUF_INIT(MRS_RECORD_MAX);
    char name[MRS_OBJECT_NAME_MAX];

    set_name(name, DOMAIN, number);
    assert_int_equal(mrs_store_get(store, name, &bytes, NULL), MARS_OK);
    assert_true(at < bytes.len);
    bytes.data[at] ^= 1;
    assert_int_equal(mrs_store_delete(store, name, NULL), MARS_OK);
    assert_int_equal(mrs_store_put(store, WRITER, name, bytes.data, bytes.len, NULL), MARS_OK);
    mrs_buf_free(&bytes);
}

/* What opening gives: the status, and then number, last and which. */
static mars_status
try_open(struct mrs_store *store, const char *passphrase, uint64_t number, uint64_t last,
         size_t slot)
{
    struct mrs_slots s;
    uint8_t got[MRS_ROOT_SIZE] = { 1 };
    size_t which = 99;
    mars_status st = mrs_slots_open(&s, store, DOMAIN, passphrase, strlen(passphrase), got, &which,
                                    NULL);

    if (st == MARS_OK) {
        assert_memory_equal(got, root, sizeof root);
        assert_int_equal(s.number, number);
        assert_int_equal(s.last, last);
        assert_int_equal(which, slot);
    } else {
        assert_memory_not_equal(got, root, sizeof root);
    }
    mrs_slots_free(&s);
    return st;
}

static void
each_passphrase_opens_its_slot_and_no_other_does(void **state)
{
    struct mrs_store *store = *state;

    assert_int_equal(put_set(store, DOMAIN, 0, 2, 1), MARS_OK);
    assert_int_equal(try_open(store, FIRST, 1, 1, 0), MARS_OK);
    assert_int_equal(try_open(store, SECOND, 1, 1, 1), MARS_OK);
    assert_int_equal(try_open(store, "something else", 0, 0, 0), MARS_ERR_KEY);
}

static void
a_slot_says_what_it_costs(void **state)
{
    struct mrs_slot s;
    char label[MRS_SLOT_LABEL_MAX + 2];

    (void)state;
    assert_string_equal(slots[0].label, "first");
    assert_string_equal(slots[1].label, "");
    assert_int_equal(slots[0].kind, MRS_SLOT_PASSPHRASE);
    assert_int_equal(slots[0].passes, 3);
    assert_int_equal(slots[0].memory_kib, 65536);
    assert_int_equal(slots[0].lanes, 4);
    assert_memory_not_equal(slots[0].id, slots[1].id, sizeof slots[0].id);
    assert_memory_not_equal(slots[0].salt, slots[1].salt, sizeof slots[0].salt);
    memset(label, 'x', sizeof label);
    label[sizeof label - 1] = '\0';
    assert_int_equal(mrs_slot_make(&s, DOMAIN, root, label, FIRST, LEN, NULL),
                     MARS_ERR_INVALID_ARG);
}

static void
a_passphrase_that_was_taken_out_opens_no_more_although_an_older_set_has_it(void **state)
{
    struct mrs_store *store = *state;

    assert_int_equal(put_set(store, DOMAIN, 0, 2, 1), MARS_OK);
    assert_int_equal(put_set(store, DOMAIN, 1, 1, 2), MARS_OK);
    assert_int_equal(try_open(store, FIRST, 0, 0, 0), MARS_ERR_KEY);
    assert_int_equal(try_open(store, SECOND, 2, 2, 0), MARS_OK);
    /* Nor when a damaged set stands above. */
    assert_int_equal(put_set(store, DOMAIN, 1, 1, 3), MARS_OK);
    damage_set(store, 3, 160);
    assert_int_equal(try_open(store, FIRST, 0, 0, 0), MARS_ERR_KEY);
    assert_int_equal(try_open(store, SECOND, 2, 3, 0), MARS_OK);
}

static struct mrs_keyring *
root_keyring(void)
{
    struct mrs_keyring *k = kit_keyring();

    assert_int_equal(mrs_root_derive(root, MRS_INFO_ROOT_ID, k->root_id, 16, NULL), MARS_OK);
    assert_int_equal(mrs_root_derive(root, MRS_INFO_SLOT_MAC, k->slot_mac, 32, NULL), MARS_OK);
    return k;
}

static void
a_damaged_highest_set_falls_back_to_the_one_before(void **state)
{
    /* In the header, in the first slot, in the check at the end. */
    static const size_t where[] = { 20, 170, 0 };
    struct mrs_store *store = *state;
    struct mrs_keyring *keys = root_keyring();

    assert_int_equal(put_set(store, DOMAIN, 0, 1, 1), MARS_OK);
    assert_int_equal(put_set(store, DOMAIN, 0, 2, 2), MARS_OK);
    for (size_t i = 0; i < 3; i++) {
        struct mrs_slots s;

        damage_set(store, 2, where[i]);
        assert_int_equal(try_open(store, FIRST, 1, 2, 0), MARS_OK);
        assert_int_equal(mrs_slots_read(&s, store, DOMAIN, keys, NULL), MARS_OK);
        assert_int_equal(s.number, 1);
        assert_int_equal(s.last, 2);
        assert_int_equal(s.set.n, 1);
        mrs_slots_free(&s);
        damage_set(store, 2, where[i]);
    }
    mrs_keyring_free(keys);
}

static void
the_highest_set_is_read_under_the_keyring(void **state)
{
    struct mrs_store *store = *state;
    struct mrs_keyring *keys = root_keyring();
    struct mrs_slots s;

    assert_int_equal(mrs_slots_read(&s, store, DOMAIN, keys, NULL), MARS_ERR_NOT_FOUND);
    mrs_slots_free(&s);
    assert_int_equal(put_set(store, DOMAIN, 0, 1, 1), MARS_OK);
    assert_int_equal(put_set(store, DOMAIN, 0, 2, 2), MARS_OK);
    assert_int_equal(mrs_slots_read(&s, store, DOMAIN, keys, NULL), MARS_OK);
    assert_int_equal(s.number, 2);
    assert_int_equal(s.set.n, 2);
    assert_memory_equal(s.set.slots[0].wrapped, slots[0].wrapped, MRS_WRAPPED_SIZE);
    mrs_slots_free(&s);
    keys->slot_mac[0] ^= 1;
    assert_int_equal(mrs_slots_read(&s, store, DOMAIN, keys, NULL), MARS_ERR_CORRUPT);
    mrs_slots_free(&s);
    mrs_keyring_free(keys);
}

static void
a_flipped_bit_anywhere_in_a_set_that_nobody_opens_is_found(void **state)
{
    struct mrs_store *store = *state;
    struct mrs_keyring *keys = root_keyring();
    struct mrs_object_info info;
    char name[MRS_OBJECT_NAME_MAX];

    assert_int_equal(put_set(store, DOMAIN, 0, 2, 1), MARS_OK);
    set_name(name, DOMAIN, 1);
    assert_int_equal(mrs_store_stat(store, name, &info, NULL), MARS_OK);
    for (size_t at = 0; at < info.size; at++) {
        struct mrs_slots s;

        damage_set(store, 1, at);
        assert_int_not_equal(mrs_slots_read(&s, store, DOMAIN, keys, NULL), MARS_OK);
        mrs_slots_free(&s);
        damage_set(store, 1, at);
    }
    mrs_keyring_free(keys);
}

static void
the_slower_of_two_finds_the_number_taken(void **state)
{
    struct mrs_store *store = *state;

    assert_int_equal(put_set(store, DOMAIN, 0, 1, 1), MARS_OK);
    assert_int_equal(put_set(store, DOMAIN, 1, 1, 1), MARS_ERR_EXISTS);
    assert_int_equal(try_open(store, FIRST, 1, 1, 0), MARS_OK);
}

static void
a_domain_without_slots_says_so(void **state)
{
    assert_int_equal(try_open(*state, FIRST, 0, 0, 0), MARS_ERR_NOT_FOUND);
}

static void
a_slot_of_another_domain_does_not_open(void **state)
{
    static const uint8_t other[16] = { 0xd1 };
    struct mrs_store *store = *state;
    struct mrs_slots s;
    uint8_t got[MRS_ROOT_SIZE];

    assert_int_equal(put_set(store, other, 0, 1, 1), MARS_OK);
    assert_int_equal(mrs_slots_open(&s, store, other, FIRST, LEN, got, NULL, NULL), MARS_ERR_KEY);
    mrs_slots_free(&s);
}

static mars_status
open_once(void *user)
{
    struct mrs_slots s;
    uint8_t got[MRS_ROOT_SIZE];
    mars_status st = mrs_slots_open(&s, user, DOMAIN, FIRST, LEN, got, NULL, NULL);

    mrs_slots_free(&s);
    return st;
}

static void
opening_without_memory_ends_as_such(void **state)
{
    assert_int_equal(put_set(*state, DOMAIN, 0, 1, 1), MARS_OK);
    assert_true(kit_fail_allocations(NULL, open_once, *state, 1) > 6);
}

#define SLOT_TEST(fn) cmocka_unit_test_setup_teardown(fn, open_store, close_store)

int
main(void)
{
    const struct CMUnitTest tests[] = {
        SLOT_TEST(each_passphrase_opens_its_slot_and_no_other_does),
        SLOT_TEST(a_slot_says_what_it_costs),
        SLOT_TEST(a_passphrase_that_was_taken_out_opens_no_more_although_an_older_set_has_it),
        SLOT_TEST(a_damaged_highest_set_falls_back_to_the_one_before),
        SLOT_TEST(the_highest_set_is_read_under_the_keyring),
        SLOT_TEST(a_flipped_bit_anywhere_in_a_set_that_nobody_opens_is_found),
        SLOT_TEST(the_slower_of_two_finds_the_number_taken),
        SLOT_TEST(a_domain_without_slots_says_so),
        SLOT_TEST(a_slot_of_another_domain_does_not_open),
        SLOT_TEST(opening_without_memory_ends_as_such),
    };

    return cmocka_run_group_tests(tests, make_slots, NULL);
}
