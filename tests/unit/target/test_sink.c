/* The file tree as a sink: names in the way, second names, and what is told of them. */
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

static mars_sink sink;

static mars_entry
at(const char *path, uint32_t type, uint64_t size)
{
    mars_entry e = entry_of(type, type == MARS_ENTRY_DIRECTORY ? 0755 : 0644);

    e.struct_size = sizeof e;
    e.path = path;
    e.path_len = strlen(path);
    e.size = size;
    return e;
}

static void
open_with(enum mrs_conflict conflict)
{
    reopen_target_for(conflict);
    mrs_target_sink(target, &sink);
}

static mars_sink_state
state_of(void *node)
{
    mars_sink_state s = { .struct_size = sizeof s };

    sink.state(sink.user, node, &s);
    return s;
}

static void *
begin(void *parent, const char *path, uint32_t type, uint64_t size)
{
    mars_entry e = at(path, type, size);
    void *node = NULL;

    assert_int_equal(sink.begin(sink.user, parent, &e, &node, NULL), MARS_OK);
    assert_non_null(node);
    return node;
}

static mars_status
put(void *node, const char *text)
{
    return sink.write(sink.user, node, 0, text, strlen(text), NULL);
}

static uint32_t
finish(void *node)
{
    uint32_t state;

    assert_int_equal(sink.end(sink.user, node, MARS_OK, NULL), MARS_OK);
    state = state_of(node).state;
    sink.release(sink.user, node);
    return state;
}

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
put_there(const char *name, const char *content)
{
    char path[64];

    (void)snprintf(path, sizeof path, "to/%s", name);
    scratch_write(path, content, strlen(content));
}

static void
entries_land_under_their_whole_paths(void **state)
{
    struct stat st;
    void *d, *f;

    (void)state;
    open_with(MRS_CONFLICT_COPY);
    f = begin(NULL, "/above/file", MARS_ENTRY_FILE, 2);
    assert_int_equal(put(f, "ab"), MARS_OK);
    d = begin(NULL, "/x/y", MARS_ENTRY_DIRECTORY, 0);
    assert_int_equal(finish(f), MARS_SINK_TAKEN);
    f = begin(d, "/x/y/empty", MARS_ENTRY_FILE, 0);
    assert_int_equal(finish(f), MARS_SINK_TAKEN);
    assert_int_equal(finish(d), MARS_SINK_TAKEN);
    expect_content("above/file", "ab");
    expect_content("x/y/empty", "");
    assert_int_equal(stat(in_target("x/y"), &st), 0);
    assert_int_equal(st.st_mtim.tv_sec, 1000000000);
    d = begin(NULL, "/", MARS_ENTRY_DIRECTORY, 0);
    assert_int_equal(finish(d), MARS_SINK_PRESENT_ALONE);
    assert_int_equal(count_temporary(""), 0);
}

static void
hostile_paths_are_refused(void **state)
{
    static const char *const paths[] = { "/a/../b", "/..", "//a", "/./a", "/a/." };

    (void)state;
    open_with(MRS_CONFLICT_OVERWRITE);
    for (size_t i = 0; i < sizeof paths / sizeof paths[0]; i++) {
        mars_entry e = at(paths[i], MARS_ENTRY_DIRECTORY, 0);
        void *node = NULL;

        assert_int_equal(sink.begin(sink.user, NULL, &e, &node, NULL), MARS_ERR_CORRUPT);
        assert_null(node);
    }
}

