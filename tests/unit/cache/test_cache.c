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

#include "cache/cache.h"
#include "failing_alloc.h"
#include "platform/file.h"
#include "platform/thread.h"
#include "tmpdir.h"

static const uint8_t KEY[MRS_CACHE_KEY_SIZE] = { 0x4b, 0x45, 0x59 };
static const uint8_t DOMAIN[16] = { 0xab, 1, 2, 3 };
static const uint8_t OTHER[16] = { 0xcd };
#define HEX "ab010203000000000000000000000000"
static const char NAME[] = "packs/meta/ab/abcdef";

struct room {
    char top[TMPDIR_PATH_MAX];
    char dir[TMPDIR_PATH_MAX + 16];
    struct mrs_cache *cache;
};

static int
set_up(void **state)
{
    static struct room r;

    tmpdir_make(r.top);
    (void)snprintf(r.dir, sizeof r.dir, "%s/cache", r.top);
    assert_int_equal(mrs_cache_open(&r.cache, r.dir, DOMAIN, KEY, NULL), MARS_OK);
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
below(const struct room *r, const char *name)
{
    static char path[TMPDIR_PATH_MAX + 200];

    (void)snprintf(path, sizeof path, "%s/%s", r->dir, name);
    return path;
}

static mars_status
count_one(void *user, const char *name, bool is_dir, mars_error *err)
{
    (void)name, (void)is_dir, (void)err;
    ++*(size_t *)user;
    return MARS_OK;
}

static size_t
count(const char *path)
{
    size_t n = 0;

    assert_int_equal(mrs_dir_each(path, count_one, &n, NULL), MARS_OK);
    return n;
}

static void
assert_copy(struct mrs_cache *c, const char *name, const char *text)
{
    struct mrs_buf b = MRS_BUF_INIT(1 << 16);

    assert_int_equal(mrs_cache_get(c, name, &b, NULL), MARS_OK);
    assert_int_equal(b.len, strlen(text));
    if (b.len > 0)
        assert_memory_equal(b.data, text, b.len);
    mrs_buf_free(&b);
}

static void
assert_no_copy(struct mrs_cache *c, const char *name)
{
    struct mrs_buf b = MRS_BUF_INIT(1 << 16);

    assert_int_equal(mrs_cache_get(c, name, &b, NULL), MARS_ERR_NOT_FOUND);
    assert_int_equal(b.len, 0);
    mrs_buf_free(&b);
}

static void
write_file(const char *path, const void *data, size_t n)
{
    struct mrs_file *f = NULL;

    (void)!mrs_file_delete(path, NULL);
    assert_int_equal(mrs_file_create(&f, path, NULL), MARS_OK);
    assert_int_equal(mrs_file_append(f, data, n, NULL), MARS_OK);
    mrs_file_close(f);
}

static void
a_copy_comes_back_as_it_was_put(void **state)
{
    const struct room *r = *state;
    struct mrs_buf b = MRS_BUF_INIT(10);

    assert_no_copy(r->cache, NAME);
    assert_int_equal(mrs_cache_put(r->cache, NAME, "sealed", 6, NULL), MARS_OK);
    assert_int_equal(mrs_cache_put(r->cache, "empty", "", 0, NULL), MARS_OK);
    assert_copy(r->cache, NAME, "sealed");
    assert_copy(r->cache, "empty", "");
    /* Appended, and bounded. */
    assert_int_equal(mrs_buf_append(&b, "abcd", 4, NULL), MARS_OK);
    assert_int_equal(mrs_cache_get(r->cache, NAME, &b, NULL), MARS_OK);
    assert_memory_equal(b.data, "abcdsealed", 10);
    assert_int_equal(mrs_cache_get(r->cache, NAME, &b, NULL), MARS_ERR_CORRUPT);
    mrs_buf_free(&b);
    assert_int_equal(count(below(r, HEX "/tmp")), 0);
}

static void
copies_are_there_for_the_next_process(void **state)
{
    struct room *r = *state;

    assert_int_equal(mrs_cache_put(r->cache, NAME, "sealed", 6, NULL), MARS_OK);
    mrs_cache_close(r->cache);
    assert_int_equal(mrs_cache_open(&r->cache, r->dir, DOMAIN, KEY, NULL), MARS_OK);
    assert_copy(r->cache, NAME, "sealed");
}

static void
a_copy_that_is_there_stays_and_leaves_no_error_behind(void **state)
{
    const struct room *r = *state;
    mars_error err = { 0 };

    assert_int_equal(mrs_cache_put(r->cache, NAME, "first", 5, NULL), MARS_OK);
    assert_int_equal(mrs_cache_put(r->cache, NAME, "second", 6, &err), MARS_OK);
    assert_int_equal(err.status, MARS_OK);
    assert_copy(r->cache, NAME, "first");
    assert_int_equal(count(below(r, HEX "/tmp")), 0);
}

static void
a_copy_that_is_dropped_is_gone_and_can_be_put_again(void **state)
{
    const struct room *r = *state;

    assert_int_equal(mrs_cache_put(r->cache, NAME, "damaged", 7, NULL), MARS_OK);
    assert_int_equal(mrs_cache_put(r->cache, "packs/meta/ab/other", "whole", 5, NULL), MARS_OK);
    mrs_cache_drop(r->cache, NAME);
    assert_no_copy(r->cache, NAME);
    assert_copy(r->cache, "packs/meta/ab/other", "whole");
    mrs_cache_drop(r->cache, NAME);
    assert_int_equal(mrs_cache_put(r->cache, NAME, "fetched", 7, NULL), MARS_OK);
    assert_copy(r->cache, NAME, "fetched");
}

/* Every byte of its file in turn, one added and one taken away. */
static void
a_copy_that_was_changed_is_not_believed_and_deleted(void **state)
{
    const struct room *r = *state;
    char path[TMPDIR_PATH_MAX + 200];
    struct mrs_buf file = MRS_BUF_INIT(1000), out = MRS_BUF_INIT(1000);
    struct mrs_file_info info;

    (void)snprintf(path, sizeof path, "%s", below(r, HEX "/objects/packs/meta/ab/abcdef"));
    assert_int_equal(mrs_cache_put(r->cache, NAME, "sealed", 6, NULL), MARS_OK);
    assert_int_equal(mrs_file_slurp(path, &file, NULL), MARS_OK);
    assert_int_equal(file.len, MRS_CACHE_TAG_SIZE + 6);
    for (size_t i = 0; i < file.len + 2; i++) {
        size_t len = i < file.len ? file.len : i == file.len ? file.len - 1 : file.len + 1;

        assert_int_equal(mrs_buf_reserve(&file, 1, NULL), MARS_OK);
        file.data[file.len] = 'x';
        file.data[i < file.len ? i : file.len] ^= 1;
        write_file(path, file.data, len);
        file.data[i < file.len ? i : file.len] ^= 1;
        assert_int_equal(mrs_cache_get(r->cache, NAME, &out, NULL), MARS_ERR_CORRUPT);
        assert_int_equal(out.len, 0);
        assert_int_equal(mrs_file_stat(path, &info, NULL), MARS_ERR_NOT_FOUND);
    }
    assert_int_equal(mrs_cache_put(r->cache, NAME, "again", 5, NULL), MARS_OK);
    assert_copy(r->cache, NAME, "again");
    mrs_buf_free(&file);
    mrs_buf_free(&out);
}

/* Another name, another domain's directory, another key: each time the bytes are whole. */
static void
a_copy_under_another_name_or_key_is_not_believed(void **state)
{
    static const uint8_t other_key[MRS_CACHE_KEY_SIZE] = { 1 };
    const struct room *r = *state;
    struct mrs_buf file = MRS_BUF_INIT(1000), out = MRS_BUF_INIT(1000);
    struct mrs_cache *other = NULL;

    assert_int_equal(mrs_cache_put(r->cache, "a", "bytes", 5, NULL), MARS_OK);
    assert_int_equal(mrs_file_slurp(below(r, HEX "/objects/a"), &file, NULL), MARS_OK);
    write_file(below(r, HEX "/objects/b"), file.data, file.len);
    assert_int_equal(mrs_cache_get(r->cache, "b", &out, NULL), MARS_ERR_CORRUPT);
    assert_copy(r->cache, "a", "bytes");
    assert_int_equal(mrs_cache_open(&other, r->dir, DOMAIN, other_key, NULL), MARS_OK);
    assert_int_equal(mrs_cache_get(other, "a", &out, NULL), MARS_ERR_CORRUPT);
    mrs_cache_close(other);
    mrs_buf_free(&file);
    mrs_buf_free(&out);
}

#define TREE "trees/07/0708000000000000000000000000000000000000000000000000000000000000"

static void
chunks_of_trees_lie_here_sealed(void **state)
{
    static const uint8_t id[32] = { 7, 8 }, other[32] = { 7, 9 };
    static const char text[] = "the names of somebody's files";
    const struct room *r = *state;
    struct mrs_buf file = MRS_BUF_INIT(1000), out = MRS_BUF_INIT(1000);

    assert_int_equal(mrs_cache_get_tree(r->cache, id, &out, NULL), MARS_ERR_NOT_FOUND);
    assert_int_equal(mrs_cache_put_tree(r->cache, id, text, sizeof text, NULL), MARS_OK);
    assert_int_equal(mrs_cache_get_tree(r->cache, id, &out, NULL), MARS_OK);
    assert_int_equal(out.len, sizeof text);
    assert_memory_equal(out.data, text, sizeof text);
    assert_int_equal(mrs_file_slurp(below(r, HEX "/" TREE), &file, NULL), MARS_OK);
    assert_null(memmem(file.data, file.len, "names", 5));
    file.data[file.len - 1] ^= 1;
    write_file(below(r, HEX "/" TREE), file.data, file.len);
    assert_int_equal(mrs_cache_get_tree(r->cache, id, &out, NULL), MARS_ERR_CORRUPT);
    assert_int_equal(out.len, sizeof text);
    assert_int_equal(mrs_cache_get_tree(r->cache, id, &out, NULL), MARS_ERR_NOT_FOUND);
    assert_int_equal(mrs_cache_get_tree(r->cache, other, &out, NULL), MARS_ERR_NOT_FOUND);
    /* Empty is a chunk, too; and two files of the same bytes differ. */
    assert_int_equal(mrs_cache_put_tree(r->cache, other, "", 0, NULL), MARS_OK);
    assert_int_equal(mrs_cache_get_tree(r->cache, other, &out, NULL), MARS_OK);
    assert_int_equal(out.len, sizeof text);
    mrs_buf_free(&file);
    mrs_buf_free(&out);
}

static void
domains_in_one_directory_do_not_see_each_other(void **state)
{
    const struct room *r = *state;
    struct mrs_cache *other = NULL;

    assert_int_equal(mrs_cache_open(&other, r->dir, OTHER, KEY, NULL), MARS_OK);
    assert_int_equal(mrs_cache_put(r->cache, NAME, "ours", 4, NULL), MARS_OK);
    assert_no_copy(other, NAME);
    assert_int_equal(mrs_cache_put(other, NAME, "theirs", 6, NULL), MARS_OK);
    mrs_cache_drop(other, NAME);
    assert_copy(r->cache, NAME, "ours");
    mrs_cache_close(other);
}

static void
names_that_lead_elsewhere_are_refused(void **state)
{
    static const char *const names[] = { "", "/etc/passwd", "..", "../x", "a/../../x", "a/.." };
    const struct room *r = *state;
    struct mrs_buf b = MRS_BUF_INIT(100);

    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        assert_int_equal(mrs_cache_put(r->cache, names[i], "x", 1, NULL), MARS_ERR_INVALID_ARG);
        assert_int_equal(mrs_cache_get(r->cache, names[i], &b, NULL), MARS_ERR_INVALID_ARG);
        mrs_cache_drop(r->cache, names[i]);
    }
    assert_int_equal(count(r->top), 1);
    assert_int_equal(count(below(r, HEX "/objects")), 0);
    mrs_buf_free(&b);
}

