/* What is made of a source's row of names, and what of one that is wrong. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#include "base/err.h"
#include "failing_alloc.h"
#include "source/source.h"

enum { ROOT = MARS_SOURCE_ROOT };

/* One name; a directory's ends with "/", a skipped one has a reason. */
struct row {
    const char *path;
    uint32_t flags;
    uint32_t skip_reason;
};

struct listed {
    mars_source table;
    const struct row *rows; /* the last has no path */
    mars_source_item item;
    mars_entry entry;
    mars_status answer;     /* of all functions but next */
    const char *said;
    uint64_t read;          /* what read says that it got; and where extents are */
    uint64_t start;
    uint64_t end;
    unsigned closed;
};

static mars_status
next(void *user, const mars_source_item **item, mars_error *err)
{
    struct listed *l = user;
    size_t len = l->rows->path != NULL ? strlen(l->rows->path) : 0;
    int is_dir = len > 1 && l->rows->path[len - 1] == '/';

    (void)err;
    *item = NULL;
    if (l->rows->path == NULL)
        return MARS_OK;
    l->entry = (mars_entry){ .struct_size = sizeof l->entry,
                             .type = is_dir || len == 1 ? MARS_ENTRY_DIRECTORY : MARS_ENTRY_FILE,
                             .path = l->rows->path,
                             .path_len = len - (is_dir ? 1 : 0),
                             .size = 7 };
    l->item = (mars_source_item){ .struct_size = sizeof l->item,
                                  .flags = l->rows->flags,
                                  .entry = &l->entry,
                                  .skip_reason = l->rows->skip_reason };
    l->rows++;
    *item = &l->item;
    return MARS_OK;
}

static mars_status
answer(struct listed *l, mars_error *err)
{
    if (l->said != NULL) {
        err->status = l->answer;
        (void)snprintf(err->message, sizeof err->message, "%s", l->said);
    }
    return l->answer;
}

static mars_status
describe(void *user, mars_error *err)
{
    struct listed *l = user;

    l->entry.user = "root";
    l->entry.uid = 5;
    return answer(l, err);
}

static mars_status
open_file(void *user, void **file, mars_error *err)
{
    struct listed *l = user;

    l->entry.size = 100;
    l->item.flags |= MARS_SOURCE_HOLES;
    *file = l;
    return answer(l, err);
}

static mars_status
read_file(void *user, void *file, uint64_t offset, void *out, uint64_t len, uint64_t *got,
          mars_error *err)
{
    struct listed *l = user;

    assert_ptr_equal(file, l);
    (void)offset;
    memset(out, 'x', (size_t)len);
    *got = l->read;
    return answer(l, err);
}

static mars_status
extent(void *user, void *file, uint64_t offset, uint64_t *start, uint64_t *end, mars_error *err)
{
    struct listed *l = user;

    assert_ptr_equal(file, l);
    (void)offset;
    *start = l->start;
    *end = l->end;
    return answer(l, err);
}

static void
close_file(void *user, void *file)
{
    struct listed *l = user;

    assert_ptr_equal(file, l);
    l->closed++;
}

static struct mrs_reader *
open_reader(struct listed *l, const struct row *rows)
{
    struct mrs_reader *r;

    *l = (struct listed){ .rows = rows };
    l->table = (mars_source){ .struct_size = sizeof l->table,
                              .user = l,
                              .next = next,
                              .describe = describe,
                              .open = open_file,
                              .read = read_file,
                              .extent = extent,
                              .close = close_file };
    assert_int_equal(mrs_reader_open(&r, &l->table, NULL), MARS_OK);
    return r;
}

static mars_status
read_rows(const struct row *rows, char *text, mars_error *err)
{
    static const char marks[] = " ><=!";
    struct mrs_source_item item;
    struct listed l;
    struct mrs_reader *r = open_reader(&l, rows);
    mars_status st;

    text[0] = '\0';
    while ((st = mrs_reader_next(r, &item, err)) == MARS_OK && item.kind != MRS_SOURCE_END)
        (void)sprintf(text + strlen(text), "%c%.*s%s ", marks[item.kind], (int)item.entry.name.n,
                      item.kind != MRS_SOURCE_LEAVE ? (const char *)item.entry.name.p : "",
                      item.is_root && item.kind != MRS_SOURCE_LEAVE ? "*" : "");
    if (st == MARS_OK) /* and so on */
        assert_int_equal(mrs_reader_next(r, &item, err), MARS_OK);
    mrs_reader_close(r);
    return st;
}

