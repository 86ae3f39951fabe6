/* Open recovery points and files: looking, finding, comparing, reading at any place. What is read
 * is held against the files that were backed up, read again from the disk. */
#define _GNU_SOURCE
#include <dirent.h>
#include <fcntl.h>
#include <ftw.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "place.h"

enum { MIB = 1 << 20, PATH_BYTES = 4 * PLACE_PATH };

/* "dir/tree/NAME", in one of a few buffers that take turns. */
static const char *
in_tree(const struct place *p, const char *name)
{
    static char paths[4][PATH_BYTES];
    static int turn;
    char *path = paths[turn++ % 4];

    snprintf(path, PATH_BYTES, "%s/tree%s%s", p->dir, *name != '\0' ? "/" : "", name);
    return path;
}

static void
shell(const struct place *p, const char *command)
{
    char line[2 * PATH_BYTES];

    snprintf(line, sizeof line, "cd '%s/tree' && %s", p->dir, command);
    assert_int_equal(system(line), 0);
}

static void
back_up(struct place *p, const char *item, char point[33])
{
    const char *paths[] = { in_tree(p, "") };
    mars_backup_options o = { .struct_size = sizeof o, .item = item, .paths = paths,
                              .n_paths = 1 };
    mars_backup_result r = { .struct_size = sizeof r };
    mars_error err;

    assert_ok(mars_backup(p->agent, &o, &r, &err), &err);
    if (point != NULL)
        memcpy(point, r.point, 33);
}

/* A tree with what matters, backed up as "browse". */
static void
make_tree(struct place *p)
{
    (void)place_tree(p, "tree", 3, 3000, 5);
    shell(p, "mkdir -p sub/deep empty-dir && printf abc >sub/inline && : >empty && "
             "ln -sf file-1 link && printf x >sub/deep/x.txt && printf y >sub/y.txt && "
             "head -c 9500000 /dev/urandom >large && "
             "head -c 3000000 /dev/urandom >sparse && truncate -s 40000000 sparse && "
             "head -c 2000000 /dev/urandom >>sparse && truncate -s 50000000 sparse && "
             "truncate -s 5000000 all-hole");
    back_up(p, "browse", NULL);
}

static int
make_place(void **state)
{
    int failed = place_make(state);

    if (failed == 0)
        make_tree(*state);
    return failed;
}

static mars_point *
open_latest(struct place *p, const char *item)
{
    mars_point *point;
    mars_error err;

    assert_ok(mars_point_open(p->agent, "latest", item, &point, &err), &err);
    return point;
}

static mars_file *
open_file(mars_point *point, const char *path)
{
    mars_file *f;
    mars_error err;

    assert_ok(mars_file_open(point, path, 0, &f, &err), &err);
    return f;
}

/* What was told, one line each. */
struct told {
    char text[1 << 16];
    size_t skip; /* of each path */
};

static void
add_line(struct told *t, const char *before, const char *path)
{
    size_t len = strlen(t->text);

    assert_true(strlen(path) >= t->skip);
    snprintf(t->text + len, sizeof t->text - len, "%s%s\n", before, path + t->skip);
}

static int
tell_entry(const mars_entry *e, void *user)
{
    assert_int_equal(e->struct_size, sizeof *e);
    assert_int_equal(strlen(e->path), e->path_len);
    add_line(user, "", e->path);
    return 0;
}

static int
stop_at_once(const mars_entry *e, void *user)
{
    (void)e;
    ++*(int *)user;
    return 1;
}

