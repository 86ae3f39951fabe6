/* The store contract, the same for every kind of store. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "failing_alloc.h"
#include "platform/clock.h"
#include "platform/thread.h"
#include "store/store.h"
#include "table.h"
#include "tmpdir.h"

static const uint8_t me[16] = { 0xaa, 1, 2, 3 };
static enum { ON_DISK, IN_MEMORY, OF_A_CALLER } kind; /* what the tests run on */

struct fixture {
    struct mrs_store *s;
    struct mrs_store *inner; /* behind a caller's table */
    char dir[TMPDIR_PATH_MAX];
    size_t live;
};

/* One of the kind, empty, and what is behind it. */
static mars_status
open_kind(struct mrs_store **s, struct mrs_store **inner, const char *dir)
{
    struct mrs_access access = { .stall_ms = 0 };
    char url[TMPDIR_PATH_MAX + 8];
    mars_status st;

    *s = *inner = NULL;
    (void)snprintf(url, sizeof url, kind == ON_DISK ? "file://%s" : "memory:", dir);
    if (kind != OF_A_CALLER)
        return mrs_store_open(s, url, 1, NULL, NULL);
    st = mrs_store_open(inner, url, 1, NULL, NULL);
    access.custom = table_over(*inner);
    return st == MARS_OK ? mrs_store_open(s, "custom:anything", 1, &access, NULL) : st;
}

static int
setup(void **state)
{
    struct fixture *f = calloc(1, sizeof *f);

    assert_non_null(f);
    f->live = failing_alloc_live();
    tmpdir_make(f->dir);
    assert_int_equal(open_kind(&f->s, &f->inner, f->dir), MARS_OK);
    *state = f;
    return 0;
}

static int
teardown(void **state)
{
    struct fixture *f = *state;

    mrs_store_close(f->s);
    mrs_store_close(f->inner);
    tmpdir_remove(f->dir);
    assert_int_equal(failing_alloc_live(), f->live);
    free(f);
    return 0;
}

static void
put(struct fixture *f, const char *name, const char *text)
{
    assert_int_equal(mrs_store_put(f->s, me, name, text, strlen(text), NULL), MARS_OK);
}

static void
holds(struct fixture *f, const char *name, const char *text)
{
    struct mrs_buf b = MRS_BUF_INIT(1000);

    assert_int_equal(mrs_store_get(f->s, name, &b, NULL), MARS_OK);
    assert_int_equal(b.len, strlen(text));
    if (b.len > 0)
        assert_memory_equal(b.data, text, b.len);
    mrs_buf_free(&b);
}

static void
an_object_can_be_read_as_soon_as_it_is_put(void **state)
{
    char url[TMPDIR_PATH_MAX + 8];
    struct fixture *f = *state;

    put(f, "vault/0000000000000001", "first");
    put(f, "a", "");
    put(f, "domains/00/packs/data/ab/abcd", "pack");
    holds(f, "vault/0000000000000001", "first");
    holds(f, "a", "");
    holds(f, "domains/00/packs/data/ab/abcd", "pack");
    (void)snprintf(url, sizeof url, kind == ON_DISK     ? "file://%s"
                                    : kind == IN_MEMORY ? "memory:"
                                                        : "custom:anything",
                   f->dir);
    assert_string_equal(mrs_store_url(f->s), url);
}

static void
what_is_taken_is_never_replaced(void **state)
{
    struct fixture *f = *state;
    mars_error err;

    put(f, "vault/1", "first");
    assert_int_equal(mrs_store_put(f->s, me, "vault/1", "second", 6, &err), MARS_ERR_EXISTS);
    assert_string_equal(err.message, "object vault/1: the name is taken");
    holds(f, "vault/1", "first");
    assert_int_equal(mrs_store_put(f->s, me, "vault/1", "", 0, &err), MARS_ERR_EXISTS);
    holds(f, "vault/1", "first");
}

