#define _GNU_SOURCE
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "../platform/scratch.h"
#include "failing_alloc.h"
#include "kit.h"
#include "target/meta.h"

static void
expect_attr(const char *name, const char *attr, const void *value, size_t len)
{
    char have[256];

    assert_int_equal(getxattr(in_target(name), attr, have, sizeof have), len);
    assert_memory_equal(have, value, len);
}

static bool
acls_work(void)
{
    uint8_t acl[64];
    size_t n = acl_of(acl, 4, 4, 4, 0);

    scratch_write("probe", "", 0);
    if (setxattr(scratch_path("probe"), MRS_ACL_ACCESS_NAME, acl, n, 0) == 0)
        return true;
    printf("skipped: no ACLs here\n");
    return false;
}

static void
owner_acl_capability_mode_and_times_are_exact(void **state)
{
    static const uint8_t cap[20] = { 1, 0, 0, 2, 0, 4 }; /* cap_net_bind_service=ep */
    mars_entry e = entry_of(MARS_ENTRY_FILE, 06674);
    mars_attr a[4];
    struct stat st;
    uint8_t acl[64];
    size_t n = acl_of(acl, 7, 5, 7, 4);

    (void)state;
    if (geteuid() != 0) {
        printf("skipped: needs root\n");
        skip();
    }
    if (!acls_work())
        skip();
    a[0] = (mars_attr){ "security.capability", 19, cap, sizeof cap };
    a[1] = (mars_attr){ MRS_ACL_ACCESS_NAME, 23, acl, n };
    a[2] = (mars_attr){ "trusted.t", 9, "1", 1 };
    a[3] = (mars_attr){ "user.u", 6, "2", 1 };
    e.attrs = a;
    e.n_attrs = 4;
    e.uid = 12345;
    e.gid = 54321;
    assert_int_equal(restore_file(root, "f", "content", &e, false), MARS_OK);
    assert_string_equal(warnings, "");
    assert_int_equal(stat(in_target("f"), &st), 0);
    assert_int_equal(st.st_uid, 12345);
    assert_int_equal(st.st_gid, 54321);
    assert_int_equal(st.st_mode & 07777, 06674);
    assert_int_equal(st.st_mtim.tv_sec, 1000000000);
    assert_int_equal(st.st_mtim.tv_nsec, 123456789);
    expect_attr("f", "security.capability", cap, sizeof cap);
    expect_attr("f", MRS_ACL_ACCESS_NAME, acl, n);
    expect_attr("f", "trusted.t", "1", 1);
    expect_attr("f", "user.u", "2", 1);
}

static void
a_directory_gets_its_acls(void **state)
{
    mars_entry e = entry_of(MARS_ENTRY_DIRECTORY, 0775);
    mars_entry plain = entry_of(MARS_ENTRY_FILE, 0644);
    struct mrs_target_dir *d;
    struct attrs attrs;
    uint8_t acl[64];
    size_t n = acl_of(acl, 7, 7, 7, 5);

    (void)state;
    if (!acls_work())
        skip();
    acl[6] = 7; /* the owner's part */
    attrs = attr_of(MRS_ACL_DEFAULT_NAME, acl, n);
    assert_int_equal(mrs_target_enter(root, text_of("d"), &d, NULL), MARS_OK);
    assert_int_equal(mrs_target_dir_finish(d, with(&e, attrs), NULL), MARS_OK);
    expect_attr("d", MRS_ACL_DEFAULT_NAME, acl, n);
    /* A late file does not inherit what the directory has now. */
    assert_int_equal(restore_file(d, "f", "x", &plain, false), MARS_OK);
    assert_int_equal(getxattr(in_target("d/f"), MRS_ACL_ACCESS_NAME, NULL, 0), -1);
    attrs = attr_of(MRS_ACL_ACCESS_NAME, acl, n);
    assert_int_equal(mrs_target_dir_finish(d, with(&e, attrs), NULL), MARS_OK);
    assert_int_equal(getxattr(in_target("d"), MRS_ACL_DEFAULT_NAME, NULL, 0), -1);
    expect_attr("d", MRS_ACL_ACCESS_NAME, acl, n);
    assert_string_equal(warnings, "");
    mrs_target_dir_unref(d);
}

static int
lines(const char *s)
{
    int n = 0;

    for (; *s != '\0'; s++)
        n += *s == '\n';
    return n;
}

