#define _GNU_SOURCE
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "../platform/scratch.h"
#include "failing_alloc.h"
#include "kit.h"
#include "target/meta.h"

static bool
same(const char *name, const mars_entry *e)
{
    bool is;

    assert_int_equal(mrs_target_same_meta(root, text_of(name), e, &is, NULL), MARS_OK);
    return is;
}

static void
what_is_there_is_told(void **state)
{
    struct mrs_target_found found;

    (void)state;
    assert_int_equal(mrs_target_probe(root, text_of("x"), &found, NULL), MARS_OK);
    assert_false(found.exists);
    assert_int_equal(symlink("y", in_target("x")), 0);
    assert_int_equal(mrs_target_probe(root, text_of("x"), &found, NULL), MARS_OK);
    assert_true(found.exists);
    assert_int_equal(found.stat.kind, MRS_TREE_SYMLINK);
}

static void
what_was_restored_is_the_same(void **state)
{
    mars_entry e = entry_of(MARS_ENTRY_FILE, 06751);
    mars_entry dir = entry_of(MARS_ENTRY_DIRECTORY, 0755);
    struct mrs_target_dir *d;
    struct attrs attrs;
    struct attrs acl_set;
    uint8_t acl[64];
    size_t n = acl_of(acl, 7, 4, 5, 1);

    (void)state;
    attrs = attrs_of((const char *const[]){ "user.a", "1", "user.ab", "", NULL });
    acl_set = attr_of(MRS_ACL_ACCESS_NAME, acl, n);
    assert_int_equal(restore_file(root, "f", "x", with(&e, attrs), false), MARS_OK);
    assert_true(warnings[0] != '\0' || same("f", with(&e, attrs)));
    assert_int_equal(mrs_target_enter(root, text_of("d"), &d, NULL), MARS_OK);
    assert_int_equal(mrs_target_dir_finish(d, &dir, NULL), MARS_OK);
    assert_true(same("d", &dir));
    mrs_target_dir_unref(d);
    /* Also where something was left out on purpose. */
    reopen_target(true, true);
    e.uid = e.gid = 4711;
    assert_int_equal(restore_file(root, "g", "x", with(&e, acl_set), false), MARS_OK);
    assert_true(same("g", with(&e, acl_set)));
    assert_false(same("g", &e)); /* that mode would be another */
}

static void
every_difference_is_seen(void **state)
{
    mars_entry e = entry_of(MARS_ENTRY_FILE, 0644);
    mars_entry other = e;
    struct attrs attrs;
    bool is;

    (void)state;
    assert_int_equal(restore_file(root, "f", "x", &e, false), MARS_OK);
    assert_true(same("f", &e));
    other.mode = 0645;
    assert_false(same("f", &other));
    other = e;
    other.uid++;
    assert_false(same("f", &other));
    other = e;
    other.gid++;
    assert_false(same("f", &other));
    other = e;
    other.mtime_ns++;
    assert_false(same("f", &other));
    other = e;
    other.mtime--;
    assert_false(same("f", &other));
    other = e;
    other.type = MARS_ENTRY_DIRECTORY;
    assert_false(same("f", &other));
    attrs = attrs_of((const char *const[]){ "user.a", "1", NULL });
    assert_false(same("f", with(&e, attrs)));
    if (setxattr(in_target("f"), "user.a", "1", 1, 0) == 0) {
        assert_true(same("f", with(&e, attrs)));
        assert_false(same("f", &e));
        attrs = attrs_of((const char *const[]){ "user.a", "2", NULL });
        assert_false(same("f", with(&e, attrs)));
        attrs = attrs_of((const char *const[]){ "user.a", "1", "user.b", "1", NULL });
        assert_false(same("f", with(&e, attrs)));
    }
    assert_int_equal(mrs_target_same_meta(root, text_of("g"), &e, &is, NULL),
                     MARS_ERR_NOT_FOUND);
    assert_false(is);
}

static void
links_and_devices_are_compared(void **state)
{
    mars_entry link = entry_of(MARS_ENTRY_SYMLINK, 0700);
    mars_entry dev = entry_of(MARS_ENTRY_BLOCKDEV, 0600);

    (void)state;
    set_link(&link, "there");
    assert_int_equal(mrs_target_make(root, &link, text_of("l"), false, NULL), MARS_OK);
    assert_true(same("l", &link));
    set_link(&link, "therE");
    assert_false(same("l", &link));
    set_link(&link, "ther");
    assert_false(same("l", &link));
    dev.device_major = 7;
    dev.device_minor = 200;
    if (mrs_target_make(root, &dev, text_of("b"), false, NULL) != MARS_OK)
        return; /* needs root */
    assert_true(same("b", &dev));
    dev.device_minor = 201;
    assert_false(same("b", &dev));
}

static void
what_is_there_can_be_read(void **state)
{
    mars_entry e = entry_of(MARS_ENTRY_FILE, 0644);
    struct mrs_tree_file *f;
    char text[8];
    size_t got;

    (void)state;
    assert_int_equal(restore_file(root, "f", "abc", &e, false), MARS_OK);
    assert_int_equal(mrs_target_existing(root, text_of("f"), &f, NULL), MARS_OK);
    assert_int_equal(mrs_tree_file_read(f, 0, text, sizeof text, &got, NULL), MARS_OK);
    assert_int_equal(got, 3);
    mrs_tree_file_close(f);
    assert_int_equal(symlink("f", in_target("l")), 0);
    assert_int_equal(mrs_target_existing(root, text_of("l"), &f, NULL), MARS_ERR_STATE);
    assert_int_equal(mrs_target_existing(root, text_of("x"), &f, NULL), MARS_ERR_NOT_FOUND);
    assert_null(f);
}

int
main(void)
{
#define KIT(f) cmocka_unit_test_setup_teardown(f, kit_setup, kit_teardown)
    const struct CMUnitTest tests[] = {
        KIT(what_is_there_is_told),
        KIT(what_was_restored_is_the_same),
        KIT(every_difference_is_seen),
        KIT(links_and_devices_are_compared),
        KIT(what_is_there_can_be_read),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
