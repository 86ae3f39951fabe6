#define _GNU_SOURCE
#include "kit.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/hex.h"
#include "listed.h"
#include "repo/index_int.h"

static const char TEXT[] = "where is this chunk";
enum { TEXT_LEN = sizeof TEXT };

static mars_status
refresh(const struct mrs_domain *d)
{
    return listed_index_refresh(d, false, NULL, NULL, NULL);
}

static bool
finds(const struct mrs_domain *d, const uint8_t id[32])
{
    struct mrs_place place;

    return mrs_index_find(d->index, id, 0, &place, NULL) == MARS_OK;
}

static void
name_of(const char *relative, uint8_t digest[32])
{
    struct mrs_name n;

    assert_true(mrs_name_parse(&n, relative));
    memcpy(digest, n.digest, 32);
}

enum { RUN_PATH = TMPDIR_PATH_MAX + 160 };

static void
runs_folder(const struct kit *k, char path[RUN_PATH])
{
    char hex[33];

    mrs_hex_encode(hex, k->keys->domain, 16);
    (void)snprintf(path, RUN_PATH, "%s/%s/runs", k->top, hex);
}

static size_t
count_runs(const struct kit *k)
{
    char path[RUN_PATH];
    struct dirent *e;
    size_t n = 0;
    DIR *d;

    runs_folder(k, path);
    d = opendir(path);
    assert_non_null(d);
    while ((e = readdir(d)) != NULL)
        n += e->d_name[0] != '.';
    closedir(d);
    return n;
}

/* The path of the cache's one run. */
static void
only_run(const struct kit *k, char path[RUN_PATH])
{
    char folder[RUN_PATH - 40];
    struct dirent *e;
    DIR *d;

    assert_int_equal(count_runs(k), 1);
    runs_folder(k, path);
    (void)snprintf(folder, sizeof folder, "%s", path);
    d = opendir(folder);
    assert_non_null(d);
    while ((e = readdir(d)) != NULL)
        if (e->d_name[0] != '.')
            (void)snprintf(path, RUN_PATH, "%s/%.32s", folder, e->d_name);
    closedir(d);
}

static long
file_size(const struct kit *k)
{
    char path[RUN_PATH];
    struct stat st;

    only_run(k, path);
    assert_int_equal(stat(path, &st), 0);
    return (long)st.st_size;
}

static mars_status
take_pack(void *user, const struct mrs_index_pack *pack, mars_error *err)
{
    struct mrs_index_pack *out = user;

    (void)err;
    assert_int_equal(out->size, 0);
    *out = *pack;
    return MARS_OK;
}

static void
what_was_committed_is_found_with_its_place(void **state)
{
    struct kit *k = *state;
    struct mrs_index_pack pack = { .size = 0 };
    struct mrs_place place;
    struct mrs_blob *blobs = NULL;
    char relative[MRS_OBJECT_NAME_MAX];
    uint8_t id[32], digest[32], object[32];
    size_t n = 0;

    kit_backup(k, 1, TEXT, TEXT_LEN, id);
    assert_int_equal(refresh(k->d), MARS_OK);
    assert_int_equal(mrs_index_find(k->d->index, id, 0, &place, NULL), MARS_OK);
    assert_int_equal(mrs_index_find(k->d->index, id, 1, &place, NULL), MARS_ERR_NOT_FOUND);
    kit_only(k, "packs/data/", relative);
    name_of(relative, digest);
    assert_memory_equal(place.pack, digest, 32);
    assert_memory_equal(place.blob.id, id, 32);
    assert_int_equal(place.kind, MRS_KIND_PACK_DATA);
    assert_int_equal(place.blob.cls, MRS_CLASS_DATA);
    assert_int_equal(place.blob.offset, MRS_HEADER_SIZE);
    assert_int_equal(place.blob.raw_len, TEXT_LEN);
    assert_int_equal(mrs_index_each_pack(k->d->index, take_pack, &pack, NULL), MARS_OK);
    assert_memory_equal(pack.name, digest, 32);
    assert_int_equal(mrs_index_pack_object(k->d->index, digest, object, NULL), MARS_OK);
    assert_int_equal(mrs_index_pack_blobs(k->d->index, digest, &blobs, &n, NULL), MARS_OK);
    assert_int_equal(n, 1);
    assert_memory_equal(blobs[0].id, id, 32);
    assert_int_equal(blobs[0].offset, place.blob.offset);
    assert_int_equal(blobs[0].sealed_len, place.blob.sealed_len);
    mrs_free(blobs);
    kit_only(k, "index/", relative);
    name_of(relative, digest);
    assert_true(mrs_index_has_object(k->d->index, digest));
    assert_memory_equal(object, digest, 32);
    digest[0] ^= 1;
    assert_false(mrs_index_has_object(k->d->index, digest));
    assert_int_equal(mrs_index_pack_object(k->d->index, digest, object, NULL), MARS_ERR_NOT_FOUND);
    assert_int_equal(mrs_index_pack_blobs(k->d->index, digest, &blobs, &n, NULL), MARS_OK);
    assert_int_equal(n, 0);
    mrs_free(blobs);
}

