#define _GNU_SOURCE
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <grp.h>
#include <pwd.h>
#include <string.h>

#include "failing_alloc.h"
#include "platform/tree.h"

static void
owners_have_the_names_that_the_system_knows(void **state)
{
    const struct passwd *pw = getpwuid(0);
    const struct group *gr = getgrgid(0);
    char name[64];
    char three[3];

    (void)state;
    if (pw == NULL || gr == NULL)
        skip();
    mrs_tree_owner_name(0, false, name, sizeof name);
    assert_string_equal(name, pw->pw_name);
    mrs_tree_owner_name(0, true, name, sizeof name);
    assert_string_equal(name, gr->gr_name);
    mrs_tree_owner_name(0, false, three, sizeof three);
    assert_int_equal(strlen(three), strlen(pw->pw_name) < 2 ? strlen(pw->pw_name) : 2);
    assert_memory_equal(three, pw->pw_name, strlen(three));
    mrs_tree_owner_name(0, false, NULL, 0);
}

static void
unknown_and_impossible_owners_have_no_name(void **state)
{
    static const uint64_t ids[] = { 3999999999u, UINT32_MAX, 1ull << 32, UINT64_MAX };
    char name[64];

    (void)state;
    for (size_t i = 0; i < sizeof ids / sizeof ids[0]; i++) {
        memset(name, 'x', sizeof name);
        mrs_tree_owner_name(ids[i], i % 2 != 0, name, sizeof name);
        assert_string_equal(name, "");
    }
    failing_alloc_arm(0);
    mrs_tree_owner_name(0, false, name, sizeof name);
    failing_alloc_arm(SIZE_MAX);
    assert_string_equal(name, "");
    assert_int_equal(failing_alloc_live(), 0);
}

static void
file_systems_have_names(void **state)
{
    struct mrs_tree_dir *dir;
    char name[32];

    (void)state;
    assert_int_equal(mrs_tree_open_root(&dir, "/proc", NULL), MARS_OK);
    mrs_tree_fs_name(dir, name, sizeof name);
    assert_string_equal(name, "proc");
    mrs_tree_fs_name(dir, name, 3);
    assert_string_equal(name, "pr");
    mrs_tree_fs_name(dir, NULL, 0);
    mrs_tree_dir_close(dir);
    assert_int_equal(mrs_tree_open_root(&dir, "/sys", NULL), MARS_OK);
    mrs_tree_fs_name(dir, name, sizeof name);
    assert_string_equal(name, "sysfs");
    mrs_tree_dir_close(dir);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(owners_have_the_names_that_the_system_knows),
        cmocka_unit_test(unknown_and_impossible_owners_have_no_name),
        cmocka_unit_test(file_systems_have_names),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
