#include "../repo/kit.h"

#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "job/chunkcache.h"
#include "listed.h"

enum { MIB = 1 << 20, CHUNKS = 12 };

/* Chunks of noise, the nth of n mod 3 + 1 MiB, more than the cache holds. */
struct chunks {
    uint8_t ids[CHUNKS][32];
};

static size_t
size_of(size_t n)
{
    return (n % 3 + 1) * MIB;
}

static void
make_chunks(struct kit *k, struct chunks *c)
{
    struct mrs_session *s = kit_begin(k, 1);
    uint8_t *data = malloc(3 * MIB);

    assert_non_null(data);
    for (size_t n = 0; n < CHUNKS; n++) {
        kit_noise(data, size_of(n), n);
        (void)kit_store(s, MRS_CLASS_DATA, data, size_of(n), c->ids[n]);
    }
    free(data);
    kit_commit(s);
    assert_int_equal(listed_index_refresh(k->d, false, NULL, NULL, NULL), MARS_OK);
}

static struct mrs_engine *
engine(void)
{
    struct mrs_engine *e = NULL;

    assert_int_equal(mrs_engine_new(&e, 2, 64 * MIB, NULL), MARS_OK);
    return e;
}

static struct mrs_chunk_cache *
open_cache(const struct kit *k, struct mrs_engine *e)
{
    struct mrs_chunk_cache *cache = NULL;

    assert_int_equal(mrs_chunk_cache_new(&cache, k->d, e, NULL), MARS_OK);
    return cache;
}

static void
check(struct mrs_chunk_cache *cache, const struct chunks *c, size_t n)
{
    const struct mrs_buf *plain = NULL;
    uint8_t *data = malloc(3 * MIB);

    assert_non_null(data);
    kit_noise(data, size_of(n), n);
    assert_int_equal(mrs_chunk_cache_get(cache, c->ids[n], &plain, NULL), MARS_OK);
    assert_int_equal(plain->len, size_of(n));
    assert_memory_equal(plain->data, data, size_of(n));
    free(data);
}

/* Counts reads of data: no failure. */
static struct kit_failure reads;

static void
count_reads(struct kit *k)
{
    reads = (struct kit_failure){ .call = SPY_READ, .part = "/packs/data/", .st = MARS_OK };
    kit_spy(k, kit_fail_spy, &reads);
}

static void
what_was_asked_for_last_is_not_read_again(void **state)
{
    struct kit *k = *state;
    struct mrs_engine *e = engine();
    struct mrs_chunk_cache *cache = open_cache(k, e);
    struct chunks c;
    size_t before;

    make_chunks(k, &c);
    for (size_t n = 0; n < CHUNKS; n++)
        check(cache, &c, n);
    count_reads(k);
    for (size_t n = CHUNKS - 6; n < CHUNKS; n++) /* 12 MiB */
        check(cache, &c, n);
    assert_int_equal(reads.met, 0);
    check(cache, &c, 0); /* long gone */
    before = reads.met;
    assert_true(before >= 1);
    check(cache, &c, 0);
    assert_int_equal(reads.met, before);
    kit_spy(k, NULL, NULL);
    for (size_t i = 0, n = 0; i < 200; i++, n = (n * 7 + 5) % CHUNKS)
        check(cache, &c, n);
    mrs_chunk_cache_free(cache);
    mrs_chunk_cache_free(NULL);
    mrs_engine_free(e);
}

static void
what_is_wanted_is_read_once(void **state)
{
    struct kit *k = *state;
    struct mrs_engine *e = engine();
    struct mrs_chunk_cache *cache = open_cache(k, e);
    struct chunks c;

    make_chunks(k, &c);
    check(cache, &c, 0); /* the packs' headers too */
    check(cache, &c, CHUNKS - 1);
    count_reads(k);
    for (size_t n = 1; n < 12; n++) {
        mrs_chunk_cache_want(cache, c.ids[n]);
        mrs_chunk_cache_want(cache, c.ids[n]);
        check(cache, &c, n);
    }
    assert_int_equal(reads.met, 11);
    kit_spy(k, NULL, NULL);
    mrs_chunk_cache_free(cache);
    mrs_engine_free(e);
}

