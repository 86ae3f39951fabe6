#define _GNU_SOURCE
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/hex.h"
#include "cache/run.h"
#include "failing_alloc.h"
#include "tmpdir.h"

static const uint8_t DOMAIN[16] = { 0xab };
static const uint8_t KEY[32] = { 1, 2, 3 };

struct room {
    char top[TMPDIR_PATH_MAX];
    struct mrs_cache *cache;
    struct mrs_runs *runs;
    struct mrs_runs *memory; /* without a cache */
};

static int
set_up(void **state)
{
    static struct room r;

    tmpdir_make(r.top);
    assert_int_equal(mrs_cache_open(&r.cache, r.top, DOMAIN, KEY, NULL), MARS_OK);
    assert_int_equal(mrs_runs_new(&r.runs, r.cache, KEY, NULL), MARS_OK);
    assert_int_equal(mrs_runs_new(&r.memory, NULL, KEY, NULL), MARS_OK);
    *state = &r;
    return 0;
}

static int
tear_down(void **state)
{
    struct room *r = *state;

    mrs_runs_free(r->runs);
    mrs_runs_free(r->memory);
    mrs_runs_free(NULL);
    mrs_cache_close(r->cache);
    tmpdir_remove(r->top);
    assert_int_equal(failing_alloc_live(), 0);
    return 0;
}

/* 32 bytes from two numbers. */
static void
noise(uint8_t out[32], uint32_t a, uint32_t b)
{
    uint64_t x = (uint64_t)a << 32 | b;

    for (size_t i = 0; i < 32; i++) {
        x = x * 6364136223846793005U + 1442695040888963407U;
        out[i] = (uint8_t)(x >> 56);
    }
}

enum { A_PACK = 8 };

/* Object number `object` of `packs` packs with A_PACK chunks each. */
static mars_status
add_object(struct mrs_run_builder *b, uint32_t object, uint32_t packs, mars_error *err)
{
    uint8_t name[32];
    mars_status st;

    noise(name, object, 1);
    st = mrs_run_builder_object(b, name, err);
    noise(name, object, 2);
    if (st == MARS_OK)
        st = mrs_run_builder_superseded(b, name, err);
    for (uint32_t p = 0; st == MARS_OK && p < packs; p++) {
        noise(name, object, 1000 + p);
        st = mrs_run_builder_pack(b, name, MRS_KIND_PACK_DATA, 4096 + p, err);
        for (uint32_t i = 0; st == MARS_OK && i < A_PACK; i++) {
            struct mrs_blob blob = { .offset = 144 + i * 100, .slot = i, .sealed_len = 100,
                                     .raw_len = p, .cls = MRS_CLASS_DATA, .codec = 1 };

            noise(blob.id, object * 65536 + p, i);
            st = mrs_run_builder_blob(b, &blob, err);
        }
    }
    return st;
}

/* A run of objects [from, to). */
static struct mrs_run *
make(struct mrs_runs *rs, uint32_t from, uint32_t to, uint32_t packs)
{
    struct mrs_run_builder b;
    struct mrs_run *run = NULL;

    mrs_run_builder_init(&b);
    for (uint32_t i = from; i < to; i++)
        assert_int_equal(add_object(&b, i, packs, NULL), MARS_OK);
    assert_int_equal(mrs_run_build(&run, rs, &b, NULL), MARS_OK);
    assert_int_equal(b.objects.len, 0);
    mrs_run_builder_free(&b);
    return run;
}

