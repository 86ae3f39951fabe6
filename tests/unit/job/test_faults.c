/* Whatever allocation fails in a public operation: it says so, leaks nothing, leaves nothing half
 * visible, and the next call is right. */
#define _GNU_SOURCE
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "../../api/place.h"
#include "failing_alloc.h"

enum { DENSE = 32, MOST = 100000 };

/* What is tried with the Nth allocation failing. */
typedef mars_status (*operation)(struct place *p, mars_error *err);

static char source[2 * PLACE_PATH];

static void
make_source(struct place *p)
{
    char path[3 * PLACE_PATH], other[3 * PLACE_PATH], command[10 * PLACE_PATH];

    strcpy(source, place_tree(p, "source", 12, 3000, 1));
    snprintf(path, sizeof path, "%s/link", source);
    assert_int_equal(symlink("file-1", path), 0);
    snprintf(path, sizeof path, "%s/file-2", source);
    snprintf(other, sizeof other, "%s/again", source);
    assert_int_equal(link(path, other), 0);
    snprintf(path, sizeof path, "%s/dir", source);
    assert_int_equal(mkdir(path, 0700), 0);
    snprintf(path, sizeof path, "%s/sparse", source);
    snprintf(command, sizeof command, "cp '%s/file-3' '%s' && truncate -s 200000 '%s'", source,
             path, path);
    assert_int_equal(system(command), 0);
}

static mars_status
back_up(struct place *p, mars_error *err)
{
    const char *paths[] = { source };
    mars_backup_options o = { .struct_size = sizeof o, .paths = paths, .n_paths = 1 };

    return mars_backup(p->agent, &o, NULL, err);
}

static mars_status
restore(struct place *p, mars_error *err)
{
    char out[2 * PLACE_PATH];
    mars_restore_options o = { .struct_size = sizeof o, .point = "latest", .item = "files",
                               .target = out };

    snprintf(out, sizeof out, "%s/out", p->dir);
    return mars_restore(p->agent, &o, NULL, err);
}

/* The vault is sound: what an operation calls damaged is wrong. */
static void
show_damage(const mars_event *e, void *user)
{
    (void)user;
    if (e->kind == MARS_EVENT_DAMAGED || e->kind == MARS_EVENT_FILE_LOST)
        printf("# %s: %s\n", e->object != NULL ? e->object : "a file is lost", e->message);
}

static mars_status
verify(struct place *p, mars_error *err)
{
    mars_verify_options o = { .struct_size = sizeof o,
                              .flags = MARS_VERIFY_READ_DATA,
                              .event = show_damage };

    return mars_verify(p->agent, &o, NULL, err);
}

static mars_status
compare(struct place *p, mars_error *err)
{
    mars_verify_options o = { .struct_size = sizeof o, .flags = MARS_VERIFY_AGAINST_DISK,
                              .item = "files" };

    return mars_verify(p->agent, &o, NULL, err);
}

static int
count_entry(const mars_entry *e, void *user)
{
    (void)e;
    ++*(int *)user;
    return 0;
}

static int
count_change(const mars_diff *d, void *user)
{
    (void)d;
    ++*(int *)user;
    return 0;
}

static int
count_bytes(const void *data, uint64_t len, void *user)
{
    (void)data;
    *(int *)user += (int)len;
    return 0;
}

/* All that an open point can do, alone and compared with another. */
static mars_status
look_around(mars_point *point, mars_point *before, mars_error *err)
{
    static const char *const patterns[] = { "file-*", "!file-3" };
    mars_entry e = { .struct_size = sizeof e };
    mars_point_info info = { .struct_size = sizeof info };
    char path[3 * PLACE_PATH];
    int n = 0;
    mars_status st = mars_point_get_info(point, &info, err);

    snprintf(path, sizeof path, "%s/file-5", source);
    if (st == MARS_OK)
        st = mars_point_browse(point, NULL, 0, MARS_BROWSE_RECURSE, count_entry, &n, err);
    if (st == MARS_OK)
        st = mars_point_stat(point, path, 0, &e, err);
    if (st == MARS_OK)
        st = mars_point_find(point, patterns, 2, count_entry, &n, err);
    if (st == MARS_OK)
        st = mars_point_diff(before, point, NULL, 0, count_change, &n, err);
    if (st == MARS_OK)
        st = mars_point_diff(before, point, path, 0, count_change, &n, err);
    return st == MARS_OK ? mars_point_read(point, path, 0, count_bytes, &n, NULL, err) : st;
}

static mars_status
read_some(mars_point *point, mars_error *err)
{
    char path[3 * PLACE_PATH], out[1000];
    mars_file *f = NULL;
    uint64_t got;
    mars_status st;

    snprintf(path, sizeof path, "%s/sparse", source);
    st = mars_file_open(point, path, 0, &f, err);
    for (uint64_t at = 0; st == MARS_OK && at < 200000; at += 50000)
        st = mars_file_read_at(f, at, out, sizeof out, &got, err);
    mars_file_close(f);
    return st;
}

