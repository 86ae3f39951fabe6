/* A caller's source: what it gives is in the point, and what it fails at is told. */
#define _GNU_SOURCE
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "place.h"

enum { MIB = 1 << 20, HOLE = 3 * MIB };

/* One thing that is in memory. */
struct thing {
    const char *path;
    uint32_t type;
    uint32_t flags;
    uint64_t size;
    uint64_t file_id;
    const char *target;
};

static const struct thing THINGS[] = {
    { "/db", MARS_ENTRY_DIRECTORY, MARS_SOURCE_ROOT, 0, 1, NULL },
    { "/db/big", MARS_ENTRY_FILE, 0, 9 * MIB + 17, 2, NULL },
    { "/db/empty", MARS_ENTRY_FILE, 0, 0, 3, NULL },
    { "/db/in", MARS_ENTRY_DIRECTORY, 0, 0, 4, NULL },
    { "/db/in/small", MARS_ENTRY_FILE, MARS_SOURCE_LINKED, 600, 5, NULL },
    { "/db/link", MARS_ENTRY_SYMLINK, 0, 0, 6, "in/small" },
    { "/db/sparse", MARS_ENTRY_FILE, MARS_SOURCE_HOLES, HOLE + 1000, 7, NULL },
    { "/db/twin", MARS_ENTRY_FILE, MARS_SOURCE_LINKED, 600, 5, NULL },
    { "/other", MARS_ENTRY_FILE, MARS_SOURCE_ROOT, 30, 8, NULL },
};
enum { N_THINGS = sizeof THINGS / sizeof THINGS[0], N_FILES = 7 };

struct memory {
    mars_source table;
    size_t at;                 /* the next of THINGS */
    mars_source_item item;
    mars_entry entry;
    mars_attr attr;
    int64_t change_time;       /* of all files but one: that of "small" is one more */
    atomic_uint opened;
    atomic_uint closed;
    const char *fails_at;      /* a path; its read, or next where the entry would come, fails */
    mars_status read_fails;
    mars_status next_fails;
    mars_status changed_fails;
};

/* The byte at a place of a file. */
static uint8_t
byte_at(const struct thing *t, uint64_t offset)
{
    uint64_t x = (offset / 8 + t->file_id * 1000003) * 0x9e3779b97f4a7c15u;

    if ((t->flags & MARS_SOURCE_HOLES) != 0 && offset < HOLE)
        return 0;
    return (uint8_t)(x >> (8 * (offset % 8)));
}

static mars_status
fail_with(mars_status st, const char *path, mars_error *err)
{
    err->status = st;
    (void)snprintf(err->message, sizeof err->message, "%s is on fire", path);
    return st;
}

static int
is_at(const struct memory *m, const struct thing *t)
{
    return m->fails_at != NULL && strcmp(m->fails_at, t->path) == 0;
}

static mars_status
next(void *user, const mars_source_item **item, mars_error *err)
{
    struct memory *m = user;
    const struct thing *t = &THINGS[m->at];

    *item = NULL;
    if (m->at == N_THINGS)
        return MARS_OK;
    if (is_at(m, t) && m->next_fails != MARS_OK)
        return fail_with(m->next_fails, t->path, err);
    m->at++;
    m->entry = (mars_entry){ .struct_size = sizeof m->entry,
                             .type = t->type,
                             .path = t->path,
                             .path_len = strlen(t->path),
                             .size = t->size,
                             .mode = 0640,
                             .mtime = 1000 + (int64_t)t->file_id,
                             .mtime_ns = 5,
                             .target = t->target,
                             .target_len = t->target != NULL ? strlen(t->target) : 0,
                             .btime = 77 };
    m->item = (mars_source_item){ .struct_size = sizeof m->item,
                                  .flags = t->flags,
                                  .entry = &m->entry,
                                  .change_time = m->change_time,
                                  .file_id = t->file_id,
                                  .volume_id = 1,
                                  .file_system = "memory" };
    *item = &m->item;
    return MARS_OK;
}

static mars_status
describe(void *user, mars_error *err)
{
    struct memory *m = user;

    (void)err;
    m->entry.uid = 1234;
    m->entry.user = "somebody";
    m->attr = (mars_attr){ "user.note", 9, "hello", 5 };
    m->entry.attrs = &m->attr;
    m->entry.n_attrs = 1;
    return MARS_OK;
}

static mars_status
open_file(void *user, void **file, mars_error *err)
{
    struct memory *m = user;
    const void *t = &THINGS[m->at - 1];

    (void)err;
    m->opened++;
    memcpy(file, &t, sizeof t);
    return MARS_OK;
}