/* What the run says of one chunk of add_object; MARS_ERR_NOT_FOUND if it says nothing. */
static mars_status
look(struct mrs_run *run, uint32_t object, uint32_t p, uint32_t i)
{
    uint8_t page[MRS_PAGE_SIZE], other[MRS_PAGE_SIZE], id[32], name[32];
    struct mrs_run_cursor c;
    struct mrs_run_entry e;
    struct mrs_run_pack pack;
    bool more;
    mars_status st;

    noise(id, object * 65536 + p, i);
    if (!mrs_run_may_have(run, id))
        return MARS_ERR_NOT_FOUND;
    mrs_run_look(&c, run, MRS_RUN_ENTRIES, page);
    st = mrs_run_seek(&c, id, NULL);
    if (st == MARS_OK)
        st = mrs_run_next_entry(&c, &e, &more, NULL);
    if (st != MARS_OK)
        return st;
    if (!more || memcmp(e.blob.id, id, 32) != 0)
        return MARS_ERR_NOT_FOUND;
    assert_int_equal(e.blob.offset, 144 + i * 100);
    assert_int_equal(e.blob.slot, i);
    assert_int_equal(e.blob.sealed_len, 100);
    assert_int_equal(e.blob.raw_len, p);
    assert_int_equal(e.blob.cls, MRS_CLASS_DATA);
    assert_int_equal(e.blob.codec, 1);
    mrs_run_look(&c, run, MRS_RUN_PACKS, other);
    c.at = e.pack;
    st = mrs_run_next_pack(&c, &pack, &more, NULL);
    if (st != MARS_OK)
        return st;
    assert_true(more);
    noise(name, object, 1000 + p);
    assert_memory_equal(pack.name, name, 32);
    assert_int_equal(pack.size, 4096 + p);
    assert_int_equal(pack.kind, MRS_KIND_PACK_DATA);
    assert_int_equal(pack.blobs, A_PACK);
    return MARS_OK;
}

static void
assert_has(struct mrs_run *run, uint32_t from, uint32_t to, uint32_t packs)
{
    for (uint32_t o = from; o < to; o++)
        for (uint32_t p = 0; p < packs; p++)
            for (uint32_t i = 0; i < A_PACK; i++)
                assert_int_equal(look(run, o, p, i), MARS_OK);
}

static void
what_was_built_is_found_in_a_file_and_in_memory(void **state)
{
    struct room *r = *state;
    struct mrs_runs *homes[2] = { r->runs, r->memory };

    for (size_t h = 0; h < 2; h++) {
        struct mrs_run *run = make(homes[h], 0, 3, 40);
        const struct mrs_run_superseded *s;
        const uint8_t(*names)[32];
        uint8_t name[32];
        uint32_t n;

        assert_int_equal(mrs_run_chunks(run), 3 * 40 * A_PACK);
        assert_has(run, 0, 3, 40);
        assert_int_equal(look(run, 0, 40, 0), MARS_ERR_NOT_FOUND);
        assert_int_equal(look(run, 3, 0, 0), MARS_ERR_NOT_FOUND);
        names = mrs_run_objects(run, &n);
        assert_int_equal(n, 3);
        noise(name, 2, 1);
        assert_memory_equal(names[2], name, 32);
        s = mrs_run_superseded(run, &n);
        assert_int_equal(n, 3);
        noise(name, 1, 2);
        assert_int_equal(s[1].by, 1);
        assert_memory_equal(s[1].name, name, 32);
        mrs_run_release(run);
    }
}

static void
the_filter_lets_few_absent_chunks_through(void **state)
{
    struct room *r = *state;
    struct mrs_run *run = make(r->memory, 0, 10, 1000);
    size_t through = 0;
    uint8_t id[32];

    for (uint32_t i = 0; i < 100000; i++) {
        noise(id, 0xffffffff, i);
        through += mrs_run_may_have(run, id);
    }
    assert_true(through < 2500);
    mrs_run_release(run);
}

static mars_status
keep_id(void *user, const uint8_t id[16], mars_error *err)
{
    (void)err;
    memcpy(user, id, 16);
    return MARS_OK;
}

static void
a_file_is_there_for_the_next_process_until_it_is_deleted(void **state)
{
    struct room *r = *state;
    struct mrs_run *run = make(r->runs, 0, 2, 5), *again = NULL;
    uint8_t id[16] = { 0 };

    assert_int_equal(mrs_runs_each(r->runs, keep_id, id, NULL), MARS_OK);
    assert_memory_equal(id, mrs_run_id(run), 16);
    assert_false(mrs_run_is_old(run));
    mrs_run_release(run);
    assert_int_equal(mrs_run_open(&again, r->runs, id, NULL), MARS_OK);
    assert_has(again, 0, 2, 5);
    /* Who has it open keeps it. */
    mrs_run_delete(again);
    run = mrs_run_hold(again);
    assert_has(run, 0, 2, 5);
    mrs_run_release(again);
    mrs_run_release(run);
    assert_int_equal(mrs_run_open(&again, r->runs, id, NULL), MARS_ERR_NOT_FOUND);
    assert_null(again);
    mrs_run_delete_id(r->runs, id);
}