static void
a_row_of_names_becomes_a_tree(void **state)
{
    const struct row rows[] = { { "/a/b/", ROOT, 0 },     { "/a/b/c/", 0, 0 },
                                { "/a/b/c/d/", 0, 0 },    { "/a/b/c/d/1", 0, 0 },
                                { "/else/gone", 0, 2 },   { "/a/b/c/e", 0, 0 },
                                { "/a/b/c.x", 0, 0 },     { "/a/b/f/", 0, 0 },
                                { "/a/b/f/", 0, 1 },      { "/a/b/f/z", 0, 0 },
                                { "/a/b/f/zz", ROOT, 0 }, { "/b", ROOT, 0 },
                                { NULL, 0, 0 } };
    const struct row top[] = { { "/", ROOT, 0 }, { "/a/", 0, 0 }, { "/a/1", 0, 0 },
                               { "/b", 0, 0 },   { NULL, 0, 0 } };
    char text[500];

    (void)state;
    assert_int_equal(read_rows(rows, text, NULL), MARS_OK);
    assert_string_equal(text, ">b* >c >d =1 !gone < =e < =c.x >f !f =z < < =zz* =b* ");
    assert_int_equal(read_rows(top, text, NULL), MARS_OK);
    assert_string_equal(text, ">/* >a =1 < =b < ");
    assert_int_equal(failing_alloc_live(), 0);
}

static void
what_is_out_of_order_is_refused(void **state)
{
    static const struct {
        struct row rows[4];
        const char *why;
    } cases[] = {
        { { { "/a", 0, 0 } }, "its directory" },
        { { { "a", ROOT, 0 } }, "absolute" },
        { { { "/a/", ROOT, 0 }, { "/b", 0, 0 } }, "its directory" },
        { { { "/a/", ROOT, 0 }, { "/a/b/c", 0, 0 } }, "its directory" },
        { { { "/a/", ROOT, 0 }, { "/a/c", 0, 0 }, { "/a/b", 0, 0 } }, "the name before" },
        { { { "/a/", ROOT, 0 }, { "/a/c", 0, 0 }, { "/a/c", 0, 0 } }, "the name before" },
        { { { "/a/", ROOT, 0 }, { "/a/c/", 0, 0 }, { "/a/b", 0, 0 } }, "the name before" },
        { { { "/b", ROOT, 0 }, { "/a", ROOT, 0 } }, "the root before" },
        { { { "/a", ROOT, 0 }, { "/a", ROOT, 0 } }, "the root before" },
        { { { "/a/", ROOT, 0 }, { "/a/..", 0, 0 } }, "names" },
        { { { "/a/", ROOT, 0 }, { "/a/.", 0, 0 } }, "names" },
        { { { "/a//b", ROOT, 0 } }, "names" },
        { { { "/../b", ROOT, 0 } }, "names" },
        { { { "/a", ROOT, 0 }, { "/b", 0, 99 } }, "skip_reason" },
    };
    mars_error err;
    char text[500];

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        assert_int_equal(read_rows(cases[i].rows, text, &err), MARS_ERR_INVALID_ARG);
        assert_int_equal(err.status, MARS_ERR_INVALID_ARG);
        if (strstr(err.message, cases[i].why) == NULL)
            fail_msg("case %zu: %s", i, err.message);
    }
    assert_int_equal(failing_alloc_live(), 0);
}

static void
a_table_has_what_it_needs(void **state)
{
    struct row none = { NULL, 0, 0 };
    struct mrs_reader *r;
    struct listed l;

    (void)state;
    mrs_reader_close(open_reader(&l, &none));
    l.table.read = NULL;
    assert_int_equal(mrs_reader_open(&r, &l.table, NULL), MARS_ERR_INVALID_ARG);
    assert_null(r);
}

static mars_status
spoiled(void (*spoil)(struct listed *l), mars_error *err)
{
    const struct row rows[] = { { "/a", ROOT, 0 }, { NULL, 0, 0 } };
    struct mrs_source_item item;
    struct mrs_slice attrs;
    struct listed l;
    struct mrs_reader *r = open_reader(&l, rows);
    mars_status st;

    assert_int_equal(mrs_reader_next(r, &item, NULL), MARS_OK);
    spoil(&l);
    st = mrs_reader_describe(r, &item, &attrs, err);
    mrs_reader_close(r);
    return st;
}

