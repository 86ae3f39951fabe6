/* Restores into a caller's sink: a tree in memory. */
#define _GNU_SOURCE
#include <ftw.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <cmocka.h>

#include "place.h"

enum { MIB = 1 << 20, NODES = 64, LARGE = 12 * MIB, SPARSE = 16 * MIB };

/* What came of an entry, kept when its node has been released. */
struct kept {
    struct kept *parent;
    char path[2 * PLACE_PATH];
    uint32_t type, mode;
    unsigned char *data; /* of size bytes, written over zeros */
    uint64_t size, written;
    char target[64];
    uint64_t n_attrs;
    char attr[32];
    const struct kept *first;
    int open; /* of a directory: what is in it and not released */
    int ends, releases;
    int32_t outcome;
};

struct memory {
    pthread_mutex_t lock;
    struct kept *all[NODES];
    int n;
    mars_status misuse; /* what a sink must never see */
    /* What goes wrong; NULL: nothing. Ends of paths. */
    const char *refuse, *present, *fail_begin, *fail_write, *fail_end;
    mars_status status;
};

static bool
ends_with(const char *path, const char *end)
{
    return end != NULL && strlen(path) >= strlen(end) &&
           strcmp(path + strlen(path) - strlen(end), end) == 0;
}

static mars_status
refuse(const struct memory *m, mars_error *err)
{
    err->os_code = 5;
    (void)snprintf(err->message, sizeof err->message, "no more of this");
    return m->status;
}

static void
expect(struct memory *m, bool is)
{
    if (!is)
        m->misuse = MARS_ERR_INTERNAL;
}

static mars_status MARS_CALL
begin(void *user, void *parent, const mars_entry *e, void **node, mars_error *err)
{
    struct memory *m = user;
    struct kept *k;

    if (ends_with(e->path, m->fail_begin))
        return refuse(m, err);
    if (ends_with(e->path, m->refuse))
        return MARS_OK;
    k = calloc(1, sizeof *k);
    pthread_mutex_lock(&m->lock);
    expect(m, e->struct_size == sizeof *e && e->path[e->path_len] == '\0');
    expect(m, parent == NULL || ((struct kept *)parent)->ends == 0);
    k->parent = parent;
    if (k->parent != NULL)
        k->parent->open++;
    (void)snprintf(k->path, sizeof k->path, "%s", e->path);
    k->type = e->type;
    k->mode = e->mode;
    k->size = e->size;
    k->data = calloc(1, (size_t)e->size + 1);
    if (e->target != NULL)
        (void)snprintf(k->target, sizeof k->target, "%s", e->target);
    k->n_attrs = e->n_attrs;
    for (uint64_t i = 0; i < e->n_attrs; i++)
        if (e->attrs[i].name_len == 8 && memcmp(e->attrs[i].name, "user.two", 8) == 0)
            memcpy(k->attr, e->attrs[i].value, (size_t)e->attrs[i].value_len);
    m->all[m->n++] = k;
    pthread_mutex_unlock(&m->lock);
    *node = k;
    return MARS_OK;
}

static mars_status MARS_CALL
put(void *user, void *node, uint64_t offset, const void *data, uint64_t len, mars_error *err)
{
    struct memory *m = user;
    struct kept *k = node;
    bool fits = offset <= k->size && len <= k->size - offset;

    if (ends_with(k->path, m->fail_write))
        return refuse(m, err);
    pthread_mutex_lock(&m->lock);
    expect(m, fits && len > 0 && k->ends == 0 && k->first == NULL);
    k->written += len;
    pthread_mutex_unlock(&m->lock);
    if (fits)
        memcpy(k->data + offset, data, (size_t)len);
    return MARS_OK;
}

static mars_status MARS_CALL
end(void *user, void *node, int32_t outcome, mars_error *err)
{
    struct memory *m = user;
    struct kept *k = node;

    pthread_mutex_lock(&m->lock);
    expect(m, k->ends++ == 0 && k->open == 0);
    k->outcome = outcome;
    if (k->parent != NULL && outcome != MARS_OK)
        expect(m, k->parent->ends == 0);
    pthread_mutex_unlock(&m->lock);
    return ends_with(k->path, m->fail_end) ? refuse(m, err) : MARS_OK;
}

static mars_status MARS_CALL
join(void *user, void *node, void *first, mars_error *err)
{
    struct memory *m = user;
    struct kept *k = node;

    (void)err;
    pthread_mutex_lock(&m->lock);
    k->first = first;
    expect(m, k->ends == 0 && k->first->ends == 1 && k->first->outcome == MARS_OK);
    expect(m, k->first->releases == 0);
    pthread_mutex_unlock(&m->lock);
    return MARS_OK;
}

