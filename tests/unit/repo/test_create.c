#include "kit.h"

#include <string.h>

#include "listed.h"
#include "repo/create.h"
#include "repo/record.h"

#define PASSPHRASE "correct horse battery staple"
#define BY(p) (&(struct mrs_opener){ .passphrase = (p), .len = strlen(p) })
static const uint8_t WRITER[16] = { 7 };

/* The kit's domain is not used, but its store is: the spy is in it. */
static struct mrs_keyring *
make(const struct kit *k)
{
    struct mrs_keyring *keys = NULL;

    assert_int_equal(mrs_domain_make(k->store, WRITER, "name", BY(PASSPHRASE), &keys, NULL),
                     MARS_OK);
    return keys;
}

static mars_status
unlock(const struct kit *k, const uint8_t domain[16], const char *passphrase,
       struct mrs_keyring **out)
{
    return mrs_domain_unlock(k->store, domain, BY(passphrase), out, NULL);
}

static void
a_domain_is_made_in_an_order_that_leaves_nothing_half_to_open(void **state)
{
    struct kit *k = *state;
    struct kit_log log = { .calls = "C" };
    struct mrs_keyring *keys;

    kit_spy(k, kit_log_spy, &log);
    keys = make(k);
    kit_spy(k, NULL, NULL);
    /* Two copies of the ring, the record, the ledger; the slots, which open it, last. */
    assert_string_equal(log.text, "Cke Cke Cre Cle Cke ");
    mrs_keyring_free(keys);
}

static void
its_passphrase_gives_the_keys_that_it_was_made_with(void **state)
{
    struct kit *k = *state;
    struct mrs_keyring *keys = make(k), *again = NULL, *wrong = NULL;
    struct mrs_domain_record r;
    struct mrs_domain *d = NULL;
    struct mrs_ledger l = { 0 };

    assert_int_equal(unlock(k, keys->domain, PASSPHRASE, &again), MARS_OK);
    assert_memory_equal(again, keys, sizeof *keys);
    assert_int_equal(unlock(k, keys->domain, "correct horse battery stapl", &wrong),
                     MARS_ERR_KEY);
    assert_null(wrong);
    assert_int_equal(mrs_domain_record_read(&r, k->store, keys->domain, MRS_NEED_READ, again, NULL),
                     MARS_OK);
    assert_string_equal(r.name, "name");
    assert_int_equal(mrs_domain_open(&d, k->store, again, NULL, NULL), MARS_OK);
    assert_int_equal(listed_ledger_read(&l, d, MRS_NEED_WRITE, NULL, NULL, NULL), MARS_OK);
    assert_int_equal(l.generation, 1);
    mrs_ledger_free_state(&l);
    mrs_domain_close(d);
    mrs_keyring_free(again);
    mrs_keyring_free(keys);
}

static void
two_domains_share_no_key(void **state)
{
    struct kit *k = *state;
    struct mrs_keyring *a = make(k), *b = make(k);

    assert_memory_not_equal(a->domain, b->domain, 16);
    assert_memory_not_equal(a->root_id, b->root_id, 16);
    assert_memory_not_equal(a->slot_mac, b->slot_mac, 32);
    assert_int_equal(a->n, 6);
    for (uint32_t i = 0; i < 6; i++)
        for (uint32_t j = 0; j < 6; j++) {
            assert_memory_not_equal(a->keys[i].key, b->keys[j].key, 32);
            if (i != j)
                assert_memory_not_equal(a->keys[i].key, a->keys[j].key, 32);
        }
    mrs_keyring_free(a);
    mrs_keyring_free(b);
}

/* Flip a bit of one copy of the ring, or take it away. */
static void
break_ring(struct kit *k, const struct mrs_keyring *keys, char copy, bool away)
{
    struct mrs_buf bytes = MRS_BUF_INIT(MRS_RECORD_MAX);
    char relative[MRS_OBJECT_NAME_MAX], name[MRS_OBJECT_NAME_MAX];

    mrs_name_ring(relative, keys->ring_digest, copy);
    mrs_name_in_domain(name, keys->domain, relative);
    assert_int_equal(mrs_store_get(k->store, name, &bytes, NULL), MARS_OK);
    bytes.data[bytes.len / 2] ^= 1;
    assert_int_equal(mrs_store_delete(k->store, name, NULL), MARS_OK);
    if (!away)
        assert_int_equal(mrs_store_put(k->store, WRITER, name, bytes.data, bytes.len, NULL),
                         MARS_OK);
    mrs_buf_free(&bytes);
}

static void
either_copy_of_the_key_ring_serves(void **state)
{
    struct kit *k = *state;
    struct mrs_keyring *keys = make(k), *again = NULL;

    break_ring(k, keys, 'a', false);
    assert_int_equal(unlock(k, keys->domain, PASSPHRASE, &again), MARS_OK);
    assert_memory_equal(again, keys, sizeof *keys);
    mrs_keyring_free(again);
    break_ring(k, keys, 'a', false); /* whole again */
    break_ring(k, keys, 'b', true);
    assert_int_equal(unlock(k, keys->domain, PASSPHRASE, &again), MARS_OK);
    mrs_keyring_free(again);
    break_ring(k, keys, 'a', false);
    assert_int_equal(unlock(k, keys->domain, PASSPHRASE, &again), MARS_ERR_CORRUPT);
    assert_null(again);
    mrs_keyring_free(keys);
}

