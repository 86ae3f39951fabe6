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

#include "base/alloc.h"
#include "cache/cache_int.h"
#include "failing_alloc.h"
#include "platform/file.h"
#include "tmpdir.h"

static const uint8_t KEY[MRS_CACHE_KEY_SIZE] = { 0x4b };
static const uint8_t DOMAIN[16] = { 0xab, 1, 2, 3 };
static const uint8_t ITEM[16] = { 1 };
#define HEX "ab010203000000000000000000000000"

static const char NAME[] = "ledger/0000000000000001";
static const uint8_t TREE[32] = { 5, 6 };
static const uint8_t SESSION[16] = { 9 };

/* In place of the system's: what was flushed, by inode. */
static ino_t flushed[256];
static size_t n_flushed;

int
fsync(int fd)
{
    struct stat st;

    if (fstat(fd, &st) == 0 && n_flushed < sizeof flushed / sizeof flushed[0])
        flushed[n_flushed++] = st.st_ino;
    return 0;
}

static bool
was_flushed(const char *file)
{
    struct stat st;

    assert_int_equal(stat(file, &st), 0);
    for (size_t i = 0; i < n_flushed; i++)
        if (flushed[i] == st.st_ino)
            return true;
    return false;
}

struct room {
    char top[TMPDIR_PATH_MAX];
    char from[TMPDIR_PATH_MAX + 16];
    char to[TMPDIR_PATH_MAX + 16];
    struct mrs_cache *cache;
};

static int
set_up(void **state)
{
    static struct room r;

    tmpdir_make(r.top);
    (void)snprintf(r.from, sizeof r.from, "%s/from", r.top);
    (void)snprintf(r.to, sizeof r.to, "%s/to", r.top);
    assert_int_equal(mrs_cache_open(&r.cache, r.from, DOMAIN, KEY, NULL), MARS_OK);
    *state = &r;
    return 0;
}

static int
tear_down(void **state)
{
    struct room *r = *state;

    mrs_cache_close(r->cache);
    tmpdir_remove(r->top);
    assert_int_equal(failing_alloc_live(), 0);
    return 0;
}

static const char *
path(const char *dir, const char *name)
{
    static char text[TMPDIR_PATH_MAX + 200];

    (void)snprintf(text, sizeof text, "%s/" HEX "/%s", dir, name);
    return text;
}

static void
fill(const struct room *r)
{
    struct mrs_journal *j = NULL;
    char *run = mrs_cache_path(r->cache, MRS_CACHE_RUNS, "0123456789abcdef");

    assert_int_equal(mrs_cache_put(r->cache, NAME, "record", 6, NULL), MARS_OK);
    assert_int_equal(mrs_cache_put_tree(r->cache, TREE, "tree", 4, NULL), MARS_OK);
    assert_int_equal(mrs_file_replace(run, "a run", 5, NULL), MARS_OK);
    assert_int_equal(mrs_journal_open(&j, r->cache, ITEM, NULL), MARS_OK);
    assert_int_equal(mrs_journal_begin(j, SESSION, 7, NULL), MARS_OK);
    mrs_journal_close(j);
    mrs_free(run);
}

static void
assert_filled(struct mrs_cache *c)
{
    struct mrs_buf b = MRS_BUF_INIT(100);
    struct mrs_journal_left left;
    struct mrs_journal *j = NULL;
    char *run = mrs_cache_path(c, MRS_CACHE_RUNS, "0123456789abcdef");

    assert_int_equal(mrs_cache_get(c, NAME, &b, NULL), MARS_OK);
    assert_int_equal(mrs_cache_get_tree(c, TREE, &b, NULL), MARS_OK);
    assert_int_equal(mrs_file_slurp(run, &b, NULL), MARS_OK);
    assert_int_equal(b.len, 15);
    assert_memory_equal(b.data, "recordtreea run", 15);
    assert_int_equal(mrs_journal_open(&j, c, ITEM, NULL), MARS_OK);
    assert_int_equal(mrs_journal_read(j, &left, NULL), MARS_OK);
    assert_true(left.any && left.generation == 7);
    assert_memory_equal(left.session, SESSION, 16);
    mrs_journal_close(j);
    mrs_free(left.packs);
    mrs_free(run);
    mrs_buf_free(&b);
}

