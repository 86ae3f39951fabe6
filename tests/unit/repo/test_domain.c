#include "kit.h"

#include <string.h>

#include "base/hex.h"

static const uint8_t WRITER[16] = { 7 };

static void
assert_hex(const uint8_t *bytes, size_t n, const char *want)
{
    char hex[65];

    mrs_hex_encode(hex, bytes, n);
    assert_string_equal(hex, want);
}

/* The worked example of FORMAT.md, section 7. */
static void
ids_are_those_of_the_format(void **state)
{
    struct kit *k = *state;
    uint8_t machine[16], id[32];

    for (uint8_t i = 0; i < 32; i++)
        k->keys->keys[MRS_KEY_CHUNK_ID - 1].key[i] = (uint8_t)(0x60 + i);
    kit_reopen(k);
    assert_int_equal(mrs_chunk_id(k->d, MRS_CLASS_DATA, "hello", 5, id, NULL), MARS_OK);
    assert_hex(id, 32, "f66a62560cd65819b23cd7f67b32a5333c9a27f51552f077adaca222c99d56f1");
    memset(machine, 0x3a, sizeof machine);
    assert_int_equal(mrs_item_id(k->d, machine, "files", id, NULL), MARS_OK);
    assert_hex(id, 16, "08490d5f546f0d2c9a2f87a07e3530ec");
}

static void
a_link_group_is_the_file_that_it_stands_for(void **state)
{
    static const uint8_t bytes[1 + 28] = { 0x81, 1, 0, 0, 0, 0, 0, 0, 0, 2, 0, 0, 0, 0, 0,
                                           0,    0, 3, 0, 0, 0, 0, 0, 0, 0, 4, 0, 0, 0 };
    struct kit *k = *state;
    const struct mrs_time birth = { 3, 4 }, other = { 3, 5 };
    struct mrs_hmac *mac = NULL;
    uint8_t want[32], id[16];

    assert_int_equal(mrs_hmac_new(&mac, k->keys->keys[0].key, 32, NULL), MARS_OK);
    assert_int_equal(mrs_hmac_run(mac, bytes, sizeof bytes, NULL, 0, want, NULL), MARS_OK);
    mrs_hmac_free(mac);
    assert_int_equal(mrs_link_group(k->d, 1, 2, birth, id, NULL), MARS_OK);
    assert_memory_equal(id, want, 16);
    assert_int_equal(mrs_link_group(k->d, 1, 2, other, id, NULL), MARS_OK);
    assert_memory_not_equal(id, want, 16);
}

static void
ids_of_another_domain_are_others(void **state)
{
    struct kit *k = *state;
    struct mrs_keyring *keys = kit_keyring();
    struct mrs_domain *d = NULL;
    uint8_t a[32], b[32];

    assert_int_equal(mrs_domain_open(&d, k->store, keys, NULL, NULL), MARS_OK);
    assert_int_equal(mrs_chunk_id(k->d, MRS_CLASS_DATA, "x", 1, a, NULL), MARS_OK);
    assert_int_equal(mrs_chunk_id(d, MRS_CLASS_DATA, "x", 1, b, NULL), MARS_OK);
    assert_memory_not_equal(a, b, 32);
    assert_memory_not_equal(k->d->node_key, d->node_key, 16);
    mrs_domain_close(d);
    mrs_domain_close(NULL);
    mrs_keyring_free(keys);
}

static mars_status
put(const struct kit *k, const char *relative, const char *text, uint8_t *digest)
{
    struct mrs_buf payload = MRS_BUF_INIT(1000);
    mars_status st;

    assert_int_equal(mrs_buf_append(&payload, text, strlen(text), NULL), MARS_OK);
    st = mrs_domain_put(k->d, MRS_KIND_LEASE, WRITER, relative, &payload, digest, NULL);
    mrs_buf_free(&payload);
    return st;
}

static mars_status
get(const struct kit *k, uint8_t kind, const char *relative, const uint8_t *digest,
    const char *want)
{
    struct mrs_buf payload = MRS_BUF_INIT(1000);
    mars_error err;
    mars_status st = mrs_domain_get(k->d, kind, MRS_NEED_READ, relative, digest, &payload, &err);

    if (st == MARS_OK) {
        assert_int_equal(payload.len, strlen(want));
        assert_memory_equal(payload.data, want, payload.len);
    } else {
        assert_non_null(strstr(err.message, relative));
        assert_int_equal(payload.len, 0);
    }
    mrs_buf_free(&payload);
    return st;
}

static void
an_object_comes_back_under_its_own_name_and_kind_only(void **state)
{
    struct kit *k = *state;
    struct mrs_buf bytes = MRS_BUF_INIT(1 << 20);
    uint8_t digest[32], found[32];

    assert_int_equal(put(k, "lease/a", "payload", digest), MARS_OK);
    assert_int_equal(get(k, MRS_KIND_LEASE, "lease/a", NULL, "payload"), MARS_OK);
    assert_int_equal(get(k, MRS_KIND_FENCE, "lease/a", NULL, ""), MARS_ERR_CORRUPT);
    assert_int_equal(get(k, MRS_KIND_LEASE, "lease/b", NULL, ""), MARS_ERR_NOT_FOUND);
    kit_get(k, "lease/a", &bytes);
    assert_int_equal(mrs_sha256_once(bytes.data, bytes.len, found, NULL), MARS_OK);
    assert_memory_equal(found, digest, 32);
    kit_put(k, "lease/b", bytes.data, bytes.len);
    assert_int_equal(get(k, MRS_KIND_LEASE, "lease/b", NULL, ""), MARS_ERR_CORRUPT);
    mrs_buf_free(&bytes);
}

