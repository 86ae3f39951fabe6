#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/vec.h"
#include "failing_alloc.h"

struct pair {
    uint64_t a;
    uint32_t b;
};

static void
add_gives_zeroed_elements_in_order(void **state)
{
    struct mrs_vec v = MRS_VEC_INIT(struct pair);

    (void)state;
    for (uint32_t i = 0; i < 1000; i++) {
        struct pair *p = mrs_vec_add(&v);

        assert_true(p->a == 0 && p->b == 0);
        p->a = i;
        p->b = i * 2;
    }
    assert_int_equal(v.len, 1000);
    for (uint32_t i = 0; i < 1000; i++) {
        const struct pair *p = mrs_vec_at(&v, i);

        assert_true(p->a == i && p->b == i * 2);
    }
    mrs_vec_free(&v);
}

static void
elements_are_zeroed_also_where_others_were(void **state)
{
    struct mrs_vec v = MRS_VEC_INIT(uint32_t);

    (void)state;
    *(uint32_t *)mrs_vec_add(&v) = 7;
    v.len--;
    assert_int_equal(*(uint32_t *)mrs_vec_add(&v), 0);
    mrs_vec_free(&v);
    assert_null(v.items);
    *(uint32_t *)mrs_vec_add(&v) = 7; /* usable again */
    mrs_vec_free(&v);
    mrs_vec_free(&v);
    assert_int_equal(failing_alloc_live(), 0);
}

static void
add_refuses_a_size_that_overflows(void **state)
{
    struct mrs_vec v = { NULL, 0, 0, SIZE_MAX / 4 };

    (void)state;
    assert_null(mrs_vec_add(&v));
    assert_int_equal(v.len, 0);
    mrs_vec_free(&v);
}

static void
add_survives_every_failing_allocation(void **state)
{
    size_t n;
    int ok = 0;

    (void)state;
    for (n = 0; !ok; n++) {
        struct mrs_vec v = MRS_VEC_INIT(uint32_t);
        uint32_t done = 0;

        assert_in_range(n, 0, 100);
        failing_alloc_arm(n);
        for (ok = 1; done < 1000 && ok; done += (uint32_t)ok) {
            uint32_t *p = mrs_vec_add(&v);

            ok = p != NULL;
            if (ok)
                *p = done;
        }
        assert_int_equal(v.len, done);
        for (uint32_t i = 0; i < done; i++)
            assert_int_equal(*(uint32_t *)mrs_vec_at(&v, i), i);
        mrs_vec_free(&v);
        assert_int_equal(failing_alloc_live(), 0);
    }
    failing_alloc_arm(SIZE_MAX);
    assert_true(n > 5);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(add_gives_zeroed_elements_in_order),
        cmocka_unit_test(elements_are_zeroed_also_where_others_were),
        cmocka_unit_test(add_refuses_a_size_that_overflows),
        cmocka_unit_test(add_survives_every_failing_allocation),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
