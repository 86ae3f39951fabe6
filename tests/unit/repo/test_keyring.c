#include "kit.h"

#include <string.h>

static void
a_keyring_comes_back_from_its_export(void **state)
{
    struct kit *k = *state;
    struct mrs_buf out = MRS_BUF_INIT(1 << 16);
    struct mrs_keyring *again = NULL;

    assert_int_equal(mrs_keyring_export(k->keys, &out, NULL), MARS_OK);
    assert_int_equal(mrs_keyring_import(&again, out.data, out.len, NULL), MARS_OK);
    assert_memory_equal(again, k->keys, sizeof *again);
    mrs_keyring_free(again);
    mrs_buf_free(&out);
}

static void
a_full_keyring_comes_back_too(void **state)
{
    struct kit *k = *state;
    struct mrs_keyring *full = kit_keyring(), *again = NULL;
    struct mrs_buf out = MRS_BUF_INIT(1 << 16);

    (void)k;
    for (; full->n < MRS_KEYRING_KEYS; full->n++) {
        full->keys[full->n].type = MRS_KEY_DATA;
        full->keys[full->n].epoch = full->n;
        kit_noise(full->keys[full->n].key, 32, full->n);
    }
    assert_int_equal(mrs_keyring_export(full, &out, NULL), MARS_OK);
    assert_int_equal(mrs_keyring_import(&again, out.data, out.len, NULL), MARS_OK);
    assert_memory_equal(again, full, sizeof *again);
    /* One key more than it says it can hold. */
    mrs_keyring_free(again);
    out.data[1 + 16 + 4 + 16 + 32 + 32]++;
    assert_int_equal(mrs_keyring_import(&again, out.data, out.len, NULL), MARS_ERR_CORRUPT);
    assert_null(again);
    mrs_keyring_free(full);
    mrs_keyring_free(NULL);
    mrs_buf_free(&out);
}

static void
an_export_that_is_cut_longer_or_of_another_version_is_refused(void **state)
{
    struct kit *k = *state;
    struct mrs_buf out = MRS_BUF_INIT(1 << 16);
    struct mrs_keyring *again = NULL;

    assert_int_equal(mrs_keyring_export(k->keys, &out, NULL), MARS_OK);
    for (size_t n = 0; n < out.len; n++) {
        assert_int_equal(mrs_keyring_import(&again, out.data, n, NULL), MARS_ERR_CORRUPT);
        assert_null(again);
    }
    assert_int_equal(mrs_buf_append(&out, "x", 1, NULL), MARS_OK);
    assert_int_equal(mrs_keyring_import(&again, out.data, out.len, NULL), MARS_ERR_CORRUPT);
    out.data[0]++;
    assert_int_equal(mrs_keyring_import(&again, out.data, out.len - 1, NULL), MARS_ERR_CORRUPT);
    mrs_buf_free(&out);
}

static void
a_key_is_found_by_its_id_for_objects_of_its_type_only(void **state)
{
    static const struct {
        uint8_t kind;
        uint32_t type;
    } rows[] = {
        { MRS_KIND_PACK_DATA, MRS_KEY_DATA }, { MRS_KIND_PACK_META, MRS_KEY_DATA },
        { MRS_KIND_INDEX, MRS_KEY_INDEX },    { MRS_KIND_POINT, MRS_KEY_POINT },
        { MRS_KIND_LEDGER, MRS_KEY_LEDGER },  { MRS_KIND_LEASE, MRS_KEY_LEDGER },
        { MRS_KIND_FENCE, MRS_KEY_LEDGER },   { MRS_KIND_DOMAIN, MRS_KEY_LEDGER },
        { MRS_KIND_MACHINE, MRS_KEY_LEDGER }, { MRS_KIND_VAULT, 0 },
        { MRS_KIND_RING, 0 },                 { MRS_KIND_SLOTS, 0 },
    };
    struct kit *k = *state;

    for (size_t r = 0; r < sizeof rows / sizeof rows[0]; r++)
        for (uint32_t i = 0; i < k->keys->n; i++) {
            const struct mrs_ring_key *ring = &k->keys->keys[i];
            struct mrs_header h = { .kind = rows[r].kind };
            struct mrs_key key;
            mars_status st;

            memcpy(h.key_id, ring->id, 16);
            st = mrs_keyring_find(k->keys, &h, &key, NULL);
            assert_int_equal(st == MARS_OK, ring->type == rows[r].type);
            if (st == MARS_OK)
                assert_memory_equal(key.key, ring->key, 32);
        }
}

static void
a_slot_set_is_checked_under_the_key_of_its_root(void **state)
{
    struct kit *k = *state;
    struct mrs_header h = { .kind = MRS_KIND_SLOTS };
    struct mrs_key key;

    memcpy(h.key_id, k->keys->root_id, 16);
    assert_int_equal(mrs_keyring_find(k->keys, &h, &key, NULL), MARS_OK);
    assert_memory_equal(key.key, k->keys->slot_mac, 32);
    h.kind = MRS_KIND_RING;
    assert_int_not_equal(mrs_keyring_find(k->keys, &h, &key, NULL), MARS_OK);
}

static void
the_highest_epoch_seals_and_every_epoch_opens(void **state)
{
    struct kit *k = *state;
    struct mrs_ring_key *more = &k->keys->keys[k->keys->n++];
    struct mrs_header h = { .kind = MRS_KIND_PACK_DATA };
    struct mrs_key key;

    *more = k->keys->keys[MRS_KEY_DATA - 1];
    more->epoch = 2;
    more->id[0] ^= 1;
    more->key[0] ^= 1;
    assert_int_equal(mrs_keyring_newest(k->keys, MRS_KEY_DATA, &key, NULL), MARS_OK);
    assert_memory_equal(key.id, more->id, 16);
    assert_memory_equal(key.key, more->key, 32);
    memcpy(h.key_id, k->keys->keys[MRS_KEY_DATA - 1].id, 16);
    assert_int_equal(mrs_keyring_find(k->keys, &h, &key, NULL), MARS_OK);
    assert_memory_equal(key.key, k->keys->keys[MRS_KEY_DATA - 1].key, 32);
    k->keys->n = 2;
    assert_int_equal(mrs_keyring_newest(k->keys, MRS_KEY_DATA, &key, NULL), MARS_ERR_CORRUPT);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        KIT_TEST(a_keyring_comes_back_from_its_export),
        KIT_TEST(a_full_keyring_comes_back_too),
        KIT_TEST(an_export_that_is_cut_longer_or_of_another_version_is_refused),
        KIT_TEST(a_key_is_found_by_its_id_for_objects_of_its_type_only),
        KIT_TEST(a_slot_set_is_checked_under_the_key_of_its_root),
        KIT_TEST(the_highest_epoch_seals_and_every_epoch_opens),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