static void
missing_objects_are_not_found(void **state)
{
    struct fixture *f = *state;
    struct mrs_buf b = MRS_BUF_INIT(10);
    struct mrs_object_info info;
    mars_error err;
    char byte;

    put(f, "dir/object", "x");
    assert_int_equal(mrs_store_read(f->s, "none", 0, &byte, 1, &err), MARS_ERR_NOT_FOUND);
    assert_string_equal(err.message, "object none: not found");
    assert_int_equal(mrs_store_read(f->s, "none", 0, &byte, 0, &err), MARS_ERR_NOT_FOUND);
    assert_int_equal(mrs_store_get(f->s, "no/such", &b, &err), MARS_ERR_NOT_FOUND);
    assert_string_equal(err.message, "object no/such: not found");
    assert_int_equal(mrs_store_stat(f->s, "none", &info, &err), MARS_ERR_NOT_FOUND);
    assert_int_equal(mrs_store_delete(f->s, "none", &err), MARS_ERR_NOT_FOUND);
    assert_string_equal(err.message, "object none: not found");
    /* The first part of a name is no object. */
    assert_int_equal(mrs_store_read(f->s, "dir", 0, &byte, 1, &err), MARS_ERR_NOT_FOUND);
    assert_int_equal(mrs_store_stat(f->s, "dir", &info, &err), MARS_ERR_NOT_FOUND);
    mrs_buf_free(&b);
}

static void
ranges_are_read_whole_or_not_at_all(void **state)
{
    struct fixture *f = *state;
    static const struct {
        uint64_t offset;
        size_t n;
    } past[] = { { 0, 11 }, { 10, 1 }, { 9, 2 }, { 11, 0 }, { 1000, 5 }, { INT64_MAX, 5 },
                 { UINT64_MAX, 5 }, { UINT64_MAX - 4, 5 }, { (uint64_t)INT64_MAX + 1, 1 } };
    char got[16];
    mars_error err;

    put(f, "digits", "0123456789");
    assert_int_equal(mrs_store_read(f->s, "digits", 0, got, 10, NULL), MARS_OK);
    assert_memory_equal(got, "0123456789", 10);
    assert_int_equal(mrs_store_read(f->s, "digits", 3, got, 4, NULL), MARS_OK);
    assert_memory_equal(got, "3456", 4);
    assert_int_equal(mrs_store_read(f->s, "digits", 9, got, 1, NULL), MARS_OK);
    assert_memory_equal(got, "9", 1);
    assert_int_equal(mrs_store_read(f->s, "digits", 10, got, 0, NULL), MARS_OK);
    for (size_t i = 0; i < sizeof past / sizeof past[0]; i++) {
        assert_int_equal(mrs_store_read(f->s, "digits", past[i].offset, got, past[i].n, &err),
                         MARS_ERR_CORRUPT);
        assert_string_equal(err.message, "object digits: ends too early");
    }
}

static void
get_appends_and_keeps_to_the_limit(void **state)
{
    struct fixture *f = *state;
    struct mrs_buf b = MRS_BUF_INIT(12);

    put(f, "digits", "0123456789");
    assert_int_equal(mrs_buf_append(&b, "ab", 2, NULL), MARS_OK);
    assert_int_equal(mrs_store_get(f->s, "digits", &b, NULL), MARS_OK);
    assert_int_equal(b.len, 12);
    assert_memory_equal(b.data, "ab0123456789", 12);
    assert_int_equal(mrs_store_get(f->s, "digits", &b, NULL), MARS_ERR_CORRUPT);
    assert_int_equal(b.len, 12);
    mrs_buf_free(&b);
    b = (struct mrs_buf)MRS_BUF_INIT(9);
    assert_int_equal(mrs_store_get(f->s, "digits", &b, NULL), MARS_ERR_CORRUPT);
    mrs_buf_free(&b);
}