static void
an_ordinary_user_is_told_once_a_file(void **state)
{
    mars_entry e = entry_of(MARS_ENTRY_FILE, 06755);
    struct attrs attrs;
    struct stat st;

    (void)state;
    attrs = attrs_of((const char *const[]){ "trusted.a", "1", "trusted.b", "2", NULL });
    if (!scratch_be_nobody())
        skip();
    scratch_be_root();
    assert_int_equal(chown(in_target(""), 65534, 65534), 0);
    assert_true(scratch_be_nobody());
    assert_int_equal(restore_file(root, "f", "x", &e, false), MARS_OK);
    assert_int_equal(stat(in_target("f"), &st), 0);
    assert_int_equal(st.st_uid, 65534);
    assert_int_equal(st.st_mode & 07777, 0755); /* not root's, so not with root's rights */
    assert_int_equal(lines(warnings), 1);
    assert_memory_equal(warnings, "f: setting the owner", 20);
    warnings[0] = '\0';
    e.uid = e.gid = 65534;
    assert_int_equal(restore_file(root, "g", "x", with(&e, attrs), false), MARS_OK);
    assert_int_equal(stat(in_target("g"), &st), 0);
    assert_int_equal(st.st_mode & 07777, 06755);
    assert_int_equal(lines(warnings), 1);
    assert_non_null(strstr(warnings, "trusted.a"));
}

static void
no_owner_takes_the_set_id_bits_away(void **state)
{
    mars_entry e = entry_of(MARS_ENTRY_FILE, 06755);
    struct stat st;

    (void)state;
    reopen_target(true, false);
    e.uid = 4711;
    assert_int_equal(restore_file(root, "f", "x", &e, false), MARS_OK);
    assert_int_equal(stat(in_target("f"), &st), 0);
    assert_int_equal(st.st_uid, geteuid());
    assert_int_equal(st.st_mode & 07777, 02755);
    assert_string_equal(warnings, "");
}

static void
a_set_gid_file_keeps_its_bit_beside_an_acl(void **state)
{
    mars_entry e = entry_of(MARS_ENTRY_FILE, 02674);
    struct attrs attrs;
    struct stat st;
    uint8_t acl[64];
    size_t n = acl_of(acl, 7, 5, 7, 4);

    (void)state;
    if (!acls_work())
        skip();
    attrs = attr_of(MRS_ACL_ACCESS_NAME, acl, n);
    assert_int_equal(restore_file(root, "f", "x", with(&e, attrs), false), MARS_OK);
    assert_int_equal(stat(in_target("f"), &st), 0);
    assert_int_equal(st.st_mode & 07777, 02674);
    expect_attr("f", MRS_ACL_ACCESS_NAME, acl, n);
}

static void
no_acl_leaves_no_acl_and_no_wider_mode(void **state)
{
    mars_entry e = entry_of(MARS_ENTRY_FILE, 0674);
    struct attrs attrs;
    struct stat st;
    uint8_t acl[64];
    size_t n = acl_of(acl, 7, 4, 7, 4);

    (void)state;
    attrs = attr_of(MRS_ACL_ACCESS_NAME, acl, n);
    reopen_target(false, true);
    assert_int_equal(restore_file(root, "f", "x", with(&e, attrs), false), MARS_OK);
    assert_int_equal(stat(in_target("f"), &st), 0);
    assert_int_equal(st.st_mode & 07777, 0644); /* the group's own part, not the mask */
    assert_int_equal(getxattr(in_target("f"), MRS_ACL_ACCESS_NAME, NULL, 0), -1);
    assert_string_equal(warnings, "");
}

static void
a_refused_attribute_is_a_warning(void **state)
{
    mars_entry e = entry_of(MARS_ENTRY_FILE, 0644);
    struct attrs attrs;
    struct stat st;

    (void)state;
    attrs = attrs_of((const char *const[]){ "nonsense.x", "1", "user.u", "2", NULL });
    assert_int_equal(restore_file(root, "f", "x", with(&e, attrs), false), MARS_OK);
    assert_int_equal(stat(in_target("f"), &st), 0);
    assert_int_equal(lines(warnings), 1);
    assert_non_null(strstr(warnings, "nonsense.x"));
    if (getxattr(in_target("f"), "user.u", NULL, 0) < 0)
        assert_int_equal(errno, ENOTSUP);
    warnings[0] = '\0';
    e.mtime_ns = 2000000000;
    assert_int_equal(restore_file(root, "g", "x", &e, false), MARS_OK);
    assert_int_equal(lines(warnings), 1);
}

int
main(void)
{
#define KIT(f) cmocka_unit_test_setup_teardown(f, kit_setup, kit_teardown)
    const struct CMUnitTest tests[] = {
        KIT(owner_acl_capability_mode_and_times_are_exact),
        KIT(a_directory_gets_its_acls),
        KIT(an_ordinary_user_is_told_once_a_file),
        KIT(no_owner_takes_the_set_id_bits_away),
        KIT(a_set_gid_file_keeps_its_bit_beside_an_acl),
        KIT(no_acl_leaves_no_acl_and_no_wider_mode),
        KIT(a_refused_attribute_is_a_warning),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