static void
an_object_named_by_its_digest_must_have_it(void **state)
{
    struct kit *k = *state;
    struct mrs_buf payload = MRS_BUF_INIT(1000), bytes = MRS_BUF_INIT(1 << 20);
    char relative[MRS_OBJECT_NAME_MAX];
    uint8_t digest[32];
    uint64_t size = 0;

    assert_int_equal(mrs_buf_append(&payload, "index", 5, NULL), MARS_OK);
    assert_int_equal(mrs_domain_put_index(k->d, WRITER, &payload, digest, &size, NULL), MARS_OK);
    mrs_name_index(relative, digest);
    kit_get(k, relative, &bytes);
    assert_int_equal(size, bytes.len);
    assert_int_equal(get(k, MRS_KIND_INDEX, relative, digest, "index"), MARS_OK);
    digest[0] ^= 1;
    mrs_name_index(relative, digest);
    kit_put(k, relative, bytes.data, bytes.len);
    assert_int_equal(get(k, MRS_KIND_INDEX, relative, digest, ""), MARS_ERR_CORRUPT);
    mrs_buf_free(&payload);
    mrs_buf_free(&bytes);
}

static void
a_name_that_is_taken_by_other_bytes_stays_theirs(void **state)
{
    struct kit *k = *state;

    assert_int_equal(put(k, "lease/a", "first", NULL), MARS_OK);
    /* The same payload too: salts differ, so it is another object. */
    assert_int_equal(put(k, "lease/a", "first", NULL), MARS_ERR_EXISTS);
    assert_int_equal(put(k, "lease/a", "second", NULL), MARS_ERR_EXISTS);
    assert_int_equal(get(k, MRS_KIND_LEASE, "lease/a", NULL, "first"), MARS_OK);
}

static void
a_lost_answer_is_settled_by_what_is_there(void **state)
{
    struct kit *k = *state;
    struct kit_failure f = { .call = SPY_COMMITTED, .st = MARS_ERR_NETWORK, .part = "lease/" };

    kit_spy(k, kit_fail_spy, &f);
    assert_int_equal(put(k, "lease/a", "ours", NULL), MARS_OK);
    assert_int_equal(f.met, 1);
    /* It never got there, or another's did: no success. */
    f = (struct kit_failure){ .call = SPY_COMMIT, .st = MARS_ERR_NETWORK, .part = "lease/" };
    assert_int_equal(put(k, "lease/b", "ours", NULL), MARS_ERR_NETWORK);
    assert_int_equal(put(k, "lease/a", "other", NULL), MARS_ERR_NETWORK);
    kit_spy(k, NULL, NULL);
    assert_false(kit_has(k, "lease/b"));
    assert_int_equal(get(k, MRS_KIND_LEASE, "lease/a", NULL, "ours"), MARS_OK);
}

static mars_status
check_relative(void *user, const struct mrs_object_info *info, mars_error *err)
{
    (void)err;
    assert_string_equal(info->name, "lease/x/1");
    ++*(int *)user;
    return MARS_OK;
}

static void
names_in_lists_are_relative(void **state)
{
    struct kit *k = *state;
    int n = 0;
    bool has = true;

    assert_int_equal(put(k, "lease/x/1", "a", NULL), MARS_OK);
    assert_int_equal(put(k, "fence/x", "a", NULL), MARS_OK);
    assert_int_equal(mrs_domain_list(k->d, "lease/", MRS_LIST_INFO, check_relative, &n, NULL),
                     MARS_OK);
    assert_int_equal(n, 1);
    assert_int_equal(mrs_domain_has(k->d, "lease/x", &has, NULL), MARS_OK);
    assert_false(has);
    assert_true(kit_has(k, "lease/x/1"));
}

static void
a_keyring_without_the_keys_opens_no_domain(void **state)
{
    struct kit *k = *state;
    struct mrs_keyring *keys = kit_keyring();
    struct mrs_domain *d = NULL;

    keys->n = 1; /* no chunker key */
    assert_int_equal(mrs_domain_open(&d, k->store, keys, NULL, NULL), MARS_ERR_CORRUPT);
    assert_null(d);
    keys->n = 0;
    assert_int_equal(mrs_domain_open(&d, k->store, keys, NULL, NULL), MARS_ERR_CORRUPT);
    mrs_keyring_free(keys);
}

static mars_status
try_open(void *user)
{
    struct kit *k = user;
    struct mrs_domain *d = NULL;
    mars_status st = mrs_domain_open(&d, k->store, k->keys, NULL, NULL);

    mrs_domain_close(d);
    return st;
}

static void
opening_without_memory_ends_as_such(void **state)
{
    assert_true(kit_fail_allocations(NULL, try_open, *state, 1) > 3);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        KIT_TEST(ids_are_those_of_the_format),
        KIT_TEST(a_link_group_is_the_file_that_it_stands_for),
        KIT_TEST(ids_of_another_domain_are_others),
        KIT_TEST(an_object_comes_back_under_its_own_name_and_kind_only),
        KIT_TEST(an_object_named_by_its_digest_must_have_it),
        KIT_TEST(a_name_that_is_taken_by_other_bytes_stays_theirs),
        KIT_TEST(a_lost_answer_is_settled_by_what_is_there),
        KIT_TEST(names_in_lists_are_relative),
        KIT_TEST(a_keyring_without_the_keys_opens_no_domain),
        KIT_TEST(opening_without_memory_ends_as_such),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