static void
stat_tells_size_and_a_recent_time(void **state)
{
    struct fixture *f = *state;
    struct mrs_object_info info;
    int64_t now = mrs_clock_wall().s;

    put(f, "vault/1", "12345");
    assert_int_equal(mrs_store_stat(f->s, "vault/1", &info, NULL), MARS_OK);
    assert_string_equal(info.name, "vault/1");
    assert_int_equal(info.size, 5);
    assert_true(info.mtime.s >= now - 5 && info.mtime.s <= now + 5);
}

static void
a_deleted_name_is_free_again(void **state)
{
    struct fixture *f = *state;

    put(f, "a/1", "x");
    put(f, "a/2", "y");
    put(f, "a/3", "z");
    assert_int_equal(mrs_store_delete(f->s, "a/2", NULL), MARS_OK);
    assert_int_equal(mrs_store_delete(f->s, "a/2", NULL), MARS_ERR_NOT_FOUND);
    holds(f, "a/1", "x");
    holds(f, "a/3", "z");
    put(f, "a/2", "new");
    holds(f, "a/2", "new");
}

static void
other_names_are_refused_by_every_verb(void **state)
{
    struct fixture *f = *state;
    static const char *const wrong[] = {
        "",     "/",    "/a",   "a/",    "a//b",  ".",      "..",     "../a",  "a/..",
        "a/./b", "A",   "a b",  "a\\b", "a:b", "\xc3\xbc", "a\n",    "tmp",   "tmp/a",
        "a%2fb", "*",   "~",
    };
    struct mrs_buf b = MRS_BUF_INIT(10);
    struct mrs_object_info info;
    struct mrs_upload *u;
    mars_error err;

    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        assert_int_equal(mrs_store_put(f->s, me, wrong[i], "x", 1, &err), MARS_ERR_INVALID_ARG);
        assert_int_equal(mrs_store_get(f->s, wrong[i], &b, &err), MARS_ERR_INVALID_ARG);
        assert_int_equal(mrs_store_read(f->s, wrong[i], 0, &info, 1, &err), MARS_ERR_INVALID_ARG);
        assert_int_equal(mrs_store_stat(f->s, wrong[i], &info, &err), MARS_ERR_INVALID_ARG);
        assert_int_equal(mrs_store_delete(f->s, wrong[i], &err), MARS_ERR_INVALID_ARG);
        assert_int_equal(mrs_store_begin(f->s, me, &u, &err), MARS_OK);
        assert_int_equal(mrs_upload_commit(u, wrong[i], &err), MARS_ERR_INVALID_ARG);
    }
    put(f, "tmp2/a", "x");
    put(f, "a/tmp", "x");
    put(f, "..a/.b/-_", "x");
}

static void
names_have_limits(void **state)
{
    struct fixture *f = *state;
    char name[MRS_NAME_MAX + 2];

    memset(name, 'n', sizeof name);
    name[101] = '\0';
    assert_int_equal(mrs_store_put(f->s, me, name, "x", 1, NULL), MARS_ERR_INVALID_ARG);
    name[100] = '\0';
    put(f, name, "long");
    memset(name, 'm', sizeof name);
    for (size_t i = 100; i < MRS_NAME_MAX; i += 101)
        name[i] = '/';
    name[MRS_NAME_MAX + 1] = '\0';
    assert_int_equal(mrs_store_put(f->s, me, name, "x", 1, NULL), MARS_ERR_INVALID_ARG);
    name[MRS_NAME_MAX] = '\0';
    put(f, name, "longest");
    holds(f, name, "longest");
}

struct listed {
    char names[20][64];
    size_t n;
    size_t stop_after;
};

static mars_status
note(void *user, const struct mrs_object_info *info, mars_error *err)
{
    struct listed *l = user;

    (void)err;
    assert_in_range(l->n, 0, 19);
    assert_in_range(strlen(info->name), 1, 63);
    assert_int_equal(info->size, strlen(info->name)); /* what the test puts there */
    strcpy(l->names[l->n++], info->name);
    return l->n == l->stop_after ? MARS_ERR_NOT_FOUND : MARS_OK;
}