static void
what_is_above_the_directory_is_not_made(void **state)
{
    const struct room *r = *state;
    struct mrs_cache *c = r->cache;
    char dir[TMPDIR_PATH_MAX + 32];
    mars_error err;

    (void)snprintf(dir, sizeof dir, "%s/mount/cache", r->top);
    assert_int_equal(mrs_cache_open(&c, dir, DOMAIN, KEY, &err), MARS_ERR_IO);
    assert_null(c);
    assert_non_null(strstr(err.message, dir));
    assert_int_equal(count(r->top), 1);
}

static void
a_directory_that_is_in_the_way_is_named(void **state)
{
    const struct room *r = *state;
    char dir[TMPDIR_PATH_MAX + 32];
    struct mrs_cache *c = r->cache;
    mars_error err;

    (void)snprintf(dir, sizeof dir, "%s/file", r->top);
    assert_int_equal(mrs_file_replace(dir, "x", 1, NULL), MARS_OK);
    assert_int_equal(mrs_cache_open(&c, dir, DOMAIN, KEY, &err), MARS_ERR_IO);
    assert_null(c);
    assert_non_null(strstr(err.message, dir));
    /* Likewise one of the folders in it. */
    assert_int_equal(mrs_dir_delete(below(r, HEX "/tmp"), NULL), MARS_OK);
    assert_int_equal(mrs_file_replace(below(r, HEX "/tmp"), "x", 1, NULL), MARS_OK);
    assert_int_equal(mrs_cache_open(&c, r->dir, DOMAIN, KEY, &err), MARS_ERR_IO);
    assert_null(c);
    assert_non_null(strstr(err.message, r->dir));
    /* Who has it open already cannot keep copies, and says so. */
    assert_int_equal(mrs_cache_put(r->cache, NAME, "x", 1, &err), MARS_ERR_IO);
    assert_no_copy(r->cache, NAME);
}