static mars_status
read_file(void *user, void *file, uint64_t offset, void *out, uint64_t len, uint64_t *got,
          mars_error *err)
{
    const struct memory *m = user;
    const struct thing *t = file;

    if (is_at(m, t) && m->read_fails != MARS_OK)
        return fail_with(m->read_fails, t->path, err);
    *got = offset >= t->size ? 0 : len < t->size - offset ? len : t->size - offset;
    for (uint64_t i = 0; i < *got; i++)
        ((uint8_t *)out)[i] = byte_at(t, offset + i);
    return MARS_OK;
}

static mars_status
extent(void *user, void *file, uint64_t offset, uint64_t *start, uint64_t *end, mars_error *err)
{
    const struct thing *t = file;

    (void)user;
    (void)err;
    *start = offset < HOLE ? HOLE : offset;
    *end = t->size;
    return MARS_OK;
}

static mars_status
changed(void *user, void *file, uint32_t *was, mars_error *err)
{
    const struct memory *m = user;
    const struct thing *t = file;

    (void)was;
    return is_at(m, t) && m->changed_fails != MARS_OK ? fail_with(m->changed_fails, t->path, err)
                                                      : MARS_OK;
}

static void
close_file(void *user, void *file)
{
    (void)file;
    ((struct memory *)user)->closed++;
}

static void
fill(struct memory *m)
{
    m->at = 0;
    m->opened = m->closed = 0;
    m->table = (mars_source){ .struct_size = sizeof m->table,
                              .user = m,
                              .next = next,
                              .describe = describe,
                              .open = open_file,
                              .read = read_file,
                              .extent = extent,
                              .changed = changed,
                              .close = close_file };
}

static mars_status
back_up(struct place *p, struct memory *m, mars_backup_result *r, mars_error *err)
{
    mars_backup_options o = { .struct_size = sizeof o, .source = &m->table };
    mars_status st;

    fill(m);
    r->struct_size = sizeof *r;
    st = mars_backup(p->agent, &o, r, err);
    assert_int_equal(m->opened, m->closed);
    return st;
}

/* A file of the point has the bytes that the source gave. */
static void
check_bytes(mars_point *point, const struct thing *t)
{
    uint8_t *bytes = malloc(t->size + 1);
    mars_file *f;
    mars_error err;
    uint64_t got;

    assert_non_null(bytes);
    assert_ok(mars_file_open(point, t->path, 0, &f, &err), &err);
    assert_ok(mars_file_read_at(f, 0, bytes, t->size + 1, &got, &err), &err);
    assert_int_equal(got, t->size);
    for (uint64_t i = 0; i < got; i++)
        if (bytes[i] != byte_at(t, i))
            fail_msg("%s: byte %llu", t->path, (unsigned long long)i);
    mars_file_close(f);
    free(bytes);
}

static void
check_entry(mars_point *point, const struct thing *t, mars_entry *e)
{
    mars_error err;

    e->struct_size = sizeof *e;
    assert_ok(mars_point_stat(point, t->path, 0, e, &err), &err);
    assert_int_equal(e->type, t->type);
    assert_int_equal(e->mode, 0640);
    assert_int_equal(e->uid, 1234);
    assert_string_equal(e->user, "somebody");
    assert_true(e->mtime == 1000 + (int64_t)t->file_id && e->mtime_ns == 5);
    assert_int_equal(e->btime, 77);
    assert_int_equal(e->size, t->size);
    assert_true((e->link_group != NULL) == ((t->flags & MARS_SOURCE_LINKED) != 0));
    if (t->target != NULL)
        assert_string_equal(e->target, t->target);
}

static void
what_it_gives_is_in_the_point(void **state)
{
    struct place *p = *state;
    struct memory m = { .change_time = 5 };
    mars_backup_result r;
    mars_point *point;
    mars_entry e;
    mars_error err;

    assert_ok(back_up(p, &m, &r, &err), &err);
    assert_int_equal(r.files, N_FILES);
    assert_int_equal(r.directories, 2);
    assert_int_equal(r.files_skipped, 0);
    assert_ok(mars_point_open(p->agent, r.point, NULL, &point, &err), &err);
    for (size_t i = 0; i < N_THINGS; i++) {
        check_entry(point, &THINGS[i], &e);
        if (THINGS[i].type == MARS_ENTRY_FILE)
            check_bytes(point, &THINGS[i]);
    }
    mars_point_close(point);
}

static void
only_what_changed_is_opened(void **state)
{
    struct place *p = *state;
    struct memory m = { .change_time = 5 };
    mars_backup_result r;
    mars_error err;

    assert_ok(back_up(p, &m, &r, &err), &err);
    assert_int_equal(m.opened, 6); /* all files */
    assert_ok(back_up(p, &m, &r, &err), &err);
    assert_int_equal(m.opened, 0);
    assert_int_equal(r.files_unchanged, N_FILES);
    m.change_time = -9;
    assert_ok(back_up(p, &m, &r, &err), &err);
    assert_int_equal(m.opened, 6);
    assert_true(r.bytes_new < 600); /* at most nodes of change times */
    m.change_time = 0; /* a source that cannot tell is read each time */
    assert_ok(back_up(p, &m, &r, &err), &err);
    assert_ok(back_up(p, &m, &r, &err), &err);
    assert_int_equal(m.opened, 6);
}