static int
by_name(const void *a, const void *b)
{
    return strcmp(a, b);
}

/* The sorted names below prefix, joined by blanks. */
static void
lists(struct fixture *f, const char *prefix, const char *want)
{
    struct listed l = { .n = 0 };
    char got[2000] = "";

    assert_int_equal(mrs_store_list(f->s, prefix, MRS_LIST_INFO, note, &l, NULL), MARS_OK);
    qsort(l.names, l.n, sizeof l.names[0], by_name);
    for (size_t i = 0; i < l.n; i++) {
        strcat(got, i > 0 ? " " : "");
        strcat(got, l.names[i]);
    }
    assert_string_equal(got, want);
}

static void
list_shows_what_is_below_a_prefix_at_any_depth(void **state)
{
    struct fixture *f = *state;
    static const char *const names[] = { "a/b/1", "a/b/2", "a/bc/3", "a/b.d", "ab/4", "top",
                                         "a/b/c/d/e/5" };

    lists(f, "", "");
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        put(f, names[i], names[i]);
    lists(f, "", "a/b.d a/b/1 a/b/2 a/b/c/d/e/5 a/bc/3 ab/4 top");
    lists(f, "a/", "a/b.d a/b/1 a/b/2 a/b/c/d/e/5 a/bc/3");
    lists(f, "a/b/", "a/b/1 a/b/2 a/b/c/d/e/5");
    lists(f, "a/b/c/d/", "a/b/c/d/e/5");
    lists(f, "none/", "");
    lists(f, "a/none/at/all/", "");
    assert_int_equal(mrs_store_delete(f->s, "a/b/1", NULL), MARS_OK);
    lists(f, "a/b/", "a/b/2 a/b/c/d/e/5");
}

static void
list_refuses_other_prefixes(void **state)
{
    struct fixture *f = *state;
    static const char *const wrong[] = { "a", "/", "a//", "../", "A/", "tmp/", "a/../" };
    struct listed l = { .n = 0 };

    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++)
        assert_int_equal(mrs_store_list(f->s, wrong[i], MRS_LIST_INFO, note, &l, NULL),
                         MARS_ERR_INVALID_ARG);
}

static void
list_ends_with_what_the_callback_says(void **state)
{
    struct fixture *f = *state;
    struct listed l = { .stop_after = 2 };

    put(f, "a/1", "a/1");
    put(f, "b/2", "b/2");
    put(f, "c/3", "c/3");
    assert_int_equal(mrs_store_list(f->s, "", MRS_LIST_INFO, note, &l, NULL), MARS_ERR_NOT_FOUND);
    assert_int_equal(l.n, 2);
}

static mars_status
delete_it(void *user, const struct mrs_object_info *info, mars_error *err)
{
    return mrs_store_delete(user, info->name, err);
}

static void
a_callback_may_use_the_store(void **state)
{
    struct fixture *f = *state;
    char name[16];

    for (int i = 0; i < 50; i++) {
        (void)snprintf(name, sizeof name, "x%d/%d", i % 3, i);
        put(f, name, name);
    }
    assert_int_equal(mrs_store_list(f->s, "", MRS_LIST_INFO, delete_it, f->s, NULL), MARS_OK);
    lists(f, "", "");
}

static void
uploads_are_invisible_until_they_are_committed(void **state)
{
    struct fixture *f = *state;
    struct mrs_upload *u, *other;

    assert_int_equal(mrs_store_begin(f->s, me, &u, NULL), MARS_OK);
    assert_int_equal(mrs_store_begin(f->s, me, &other, NULL), MARS_OK);
    assert_int_equal(mrs_upload_append(u, "abandoned", 9, NULL), MARS_OK);
    assert_int_equal(mrs_upload_append(other, "a", 1, NULL), MARS_OK);
    lists(f, "", "");
    mrs_upload_abandon(u);
    mrs_upload_abandon(NULL);
    lists(f, "", "");
    assert_int_equal(mrs_upload_commit(other, "a", NULL), MARS_OK);
    lists(f, "", "a");
}