/* For root, who may write everywhere, as somebody else. */
static void
a_directory_that_cannot_be_written_to_is_an_error(void **state)
{
    const struct room *r = *state;
    struct mrs_cache *c = r->cache;
    mars_status st, put;
    mars_error err;

    assert_int_equal(chmod(r->top, 0755), 0);
    assert_int_equal(chmod(r->dir, 0555), 0);
    assert_int_equal(chmod(below(r, HEX), 0555), 0);
    assert_int_equal(chmod(below(r, HEX "/tmp"), 0555), 0);
    if (getuid() == 0)
        assert_int_equal(seteuid(65534), 0);
    st = mrs_cache_open(&c, r->dir, DOMAIN, KEY, &err);
    put = mrs_cache_put(r->cache, NAME, "x", 1, NULL);
    assert_int_equal(seteuid(getuid()), 0);
    assert_int_equal(st, MARS_ERR_IO);
    assert_null(c);
    assert_non_null(strstr(err.message, r->dir));
    assert_int_equal(put, MARS_ERR_IO);
    assert_int_equal(chmod(r->dir, 0700), 0);
    assert_int_equal(chmod(below(r, HEX), 0700), 0);
    assert_int_equal(chmod(below(r, HEX "/tmp"), 0700), 0);
    assert_int_equal(mrs_cache_open(&c, r->dir, DOMAIN, KEY, NULL), MARS_OK);
    mrs_cache_close(c);
}

