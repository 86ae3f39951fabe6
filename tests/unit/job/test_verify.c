/* Verify as its callers see it: what is read, what is named, what is lost. */
#define _GNU_SOURCE
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "../../api/place.h"
#include "crypto/aead.h"
#include "format/pack.h"

enum { BACKUPS = 8, FILES = 3, SIZE = 70000, PACKS_MAX = 64 };

struct pack {
    char path[2 * PLACE_PATH];
    off_t size;
};
static struct pack packs[PACKS_MAX]; /* the data packs of the vault */
static size_t n_packs;

static int
note_pack(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
    (void)ftw;
    if (type != FTW_F || strstr(path, "/packs/data/") == NULL)
        return 0;
    assert_true(n_packs < PACKS_MAX && strlen(path) < sizeof packs[0].path);
    strcpy(packs[n_packs].path, path);
    packs[n_packs++].size = st->st_size;
    return 0;
}

/* Each backup adds a data pack: files that do not shrink, one chunk each. */
static int
make_vault(void **state)
{
    char vault[2 * PLACE_PATH];
    struct place *p;
    int made = place_make(state);

    p = *state;
    for (unsigned i = 0; made == 0 && i < BACKUPS; i++) {
        const char *paths[] = { place_tree(p, "source", FILES, SIZE, i + 1) };
        mars_backup_options o = { .struct_size = sizeof o, .paths = paths, .n_paths = 1 };
        mars_error err;

        assert_ok(mars_backup(p->agent, &o, NULL, &err), &err);
    }
    snprintf(vault, sizeof vault, "%s/vault", p->dir);
    n_packs = 0;
    assert_int_equal(nftw(vault, note_pack, 20, FTW_PHYS), 0);
    assert_int_equal(n_packs, BACKUPS);
    return made;
}

struct told {
    int damaged;
    int lost;
    uint64_t bytes_done;
    uint64_t bytes_total;
};

static void
on_event(const mars_event *e, void *user)
{
    struct told *t = user;

    t->damaged += e->kind == MARS_EVENT_DAMAGED;
    t->lost += e->kind == MARS_EVENT_FILE_LOST;
}

static int
on_progress(const mars_progress *progress, void *user)
{
    struct told *t = user;

    t->bytes_done = progress->bytes_done;
    t->bytes_total = progress->bytes_total;
    return 0;
}

static mars_status
verify(struct place *p, uint32_t flags, uint32_t sample, mars_verify_result *r, struct told *told)
{
    mars_verify_options o = { .struct_size = sizeof o,
                              .flags = flags,
                              .sample_percent = sample,
                              .progress = on_progress,
                              .progress_user = told,
                              .event = on_event,
                              .event_user = told };
    mars_error err;

    *told = (struct told){ 0 };
    *r = (mars_verify_result){ .struct_size = sizeof *r };
    return mars_verify(p->agent, &o, r, &err);
}

/* Exchange a byte; at < 0 counts from the end. */
static void
flip(const struct pack *pack, long at)
{
    FILE *f = fopen(pack->path, "r+b");
    int c;

    assert_non_null(f);
    at += at < 0 ? (long)pack->size : 0;
    assert_int_equal(fseek(f, at, SEEK_SET), 0);
    c = getc(f);
    assert_int_equal(fseek(f, at, SEEK_SET), 0);
    assert_true(putc(c ^ 1, f) != EOF);
    assert_int_equal(fclose(f), 0);
}

static void
without_options_no_pack_is_read(void **state)
{
    mars_verify_result r;
    struct told told;

    assert_int_equal(verify(*state, 0, 0, &r, &told), MARS_OK);
    assert_int_equal(r.packs, BACKUPS);
    assert_true(r.pack_bytes > BACKUPS * FILES * SIZE);
    assert_int_equal(r.packs_read, 0);
    assert_int_equal(r.pack_bytes_read, 0);
}