static void bad_mode(struct listed *l) { l->entry.mode = 010000; }
static void bad_type(struct listed *l) { l->entry.type = 7; }
static void bad_time(struct listed *l) { l->entry.mtime_ns = 1000000000; }
static void bad_change(struct listed *l) { l->item.change_time_ns = UINT32_MAX; }
static void bad_size(struct listed *l) { l->entry.size = UINT64_MAX; }
static void good(struct listed *l) { l->entry.mode = 07777; }

static void
values_are_bounded(void **state)
{
    void (*const spoils[])(struct listed *) = { bad_mode, bad_type, bad_time, bad_change,
                                                bad_size };

    (void)state;
    assert_int_equal(spoiled(good, NULL), MARS_OK);
    for (size_t i = 0; i < sizeof spoils / sizeof spoils[0]; i++)
        assert_int_equal(spoiled(spoils[i], NULL), MARS_ERR_INVALID_ARG);
}

/* What a function answers is a status with a message, whatever it said. */
static void
answers_are_made_whole(void **state)
{
    const struct row rows[] = { { "/a", ROOT, 0 }, { NULL, 0, 0 } };
    struct mrs_source_item item;
    struct mrs_slice attrs;
    struct listed l;
    struct mrs_reader *r = open_reader(&l, rows);
    mars_error err;

    (void)state;
    assert_int_equal(mrs_reader_next(r, &item, NULL), MARS_OK);
    assert_int_equal(mrs_reader_describe(r, &item, &attrs, NULL), MARS_OK);
    assert_int_equal(item.entry.uid, 5);
    assert_memory_equal(item.entry.user.p, "root", 4);
    l.answer = MARS_ERR_IO;
    l.said = "the tape is torn";
    assert_int_equal(mrs_reader_describe(r, &item, &attrs, &err), MARS_ERR_IO);
    assert_string_equal(err.message, "the tape is torn");
    l.said = NULL;
    assert_int_equal(mrs_reader_describe(r, &item, &attrs, &err), MARS_ERR_IO);
    assert_int_equal(err.status, MARS_ERR_IO);
    assert_non_null(strstr(err.message, "describe"));
    l.answer = (mars_status)17;
    assert_int_equal(mrs_reader_describe(r, &item, &attrs, &err), MARS_ERR_INVALID_ARG);
    assert_non_null(strstr(err.message, "17"));
    mrs_reader_close(r);
}

static void
what_a_file_tells_is_bounded(void **state)
{
    const struct row rows[] = { { "/a", ROOT, 0 }, { NULL, 0, 0 } };
    static const uint64_t bad[][2] = { { 5, 50 }, { 60, 50 }, { 10, 101 }, { 20, 20 } };
    struct mrs_source_item item;
    struct mrs_source_file f;
    struct listed l;
    struct mrs_reader *r = open_reader(&l, rows);
    uint64_t start, end;
    char bytes[10];
    size_t got;
    bool changed;

    (void)state;
    assert_int_equal(mrs_reader_next(r, &item, NULL), MARS_OK);
    assert_int_equal(item.entry.size, 7);
    assert_int_equal(mrs_reader_open_file(r, &item, &f, NULL), MARS_OK);
    assert_true(item.entry.size == 100 && f.size == 100 && f.sparse);
    l.read = 10;
    assert_int_equal(mrs_source_read(&f, 0, bytes, sizeof bytes, &got, NULL), MARS_OK);
    assert_int_equal(got, 10);
    l.read = 11;
    assert_int_equal(mrs_source_read(&f, 0, bytes, sizeof bytes, &got, NULL),
                     MARS_ERR_INVALID_ARG);
    assert_int_equal(got, 0);
    l.start = 10;
    l.end = 100;
    assert_int_equal(mrs_source_extent(&f, 10, &start, &end, NULL), MARS_OK);
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        l.start = bad[i][0];
        l.end = bad[i][1];
        assert_int_equal(mrs_source_extent(&f, 10, &start, &end, NULL), MARS_ERR_INVALID_ARG);
    }
    assert_int_equal(mrs_source_changed(&f, &changed, NULL), MARS_OK);
    assert_false(changed); /* it has no such function */
    mrs_source_close(&f);
    mrs_source_close(&f);
    assert_int_equal(l.closed, 1);
    mrs_reader_close(r);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_row_of_names_becomes_a_tree),
        cmocka_unit_test(what_is_out_of_order_is_refused),
        cmocka_unit_test(a_table_has_what_it_needs),
        cmocka_unit_test(values_are_bounded),
        cmocka_unit_test(answers_are_made_whole),
        cmocka_unit_test(what_a_file_tells_is_bounded),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
