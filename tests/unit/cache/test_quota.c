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
#include <time.h>
#include <unistd.h>

#include "base/alloc.h"
#include "cache/cache_int.h"
#include "failing_alloc.h"
#include "platform/file.h"
#include "tmpdir.h"

static const uint8_t KEY[MRS_CACHE_KEY_SIZE] = { 0x4b };
static const uint8_t DOMAIN[16] = { 0xab, 1, 2, 3 };
static const uint8_t ITEM[16] = { 1 };
#define HEX "ab010203000000000000000000000000"

enum { FILE_SIZE = 100 << 10, WHOLE = FILE_SIZE + MRS_CACHE_TAG_SIZE };

struct room {
    char dir[TMPDIR_PATH_MAX];
    struct mrs_cache *cache;
};

static int
set_up(void **state)
{
    static struct room r;

    tmpdir_make(r.dir);
    assert_int_equal(mrs_cache_open(&r.cache, r.dir, DOMAIN, KEY, NULL), MARS_OK);
    *state = &r;
    return 0;
}

static int
tear_down(void **state)
{
    struct room *r = *state;

    mrs_cache_close(r->cache);
    tmpdir_remove(r->dir);
    assert_int_equal(failing_alloc_live(), 0);
    return 0;
}

static const char *
name_of(int i)
{
    static char name[80];

    (void)snprintf(name, sizeof name, "index/%064x", i);
    return name;
}

static mars_status
put(const struct room *r, int i)
{
    static const uint8_t zeros[FILE_SIZE];

    return mrs_cache_put(r->cache, name_of(i), zeros, sizeof zeros, NULL);
}

static bool
has(const struct room *r, int i)
{
    struct mrs_buf b = MRS_BUF_INIT(FILE_SIZE);
    mars_status st = mrs_cache_get(r->cache, name_of(i), &b, NULL);

    mrs_buf_free(&b);
    assert_true(st == MARS_OK || st == MARS_ERR_NOT_FOUND);
    return st == MARS_OK;
}

static struct mrs_cache_use
use(const struct room *r)
{
    struct mrs_cache_use u;

    assert_int_equal(mrs_cache_count(r->cache, &u, NULL), MARS_OK);
    return u;
}

static void
set_age(const struct room *r, const char *name, int hours)
{
    struct timespec t[2];
    char path[TMPDIR_PATH_MAX + 200];

    (void)snprintf(path, sizeof path, "%s/" HEX "/%s", r->dir, name);
    assert_int_equal(clock_gettime(CLOCK_REALTIME, &t[0]), 0);
    t[0].tv_sec -= hours * 3600;
    t[1] = t[0];
    assert_int_equal(utimensat(AT_FDCWD, path, t, 0), 0);
}

static void
age_copy(const struct room *r, int i, int hours)
{
    char name[100];

    (void)snprintf(name, sizeof name, "objects/%s", name_of(i));
    set_age(r, name, hours);
}

static void
what_is_kept_is_counted_by_kind(void **state)
{
    static const uint8_t id[32] = { 5 };
    const struct room *r = *state;
    struct mrs_journal *j = NULL;
    struct mrs_cache_use u = use(r);
    char *run = mrs_cache_path(r->cache, MRS_CACHE_RUNS, "0123456789abcdef.run");
    uint64_t free_bytes = 0;

    assert_int_equal(u.files, 0);
    assert_int_equal(put(r, 1), MARS_OK);
    assert_int_equal(mrs_cache_put_tree(r->cache, id, "tree", 4, NULL), MARS_OK);
    assert_int_equal(mrs_file_replace(run, "0123456", 7, NULL), MARS_OK);
    assert_int_equal(mrs_journal_open(&j, r->cache, ITEM, NULL), MARS_OK);
    assert_int_equal(mrs_journal_begin(j, ITEM, 1, NULL), MARS_OK);
    mrs_journal_close(j);
    u = use(r);
    assert_int_equal(u.copies, WHOLE);
    assert_true(u.trees > 4 && u.journals > 0);
    assert_int_equal(u.runs, 7);
    assert_int_equal(u.files, 4);
    assert_int_equal(u.bytes, u.copies + u.trees + u.runs + u.journals);
    assert_int_equal(mrs_cache_free_space(r->cache, &free_bytes, NULL), MARS_OK);
    assert_true(free_bytes > 0);
    mrs_free(run);
}