static void
an_empty_run_is_a_run(void **state)
{
    struct room *r = *state;
    struct mrs_run *run = make(r->runs, 0, 1, 0);

    assert_int_equal(mrs_run_chunks(run), 0);
    assert_int_equal(look(run, 0, 0, 0), MARS_ERR_NOT_FOUND);
    mrs_run_release(run);
}

static void
equal_keys_all_come(void **state)
{
    struct room *r = *state;
    struct mrs_blob blob = { .offset = 144, .sealed_len = 16, .cls = MRS_CLASS_DATA, .id = { 5 } };
    uint8_t page[MRS_PAGE_SIZE], name[32];
    struct mrs_run_cursor c;
    struct mrs_run_builder b;
    struct mrs_run_entry e;
    struct mrs_run *run;
    bool more = true;
    size_t n = 0;

    mrs_run_builder_init(&b);
    noise(name, 1, 1);
    assert_int_equal(mrs_run_builder_object(&b, name, NULL), MARS_OK);
    for (uint32_t i = 0; i < 400; i++) { /* some pages of one id, between others like it */
        noise(name, i, 3);
        assert_int_equal(mrs_run_builder_pack(&b, name, MRS_KIND_PACK_META, 300, NULL), MARS_OK);
        blob.id[31] = (uint8_t)(i % 4 == 0 ? 1 : i % 4 == 1 ? 3 : 2);
        assert_int_equal(mrs_run_builder_blob(&b, &blob, NULL), MARS_OK);
    }
    assert_int_equal(mrs_run_build(&run, r->runs, &b, NULL), MARS_OK);
    mrs_run_builder_free(&b);
    blob.id[31] = 2;
    mrs_run_look(&c, run, MRS_RUN_ENTRIES, page);
    assert_int_equal(mrs_run_seek(&c, blob.id, NULL), MARS_OK);
    while (more) {
        assert_int_equal(mrs_run_next_entry(&c, &e, &more, NULL), MARS_OK);
        if (!more || memcmp(e.blob.id, blob.id, 32) != 0)
            break;
        n++;
    }
    assert_int_equal(n, 200);
    mrs_run_release(run);
}

static void
a_blob_behind_four_gibibytes_is_refused(void **state)
{
    struct mrs_blob blob = { .offset = (uint64_t)1 << 32, .sealed_len = 16,
                             .cls = MRS_CLASS_DATA };
    struct mrs_run_builder b;
    uint8_t name[32] = { 1 };

    (void)state;
    mrs_run_builder_init(&b);
    assert_int_equal(mrs_run_builder_object(&b, name, NULL), MARS_OK);
    assert_int_equal(mrs_run_builder_pack(&b, name, MRS_KIND_PACK_DATA, 300, NULL), MARS_OK);
    assert_int_equal(mrs_run_builder_blob(&b, &blob, NULL), MARS_ERR_CORRUPT);
    mrs_run_builder_free(&b);
}

static void
runs_are_merged_and_what_does_not_count_is_left_behind(void **state)
{
    struct room *r = *state;
    struct mrs_runs *homes[2] = { r->runs, r->memory };
    static const uint8_t all[4] = { 1, 1, 1, 1 }, second[4] = { 0, 1, 0, 0 };

    for (size_t h = 0; h < 2; h++) {
        struct mrs_run *in[3] = { make(homes[h], 0, 4, 50), make(homes[h], 4, 8, 20),
                                  make(homes[h], 8, 9, 0) };
        struct mrs_run_source sources[3] = { { in[0], all }, { in[1], second }, { in[2], all } };
        struct mrs_run *out = NULL, *damaged = NULL;
        const struct mrs_run_superseded *s;
        const uint8_t(*names)[32];
        uint8_t name[32];
        uint32_t n;

        assert_int_equal(mrs_run_merge(&out, homes[h], sources, 3, &damaged, NULL), MARS_OK);
        assert_null(damaged);
        for (size_t i = 0; i < 3; i++) {
            mrs_run_delete(in[i]);
            mrs_run_release(in[i]);
        }
        assert_int_equal(mrs_run_chunks(out), (4 * 50 + 20) * A_PACK);
        assert_has(out, 0, 4, 50);
        assert_has(out, 5, 6, 20);
        assert_int_equal(look(out, 4, 0, 0), MARS_ERR_NOT_FOUND);
        names = mrs_run_objects(out, &n);
        assert_int_equal(n, 6);
        noise(name, 5, 1);
        assert_memory_equal(names[4], name, 32);
        s = mrs_run_superseded(out, &n);
        assert_int_equal(n, 6);
        noise(name, 5, 2);
        assert_int_equal(s[4].by, 4);
        assert_memory_equal(s[4].name, name, 32);
        mrs_run_release(out);
    }
}