static void
a_point_is_listed(void **state)
{
    struct place *p = *state;
    mars_point *point = open_latest(p, "browse");
    struct told t = { .skip = strlen(in_tree(p, "")) };
    int calls = 0;
    mars_error err;

    assert_ok(mars_point_browse(point, in_tree(p, ""), 0, 0, tell_entry, &t, &err), &err);
    assert_string_equal(t.text, "/all-hole\n/empty\n/empty-dir\n/file-0\n/file-1\n/file-2\n/large\n"
                                "/link\n/sparse\n/sub\n");
    t.text[0] = '\0';
    assert_ok(mars_point_browse(point, in_tree(p, "sub"), 0, MARS_BROWSE_RECURSE, tell_entry, &t,
                                &err), &err);
    assert_string_equal(t.text, "/sub/deep\n/sub/deep/x.txt\n/sub/inline\n/sub/y.txt\n");
    t.text[0] = '\0';
    assert_ok(mars_point_browse(point, NULL, 0, 0, tell_entry, &t, &err), &err);
    assert_string_equal(t.text, "\n"); /* the root */
    t.text[0] = '\0';
    /* A length, no NUL, no "/" at the front, one at the end. */
    assert_ok(mars_point_browse(point, in_tree(p, "sub/inlineXX") + 1,
                                strlen(in_tree(p, "sub/inline")) - 1, 0, tell_entry, &t, &err),
              &err);
    assert_string_equal(t.text, "/sub/inline\n");
    assert_int_equal(mars_point_browse(point, "/nowhere", 0, 0, tell_entry, &t, &err),
                     MARS_ERR_NOT_FOUND);
    assert_int_equal(mars_point_browse(point, NULL, 0, 2, tell_entry, &t, &err),
                     MARS_ERR_UNSUPPORTED);
    assert_int_equal(mars_point_browse(point, in_tree(p, ""), 0, 0, stop_at_once, &calls, &err),
                     MARS_ERR_CANCELLED);
    assert_int_equal(calls, 1);
    mars_point_close(point);
}

static void
one_name_is_looked_at(void **state)
{
    struct place *p = *state;
    mars_point *point = open_latest(p, "browse");
    struct {
        mars_entry known;
        uint64_t later;
    } newer = { .known = { .struct_size = sizeof newer }, .later = 7 };
    mars_entry e = { .struct_size = sizeof e }, unset = { 0 };
    struct stat s;
    mars_error err;

    assert_ok(mars_point_stat(point, in_tree(p, "sparse"), 0, &e, &err), &err);
    assert_int_equal(stat(in_tree(p, "sparse"), &s), 0);
    assert_int_equal(e.type, MARS_ENTRY_FILE);
    assert_int_equal(e.size, s.st_size);
    assert_int_equal(e.mode, s.st_mode & 07777);
    assert_int_equal(e.mtime, s.st_mtim.tv_sec);
    assert_int_equal(e.mtime_ns, s.st_mtim.tv_nsec);
    assert_int_equal(e.uid, s.st_uid);
    assert_string_equal(e.path, in_tree(p, "sparse"));
    assert_null(e.target);
    assert_ok(mars_point_stat(point, in_tree(p, "link//"), 0, &newer.known, &err), &err);
    assert_int_equal(newer.known.type, MARS_ENTRY_SYMLINK);
    assert_string_equal(newer.known.target, "file-1");
    assert_int_equal(newer.known.target_len, 6);
    assert_int_equal(newer.later, 0);
    assert_ok(mars_point_stat(point, in_tree(p, ""), 0, &e, &err), &err);
    assert_int_equal(e.type, MARS_ENTRY_DIRECTORY);
    assert_int_equal(mars_point_stat(point, in_tree(p, "file-9"), 0, &e, &err),
                     MARS_ERR_NOT_FOUND);
    assert_int_equal(mars_point_stat(point, in_tree(p, "file-1/below"), 0, &e, &err),
                     MARS_ERR_NOT_FOUND);
    assert_int_equal(mars_point_stat(point, "/", 0, &e, &err), MARS_ERR_NOT_FOUND);
    assert_int_equal(mars_point_stat(point, in_tree(p, ""), 0, &unset, &err),
                     MARS_ERR_INVALID_ARG);
    assert_int_equal(mars_point_stat(point, NULL, 0, &e, &err), MARS_ERR_INVALID_ARG);
    assert_int_equal(mars_point_stat(NULL, "/", 0, &e, &err), MARS_ERR_INVALID_ARG);
    mars_point_close(point);
}

