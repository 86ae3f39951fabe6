/* Listing a store on disk that has many directories. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "failing_alloc.h"
#include "platform/file.h"
#include "store/store.h"
#include "tmpdir.h"

enum { DIRS = 24, EACH = 132, ALL = DIRS * EACH, PATH_SIZE = TMPDIR_PATH_MAX + 64 };

static _Thread_local bool is_callers_thread;

struct fixture {
    struct mrs_store *s;
    char dir[TMPDIR_PATH_MAX];
};

/* Half of them lie deeper: those directories are found by threads. */
static const char *
name_of(int i, char name[64])
{
    int d = i % DIRS;

    (void)snprintf(name, 64, d % 2 == 0 ? "all/d%02d/o%03d" : "all/d%02d/a/b/o%03d", d, i / DIRS);
    return name;
}

static void
make_dir(const struct fixture *f, const char *name)
{
    char path[PATH_SIZE];

    (void)snprintf(path, sizeof path, "%s/%s", f->dir, name);
    assert_int_equal(mrs_dir_make(path, NULL), MARS_OK);
}

static void
make_dirs(const struct fixture *f)
{
    static const char *const parts[] = { "", "/a", "/a/b" };

    make_dir(f, "all");
    for (int d = 0; d < DIRS; d++)
        for (size_t i = 0; i < (d % 2 == 0 ? 1 : 3); i++) {
            char name[64];

            (void)snprintf(name, sizeof name, "all/d%02d%s", d, parts[i]);
            make_dir(f, name);
        }
}

static int
setup(void **state)
{
    struct fixture *f = calloc(1, sizeof *f);
    char url[TMPDIR_PATH_MAX + 8];

    assert_non_null(f);
    tmpdir_make(f->dir);
    (void)snprintf(url, sizeof url, "file://%s", f->dir);
    assert_int_equal(mrs_store_open(&f->s, url, 1, NULL, NULL), MARS_OK);
    make_dirs(f);
    for (int i = 0; i < ALL; i++) {
        char path[PATH_SIZE], name[64];
        FILE *file;

        (void)snprintf(path, sizeof path, "%s/%s", f->dir, name_of(i, name));
        file = fopen(path, "wb");
        assert_non_null(file);
        assert_true(fprintf(file, "%d", i) > 0);
        assert_int_equal(fclose(file), 0);
    }
    is_callers_thread = true;
    *state = f;
    return 0;
}

static int
teardown(void **state)
{
    struct fixture *f = *state;

    mrs_store_close(f->s);
    tmpdir_remove(f->dir);
    assert_int_equal(failing_alloc_live(), 0);
    free(f);
    return 0;
}

/* What was listed. */
struct seen {
    const struct fixture *f;
    enum mrs_list_what what;
    int n;
    int wrong;
    int stop_at;          /* the call that fails; -1: none */
    uint8_t times[ALL];
};

static int
number_of(const char *name)
{
    const char *o = strrchr(name, '/');
    int d, n;

    if (o == NULL || sscanf(name, "all/d%2d", &d) != 1 || sscanf(o, "/o%3d", &n) != 1)
        return -1;
    return n * DIRS + d;
}

static mars_status
look(void *user, const struct mrs_object_info *info, mars_error *err)
{
    struct seen *s = user;
    int i = number_of(info->name);
    char want[64], text[16];
    bool is_right = is_callers_thread && i >= 0 && i < ALL &&
                    strcmp(info->name, name_of(i, want)) == 0;

    if (is_right && s->what == MRS_LIST_INFO)
        is_right = info->size == (uint64_t)snprintf(text, sizeof text, "%d", i) &&
                   info->mtime.s > 0;
    s->wrong += !is_right;
    if (is_right)
        s->times[i]++;
    if (s->n++ != s->stop_at)
        return MARS_OK;
    err->status = MARS_ERR_NOT_FOUND;
    (void)snprintf(err->message, sizeof err->message, "enough");
    return MARS_ERR_NOT_FOUND;
}

