/* Several backups and a restore at once on one agent, and calls that are cancelled anywhere. */
#define _GNU_SOURCE
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#include "api/api.h"
#include "place.h"

enum { BACKUPS = 4, CANCELS = 50 };

struct work {
    struct place *place;
    char item[32];
    char path[2 * PLACE_PATH];
    mars_cancel *cancel;
    mars_status st;
    mars_error err;
    mars_backup_result backup;
    mars_restore_result restore;
};

static void *
back_up(void *arg)
{
    struct work *w = arg;
    const char *paths[] = { w->path };
    mars_backup_options o = { .struct_size = sizeof o,
                              .item = w->item,
                              .paths = paths,
                              .n_paths = 1,
                              .cancel = w->cancel };

    w->backup.struct_size = sizeof w->backup;
    w->st = mars_backup(w->place->agent, &o, &w->backup, &w->err);
    return NULL;
}

static void *
restore(void *arg)
{
    struct work *w = arg;
    mars_restore_options o = { .struct_size = sizeof o,
                               .point = "latest",
                               .item = w->item,
                               .target = w->path,
                               .cancel = w->cancel };

    w->restore.struct_size = sizeof w->restore;
    w->st = mars_restore(w->place->agent, &o, &w->restore, &w->err);
    return NULL;
}

static void
verify_all(struct place *p)
{
    mars_verify_options o = { .struct_size = sizeof o, .flags = MARS_VERIFY_READ_DATA };
    mars_verify_result r = { .struct_size = sizeof r };
    mars_error err;

    assert_ok(mars_verify(p->agent, &o, &r, &err), &err);
    assert_int_equal(r.objects_damaged, 0);
}

static int
count_point(const mars_point_info *point, void *user)
{
    (void)point;
    ++*(int *)user;
    return 0;
}

static int
points(struct place *p)
{
    mars_error err;
    int n = 0;

    assert_ok(mars_point_list(p->agent, NULL, 0, count_point, &n, NULL, NULL, &err), &err);
    return n;
}

static int
same_trees(const char *a, const char *out)
{
    char command[4096];

    snprintf(command, sizeof command, "diff -r '%s' '%s%s'", a, out, a);
    return system(command);
}

static void
four_backups_and_a_restore_at_once_are_right(void **state)
{
    struct place *p = *state;
    struct work w[BACKUPS + 1] = { 0 };
    pthread_t threads[BACKUPS + 1];
    struct work first = { .place = p, .item = "first" };

    strcpy(first.path, place_tree(p, "first", 40, 200000, 1));
    back_up(&first);
    assert_ok(first.st, &first.err);
    for (int i = 0; i <= BACKUPS; i++) {
        char name[32];

        w[i].place = p;
        snprintf(name, sizeof name, "tree-%d", i);
        if (i < BACKUPS) {
            snprintf(w[i].item, sizeof w[i].item, "item-%d", i);
            /* Two of them hold the same bytes: both may send a chunk, neither may lose it. */
            strcpy(w[i].path, place_tree(p, name, 3, 24000000, (unsigned)(i / 2 + 10)));
        } else {
            strcpy(w[i].item, "first");
            snprintf(w[i].path, sizeof w[i].path, "%s/out", p->dir);
        }
    }
    for (int i = 0; i <= BACKUPS; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, i < BACKUPS ? back_up : restore, &w[i]),
                         0);
    for (int i = 0; i <= BACKUPS; i++)
        assert_int_equal(pthread_join(threads[i], NULL), 0);
    for (int i = 0; i <= BACKUPS; i++)
        assert_ok(w[i].st, &w[i].err);
    /* 64 MiB by default, for all of them together. */
    printf("# at most %llu KiB were held at once\n",
           (unsigned long long)mrs_engine_peak(p->agent->engine) / 1024);
    assert_true(mrs_engine_peak(p->agent->engine) <= (uint64_t)64 << 20);
    assert_int_equal(same_trees(first.path, w[BACKUPS].path), 0);
    verify_all(p);
    for (int i = 0; i < BACKUPS; i++) {
        struct work again = { .place = p };

        strcpy(again.item, w[i].item);
        snprintf(again.path, sizeof again.path, "%s/out-%d", p->dir, i);
        restore(&again);
        assert_ok(again.st, &again.err);
        assert_int_equal(same_trees(w[i].path, again.path), 0);
    }
}

static void
one_item_is_backed_up_once_at_a_time(void **state)
{
    struct place *p = *state;
    struct work w[2] = { { .place = p, .item = "same" }, { .place = p, .item = "same" } };
    pthread_t threads[2];

    for (int i = 0; i < 2; i++)
        strcpy(w[i].path, place_tree(p, "same", 60, 300000, 5));
    for (int i = 0; i < 2; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, back_up, &w[i]), 0);
    for (int i = 0; i < 2; i++)
        assert_int_equal(pthread_join(threads[i], NULL), 0);
    for (int i = 0; i < 2; i++)
        assert_true(w[i].st == MARS_OK || w[i].st == MARS_ERR_LOCKED);
    assert_true(w[0].st == MARS_OK || w[1].st == MARS_OK);
}

static void *
cancel_later(void *arg)
{
    struct work *w = arg;
    struct timespec t = { 0, (long)w->backup.elapsed_ns };

    nanosleep(&t, NULL);
    mars_cancel_set(w->cancel);
    return NULL;
}

static void
cancelled_calls_leave_nothing_visible(void **state)
{
    struct place *p = *state;
    unsigned seed = (unsigned)time(NULL), cancelled = 0;
    int before, files;
    struct work w = { .place = p, .item = "cancelled" };

    printf("# cancel test: seed %u\n", seed);
    srand(seed);
    strcpy(w.path, place_tree(p, "cancelled", 100, 150000, 7));
    before = points(p);
    files = open_files();
    for (int i = 0; i < CANCELS; i++) {
        struct work later = { .place = p };
        pthread_t thread;
        mars_error err;

        assert_ok(mars_cancel_new(&w.cancel, &err), &err);
        later.cancel = w.cancel;
        later.backup.elapsed_ns = (uint64_t)(rand() % 60) * 1000000 / (unsigned)(i % 5 + 1);
        assert_int_equal(pthread_create(&thread, NULL, cancel_later, &later), 0);
        if (i % 3 == 2) {
            struct work out = { .place = p, .item = "first", .cancel = w.cancel };

            snprintf(out.path, sizeof out.path, "%s/cancelled-out-%d", p->dir, i);
            restore(&out);
            w.st = out.st;
            w.err = out.err;
        } else {
            back_up(&w);
            if (w.st == MARS_OK)
                before++;
        }
        assert_int_equal(pthread_join(thread, NULL), 0);
        mars_cancel_free(w.cancel);
        if (w.st == MARS_ERR_CANCELLED)
            cancelled++;
        else
            assert_ok(w.st, &w.err);
        assert_int_equal(points(p), before);
        assert_int_equal(open_files(), files);
    }
    printf("# %u of %d were cancelled\n", cancelled, CANCELS);
    assert_true(cancelled > 0);
    w.cancel = NULL;
    back_up(&w);
    assert_ok(w.st, &w.err);
    verify_all(p);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(four_backups_and_a_restore_at_once_are_right),
        cmocka_unit_test(one_item_is_backed_up_once_at_a_time),
        cmocka_unit_test(cancelled_calls_leave_nothing_visible),
    };

    return cmocka_run_group_tests(tests, place_make, place_remove);
}
