#define _GNU_SOURCE
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <string.h>

#include "../platform/scratch.h"
#include "failing_alloc.h"
#include "kit.h"
#include "target/meta.h"

static const struct mrs_slice none = { NULL, 0 };

static void
set_id_bits_need_their_owner(void **state)
{
    mars_entry e = entry_of(MARS_ENTRY_FILE, 0107777);

    (void)state;
    assert_int_equal(mrs_target_mode(&e, true, true, none), 07777);
    assert_int_equal(mrs_target_mode(&e, false, true, none), 03777);
    assert_int_equal(mrs_target_mode(&e, true, false, none), 05777);
    assert_int_equal(mrs_target_mode(&e, false, false, none), 01777);
}

static void
an_acl_that_is_left_out_narrows_the_group(void **state)
{
    mars_entry e = entry_of(MARS_ENTRY_FILE, 0670);
    struct mrs_slice acl;
    uint8_t bytes[64];

    (void)state;
    acl.p = bytes;
    acl.n = acl_of(bytes, 7, 5, 6, 0);
    assert_int_equal(mrs_target_mode(&e, true, true, acl), 0640);
    acl = text_of("rubbish");
    assert_int_equal(mrs_target_mode(&e, true, true, acl), 0600);
}

static void
acls_count_unless_they_are_left_out(void **state)
{
    struct mrs_target_options opts;

    (void)state;
    memset(&opts, 0, sizeof opts);
    assert_true(mrs_target_attr_counts(&opts, MRS_ACL_ACCESS_NAME, 23));
    opts.no_acl = true;
    assert_false(mrs_target_attr_counts(&opts, MRS_ACL_ACCESS_NAME, 23));
    assert_false(mrs_target_attr_counts(&opts, MRS_ACL_DEFAULT_NAME, 24));
    assert_true(mrs_target_attr_counts(&opts, "system.posix", 12));
    assert_true(mrs_target_attr_counts(&opts, "user.x", 6));
}

int
main(void)
{
#define KIT(f) cmocka_unit_test_setup_teardown(f, kit_setup, kit_teardown)
    const struct CMUnitTest tests[] = {
        KIT(set_id_bits_need_their_owner),
        KIT(an_acl_that_is_left_out_narrows_the_group),
        KIT(acls_count_unless_they_are_left_out),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