static void
a_point_tells_of_itself(void **state)
{
    struct place *p = *state;
    mars_point_info info = { .struct_size = sizeof info };
    mars_point *point = open_latest(p, "browse"), *same;
    mars_error err;
    char prefix[9];

    assert_ok(mars_point_get_info(point, &info, &err), &err);
    assert_string_equal(info.item, "browse");
    assert_string_equal(info.machine, "test");
    assert_int_equal(info.n_roots, 1);
    assert_string_equal(info.roots[0], in_tree(p, ""));
    assert_int_equal(info.root_lens[0], strlen(info.roots[0]));
    assert_int_equal(info.is_head, 1);
    snprintf(prefix, sizeof prefix, "%.8s", info.id);
    assert_ok(mars_point_open(p->agent, prefix, NULL, &same, &err), &err);
    mars_point_close(same);
    assert_int_equal(mars_point_open(p->agent, prefix, "other", &same, &err), MARS_ERR_NOT_FOUND);
    assert_null(same);
    assert_int_equal(mars_point_open(p->agent, "abc", NULL, &same, &err), MARS_ERR_INVALID_ARG);
    assert_int_equal(mars_point_open(p->agent, NULL, NULL, &same, &err), MARS_ERR_INVALID_ARG);
    assert_int_equal(mars_point_open(NULL, "latest", NULL, &same, &err), MARS_ERR_INVALID_ARG);
    assert_int_equal(mars_point_open(p->agent, "latest", "browse", NULL, &err),
                     MARS_ERR_INVALID_ARG);
    mars_point_close(point);
    mars_point_close(NULL);
}

static void
finds(mars_point *point, size_t skip, const char *const *patterns, uint64_t n, const char *what)
{
    struct told t = { .skip = skip };
    mars_error err;

    assert_ok(mars_point_find(point, patterns, n, tell_entry, &t, &err), &err);
    assert_string_equal(t.text, what);
}

static void
patterns_find_what_they_would_exclude(void **state)
{
    struct place *p = *state;
    mars_point *point = open_latest(p, "browse");
    size_t skip = strlen(in_tree(p, ""));
    int calls = 0;
    mars_error err;

    finds(point, skip, (const char *[]){ "*.txt" }, 1, "/sub/deep/x.txt\n/sub/y.txt\n");
    finds(point, skip, (const char *[]){ "/*.txt" }, 1, "");
    finds(point, skip, (const char *[]){ "sub/*.txt" }, 1, "/sub/y.txt\n");
    finds(point, skip, (const char *[]){ "file-*", "!file-1" }, 2, "/file-0\n/file-2\n");
    finds(point, skip, (const char *[]){ "s*/" }, 1, "/sub\n");
    finds(point, skip, (const char *[]){ "**/x.txt", "sub" }, 2, "/sub\n/sub/deep/x.txt\n");
    finds(point, skip, (const char *[]){ "tree" }, 1, "\n"); /* the root, by its name */
    finds(point, skip, (const char *[]){ "# sub", "" }, 2, "");
    assert_int_equal(mars_point_find(point, NULL, 0, tell_entry, NULL, &err),
                     MARS_ERR_INVALID_ARG);
    assert_int_equal(mars_point_find(point, (const char *[]){ NULL }, 1, tell_entry, NULL, &err),
                     MARS_ERR_INVALID_ARG);
    assert_int_equal(mars_point_find(point, (const char *[]){ "*" }, 1, stop_at_once, &calls,
                                     &err), MARS_ERR_CANCELLED);
    mars_point_close(point);
}

static int
tell_change(const mars_diff *d, void *user)
{
    static const char *const letters[] = { "?", "+", "-", "M", "U", "T" };

    assert_int_equal(d->struct_size, sizeof *d);
    assert_true(d->change >= 1 && d->change <= 5);
    assert_int_equal(d->before == NULL, d->change == MARS_DIFF_ADDED);
    assert_int_equal(d->after == NULL, d->change == MARS_DIFF_REMOVED);
    if (d->before != NULL && d->after != NULL)
        assert_string_equal(d->before->path, d->after->path);
    add_line(user, letters[d->change], d->after != NULL ? d->after->path : d->before->path);
    return 0;
}

