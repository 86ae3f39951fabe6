#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <string.h>

#include "base/alloc.h"
#include "failing_alloc.h"

static void
alloc_gives_zeros(void **state)
{
    static const uint8_t zeros[4096];
    void *p = mrs_alloc(sizeof zeros), *empty = mrs_alloc(0);

    (void)state;
    assert_non_null(p);
    assert_memory_equal(p, zeros, sizeof zeros);
    assert_non_null(empty);
    mrs_free(p);
    mrs_free(empty);
    mrs_free(NULL);
    assert_int_equal(failing_alloc_live(), 0);
}

static void
strndup_copies_n_bytes_and_ends_them(void **state)
{
    char *s = mrs_strndup("recovery point", 8), *empty = mrs_strndup("x", 0);
    char *none = mrs_strndup(NULL, 0);

    (void)state;
    assert_string_equal(s, "recovery");
    assert_string_equal(empty, "");
    assert_string_equal(none, "");
    mrs_free(s);
    mrs_free(empty);
    mrs_free(none);
    assert_null(mrs_strndup("x", SIZE_MAX));
    failing_alloc_arm(0);
    assert_null(mrs_strndup("x", 1));
    failing_alloc_arm(SIZE_MAX);
    assert_int_equal(failing_alloc_live(), 0);
}

static void
wipe_overwrites_just_these_bytes(void **state)
{
    char s[] = "passphrase";

    (void)state;
    mrs_wipe(s, 4);
    assert_memory_equal(s, "\0\0\0\0phrase", sizeof s);
    mrs_wipe(s, 0);
    mrs_wipe(NULL, 0);
    assert_memory_equal(s, "\0\0\0\0phrase", sizeof s);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(alloc_gives_zeros),
        cmocka_unit_test(strndup_copies_n_bytes_and_ends_them),
        cmocka_unit_test(wipe_overwrites_just_these_bytes),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
