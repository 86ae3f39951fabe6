#define _GNU_SOURCE
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <string.h>

#include "base/alloc.h"
#include "failing_alloc.h"
#include "platform/thread.h"
#include "source/pipe.h"

enum { TOTAL = 1 << 20 };

static struct mrs_source_stream *
open_stream(struct mrs_source *s)
{
    struct mrs_source_stream *stream;
    struct mrs_source_item item;

    assert_int_equal(s->vt->next(s, &item, NULL), MARS_OK);
    assert_int_equal(item.kind, MRS_SOURCE_ENTRY);
    assert_int_equal(s->vt->open(s, &item, &stream, NULL), MARS_OK);
    assert_true(stream->size == UINT64_MAX);
    return stream;
}

static void
a_pipe_is_one_file(void **state)
{
    struct mrs_source_item item;
    struct mrs_source_stream *stream;
    struct mrs_slice attrs;
    struct mrs_source *s;
    struct mrs_pipe *p;
    struct mrs_root root;

    (void)state;
    assert_int_equal(mrs_source_pipe_open(&s, &p, "dump.sql", 8, 10, NULL), MARS_OK);
    assert_int_equal(s->n_roots, 1);
    assert_int_equal(s->vt->next(s, &item, NULL), MARS_OK);
    assert_int_equal(item.kind, MRS_SOURCE_ENTRY);
    assert_true(item.is_root);
    assert_int_equal(item.entry.type, MRS_ENTRY_FILE);
    assert_int_equal(item.entry.mode, 0600);
    assert_memory_equal(item.entry.name.p, "dump.sql", 8);
    assert_int_equal(s->vt->describe(s, &item, &attrs, NULL), MARS_OK);
    assert_int_equal(attrs.n, 0);
    s->vt->root(s, 0, &root);
    assert_int_equal(root.style, MRS_PATH_STREAM);
    assert_int_equal(root.n_parent, 0);
    assert_int_equal(s->vt->open(s, &item, &stream, NULL), MARS_OK);
    stream->vt->close(stream);
    assert_int_equal(s->vt->open(s, &item, &stream, NULL), MARS_ERR_STATE);
    assert_int_equal(s->vt->next(s, &item, NULL), MARS_OK);
    assert_int_equal(item.kind, MRS_SOURCE_END);
    s->vt->close(s);
    mrs_pipe_close(p);
    mrs_pipe_close(NULL);
    assert_int_equal(failing_alloc_live(), 0);
}

static void
bad_names_are_refused(void **state)
{
    static const char *const names[] = { "", ".", "..", "a/b" };
    struct mrs_source *s;
    struct mrs_pipe *p;
    char longer[256];

    (void)state;
    for (size_t i = 0; i < 4; i++)
        assert_int_equal(mrs_source_pipe_open(&s, &p, names[i], strlen(names[i]), 1, NULL),
                         MARS_ERR_INVALID_ARG);
    assert_int_equal(mrs_source_pipe_open(&s, &p, "a\0b", 3, 1, NULL), MARS_ERR_INVALID_ARG);
    memset(longer, 'x', sizeof longer);
    assert_int_equal(mrs_source_pipe_open(&s, &p, longer, 256, 1, NULL), MARS_ERR_INVALID_ARG);
    assert_int_equal(mrs_source_pipe_open(&s, &p, longer, 255, 0, NULL), MARS_ERR_INVALID_ARG);
    assert_null(s);
    assert_null(p);
}

/* Bytes of a row that does not repeat soon, in pieces of changing size. */
static void
write_all(void *arg)
{
    struct mrs_pipe *p = arg;
    uint8_t piece[7000];
    size_t sent = 0;

    for (size_t k = 1; sent < TOTAL; k++) {
        size_t n = k * 977 % sizeof piece + 1;

        n = n < TOTAL - sent ? n : TOTAL - sent;
        for (size_t i = 0; i < n; i++)
            piece[i] = (uint8_t)((sent + i) * 31 >> 3);
        if (mrs_pipe_write(p, piece, n, NULL) != MARS_OK)
            break;
        sent += n;
    }
    mrs_pipe_finish(p);
    mrs_pipe_close(p);
}

static void
all_bytes_come_through_a_small_ring(void **state)
{
    struct mrs_source_stream *stream;
    struct mrs_thread *t;
    struct mrs_source *s;
    struct mrs_pipe *p;
    uint8_t part[10000];
    uint64_t at = 0;
    size_t got;

    (void)state;
    assert_int_equal(mrs_source_pipe_open(&s, &p, "x", 1, 4097, NULL), MARS_OK);
    stream = open_stream(s);
    assert_int_equal(mrs_thread_start(&t, write_all, p, NULL), MARS_OK);
    do {
        assert_int_equal(stream->vt->read(stream, at, part, sizeof part, &got, NULL), MARS_OK);
        for (size_t i = 0; i < got; i++)
            assert_int_equal(part[i], (uint8_t)((at + i) * 31 >> 3));
        at += got;
    } while (got == sizeof part);
    assert_int_equal(at, TOTAL);
    assert_int_equal(stream->vt->read(stream, at, part, 1, &got, NULL), MARS_OK);
    assert_int_equal(got, 0);
    assert_int_equal(stream->vt->read(stream, 5, part, 1, &got, NULL), MARS_ERR_INTERNAL);
    mrs_thread_join(t);
    s->vt->close(s);
    stream->vt->close(stream);
    assert_int_equal(failing_alloc_live(), 0);
}

