/* Two slots are made once for all tests. */
#include "kit.h"

#include <string.h>

#include "repo/slots.h"

#define FIRST "correct horse battery"
#define SECOND "staple of another kind"
#define BY(p) (&(struct mrs_opener){ .passphrase = (p), .len = strlen(p) })
static const uint8_t DOMAIN[16] = { 0xd0 }, WRITER[16] = { 7 };

static uint8_t root[MRS_ROOT_SIZE];
static struct mrs_slot slots[2];

static int
make_slots(void **state)
{
    (void)state;
    kit_noise(root, sizeof root, 42);
    assert_int_equal(mrs_slot_make(&slots[0], DOMAIN, root, "first", BY(FIRST), NULL), MARS_OK);
    assert_int_equal(mrs_slot_make(&slots[1], DOMAIN, root, NULL, BY(SECOND), NULL), MARS_OK);
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
    mars_status st = mrs_slots_open(&s, store, DOMAIN, BY(passphrase), got, &which, NULL);

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

/* A key service that knows one key, and what it was asked. */
struct service {
    uint8_t key;       /* what it wraps with, by an exclusive or */
    mars_status wraps;
    mars_status unwraps;
    uint64_t blob_len; /* to claim; 0: the true one */
    size_t calls;
    bool forgets;      /* it unwraps something else */
};

static int32_t
service_wrap(void *user, const uint8_t *secret, uint8_t *blob, uint64_t *blob_len,
             mars_error *err)
{
    struct service *s = user;

    (void)err;
    s->calls++;
    blob[0] = s->key;
    for (size_t i = 0; i < 32; i++)
        blob[i + 1] = secret[i] ^ s->key;
    *blob_len = s->blob_len != 0 ? s->blob_len : 33;
    return s->wraps;
}

static int32_t
service_unwrap(void *user, const uint8_t *blob, uint64_t blob_len, uint8_t *secret,
               mars_error *err)
{
    struct service *s = user;

    s->calls++;
    if (s->unwraps != MARS_OK) {
        memset(err->message, 'x', sizeof err->message); /* and no end */
        memcpy(err->message, "the service is away", 20);
        return s->unwraps;
    }
    if (blob_len < 33 || blob[0] != s->key)
        return MARS_ERR_KEY;
    for (size_t i = 0; i < 32; i++)
        secret[i] = blob[i + 1] ^ s->key ^ s->forgets;
    return MARS_OK;
}

static mars_key_wrapper
wrapper_of(struct service *s)
{
    return (mars_key_wrapper){ .struct_size = sizeof(mars_key_wrapper), .user = s,
                               .wrap = service_wrap, .unwrap = service_unwrap };
}

/* Put a passphrase's slot, and one of each service. */
static void
put_services(struct mrs_store *store, struct service *a, struct service *b)
{
    mars_key_wrapper wa = wrapper_of(a), wb = wrapper_of(b);
    struct mrs_slot all[3] = { slots[0] };
    struct mrs_slot_set set = { .root_number = 1, .slots = all, .n = 3 };

    assert_int_equal(mrs_slot_make(&all[1], DOMAIN, root, "a",
                                   &(struct mrs_opener){ .wrapper = &wa }, NULL), MARS_OK);
    assert_int_equal(mrs_slot_make(&all[2], DOMAIN, root, "b",
                                   &(struct mrs_opener){ .wrapper = &wb }, NULL), MARS_OK);
    assert_int_equal(all[1].kind, MRS_SLOT_CALLER);
    assert_int_equal(all[1].blob.len, 33);
    assert_int_equal(all[1].passes | all[1].memory_kib | all[1].lanes, 0);
    assert_int_equal(mrs_root_derive(root, MRS_INFO_ROOT_ID, set.root_id, 16, NULL), MARS_OK);
    assert_int_equal(mrs_slots_put(store, DOMAIN, WRITER, root, &set, 1, NULL), MARS_OK);
}

static mars_status
open_by(struct mrs_store *store, const char *passphrase, struct service *s, size_t slot,
        mars_error *err)
{
    mars_key_wrapper w = wrapper_of(s);
    struct mrs_opener by = { .passphrase = passphrase,
                             .len = passphrase != NULL ? strlen(passphrase) : 0,
                             .wrapper = &w };
    uint8_t got[MRS_ROOT_SIZE] = { 1 };
    struct mrs_slots set;
    size_t which = 99;
    mars_status st = mrs_slots_open(&set, store, DOMAIN, &by, got, &which, err);

    if (st == MARS_OK) {
        assert_memory_equal(got, root, sizeof root);
        assert_int_equal(which, slot);
    }
    mrs_slots_free(&set);
    return st;
}

static void
each_wrapper_opens_its_slot_and_no_other_does(void **state)
{
    struct service a = { .key = 1 }, b = { .key = 2 }, c = { .key = 3 };
    struct mrs_store *store = *state;
    mars_error err;

    put_services(store, &a, &b);
    assert_int_equal(open_by(store, NULL, &a, 1, NULL), MARS_OK);
    assert_int_equal(open_by(store, NULL, &b, 2, NULL), MARS_OK);
    assert_int_equal(open_by(store, NULL, &c, 0, &err), MARS_ERR_KEY);
    assert_int_equal(try_open(store, FIRST, 1, 1, 0), MARS_OK);
    /* With both, either does. */
    assert_int_equal(open_by(store, FIRST, &c, 0, NULL), MARS_OK);
    assert_int_equal(open_by(store, "something else", &b, 2, NULL), MARS_OK);
    assert_int_equal(open_by(store, "something else", &c, 0, NULL), MARS_ERR_KEY);
}

static void
a_wrapper_opens_no_passphrases_slot(void **state)
{
    struct service a = { .key = 1 };
    mars_error err;

    assert_int_equal(put_set(*state, DOMAIN, 0, 2, 1), MARS_OK);
    assert_int_equal(open_by(*state, NULL, &a, 0, &err), MARS_ERR_KEY);
    assert_string_equal(err.message, "no slot takes the caller's key");
    assert_int_equal(a.calls, 0);
}

static void
a_wrong_secret_opens_nothing(void **state)
{
    struct service a = { .key = 1 }, b = { .key = 2 };

    put_services(*state, &a, &b);
    a.forgets = true;
    assert_int_equal(open_by(*state, NULL, &a, 0, NULL), MARS_ERR_KEY);
}

static void
a_wrapper_that_fails_ends_the_search_with_its_status_and_message(void **state)
{
    /* Of these the others would lead to the set before. */
    static const mars_status states[] = { MARS_ERR_NETWORK, MARS_ERR_NOT_FOUND, MARS_ERR_CORRUPT,
                                          MARS_ERR_CANCELLED };
    struct service a = { .key = 1 }, b = { .key = 2 };
    struct mrs_store *store = *state;
    mars_error err;

    put_services(store, &a, &b);
    assert_int_equal(put_set(store, DOMAIN, 0, 1, 2), MARS_OK);
    assert_int_equal(put_set(store, DOMAIN, 0, 1, 3), MARS_OK);
    for (size_t i = 0; i < sizeof states / sizeof states[0]; i++) {
        a.unwraps = states[i];
        a.calls = 0;
        assert_int_equal(open_by(store, NULL, &a, 0, &err), states[i]);
        assert_int_equal(err.status, states[i]);
        assert_string_equal(err.message, "the service is away");
        assert_int_equal(a.calls, 1);
    }
    a.unwraps = (mars_status)7;
    assert_int_equal(open_by(store, NULL, &a, 0, &err), MARS_ERR_INVALID_ARG);
    a.unwraps = MARS_OK; /* it was taken out of the newest */
    assert_int_equal(open_by(store, NULL, &a, 0, &err), MARS_ERR_KEY);
}

static void
a_damaged_blob_is_found(void **state)
{
    struct service a = { .key = 1 };
    mars_key_wrapper w = wrapper_of(&a);
    struct mrs_opener by = { .wrapper = &w };
    uint8_t root_id[16], got[MRS_ROOT_SIZE];
    struct mrs_slot s;
    bool given_up;

    (void)state;
    assert_int_equal(mrs_root_derive(root, MRS_INFO_ROOT_ID, root_id, 16, NULL), MARS_OK);
    assert_int_equal(mrs_slot_make(&s, DOMAIN, root, NULL, &by, NULL), MARS_OK);
    assert_int_equal(mrs_slot_open(&s, DOMAIN, root_id, &by, got, &given_up, NULL), MARS_OK);
    s.blob.len++; /* what the service does not look at */
    assert_int_equal(mrs_slot_open(&s, DOMAIN, root_id, &by, got, &given_up, NULL), MARS_ERR_KEY);
    assert_false(given_up);
}

static void
a_wrapper_that_does_not_do_its_work_gets_no_slot(void **state)
{
    struct service a = { .key = 1, .forgets = true };
    mars_key_wrapper w = wrapper_of(&a);
    struct mrs_opener by = { .wrapper = &w };
    struct mrs_slot s;
    mars_error err;

    (void)state;
    assert_int_equal(mrs_slot_make(&s, DOMAIN, root, NULL, &by, &err), MARS_ERR_KEY);
    a.forgets = false;
    a.blob_len = MRS_SLOT_BLOB_MAX + 1;
    assert_int_equal(mrs_slot_make(&s, DOMAIN, root, NULL, &by, &err), MARS_ERR_INVALID_ARG);
    a.blob_len = UINT64_MAX;
    assert_int_equal(mrs_slot_make(&s, DOMAIN, root, NULL, &by, &err), MARS_ERR_INVALID_ARG);
    a.blob_len = MRS_SLOT_BLOB_MAX;
    assert_int_equal(mrs_slot_make(&s, DOMAIN, root, NULL, &by, &err), MARS_OK);
    a.wraps = MARS_ERR_FORBIDDEN;
    assert_int_equal(mrs_slot_make(&s, DOMAIN, root, NULL, &by, &err), MARS_ERR_FORBIDDEN);
    assert_string_equal(err.message, "wrap: failed");
    w.wrap = NULL;
    assert_int_equal(mrs_slot_make(&s, DOMAIN, root, NULL, &by, &err), MARS_ERR_INVALID_ARG);
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
    assert_int_equal(mrs_slot_make(&s, DOMAIN, root, label, BY(FIRST), NULL),
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

/* A newer set that cannot be fetched may be the one that took it out. */
static void
an_older_set_does_not_open_while_a_newer_one_is_out_of_reach(void **state)
{
    struct kit_failure away = { .call = SPY_READ, .part = "0000000000000002",
                                .st = MARS_ERR_NETWORK };
    struct mrs_store *store = *state;
    mars_status st;

    assert_int_equal(put_set(store, DOMAIN, 0, 2, 1), MARS_OK);
    assert_int_equal(put_set(store, DOMAIN, 1, 1, 2), MARS_OK);
    kit_put_spy_between(store);
    kit_spy(NULL, kit_fail_spy, &away);
    for (;; away.skip++) {
        away.met = 0;
        st = try_open(store, FIRST, 0, 0, 0);
        if (away.met <= away.skip)
            break;
        assert_int_equal(st, MARS_ERR_NETWORK);
    }
    kit_spy(NULL, NULL, NULL);
    assert_int_equal(st, MARS_ERR_KEY);
    assert_true(away.skip >= 2); /* read first, and again when the one before has opened */
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
    assert_int_equal(mrs_slots_open(&s, store, other, BY(FIRST), got, NULL, NULL), MARS_ERR_KEY);
    mrs_slots_free(&s);
}

static mars_status
open_once(void *user)
{
    struct mrs_slots s;
    uint8_t got[MRS_ROOT_SIZE];
    mars_status st = mrs_slots_open(&s, user, DOMAIN, BY(FIRST), got, NULL, NULL);

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
        SLOT_TEST(each_wrapper_opens_its_slot_and_no_other_does),
        SLOT_TEST(a_wrapper_opens_no_passphrases_slot),
        SLOT_TEST(a_wrong_secret_opens_nothing),
        SLOT_TEST(a_wrapper_that_fails_ends_the_search_with_its_status_and_message),
        SLOT_TEST(a_damaged_blob_is_found),
        SLOT_TEST(a_wrapper_that_does_not_do_its_work_gets_no_slot),
        SLOT_TEST(a_slot_says_what_it_costs),
        SLOT_TEST(an_older_set_does_not_open_while_a_newer_one_is_out_of_reach),
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