/* Everything of one domain under the name of another. */
struct move {
    struct mrs_store *store;
    const uint8_t *to;
    size_t skip;
};

static mars_status
copy_one(void *user, const struct mrs_object_info *info, mars_error *err)
{
    const struct move *m = user;
    struct mrs_buf bytes = MRS_BUF_INIT(1 << 20);
    char name[MRS_OBJECT_NAME_MAX];
    mars_status st = mrs_store_get(m->store, info->name, &bytes, err);

    mrs_name_in_domain(name, m->to, info->name + m->skip);
    if (st == MARS_OK)
        st = mrs_store_put(m->store, WRITER, name, bytes.data, bytes.len, err);
    mrs_buf_free(&bytes);
    return st;
}

static void
a_domain_under_another_name_does_not_open(void **state)
{
    static const uint8_t other[16] = { 0xff, 0xff };
    struct kit *k = *state;
    struct mrs_keyring *keys = make(k), *again = NULL;
    struct move m = { k->store, other, 0 };
    char prefix[MRS_OBJECT_NAME_MAX];

    mrs_name_in_domain(prefix, keys->domain, "");
    m.skip = strlen(prefix);
    assert_int_equal(mrs_store_list(k->store, prefix, MRS_LIST_INFO, copy_one, &m, NULL), MARS_OK);
    assert_int_equal(unlock(k, other, PASSPHRASE, &again), MARS_ERR_KEY);
    assert_null(again);
    mrs_keyring_free(keys);
}

static void
a_domain_that_is_not_there_is_not_found(void **state)
{
    static const uint8_t other[16] = { 0xff };
    struct kit *k = *state;
    struct mrs_keyring *keys = NULL;

    assert_int_equal(unlock(k, other, PASSPHRASE, &keys), MARS_ERR_NOT_FOUND);
    assert_null(keys);
}

static void
a_name_that_is_too_long_is_refused(void **state)
{
    struct kit *k = *state;
    struct mrs_keyring *keys = NULL;
    char name[MRS_DISPLAY_NAME_MAX + 100];

    memset(name, 'n', sizeof name);
    name[sizeof name - 1] = '\0';
    assert_int_equal(mrs_domain_make(k->store, WRITER, name, BY(PASSPHRASE), &keys, NULL),
                     MARS_ERR_INVALID_ARG);
    assert_null(keys);
}

static void
what_the_store_refuses_makes_no_domain(void **state)
{
    static const char *const parts[] = { "/rings/", "/record/", "/ledger/", "/slots/" };
    struct kit *k = *state;

    for (size_t i = 0; i < 4; i++) {
        struct kit_failure f = { .call = SPY_COMMIT, .part = parts[i], .st = MARS_ERR_QUOTA };
        struct mrs_keyring *keys = NULL;

        kit_spy(k, kit_fail_spy, &f);
        assert_int_equal(mrs_domain_make(k->store, WRITER, "n", BY(PASSPHRASE), &keys, NULL),
                         MARS_ERR_QUOTA);
        kit_spy(k, NULL, NULL);
        assert_null(keys);
    }
}

static mars_status
try_make(void *user)
{
    struct mrs_store *store = NULL;
    struct mrs_keyring *keys = NULL;
    mars_status st = mrs_store_open(&store, "memory:", 1, NULL, NULL);

    (void)user;
    if (st == MARS_OK)
        st = mrs_domain_make(store, WRITER, "n", BY(PASSPHRASE), &keys, NULL);
    mrs_keyring_free(keys);
    mrs_store_close(store);
    return st;
}

static void
making_without_memory_ends_as_such(void **state)
{
    assert_true(kit_fail_allocations(NULL, try_make, *state, 1) > 30);
}

struct attempt {
    struct kit *k;
    struct mrs_keyring *keys;
};

static mars_status
try_unlock(void *user)
{
    struct attempt *a = user;
    struct mrs_keyring *again = NULL;
    mars_status st = unlock(a->k, a->keys->domain, PASSPHRASE, &again);

    mrs_keyring_free(again);
    return st;
}

static void
unlocking_without_memory_ends_as_such(void **state)
{
    struct attempt a = { .k = *state };

    a.keys = make(a.k);
    assert_true(kit_fail_allocations(NULL, try_unlock, &a, 1) > 9);
    mrs_keyring_free(a.keys);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        KIT_TEST(a_domain_is_made_in_an_order_that_leaves_nothing_half_to_open),
        KIT_TEST(its_passphrase_gives_the_keys_that_it_was_made_with),
        KIT_TEST(two_domains_share_no_key),
        KIT_TEST(either_copy_of_the_key_ring_serves),
        KIT_TEST(a_domain_under_another_name_does_not_open),
        KIT_TEST(a_domain_that_is_not_there_is_not_found),
        KIT_TEST(a_name_that_is_too_long_is_refused),
        KIT_TEST(what_the_store_refuses_makes_no_domain),
        KIT_TEST(making_without_memory_ends_as_such),
        KIT_TEST(unlocking_without_memory_ends_as_such),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
