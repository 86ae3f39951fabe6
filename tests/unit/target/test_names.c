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
hostile_names_are_refused(void **state)
{
    static const char *const names[] = { "", ".", "..", "/", "a/b", "../x", "/etc/passwd" };
    mars_entry link = entry_of(MARS_ENTRY_SYMLINK, 0777);
    mars_entry e = entry_of(MARS_ENTRY_FILE, 0644);
    struct mrs_slice nul = { (const uint8_t *)"a\0b", 3 };
    struct mrs_target_found found;
    struct mrs_target_dir *d;
    char longer[256];
    mars_error err;

    (void)state;
    set_link(&link, "x");
    memset(longer, 'x', 256);
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        struct mrs_slice n = text_of(names[i]);

        assert_int_equal(mrs_target_enter(root, n, &d, &err), MARS_ERR_CORRUPT);
        assert_non_null(strstr(err.message, "name refused"));
        assert_int_equal(mrs_target_probe(root, n, &found, NULL), MARS_ERR_CORRUPT);
        assert_int_equal(restore_file(root, names[i], "x", &e, true), MARS_ERR_CORRUPT);
        assert_int_equal(mrs_target_make(root, &link, n, true, NULL), MARS_ERR_CORRUPT);
        assert_int_equal(mrs_target_link(root, n, root, text_of("y"), true, NULL),
                         MARS_ERR_CORRUPT);
        assert_int_equal(mrs_target_link(root, text_of("y"), root, n, true, NULL),
                         MARS_ERR_CORRUPT);
    }
    assert_int_equal(mrs_target_enter(root, nul, &d, NULL), MARS_ERR_CORRUPT);
    nul.p = (const uint8_t *)longer;
    nul.n = 256;
    assert_int_equal(mrs_target_enter(root, nul, &d, NULL), MARS_ERR_CORRUPT);
    nul.n = 255;
    assert_int_equal(mrs_target_enter(root, nul, &d, NULL), MARS_OK);
    mrs_target_dir_unref(d);
    assert_int_equal(count_temporary(""), 0);
}

static void
a_temporary_name_has_tag_run_and_chance(void **state)
{
    char a[MRS_TARGET_TEMP_LEN + 1];
    char b[MRS_TARGET_TEMP_LEN + 1];

    (void)state;
    assert_int_equal(mrs_target_temp_name(target, a, NULL), MARS_OK);
    assert_int_equal(mrs_target_temp_name(target, b, NULL), MARS_OK);
    assert_int_equal(strlen(a), 31);
    assert_memory_equal(a, ".mars-01020304-", 15);
    assert_memory_equal(a, b, 23);
    assert_string_not_equal(a, b);
}

static void
touch(const char *name)
{
    FILE *f = fopen(in_target(name), "w");

    assert_non_null(f);
    (void)fclose(f);
}

static void
leftovers_of_a_dead_run_are_removed(void **state)
{
    static const char *const kept[] = {
        ".mars-01020305-0123456789abcdef",  /* of another point */
        ".mars-01020304-0123456789abcdeg",  ".mars-01020304-0123456789abcde",
        ".mars-01020304-0123456789abcdef0", "x.mars-01020304-0123456789abcde",
    };

    (void)state;
    touch(".mars-01020304-0123456789abcdef");
    for (size_t i = 0; i < 5; i++)
        touch(kept[i]);
    assert_int_equal(mkdir(in_target(".mars-01020304-ffffffffffffffff"), 0700), 0);
    assert_int_equal(symlink("/", in_target(".mars-01020304-eeeeeeeeeeeeeeee")), 0);
    reopen_target(false, false);
    assert_int_equal(access(in_target(".mars-01020304-0123456789abcdef"), F_OK), -1);
    assert_int_equal(access(in_target(".mars-01020304-eeeeeeeeeeeeeeee"), F_OK), -1);
    assert_int_equal(access(in_target(".mars-01020304-ffffffffffffffff"), F_OK), 0);
    for (size_t i = 0; i < 5; i++)
        assert_int_equal(access(in_target(kept[i]), F_OK), 0);
}

