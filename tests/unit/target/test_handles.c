#define _GNU_SOURCE
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../platform/scratch.h"
#include "failing_alloc.h"
#include "kit.h"
#include "target/meta.h"

enum { DEEP = 2500 };

static mars_status
restore_chain(struct mrs_target_dir **dirs)
{
    mars_entry dir = entry_of(MARS_ENTRY_DIRECTORY, 0755);
    mars_entry file = entry_of(MARS_ENTRY_FILE, 0644);
    mars_status st = MARS_OK;

    for (int i = 0; st == MARS_OK && i < DEEP; i++)
        st = mrs_target_enter(i > 0 ? dirs[i - 1] : root, text_of("d"), &dirs[i], NULL);
    /* To and fro, so that closed ones are opened again. */
    for (int i = 0; st == MARS_OK && i < DEEP; i += 100)
        st = restore_file(dirs[i * 7 % DEEP], "f", "content", &file, true);
    if (st == MARS_OK)
        st = mrs_target_link(dirs[0], text_of("f"), dirs[DEEP - 1], text_of("l"), true, NULL);
    for (int i = DEEP - 1; st == MARS_OK && i >= 0; i--)
        st = mrs_target_dir_finish(dirs[i], &dir, NULL);
    return st;
}

static void
a_deep_chain_needs_few_handles(void **state)
{
    struct mrs_target_dir **dirs = calloc(DEEP, sizeof *dirs);
    struct mrs_buf path = MRS_BUF_INIT(1 << 20);
    struct mrs_target_found found;
    struct rlimit was;
    struct rlimit few;
    mars_status st;

    (void)state;
    assert_non_null(dirs);
    assert_int_equal(getrlimit(RLIMIT_NOFILE, &was), 0);
    few = was;
    few.rlim_cur = 90;
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &few), 0);
    st = restore_chain(dirs);
    few.rlim_cur = was.rlim_max; /* what removes the chain needs one a level */
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &few), 0);
    assert_int_equal(st, MARS_OK);
    assert_in_range(target->n_open, 1, MRS_TARGET_OPEN_MAX);
    assert_int_equal(mrs_target_probe(dirs[DEEP - 1], text_of("l"), &found, NULL), MARS_OK);
    assert_true(found.exists && found.stat.nlink == 2);
    assert_int_equal(mrs_target_path(dirs[DEEP - 1], text_of("l"), &path, NULL), MARS_OK);
    assert_int_equal(path.len, 2 * DEEP + 1);
    assert_memory_equal(path.data, "d/d/d/", 6);
    mrs_buf_free(&path);
    for (int i = 0; i < DEEP; i++)
        mrs_target_dir_unref(dirs[i]);
    free(dirs);
}

/* Enter so many other directories that `d` is closed. */
static void
push_out(struct mrs_target_dir *d)
{
    struct mrs_target_dir *others[MRS_TARGET_OPEN_MAX];
    char name[16];

    for (int i = 0; i < MRS_TARGET_OPEN_MAX; i++) {
        (void)snprintf(name, sizeof name, "%d", i);
        assert_int_equal(mrs_target_enter(root, text_of(name), &others[i], NULL), MARS_OK);
    }
    assert_null(d->handle);
    for (int i = 0; i < MRS_TARGET_OPEN_MAX; i++)
        mrs_target_dir_unref(others[i]);
}

static void
a_replaced_directory_is_not_written_to(void **state)
{
    mars_entry file = entry_of(MARS_ENTRY_FILE, 0644);
    struct mrs_target_file *f;
    struct mrs_target_dir *d;
    mars_error err;

    (void)state;
    assert_int_equal(mkdir(scratch_path("outside"), 0755), 0);
    assert_int_equal(mrs_target_enter(root, text_of("d"), &d, NULL), MARS_OK);
    push_out(d);
    assert_int_equal(rename(in_target("d"), in_target("was")), 0);
    assert_int_equal(symlink(scratch_path("outside"), in_target("d")), 0);
    assert_int_equal(mrs_target_file_begin(d, 1, &f, &err), MARS_ERR_EXISTS);
    assert_non_null(strstr(err.message, "replaced"));
    assert_int_equal(mrs_target_dir_finish(d, &file, NULL), MARS_ERR_EXISTS);
    assert_int_equal(unlink(in_target("d")), 0);
    assert_int_equal(mkdir(in_target("d"), 0755), 0); /* another one */
    assert_int_equal(mrs_target_file_begin(d, 1, &f, NULL), MARS_ERR_EXISTS);
    assert_int_equal(rmdir(in_target("d")), 0);
    assert_int_equal(mrs_target_file_begin(d, 1, &f, NULL), MARS_ERR_NOT_FOUND);
    assert_int_equal(rename(in_target("was"), in_target("d")), 0);
    assert_int_equal(restore_file(d, "f", "x", &file, false), MARS_OK);
    assert_int_equal(access(in_target("d/f"), F_OK), 0);
    assert_int_equal(rmdir(scratch_path("outside")), 0); /* it is empty */
    mrs_target_dir_unref(d);
}

enum { THREADS = 4, ROUNDS = 10, WIDE = 3 * MRS_TARGET_OPEN_MAX / 2 };

struct writer {
    struct mrs_thread *thread;
    struct mrs_target_dir **dirs;
    int nth;
    int failed;
};

/* Through more directories than are open at once, others than the other threads' first. */
static void
write_everywhere(void *arg)
{
    mars_entry file = entry_of(MARS_ENTRY_FILE, 0644);
    struct writer *w = arg;
    char name[16];

    (void)snprintf(name, sizeof name, "f%d", w->nth);
    for (int i = 0; i < ROUNDS; i++)
        for (int k = 0; k < WIDE; k += 7) {
            struct mrs_target_dir *d = w->dirs[(k + i + w->nth * WIDE / THREADS) % WIDE];

            w->failed += restore_file(d, name, "x", &file, true) != MARS_OK;
        }
}

static void
threads_share_the_handles(void **state)
{
    struct mrs_target_dir *dirs[WIDE];
    struct writer w[THREADS];
    char name[16];

    (void)state;
    for (int i = 0; i < WIDE; i++) {
        (void)snprintf(name, sizeof name, "%d", i);
        assert_int_equal(mrs_target_enter(root, text_of(name), &dirs[i], NULL), MARS_OK);
    }
    for (int i = 0; i < THREADS; i++) {
        w[i] = (struct writer){ .dirs = dirs, .nth = i };
        assert_int_equal(mrs_thread_start(&w[i].thread, write_everywhere, &w[i], NULL), MARS_OK);
    }
    for (int i = 0; i < THREADS; i++) {
        mrs_thread_join(w[i].thread);
        assert_int_equal(w[i].failed, 0);
    }
    assert_in_range(target->n_open, 1, MRS_TARGET_OPEN_MAX + THREADS);
    for (int i = 0; i < WIDE; i++) {
        assert_int_equal(dirs[i]->pins, 0);
        (void)snprintf(name, sizeof name, "%d", i);
        assert_int_equal(count_temporary(name), 0);
        mrs_target_dir_unref(dirs[i]);
    }
    assert_string_equal(warnings, "");
}

int
main(void)
{
#define KIT(f) cmocka_unit_test_setup_teardown(f, kit_setup, kit_teardown)
    const struct CMUnitTest tests[] = {
        KIT(a_deep_chain_needs_few_handles),
        KIT(a_replaced_directory_is_not_written_to),
        KIT(threads_share_the_handles),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
