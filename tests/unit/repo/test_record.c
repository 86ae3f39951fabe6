#include "kit.h"

#include <string.h>

#include "repo/record.h"

static const uint8_t WRITER[16] = { 7 };

static mars_status
read_record(const struct kit *k, struct mrs_keyring *keys, struct mrs_domain_record *r,
            mars_error *err)
{
    return mrs_domain_record_read(r, k->store, k->keys->domain, MRS_NEED_READ, keys, err);
}

static void
put(const struct kit *k, const char *name, mars_status want)
{
    assert_int_equal(mrs_domain_record_put(k->store, WRITER, k->keys, name, NULL), want);
}

static void
a_record_tells_the_domains_id_and_name(void **state)
{
    struct kit *k = *state;
    struct mrs_domain_record r;
    char name[MRS_DISPLAY_NAME_MAX + 2];

    memset(name, 'n', sizeof name);
    name[sizeof name - 1] = '\0';
    put(k, name, MARS_ERR_INVALID_ARG);
    assert_int_equal(kit_count(k, "record/"), 0);
    name[MRS_DISPLAY_NAME_MAX] = '\0';
    put(k, name, MARS_OK);
    put(k, "second", MARS_ERR_EXISTS);
    assert_int_equal(read_record(k, k->keys, &r, NULL), MARS_OK);
    assert_string_equal(r.name, name);
    assert_memory_equal(r.id, k->keys->domain, 16);
    assert_true(r.created.s > 1600000000);
}

static void
a_domain_without_a_record_is_damaged(void **state)
{
    struct kit *k = *state;
    struct mrs_domain_record r;
    mars_error err;

    assert_int_equal(read_record(k, k->keys, &r, &err), MARS_ERR_CORRUPT);
    assert_non_null(strstr(err.message, "/record/0000000000000001"));
}

static void
a_flipped_bit_anywhere_is_found_with_the_keys(void **state)
{
    struct kit *k = *state;
    struct mrs_buf bytes = MRS_BUF_INIT(1 << 20);
    struct mrs_domain_record r;
    char relative[MRS_OBJECT_NAME_MAX];

    put(k, "name", MARS_OK);
    mrs_name_domain_record(relative, 1);
    kit_get(k, relative, &bytes);
    for (long at = 0; at < (long)bytes.len; at++) {
        kit_damage(k, relative, at);
        assert_int_not_equal(read_record(k, k->keys, &r, NULL), MARS_OK);
        kit_damage(k, relative, at);
    }
    /* Without keys its check is left out. */
    kit_damage(k, relative, -1);
    assert_int_equal(read_record(k, NULL, &r, NULL), MARS_OK);
    assert_string_equal(r.name, "name");
    mrs_buf_free(&bytes);
}

static void
another_domains_record_is_refused(void **state)
{
    struct kit *k = *state;
    struct mrs_keyring *other = kit_keyring();
    struct mrs_buf bytes = MRS_BUF_INIT(1 << 20);
    struct mrs_domain_record r;
    char relative[MRS_OBJECT_NAME_MAX], name[MRS_OBJECT_NAME_MAX];

    assert_int_equal(mrs_domain_record_put(k->store, WRITER, other, "other", NULL), MARS_OK);
    mrs_name_domain_record(relative, 1);
    mrs_name_in_domain(name, other->domain, relative);
    assert_int_equal(mrs_store_get(k->store, name, &bytes, NULL), MARS_OK);
    kit_put(k, relative, bytes.data, bytes.len);
    assert_int_equal(read_record(k, NULL, &r, NULL), MARS_ERR_CORRUPT);
    assert_int_equal(read_record(k, k->keys, &r, NULL), MARS_ERR_CORRUPT);
    mrs_buf_free(&bytes);
    mrs_keyring_free(other);
}

static mars_status
try_read(void *user)
{
    struct mrs_domain_record r;
    struct kit *k = user;

    return read_record(k, k->keys, &r, NULL);
}

static void
reading_without_memory_ends_as_such(void **state)
{
    put(*state, "name", MARS_OK);
    assert_true(kit_fail_allocations(NULL, try_read, *state, 1) > 1);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        KIT_TEST(a_record_tells_the_domains_id_and_name),
        KIT_TEST(a_domain_without_a_record_is_damaged),
        KIT_TEST(a_flipped_bit_anywhere_is_found_with_the_keys),
        KIT_TEST(another_domains_record_is_refused),
        KIT_TEST(reading_without_memory_ends_as_such),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