static void
leave_tmp(const struct room *r, const char *name, time_t age)
{
    const char *path = below(r, name);
    struct timespec t[2];

    assert_int_equal(mrs_file_replace(path, "half", 4, NULL), MARS_OK);
    assert_int_equal(clock_gettime(CLOCK_REALTIME, &t[0]), 0);
    t[0].tv_sec -= age;
    t[1] = t[0];
    assert_int_equal(utimensat(AT_FDCWD, path, t, 0), 0);
}

static void
what_killed_processes_left_is_swept_a_day_later(void **state)
{
    const struct room *r = *state;
    struct mrs_cache *c = NULL;
    struct mrs_file_info info;

    leave_tmp(r, HEX "/tmp/old", 25 * 3600);
    leave_tmp(r, HEX "/tmp/young", 23 * 3600);
    leave_tmp(r, HEX "/tmp/future", -25 * 3600);
    leave_tmp(r, HEX "/objects/copy", 100 * 24 * 3600);
    assert_int_equal(mrs_cache_open(&c, r->dir, DOMAIN, KEY, NULL), MARS_OK);
    assert_int_equal(mrs_file_stat(below(r, HEX "/tmp/old"), &info, NULL), MARS_ERR_NOT_FOUND);
    assert_int_equal(mrs_file_stat(below(r, HEX "/tmp/future"), &info, NULL), MARS_ERR_NOT_FOUND);
    assert_int_equal(mrs_file_stat(below(r, HEX "/tmp/young"), &info, NULL), MARS_OK);
    assert_int_equal(mrs_file_stat(below(r, HEX "/objects/copy"), &info, NULL), MARS_OK);
    mrs_cache_close(c);
}