static void
what_is_in_the_way_is_kept_replaced_or_left(void **state)
{
    mars_sink_state s;
    void *f;

    (void)state;
    put_there("f.txt", "mine");
    open_with(MRS_CONFLICT_SKIP);
    f = begin(NULL, "/f.txt", MARS_ENTRY_FILE, 3);
    assert_int_equal(state_of(f).state, MARS_SINK_SKIPPED);
    assert_int_equal(finish(f), MARS_SINK_SKIPPED);
    open_with(MRS_CONFLICT_COPY);
    f = begin(NULL, "/f.txt", MARS_ENTRY_FILE, 3);
    assert_int_equal(put(f, "new"), MARS_OK);
    assert_int_equal(sink.end(sink.user, f, MARS_OK, NULL), MARS_OK);
    s = state_of(f);
    assert_int_equal(s.state, MARS_SINK_TAKEN);
    assert_memory_equal(s.path, "/f (restored 2", 14);
    assert_int_equal(s.path_len, strlen(s.path));
    expect_content(s.path + 1, "new");
    sink.release(sink.user, f);
    expect_content("f.txt", "mine");
    open_with(MRS_CONFLICT_OVERWRITE);
    f = begin(NULL, "/f.txt", MARS_ENTRY_FILE, 3);
    assert_int_equal(put(f, "new"), MARS_OK);
    assert_int_equal(finish(f), MARS_SINK_TAKEN);
    expect_content("f.txt", "new");
}

/* The directory is the run's own, so nobody looked. */
static void
a_name_that_is_taken_meanwhile_is_in_the_way_too(void **state)
{
    static const enum mrs_conflict choices[] = { MRS_CONFLICT_SKIP, MRS_CONFLICT_COPY,
                                                 MRS_CONFLICT_OVERWRITE };
    static const char *const left[] = { "mine", "mine", "new" };

    (void)state;
    for (size_t i = 0; i < 3; i++) {
        char dir[8], path[16];
        void *d, *f;

        (void)snprintf(dir, sizeof dir, "/d%zu", i);
        (void)snprintf(path, sizeof path, "%s/f", dir);
        open_with(choices[i]);
        d = begin(NULL, dir, MARS_ENTRY_DIRECTORY, 0);
        f = begin(d, path, MARS_ENTRY_FILE, 3);
        assert_int_equal(put(f, "new"), MARS_OK);
        put_there(path + 1, "mine");
        assert_int_equal(finish(f), i == 0 ? MARS_SINK_SKIPPED : MARS_SINK_TAKEN);
        assert_int_equal(finish(d), MARS_SINK_TAKEN);
        expect_content(path + 1, left[i]);
        assert_int_equal(count_temporary(dir + 1), 0);
    }
}

static void
what_is_there_is_compared(void **state)
{
    void *f;

    (void)state;
    open_with(MRS_CONFLICT_COPY);
    f = begin(NULL, "/f", MARS_ENTRY_FILE, 3);
    assert_int_equal(put(f, "abc"), MARS_OK);
    assert_int_equal(finish(f), MARS_SINK_TAKEN);
    kit_same = true;
    f = begin(NULL, "/f", MARS_ENTRY_FILE, 3);
    assert_int_equal(finish(f), MARS_SINK_PRESENT);
    assert_int_equal(chmod(in_target("f"), 0600), 0);
    f = begin(NULL, "/f", MARS_ENTRY_FILE, 3);
    assert_int_equal(finish(f), MARS_SINK_PRESENT_ALONE);
    open_with(MRS_CONFLICT_OVERWRITE); /* who also wants the mode as it was */
    f = begin(NULL, "/f", MARS_ENTRY_FILE, 3);
    assert_int_equal(state_of(f).state, MARS_SINK_TAKEN);
    assert_int_equal(put(f, "abc"), MARS_OK);
    assert_int_equal(finish(f), MARS_SINK_TAKEN);
    f = begin(NULL, "/f", MARS_ENTRY_FILE, 4);
    assert_int_equal(state_of(f).state, MARS_SINK_TAKEN);
    assert_int_equal(sink.end(sink.user, f, MARS_ERR_CANCELLED, NULL), MARS_OK);
    sink.release(sink.user, f);
    expect_content("f", "abc");
}