static void
take_event(const mars_event *e, void *user)
{
    if (e->kind == MARS_EVENT_SKIPPED)
        (void)snprintf(user, 300, "%.*s: %s", (int)e->path_len, e->path, e->message);
}

static void
a_file_that_fails_is_named_and_the_rest_goes_on(void **state)
{
    static const char *const paths[] = { "/db/big", "/db/in/small" };
    struct place *p = *state;
    char told[300];
    mars_error err;

    for (size_t i = 0; i < 2; i++) {
        struct memory m = { .read_fails = MARS_ERR_IO, .fails_at = paths[i] };
        mars_backup_result r = { .struct_size = sizeof r };
        mars_backup_options o = { .struct_size = sizeof o,
                                  .source = &m.table,
                                  .event = take_event,
                                  .event_user = told };
        char expected[300];

        fill(&m);
        assert_ok(mars_backup(p->agent, &o, &r, &err), &err);
        assert_int_equal(r.files_skipped, 1);
        (void)snprintf(expected, sizeof expected, "%s: %s is on fire", paths[i], paths[i]);
        assert_string_equal(told, expected);
        assert_int_equal(m.opened, m.closed);
    }
}

static void
what_ends_the_backup_ends_it_with_its_own_words(void **state)
{
    const mars_status ends[] = { MARS_ERR_CANCELLED, MARS_ERR_NOMEM, MARS_ERR_QUOTA };
    static const char *const paths[] = { "/db/big", "/db/in/small" };
    struct place *p = *state;
    struct memory m = { .fails_at = "/db/link", .next_fails = MARS_ERR_NETWORK };
    mars_backup_result r;
    mars_error err;

    assert_int_equal(back_up(p, &m, &r, &err), MARS_ERR_NETWORK);
    assert_string_equal(err.message, "/db/link is on fire");
    m.next_fails = MARS_OK;
    for (size_t i = 0; i < 6; i++) {
        m.fails_at = paths[i % 2];
        m.read_fails = ends[i / 2];
        assert_int_equal(back_up(p, &m, &r, &err), ends[i / 2]);
        assert_non_null(strstr(err.message, "is on fire"));
        m.read_fails = MARS_OK;
        m.changed_fails = ends[i / 2];
        assert_int_equal(back_up(p, &m, &r, &err), ends[i / 2]);
        m.changed_fails = MARS_OK;
    }
    m.fails_at = NULL;
    assert_ok(back_up(p, &m, &r, &err), &err); /* the agent is as it was */
}

static void
what_is_wrong_with_the_call_is_told(void **state)
{
    struct place *p = *state;
    const char *path = "/etc";
    struct memory m = { .change_time = 1 };
    mars_backup_options o = { .struct_size = sizeof o, .source = &m.table };
    mars_session *s;
    mars_error err;

    fill(&m);
    m.table.struct_size = 8;
    assert_int_equal(mars_backup(p->agent, &o, NULL, &err), MARS_ERR_INVALID_ARG);
    fill(&m);
    m.table.flags = 1;
    assert_int_equal(mars_backup(p->agent, &o, NULL, &err), MARS_ERR_UNSUPPORTED);
    fill(&m);
    m.table.next = NULL;
    assert_int_equal(mars_backup(p->agent, &o, NULL, &err), MARS_ERR_INVALID_ARG);
    fill(&m);
    assert_int_equal(mars_session_begin(p->agent, &o, &s, &err), MARS_ERR_INVALID_ARG);
    o.flags = MARS_BACKUP_ONE_FILE_SYSTEM;
    assert_int_equal(mars_backup(p->agent, &o, NULL, &err), MARS_ERR_INVALID_ARG);
    o.flags = 0;
    o.paths = &path;
    o.n_paths = 1;
    assert_int_equal(mars_backup(p->agent, &o, NULL, &err), MARS_ERR_INVALID_ARG);
    assert_int_equal(m.opened, 0);
}

int
main(void)
{
#define PLACE(f) cmocka_unit_test_setup_teardown(f, place_make, place_remove)
    const struct CMUnitTest tests[] = {
        PLACE(what_it_gives_is_in_the_point),
        PLACE(only_what_changed_is_opened),
        PLACE(a_file_that_fails_is_named_and_the_rest_goes_on),
        PLACE(what_ends_the_backup_ends_it_with_its_own_words),
        PLACE(what_is_wrong_with_the_call_is_told),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