static void
what_was_not_used_for_longest_goes_first(void **state)
{
    const struct room *r = *state;

    for (int i = 0; i < 9; i++) {
        assert_int_equal(put(r, i), MARS_OK);
        age_copy(r, i, 100 - i);
    }
    assert_true(has(r, 0)); /* and is young again */
    mrs_cache_set_quota(r->cache, 1 << 20);
    assert_int_equal(put(r, 9), MARS_OK);
    assert_int_equal(put(r, 10), MARS_OK);
    assert_true(use(r).bytes <= 1 << 20);
    assert_true(has(r, 0) && has(r, 9) && has(r, 10) && has(r, 8));
    assert_false(has(r, 1));
    assert_false(has(r, 2));
}

static void
copies_go_before_trees_and_trees_before_runs_and_journals_stay(void **state)
{
    static const uint8_t id[32] = { 5 };
    static const uint8_t zeros[FILE_SIZE];
    const struct room *r = *state;
    char *run = mrs_cache_path(r->cache, MRS_CACHE_RUNS, "0123456789abcdef.run");
    struct mrs_journal *j = NULL;
    struct mrs_cache_use u;

    assert_int_equal(mrs_journal_open(&j, r->cache, ITEM, NULL), MARS_OK);
    assert_int_equal(mrs_journal_begin(j, ITEM, 1, NULL), MARS_OK);
    for (int i = 0; i < 4; i++)
        assert_int_equal(put(r, i), MARS_OK);
    assert_int_equal(mrs_cache_put_tree(r->cache, id, zeros, sizeof zeros, NULL), MARS_OK);
    assert_int_equal(mrs_file_replace(run, zeros, sizeof zeros, NULL), MARS_OK);
    set_age(r, "runs/0123456789abcdef.run", 1000);
    mrs_cache_set_quota(r->cache, 3 * FILE_SIZE);
    assert_true(mrs_cache_admit(r->cache, 1000));
    u = use(r);
    assert_true(u.copies == 0 && u.trees > 0 && u.runs > 0 && u.journals > 0);
    mrs_cache_set_quota(r->cache, 2 * FILE_SIZE);
    assert_true(mrs_cache_admit(r->cache, 1000));
    u = use(r);
    assert_true(u.trees == 0 && u.runs > 0 && u.journals > 0);
    mrs_cache_set_quota(r->cache, FILE_SIZE);
    assert_true(mrs_cache_admit(r->cache, 1000));
    u = use(r);
    assert_true(u.runs == 0 && u.journals > 0);
    mrs_journal_close(j);
    mrs_free(run);
}

/* Nor is a copy that is larger than the quota, and nothing goes for it. */
static void
where_nothing_can_go_nothing_is_kept(void **state)
{
    const struct room *r = *state;
    struct mrs_journal *j = NULL;

    assert_int_equal(mrs_journal_open(&j, r->cache, ITEM, NULL), MARS_OK);
    assert_int_equal(mrs_journal_begin(j, ITEM, 1, NULL), MARS_OK);
    mrs_cache_set_quota(r->cache, 50);
    assert_false(mrs_cache_admit(r->cache, 10));
    assert_false(mrs_cache_admit(r->cache, 10));
    mrs_cache_set_quota(r->cache, WHOLE + 1000);
    assert_int_equal(put(r, 1), MARS_OK);
    mrs_cache_set_quota(r->cache, WHOLE - 1);
    assert_int_equal(put(r, 2), MARS_ERR_QUOTA);
    assert_true(has(r, 1));
    mrs_cache_set_quota(r->cache, 0);
    assert_int_equal(put(r, 2), MARS_OK);
    assert_int_equal(use(r).copies, 2 * WHOLE);
    mrs_journal_close(j);
}

/* A file of n bytes in the making; its path for mrs_free. */
static char *
write_tmp(const struct room *r, size_t n)
{
    static const uint8_t zeros[8 * FILE_SIZE];
    char *path = NULL;

    assert_int_equal(mrs_cache_tmp_path(r->cache, &path, NULL), MARS_OK);
    assert_int_equal(mrs_file_replace(path, zeros, n, NULL), MARS_OK);
    return path;
}

static void
what_is_written_already_counts_once(void **state)
{
    const struct room *r = *state;
    char *path = write_tmp(r, 3 * FILE_SIZE);

    for (int i = 0; i < 4; i++)
        assert_int_equal(put(r, i), MARS_OK);
    mrs_cache_set_quota(r->cache, 8 * FILE_SIZE);
    assert_true(mrs_cache_admit_file(r->cache, 3 * FILE_SIZE, path));
    assert_int_equal(use(r).copies, 4 * WHOLE);
    mrs_free(path);
}