/* Directories are told where their own mtime changed; set back, what is left is what was done. */
static void
differences_are_told(void **state)
{
    struct place *p = *state;
    struct told t = { .skip = strlen(in_tree(p, "")) };
    mars_point *before, *after;
    char first[33], second[33];
    mars_error err;

    shell(p, "mkdir -p d/only d/same d/a && printf 1 >d/a/1 && printf 2 >d/a.b && "
             "printf 3 >d/content && printf 4 >d/mode && printf 5 >d/time && ln -s to d/link && "
             "printf 6 >d/turns && printf 7 >d/only/7 && printf 8 >d/same/8 && : >d/gone && "
             "mkdir d/back && printf 9 >d/back/9 && touch -d 2020-01-01 d/* d");
    back_up(p, "diff", first);
    shell(p, "printf x >d/content && touch -d 2020-01-01 d/content && chmod 600 d/mode && "
             "touch -d 2021-01-01 d/time && ln -sfn other d/link && rm d/turns && "
             "mkdir d/turns && printf 6 >d/turns/in && rm -r d/only d/gone d/back && "
             "printf 9 >d/back && mkdir d/new && printf n >d/new/n && printf 1 >d/a/2 && "
             "touch -d 2020-01-01 d/a d");
    back_up(p, "diff", second);
    assert_ok(mars_point_open(p->agent, first, NULL, &before, &err), &err);
    assert_ok(mars_point_open(p->agent, second, NULL, &after, &err), &err);
    assert_ok(mars_point_diff(before, after, in_tree(p, "d"), 0, tell_change, &t, &err), &err);
    assert_string_equal(t.text, "+/d/a/2\nT/d/back\n-/d/back/9\nM/d/content\n-/d/gone\nU/d/link\n"
                                "U/d/mode\n+/d/new\n+/d/new/n\n-/d/only\n-/d/only/7\nU/d/time\n"
                                "T/d/turns\n+/d/turns/in\n");
    t.text[0] = '\0';
    assert_ok(mars_point_diff(after, before, in_tree(p, "d/new"), 0, tell_change, &t, &err),
              &err);
    assert_string_equal(t.text, "-/d/new\n-/d/new/n\n");
    t.text[0] = '\0';
    assert_ok(mars_point_diff(after, after, NULL, 0, tell_change, &t, &err), &err);
    assert_string_equal(t.text, "");
    assert_int_equal(mars_point_diff(before, after, "/nowhere", 0, tell_change, &t, &err),
                     MARS_ERR_NOT_FOUND);
    assert_int_equal(mars_point_diff(before, NULL, NULL, 0, tell_change, &t, &err),
                     MARS_ERR_INVALID_ARG);
    mars_point_close(before);
    mars_point_close(after);
}

/* Roots are matched by their paths, and told in their order. */
static void
roots_that_come_and_go_are_told(void **state)
{
    struct place *p = *state;
    struct told t = { .skip = strlen(in_tree(p, "")) };
    mars_backup_options o = { .struct_size = sizeof o, .item = "roots", .n_paths = 2 };
    mars_backup_result r = { .struct_size = sizeof r };
    mars_point *before, *after;
    mars_error err;

    o.paths = (const char *[]){ in_tree(p, "file-1"), in_tree(p, "sub") };
    assert_ok(mars_backup(p->agent, &o, &r, &err), &err);
    assert_ok(mars_point_open(p->agent, r.point, NULL, &before, &err), &err);
    o.paths = (const char *[]){ in_tree(p, "sub"), in_tree(p, "empty-dir") };
    assert_ok(mars_backup(p->agent, &o, &r, &err), &err);
    assert_ok(mars_point_open(p->agent, r.point, NULL, &after, &err), &err);
    assert_ok(mars_point_diff(before, after, NULL, 0, tell_change, &t, &err), &err);
    assert_string_equal(t.text, "+/empty-dir\n-/file-1\n");
    mars_point_close(before);
    mars_point_close(after);
}

static unsigned char *
slurp(const char *path, size_t *n)
{
    struct stat s;
    int fd = open(path, O_RDONLY);
    unsigned char *data;

    assert_true(fd >= 0);
    assert_int_equal(fstat(fd, &s), 0);
    data = malloc((size_t)s.st_size + 1);
    assert_non_null(data);
    *n = 0;
    while (*n < (size_t)s.st_size) {
        ssize_t got = read(fd, data + *n, (size_t)s.st_size - *n);

        assert_true(got > 0);
        *n += (size_t)got;
    }
    close(fd);
    return data;
}

static void
read_same(mars_file *f, const unsigned char *data, size_t size, uint64_t offset, size_t n)
{
    unsigned char *out = malloc(n + 1);
    size_t due = offset >= size ? 0 : size - offset < n ? size - (size_t)offset : n;
    uint64_t got = 12345;
    mars_error err;

    assert_non_null(out);
    out[due] = 0x5a;
    assert_ok(mars_file_read_at(f, offset, out, n, &got, &err), &err);
    assert_int_equal(got, due);
    assert_memory_equal(out, data + (due > 0 ? offset : 0), due);
    assert_int_equal(out[due], 0x5a);
    free(out);
}

