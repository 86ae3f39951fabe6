#define _GNU_SOURCE
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../platform/scratch.h"
#include "failing_alloc.h"
#include "kit.h"
#include "target/meta.h"

static void
expect_content(const char *name, const char *content)
{
    char text[64] = "";
    FILE *f = fopen(in_target(name), "r");

    assert_non_null(f);
    (void)!fread(text, 1, sizeof text - 1, f);
    (void)fclose(f);
    assert_string_equal(text, content);
}

static void
a_file_appears_complete_and_exact(void **state)
{
    mars_entry e = entry_of(MARS_ENTRY_FILE, 04751);
    struct mrs_target_file *f;
    struct stat st;

    (void)state;
    assert_int_equal(mrs_target_file_begin(root, 5, &f, NULL), MARS_OK);
    assert_int_equal(mrs_target_file_write(f, 0, "hello", 5, NULL), MARS_OK);
    assert_int_equal(count_temporary(""), 1);
    assert_int_equal(access(in_target("f"), F_OK), -1);
    assert_int_equal(mrs_target_file_finish(f, &e, text_of("f"), false, NULL), MARS_OK);
    assert_int_equal(count_temporary(""), 0);
    expect_content("f", "hello");
    assert_int_equal(stat(in_target("f"), &st), 0);
    assert_int_equal(st.st_mode & 07777, 04751);
    assert_int_equal(st.st_mtim.tv_sec, 1000000000);
    assert_int_equal(st.st_mtim.tv_nsec, 123456789);
    assert_string_equal(warnings, "");
}

static void
a_taken_name_is_not_overwritten_unasked(void **state)
{
    mars_entry e = entry_of(MARS_ENTRY_FILE, 0644);

    (void)state;
    assert_int_equal(restore_file(root, "f", "old", &e, false), MARS_OK);
    assert_int_equal(restore_file(root, "f", "new", &e, false), MARS_ERR_EXISTS);
    expect_content("f", "old");
    assert_int_equal(count_temporary(""), 0);
    assert_int_equal(restore_file(root, "f", "new", &e, true), MARS_OK);
    expect_content("f", "new");
}

static void
a_file_whose_name_is_taken_waits_for_another(void **state)
{
    mars_entry e = entry_of(MARS_ENTRY_FILE, 0640);
    struct mrs_target_file *f;
    struct stat st;

    (void)state;
    assert_int_equal(mrs_target_file_begin(root, 3, &f, NULL), MARS_OK);
    assert_int_equal(mrs_target_file_write(f, 0, "new", 3, NULL), MARS_OK);
    assert_int_equal(restore_file(root, "f", "old", &e, false), MARS_OK);
    assert_int_equal(mrs_target_file_finish(f, &e, text_of("f"), false, NULL),
                     MARS_ERR_EXISTS);
    assert_int_equal(count_temporary(""), 1);
    assert_int_equal(mrs_target_file_finish(f, &e, text_of("g"), false, NULL), MARS_OK);
    assert_int_equal(count_temporary(""), 0);
    expect_content("f", "old");
    expect_content("g", "new");
    assert_int_equal(stat(in_target("g"), &st), 0);
    assert_int_equal(st.st_mode & 07777, 0640);
    assert_int_equal(st.st_mtim.tv_nsec, 123456789);
}

/* The host program's umask takes bits away from what is made, not from what is restored. */
static void
the_mode_is_exact_whatever_the_umask(void **state)
{
    static const uint32_t modes[] = { 0600, 0644, 0400, 0777, 0 };
    mars_entry e;
    struct stat st;

    (void)state;
    for (unsigned mask = 0; mask <= 0777; mask += 0111) {
        mode_t was = umask(mask);

        for (size_t i = 0; i < sizeof modes / sizeof modes[0]; i++) {
            e = entry_of(MARS_ENTRY_FILE, modes[i]);
            assert_int_equal(restore_file(root, "f", "x", &e, true), MARS_OK);
            assert_int_equal(stat(in_target("f"), &st), 0);
            assert_int_equal(st.st_mode & 07777, modes[i]);
        }
        (void)umask(was);
    }
}

static void
a_file_of_nothing_but_a_hole_has_its_size(void **state)
{
    mars_entry e = entry_of(MARS_ENTRY_FILE, 0644);
    struct mrs_target_file *f;
    struct stat st;

    (void)state;
    assert_int_equal(mrs_target_file_begin(root, 1 << 20, &f, NULL), MARS_OK);
    assert_int_equal(mrs_target_file_finish(f, &e, text_of("f"), false, NULL), MARS_OK);
    assert_int_equal(stat(in_target("f"), &st), 0);
    assert_int_equal(st.st_size, 1 << 20);
    assert_int_equal(st.st_blocks, 0);
}