static void
with_all_data_each_pack_is_read(void **state)
{
    mars_verify_result r;
    struct told told;

    assert_int_equal(verify(*state, MARS_VERIFY_READ_DATA, 0, &r, &told), MARS_OK);
    assert_int_equal(r.packs_read, r.packs);
    assert_int_equal(r.pack_bytes_read, r.pack_bytes);
    assert_true(r.bytes_read > r.pack_bytes);
    assert_int_equal(told.bytes_total, told.bytes_done);
}

/* Packs come whole, so it is never more than one too many. */
static void
a_sample_has_about_the_part_that_is_asked_for(void **state)
{
    static const uint32_t percents[] = { 1, 10, 30, 50, 99, 100 };
    mars_verify_result r;
    struct told told;

    for (size_t i = 0; i < 3 * sizeof percents / sizeof percents[0]; i++) {
        uint32_t percent = percents[i / 3];

        assert_int_equal(verify(*state, 0, percent, &r, &told), MARS_OK);
        assert_in_range(r.packs_read, 1, r.packs);
        assert_true(r.pack_bytes_read >= r.pack_bytes * percent / 100);
        assert_true(r.pack_bytes_read <=
                    r.pack_bytes * percent / 100 + (uint64_t)packs[0].size + 4096);
        assert_int_equal(told.bytes_total, told.bytes_done);
    }
    assert_int_equal(r.packs_read, r.packs);
}

static void
a_damaged_blob_is_found_by_reading_all_and_by_samples_some_time(void **state)
{
    int found = 0, missed = 0;
    mars_verify_result r;
    struct told told;

    flip(&packs[3], MRS_HEADER_SIZE + 100);
    assert_int_equal(verify(*state, 0, 0, &r, &told), MARS_OK);
    assert_int_equal(verify(*state, MARS_VERIFY_READ_DATA, 0, &r, &told), MARS_ERR_CORRUPT);
    assert_int_equal(told.damaged, 1);
    assert_int_equal(told.lost, 1);
    for (int i = 0; i < 5; i++) {
        assert_int_equal(verify(*state, 0, 100, &r, &told), MARS_ERR_CORRUPT);
        assert_int_equal(told.lost, 1);
    }
    /* Each run finds it with about 0.4: all 200, or none of them, do not happen. */
    for (int i = 0; i < 200; i++) {
        mars_status st = verify(*state, 0, 30, &r, &told);

        assert_true(st == MARS_OK || st == MARS_ERR_CORRUPT);
        assert_int_equal(told.damaged, st == MARS_ERR_CORRUPT);
        found += st == MARS_ERR_CORRUPT;
        missed += st == MARS_OK;
    }
    assert_true(found > 0 && missed > 0);
    flip(&packs[3], MRS_HEADER_SIZE + 100);
}

/* Directory, footer: the index tells where the blobs are, and they open. */
static void
a_damaged_tail_is_named_and_loses_no_file(void **state)
{
    static const long places[] = { -1, -MRS_PACK_FOOTER_SIZE - 1, -100 };
    mars_verify_result r;
    struct told told;

    for (size_t i = 0; i < sizeof places / sizeof places[0]; i++) {
        flip(&packs[0], places[i]);
        assert_int_equal(verify(*state, MARS_VERIFY_READ_DATA, 0, &r, &told), MARS_ERR_CORRUPT);
        assert_int_equal(told.damaged, 1);
        assert_int_equal(told.lost, 0);
        flip(&packs[0], places[i]);
    }
}

static void
padding_that_is_not_zero_is_named_and_loses_no_file(void **state)
{
    mars_verify_result r;
    struct told told;
    long at = -MRS_PACK_FOOTER_SIZE - FILES * MRS_PACK_ENTRY_SIZE - MRS_TAG_SIZE - 1;

    flip(&packs[1], at);
    assert_int_equal(verify(*state, MARS_VERIFY_READ_DATA, 0, &r, &told), MARS_ERR_CORRUPT);
    assert_int_equal(told.damaged, 1);
    assert_int_equal(told.lost, 0);
    flip(&packs[1], at);
}