static void
file_is_as_on_the_disk(struct place *p, mars_point *point, const char *name)
{
    size_t size;
    unsigned char *data = slurp(in_tree(p, name), &size);
    mars_file *f = open_file(point, in_tree(p, name));
    unsigned x = 17;

    assert_int_equal(mars_file_size(f), size);
    for (int i = 0; i < 400; i++) {
        uint64_t offset;
        size_t n;

        x = x * 1664525u + 1013904223u;
        offset = size > 0 ? (uint64_t)x * 4 % size : 0;
        x = x * 1664525u + 1013904223u;
        n = i % 40 == 0 ? x % (3 * MIB) : x % 9000;
        read_same(f, data, size, offset, n);
    }
    for (size_t at = 0; at < size + 70000; at += 70000) /* in order, across all borders */
        read_same(f, data, size, at, 70000);
    for (size_t at = size; at > 100000; at -= 100000) /* and backwards */
        read_same(f, data, size, at - 100000, 100000);
    read_same(f, data, size, 0, size + 100);
    read_same(f, data, size, size > 0 ? size - 1 : 0, 100);
    read_same(f, data, size, size, 100);
    read_same(f, data, size, UINT64_MAX, 100);
    read_same(f, data, size, 0, 0);
    mars_file_close(f);
    free(data);
}

static void
any_place_of_a_file_is_as_it_was(void **state)
{
    static const char *const names[] = { "large", "sparse", "all-hole", "empty", "sub/inline",
                                         "file-2" };
    struct place *p = *state;
    mars_point *point = open_latest(p, "browse");

    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        file_is_as_on_the_disk(p, point, names[i]);
    mars_point_close(point);
}

static void
only_regular_files_are_opened(void **state)
{
    struct place *p = *state;
    mars_point *point = open_latest(p, "browse");
    mars_file *f;
    mars_error err;
    uint64_t got = 1;
    char c;

    assert_int_equal(mars_file_open(point, in_tree(p, "sub"), 0, &f, &err), MARS_ERR_INVALID_ARG);
    assert_null(f);
    assert_int_equal(mars_file_open(point, in_tree(p, "link"), 0, &f, &err),
                     MARS_ERR_INVALID_ARG);
    assert_int_equal(mars_file_open(point, in_tree(p, "none"), 0, &f, &err), MARS_ERR_NOT_FOUND);
    assert_int_equal(mars_file_open(point, NULL, 0, &f, &err), MARS_ERR_INVALID_ARG);
    assert_int_equal(mars_file_open(NULL, "/", 0, &f, &err), MARS_ERR_INVALID_ARG);
    assert_int_equal(mars_file_read_at(NULL, 0, &c, 1, &got, &err), MARS_ERR_INVALID_ARG);
    assert_int_equal(got, 0);
    f = open_file(point, in_tree(p, "file-1"));
    assert_int_equal(mars_file_read_at(f, 0, NULL, 1, &got, &err), MARS_ERR_INVALID_ARG);
    assert_int_equal(mars_file_read_at(f, 0, &c, 1, NULL, &err), MARS_ERR_INVALID_ARG);
    assert_int_equal(mars_file_size(NULL), 0);
    mars_file_close(f);
    mars_file_close(NULL);
    mars_point_close(point);
}

struct stream {
    const unsigned char *data;
    size_t at;
    size_t stop_behind;
    mars_cancel *cancel;
};

static int
compare_stream(const void *data, uint64_t len, void *user)
{
    struct stream *s = user;

    assert_memory_equal(s->data + s->at, data, len);
    s->at += len;
    if (s->cancel != NULL)
        mars_cancel_set(s->cancel);
    return s->at > s->stop_behind;
}

static void
a_file_is_read_as_a_stream(void **state)
{
    static const char *const names[] = { "large", "sparse", "all-hole", "empty", "sub/inline" };
    struct place *p = *state;
    mars_point *point = open_latest(p, "browse");
    mars_error err;

    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        size_t size;
        unsigned char *data = slurp(in_tree(p, names[i]), &size);
        struct stream s = { data, 0, SIZE_MAX, NULL };

        assert_ok(mars_point_read(point, in_tree(p, names[i]), 0, compare_stream, &s, NULL, &err),
                  &err);
        assert_int_equal(s.at, size);
        free(data);
    }
    mars_point_close(point);
}

