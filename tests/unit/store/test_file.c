/* What only the store on disk does. */
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

static const uint8_t me[16] = { 0xaa, 1, 2, 3 };
static const uint8_t you[16] = { 0xab, 1, 2, 3 };

struct fixture {
    struct mrs_store *s;
    char dir[TMPDIR_PATH_MAX];
    char url[TMPDIR_PATH_MAX + 8];
};

static int
setup(void **state)
{
    struct fixture *f = calloc(1, sizeof *f);

    assert_non_null(f);
    tmpdir_make(f->dir);
    (void)snprintf(f->url, sizeof f->url, "file://%s", f->dir);
    assert_int_equal(mrs_store_open(&f->s, f->url, 1, NULL, NULL), MARS_OK);
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

static const char *
path_of(const struct fixture *f, const char *name, char path[TMPDIR_PATH_MAX + 128])
{
    (void)snprintf(path, TMPDIR_PATH_MAX + 128, "%s/%s", f->dir, name);
    return path;
}

static mars_status
count_one(void *user, const char *name, bool is_dir, mars_error *err)
{
    (void)name;
    (void)is_dir;
    (void)err;
    ++*(int *)user;
    return MARS_OK;
}

static int
files_in(const struct fixture *f, const char *name)
{
    char path[TMPDIR_PATH_MAX + 128];
    int n = 0;

    assert_int_equal(mrs_dir_each(path_of(f, name, path), count_one, &n, NULL), MARS_OK);
    return n;
}

static mars_status
count_object(void *user, const struct mrs_object_info *info, mars_error *err)
{
    (void)info;
    (void)err;
    ++*(int *)user;
    return MARS_OK;
}

static void
write_file(const struct fixture *f, const char *name, const char *text)
{
    char path[TMPDIR_PATH_MAX + 128];

    assert_int_equal(mrs_file_replace(path_of(f, name, path), text, strlen(text), NULL), MARS_OK);
}

static void
open_makes_directories_only_when_it_may(void **state)
{
    struct fixture *f = *state;
    char url[TMPDIR_PATH_MAX + 128], want[TMPDIR_PATH_MAX + 200];
    struct mrs_store *s;
    mars_error err;

    (void)snprintf(url, sizeof url, "file://%s/deep/er/vault/", f->dir);
    (void)snprintf(want, sizeof want, "vault %s: not found", url);
    assert_int_equal(mrs_store_open(&s, url, 0, NULL, &err), MARS_ERR_NOT_FOUND);
    assert_string_equal(err.message, want);
    assert_int_equal(files_in(f, ""), 1); /* tmp */
    assert_int_equal(mrs_store_open(&s, url, 1, NULL, &err), MARS_OK);
    assert_int_equal(mrs_store_put(s, me, "a", "x", 1, &err), MARS_OK);
    mrs_store_close(s);
    assert_int_equal(files_in(f, "deep/er/vault"), 2);
    assert_int_equal(mrs_store_open(&s, url, 0, NULL, &err), MARS_OK);
    mrs_store_close(s);
}

static void
a_path_that_is_a_file_is_no_vault(void **state)
{
    struct fixture *f = *state;
    char url[TMPDIR_PATH_MAX + 128], want[TMPDIR_PATH_MAX + 200];
    struct mrs_store *s;
    mars_error err;

    write_file(f, "plain", "x");
    (void)snprintf(url, sizeof url, "file://%s/plain", f->dir);
    (void)snprintf(want, sizeof want, "vault %s: not a directory", url);
    for (int create = 0; create < 2; create++) {
        assert_int_equal(mrs_store_open(&s, url, create, NULL, &err), MARS_ERR_INVALID_ARG);
        assert_string_equal(err.message, want);
    }
    (void)snprintf(url, sizeof url, "file://%s/plain/below", f->dir);
    for (int create = 0; create < 2; create++)
        assert_int_not_equal(mrs_store_open(&s, url, create, NULL, &err), MARS_OK);
}

static void
percent_signs_in_a_url_are_decoded(void **state)
{
    struct fixture *f = *state;
    char url[TMPDIR_PATH_MAX + 128];
    struct mrs_store *s;

    (void)snprintf(url, sizeof url, "file://%s/a%%20b%%25%%C3%%bc#?", f->dir);
    assert_int_equal(mrs_store_open(&s, url, 1, NULL, NULL), MARS_OK);
    assert_string_equal(mrs_store_url(s), url);
    mrs_store_close(s);
    assert_int_equal(files_in(f, "a b%\xc3\xbc#?"), 1);
}

static void
objects_lie_under_their_names_and_uploads_in_tmp(void **state)
{
    struct fixture *f = *state;
    struct mrs_buf b = MRS_BUF_INIT(100);
    char path[TMPDIR_PATH_MAX + 128];
    struct mrs_upload *u;

    assert_int_equal(mrs_store_begin(f->s, me, &u, NULL), MARS_OK);
    assert_int_equal(files_in(f, "tmp"), 1);
    assert_int_equal(mrs_upload_append(u, "bytes", 5, NULL), MARS_OK);
    assert_int_equal(mrs_upload_commit(u, "a/b/c", NULL), MARS_OK);
    assert_int_equal(files_in(f, "tmp"), 0);
    assert_int_equal(mrs_file_slurp(path_of(f, "a/b/c", path), &b, NULL), MARS_OK);
    assert_int_equal(b.len, 5);
    assert_memory_equal(b.data, "bytes", 5);
    mrs_buf_free(&b);
}

static void
failed_uploads_leave_nothing_behind(void **state)
{
    struct fixture *f = *state;
    struct mrs_upload *u;

    assert_int_equal(mrs_store_put(f->s, me, "a", "x", 1, NULL), MARS_OK);
    assert_int_equal(mrs_store_put(f->s, me, "a", "y", 1, NULL), MARS_ERR_EXISTS);
    assert_int_equal(files_in(f, "tmp"), 0);
    assert_int_equal(mrs_store_begin(f->s, me, &u, NULL), MARS_OK);
    mrs_upload_abandon(u);
    assert_int_equal(files_in(f, "tmp"), 0);
    assert_int_equal(mrs_store_begin(f->s, me, &u, NULL), MARS_OK);
    failing_alloc_arm(0);
    assert_int_equal(mrs_upload_append(u, "x", 1, NULL), MARS_ERR_NOMEM);
    failing_alloc_arm(SIZE_MAX);
    assert_int_equal(files_in(f, "tmp"), 0); /* at once: the disk may be full */
    assert_int_equal(mrs_upload_append(u, "x", 1, NULL), MARS_ERR_NOMEM);
    assert_int_equal(mrs_upload_commit(u, "b", NULL), MARS_ERR_NOMEM);
    assert_int_equal(mrs_store_read(f->s, "b", 0, &u, 1, NULL), MARS_ERR_NOT_FOUND);
}

static void
sweep_removes_the_owners_uploads_only(void **state)
{
    struct fixture *f = *state;
    struct mrs_upload *mine, *yours;

    assert_int_equal(mrs_store_begin(f->s, me, &mine, NULL), MARS_OK);
    assert_int_equal(mrs_store_begin(f->s, you, &yours, NULL), MARS_OK);
    write_file(f, "tmp/aa", "not ours");
    assert_int_equal(files_in(f, "tmp"), 3);
    assert_int_equal(mrs_store_sweep(f->s, me, NULL), MARS_OK);
    assert_int_equal(files_in(f, "tmp"), 2);
    assert_int_equal(mrs_store_sweep(f->s, me, NULL), MARS_OK);
    assert_int_equal(mrs_upload_commit(yours, "yours", NULL), MARS_OK);
    /* What was swept is gone for good. */
    assert_int_not_equal(mrs_upload_commit(mine, "mine", NULL), MARS_OK);
    assert_int_equal(files_in(f, "tmp"), 1);
}

static void
files_that_are_no_objects_are_passed_over(void **state)
{
    struct fixture *f = *state;
    struct mrs_upload *u;
    int n = 0;

    assert_int_equal(mrs_store_put(f->s, me, "a/b", "x", 1, NULL), MARS_OK);
    write_file(f, "README.TXT", "x");
    write_file(f, "a/b copy", "x");
    write_file(f, "a/Upper", "x");
    assert_int_equal(mrs_store_begin(f->s, me, &u, NULL), MARS_OK);
    assert_int_equal(mrs_store_list(f->s, "", MRS_LIST_INFO, count_object, &n, NULL), MARS_OK);
    assert_int_equal(n, 1);
    mrs_upload_abandon(u);
}

static void
a_removed_tmp_or_parent_is_made_again(void **state)
{
    struct fixture *f = *state;
    char path[TMPDIR_PATH_MAX + 128];

    assert_int_equal(mrs_store_put(f->s, me, "a/b/c", "x", 1, NULL), MARS_OK);
    assert_int_equal(mrs_dir_delete(path_of(f, "tmp", path), NULL), MARS_OK);
    assert_int_equal(mrs_store_sweep(f->s, me, NULL), MARS_OK);
    tmpdir_remove(path_of(f, "a", path));
    assert_int_equal(mrs_store_put(f->s, me, "a/b/c", "y", 1, NULL), MARS_OK);
    assert_int_equal(files_in(f, "a/b"), 1);
    assert_int_equal(mrs_store_flush(f->s, NULL), MARS_OK);
}

/* An unmounted vault must not look like an empty one. */
static void
a_vault_that_has_gone_is_an_error(void **state)
{
    struct fixture *f = *state;
    int n = 0;

    tmpdir_remove(f->dir);
    assert_int_equal(mrs_store_list(f->s, "", MRS_LIST_INFO, count_object, &n, NULL),
                     MARS_ERR_NOT_FOUND);
    assert_int_equal(mrs_store_list(f->s, "a/", MRS_LIST_INFO, count_object, &n, NULL),
                     MARS_ERR_NOT_FOUND);
    assert_int_equal(mrs_store_put(f->s, me, "a", "x", 1, NULL), MARS_ERR_NOT_FOUND);
    assert_int_equal(mrs_dir_make(f->dir, NULL), MARS_OK); /* for teardown */
}

/* Which directories a flush syncs shows in what it misses once `gone` is no longer there. */
static void
flush_misses(struct fixture *f, struct mrs_store *s, const char *gone, const char *want)
{
    char path[TMPDIR_PATH_MAX + 128], missing[TMPDIR_PATH_MAX + 128];
    mars_error err = { 0 };

    assert_int_equal(mrs_store_put(f->s, me, "a/b/c", "x", 1, NULL), MARS_OK);
    if (s != f->s)
        assert_int_equal(mrs_store_put(s, me, "a/b/c", "x", 1, NULL), MARS_ERR_EXISTS);
    tmpdir_remove(path_of(f, gone, path));
    assert_int_equal(mrs_store_flush(s, &err), MARS_ERR_NOT_FOUND);
    (void)snprintf(missing, sizeof missing, "%s%s", f->dir, want);
    assert_non_null(strstr(err.message, missing));
    assert_int_not_equal(err.message[strcspn(err.message, "/") + strlen(missing)], '/');
    assert_int_equal(mrs_dir_make(f->dir, NULL), MARS_OK);
}

static void
flush_syncs_every_directory_that_got_a_name(void **state)
{
    struct fixture *f = *state;

    flush_misses(f, f->s, "a/b", "/a/b");
    assert_int_equal(mrs_store_put(f->s, me, "a/b/d", "x", 1, NULL), MARS_OK);
    assert_int_equal(mrs_store_flush(f->s, NULL), MARS_OK);
    tmpdir_remove(f->dir);
    assert_int_equal(mrs_store_flush(f->s, NULL), MARS_OK); /* nothing is touched now */
    assert_int_equal(mrs_dir_make(f->dir, NULL), MARS_OK);
}

static void
flush_syncs_the_parents_of_new_directories(void **state)
{
    struct fixture *f = *state;

    flush_misses(f, f->s, "a", "/a");
    flush_misses(f, f->s, "", "");
}

/* The caller relies on the object that was there, whose maker may not have flushed it. */
static void
flush_syncs_the_directory_of_a_taken_name_too(void **state)
{
    struct fixture *f = *state;
    struct mrs_store *other;

    assert_int_equal(mrs_store_open(&other, f->url, 0, NULL, NULL), MARS_OK);
    flush_misses(f, other, "a/b", "/a/b");
    mrs_store_close(other);
}

/* Whoever made a name may have been killed before his flush: who relies on it flushes it. */
static void
flush_syncs_the_directories_of_what_is_relied_on(void **state)
{
    struct fixture *f = *state;
    struct mrs_store *other;
    char path[TMPDIR_PATH_MAX + 128];
    mars_error err;

    assert_int_equal(mrs_store_put(f->s, me, "a/b/c", "x", 1, NULL), MARS_OK);
    assert_int_equal(mrs_store_open(&other, f->url, 0, NULL, NULL), MARS_OK);
    assert_int_equal(mrs_store_rely(other, "a/b/c", NULL), MARS_OK);
    tmpdir_remove(path_of(f, "a/b", path));
    assert_int_equal(mrs_store_flush(other, &err), MARS_ERR_NOT_FOUND);
    assert_non_null(strstr(err.message, "/a/b"));
    mrs_store_close(other);
    assert_int_equal(mrs_store_rely(f->s, "../a", NULL), MARS_ERR_INVALID_ARG);
}

static void
changes_behind_the_stores_back_are_seen(void **state)
{
    struct fixture *f = *state;
    char got[8];

    assert_int_equal(mrs_store_put(f->s, me, "a/b", "before", 6, NULL), MARS_OK);
    assert_int_equal(mrs_store_read(f->s, "a/b", 0, got, 6, NULL), MARS_OK);
    write_file(f, "a/b", "beXXre");
    assert_int_equal(mrs_store_read(f->s, "a/b", 0, got, 6, NULL), MARS_OK);
    assert_memory_equal(got, "beXXre", 6);
    write_file(f, "a/b", "bef");
    assert_int_equal(mrs_store_read(f->s, "a/b", 0, got, 6, NULL), MARS_ERR_CORRUPT);
}

static void
a_vault_can_be_used_through_two_handles(void **state)
{
    struct fixture *f = *state;
    struct mrs_store *other;
    int n = 0;

    assert_int_equal(mrs_store_open(&other, f->url, 0, NULL, NULL), MARS_OK);
    assert_int_equal(mrs_store_put(f->s, me, "a/b", "x", 1, NULL), MARS_OK);
    assert_int_equal(mrs_store_put(other, you, "a/b", "y", 1, NULL), MARS_ERR_EXISTS);
    assert_int_equal(mrs_store_list(other, "a/", MRS_LIST_INFO, count_object, &n, NULL), MARS_OK);
    assert_int_equal(n, 1);
    mrs_store_close(other);
}

int
main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
    const struct CMUnitTest tests[] = {
        T(open_makes_directories_only_when_it_may),
        T(a_path_that_is_a_file_is_no_vault),
        T(percent_signs_in_a_url_are_decoded),
        T(objects_lie_under_their_names_and_uploads_in_tmp),
        T(failed_uploads_leave_nothing_behind),
        T(sweep_removes_the_owners_uploads_only),
        T(files_that_are_no_objects_are_passed_over),
        T(a_removed_tmp_or_parent_is_made_again),
        T(a_vault_that_has_gone_is_an_error),
        T(flush_syncs_every_directory_that_got_a_name),
        T(flush_syncs_the_parents_of_new_directories),
        T(flush_syncs_the_directory_of_a_taken_name_too),
        T(flush_syncs_the_directories_of_what_is_relied_on),
        T(changes_behind_the_stores_back_are_seen),
        T(a_vault_can_be_used_through_two_handles),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