static void
the_writer_hears_that_nobody_reads(void **state)
{
    struct mrs_source_stream *stream;
    struct mrs_source *s;
    struct mrs_pipe *p;

    (void)state;
    assert_int_equal(mrs_source_pipe_open(&s, &p, "x", 1, 4, NULL), MARS_OK);
    assert_int_equal(mrs_pipe_write(p, "1234", 4, NULL), MARS_OK);
    s->vt->close(s);
    assert_int_equal(mrs_pipe_write(p, "5", 1, NULL), MARS_ERR_CANCELLED);
    mrs_pipe_close(p);
    assert_int_equal(mrs_source_pipe_open(&s, &p, "x", 1, 4, NULL), MARS_OK);
    stream = open_stream(s);
    stream->vt->close(stream);
    assert_int_equal(mrs_pipe_write(p, "5", 1, NULL), MARS_ERR_CANCELLED);
    mrs_pipe_close(p);
    s->vt->close(s);
    assert_int_equal(failing_alloc_live(), 0);
}

static void
close_source(void *arg)
{
    struct mrs_source *s = arg;

    s->vt->close(s);
}

static void
a_waiting_writer_is_woken(void **state)
{
    struct mrs_source *s;
    struct mrs_thread *t;
    struct mrs_pipe *p;

    (void)state;
    assert_int_equal(mrs_source_pipe_open(&s, &p, "x", 1, 2, NULL), MARS_OK);
    assert_int_equal(mrs_thread_start(&t, close_source, s, NULL), MARS_OK);
    assert_int_equal(mrs_pipe_write(p, "12345", 5, NULL), MARS_ERR_CANCELLED);
    mrs_thread_join(t);
    mrs_pipe_close(p);
}

static void
the_reader_hears_what_went_wrong(void **state)
{
    struct mrs_source_stream *stream;
    struct mrs_source *s;
    struct mrs_pipe *p;
    char c[4];
    size_t got;

    (void)state;
    assert_int_equal(mrs_source_pipe_open(&s, &p, "x", 1, 4, NULL), MARS_OK);
    stream = open_stream(s);
    mrs_pipe_fail(p, MARS_ERR_IO);
    assert_int_equal(mrs_pipe_write(p, "1", 1, NULL), MARS_ERR_STATE);
    mrs_pipe_finish(p); /* too late */
    mrs_pipe_close(p);
    assert_int_equal(stream->vt->read(stream, 0, c, 1, &got, NULL), MARS_ERR_IO);
    s->vt->close(s);
    stream->vt->close(stream);
    /* Closing without finish is giving up. */
    assert_int_equal(mrs_source_pipe_open(&s, &p, "x", 1, 4, NULL), MARS_OK);
    stream = open_stream(s);
    assert_int_equal(mrs_pipe_write(p, "1", 1, NULL), MARS_OK);
    mrs_pipe_close(p);
    assert_int_equal(stream->vt->read(stream, 0, c, 4, &got, NULL), MARS_ERR_CANCELLED);
    stream->vt->close(stream);
    s->vt->close(s);
    /* What was finished can be read when the writer is gone. */
    assert_int_equal(mrs_source_pipe_open(&s, &p, "x", 1, 4, NULL), MARS_OK);
    stream = open_stream(s);
    assert_int_equal(mrs_pipe_write(p, "123", 3, NULL), MARS_OK);
    mrs_pipe_finish(p);
    mrs_pipe_close(p);
    assert_int_equal(stream->vt->read(stream, 0, c, 4, &got, NULL), MARS_OK);
    assert_int_equal(got, 3);
    stream->vt->close(stream);
    s->vt->close(s);
    assert_int_equal(failing_alloc_live(), 0);
}

static mars_status
open_and_close(void)
{
    struct mrs_source_stream *stream = NULL;
    struct mrs_source_item item;
    struct mrs_source *s;
    struct mrs_pipe *p;
    mars_status st = mrs_source_pipe_open(&s, &p, "x", 1, 100, NULL);

    if (st != MARS_OK)
        return st;
    st = s->vt->next(s, &item, NULL);
    if (st == MARS_OK)
        st = s->vt->open(s, &item, &stream, NULL);
    if (stream != NULL)
        stream->vt->close(stream);
    mrs_pipe_close(p);
    s->vt->close(s);
    return st;
}

static void
opening_survives_every_oom(void **state)
{
    mars_status st = MARS_ERR_NOMEM;
    size_t n;

    (void)state;
    for (n = 0; st != MARS_OK; n++) {
        assert_in_range(n, 0, 100);
        failing_alloc_arm(n);
        st = open_and_close();
        failing_alloc_arm(SIZE_MAX);
        assert_true(st == MARS_OK || st == MARS_ERR_NOMEM);
        assert_int_equal(failing_alloc_live(), 0);
    }
    assert_true(n > 5);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_pipe_is_one_file),
        cmocka_unit_test(bad_names_are_refused),
        cmocka_unit_test(all_bytes_come_through_a_small_ring),
        cmocka_unit_test(the_writer_hears_that_nobody_reads),
        cmocka_unit_test(a_waiting_writer_is_woken),
        cmocka_unit_test(the_reader_hears_what_went_wrong),
        cmocka_unit_test(opening_survives_every_oom),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