static void
reading_a_stream_can_be_stopped(void **state)
{
    struct place *p = *state;
    mars_point *point = open_latest(p, "browse");
    size_t size;
    unsigned char *data = slurp(in_tree(p, "large"), &size);
    struct stream s = { data, 0, 1, NULL };
    mars_cancel *cancel;
    mars_error err;

    assert_int_equal(mars_point_read(point, in_tree(p, "large"), 0, compare_stream, &s, NULL,
                                     &err), MARS_ERR_CANCELLED);
    assert_true(s.at < size);
    assert_ok(mars_cancel_new(&cancel, &err), &err);
    s = (struct stream){ data, 0, SIZE_MAX, cancel };
    assert_int_equal(mars_point_read(point, in_tree(p, "large"), 0, compare_stream, &s, cancel,
                                     &err), MARS_ERR_CANCELLED);
    assert_true(s.at < size);
    mars_cancel_free(cancel);
    free(data);
    mars_point_close(point);
}

/* Finalisers of other languages run in any order. */
static void
handles_may_be_closed_in_any_order(void **state)
{
    struct place *p = *state;
    size_t size;
    unsigned char *data = slurp(in_tree(p, "large"), &size);

    for (unsigned order = 0; order < 6; order++) {
        static const unsigned orders[6][3] = { { 0, 1, 2 }, { 0, 2, 1 }, { 1, 0, 2 },
                                               { 1, 2, 0 }, { 2, 0, 1 }, { 2, 1, 0 } };
        mars_agent *agent;
        mars_point *point;
        mars_file *f;
        mars_error err;
        int before = open_files();

        assert_ok(mars_agent_open(p->config, 0, NULL, &agent, &err), &err);
        assert_ok(mars_point_open(agent, "latest", "browse", &point, &err), &err);
        f = open_file(point, in_tree(p, "large"));
        for (size_t at = 0; at < 4 * MIB; at += 100000) /* so that workers run ahead */
            read_same(f, data, size, at, 100000);
        for (size_t i = 0; i < 3; i++) {
            struct told t = { .skip = strlen(in_tree(p, "")) };

            if (orders[order][i] == 0)
                mars_agent_close(agent);
            else if (orders[order][i] == 1)
                mars_point_close(point);
            else
                mars_file_close(f);
            if (i == 0 && orders[order][0] != 1)
                assert_ok(mars_point_browse(point, NULL, 0, 0, tell_entry, &t, &err), &err);
            if (i < 2 && orders[order][2] == 2)
                read_same(f, data, size, size - 100, 200);
        }
        assert_int_equal(open_files(), before);
    }
    free(data);
}

static void
a_forked_child_is_told_so(void **state)
{
    struct place *p = *state;
    mars_point *point = open_latest(p, "browse");
    mars_file *f = open_file(point, in_tree(p, "large"));
    size_t size;
    unsigned char *data = slurp(in_tree(p, "large"), &size);
    int status;
    pid_t child;

    for (size_t at = 0; at < 4 * MIB; at += 100000)
        read_same(f, data, size, at, 100000);
    child = fork();
    if (child == 0) {
        mars_point_info info = { .struct_size = sizeof info };
        uint64_t got;
        char c;
        int wrong = mars_file_read_at(f, 0, &c, 1, &got, NULL) != MARS_ERR_STATE ||
                    mars_point_get_info(point, &info, NULL) != MARS_ERR_STATE ||
                    mars_point_browse(point, NULL, 0, 0, tell_entry, NULL, NULL) !=
                        MARS_ERR_STATE;

        mars_file_close(f);
        mars_point_close(point);
        _exit(wrong);
    }
    assert_true(child > 0);
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(status, 0);
    read_same(f, data, size, 4 * MIB, 100000);
    mars_file_close(f);
    mars_point_close(point);
    free(data);
}

