#define _GNU_SOURCE
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "../platform/scratch.h"
#include "failing_alloc.h"
#include "source/owners.h"

static void
names_are_found_and_remembered(void **state)
{
    struct mrs_owners *o = mrs_owners_new();
    const char *a, *b;

    (void)state;
    assert_int_equal(mrs_owners_find(o, 0, false, &a, NULL), MARS_OK);
    assert_string_equal(a, "root");
    assert_int_equal(mrs_owners_find(o, 0, true, &b, NULL), MARS_OK);
    assert_int_equal(mrs_owners_find(o, 0, false, &b, NULL), MARS_OK);
    assert_ptr_equal(a, b);
    mrs_owners_free(o);
    mrs_owners_free(NULL);
}

static void
an_unknown_id_has_an_empty_name(void **state)
{
    struct mrs_owners *o = mrs_owners_new();
    const char *name;

    (void)state;
    assert_int_equal(mrs_owners_find(o, 3999999999u, false, &name, NULL), MARS_OK);
    assert_string_equal(name, "");
    assert_int_equal(mrs_owners_find(o, UINT64_MAX, true, &name, NULL), MARS_OK);
    assert_string_equal(name, "");
    mrs_owners_free(o);
}

static void
any_number_of_ids_takes_bounded_memory(void **state)
{
    struct mrs_owners *o = mrs_owners_new();
    const char *name;

    (void)state;
    for (uint64_t id = 0; id < 3000; id++)
        assert_int_equal(mrs_owners_find(o, UINT32_MAX + id, false, &name, NULL), MARS_OK);
    assert_in_range(failing_alloc_live(), 2, 1025);
    assert_int_equal(mrs_owners_find(o, 0, false, &name, NULL), MARS_OK);
    assert_string_equal(name, "root");
    mrs_owners_free(o);
    assert_int_equal(failing_alloc_live(), 0);
}

int
main(void)
{
#define SCRATCH(f) cmocka_unit_test_setup_teardown(f, scratch_setup, scratch_teardown)
    const struct CMUnitTest tests[] = {
        SCRATCH(names_are_found_and_remembered),
        SCRATCH(an_unknown_id_has_an_empty_name),
        SCRATCH(any_number_of_ids_takes_bounded_memory),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