static void
second_names_are_links_to_wherever_the_first_is(void **state)
{
    struct stat a, b;
    void *f, *g;

    (void)state;
    put_there("f", "mine");
    open_with(MRS_CONFLICT_COPY);
    f = begin(NULL, "/f", MARS_ENTRY_FILE, 3);
    g = begin(NULL, "/sub/g", MARS_ENTRY_FILE, 3);
    assert_int_equal(put(f, "new"), MARS_OK);
    assert_int_equal(sink.end(sink.user, f, MARS_OK, NULL), MARS_OK);
    assert_int_equal(sink.link(sink.user, g, f, NULL), MARS_OK);
    assert_int_equal(finish(g), MARS_SINK_TAKEN);
    assert_int_equal(stat(in_target(state_of(f).path + 1), &a), 0);
    assert_int_equal(stat(in_target("sub/g"), &b), 0);
    assert_int_equal(a.st_ino, b.st_ino);
    sink.release(sink.user, f);
}

/* Thousands may have begun, and have no file open. */
static void
nothing_is_made_before_something_is_written(void **state)
{
    void *f[100];

    (void)state;
    open_with(MRS_CONFLICT_COPY);
    for (int i = 0; i < 100; i++) {
        char path[16];

        (void)snprintf(path, sizeof path, "/f%d", i);
        f[i] = begin(NULL, path, MARS_ENTRY_FILE, 1);
    }
    assert_int_equal(count_temporary(""), 0);
    assert_int_equal(put(f[7], "x"), MARS_OK);
    assert_int_equal(count_temporary(""), 1);
    for (int i = 0; i < 100; i++) {
        assert_int_equal(sink.end(sink.user, f[i], MARS_ERR_CORRUPT, NULL), MARS_OK);
        sink.release(sink.user, f[i]);
    }
    assert_int_equal(count_temporary(""), 0);
    assert_int_equal(access(in_target("f7"), F_OK), -1);
}

/* Every step of a file beside one that has its name; what fails leaves nothing. */
static mars_status
go_through(void)
{
    mars_entry dir = at("/d/e", MARS_ENTRY_DIRECTORY, 0), file = at("/d/e/f", MARS_ENTRY_FILE, 3);
    const char *pairs[] = { "user.a", "1", NULL };
    const mars_entry *e = with(&file, attrs_of(pairs));
    void *d = NULL, *f = NULL;
    mars_status st = sink.begin(sink.user, NULL, &dir, &d, NULL), ended;

    if (st != MARS_OK)
        return st;
    st = sink.begin(sink.user, d, e, &f, NULL);
    if (st == MARS_OK) {
        st = put(f, "new");
        ended = sink.end(sink.user, f, st, NULL);
        st = st == MARS_OK ? ended : st;
        sink.release(sink.user, f);
    }
    ended = sink.end(sink.user, d, MARS_OK, NULL);
    sink.release(sink.user, d);
    return st == MARS_OK ? ended : st;
}

static void
it_survives_every_oom(void **state)
{
    mars_status st = MARS_ERR_NOMEM;
    size_t n;

    (void)state;
    assert_int_equal(mkdir(in_target("d"), 0755), 0);
    assert_int_equal(mkdir(in_target("d/e"), 0755), 0);
    put_there("d/e/f", "mine");
    open_with(MRS_CONFLICT_COPY);
    for (n = 0; st != MARS_OK; n++) {
        size_t live = failing_alloc_live();

        assert_in_range(n, 0, 200);
        failing_alloc_arm(n);
        st = go_through();
        failing_alloc_arm(SIZE_MAX);
        assert_true(st == MARS_OK || st == MARS_ERR_NOMEM);
        assert_int_equal(failing_alloc_live(), live);
        assert_int_equal(count_temporary("d/e"), 0);
    }
    assert_true(n > 8);
    expect_content("d/e/f", "mine");
}

int
main(void)
{
#define KIT(f) cmocka_unit_test_setup_teardown(f, kit_setup, kit_teardown)
    const struct CMUnitTest tests[] = {
        KIT(entries_land_under_their_whole_paths),
        KIT(hostile_paths_are_refused),
        KIT(what_is_in_the_way_is_kept_replaced_or_left),
        KIT(a_name_that_is_taken_meanwhile_is_in_the_way_too),
        KIT(what_is_there_is_compared),
        KIT(second_names_are_links_to_wherever_the_first_is),
        KIT(nothing_is_made_before_something_is_written),
        KIT(it_survives_every_oom),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
