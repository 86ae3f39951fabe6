#include "kit.h"

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "listed.h"
#include "nap.h"
#include "repo/chunk.h"
#include "repo/points.h"

enum { MIB = 1 << 20 };

static size_t
points(struct kit *k)
{
    struct mrs_ledger l = { .generation = 0 };
    const struct mrs_points_query all = { .need = MRS_NEED_READ };
    struct mrs_points p = { .list = { NULL, 0, 0, 0 } };
    size_t n;

    assert_int_equal(listed_ledger_read(&l, k->d, MRS_NEED_READ, NULL, NULL, NULL), MARS_OK);
    assert_int_equal(listed_points_read(&p, k->d, &l, &all, NULL), MARS_OK);
    n = p.list.len;
    mrs_points_free(&p);
    mrs_ledger_free_state(&l);
    return n;
}

/* Where the index says that the chunk is, the nth place. */
static bool
place_of(struct kit *k, const uint8_t id[32], size_t nth, struct mrs_place *out)
{
    return mrs_index_find(k->d->index, id, nth, out, NULL) == MARS_OK;
}

static void
nothing_is_visible_before_the_commit(void **state)
{
    struct kit *k = *state;
    struct mrs_session *s = kit_begin(k);
    uint8_t id[32], session[16];

    assert_int_equal(kit_count(k, "/lease/", NULL), 1);
    assert_true(kit_put(s, 1000, 1, id) > 1000);
    assert_int_equal(kit_put(s, 1000, 1, id), 0);
    assert_int_equal(kit_count(k, "/points/", NULL) + kit_count(k, "/index/", NULL), 0);
    assert_int_equal(points(k), 0);
    kit_commit(s, session);
    assert_int_equal(kit_count(k, "/points/", NULL), 1);
    assert_int_equal(kit_count(k, "/index/", NULL), 1);
    assert_int_equal(kit_count(k, "/packs/data/", NULL), 1);
    assert_int_equal(points(k), 1);
}

static void
a_known_chunk_is_not_sent_again(void **state)
{
    struct kit *k = *state;
    struct mrs_session *s = kit_begin(k);
    uint8_t id[32], again[32], session[16], next[16];

    (void)kit_put(s, 5000, 2, id);
    kit_commit(s, session);
    s = kit_begin(k);
    assert_int_equal(kit_put(s, 5000, 2, again), 0);
    assert_memory_equal(id, again, sizeof id);
    kit_commit(s, next);
    assert_memory_not_equal(session, next, sizeof session);
    assert_int_equal(points(k), 2);
}

static void
one_item_has_one_session_at_a_time(void **state)
{
    struct kit *k = *state;
    struct mrs_session *s = kit_begin(k), *other = NULL;

    assert_int_equal(mrs_session_begin(&other, k->d, &k->opts, NULL), MARS_ERR_LOCKED);
    assert_null(other);
    k->opts.item[0] ^= 1;
    assert_int_equal(mrs_session_begin(&other, k->d, &k->opts, NULL), MARS_OK);
    k->opts.item[0] ^= 1;
    mrs_session_close(other);
    mrs_session_close(s);
}

/* More than a pack, so that one is complete; and until another thread has sent it. */
static void
put_many(struct kit *k, struct mrs_session *s, uint8_t first[32])
{
    uint8_t id[32];

    for (uint32_t i = 0; i < 40; i++)
        (void)kit_put(s, MIB, 1000 + i, i == 0 ? first : id);
    while (kit_count(k, "/packs/data/", NULL) == 0)
        nap(1);
}