static void
nothing_goes_where_that_would_not_be_enough(void **state)
{
    const struct room *r = *state;
    char *path = write_tmp(r, 5 * FILE_SIZE);

    for (int i = 0; i < 3; i++)
        assert_int_equal(put(r, i), MARS_OK);
    mrs_cache_set_quota(r->cache, 10 * FILE_SIZE);
    assert_false(mrs_cache_admit(r->cache, 6 * FILE_SIZE));
    assert_int_equal(use(r).copies, 3 * WHOLE);
    mrs_cache_set_quota(r->cache, 11 * FILE_SIZE);
    assert_true(mrs_cache_admit(r->cache, 6 * FILE_SIZE));
    assert_int_equal(use(r).copies, 0);
    mrs_free(path);
}

/* Two handles fill one directory, as two processes do. */
static void
two_that_fill_one_cache_stay_near_its_quota(void **state)
{
    const struct room *r = *state;
    struct room second = *r;

    assert_int_equal(mrs_cache_open(&second.cache, r->dir, DOMAIN, KEY, NULL), MARS_OK);
    mrs_cache_set_quota(r->cache, 2 << 20);
    mrs_cache_set_quota(second.cache, 2 << 20);
    for (int i = 0; i < 100; i++) {
        (void)put(r, 2 * i);
        (void)put(&second, 2 * i + 1);
        assert_in_range(use(r).bytes, 0, (2 << 20) + (2 << 20) / 4);
    }
    assert_true(has(r, 198) && has(r, 199));
    mrs_cache_close(second.cache);
}

static void
clearing_leaves_journals_and_what_is_not_ours(void **state)
{
    static const uint8_t id[32] = { 5 };
    const struct room *r = *state;
    struct mrs_journal_left left;
    struct mrs_journal *j = NULL;
    char stranger[TMPDIR_PATH_MAX + 100], link[TMPDIR_PATH_MAX + 100];
    char notes[TMPDIR_PATH_MAX + 100];
    struct mrs_file_info info;

    assert_int_equal(put(r, 1), MARS_OK);
    assert_int_equal(mrs_cache_put_tree(r->cache, id, "tree", 4, NULL), MARS_OK);
    assert_int_equal(mrs_journal_open(&j, r->cache, ITEM, NULL), MARS_OK);
    assert_int_equal(mrs_journal_begin(j, ITEM, 1, NULL), MARS_OK);
    (void)snprintf(stranger, sizeof stranger, "%s/0123456789abcdef", r->dir);
    (void)snprintf(link, sizeof link, "%s/" HEX "/objects/link", r->dir);
    assert_int_equal(mrs_file_replace(stranger, "mine", 4, NULL), MARS_OK);
    assert_int_equal(symlink(r->dir, link), 0);
    (void)snprintf(notes, sizeof notes, "%s/" HEX "/objects/notes.txt", r->dir);
    assert_int_equal(mrs_file_replace(notes, "mine", 4, NULL), MARS_OK);
    assert_int_equal(mrs_cache_clear(r->cache, NULL), MARS_OK);
    assert_int_equal(mrs_file_stat(stranger, &info, NULL), MARS_OK);
    assert_int_equal(mrs_file_stat(notes, &info, NULL), MARS_OK);
    assert_int_equal(mrs_file_delete(link, NULL), MARS_OK);
    assert_int_equal(use(r).files, 1);
    assert_int_equal(mrs_journal_read(j, &left, NULL), MARS_OK);
    assert_true(left.any);
    mrs_journal_close(j);
    assert_int_equal(put(r, 1), MARS_OK);
    assert_true(has(r, 1));
}

static void
making_room_survives_every_failing_allocation(void **state)
{
    const struct room *r = *state;
    size_t before = failing_alloc_live();
    bool fits = false;

    for (int i = 0; i < 5; i++)
        assert_int_equal(put(r, i), MARS_OK);
    for (size_t n = 0; !fits; n++) {
        assert_in_range(n, 0, 200);
        mrs_cache_set_quota(r->cache, 3 * WHOLE + n);
        failing_alloc_arm(n);
        fits = mrs_cache_admit(r->cache, WHOLE);
        failing_alloc_arm(SIZE_MAX);
        assert_int_equal(failing_alloc_live(), before);
    }
    assert_true(use(r).bytes <= 2 * WHOLE + 200);
}

#define IN_ROOM(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int
main(void)
{
    const struct CMUnitTest tests[] = {
        IN_ROOM(what_is_kept_is_counted_by_kind),
        IN_ROOM(what_was_not_used_for_longest_goes_first),
        IN_ROOM(copies_go_before_trees_and_trees_before_runs_and_journals_stay),
        IN_ROOM(where_nothing_can_go_nothing_is_kept),
        IN_ROOM(what_is_written_already_counts_once),
        IN_ROOM(nothing_goes_where_that_would_not_be_enough),
        IN_ROOM(two_that_fill_one_cache_stay_near_its_quota),
        IN_ROOM(clearing_leaves_journals_and_what_is_not_ours),
        IN_ROOM(making_room_survives_every_failing_allocation),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