static void
folders_that_somebody_deleted_come_back_with_the_next_put(void **state)
{
    const struct room *r = *state;

    assert_int_equal(mrs_cache_put(r->cache, NAME, "one", 3, NULL), MARS_OK);
    tmpdir_remove(below(r, HEX "/objects"));
    assert_no_copy(r->cache, NAME);
    assert_int_equal(mrs_cache_put(r->cache, NAME, "two", 3, NULL), MARS_OK);
    assert_copy(r->cache, NAME, "two");
}

/* A disk that is unmounted, say: its mount point must not fill up. */
static void
a_cache_that_vanished_does_not_come_back_with_a_put(void **state)
{
    const struct room *r = *state;
    mars_error err;

    tmpdir_remove(r->dir);
    assert_int_equal(mrs_cache_put(r->cache, NAME, "one", 3, &err), MARS_ERR_NOT_FOUND);
    assert_int_equal(count(r->top), 0);
    assert_int_equal(mrs_dir_make(r->dir, NULL), MARS_OK);
    assert_int_equal(mrs_cache_put(r->cache, NAME, "one", 3, &err), MARS_ERR_NOT_FOUND);
    assert_int_equal(count(r->dir), 0);
}

struct worker {
    struct mrs_cache *cache;
    int bad;
};

static void
put_and_get(void *arg)
{
    struct worker *w = arg;

    for (int round = 0; round < 3; round++)
        for (int i = 0; i < 40; i++) {
            struct mrs_buf b = MRS_BUF_INIT(100);
            char name[40];
            mars_status st;

            (void)snprintf(name, sizeof name, "index/%d/%d", i % 7, i);
            w->bad += mrs_cache_put(w->cache, name, name, strlen(name), NULL) != MARS_OK;
            st = mrs_cache_get(w->cache, name, &b, NULL);
            /* Another may have dropped it; there is never half of it. */
            w->bad += st != MARS_OK && st != MARS_ERR_NOT_FOUND;
            w->bad += st == MARS_OK && (b.len != strlen(name) || memcmp(b.data, name, b.len) != 0);
            if (i % 5 == 0)
                mrs_cache_drop(w->cache, name);
            mrs_buf_free(&b);
        }
}

static void
threads_may_keep_the_same_copies_at_once(void **state)
{
    const struct room *r = *state;
    struct mrs_cache *second = NULL;
    struct mrs_thread *t[4];
    struct worker w[4];

    assert_int_equal(mrs_cache_open(&second, r->dir, DOMAIN, KEY, NULL), MARS_OK);
    for (int i = 0; i < 4; i++) {
        w[i] = (struct worker){ i % 2 == 0 ? r->cache : second, 0 };
        assert_int_equal(mrs_thread_start(&t[i], put_and_get, &w[i], NULL), MARS_OK);
    }
    for (int i = 0; i < 4; i++)
        mrs_thread_join(t[i]);
    for (int i = 0; i < 4; i++)
        assert_int_equal(w[i].bad, 0);
    assert_int_equal(count(below(r, HEX "/tmp")), 0);
    mrs_cache_close(second);
}