static void
an_object_that_is_no_longer_listed_counts_no_more(void **state)
{
    struct kit *k = *state;
    uint8_t first[32], second[32];

    kit_backup(k, 1, TEXT, TEXT_LEN, first);
    assert_int_equal(refresh(k->d), MARS_OK);
    assert_true(finds(k->d, first));
    kit_clean(k, "index/");
    kit_backup(k, 2, "other", 5, second);
    assert_int_equal(refresh(k->d), MARS_OK);
    assert_false(finds(k->d, first));
    assert_true(finds(k->d, second));
}

static void
a_run_counts_only_while_its_object_is_listed(void **state)
{
    struct kit *k = *state;
    char relative[MRS_OBJECT_NAME_MAX], path[RUN_PATH];
    uint8_t id[32];

    kit_backup(k, 1, TEXT, TEXT_LEN, id);
    only_run(k, path);
    kit_only(k, "index/", relative);
    kit_delete(k, relative);
    kit_reopen(k);
    assert_int_equal(refresh(k->d), MARS_OK);
    assert_false(finds(k->d, id));
}

static void
with_a_warm_cache_no_object_is_read(void **state)
{
    struct kit *k = *state;
    struct kit_log log = { .calls = "RS" };
    uint8_t id[32], other[32];

    kit_backup(k, 1, TEXT, TEXT_LEN, id);
    kit_backup(k, 2, "other", 5, other);
    kit_reopen(k);
    kit_spy(k, kit_log_spy, &log);
    assert_int_equal(refresh(k->d), MARS_OK);
    assert_int_equal(refresh(k->d), MARS_OK);
    kit_spy(k, NULL, NULL);
    assert_string_equal(log.text, "");
    assert_true(finds(k->d, id));
    assert_true(finds(k->d, other));
}

/* By its file's time, which says what goes first where the cache is full. */
static void
a_run_that_is_taken_is_young_again(void **state)
{
    struct kit *k = *state;
    struct timespec now, then[2] = { { .tv_sec = 1000000000 }, { .tv_sec = 1000000000 } };
    char path[RUN_PATH];
    struct stat st;
    uint8_t id[32];

    kit_backup(k, 1, TEXT, TEXT_LEN, id);
    only_run(k, path);
    assert_int_equal(utimensat(AT_FDCWD, path, then, 0), 0);
    kit_reopen(k);
    assert_int_equal(refresh(k->d), MARS_OK);
    assert_true(finds(k->d, id));
    assert_int_equal(clock_gettime(CLOCK_REALTIME, &now), 0);
    assert_int_equal(stat(path, &st), 0);
    assert_true(st.st_mtim.tv_sec > now.tv_sec - 3600);
}

static void
a_lost_cache_costs_one_read_of_each_object(void **state)
{
    struct kit *k = *state;
    struct kit_log log = { .calls = "R" };
    char path[RUN_PATH];
    uint8_t id[32];

    kit_backup(k, 1, TEXT, TEXT_LEN, id);
    only_run(k, path);
    assert_int_equal(unlink(path), 0);
    kit_reopen(k);
    kit_spy(k, kit_log_spy, &log);
    assert_int_equal(refresh(k->d), MARS_OK);
    kit_spy(k, NULL, NULL);
    assert_string_equal(log.text, "Rin ");
    assert_true(finds(k->d, id));
    only_run(k, path);
}