/* The path of a run's file. */
static const char *
path_of(const struct room *r, const struct mrs_run *run)
{
    static char path[TMPDIR_PATH_MAX + 128];
    char domain[33], name[33];

    mrs_hex_encode(domain, DOMAIN, 16);
    mrs_hex_encode(name, mrs_run_id(run), 16);
    (void)snprintf(path, sizeof path, "%s/%s/runs/%s", r->top, domain, name);
    return path;
}

static void
write_file(const char *path, const uint8_t *bytes, size_t n)
{
    FILE *f = fopen(path, "wb");

    assert_non_null(f);
    assert_int_equal(fwrite(bytes, 1, n, f), n);
    assert_int_equal(fclose(f), 0);
}

static size_t
read_file(const char *path, uint8_t **bytes)
{
    FILE *f = fopen(path, "rb");
    struct stat st;

    assert_non_null(f);
    assert_int_equal(fstat(fileno(f), &st), 0);
    *bytes = malloc((size_t)st.st_size);
    assert_non_null(*bytes);
    assert_int_equal(fread(*bytes, 1, (size_t)st.st_size, f), st.st_size);
    assert_int_equal(fclose(f), 0);
    return (size_t)st.st_size;
}

/* Open the run and read all of it: MARS_OK only if all of it is as it was. */
static mars_status
read_all(struct room *r, const uint8_t id[16])
{
    struct mrs_run *run = NULL, *damaged = NULL, *out = NULL;
    static const uint8_t all[2] = { 1, 1 };
    struct mrs_run_source source = { NULL, all };
    mars_status st = mrs_run_open(&run, r->runs, id, NULL);

    if (st != MARS_OK)
        return st;
    assert_has(run, 0, 0, 0);
    source.run = run;
    st = mrs_run_merge(&out, r->memory, &source, 1, &damaged, NULL);
    assert_true((st == MARS_OK) == (damaged == NULL));
    for (uint32_t p = 0; st == MARS_OK && p < 2; p++)
        for (uint32_t i = 0; st == MARS_OK && i < A_PACK; i++)
            st = look(run, 0, p, i);
    mrs_run_release(out);
    mrs_run_release(run);
    return st;
}

static void
a_change_of_any_byte_is_noticed(void **state)
{
    struct room *r = *state;
    struct mrs_run *run = make(r->runs, 0, 2, 2);
    uint8_t id[16], *bytes;
    char path[TMPDIR_PATH_MAX + 128];
    size_t n;

    memcpy(id, mrs_run_id(run), 16);
    strcpy(path, path_of(r, run));
    n = read_file(path, &bytes);
    assert_int_equal(n, 4 * MRS_PAGE_SIZE);
    assert_int_equal(read_all(r, id), MARS_OK);
    for (size_t i = 0; i < n; i++) {
        bytes[i] ^= (uint8_t)(1U << i % 8);
        write_file(path, bytes, n);
        assert_int_equal(read_all(r, id), MARS_ERR_CORRUPT);
        bytes[i] ^= (uint8_t)(1U << i % 8);
    }
    write_file(path, bytes, n);
    assert_int_equal(read_all(r, id), MARS_OK);
    free(bytes);
    mrs_run_release(run);
}