static void
an_interrupted_session_is_gone_on_with(void **state)
{
    struct kit *k = *state;
    struct mrs_session *s = kit_begin(k);
    uint8_t id[32], before[16], session[16];
    size_t packs;

    memcpy(before, mrs_session_id(s), sizeof before);
    put_many(k, s, id);
    packs = kit_count(k, "/packs/data/", NULL);
    mrs_session_close(s);
    assert_int_equal(kit_count(k, "/packs/data/", NULL), packs);
    assert_int_equal(points(k), 0);
    s = kit_begin(k);
    assert_memory_equal(mrs_session_id(s), before, sizeof before);
    assert_int_equal(kit_put(s, MIB, 1000, id), 0);
    kit_commit(s, session);
    assert_int_equal(kit_count(k, "/packs/data/", NULL), packs); /* none is written again */
    assert_int_equal(points(k), 1);
    s = kit_begin(k);
    assert_memory_not_equal(mrs_session_id(s), before, sizeof before);
    assert_int_equal(kit_put(s, MIB, 1000, id), 0);
    mrs_session_close(s);
}

static void
a_session_of_an_older_generation_is_not_gone_on_with(void **state)
{
    struct kit *k = *state;
    struct mrs_session *s = kit_begin(k);
    uint8_t id[32], before[16], nothing[32] = { 9 };

    memcpy(before, mrs_session_id(s), sizeof before);
    put_many(k, s, id);
    mrs_session_close(s);
    kit_ledger(k, MRS_OP_TAKEN_BACK, nothing);
    s = kit_begin(k);
    assert_memory_not_equal(mrs_session_id(s), before, sizeof before);
    assert_true(kit_put(s, MIB, 1000, id) > 0);
    mrs_session_close(s);
}

static void
a_session_that_was_fenced_is_not_gone_on_with(void **state)
{
    struct kit *k = *state;
    struct mrs_session *s = kit_begin(k);
    uint8_t before[16];

    memcpy(before, mrs_session_id(s), sizeof before);
    mrs_session_close(s);
    kit_fence(k, before, false);
    s = kit_begin(k);
    assert_memory_not_equal(mrs_session_id(s), before, sizeof before);
    mrs_session_close(s);
}

static void
a_fence_makes_the_commit_fail(void **state)
{
    struct kit *k = *state;
    struct mrs_session *s = kit_begin(k);
    struct mrs_point p = { .n_roots = 0 };
    uint8_t id[32], session[16];

    (void)kit_put(s, 1000, 3, id);
    memcpy(session, mrs_session_id(s), sizeof session);
    kit_fence(k, session, false);
    assert_int_equal(mrs_session_commit(s, &p, NULL), MARS_ERR_STATE);
    mrs_session_close(s);
    assert_int_equal(points(k), 1); /* announced, not closed: it stands */
    kit_fence(k, session, true);
    assert_int_equal(points(k), 0); /* void */
}

static void
a_chunk_of_a_tombstoned_pack_is_sent_again(void **state)
{
    struct kit *k = *state;
    struct mrs_session *s = kit_begin(k);
    struct mrs_place place;
    uint8_t id[32], session[16], pack[32];

    (void)kit_put(s, 4000, 4, id);
    kit_commit(s, session);
    s = kit_begin(k);
    assert_true(place_of(k, id, 0, &place));
    memcpy(pack, place.pack, sizeof pack);
    mrs_session_close(s);
    kit_ledger(k, MRS_OP_TOMBSTONE, pack);
    s = kit_begin(k);
    assert_true(kit_put(s, 4000, 4, id) > 0);
    kit_commit(s, session);
    s = kit_begin(k);
    assert_true(place_of(k, id, 1, &place)); /* two places now */
    assert_int_equal(kit_put(s, 4000, 4, id), 0);
    mrs_session_close(s);
}

static void
a_tombstone_that_was_taken_back_counts_no_more(void **state)
{
    struct kit *k = *state;
    struct mrs_session *s = kit_begin(k);
    struct mrs_place place;
    uint8_t id[32], session[16];

    (void)kit_put(s, 4000, 5, id);
    kit_commit(s, session);
    s = kit_begin(k);
    assert_true(place_of(k, id, 0, &place));
    mrs_session_close(s);
    kit_ledger(k, MRS_OP_TOMBSTONE, place.pack);
    kit_ledger(k, MRS_OP_TAKEN_BACK, place.pack);
    s = kit_begin(k);
    assert_int_equal(kit_put(s, 4000, 5, id), 0);
    mrs_session_close(s);
}