/* Put an index object that supersedes `gone` and names one pack of one chunk. */
static void
supersede(const struct kit *k, const uint8_t (*gone)[32], size_t n, const uint8_t id[32],
          uint8_t name[32])
{
    static const uint8_t writer[16] = { 1 };
    struct mrs_blob blob = { .offset = MRS_HEADER_SIZE, .sealed_len = 20, .raw_len = 4,
                             .cls = MRS_CLASS_DATA };
    struct mrs_index_pack pack = { .kind = MRS_KIND_PACK_DATA, .size = 512, .blobs = &blob,
                                   .count = 1 };
    struct mrs_buf payload = MRS_BUF_INIT(1 << 20);
    uint64_t size;

    memcpy(blob.id, id, 32);
    memcpy(pack.name, id, 32);
    assert_int_equal(mrs_index_encode(gone, n, &pack, 1, &payload, NULL), MARS_OK);
    assert_int_equal(mrs_domain_put_index(k->d, writer, &payload, name, &size, NULL), MARS_OK);
    mrs_buf_free(&payload);
}

static void
superseded_objects_are_not_read(void **state)
{
    struct kit *k = *state;
    uint8_t ids[8][32], names[8][32], merged[32], merged_name[32];
    struct mrs_domain *d;

    for (uint8_t i = 0; i < 8; i++) {
        memset(ids[i], i + 1, 32);
        supersede(k, NULL, 0, ids[i], names[i]);
    }
    assert_int_equal(refresh(k->d), MARS_OK);
    memset(merged, 0xaa, 32);
    /* In whatever order they are met, by a handle that had read them and by one that had not. */
    supersede(k, names, 7, merged, merged_name);
    d = kit_open(k, NULL);
    assert_int_equal(refresh(k->d), MARS_OK);
    assert_int_equal(refresh(d), MARS_OK);
    for (size_t i = 0; i < 8; i++) {
        assert_int_equal(finds(k->d, ids[i]), i == 7);
        assert_int_equal(finds(d, ids[i]), i == 7);
    }
    assert_true(finds(d, merged));
    /* Still so at the next look. */
    assert_int_equal(refresh(d), MARS_OK);
    assert_false(finds(d, ids[0]));
    assert_true(finds(d, merged));
    mrs_domain_close(d);
}

static void
what_a_vanished_object_superseded_counts_again(void **state)
{
    struct kit *k = *state;
    char relative[MRS_OBJECT_NAME_MAX];
    uint8_t id[32] = { 1 }, merged[32] = { 2 }, names[1][32], merged_name[32];

    supersede(k, NULL, 0, id, names[0]);
    supersede(k, names, 1, merged, merged_name);
    assert_int_equal(refresh(k->d), MARS_OK);
    assert_false(finds(k->d, id));
    mrs_name_index(relative, merged_name);
    kit_delete(k, relative);
    assert_int_equal(refresh(k->d), MARS_OK);
    assert_true(finds(k->d, id));
    assert_false(finds(k->d, merged));
}

static void
a_pack_that_two_objects_name_gives_one_place(void **state)
{
    struct kit *k = *state;
    struct mrs_place place;
    uint8_t id[32] = { 5 }, name[32];

    supersede(k, NULL, 0, id, name);
    supersede(k, NULL, 0, id, name);
    assert_int_equal(kit_count(k, "index/"), 2);
    assert_int_equal(refresh(k->d), MARS_OK);
    assert_int_equal(mrs_index_find(k->d->index, id, 0, &place, NULL), MARS_OK);
    assert_int_equal(mrs_index_find(k->d->index, id, 1, &place, NULL), MARS_ERR_NOT_FOUND);
}

/* Flip a bit of a file. */
static void
damage_file(const char *path, long offset)
{
    FILE *f = fopen(path, "r+b");
    int c;

    assert_non_null(f);
    assert_int_equal(fseek(f, offset, SEEK_SET), 0);
    c = fgetc(f);
    assert_int_equal(fseek(f, offset, SEEK_SET), 0);
    assert_int_equal(fputc(c ^ 1, f), c ^ 1);
    assert_int_equal(fclose(f), 0);
}

static void
assert_same_place(const struct mrs_place *a, const struct mrs_place *b)
{
    assert_memory_equal(a->pack, b->pack, sizeof a->pack);
    assert_int_equal(a->kind, b->kind);
    assert_memory_equal(a->blob.id, b->blob.id, sizeof a->blob.id);
    assert_int_equal(a->blob.offset, b->blob.offset);
    assert_int_equal(a->blob.slot, b->blob.slot);
    assert_int_equal(a->blob.sealed_len, b->blob.sealed_len);
    assert_int_equal(a->blob.raw_len, b->blob.raw_len);
    assert_int_equal(a->blob.cls, b->blob.cls);
    assert_int_equal(a->blob.codec, b->blob.codec);
}