static mars_status
browse(struct place *p, mars_error *err)
{
    mars_point *point = NULL, *before = NULL;
    mars_stats stats = { .struct_size = sizeof stats };
    mars_status st = mars_point_open(p->agent, "latest", "files", &point, err);

    if (st == MARS_OK)
        st = mars_point_open(p->agent, "latest", "stream", &before, err);
    if (st == MARS_OK)
        st = look_around(point, before, err);
    if (st == MARS_OK)
        st = read_some(point, err);
    mars_point_close(before);
    mars_point_close(point);
    return st == MARS_OK ? mars_stats_get(p->agent, NULL, &stats, NULL, NULL, err) : st;
}

static mars_status
open_again(struct place *p, mars_error *err)
{
    mars_agent *agent = NULL;
    mars_status st = mars_agent_open(p->config, 0, NULL, &agent, err);

    mars_agent_close(agent);
    return st;
}

static mars_status
stream(struct place *p, mars_error *err)
{
    mars_backup_options o = { .struct_size = sizeof o, .item = "stream" };
    mars_session *s = NULL;
    mars_stream *stream = NULL;
    mars_status st = mars_session_begin(p->agent, &o, &s, err);

    if (st != MARS_OK)
        return st;
    st = mars_stream_open(s, "name", 0, &stream, err);
    if (st == MARS_OK) {
        st = mars_stream_write(stream, "some bytes", 10, err);
        if (st == MARS_OK)
            st = mars_stream_finish(stream, err);
        else
            mars_stream_abandon(stream);
    }
    if (st == MARS_OK)
        return mars_session_commit(s, NULL, err);
    mars_session_abandon(s);
    return st;
}

static mars_status
rebuild_cache(struct place *p, mars_error *err)
{
    mars_cache_info info = { .struct_size = sizeof info };
    mars_status st = mars_cache_status(p->agent, &info, err);

    return st == MARS_OK ? mars_cache_rebuild(p->agent, show_damage, NULL, NULL, err) : st;
}

/* To the one of two places where it is not. */
static mars_status
move_cache(struct place *p, mars_error *err)
{
    mars_agent_info info = { .struct_size = sizeof info };
    char there[PLACE_PATH + 32];
    mars_agent *agent = NULL;
    mars_status st = mars_agent_open(p->config, 0, NULL, &agent, err);

    if (st == MARS_OK)
        st = mars_agent_get_info(agent, &info, err);
    if (st == MARS_OK) {
        snprintf(there, sizeof there, "%s/place", p->dir);
        if (strcmp(info.cache_dir, there) == 0)
            snprintf(there, sizeof there, "%s/cache", p->config);
        st = mars_cache_move(agent, there, 0, err);
    }
    mars_agent_close(agent);
    return st;
}

/* The failing of allocations costs nothing but the call, however often it happens. */
static void
fail_each_way(struct place *p, operation run, const char *name, void (*arm)(size_t nth))
{
    size_t tried = 0;
    int files = open_files();
    mars_status st = MARS_ERR_NOMEM;
    mars_error err;

    /* The first ones all, later ones ever fewer: a backup that does without what failed adds a
     * point, and with it allocations. */
    for (size_t n = 0; st != MARS_OK; n += 1 + n / DENSE) {
        assert_true(n < MOST);
        arm(n);
        st = run(p, &err);
        if (st == MARS_OK && failing_alloc_hit())
            st = MARS_ERR_NOMEM; /* it went without: a cache, a finer look */
        else if (st != MARS_OK && st != MARS_ERR_NOMEM)
            fail_msg("%s, allocation %zu: %s: %s", name, n, mars_status_name(st), err.message);
        failing_alloc_arm(SIZE_MAX);
        if (open_files() != files)
            fail_msg("%s, allocation %zu: a file is left open", name, n);
        tried++;
    }
    printf("# %s: %zu failures\n", name, tried - 1);
}

/* One allocation, and that one with all that follow. */
static void
fail_each(struct place *p, operation run, const char *name)
{
    fail_each_way(p, run, name, failing_alloc_arm);
    fail_each_way(p, run, name, failing_alloc_arm_once);
}

static void
every_operation_survives_every_failing_allocation(void **state)
{
    struct place *p = *state;
    char command[10 * PLACE_PATH];
    mars_error err;

    make_source(p);
    fail_each(p, back_up, "backup");
    fail_each(p, back_up, "backup of what did not change");
    fail_each(p, stream, "stream");
    fail_each(p, browse, "browse");
    fail_each(p, open_again, "open");
    fail_each(p, rebuild_cache, "rebuild the cache");
    fail_each(p, verify, "verify");
    fail_each(p, compare, "compare with the disk");
    snprintf(command, sizeof command, "echo more >> '%s/file-5'", source);
    assert_int_equal(system(command), 0);
    assert_ok(back_up(p, &err), &err);
    fail_each(p, restore, "restore");
    assert_ok(verify(p, &err), &err);
    snprintf(command, sizeof command, "diff -r --no-dereference '%s' '%s/out%s'", source, p->dir,
             source);
    assert_int_equal(system(command), 0);
    fail_each(p, move_cache, "move the cache");
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_operation_survives_every_failing_allocation),
    };

    return cmocka_run_group_tests(tests, place_make, place_remove);
}