static void
note_damage(void *user, const char *relative, const mars_error *why)
{
    (void)relative;
    (void)why;
    ++*(int *)user;
}

static void
any_readable_place_of_a_chunk_serves(void **state)
{
    struct kit *k = *state;
    struct mrs_session *s = kit_begin(k);
    struct mrs_buf plain = MRS_BUF_INIT(MRS_CHUNK_MAX);
    struct mrs_place place;
    char relative[MRS_OBJECT_NAME_MAX], name[MRS_OBJECT_NAME_MAX];
    uint8_t id[32], session[16];
    int damaged = 0;

    (void)kit_put(s, 4000, 6, id);
    kit_commit(s, session);
    s = kit_begin(k);
    assert_true(place_of(k, id, 0, &place));
    mrs_session_close(s);
    kit_ledger(k, MRS_OP_TOMBSTONE, place.pack);
    s = kit_begin(k);
    assert_true(kit_put(s, 4000, 6, id) > 0);
    kit_commit(s, session);
    assert_int_equal(listed_index_refresh(k->d, true, NULL, NULL, NULL), MARS_OK);
    k->d->damage = note_damage;
    k->d->damage_user = &damaged;
    /* Whichever is tried first: damage one after the other. */
    for (size_t nth = 0; nth < 2; nth++) {
        assert_true(place_of(k, id, nth, &place));
        mrs_name_pack(relative, place.kind, place.pack);
        mrs_name_in_domain(name, k->keys->domain, relative);
        kit_damage(k, name);
        mrs_buf_reset(&plain);
        assert_int_equal(mrs_chunk_get(k->d, id, MRS_CLASS_DATA, &plain, NULL),
                         nth == 0 ? MARS_OK : MARS_ERR_CORRUPT);
    }
    assert_true(damaged >= 2);
    mrs_buf_free(&plain);
}

static void
a_chunk_of_another_class_is_not_the_one(void **state)
{
    struct kit *k = *state;
    struct mrs_session *s = kit_begin(k);
    struct mrs_buf plain = MRS_BUF_INIT(MRS_CHUNK_MAX);
    uint8_t data[32], node[32], session[16];
    uint64_t stored = 0;

    assert_int_equal(mrs_session_put(s, MRS_CLASS_DATA, "the same", 8, data, &stored, NULL),
                     MARS_OK);
    assert_int_equal(mrs_session_put(s, MRS_CLASS_DIR, "the same", 8, node, &stored, NULL),
                     MARS_OK);
    assert_true(stored > 0);
    assert_memory_not_equal(data, node, sizeof data);
    kit_commit(s, session);
    assert_int_equal(listed_index_refresh(k->d, true, NULL, NULL, NULL), MARS_OK);
    assert_int_equal(mrs_chunk_get(k->d, data, MRS_CLASS_DIR, &plain, NULL), MARS_ERR_CORRUPT);
    assert_int_equal(mrs_chunk_get(k->d, node, MRS_CLASS_DIR, &plain, NULL), MARS_OK);
    mrs_buf_free(&plain);
}

#define WITH_KIT(test) cmocka_unit_test_setup_teardown(test, kit_make, kit_remove)

int
main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_KIT(nothing_is_visible_before_the_commit),
        WITH_KIT(a_known_chunk_is_not_sent_again),
        WITH_KIT(one_item_has_one_session_at_a_time),
        WITH_KIT(an_interrupted_session_is_gone_on_with),
        WITH_KIT(a_session_of_an_older_generation_is_not_gone_on_with),
        WITH_KIT(a_session_that_was_fenced_is_not_gone_on_with),
        WITH_KIT(a_fence_makes_the_commit_fail),
        WITH_KIT(a_chunk_of_a_tombstoned_pack_is_sent_again),
        WITH_KIT(a_tombstone_that_was_taken_back_counts_no_more),
        WITH_KIT(any_readable_place_of_a_chunk_serves),
        WITH_KIT(a_chunk_of_another_class_is_not_the_one),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