/* Whatever byte of a run is not what it was: at once or when it is looked at, the run is made anew
 * from the store, and nobody outside sees it. */
static void
a_damaged_run_is_made_anew_wherever_the_damage_lies(void **state)
{
    struct kit *k = *state;
    struct kit_damages damages = { 0 };
    struct mrs_place place, again;
    char path[RUN_PATH];
    uint8_t id[32];
    long size;

    kit_backup(k, 1, TEXT, TEXT_LEN, id);
    assert_int_equal(refresh(k->d), MARS_OK);
    assert_int_equal(mrs_index_find(k->d->index, id, 0, &place, NULL), MARS_OK);
    size = file_size(k);
    for (long at = 0; at < size; at += 37) {
        only_run(k, path);
        damage_file(path, at);
        kit_reopen(k);
        assert_int_equal(listed_index_refresh(k->d, false, kit_note_damage, &damages, NULL),
                         MARS_OK);
        assert_int_equal(mrs_index_find(k->d->index, id, 0, &again, NULL), MARS_OK);
        assert_same_place(&place, &again);
        assert_int_equal(mrs_index_find(k->d->index, id, 1, &again, NULL), MARS_ERR_NOT_FOUND);
        assert_int_equal(damages.n, 0);
    }
}

/* While it is open, too: by a lookup that is at work. */
static void
damage_to_an_open_run_is_made_good_by_the_lookup_that_meets_it(void **state)
{
    struct kit *k = *state;
    struct kit_log log = { .calls = "R" };
    char path[RUN_PATH];
    uint8_t id[32], object[32], pack[32];
    struct mrs_index_pack seen = { .size = 0 };
    struct mrs_blob *blobs = NULL;
    char relative[MRS_OBJECT_NAME_MAX];
    size_t n = 0;

    kit_backup(k, 1, TEXT, TEXT_LEN, id);
    kit_only(k, "packs/data/", relative);
    name_of(relative, pack);
    for (int what = 0; what < 4; what++) {
        kit_reopen(k);
        assert_int_equal(refresh(k->d), MARS_OK);
        only_run(k, path);
        damage_file(path, what == 0 ? 4096 + 10 : 10); /* entries, packs */
        memset(&log, 0, sizeof log);
        log.calls = "R";
        kit_spy(k, kit_log_spy, &log);
        if (what == 0)
            assert_true(finds(k->d, id));
        if (what == 1)
            assert_int_equal(mrs_index_pack_object(k->d->index, pack, object, NULL), MARS_OK);
        seen.size = 0;
        if (what == 2)
            assert_int_equal(mrs_index_each_pack(k->d->index, take_pack, &seen, NULL), MARS_OK);
        if (what == 3) {
            assert_int_equal(mrs_index_pack_blobs(k->d->index, pack, &blobs, &n, NULL), MARS_OK);
            assert_int_equal(n, 1);
            mrs_free(blobs);
        }
        kit_spy(k, NULL, NULL);
        assert_string_equal(log.text, "Rin ");
    }
}

static void
total_is(const struct kit *k, uint64_t chunks, uint64_t bytes)
{
    struct mrs_index_totals t;

    assert_int_equal(mrs_index_total(k->d->index, NULL, &t, NULL), MARS_OK);
    assert_int_equal(t.chunks, chunks);
    assert_int_equal(t.bytes, bytes);
}

static void
chunks_are_added_up_each_once(void **state)
{
    struct kit *k = *state;
    atomic_bool stop = true;
    struct mrs_index_totals t;
    char path[RUN_PATH], first[MRS_OBJECT_NAME_MAX];
    uint8_t id[32];

    assert_int_equal(refresh(k->d), MARS_OK);
    total_is(k, 0, 0);
    kit_backup(k, 1, TEXT, TEXT_LEN, id);
    kit_only(k, "index/", first);
    kit_backup(k, 1, "another", 7, id);
    kit_reopen(k);
    assert_int_equal(refresh(k->d), MARS_OK);
    total_is(k, 2, TEXT_LEN + 7);
    assert_int_equal(mrs_index_total(k->d->index, &stop, &t, NULL), MARS_OK); /* too few to stop */
    /* A damaged run is made again. */
    kit_reopen(k);
    assert_int_equal(refresh(k->d), MARS_OK);
    only_run(k, path);
    damage_file(path, 4096);
    total_is(k, 2, TEXT_LEN + 7);
    /* What an object says that is gone counts no more. */
    kit_delete(k, first);
    kit_reopen(k);
    assert_int_equal(refresh(k->d), MARS_OK);
    total_is(k, 1, 7);
}