static void
a_file_that_is_shorter_or_longer_or_out_of_order_is_noticed(void **state)
{
    struct room *r = *state;
    struct mrs_run *run = make(r->runs, 0, 2, 2);
    uint8_t id[16], *bytes, *other;
    char path[TMPDIR_PATH_MAX + 128];
    size_t n;

    memcpy(id, mrs_run_id(run), 16);
    strcpy(path, path_of(r, run));
    n = read_file(path, &bytes);
    for (size_t cut = 0; cut < n; cut += cut % MRS_PAGE_SIZE == 0 ? 1 : MRS_PAGE_SIZE - 1) {
        write_file(path, bytes, cut);
        assert_int_equal(read_all(r, id), MARS_ERR_CORRUPT);
    }
    other = malloc(2 * n);
    assert_non_null(other);
    memcpy(other, bytes, n);
    memcpy(other + n, bytes, n);
    write_file(path, other, 2 * n);
    assert_int_equal(read_all(r, id), MARS_ERR_CORRUPT);
    memcpy(other, bytes + MRS_PAGE_SIZE, MRS_PAGE_SIZE);
    memcpy(other + MRS_PAGE_SIZE, bytes, MRS_PAGE_SIZE);
    write_file(path, other, n);
    assert_int_equal(read_all(r, id), MARS_ERR_CORRUPT);
    /* A page of another run, in its own place. */
    mrs_run_release(run);
    run = make(r->runs, 0, 2, 2);
    free(other);
    (void)read_file(path_of(r, run), &other);
    memcpy(other + MRS_PAGE_SIZE, bytes + MRS_PAGE_SIZE, MRS_PAGE_SIZE);
    write_file(path_of(r, run), other, n);
    assert_int_equal(read_all(r, mrs_run_id(run)), MARS_ERR_CORRUPT);
    free(other);
    free(bytes);
    mrs_run_release(run);
}

static void
under_another_key_no_run_is_believed(void **state)
{
    struct room *r = *state;
    struct mrs_run *run = make(r->runs, 0, 1, 1), *again = NULL;
    uint8_t key[32] = { 9 };
    struct mrs_runs *other = NULL;

    assert_int_equal(mrs_runs_new(&other, r->cache, key, NULL), MARS_OK);
    assert_int_equal(mrs_run_open(&again, other, mrs_run_id(run), NULL), MARS_ERR_CORRUPT);
    mrs_run_release(run);
    mrs_runs_free(other);
}

/* Bytes that nobody checked, as they are when a run lies in memory. */
static void
counts_that_do_not_add_up_to_the_bytes_are_refused(void **state)
{
    struct room *r = *state;
    struct mrs_run *run = make(r->runs, 0, 2, 2);
    uint8_t *bytes;
    size_t n = read_file(path_of(r, run), &bytes), refused = 0;

    for (size_t i = 0; i < 52; i++)
        for (unsigned bit = 0; bit < 8; bit++) {
            struct mrs_buf b = MRS_BUF_INIT(n);
            struct mrs_run *opened = NULL;

            assert_int_equal(mrs_buf_append(&b, bytes, n, NULL), MARS_OK);
            b.data[n - MRS_PAGE_SIZE + i] ^= (uint8_t)(1U << bit);
            refused += mrs_run_open_memory(&opened, &b, NULL) == MARS_ERR_CORRUPT;
            mrs_run_release(opened);
            assert_null(b.data);
        }
    /* All but the id, and counts that need as many pages. */
    assert_true(refused > 52 * 8 - 16 * 8 - 60);
    free(bytes);
    mrs_run_release(run);
}

