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

static const struct mrs_slice none = { NULL, 0 };

static void
a_target_is_made_with_all_above_it(void **state)
{
    struct mrs_target_options opts;
    struct mrs_target *t;
    struct stat st;

    (void)state;
    memset(&opts, 0, sizeof opts);
    assert_int_equal(mrs_target_open(&t, scratch_path("new/a/b"), &opts, NULL), MARS_OK);
    mrs_target_close(t);
    mrs_target_close(NULL);
    assert_int_equal(stat(scratch_path("new/a/b"), &st), 0);
    assert_true(S_ISDIR(st.st_mode));
}

static void
a_target_that_is_a_file_is_refused(void **state)
{
    struct mrs_target_options opts;
    struct mrs_target *t;
    size_t live = failing_alloc_live();

    (void)state;
    memset(&opts, 0, sizeof opts);
    scratch_write("f", "", 0);
    assert_int_equal(mrs_target_open(&t, scratch_path("f"), &opts, NULL), MARS_ERR_STATE);
    assert_null(t);
    assert_int_equal(failing_alloc_live(), live);
}

static void
expect_path(struct mrs_target_dir *d, struct mrs_slice name, const char *want)
{
    struct mrs_buf b = MRS_BUF_INIT(1000);

    assert_int_equal(mrs_buf_append(&b, "at ", 3, NULL), MARS_OK);
    assert_int_equal(mrs_target_path(d, name, &b, NULL), MARS_OK);
    assert_int_equal(b.len, strlen(want));
    assert_memory_equal(b.data, want, b.len);
    mrs_buf_free(&b);
}

static void
paths_are_below_the_target(void **state)
{
    struct mrs_target_dir *a;
    struct mrs_target_dir *b;

    (void)state;
    assert_int_equal(mrs_target_enter(root, text_of("a"), &a, NULL), MARS_OK);
    assert_int_equal(mrs_target_enter(a, text_of("bb"), &b, NULL), MARS_OK);
    mrs_target_dir_unref(a); /* b holds it */
    expect_path(root, none, "at .");
    expect_path(root, text_of("f"), "at f");
    expect_path(b, none, "at a/bb");
    expect_path(b, text_of("f"), "at a/bb/f");
    mrs_target_dir_ref(b);
    mrs_target_dir_unref(b);
    expect_path(b, none, "at a/bb");
    mrs_target_dir_unref(b);
}

/* "/" as a target: other file systems are in it wherever one is mounted. */
static void
every_file_system_that_is_entered_is_flushed(void **state)
{
    struct mrs_target_options opts;
    struct mrs_target_dir *d, *next;
    struct mrs_target *t;
    struct stat top, dev;

    (void)state;
    if (stat("/", &top) != 0 || stat("/dev", &dev) != 0 || top.st_dev == dev.st_dev)
        skip();
    memset(&opts, 0, sizeof opts);
    memcpy(opts.tag, "no others have it", 16);
    assert_int_equal(mrs_target_open(&t, "/", &opts, NULL), MARS_OK);
    assert_int_equal(t->n_fs, 1);
    d = mrs_target_root(t);
    assert_int_equal(mrs_target_enter(d, text_of("tmp"), &next, NULL), MARS_OK);
    mrs_target_dir_unref(next);
    assert_int_equal(mrs_target_enter(d, text_of("dev"), &next, NULL), MARS_OK);
    mrs_target_dir_unref(next); /* its handle stays for the flush */
    mrs_target_dir_unref(d);
    assert_int_equal(t->fs[0].id, t->root->fs_id);
    assert_true(t->n_fs >= 2 && t->fs[t->n_fs - 1].id != t->root->fs_id);
    assert_int_equal(mrs_target_flush(t, NULL), MARS_OK);
    mrs_target_close(t);
}

static void
a_file_system_beyond_the_bound_is_flushed_with_its_directories(void **state)
{
    mars_entry e = entry_of(MARS_ENTRY_DIRECTORY, 0755);
    struct mrs_target_dir *d;

    (void)state;
    target->fs[0].id++; /* another one, and no room */
    for (; target->n_fs < MRS_TARGET_FS_MAX; target->n_fs++) {
        target->fs[target->n_fs].id = target->fs[0].id;
        target->fs[target->n_fs].handle = mrs_tree_dir_share(target->fs[0].handle);
    }
    assert_int_equal(mrs_target_enter(root, text_of("d"), &d, NULL), MARS_OK);
    assert_int_equal(target->n_fs, MRS_TARGET_FS_MAX);
    assert_true(d->flush_now);
    assert_int_equal(mrs_target_dir_finish(d, &e, NULL), MARS_OK);
    mrs_target_dir_unref(d);
    assert_int_equal(mrs_target_flush(target, NULL), MARS_OK);
}