/* What cannot be read is neither there nor absent. */
static void
a_damaged_run_whose_objects_cannot_be_read_is_an_error(void **state)
{
    struct kit *k = *state;
    struct kit_failure f = { .call = SPY_READ, .part = "/index/", .st = MARS_ERR_NETWORK };
    struct mrs_place place;
    char path[RUN_PATH];
    uint8_t id[32];

    kit_backup(k, 1, TEXT, TEXT_LEN, id);
    kit_reopen(k);
    assert_int_equal(refresh(k->d), MARS_OK);
    only_run(k, path);
    damage_file(path, 4096);
    kit_spy(k, kit_fail_spy, &f);
    assert_int_equal(mrs_index_find(k->d->index, id, 0, &place, NULL), MARS_ERR_NETWORK);
    assert_int_equal(mrs_index_find(k->d->index, id, 0, &place, NULL), MARS_ERR_NETWORK);
    kit_spy(k, NULL, NULL);
    assert_int_equal(mrs_index_find(k->d->index, id, 0, &place, NULL), MARS_OK);
}

static void
another_runs_file_under_this_name_is_not_believed(void **state)
{
    struct kit *k = *state;
    char path[RUN_PATH], other[RUN_PATH + 16], command[2 * RUN_PATH + 64];
    uint8_t first[32] = { 1 }, second[32] = { 2 }, name[32];

    supersede(k, NULL, 0, first, name);
    assert_int_equal(refresh(k->d), MARS_OK);
    only_run(k, path);
    (void)snprintf(other, sizeof other, "%s/kept", k->top);
    (void)snprintf(command, sizeof command, "cp '%s' '%s'", path, other);
    assert_int_equal(system(command), 0);
    supersede(k, NULL, 0, second, name);
    assert_int_equal(refresh(k->d), MARS_OK);
    only_run(k, path);
    assert_int_equal(rename(other, path), 0);
    kit_reopen(k);
    assert_int_equal(refresh(k->d), MARS_OK);
    assert_true(finds(k->d, first));
    assert_true(finds(k->d, second));
}

/* The cache's disk is full, or gone: backups go on, from memory. */
static void
without_room_in_the_cache_the_index_lies_in_memory(void **state)
{
    struct kit *k = *state;
    char path[RUN_PATH];
    uint8_t id[32] = { 7 }, name[32];
    FILE *f;

    (void)snprintf(path, sizeof path, "%s/cache", k->top);
    runs_folder(k, path);
    (void)rmdir(path);
    f = fopen(path, "w"); /* where the folder should be */
    assert_non_null(f);
    assert_int_equal(fclose(f), 0);
    kit_reopen(k);
    supersede(k, NULL, 0, id, name);
    assert_int_equal(refresh(k->d), MARS_OK);
    assert_true(finds(k->d, id));
    assert_int_equal(unlink(path), 0);
}

static void
an_object_that_was_added_is_found_at_once_and_stays(void **state)
{
    struct kit *k = *state;
    struct kit_log log = { .calls = "R" };
    struct mrs_blob blob = { .offset = MRS_HEADER_SIZE, .sealed_len = 20, .raw_len = 4,
                             .cls = MRS_CLASS_DATA, .id = { 9 } };
    struct mrs_index_pack pack = { .kind = MRS_KIND_PACK_DATA, .size = 512, .blobs = &blob,
                                   .count = 1, .name = { 8 } };
    static const uint8_t writer[16] = { 1 };
    struct mrs_buf payload = MRS_BUF_INIT(1 << 20);
    uint8_t name[32];
    uint64_t size;

    assert_int_equal(mrs_index_encode(NULL, 0, &pack, 1, &payload, NULL), MARS_OK);
    assert_int_equal(mrs_domain_put_index(k->d, writer, &payload, name, &size, NULL), MARS_OK);
    kit_spy(k, kit_log_spy, &log);
    assert_false(finds(k->d, blob.id));
    assert_int_equal(mrs_index_add(k->d->index, name, &payload, NULL), MARS_OK);
    assert_int_equal(mrs_index_add(k->d->index, name, &payload, NULL), MARS_OK);
    assert_true(finds(k->d, blob.id));
    assert_true(mrs_index_has_object(k->d->index, name));
    kit_reopen(k);
    assert_int_equal(refresh(k->d), MARS_OK);
    assert_true(finds(k->d, blob.id));
    kit_spy(k, NULL, NULL);
    assert_string_equal(log.text, "");
    mrs_buf_free(&payload);
}

