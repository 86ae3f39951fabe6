#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <string.h>

#include "base/map.h"
#include "failing_alloc.h"

/* Ids like real ones: spread over all bytes. */
static void
id_of(uint64_t n, uint8_t id[MRS_ID_SIZE])
{
    for (size_t i = 0; i < MRS_ID_SIZE; i++) {
        n = n * 6364136223846793005u + 1442695040888963407u;
        id[i] = (uint8_t)(n >> 56);
    }
}

static void
empty_map_finds_nothing_and_ends_at_once(void **state)
{
    struct mrs_map m = MRS_MAP_INIT(4);
    uint8_t id[MRS_ID_SIZE] = { 0 };
    const uint8_t *at;
    void *value;
    size_t pos = 0;

    (void)state;
    assert_null(mrs_map_find(&m, id));
    assert_false(mrs_map_next(&m, &pos, &at, &value));
    mrs_map_free(&m);
    mrs_map_free(NULL);
}

static void
put_makes_a_zeroed_value_once(void **state)
{
    struct mrs_map m = MRS_MAP_INIT(sizeof(uint64_t));
    uint8_t id[MRS_ID_SIZE] = { 0 }; /* all zeros is an id like any other */
    uint64_t *v;

    (void)state;
    v = mrs_map_put(&m, id);
    assert_non_null(v);
    assert_int_equal((uintptr_t)v % 8, 0);
    assert_int_equal(*v, 0);
    *v = 42;
    assert_int_equal(m.len, 1);
    v = mrs_map_put(&m, id);
    assert_int_equal(*v, 42);
    assert_int_equal(m.len, 1);
    assert_ptr_equal(mrs_map_find(&m, id), v);
    mrs_map_free(&m);
}

static void
many_ids_keep_their_values_while_it_grows(void **state)
{
    struct mrs_map m = MRS_MAP_INIT(sizeof(uint32_t));
    uint8_t id[MRS_ID_SIZE];
    enum { COUNT = 20000 };
    static uint8_t seen[COUNT];
    const uint8_t *at;
    void *value;
    size_t pos = 0, walked = 0;

    (void)state;
    for (uint32_t i = 0; i < COUNT; i++) {
        id_of(i, id);
        *(uint32_t *)mrs_map_put(&m, id) = i;
    }
    assert_int_equal(m.len, COUNT);
    for (uint32_t i = 0; i < COUNT; i++) {
        id_of(i, id);
        assert_int_equal(*(uint32_t *)mrs_map_find(&m, id), i);
    }
    id_of(COUNT, id);
    assert_null(mrs_map_find(&m, id));
    while (mrs_map_next(&m, &pos, &at, &value)) {
        uint32_t i = *(uint32_t *)value;

        assert_in_range(i, 0, COUNT - 1);
        id_of(i, id);
        assert_memory_equal(at, id, MRS_ID_SIZE);
        assert_int_equal(seen[i]++, 0);
        walked++;
    }
    assert_int_equal(walked, COUNT);
    mrs_map_free(&m);
    assert_int_equal(m.len, 0);
    assert_int_equal(failing_alloc_live(), 0);
}

static void
ids_that_collide_are_told_apart(void **state)
{
    struct mrs_map m = MRS_MAP_INIT(1);
    uint8_t id[MRS_ID_SIZE];

    (void)state;
    memset(id, 0xff, sizeof id); /* the last slot: probing wraps around */
    for (int i = 0; i < 100; i++) {
        id[31] = (uint8_t)i;
        *(uint8_t *)mrs_map_put(&m, id) = (uint8_t)(i + 1);
    }
    for (int i = 0; i < 100; i++) {
        id[31] = (uint8_t)i;
        assert_int_equal(*(uint8_t *)mrs_map_find(&m, id), i + 1);
    }
    id[31] = 100;
    assert_null(mrs_map_find(&m, id));
    mrs_map_free(&m);
}

static void
a_set_has_values_of_no_size(void **state)
{
    struct mrs_map m = MRS_MAP_INIT(0);
    uint8_t id[MRS_ID_SIZE];
    const uint8_t *at;
    size_t pos = 0, n = 0;

    (void)state;
    for (uint64_t i = 0; i < 100; i++) {
        id_of(i, id);
        assert_non_null(mrs_map_put(&m, id));
    }
    while (mrs_map_next(&m, &pos, &at, NULL))
        n++;
    assert_int_equal(n, 100);
    mrs_map_free(&m);
}

static void
put_survives_every_failing_allocation(void **state)
{
    size_t n;
    int ok = 0;

    (void)state;
    for (n = 0; !ok; n++) {
        struct mrs_map m = MRS_MAP_INIT(8);
        uint8_t id[MRS_ID_SIZE];
        uint64_t done = 0;

        assert_in_range(n, 0, 100);
        failing_alloc_arm(n);
        for (ok = 1; done < 1000 && ok; done += (uint64_t)ok) {
            uint64_t *v;

            id_of(done, id);
            v = mrs_map_put(&m, id);
            ok = v != NULL;
            if (ok)
                *v = done;
        }
        assert_int_equal(m.len, done);
        for (uint64_t i = 0; i < done; i++) {
            id_of(i, id);
            assert_int_equal(*(uint64_t *)mrs_map_find(&m, id), i);
        }
        mrs_map_free(&m);
        assert_int_equal(failing_alloc_live(), 0);
    }
    failing_alloc_arm(SIZE_MAX);
    assert_true(n > 5);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(empty_map_finds_nothing_and_ends_at_once),
        cmocka_unit_test(put_makes_a_zeroed_value_once),
        cmocka_unit_test(many_ids_keep_their_values_while_it_grows),
        cmocka_unit_test(ids_that_collide_are_told_apart),
        cmocka_unit_test(a_set_has_values_of_no_size),
        cmocka_unit_test(put_survives_every_failing_allocation),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