static void
a_cache_that_follows_has_all_in_the_new_place(void **state)
{
    const struct room *r = *state;
    struct mrs_cache *place = NULL;
    const char *before = mrs_cache_dir(r->cache);
    struct mrs_file_info info;

    fill(r);
    assert_int_equal(mrs_cache_open(&place, r->to, DOMAIN, KEY, NULL), MARS_OK);
    assert_int_equal(mrs_cache_copy(r->cache, place, NULL), MARS_OK);
    assert_filled(place);
    mrs_cache_follow(r->cache, place);
    mrs_cache_close(place);
    assert_string_equal(mrs_cache_dir(r->cache), r->to);
    assert_string_equal(before, r->from); /* it lives on */
    assert_int_equal(mrs_cache_remove(r->from, DOMAIN, NULL), MARS_OK);
    assert_int_equal(mrs_file_stat(r->from, &info, NULL), MARS_ERR_NOT_FOUND);
    assert_filled(r->cache);
    assert_int_equal(mrs_cache_put(r->cache, "ledger/0000000000000002", "x", 1, NULL), MARS_OK);
    assert_int_equal(mrs_file_stat(path(r->to, "objects/ledger/0000000000000002"), &info, NULL),
                     MARS_OK);
}

/* All names on the way to a journal must be on the medium, or it is lost with one of them. */
static void
what_is_above_a_journal_is_flushed(void **state)
{
    const struct room *r = *state;
    struct mrs_cache *place = NULL;

    fill(r);
    n_flushed = 0;
    assert_int_equal(mrs_cache_open(&place, r->to, DOMAIN, KEY, NULL), MARS_OK);
    assert_true(was_flushed(path(r->to, "")) && was_flushed(r->to) && was_flushed(r->top));
    n_flushed = 0;
    assert_int_equal(mrs_cache_copy(r->cache, place, NULL), MARS_OK);
    assert_true(was_flushed(path(r->to, "journal")));
    assert_true(was_flushed(path(r->to, "")) && was_flushed(r->to) && was_flushed(r->top));
    mrs_cache_close(place);
    n_flushed = 0;
    assert_int_equal(mrs_cache_open(&place, r->to, DOMAIN, KEY, NULL), MARS_OK);
    assert_int_equal(n_flushed, 0); /* nothing was made */
    mrs_cache_close(place);
}

static void
spoil(const char *name)
{
    struct mrs_buf b = MRS_BUF_INIT(1000);

    assert_int_equal(mrs_file_slurp(name, &b, NULL), MARS_OK);
    b.data[b.len - 1] ^= 1;
    assert_int_equal(mrs_file_replace(name, b.data, b.len, NULL), MARS_OK);
    mrs_buf_free(&b);
}

/* What an earlier try left in the new place may be damaged: then it is written anew. */
static void
what_is_damaged_is_not_taken_along_and_not_left(void **state)
{
    const struct room *r = *state;
    struct mrs_cache *place = NULL;
    struct mrs_file_info info;

    fill(r);
    assert_int_equal(mrs_cache_put(r->cache, "ledger/0000000000000002", "bad", 3, NULL), MARS_OK);
    spoil(path(r->from, "objects/ledger/0000000000000002"));
    assert_int_equal(mrs_cache_open(&place, r->to, DOMAIN, KEY, NULL), MARS_OK);
    assert_int_equal(mrs_cache_copy(r->cache, place, NULL), MARS_OK);
    spoil(path(r->to, "objects/ledger/0000000000000001"));
    spoil(path(r->to, "runs/0123456789abcdef"));
    spoil(path(r->to, "journal/01000000000000000000000000000000"));
    assert_int_equal(mrs_cache_copy(r->cache, place, NULL), MARS_OK);
    assert_filled(place);
    assert_int_equal(mrs_file_stat(path(r->to, "objects/ledger/0000000000000002"), &info, NULL),
                     MARS_ERR_NOT_FOUND);
    mrs_cache_close(place);
    assert_filled(r->cache);
}