/* However many objects come one after the other, few runs hold them. */
static void
runs_stay_few(void **state)
{
    struct kit *k = *state;
    struct mrs_domain *other;
    uint8_t ids[200][32], name[32];

    for (size_t i = 0; i < 200; i++) {
        kit_noise(ids[i], 32, i + 1000);
        supersede(k, NULL, 0, ids[i], name);
        assert_int_equal(refresh(k->d), MARS_OK);
        assert_true(count_runs(k) <= 5);
    }
    other = kit_open(k, k->cache);
    assert_int_equal(refresh(other), MARS_OK);
    for (size_t i = 0; i < 200; i++) {
        assert_true(finds(k->d, ids[i]));
        assert_true(finds(other, ids[i]));
    }
    mrs_domain_close(other);
}

/* Two handles on one cache merge and delete each other's runs. */
static void
two_handles_share_a_cache(void **state)
{
    struct kit *k = *state;
    struct mrs_domain *d[2] = { kit_open(k, k->cache), kit_open(k, k->cache) };
    uint8_t ids[60][32], name[32];

    for (size_t i = 0; i < 60; i++) {
        kit_noise(ids[i], 32, i + 5000);
        supersede(k, NULL, 0, ids[i], name);
        assert_int_equal(refresh(d[i / 3 % 2]), MARS_OK);
        for (size_t n = 0; n <= i; n++)
            assert_true(finds(d[i / 3 % 2], ids[n]));
    }
    for (size_t w = 0; w < 2; w++) {
        assert_int_equal(refresh(d[w]), MARS_OK);
        for (size_t i = 0; i < 60; i++)
            assert_true(finds(d[w], ids[i]));
        mrs_domain_close(d[w]);
    }
    kit_reopen(k);
    assert_int_equal(refresh(k->d), MARS_OK);
    for (size_t i = 0; i < 60; i++)
        assert_true(finds(k->d, ids[i]));
    assert_true(count_runs(k) <= 5);
}

/* Each of two handles has a run of its own of one object, and finds the other's. */
static void
of_two_equal_runs_one_stays_whoever_looks_first(void **state)
{
    struct kit *k = *state;
    uint8_t id[32];

    kit_backup(k, 1, TEXT, TEXT_LEN, id);
    for (size_t first = 0; first < 8; first++) {
        struct mrs_domain *d[2] = { kit_open(k, k->cache), kit_open(k, k->cache) };
        char path[RUN_PATH], aside[RUN_PATH];

        kit_drop_runs(k);
        assert_int_equal(refresh(d[0]), MARS_OK);
        only_run(k, path);
        (void)snprintf(aside, sizeof aside, "%s/aside", k->top);
        assert_int_equal(rename(path, aside), 0);
        assert_int_equal(refresh(d[1]), MARS_OK);
        assert_int_equal(rename(aside, path), 0);
        assert_int_equal(count_runs(k), 2);
        for (size_t i = 0; i < 2; i++) {
            struct mrs_index *x = d[(first + i) % 2]->index;

            assert_int_equal(mrs_index_view_adopt(x, x->view, NULL), MARS_OK);
        }
        assert_int_equal(count_runs(k), 1);
        mrs_domain_close(d[0]);
        mrs_domain_close(d[1]);
    }
}