static void
an_upload_that_lost_bytes_is_never_published(void **state)
{
    struct fixture *f = *state;
    struct mrs_upload *u;
    mars_error err;

    assert_int_equal(mrs_store_begin(f->s, me, &u, NULL), MARS_OK);
    failing_alloc_arm(0);
    assert_int_equal(mrs_upload_append(u, "lost", 4, NULL), MARS_ERR_NOMEM);
    failing_alloc_arm(SIZE_MAX);
    assert_int_equal(mrs_upload_append(u, "found", 5, NULL), MARS_ERR_NOMEM);
    assert_int_equal(mrs_upload_append(u, "", 0, NULL), MARS_ERR_NOMEM);
    assert_int_equal(mrs_upload_commit(u, "a", &err), MARS_ERR_NOMEM);
    assert_string_equal(err.message, "object a: an earlier write failed");
    lists(f, "", "");
}

/* Sizes around where small appends are gathered. */
static void
appends_of_all_sizes_join_in_order(void **state)
{
    struct fixture *f = *state;
    static const size_t sizes[] = { 1, 65535, 1, 65536, 65537, 10, 0, 200000, 3, 32767, 32768,
                                    32769, 65536, 7, 40000, 40000, 40000, 1 << 20 };
    enum { TOTAL = 3 << 20 };
    uint8_t *bytes = malloc(TOTAL), *got = malloc(TOTAL);
    struct mrs_object_info info;
    struct mrs_upload *u;
    size_t at = 0;

    assert_true(bytes != NULL && got != NULL);
    for (size_t i = 0; i < TOTAL; i++)
        bytes[i] = (uint8_t)(i * 2654435761u >> 24);
    assert_int_equal(mrs_store_begin(f->s, me, &u, NULL), MARS_OK);
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        assert_in_range(at + sizes[i], 0, TOTAL);
        assert_int_equal(mrs_upload_append(u, bytes + at, sizes[i], NULL), MARS_OK);
        at += sizes[i];
    }
    assert_int_equal(mrs_upload_commit(u, "big", NULL), MARS_OK);
    assert_int_equal(mrs_store_stat(f->s, "big", &info, NULL), MARS_OK);
    assert_int_equal(info.size, at);
    assert_int_equal(mrs_store_read(f->s, "big", 0, got, at, NULL), MARS_OK);
    assert_memory_equal(got, bytes, at);
    free(bytes);
    free(got);
}

enum { RACERS = 8, ROUNDS = 50 };

struct racer {
    struct fixture *f;
    atomic_int *waiting;
    int wins;
    int others; /* answers that are neither won nor taken */
};

static void
race(void *arg)
{
    struct racer *r = arg;
    char name[40], text[32];

    atomic_fetch_sub(r->waiting, 1);
    while (atomic_load(r->waiting) > 0)
        continue;
    for (int i = 0; i < ROUNDS; i++) {
        mars_status st;

        (void)snprintf(name, sizeof name, "race/%d/n", i);
        (void)snprintf(text, sizeof text, "%p", (void *)r);
        st = mrs_store_put(r->f->s, me, name, text, strlen(text), NULL);
        r->wins += st == MARS_OK;
        r->others += st != MARS_OK && st != MARS_ERR_EXISTS;
        r->others += i % 10 == 0 && mrs_store_flush(r->f->s, NULL) != MARS_OK;
    }
}