static struct seen *
list(struct fixture *f, enum mrs_list_what what, int stop_at, mars_status *st, mars_error *err)
{
    struct seen *s = calloc(1, sizeof *s);

    assert_non_null(s);
    s->f = f;
    s->what = what;
    s->stop_at = stop_at;
    *st = mrs_store_list(f->s, "all/", what, look, s, err);
    assert_int_equal(s->wrong, 0);
    return s;
}

static void
every_object_comes_once_on_the_callers_thread(void **state)
{
    static const enum mrs_list_what whats[] = { MRS_LIST_NAMES, MRS_LIST_INFO };
    mars_status st;
    mars_error err;

    for (size_t w = 0; w < 2; w++) {
        struct seen *s = list(*state, whats[w], -1, &st, &err);

        assert_int_equal(st, MARS_OK);
        assert_int_equal(s->n, ALL);
        for (int i = 0; i < ALL; i++)
            assert_int_equal(s->times[i], 1);
        free(s);
    }
}

static void
a_caller_that_fails_is_not_called_again(void **state)
{
    static const int at[] = { 0, 1, 127, 128, 129, 131, 132, ALL / 2, ALL - 1 };
    mars_status st;
    mars_error err;

    for (size_t i = 0; i < sizeof at / sizeof at[0]; i++) {
        struct seen *s = list(*state, MRS_LIST_NAMES, at[i], &st, &err);

        assert_int_equal(st, MARS_ERR_NOT_FOUND);
        assert_string_equal(err.message, "enough");
        assert_int_equal(s->n, at[i] + 1);
        free(s);
    }
}

/* Where there is no memory for a thread there are fewer of them, or none; the list is never shorter
 * without saying so. */
static void
list_with_failures(struct fixture *f, void (*arm)(size_t))
{
    size_t live = failing_alloc_live();
    bool all = false;

    for (size_t n = 0; !all; n += n < 60 ? 1 : 13) {
        mars_status st;
        mars_error err;
        struct seen *s;

        arm(n);
        s = list(f, MRS_LIST_INFO, -1, &st, &err);
        all = !failing_alloc_hit();
        failing_alloc_arm(SIZE_MAX);
        if (all || st == MARS_OK)
            assert_int_equal(s->n, ALL);
        else
            assert_int_equal(st, MARS_ERR_NOMEM);
        assert_int_equal(failing_alloc_live(), live);
        free(s);
    }
}

static void
it_survives_every_failing_allocation(void **state)
{
    list_with_failures(*state, failing_alloc_arm);
    list_with_failures(*state, failing_alloc_arm_once);
}

static mars_status
look_and_remove(void *user, const struct mrs_object_info *info, mars_error *err)
{
    struct seen *s = user;
    char path[PATH_SIZE], name[64];

    for (int i = 0; s->n == 0 && i < ALL; i += 3) {
        (void)snprintf(path, sizeof path, "%s/%s", s->f->dir, name_of(i, name));
        s->wrong += mrs_file_delete(path, NULL) != MARS_OK;
    }
    return look(user, info, err);
}

static void
what_vanishes_meanwhile_is_passed_over(void **state)
{
    struct seen *s = calloc(1, sizeof *s);
    mars_error err;

    assert_non_null(s);
    s->f = *state;
    s->what = MRS_LIST_INFO;
    s->stop_at = -1;
    assert_int_equal(mrs_store_list(s->f->s, "all/", s->what, look_and_remove, s, &err), MARS_OK);
    assert_int_equal(s->wrong, 0);
    for (int i = 0; i < ALL; i++)
        assert_true(s->times[i] == 1 || (i % 3 == 0 && s->times[i] == 0));
    free(s);
}

int
main(void)
{
    /* One store for all: many small files cost their time. The last one removes some. */
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_object_comes_once_on_the_callers_thread),
        cmocka_unit_test(a_caller_that_fails_is_not_called_again),
        cmocka_unit_test(it_survives_every_failing_allocation),
        cmocka_unit_test(what_vanishes_meanwhile_is_passed_over),
    };

    return cmocka_run_group_tests_name("store listing", tests, setup, teardown);
}