struct worker {
    struct mrs_thread *thread;
    int number;
    mars_status st;
};

/* Each makes directories below one that all share, more than there are handles. */
static void
work(void *arg)
{
    mars_entry file = entry_of(MARS_ENTRY_FILE, 0644);
    mars_entry dir = entry_of(MARS_ENTRY_DIRECTORY, 0755);
    struct worker *w = arg;
    struct mrs_target_dir *dirs[50];
    struct mrs_target_dir *shared;
    char name[32];
    int n = 0;

    w->st = mrs_target_enter(root, text_of("shared"), &shared, NULL);
    for (; w->st == MARS_OK && n < 50; n++) {
        (void)snprintf(name, sizeof name, "%d-%d", w->number, n);
        w->st = mrs_target_enter(shared, text_of(name), &dirs[n], NULL);
    }
    for (int i = 0; w->st == MARS_OK && i < 200; i++) {
        (void)snprintf(name, sizeof name, "f%d", i);
        w->st = restore_file(dirs[i % 50], name, "some content", &file, false);
    }
    for (int i = 0; w->st == MARS_OK && i < 50; i++)
        w->st = mrs_target_dir_finish(dirs[i], &dir, NULL);
    while (n > 0)
        mrs_target_dir_unref(dirs[--n]);
    mrs_target_dir_unref(shared);
}

static void
many_threads_restore_at_once(void **state)
{
    struct worker workers[4];

    (void)state;
    for (int i = 0; i < 4; i++) {
        workers[i].number = i;
        assert_int_equal(mrs_thread_start(&workers[i].thread, work, &workers[i], NULL), MARS_OK);
    }
    for (int i = 0; i < 4; i++) {
        mrs_thread_join(workers[i].thread);
        assert_int_equal(workers[i].st, MARS_OK);
    }
    assert_int_equal(target->n_open, 0);
    assert_int_equal(access(in_target("shared/3-49/f199"), F_OK), 0);
    assert_string_equal(warnings, "");
}

/* A link, a second name, a comparison and a copy's name in the target that is open. */
static mars_status
do_the_rest(struct attrs attrs)
{
    mars_entry file = entry_of(MARS_ENTRY_FILE, 0644);
    mars_entry link = entry_of(MARS_ENTRY_SYMLINK, 0777);
    struct mrs_buf b = MRS_BUF_INIT(1000);
    mars_status st = restore_file(root, "f", "x", with(&file, attrs), true);
    bool same;

    set_link(&link, "x");
    if (st == MARS_OK)
        st = mrs_target_make(root, &link, text_of("l"), true, NULL);
    if (st == MARS_OK)
        st = mrs_target_same_meta(root, text_of("l"), &link, &same, NULL);
    if (st == MARS_OK)
        st = mrs_target_link(root, text_of("f"), root, text_of("g"), true, NULL);
    if (st == MARS_OK)
        st = mrs_target_same_meta(root, text_of("g"), with(&file, attrs), &same, NULL);
    if (st == MARS_OK)
        st = mrs_target_copy_name(root, text_of("f"), &b, NULL);
    mrs_buf_free(&b);
    return st;
}

static void
all_else_survives_every_oom(void **state)
{
    struct attrs attrs;
    size_t live;
    mars_status st = MARS_ERR_NOMEM;
    size_t n;

    (void)state;
    attrs = attrs_of((const char *const[]){ "user.a", "1", "user.b", "2", NULL });
    live = failing_alloc_live();
    for (n = 0; st != MARS_OK; n++) {
        assert_in_range(n, 0, 200);
        failing_alloc_arm(n);
        st = do_the_rest(attrs);
        failing_alloc_arm(SIZE_MAX);
        assert_true(st == MARS_OK || st == MARS_ERR_NOMEM);
        assert_int_equal(failing_alloc_live(), live);
        assert_int_equal(count_temporary(""), 0);
    }
    assert_true(n > 6);
}

int
main(void)
{
#define KIT(f) cmocka_unit_test_setup_teardown(f, kit_setup, kit_teardown)
    const struct CMUnitTest tests[] = {
        KIT(a_target_is_made_with_all_above_it),
        KIT(a_target_that_is_a_file_is_refused),
        KIT(paths_are_below_the_target),
        KIT(every_file_system_that_is_entered_is_flushed),
        KIT(a_file_system_beyond_the_bound_is_flushed_with_its_directories),
        KIT(many_threads_restore_at_once),
        KIT(all_else_survives_every_oom),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