static void
a_directory_is_never_replaced(void **state)
{
    mars_entry e = entry_of(MARS_ENTRY_FILE, 0644);
    struct stat st;

    (void)state;
    assert_int_equal(mkdir(in_target("d"), 0700), 0);
    assert_int_equal(restore_file(root, "d", "x", &e, true), MARS_ERR_EXISTS);
    assert_int_equal(restore_file(root, "d", "x", &e, false), MARS_ERR_EXISTS);
    assert_int_equal(stat(in_target("d"), &st), 0);
    assert_true(S_ISDIR(st.st_mode));
    assert_int_equal(count_temporary(""), 0);
}

static void
a_link_in_the_way_is_replaced_not_followed(void **state)
{
    mars_entry e = entry_of(MARS_ENTRY_FILE, 0644);
    struct stat st;

    (void)state;
    scratch_write("victim", "precious", 8);
    assert_int_equal(symlink(scratch_path("victim"), in_target("f")), 0);
    assert_int_equal(restore_file(root, "f", "x", &e, false), MARS_ERR_EXISTS);
    assert_int_equal(restore_file(root, "f", "x", &e, true), MARS_OK);
    assert_int_equal(lstat(in_target("f"), &st), 0);
    assert_true(S_ISREG(st.st_mode));
    assert_int_equal(stat(scratch_path("victim"), &st), 0);
    assert_int_equal(st.st_size, 8);
}

static void
an_abandoned_file_is_gone(void **state)
{
    struct mrs_target_file *f;

    (void)state;
    assert_int_equal(mrs_target_file_begin(root, 1 << 20, &f, NULL), MARS_OK);
    assert_int_equal(count_temporary(""), 1);
    mrs_target_file_abandon(f);
    assert_int_equal(count_temporary(""), 0);
    mrs_target_file_abandon(NULL);
    assert_int_not_equal(mrs_target_file_begin(root, UINT64_MAX, &f, NULL), MARS_OK);
    assert_null(f);
    assert_int_equal(count_temporary(""), 0);
}

static void
data_behind_the_end_is_refused(void **state)
{
    struct mrs_target_file *f;

    (void)state;
    assert_int_equal(mrs_target_file_begin(root, 4, &f, NULL), MARS_OK);
    assert_int_equal(mrs_target_file_write(f, 0, "12345", 5, NULL), MARS_ERR_CORRUPT);
    assert_int_equal(mrs_target_file_write(f, 5, "", 0, NULL), MARS_ERR_CORRUPT);
    assert_int_equal(mrs_target_file_write(f, UINT64_MAX, "1", 1, NULL), MARS_ERR_CORRUPT);
    assert_int_equal(mrs_target_file_write(f, 3, "1", 1, NULL), MARS_OK);
    mrs_target_file_abandon(f);
}

static void
holes_stay_holes(void **state)
{
    mars_entry e = entry_of(MARS_ENTRY_FILE, 0644);
    struct mrs_target_file *f;
    struct stat st;

    (void)state;
    assert_int_equal(mrs_target_file_begin(root, 64 << 20, &f, NULL), MARS_OK);
    assert_int_equal(mrs_target_file_write(f, 32 << 20, "x", 1, NULL), MARS_OK);
    assert_int_equal(mrs_target_file_finish(f, &e, text_of("f"), false, NULL), MARS_OK);
    assert_int_equal(stat(in_target("f"), &st), 0);
    assert_int_equal(st.st_size, 64 << 20);
    assert_in_range(st.st_blocks, 0, 2048);
}

static void
pieces_may_come_in_any_order(void **state)
{
    mars_entry e = entry_of(MARS_ENTRY_FILE, 0644);
    struct mrs_target_file *f;

    (void)state;
    assert_int_equal(mrs_target_file_begin(root, 6, &f, NULL), MARS_OK);
    assert_int_equal(mrs_target_file_write(f, 4, "ef", 2, NULL), MARS_OK);
    assert_int_equal(mrs_target_file_write(f, 0, "ab", 2, NULL), MARS_OK);
    assert_int_equal(mrs_target_file_write(f, 2, "cd", 2, NULL), MARS_OK);
    assert_int_equal(mrs_target_file_finish(f, &e, text_of("f"), false, NULL), MARS_OK);
    expect_content("f", "abcdef");
}

int
main(void)
{
#define KIT(f) cmocka_unit_test_setup_teardown(f, kit_setup, kit_teardown)
    const struct CMUnitTest tests[] = {
        KIT(a_file_appears_complete_and_exact),
        KIT(a_taken_name_is_not_overwritten_unasked),
        KIT(a_file_whose_name_is_taken_waits_for_another),
        KIT(the_mode_is_exact_whatever_the_umask),
        KIT(a_file_of_nothing_but_a_hole_has_its_size),
        KIT(a_directory_is_never_replaced),
        KIT(a_link_in_the_way_is_replaced_not_followed),
        KIT(an_abandoned_file_is_gone),
        KIT(data_behind_the_end_is_refused),
        KIT(holes_stay_holes),
        KIT(pieces_may_come_in_any_order),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