static void MARS_CALL
state_of(void *user, void *node, mars_sink_state *s)
{
    struct memory *m = user;
    struct kept *k = node;

    expect(m, s->struct_size == sizeof *s && s->state == MARS_SINK_TAKEN);
    if (ends_with(k->path, m->present))
        s->state = MARS_SINK_PRESENT;
}

static void MARS_CALL
release(void *user, void *node)
{
    struct memory *m = user;
    struct kept *k = node;

    pthread_mutex_lock(&m->lock);
    expect(m, k->ends == 1 && k->releases++ == 0);
    if (k->parent != NULL)
        k->parent->open--;
    pthread_mutex_unlock(&m->lock);
}

static struct memory *
memory_new(mars_sink *sink)
{
    struct memory *m = calloc(1, sizeof *m);

    assert_non_null(m);
    pthread_mutex_init(&m->lock, NULL);
    m->status = MARS_ERR_IO;
    *sink = (mars_sink){ .struct_size = sizeof *sink,
                         .user = m,
                         .begin = begin,
                         .write = put,
                         .end = end,
                         .link = join,
                         .state = state_of,
                         .release = release };
    return m;
}

static void
memory_free(struct memory *m)
{
    for (int i = 0; i < m->n; i++) {
        free(m->all[i]->data);
        free(m->all[i]);
    }
    pthread_mutex_destroy(&m->lock);
    free(m);
}

static const struct kept *
find(const struct memory *m, const char *end_of_path)
{
    for (int i = 0; i < m->n; i++)
        if (ends_with(m->all[i]->path, end_of_path))
            return m->all[i];
    return NULL;
}

/* What holds of every run: each node has one end, and one release. */
static void
assert_orderly(const struct memory *m)
{
    assert_int_equal(m->misuse, MARS_OK);
    for (int i = 0; i < m->n; i++) {
        assert_int_equal(m->all[i]->ends, 1);
        assert_int_equal(m->all[i]->releases, 1);
    }
}

static char lost[1024]; /* name and message, a line each */

static void MARS_CALL
note(const mars_event *e, void *user)
{
    size_t used = strlen(lost), name = (size_t)e->path_len;

    (void)user;
    while (name > 0 && e->path[--name] != '/')
        ;
    if (e->kind == MARS_EVENT_NOT_RESTORED)
        (void)snprintf(lost + used, sizeof lost - used, "%.*s: %s\n", (int)(e->path_len - name),
                       e->path + name, e->message);
}

static mars_status
restore_to(struct place *p, const mars_sink *sink, mars_restore_result *r, mars_error *err)
{
    mars_restore_options o = { .struct_size = sizeof o,
                               .point = "latest",
                               .item = "sink",
                               .sink = sink,
                               .event = note };

    lost[0] = '\0';
    *r = (mars_restore_result){ .struct_size = sizeof *r };
    return mars_restore(p->agent, &o, r, err);
}

static void
write_at(const char *path, uint64_t offset, const unsigned char *data, size_t n, uint64_t size)
{
    FILE *f = fopen(path, "wb");

    assert_non_null(f);
    assert_int_equal(fseeko(f, (off_t)offset, SEEK_SET), 0);
    assert_int_equal(fwrite(data, 1, n, f), n);
    assert_int_equal(fclose(f), 0);
    assert_int_equal(truncate(path, (off_t)size), 0);
}

static unsigned char *noise;
static bool has_attrs;

static const char *
in_source(const struct place *p, const char *name)
{
    static char paths[2][2 * PLACE_PATH];
    static unsigned next;
    char *path = paths[next++ % 2];

    (void)snprintf(path, sizeof paths[0], "%s/source/%s", p->dir, name);
    return path;
}