static void
leftovers_below_are_removed_when_entered(void **state)
{
    struct mrs_target_dir *d;

    (void)state;
    assert_int_equal(mkdir(in_target("d"), 0755), 0);
    touch("d/.mars-01020304-0123456789abcdef");
    assert_int_equal(mrs_target_enter(root, text_of("d"), &d, NULL), MARS_OK);
    assert_int_equal(count_temporary("d"), 0);
    mrs_target_dir_unref(d);
}

static void
files_of_this_run_are_no_leftovers(void **state)
{
    mars_entry e = entry_of(MARS_ENTRY_FILE, 0644);
    struct mrs_target_file *f;
    struct mrs_target_dir *d;
    struct mrs_target_dir *again;

    (void)state;
    assert_int_equal(mrs_target_enter(root, text_of("d"), &d, NULL), MARS_OK);
    assert_int_equal(mrs_target_file_begin(d, 0, &f, NULL), MARS_OK);
    assert_int_equal(count_temporary("d"), 1);
    assert_int_equal(mrs_target_enter(root, text_of("d"), &again, NULL), MARS_OK);
    assert_int_equal(count_temporary("d"), 1);
    assert_int_equal(mrs_target_file_finish(f, &e, text_of("f"), false, NULL), MARS_OK);
    assert_int_equal(access(in_target("d/f"), F_OK), 0);
    mrs_target_dir_unref(again);
    mrs_target_dir_unref(d);
}

/* The copy's name, with the date and time made zeros. */
static void
copy_of(const char *name, char out[256])
{
    struct mrs_buf b = MRS_BUF_INIT(1000);
    char *at;

    assert_int_equal(mrs_target_copy_name(root, text_of(name), &b, NULL), MARS_OK);
    assert_in_range(b.len, 1, 255);
    memcpy(out, b.data, b.len);
    out[b.len] = '\0';
    mrs_buf_free(&b);
    at = strstr(out, " (restored 2");
    assert_non_null(at);
    assert_memory_equal(at + 11, target->stamp, 19);
    for (char *p = at + 11; p < at + 30; p++)
        *p = *p >= '0' && *p <= '9' ? '0' : *p;
}

static void
a_copy_gets_a_dated_name(void **state)
{
    char name[256];
    char path[300];

    (void)state;
    copy_of("report.txt", name);
    assert_string_equal(name, "report (restored 0000-00-00 00.00.00).txt");
    copy_of(".bashrc", name);
    assert_string_equal(name, ".bashrc (restored 0000-00-00 00.00.00)");
    copy_of("dot.", name);
    assert_string_equal(name, "dot. (restored 0000-00-00 00.00.00)");
    copy_of("x", name);
    assert_string_equal(name, "x (restored 0000-00-00 00.00.00)");
    (void)snprintf(path, sizeof path, "x (restored %s)", target->stamp);
    touch(path);
    copy_of("x", name);
    assert_string_equal(name, "x (restored 0000-00-00 00.00.00 2)");
}

static void
a_long_copy_name_is_cut_between_characters(void **state)
{
    char longer[256];
    char name[256];

    (void)state;
    longer[0] = 'a';
    for (size_t i = 1; i < 251; i += 2)
        memcpy(longer + i, "\xc3\xa4", 2);
    memcpy(longer + 251, ".txt", 5);
    copy_of(longer, name);
    assert_in_range(strlen(name), 254, 255);
    assert_non_null(strstr(name, "\xa4 (restored "));
    assert_string_equal(name + strlen(name) - 4, ".txt");
    memset(longer, 'e', 255);
    longer[3] = '.';
    longer[255] = '\0';
    copy_of(longer, name); /* no extension, that long */
    assert_int_equal(strlen(name), 255);
    assert_int_equal(name[254], ')');
}

int
main(void)
{
#define KIT(f) cmocka_unit_test_setup_teardown(f, kit_setup, kit_teardown)
    const struct CMUnitTest tests[] = {
        KIT(hostile_names_are_refused),
        KIT(a_temporary_name_has_tag_run_and_chance),
        KIT(leftovers_of_a_dead_run_are_removed),
        KIT(leftovers_below_are_removed_when_entered),
        KIT(files_of_this_run_are_no_leftovers),
        KIT(a_copy_gets_a_dated_name),
        KIT(a_long_copy_name_is_cut_between_characters),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