static void
a_damaged_object_is_named_and_counts_as_absent(void **state)
{
    struct kit *k = *state;
    struct kit_damages damages = { 0 };
    char relative[MRS_OBJECT_NAME_MAX];
    uint8_t id[32] = { 1 }, good[32] = { 2 }, name[32];
    struct mrs_domain *d = kit_open(k, NULL);

    supersede(k, NULL, 0, id, name);
    mrs_name_index(relative, name);
    kit_damage(k, relative, 200);
    supersede(k, NULL, 0, good, name);
    assert_int_equal(listed_index_refresh(d, false, kit_note_damage, &damages, NULL),
                     MARS_OK);
    assert_int_equal(damages.n, 1);
    assert_string_equal(damages.last, relative);
    assert_int_equal(damages.why.status, MARS_ERR_CORRUPT);
    assert_false(finds(d, id));
    assert_true(finds(d, good));
    name_of(relative, name);
    assert_false(mrs_index_has_object(d->index, name));
    mrs_domain_close(d);
}

static void
a_fresh_look_believes_no_cache(void **state)
{
    struct kit *k = *state;
    struct kit_damages damages = { 0 };
    char relative[MRS_OBJECT_NAME_MAX];
    uint8_t id[32];

    kit_backup(k, 1, TEXT, TEXT_LEN, id);
    assert_int_equal(refresh(k->d), MARS_OK);
    kit_only(k, "index/", relative);
    kit_damage(k, relative, 200);
    assert_int_equal(refresh(k->d), MARS_OK);
    assert_true(finds(k->d, id));
    assert_int_equal(listed_index_refresh(k->d, true, kit_note_damage, &damages, NULL),
                     MARS_OK);
    assert_int_equal(damages.n, 1);
    assert_false(finds(k->d, id));
}

static void
an_object_that_could_not_be_fetched_is_tried_again(void **state)
{
    struct kit *k = *state;
    struct kit_failure f = { .call = SPY_READ, .part = "/index/", .st = MARS_ERR_IO };
    struct kit_damages damages = { 0 };
    struct mrs_domain *d = kit_open(k, NULL);
    uint8_t id[32] = { 1 }, name[32];

    supersede(k, NULL, 0, id, name);
    kit_spy(k, kit_fail_spy, &f);
    assert_int_equal(listed_index_refresh(d, false, kit_note_damage, &damages, NULL),
                     MARS_OK);
    assert_int_equal(damages.n, 1);
    assert_false(finds(d, id));
    f.st = MARS_ERR_NETWORK;
    assert_int_equal(listed_index_refresh(d, false, kit_note_damage, &damages, NULL),
                     MARS_ERR_NETWORK);
    kit_spy(k, NULL, NULL);
    assert_int_equal(refresh(d), MARS_OK);
    assert_true(finds(d, id));
    mrs_domain_close(d);
}

/* Two packs that hold the chunk; their names. */
static void
two_places(struct kit *k, uint8_t id[32], uint8_t packs[2][32])
{
    struct mrs_place place;

    kit_backup(k, 1, TEXT, TEXT_LEN, id);
    assert_int_equal(refresh(k->d), MARS_OK);
    assert_int_equal(mrs_index_find(k->d->index, id, 0, &place, NULL), MARS_OK);
    memcpy(packs[0], place.pack, 32);
    kit_tombstone(k, MRS_OP_TOMBSTONE, packs[0]);
    kit_backup(k, 1, TEXT, TEXT_LEN, id);
    assert_int_equal(refresh(k->d), MARS_OK);
    for (size_t nth = 0; nth < 2; nth++) {
        assert_int_equal(mrs_index_find(k->d->index, id, nth, &place, NULL), MARS_OK);
        if (memcmp(place.pack, packs[0], 32) != 0)
            memcpy(packs[1], place.pack, 32);
    }
    assert_int_equal(mrs_index_find(k->d->index, id, 2, &place, NULL), MARS_ERR_NOT_FOUND);
}