static int
make_source(void **state)
{
    struct place *p;
    const char *paths[1];
    uint64_t x = 7;
    mars_backup_options o = { .struct_size = sizeof o, .item = "sink", .paths = paths,
                              .n_paths = 1 };
    mars_error err;

    (void)place_make(state);
    p = *state;
    noise = malloc(LARGE);
    assert_non_null(noise);
    for (size_t i = 0; i < LARGE; i++) {
        x = x * 6364136223846793005u + 1442695040888963407u;
        noise[i] = (unsigned char)(x >> 56);
    }
    assert_int_equal(mkdir(in_source(p, ""), 0755), 0);
    assert_int_equal(mkdir(in_source(p, "sub"), 0750), 0);
    write_at(in_source(p, "a"), 0, noise, 700, 700);
    write_at(in_source(p, "empty"), 0, noise, 0, 0);
    write_at(in_source(p, "inside"), 0, noise, 100, 100);
    write_at(in_source(p, "large"), 0, noise, LARGE, LARGE);
    write_at(in_source(p, "sparse"), 9 * MIB, noise, MIB, SPARSE);
    write_at(in_source(p, "sub/b"), 0, noise + 9000, 3000, 3000);
    assert_int_equal(chmod(in_source(p, "sub/b"), 0640), 0);
    assert_int_equal(symlink("../a", in_source(p, "sub/link")), 0);
    assert_int_equal(link(in_source(p, "large"), in_source(p, "sub/large-too")), 0);
    assert_int_equal(link(in_source(p, "a"), in_source(p, "z")), 0);
    has_attrs = setxattr(in_source(p, "empty"), "user.one", "1", 1, 0) == 0 &&
                setxattr(in_source(p, "empty"), "user.two", "zwei", 4, 0) == 0;
    paths[0] = in_source(p, "");
    assert_ok(mars_backup(p->agent, &o, NULL, &err), &err);
    return 0;
}

static int
remove_source(void **state)
{
    free(noise);
    return place_remove(state);
}

static void
assert_file(const struct memory *m, const char *path, const unsigned char *data, size_t n)
{
    const struct kept *k = find(m, path);

    assert_non_null(k);
    if (k->first != NULL)
        k = k->first;
    assert_int_equal(k->outcome, MARS_OK);
    assert_int_equal(k->size, n);
    assert_int_equal(k->written, n);
    assert_memory_equal(k->data, data, n);
}

static void
assert_content(const struct memory *m)
{
    const struct kept *sparse = find(m, "/sparse");

    assert_file(m, "/a", noise, 700);
    assert_file(m, "/z", noise, 700);
    assert_file(m, "/empty", noise, 0);
    assert_file(m, "/inside", noise, 100);
    assert_file(m, "/large", noise, LARGE);
    assert_file(m, "/large-too", noise, LARGE);
    assert_file(m, "/sub/b", noise + 9000, 3000);
    assert_int_equal(sparse->size, SPARSE);
    assert_in_range(sparse->written, MIB, 4 * MIB); /* holes are left out */
    assert_memory_equal(sparse->data + 9 * MIB, noise, MIB);
    for (size_t i = 0; i < SPARSE; i++)
        if ((i < 9 * MIB || i >= 10 * MIB) && sparse->data[i] != 0)
            fail_msg("byte %zu of a hole", i);
}

static void
a_tree_comes_whole(void **state)
{
    struct place *p = *state;
    mars_sink sink;
    struct memory *m = memory_new(&sink);
    mars_restore_result r;
    mars_error err;

    assert_ok(restore_to(p, &sink, &r, &err), &err);
    assert_orderly(m);
    assert_content(m);
    assert_int_equal(r.files_restored, 9);
    assert_int_equal(r.directories, 2);
    assert_int_equal(find(m, "/sub")->type, MARS_ENTRY_DIRECTORY);
    assert_int_equal(find(m, "/sub")->mode, 0750);
    assert_null(find(m, "/source")->parent);
    assert_ptr_equal(find(m, "/sub/b")->parent, find(m, "/sub"));
    assert_int_equal(find(m, "/sub/b")->mode, 0640);
    assert_int_equal(find(m, "/sub/link")->type, MARS_ENTRY_SYMLINK);
    assert_string_equal(find(m, "/sub/link")->target, "../a");
    if (has_attrs) {
        assert_in_range(find(m, "/empty")->n_attrs, 2, 9);
        assert_string_equal(find(m, "/empty")->attr, "zwei");
    }
    /* One name of two has the content, whichever came first. */
    assert_true((find(m, "/a")->first == NULL) != (find(m, "/z")->first == NULL));
    assert_true((find(m, "/large")->first == NULL) != (find(m, "/large-too")->first == NULL));
    memory_free(m);
}

static void
without_links_each_name_has_its_content(void **state)
{
    struct place *p = *state;
    mars_sink sink;
    struct memory *m = memory_new(&sink);
    mars_restore_result r;
    mars_error err;

    sink.link = NULL;
    sink.state = NULL;
    assert_ok(restore_to(p, &sink, &r, &err), &err);
    assert_orderly(m);
    assert_content(m);
    assert_null(find(m, "/a")->first);
    assert_null(find(m, "/z")->first);
    assert_int_equal(r.files_restored, 9);
    memory_free(m);
}