static void
a_session_and_a_move_keep_each_other_out(void **state)
{
    static const uint8_t other[16] = { 2 };
    const struct room *r = *state;
    struct mrs_journal *first = NULL, *second = NULL;
    struct mrs_lock *held = NULL;
    mars_error err;

    assert_int_equal(mrs_journal_open(&first, r->cache, ITEM, NULL), MARS_OK);
    assert_int_equal(mrs_journal_open(&second, r->cache, other, NULL), MARS_OK);
    assert_int_equal(mrs_cache_hold(r->from, DOMAIN, &held, &err), MARS_ERR_LOCKED);
    assert_non_null(strstr(err.message, "a backup is running"));
    mrs_journal_close(first);
    assert_int_equal(mrs_cache_hold(r->from, DOMAIN, &held, NULL), MARS_ERR_LOCKED);
    mrs_journal_close(second);
    assert_int_equal(mrs_cache_hold(r->from, DOMAIN, &held, NULL), MARS_OK);
    assert_int_equal(mrs_journal_open(&first, r->cache, ITEM, &err), MARS_ERR_LOCKED);
    assert_string_equal(err.message, "the cache is being moved");
    mrs_lock_release(held);
    assert_int_equal(mrs_cache_hold(r->to, DOMAIN, &held, NULL), MARS_ERR_NOT_FOUND);
}

static void
removing_leaves_what_is_not_ours(void **state)
{
    const struct room *r = *state;
    char stranger[TMPDIR_PATH_MAX + 100], link[TMPDIR_PATH_MAX + 300];
    struct mrs_file_info info;

    fill(r);
    (void)snprintf(stranger, sizeof stranger, "%s/0123456789abcdef0123456789abcdef", r->top);
    (void)snprintf(link, sizeof link, "%s", path(r->from, "trees/0123456789abcdef"));
    assert_int_equal(mrs_file_replace(stranger, "mine", 4, NULL), MARS_OK);
    assert_int_equal(symlink(r->top, link), 0);
    assert_int_equal(mrs_cache_remove(r->from, DOMAIN, NULL), MARS_OK);
    assert_int_equal(mrs_file_stat(stranger, &info, NULL), MARS_OK);
    assert_int_equal(mrs_file_delete(link, NULL), MARS_OK);
    assert_int_equal(mrs_file_stat(path(r->from, "objects"), &info, NULL), MARS_ERR_NOT_FOUND);
    assert_int_equal(mrs_cache_remove(r->from, DOMAIN, NULL), MARS_OK);
}

static void
copying_survives_every_failing_allocation(void **state)
{
    const struct room *r = *state;
    mars_status st = MARS_ERR_NOMEM;
    struct mrs_cache *place = NULL;
    size_t before, n = 0;

    fill(r);
    assert_int_equal(mrs_cache_open(&place, r->to, DOMAIN, KEY, NULL), MARS_OK);
    before = failing_alloc_live();
    for (; st != MARS_OK; n++) {
        assert_in_range(n, 0, 400);
        failing_alloc_arm(n);
        st = mrs_cache_copy(r->cache, place, NULL);
        failing_alloc_arm(SIZE_MAX);
        assert_true(st == MARS_OK || st == MARS_ERR_NOMEM);
        assert_int_equal(failing_alloc_live(), before);
    }
    assert_true(n > 10);
    assert_filled(place);
    mrs_cache_close(place);
}

#define IN_ROOM(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int
main(void)
{
    const struct CMUnitTest tests[] = {
        IN_ROOM(a_cache_that_follows_has_all_in_the_new_place),
        IN_ROOM(what_is_above_a_journal_is_flushed),
        IN_ROOM(what_is_damaged_is_not_taken_along_and_not_left),
        IN_ROOM(a_session_and_a_move_keep_each_other_out),
        IN_ROOM(removing_leaves_what_is_not_ours),
        IN_ROOM(copying_survives_every_failing_allocation),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
