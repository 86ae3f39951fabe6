#include "kit.h"

#include <stdlib.h>

#include "repo/stored.h"

static const uint8_t WRITER[16] = { 7 };
enum { SIZE = (5 << 19) + 3 }; /* two steps and a half, and some */

struct place {
    struct kit *k;
    uint8_t *data;
    atomic_bool stop;
};

static void
put(struct place *p, struct kit *k)
{
    p->k = k;
    p->data = malloc(SIZE);
    assert_non_null(p->data);
    kit_noise(p->data, SIZE, 1);
    atomic_init(&p->stop, false);
    assert_int_equal(mrs_store_put(k->store, WRITER, "a", p->data, SIZE, NULL), MARS_OK);
}

static void
the_digest_is_that_of_the_bytes(void **state)
{
    struct place p;
    uint8_t digest[32], want[32];

    put(&p, *state);
    for (uint64_t size = 0; size <= SIZE; size += SIZE) {
        assert_int_equal(mrs_sha256_once(p.data, (size_t)size, want, NULL), MARS_OK);
        assert_int_equal(mrs_stored_digest(p.k->store, "a", size, &p.stop, digest, NULL), MARS_OK);
        assert_memory_equal(digest, want, 32);
    }
    free(p.data);
}

static void
an_object_that_is_shorter_or_missing_is_an_error(void **state)
{
    struct place p;
    uint8_t digest[32];

    put(&p, *state);
    assert_int_equal(mrs_stored_digest(p.k->store, "a", SIZE + 1, &p.stop, digest, NULL),
                     MARS_ERR_CORRUPT);
    assert_int_equal(mrs_stored_digest(p.k->store, "b", SIZE, &p.stop, digest, NULL),
                     MARS_ERR_NOT_FOUND);
    free(p.data);
}

static mars_status
stop_at_second(void *user, enum spy_call call, const char *name)
{
    struct place *p = user;

    (void)name;
    if (call == SPY_READ)
        atomic_store(&p->stop, true);
    return MARS_OK;
}

static void
it_can_be_stopped_on_the_way(void **state)
{
    struct place p;
    struct kit_failure never = { .call = SPY_READ, .part = "a", .st = MARS_OK };
    uint8_t digest[32];

    put(&p, *state);
    kit_spy(p.k, stop_at_second, &p);
    assert_int_equal(mrs_stored_digest(p.k->store, "a", SIZE, &p.stop, digest, NULL),
                     MARS_ERR_CANCELLED);
    kit_spy(p.k, kit_fail_spy, &never);
    assert_int_equal(mrs_stored_digest(p.k->store, "a", SIZE, &p.stop, digest, NULL),
                     MARS_ERR_CANCELLED);
    kit_spy(p.k, NULL, NULL);
    assert_int_equal(never.met, 0);
    free(p.data);
}

static mars_status
try_digest(void *user)
{
    struct place *p = user;
    uint8_t digest[32];

    return mrs_stored_digest(p->k->store, "a", SIZE, &p->stop, digest, NULL);
}

static void
reading_without_memory_ends_as_such(void **state)
{
    struct place p;

    put(&p, *state);
    assert_true(kit_fail_allocations(NULL, try_digest, &p, 1) > 0);
    free(p.data);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        KIT_TEST(the_digest_is_that_of_the_bytes),
        KIT_TEST(an_object_that_is_shorter_or_missing_is_an_error),
        KIT_TEST(it_can_be_stopped_on_the_way),
        KIT_TEST(reading_without_memory_ends_as_such),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