static mars_status
build_and_merge(struct room *r, struct mrs_runs *rs)
{
    static const uint8_t all[2] = { 1, 1 };
    struct mrs_run *run[2] = { NULL, NULL }, *out = NULL, *damaged = NULL;
    struct mrs_run_builder b;
    mars_status st = MARS_OK;

    (void)r;
    mrs_run_builder_init(&b);
    for (size_t i = 0; st == MARS_OK && i < 2; i++) {
        st = add_object(&b, (uint32_t)(2 * i), 3, NULL);
        if (st == MARS_OK)
            st = add_object(&b, (uint32_t)(2 * i + 1), 3, NULL);
        if (st == MARS_OK)
            st = mrs_run_build(&run[i], rs, &b, NULL);
    }
    if (st == MARS_OK) {
        struct mrs_run_source sources[2] = { { run[0], all }, { run[1], all } };

        st = mrs_run_merge(&out, rs, sources, 2, &damaged, NULL);
        assert_null(damaged);
    }
    if (st == MARS_OK)
        assert_has(out, 0, 4, 3);
    for (size_t i = 0; i < 2; i++) {
        if (run[i] != NULL)
            mrs_run_delete(run[i]);
        mrs_run_release(run[i]);
    }
    if (out != NULL)
        mrs_run_delete(out);
    mrs_run_release(out);
    mrs_run_builder_free(&b);
    return st;
}

static void
building_and_merging_survive_every_failing_allocation(void **state)
{
    struct room *r = *state;
    struct mrs_runs *homes[2] = { r->runs, r->memory };

    for (size_t h = 0; h < 2; h++) {
        size_t live = failing_alloc_live(), n = 0;
        mars_status st = MARS_ERR_NOMEM;

        for (; st != MARS_OK; n++) {
            uint8_t id[16] = { 0 };
            static const uint8_t none[16];

            failing_alloc_arm(n);
            st = build_and_merge(r, homes[h]);
            failing_alloc_arm(SIZE_MAX);
            assert_true(st == MARS_OK || st == MARS_ERR_NOMEM);
            if (st != MARS_OK) /* the page cache may have taken some for good */
                assert_true(failing_alloc_live() >= live);
            assert_int_equal(mrs_runs_each(r->runs, keep_id, id, NULL), MARS_OK);
            assert_memory_equal(id, none, 16);
        }
        assert_true(n > 20);
    }
}

static void
make_and_delete(struct room *r, unsigned seed)
{
    for (uint32_t i = 0; i < 40; i++) {
        struct mrs_run *run = make(r->runs, 0, 3, 30);

        assert_has(run, 0, 3, 30);
        mrs_run_release(run);
    }
    (void)seed;
}

static mars_status
open_or_not(void *user, const uint8_t id[16], mars_error *err)
{
    struct room *r = user;
    struct mrs_run *run = NULL;
    mars_status st = mrs_run_open(&run, r->runs, id, err);

    if (st == MARS_OK) {
        assert_has(run, 0, 3, 30);
        mrs_run_delete(run);
        assert_has(run, 0, 3, 30);
    } else {
        assert_int_equal(st, MARS_ERR_NOT_FOUND);
    }
    mrs_run_release(run);
    return MARS_OK;
}

/* One makes runs, one opens and deletes whatever there is. */
static void
two_processes_share_a_folder(void **state)
{
    struct room *r = *state;
    pid_t child = fork();
    int status = 1;

    assert_true(child >= 0);
    if (child == 0) {
        make_and_delete(r, 1);
        _exit(0);
    }
    for (pid_t ended = 0; ended == 0;) {
        assert_int_equal(mrs_runs_each(r->runs, open_or_not, r, NULL), MARS_OK);
        ended = waitpid(child, &status, WNOHANG);
        assert_true(ended >= 0);
    }
    assert_int_equal(status, 0);
}

#define TEST(fn) cmocka_unit_test_setup_teardown(fn, set_up, tear_down)

int
main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(what_was_built_is_found_in_a_file_and_in_memory),
        TEST(the_filter_lets_few_absent_chunks_through),
        TEST(a_file_is_there_for_the_next_process_until_it_is_deleted),
        TEST(an_empty_run_is_a_run),
        TEST(equal_keys_all_come),
        TEST(a_blob_behind_four_gibibytes_is_refused),
        TEST(runs_are_merged_and_what_does_not_count_is_left_behind),
        TEST(a_change_of_any_byte_is_noticed),
        TEST(a_file_that_is_shorter_or_longer_or_out_of_order_is_noticed),
        TEST(under_another_key_no_run_is_believed),
        TEST(counts_that_do_not_add_up_to_the_bytes_are_refused),
        TEST(building_and_merging_survive_every_failing_allocation),
        TEST(two_processes_share_a_folder),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