static void
what_a_domain_holds_is_added_up(void **state)
{
    struct place *p = *state;
    mars_stats s = { .struct_size = sizeof s }, unset = { 0 };
    mars_cancel *cancel;
    mars_error err;

    assert_ok(mars_stats_get(p->agent, NULL, &s, NULL, NULL, &err), &err);
    assert_true(s.points >= 1 && s.items >= 1 && s.items <= s.points);
    assert_true(s.bytes >= 9500000 + 50000000 + 5000000);
    /* What stands in holes is in no chunk. */
    assert_true(s.chunk_bytes >= 9500000 + 5000000 && s.chunk_bytes < 20000000);
    assert_true(s.chunks >= 5);
    assert_true(s.packs >= 1 && s.pack_bytes >= s.chunk_bytes);
    assert_true(s.objects > s.packs && s.object_bytes > s.pack_bytes);
    assert_true(s.index_objects >= 1 && s.index_bytes > 0);
    assert_int_equal(mars_stats_get(p->agent, NULL, &unset, NULL, NULL, &err),
                     MARS_ERR_INVALID_ARG);
    assert_int_equal(mars_stats_get(NULL, NULL, &s, NULL, NULL, &err), MARS_ERR_INVALID_ARG);
    assert_int_equal(mars_stats_get(p->agent, NULL, NULL, NULL, NULL, &err),
                     MARS_ERR_INVALID_ARG);
    assert_ok(mars_cancel_new(&cancel, &err), &err);
    mars_cancel_set(cancel);
    assert_int_equal(mars_stats_get(p->agent, cancel, &s, NULL, NULL, &err), MARS_ERR_CANCELLED);
    mars_cancel_free(cancel);
}

/* Flips a byte in the middle of each data pack; a second time puts it back. */
static int
flip_pack(const char *path, const struct stat *s, int type, struct FTW *where)
{
    unsigned char c;
    int fd;

    (void)where;
    if (type != FTW_F || strstr(path, "/packs/data/") == NULL)
        return 0;
    assert_int_equal(chmod(path, 0600), 0);
    fd = open(path, O_RDWR);
    assert_true(fd >= 0);
    assert_int_equal(pread(fd, &c, 1, s->st_size / 2), 1);
    c ^= 1;
    assert_int_equal(pwrite(fd, &c, 1, s->st_size / 2), 1);
    close(fd);
    return 0;
}

/* The file is all that is in its pack, so that its middle is in one of its chunks. What is done to
 * the vault is undone. */
static void
damage_is_told_and_the_rest_is_read(void **state)
{
    struct place *p = *state;
    mars_backup_options o = { .struct_size = sizeof o, .item = "damage", .n_paths = 1 };
    size_t size, good = 0, bad = 0;
    unsigned char *data, out[4096];
    char vault[PATH_BYTES];
    mars_point *point;
    mars_file *f;
    mars_error err;

    shell(p, "head -c 30000000 /dev/urandom >alone");
    data = slurp(in_tree(p, "alone"), &size);
    o.paths = (const char *[]){ in_tree(p, "alone") };
    assert_ok(mars_backup(p->agent, &o, NULL, &err), &err);
    point = open_latest(p, "damage");
    f = open_file(point, in_tree(p, "alone"));
    snprintf(vault, sizeof vault, "%s/vault", p->dir);
    assert_int_equal(nftw(vault, flip_pack, 16, FTW_PHYS), 0);
    for (size_t at = 0; at + sizeof out < size; at += 50000) {
        uint64_t got = 1;
        mars_status st = mars_file_read_at(f, at, out, sizeof out, &got, &err);

        if (st == MARS_OK) {
            assert_memory_equal(out, data + at, sizeof out);
            good++;
        } else {
            assert_int_equal(st, MARS_ERR_CORRUPT);
            assert_int_equal(got, 0);
            bad++;
        }
    }
    assert_true(good > 0 && bad > 0);
    assert_int_equal(nftw(vault, flip_pack, 16, FTW_PHYS), 0);
    for (size_t at = 0; at < size; at += 500000)
        read_same(f, data, size, at, 4096);
    mars_file_close(f);
    mars_point_close(point);
    free(data);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_point_is_listed),
        cmocka_unit_test(one_name_is_looked_at),
        cmocka_unit_test(a_point_tells_of_itself),
        cmocka_unit_test(patterns_find_what_they_would_exclude),
        cmocka_unit_test(any_place_of_a_file_is_as_it_was),
        cmocka_unit_test(only_regular_files_are_opened),
        cmocka_unit_test(a_file_is_read_as_a_stream),
        cmocka_unit_test(reading_a_stream_can_be_stopped),
        cmocka_unit_test(handles_may_be_closed_in_any_order),
        cmocka_unit_test(a_forked_child_is_told_so),
        cmocka_unit_test(what_a_domain_holds_is_added_up),
        cmocka_unit_test(damage_is_told_and_the_rest_is_read),
        cmocka_unit_test(differences_are_told),
        cmocka_unit_test(roots_that_come_and_go_are_told),
    };

    return cmocka_run_group_tests(tests, make_place, place_remove);
}