static void
of_racing_puts_exactly_one_wins(void **state)
{
    struct fixture *f = *state;
    struct mrs_thread *threads[RACERS];
    struct racer racers[RACERS];
    atomic_int waiting = RACERS;
    struct mrs_object_info info;
    char name[40];
    int wins = 0;

    for (int i = 0; i < RACERS; i++) {
        racers[i] = (struct racer){ f, &waiting, 0, 0 };
        assert_int_equal(mrs_thread_start(&threads[i], race, &racers[i], NULL), MARS_OK);
    }
    for (int i = 0; i < RACERS; i++) {
        mrs_thread_join(threads[i]);
        assert_int_equal(racers[i].others, 0);
        wins += racers[i].wins;
    }
    assert_int_equal(wins, ROUNDS);
    for (int i = 0; i < ROUNDS; i++) {
        (void)snprintf(name, sizeof name, "race/%d/n", i);
        assert_int_equal(mrs_store_stat(f->s, name, &info, NULL), MARS_OK);
        assert_true(info.size > 0);
    }
}

static void
flush_and_sweep_leave_objects_alone(void **state)
{
    struct fixture *f = *state;

    assert_int_equal(mrs_store_flush(f->s, NULL), MARS_OK);
    put(f, "a/b/c", "a/b/c");
    assert_int_equal(mrs_store_flush(f->s, NULL), MARS_OK);
    assert_int_equal(mrs_store_sweep(f->s, me, NULL), MARS_OK);
    assert_int_equal(mrs_store_flush(f->s, NULL), MARS_OK);
    lists(f, "", "a/b/c");
}

/* All verbs in a row; what is there afterwards is whole or absent. */
static mars_status
use_everything(const char *dir)
{
    static char large[100000];
    struct mrs_store *s, *inner;
    struct mrs_upload *u = NULL;
    struct mrs_buf b = MRS_BUF_INIT(1 << 20);
    struct mrs_object_info info;
    struct listed l = { .n = 0 };
    mars_status st = open_kind(&s, &inner, dir);

    if (st == MARS_OK)
        st = mrs_store_put(s, me, "x/y/small", "x/y/small", 9, NULL);
    if (st == MARS_OK)
        st = mrs_store_put(s, me, "x/y/small2", "x/y/small2", 10, NULL);
    if (st == MARS_OK)
        st = mrs_store_list(s, "x/", MRS_LIST_INFO, note, &l, NULL);
    if (st == MARS_OK)
        st = mrs_store_begin(s, me, &u, NULL);
    if (st == MARS_OK)
        st = mrs_upload_append(u, "head", 4, NULL);
    if (st == MARS_OK)
        st = mrs_upload_append(u, large, sizeof large, NULL);
    if (st == MARS_OK) {
        st = mrs_upload_commit(u, "x/large", NULL);
        u = NULL;
    }
    if (st == MARS_OK)
        st = mrs_store_flush(s, NULL);
    if (st == MARS_OK)
        st = mrs_store_sweep(s, me, NULL);
    if (st == MARS_OK)
        st = mrs_store_get(s, "x/large", &b, NULL);
    if (st == MARS_OK)
        st = mrs_store_stat(s, "x/y/small", &info, NULL);
    if (st == MARS_OK)
        st = mrs_store_delete(s, "x/large", NULL);
    mrs_upload_abandon(u);
    mrs_buf_free(&b);
    mrs_store_close(s);
    mrs_store_close(inner);
    return st;
}

static void
every_verb_survives_every_failing_allocation(void **state)
{
    size_t before = failing_alloc_live(), n;
    mars_status st = MARS_ERR_NOMEM;

    (void)state;
    for (n = 0; st != MARS_OK; n++) {
        char dir[TMPDIR_PATH_MAX];

        assert_in_range(n, 0, 300);
        tmpdir_make(dir);
        failing_alloc_arm(n);
        st = use_everything(dir);
        failing_alloc_arm(SIZE_MAX);
        assert_true(st == MARS_OK || st == MARS_ERR_NOMEM);
        assert_int_equal(failing_alloc_live(), before);
        tmpdir_remove(dir);
    }
    assert_true(n > 10);
}