static void
a_damaged_pack_is_passed_over_for_the_other_one(void **state)
{
    struct kit *k = *state;
    struct kit_damages damages = { 0 };
    char relative[2][MRS_OBJECT_NAME_MAX];
    uint8_t id[32], packs[2][32];

    two_places(k, id, packs);
    for (size_t i = 0; i < 2; i++)
        mrs_name_pack(relative[i], MRS_KIND_PACK_DATA, packs[i]);
    for (size_t i = 0; i < 2; i++) {
        struct mrs_domain *d = kit_open(k, NULL);
        struct mrs_buf got = MRS_BUF_INIT(MRS_CHUNK_MAX);

        kit_damage(k, relative[i], MRS_HEADER_SIZE + 3);
        d->damage = kit_note_damage;
        d->damage_user = &damages;
        assert_int_equal(refresh(d), MARS_OK);
        assert_int_equal(mrs_chunk_get(d, id, MRS_CLASS_DATA, &got, NULL), MARS_OK);
        assert_int_equal(got.len, TEXT_LEN);
        assert_memory_equal(got.data, TEXT, TEXT_LEN);
        kit_damage(k, relative[i], MRS_HEADER_SIZE + 3);
        mrs_buf_free(&got);
        mrs_domain_close(d);
    }
    /* One of the two was tried first, and named. */
    assert_int_equal(damages.n, 1);
    kit_delete(k, relative[0]);
    assert_int_equal(kit_read(k, id, TEXT, TEXT_LEN), MARS_OK);
    kit_damage(k, relative[1], 20);
    assert_int_equal(kit_read(k, id, TEXT, TEXT_LEN), MARS_ERR_CORRUPT);
    kit_damage(k, relative[1], 20);
    kit_delete(k, relative[1]);
    assert_int_equal(kit_read(k, id, TEXT, TEXT_LEN), MARS_ERR_CORRUPT);
}

enum { OBJECTS = 12 };

/* A handle that ran out of memory must not remember half of what it read. */
static void
a_look_that_ran_out_of_memory_is_made_good_by_the_next(void **state)
{
    struct kit *k = *state;
    uint8_t ids[OBJECTS][32], name[32];
    size_t before, failed = 0;

    for (size_t i = 0; i < OBJECTS; i++) {
        kit_noise(ids[i], 32, i + 100);
        supersede(k, NULL, 0, ids[i], name);
    }
    before = failing_alloc_live();
    for (size_t nth = 0;; nth++) {
        struct mrs_domain *d = kit_open(k, NULL);
        mars_status st;
        int hit;

        failing_alloc_arm(nth);
        st = refresh(d);
        hit = failing_alloc_hit();
        failing_alloc_arm(SIZE_MAX);
        assert_int_equal(st, hit ? MARS_ERR_NOMEM : MARS_OK);
        assert_int_equal(refresh(d), MARS_OK);
        for (size_t i = 0; i < OBJECTS; i++)
            assert_true(finds(d, ids[i]));
        mrs_domain_close(d);
        assert_int_equal(failing_alloc_live(), before);
        if (!hit)
            break;
        failed++;
    }
    assert_true(failed > OBJECTS);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        KIT_TEST(what_was_committed_is_found_with_its_place),
        KIT_TEST(chunks_are_added_up_each_once),
        KIT_TEST(an_object_that_is_no_longer_listed_counts_no_more),
        KIT_TEST(a_run_counts_only_while_its_object_is_listed),
        KIT_TEST(with_a_warm_cache_no_object_is_read),
        KIT_TEST(a_run_that_is_taken_is_young_again),
        KIT_TEST(a_lost_cache_costs_one_read_of_each_object),
        KIT_TEST(superseded_objects_are_not_read),
        KIT_TEST(what_a_vanished_object_superseded_counts_again),
        KIT_TEST(a_pack_that_two_objects_name_gives_one_place),
        KIT_TEST(a_damaged_run_is_made_anew_wherever_the_damage_lies),
        KIT_TEST(damage_to_an_open_run_is_made_good_by_the_lookup_that_meets_it),
        KIT_TEST(a_damaged_run_whose_objects_cannot_be_read_is_an_error),
        KIT_TEST(another_runs_file_under_this_name_is_not_believed),
        KIT_TEST(without_room_in_the_cache_the_index_lies_in_memory),
        KIT_TEST(an_object_that_was_added_is_found_at_once_and_stays),
        KIT_TEST(runs_stay_few),
        KIT_TEST(two_handles_share_a_cache),
        KIT_TEST(of_two_equal_runs_one_stays_whoever_looks_first),
        KIT_TEST(a_damaged_object_is_named_and_counts_as_absent),
        KIT_TEST(a_fresh_look_believes_no_cache),
        KIT_TEST(an_object_that_could_not_be_fetched_is_tried_again),
        KIT_TEST(a_damaged_pack_is_passed_over_for_the_other_one),
        KIT_TEST(a_look_that_ran_out_of_memory_is_made_good_by_the_next),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