static void
a_damaged_header_loses_all_that_is_in_the_pack(void **state)
{
    mars_verify_result r;
    struct told told;

    flip(&packs[2], 70);
    assert_int_equal(verify(*state, MARS_VERIFY_READ_DATA, 0, &r, &told), MARS_ERR_CORRUPT);
    assert_int_equal(told.damaged, 1);
    assert_int_equal(told.lost, FILES);
    flip(&packs[2], 70);
}

/* One that is longer than the index says has no footer where it is due, and blobs that open; one
 * that is shorter has lost what is cut off. */
static void
a_pack_of_another_length_keeps_the_blobs_that_are_whole(void **state)
{
    char command[10 * PLACE_PATH];
    mars_verify_result r;
    struct told told;

    snprintf(command, sizeof command, "printf x >> '%s'", packs[4].path);
    assert_int_equal(system(command), 0);
    assert_int_equal(verify(*state, MARS_VERIFY_READ_DATA, 0, &r, &told), MARS_ERR_CORRUPT);
    assert_int_equal(told.damaged, 1);
    assert_int_equal(told.lost, 0);
    snprintf(command, sizeof command, "truncate -s %ld '%s'", (long)packs[4].size, packs[4].path);
    assert_int_equal(system(command), 0);
    assert_int_equal(verify(*state, MARS_VERIFY_READ_DATA, 0, &r, &told), MARS_OK);
    snprintf(command, sizeof command,
             "cp '%s' '%s.kept' && truncate -s %d '%s'", packs[4].path, packs[4].path,
             MRS_HEADER_SIZE + SIZE + SIZE / 2, packs[4].path);
    assert_int_equal(system(command), 0);
    assert_int_equal(verify(*state, MARS_VERIFY_READ_DATA, 0, &r, &told), MARS_ERR_CORRUPT);
    assert_int_equal(told.damaged, 1);
    assert_int_equal(told.lost, FILES - 1);
    snprintf(command, sizeof command, "mv '%s.kept' '%s'", packs[4].path, packs[4].path);
    assert_int_equal(system(command), 0);
}

/* Every byte of it is authentic, and none of what is wanted from it is there. */
static void
a_pack_under_the_name_of_another_loses_what_that_one_held(void **state)
{
    char command[10 * PLACE_PATH];
    mars_verify_result r;
    struct told told;

    snprintf(command, sizeof command, "cp '%s' '%s.kept' && cp '%s' '%s'", packs[5].path,
             packs[5].path, packs[6].path, packs[5].path);
    assert_int_equal(packs[5].size, packs[6].size);
    assert_int_equal(system(command), 0);
    assert_int_equal(verify(*state, MARS_VERIFY_READ_DATA, 0, &r, &told), MARS_ERR_CORRUPT);
    assert_int_equal(told.damaged, 1);
    assert_int_equal(told.lost, FILES);
    snprintf(command, sizeof command, "mv '%s.kept' '%s'", packs[5].path, packs[5].path);
    assert_int_equal(system(command), 0);
    assert_int_equal(verify(*state, MARS_VERIFY_READ_DATA, 0, &r, &told), MARS_OK);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(without_options_no_pack_is_read),
        cmocka_unit_test(with_all_data_each_pack_is_read),
        cmocka_unit_test(a_sample_has_about_the_part_that_is_asked_for),
        cmocka_unit_test(a_damaged_blob_is_found_by_reading_all_and_by_samples_some_time),
        cmocka_unit_test(a_damaged_tail_is_named_and_loses_no_file),
        cmocka_unit_test(padding_that_is_not_zero_is_named_and_loses_no_file),
        cmocka_unit_test(a_damaged_header_loses_all_that_is_in_the_pack),
        cmocka_unit_test(a_pack_of_another_length_keeps_the_blobs_that_are_whole),
        cmocka_unit_test(a_pack_under_the_name_of_another_loses_what_that_one_held),
    };

    return cmocka_run_group_tests(tests, make_vault, place_remove);
}