static void
other_urls_are_refused(void **state)
{
    static const struct {
        const char *url;
        mars_status st;
        const char *message;
    } cases[] = {
        { "", MARS_ERR_INVALID_ARG, "a vault URL begins with file:///, azblob:// or s3://" },
        { "/srv/vault", MARS_ERR_INVALID_ARG,
          "a vault URL begins with file:///, azblob:// or s3://" },
        { "file:/srv", MARS_ERR_UNSUPPORTED,
          "vault URL: this build has no stores of the kind file:" },
        { "file://host/srv", MARS_ERR_INVALID_ARG,
          "vault file://host/srv: a path on this machine is written file:///path" },
        { "file://", MARS_ERR_INVALID_ARG,
          "vault file://: a path on this machine is written file:///path" },
        { "azblob://x?sig=secret", MARS_ERR_INVALID_ARG,
          "vault URL: is azblob://ACCOUNT/CONTAINER[/PREFIX]" },
        { "azblob://account/box", MARS_ERR_AUTH,
          "account account: neither a key nor a signature nor an identity is given" },
        { "s3://bucket", MARS_ERR_AUTH,
          "bucket bucket: neither an access key nor a role is given" },
        { "gopher://x?sig=secret", MARS_ERR_UNSUPPORTED,
          "vault URL: this build has no stores of the kind gopher:" },
        { "memory:x", MARS_ERR_UNSUPPORTED,
          "vault URL: this build has no stores of the kind memory:" },
        { "custom:x", MARS_ERR_INVALID_ARG,
          "a vault \"custom:NAME\" needs the store that its application gives" },
        { "file:///a%0", MARS_ERR_INVALID_ARG,
          "vault file:///a%0: % begins two hex digits (write %25 for the sign itself)" },
        { "file:///a%zz", MARS_ERR_INVALID_ARG,
          "vault file:///a%zz: % begins two hex digits (write %25 for the sign itself)" },
        { "file:///a%00", MARS_ERR_INVALID_ARG,
          "vault file:///a%00: % begins two hex digits (write %25 for the sign itself)" },
        { "file:///a%", MARS_ERR_INVALID_ARG,
          "vault file:///a%: % begins two hex digits (write %25 for the sign itself)" },
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct mrs_store *s = (void *)&s;
        mars_error err;

        assert_int_equal(mrs_store_open(&s, cases[i].url, 0, NULL, &err), cases[i].st);
        assert_string_equal(err.message, cases[i].message);
        assert_null(s);
    }
    mrs_store_close(NULL);
}

int
main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
    const struct CMUnitTest tests[] = {
        T(an_object_can_be_read_as_soon_as_it_is_put),
        T(what_is_taken_is_never_replaced),
        T(missing_objects_are_not_found),
        T(ranges_are_read_whole_or_not_at_all),
        T(get_appends_and_keeps_to_the_limit),
        T(stat_tells_size_and_a_recent_time),
        T(a_deleted_name_is_free_again),
        T(other_names_are_refused_by_every_verb),
        T(names_have_limits),
        T(list_shows_what_is_below_a_prefix_at_any_depth),
        T(list_refuses_other_prefixes),
        T(list_ends_with_what_the_callback_says),
        T(a_callback_may_use_the_store),
        T(uploads_are_invisible_until_they_are_committed),
        T(an_upload_that_lost_bytes_is_never_published),
        T(appends_of_all_sizes_join_in_order),
        T(of_racing_puts_exactly_one_wins),
        T(flush_and_sweep_leave_objects_alone),
        T(every_verb_survives_every_failing_allocation),
        cmocka_unit_test(other_urls_are_refused),
    };
    int failed;

    failed = cmocka_run_group_tests_name("file store", tests, NULL, NULL);
    kind = IN_MEMORY;
    failed += cmocka_run_group_tests_name("memory store", tests, NULL, NULL);
    kind = OF_A_CALLER;
    return failed + cmocka_run_group_tests_name("caller's store", tests, NULL, NULL);
}