static void
what_is_not_wanted_is_not_fetched(void **state)
{
    struct place *p = *state;
    mars_sink sink;
    struct memory *m = memory_new(&sink);
    mars_restore_result r;
    mars_error err;

    sink.link = NULL;
    m->refuse = "/large";
    m->present = "/sparse";
    assert_ok(restore_to(p, &sink, &r, &err), &err);
    assert_orderly(m);
    assert_int_equal(r.files_skipped, 1);
    assert_int_equal(r.files_present, 1);
    assert_int_equal(r.files_restored, 7);
    assert_int_equal(find(m, "/sparse")->written, 0);
    assert_file(m, "/large-too", noise, LARGE);
    memory_free(m);
    m = memory_new(&sink);
    m->refuse = "/sub";
    m->present = "/large";
    assert_ok(restore_to(p, &sink, &r, &err), &err);
    assert_orderly(m);
    assert_null(find(m, "/sub/b"));
    assert_int_equal(r.files_skipped, 1);
    assert_in_range(r.bytes_fetched, 1, 3 * MIB);
    memory_free(m);
}

static void
what_is_there_already_gets_other_names(void **state)
{
    struct place *p = *state;
    mars_sink sink;
    struct memory *m = memory_new(&sink);
    mars_restore_result r;
    mars_error err;

    m->present = "/a";
    assert_ok(restore_to(p, &sink, &r, &err), &err);
    assert_orderly(m);
    assert_int_equal(find(m, "/a")->written, 0);
    assert_ptr_equal(find(m, "/z")->first, find(m, "/a"));
    assert_int_equal(r.files_present, 1);
    memory_free(m);
}

/* One call fails for one entry: that one is lost, and the run ends with the call's status. */
static void
assert_one_lost(struct place *p, size_t what, const char *path, const char *loses)
{
    mars_sink sink;
    struct memory *m = memory_new(&sink);
    mars_restore_result r;
    mars_error err;

    memcpy((char *)m + what, &path, sizeof path);
    assert_int_equal(restore_to(p, &sink, &r, &err), MARS_ERR_IO);
    assert_orderly(m);
    assert_string_equal(lost, loses);
    assert_int_equal(r.files_failed, 1);
    memory_free(m);
}

static void
a_failing_call_loses_one_entry(void **state)
{
    struct place *p = *state;

    assert_one_lost(p, offsetof(struct memory, fail_begin), "/inside",
                    "/inside: no more of this\n");
    assert_one_lost(p, offsetof(struct memory, fail_write), "/sub/b", "/b: no more of this\n");
    assert_one_lost(p, offsetof(struct memory, fail_write), "/large", "/large: no more of this\n");
    assert_one_lost(p, offsetof(struct memory, fail_end), "/sub/link", "/link: no more of this\n");
    assert_one_lost(p, offsetof(struct memory, fail_end), "/sub", "/sub: no more of this\n");
}

static void
the_next_name_takes_the_place_of_a_first_that_failed(void **state)
{
    struct place *p = *state;
    mars_sink sink;
    struct memory *m = memory_new(&sink);
    mars_restore_result r;
    mars_error err;

    m->fail_write = "/a";
    assert_int_equal(restore_to(p, &sink, &r, &err), MARS_ERR_IO);
    assert_orderly(m);
    assert_string_equal(lost, "/a: no more of this\n");
    assert_file(m, "/z", noise, 700);
    assert_null(find(m, "/z")->first);
    memory_free(m);
}

static void
some_failures_end_the_restore(void **state)
{
    static const mars_status statuses[] = { MARS_ERR_CANCELLED, MARS_ERR_QUOTA, MARS_ERR_NOMEM };
    struct place *p = *state;

    for (size_t i = 0; i < 6; i++) {
        mars_sink sink;
        struct memory *m = memory_new(&sink);
        mars_restore_result r;
        mars_error err;

        *(i < 3 ? &m->fail_write : &m->fail_end) = i % 2 == 0 ? "/sub/b" : "/large";
        m->status = statuses[i % 3];
        assert_int_equal(restore_to(p, &sink, &r, &err), m->status);
        assert_string_equal(err.message, "no more of this");
        assert_orderly(m);
        assert_int_not_equal(find(m, "/source")->outcome, MARS_OK);
        memory_free(m);
    }
}

