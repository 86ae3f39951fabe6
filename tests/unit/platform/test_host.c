#define _GNU_SOURCE
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <unistd.h>

#include "platform/host.h"

static void
the_host_name_is_cut_to_its_room(void **state)
{
    char real[256];
    char name[256];
    char two[2];
    mars_error err;

    (void)state;
    assert_int_equal(gethostname(real, sizeof real), 0);
    assert_int_equal(mrs_host_name(name, sizeof name, NULL), MARS_OK);
    assert_string_equal(name, real);
    assert_int_equal(mrs_host_name(two, sizeof two, NULL), MARS_OK);
    assert_int_equal(two[0], real[0]);
    assert_int_equal(two[1], '\0');
    assert_int_equal(mrs_host_name(name, 0, &err), MARS_ERR_INVALID_ARG);
    assert_string_equal(mrs_host_os(), "linux");
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_host_name_is_cut_to_its_room),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