/* Several on their way at once, some of them never asked for, and a reader who goes elsewhere. */
static void
many_may_be_wanted_and_left(void **state)
{
    struct kit *k = *state;
    struct mrs_engine *e = engine();
    struct mrs_chunk_cache *cache = open_cache(k, e);
    struct chunks c;

    make_chunks(k, &c);
    for (size_t round = 0; round < 60; round++) {
        size_t at = round * 11 % CHUNKS;

        for (size_t n = 0; n < 8; n++)
            mrs_chunk_cache_want(cache, c.ids[(at + n) % CHUNKS]);
        check(cache, &c, (at + round % 3 * 9) % CHUNKS);
    }
    for (size_t n = 0; n < 8; n++)
        mrs_chunk_cache_want(cache, c.ids[n]);
    mrs_chunk_cache_free(cache); /* while they come */
    mrs_engine_free(e);
}

static void
what_fails_is_told_to_who_asks_and_can_be_asked_again(void **state)
{
    struct kit *k = *state;
    struct kit_failure f = { .call = SPY_READ, .part = "/packs/data/", .st = MARS_ERR_NETWORK };
    struct mrs_engine *e = engine();
    struct mrs_chunk_cache *cache = open_cache(k, e);
    const struct mrs_buf *plain = NULL;
    static const uint8_t nowhere[32] = { 1 };
    struct chunks c;

    make_chunks(k, &c);
    check(cache, &c, 0);
    kit_spy(k, kit_fail_spy, &f);
    mrs_chunk_cache_want(cache, c.ids[1]);
    assert_int_equal(mrs_chunk_cache_get(cache, c.ids[1], &plain, NULL), MARS_ERR_NETWORK);
    assert_null(plain);
    assert_int_equal(mrs_chunk_cache_get(cache, c.ids[2], &plain, NULL), MARS_ERR_NETWORK);
    kit_spy(k, NULL, NULL);
    mrs_chunk_cache_want(cache, nowhere);
    assert_int_equal(mrs_chunk_cache_get(cache, nowhere, &plain, NULL), MARS_ERR_CORRUPT);
    check(cache, &c, 1);
    check(cache, &c, 2);
    check(cache, &c, 0);
    mrs_chunk_cache_free(cache);
    mrs_engine_free(e);
}

static void
the_largest_chunk_has_room(void **state)
{
    struct kit *k = *state;
    struct mrs_engine *e = engine();
    struct mrs_chunk_cache *cache = open_cache(k, e);
    uint8_t *data = malloc(MRS_CHUNK_MAX), id[32];
    const struct mrs_buf *plain = NULL;
    struct chunks c;

    assert_non_null(data);
    kit_noise(data, MRS_CHUNK_MAX, 99);
    make_chunks(k, &c);
    kit_backup(k, 2, data, MRS_CHUNK_MAX, id);
    assert_int_equal(listed_index_refresh(k->d, false, NULL, NULL, NULL), MARS_OK);
    for (size_t n = 0; n < 4; n++) {
        check(cache, &c, n);
        mrs_chunk_cache_want(cache, c.ids[n + 5]);
        mrs_chunk_cache_want(cache, id); /* no room beside the current one */
        assert_int_equal(mrs_chunk_cache_get(cache, id, &plain, NULL), MARS_OK);
        assert_int_equal(plain->len, MRS_CHUNK_MAX);
        assert_memory_equal(plain->data, data, MRS_CHUNK_MAX);
    }
    free(data);
    mrs_chunk_cache_free(cache);
    mrs_engine_free(e);
}

struct attempt {
    struct kit *k;
    struct mrs_engine *e;
    struct chunks c;
};

static mars_status
try_read(void *user)
{
    struct attempt *a = user;
    struct mrs_chunk_cache *cache = NULL;
    const struct mrs_buf *plain;
    mars_status st = mrs_chunk_cache_new(&cache, a->k->d, a->e, NULL);

    for (size_t n = 0; st == MARS_OK && n < 4; n++) {
        st = mrs_chunk_cache_get(cache, a->c.ids[n], &plain, NULL);
        if (st == MARS_OK)
            mrs_chunk_cache_want(cache, a->c.ids[n + 1]);
    }
    mrs_chunk_cache_free(cache);
    return st;
}

static void
every_failing_allocation_is_survived(void **state)
{
    struct attempt a = { .k = *state, .e = engine() };

    make_chunks(a.k, &a.c);
    assert_int_equal(try_read(&a), MARS_OK); /* keys and pages are kept from now on */
    assert_true(kit_fail_allocations(NULL, try_read, &a, 1) > 5);
    mrs_engine_free(a.e);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        KIT_TEST(what_was_asked_for_last_is_not_read_again),
        KIT_TEST(what_is_wanted_is_read_once),
        KIT_TEST(many_may_be_wanted_and_left),
        KIT_TEST(what_fails_is_told_to_who_asks_and_can_be_asked_again),
        KIT_TEST(the_largest_chunk_has_room),
        KIT_TEST(every_failing_allocation_is_survived),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