static void
open_survives_every_failing_allocation(void **state)
{
    const struct room *r = *state;
    size_t before = failing_alloc_live(), n = 0;
    mars_status st = MARS_ERR_NOMEM;

    leave_tmp(r, HEX "/tmp/old", 25 * 3600);
    for (; st != MARS_OK; n++) {
        struct mrs_cache *c = r->cache;

        assert_in_range(n, 0, 100);
        failing_alloc_arm(n);
        st = mrs_cache_open(&c, r->dir, DOMAIN, KEY, NULL);
        failing_alloc_arm(SIZE_MAX);
        assert_true(st == MARS_OK ? c != NULL : st == MARS_ERR_NOMEM && c == NULL);
        mrs_cache_close(c);
        assert_int_equal(failing_alloc_live(), before);
    }
    assert_true(n > 5);
    assert_int_equal(count(below(r, HEX "/tmp")), 0);
}

static void
put_and_get_survive_every_failing_allocation(void **state)
{
    const struct room *r = *state;
    size_t before = failing_alloc_live(), n = 0;
    mars_status st = MARS_ERR_NOMEM, got = MARS_ERR_NOMEM;

    for (; st != MARS_OK || got != MARS_OK; n++) {
        struct mrs_buf b = MRS_BUF_INIT(100);

        assert_in_range(n, 0, 100);
        failing_alloc_arm(n);
        st = mrs_cache_put(r->cache, NAME, "sealed", 6, NULL);
        failing_alloc_arm(SIZE_MAX);
        assert_true(st == MARS_OK || st == MARS_ERR_NOMEM);
        assert_int_equal(count(below(r, HEX "/tmp")), 0);
        if (st == MARS_OK)
            assert_copy(r->cache, NAME, "sealed");
        else
            assert_no_copy(r->cache, NAME);
        assert_int_equal(mrs_cache_put(r->cache, NAME, "sealed", 6, NULL), MARS_OK);
        failing_alloc_arm(n);
        got = mrs_cache_get(r->cache, NAME, &b, NULL);
        failing_alloc_arm(SIZE_MAX);
        assert_true(got == MARS_OK || got == MARS_ERR_NOMEM);
        mrs_buf_free(&b);
        /* A drop that cannot be made costs a look at a damaged copy, no more. */
        failing_alloc_arm(n);
        mrs_cache_drop(r->cache, NAME);
        failing_alloc_arm(SIZE_MAX);
        mrs_cache_drop(r->cache, NAME);
        assert_int_equal(failing_alloc_live(), before);
    }
    assert_true(n > 3);
}

#define IN_ROOM(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int
main(void)
{
    const struct CMUnitTest tests[] = {
        IN_ROOM(a_copy_comes_back_as_it_was_put),
        IN_ROOM(copies_are_there_for_the_next_process),
        IN_ROOM(a_copy_that_is_there_stays_and_leaves_no_error_behind),
        IN_ROOM(a_copy_that_is_dropped_is_gone_and_can_be_put_again),
        IN_ROOM(a_copy_that_was_changed_is_not_believed_and_deleted),
        IN_ROOM(a_copy_under_another_name_or_key_is_not_believed),
        IN_ROOM(chunks_of_trees_lie_here_sealed),
        IN_ROOM(domains_in_one_directory_do_not_see_each_other),
        IN_ROOM(names_that_lead_elsewhere_are_refused),
        IN_ROOM(what_is_above_the_directory_is_not_made),
        IN_ROOM(a_directory_that_is_in_the_way_is_named),
        IN_ROOM(a_directory_that_cannot_be_written_to_is_an_error),
        IN_ROOM(what_killed_processes_left_is_swept_a_day_later),
        IN_ROOM(folders_that_somebody_deleted_come_back_with_the_next_put),
        IN_ROOM(a_cache_that_vanished_does_not_come_back_with_a_put),
        IN_ROOM(threads_may_keep_the_same_copies_at_once),
        IN_ROOM(open_survives_every_failing_allocation),
        IN_ROOM(put_and_get_survive_every_failing_allocation),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
