#include "kit.h"

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static mars_status
refresh(struct kit *k, bool fresh)
{
    return mrs_index_refresh(k->d->index, k->d, fresh, NULL, NULL, NULL);
}

static bool
knows(struct kit *k, const uint8_t id[32])
{
    struct mrs_place place;

    return mrs_index_find(k->d->index, id, 0, &place);
}

static void
what_was_committed_is_found(void **state)
{
    struct kit *k = *state;
    struct mrs_session *s = kit_begin(k);
    uint8_t id[32], other[32] = { 1 }, session[16];

    (void)kit_put(s, 3000, 1, id);
    kit_commit(s, session);
    assert_int_equal(refresh(k, false), MARS_OK);
    assert_true(knows(k, id));
    assert_false(knows(k, other));
}

static void
an_object_that_is_gone_counts_no_more(void **state)
{
    struct kit *k = *state;
    struct mrs_session *s = kit_begin(k);
    char name[MRS_OBJECT_NAME_MAX];
    uint8_t id[32], session[16];

    (void)kit_put(s, 3000, 1, id);
    kit_commit(s, session);
    assert_int_equal(refresh(k, false), MARS_OK);
    assert_int_equal(kit_count(k, "/index/", name), 1);
    assert_int_equal(mrs_store_delete(k->store, name, NULL), MARS_OK);
    assert_int_equal(refresh(k, false), MARS_OK);
    assert_false(knows(k, id)); /* although the cache has a copy */
}

static void
a_damaged_object_is_named_and_absent(void **state)
{
    struct kit *k = *state;
    struct mrs_session *s = kit_begin(k);
    char name[MRS_OBJECT_NAME_MAX];
    uint8_t id[32], session[16];

    (void)kit_put(s, 3000, 1, id);
    kit_commit(s, session);
    assert_int_equal(kit_count(k, "/index/", name), 1);
    kit_damage(k, name);
    assert_int_equal(refresh(k, true), MARS_OK);
    assert_false(knows(k, id));
}

static void
a_damaged_copy_in_the_cache_is_not_believed(void **state)
{
    struct kit *k = *state;
    struct mrs_session *s = kit_begin(k);
    struct mrs_buf copy = MRS_BUF_INIT(1 << 20);
    struct mrs_domain *again = NULL;
    struct mrs_place place;
    char name[MRS_OBJECT_NAME_MAX];
    const char *relative;
    uint8_t id[32], session[16];

    (void)kit_put(s, 3000, 1, id);
    kit_commit(s, session);
    assert_int_equal(kit_count(k, "/index/", name), 1);
    relative = strstr(name, "index/");
    if (mrs_cache_get(k->cache, relative, &copy, NULL) != MARS_OK)
        assert_int_equal(mrs_store_get(k->store, name, &copy, NULL), MARS_OK);
    mrs_cache_drop(k->cache, relative);
    copy.data[copy.len - 1] ^= 1;
    assert_int_equal(mrs_cache_put(k->cache, relative, copy.data, copy.len, NULL), MARS_OK);
    /* A handle that has read nothing yet. */
    assert_int_equal(mrs_domain_open(&again, k->store, k->keys, k->cache, NULL), MARS_OK);
    assert_int_equal(mrs_index_refresh(again->index, again, false, NULL, NULL, NULL), MARS_OK);
    assert_true(mrs_index_find(again->index, id, 0, &place));
    mrs_domain_close(again);
    mrs_buf_free(&copy);
}

static void
a_superseded_object_is_not_read(void **state)
{
    struct kit *k = *state;
    struct mrs_session *s = kit_begin(k);
    struct mrs_buf payload = MRS_BUF_INIT(1 << 20);
    char name[MRS_OBJECT_NAME_MAX];
    uint8_t id[32], session[16], digest[32], superseded[1][32];
    struct mrs_name n;
    uint64_t size;

    (void)kit_put(s, 3000, 1, id);
    kit_commit(s, session);
    assert_int_equal(kit_count(k, "/index/", name), 1);
    assert_true(mrs_name_parse(&n, strstr(name, "index/")));
    memcpy(superseded[0], n.digest, 32);
    assert_int_equal(mrs_index_encode((const uint8_t(*)[32])superseded, 1, NULL, 0, &payload, NULL),
                     MARS_OK);
    assert_int_equal(mrs_domain_put_index(k->d, session, &payload, digest, &size, NULL), MARS_OK);
    assert_int_equal(refresh(k, false), MARS_OK);
    assert_false(knows(k, id));
    mrs_buf_free(&payload);
}

#define WITH_KIT(test) cmocka_unit_test_setup_teardown(test, kit_make, kit_remove)

int
main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_KIT(what_was_committed_is_found),
        WITH_KIT(an_object_that_is_gone_counts_no_more),
        WITH_KIT(a_damaged_object_is_named_and_absent),
        WITH_KIT(a_damaged_copy_in_the_cache_is_not_believed),
        WITH_KIT(a_superseded_object_is_not_read),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