static void
a_status_that_is_none_is_an_error(void **state)
{
    struct place *p = *state;
    mars_sink sink;
    struct memory *m = memory_new(&sink);
    mars_restore_result r;
    mars_error err;

    m->fail_end = "/empty";
    m->status = (mars_status)17;
    assert_int_equal(restore_to(p, &sink, &r, &err), MARS_ERR_INVALID_ARG);
    assert_orderly(m);
    assert_string_equal(lost, "/empty: the sink's end: answers 17, which is no status\n");
    memory_free(m);
}

static void
tables_are_checked(void **state)
{
    struct place *p = *state;
    mars_restore_options o = { .struct_size = sizeof o, .point = "latest", .item = "sink" };
    mars_sink sink;
    struct memory *m = memory_new(&sink);
    mars_restore_result r;
    mars_error err;

    o.sink = &sink;
    o.target = p->dir;
    assert_int_equal(mars_restore(p->agent, &o, NULL, &err), MARS_ERR_INVALID_ARG);
    o.target = NULL;
    o.conflict = MARS_CONFLICT_SKIP;
    assert_int_equal(mars_restore(p->agent, &o, NULL, &err), MARS_ERR_INVALID_ARG);
    o.conflict = 0;
    o.flags = MARS_RESTORE_NO_OWNER;
    assert_int_equal(mars_restore(p->agent, &o, NULL, &err), MARS_ERR_INVALID_ARG);
    o.flags = MARS_RESTORE_DRY_RUN;
    assert_ok(mars_restore(p->agent, &o, NULL, &err), &err);
    assert_int_equal(m->n, 0);
    sink.struct_size = sizeof sink - 8;
    assert_int_equal(restore_to(p, &sink, &r, &err), MARS_ERR_INVALID_ARG);
    sink.struct_size = sizeof sink;
    sink.flags = 1;
    assert_int_equal(restore_to(p, &sink, &r, &err), MARS_ERR_UNSUPPORTED);
    sink.flags = 0;
    sink.release = NULL;
    assert_int_equal(restore_to(p, &sink, &r, &err), MARS_ERR_INVALID_ARG);
    sink.release = release;
    sink.end = NULL;
    assert_int_equal(restore_to(p, &sink, &r, &err), MARS_ERR_INVALID_ARG);
    assert_int_equal(m->n, 0);
    memory_free(m);
}

static char largest[2 * PLACE_PATH];
static off_t largest_size;

static int
find_largest(const char *path, const struct stat *st, int kind, struct FTW *ftw)
{
    (void)ftw;
    if (kind == FTW_F && st->st_size > largest_size && strstr(path, "/packs/data/") != NULL) {
        (void)snprintf(largest, sizeof largest, "%s", path);
        largest_size = st->st_size;
    }
    return 0;
}

/* The last test: a pack stays damaged. */
static void
damaged_data_ends_as_such(void **state)
{
    struct place *p = *state;
    char vault[PLACE_PATH + 8];
    mars_sink sink;
    struct memory *m = memory_new(&sink);
    mars_restore_result r;
    mars_error err;
    FILE *f;

    (void)snprintf(vault, sizeof vault, "%s/vault", p->dir);
    assert_int_equal(nftw(vault, find_largest, 16, FTW_PHYS), 0);
    assert_int_equal(chmod(largest, 0600), 0);
    f = fopen(largest, "r+b");
    assert_non_null(f);
    assert_int_equal(fseeko(f, largest_size / 2, SEEK_SET), 0);
    assert_int_equal(fwrite("damaged", 1, 7, f), 7);
    assert_int_equal(fclose(f), 0);
    assert_int_equal(restore_to(p, &sink, &r, &err), MARS_ERR_CORRUPT);
    assert_orderly(m);
    assert_int_equal(find(m, "/large")->outcome, MARS_ERR_CORRUPT);
    assert_int_equal(find(m, "/large-too")->outcome, MARS_ERR_CORRUPT);
    assert_file(m, "/sub/b", noise + 9000, 3000);
    assert_int_equal(r.files_failed, 2);
    memory_free(m);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_tree_comes_whole),
        cmocka_unit_test(without_links_each_name_has_its_content),
        cmocka_unit_test(what_is_not_wanted_is_not_fetched),
        cmocka_unit_test(what_is_there_already_gets_other_names),
        cmocka_unit_test(a_failing_call_loses_one_entry),
        cmocka_unit_test(the_next_name_takes_the_place_of_a_first_that_failed),
        cmocka_unit_test(some_failures_end_the_restore),
        cmocka_unit_test(a_status_that_is_none_is_an_error),
        cmocka_unit_test(tables_are_checked),
        cmocka_unit_test(damaged_data_ends_as_such),
    };

    return cmocka_run_group_tests(tests, make_source, remove_source);
}
