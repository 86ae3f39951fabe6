#include "kit.h"

#include <string.h>

#include "listed.h"
#include "platform/clock.h"
#include "platform/thread.h"
#include "repo/points.h"
#include "repo/session_int.h"

static const char TEXT[] = "bytes that are worth keeping, and that go into a chunk of their own";
enum { TEXT_LEN = sizeof TEXT };

static void
read_lease(const struct kit *k, const uint8_t session[16], uint64_t number, struct mrs_lease *out)
{
    struct mrs_buf payload = MRS_BUF_INIT(4096);
    char relative[MRS_OBJECT_NAME_MAX];

    mrs_name_lease(relative, session, number);
    assert_int_equal(mrs_domain_get(k->d, MRS_KIND_LEASE, MRS_NEED_READ, relative, NULL, &payload,
                                    NULL), MARS_OK);
    assert_int_equal(mrs_lease_decode(out, payload.data, payload.len, NULL), MARS_OK);
    mrs_buf_free(&payload);
}

static void
a_session_reads_the_log_puts_its_lease_and_reads_the_log_again(void **state)
{
    struct kit *k = *state;
    struct kit_log log = { .calls = "LC" };
    struct mrs_session *s;
    struct mrs_lease l;

    kit_spy(k, kit_log_spy, &log);
    s = kit_begin(k, 1);
    kit_spy(k, NULL, NULL);
    assert_string_equal(log.text, "Llo Cle Llo ");
    read_lease(k, mrs_session_id(s), 0, &l);
    assert_memory_equal(l.session, mrs_session_id(s), 16);
    assert_memory_equal(l.item, kit_options(1).item, 16);
    assert_memory_equal(l.machine, kit_options(1).machine, 16);
    assert_int_equal(l.generation, 1);
    assert_int_equal(l.number, 0);
    mrs_session_close(s);
}

/* Puts the ledger's next record just behind the first so many leases. */
struct mover {
    const struct kit *k;
    int times;
    uint8_t pack[32];
};

static mars_status
move_ledger(void *user, enum spy_call call, const char *name)
{
    struct mover *m = user;

    if (call == SPY_COMMITTED && strstr(name, "/lease/") != NULL && m->times-- > 0)
        kit_tombstone(m->k, MRS_OP_TOMBSTONE, m->pack);
    return MARS_OK;
}

static void
only_pack(const struct kit *k, uint8_t pack[32])
{
    char relative[MRS_OBJECT_NAME_MAX];
    struct mrs_name n;

    kit_only(k, "packs/data/", relative);
    assert_true(mrs_name_parse(&n, relative));
    memcpy(pack, n.digest, 32);
}

static void
a_ledger_that_moves_while_the_lease_is_put_makes_the_session_start_over(void **state)
{
    struct kit *k = *state;
    struct mover m = { .k = k, .times = 3 };
    struct mrs_session *s;
    uint8_t id[32];
    struct mrs_lease l;

    kit_backup(k, 1, TEXT, TEXT_LEN, id);
    only_pack(k, m.pack);
    kit_spy(k, move_ledger, &m);
    s = kit_begin(k, 1);
    kit_spy(k, NULL, NULL);
    /* One of the backup, three that were given up, one that holds; each with an id of its own. */
    assert_int_equal(kit_count(k, "lease/"), 5);
    assert_int_equal(mrs_session_ledger(s)->generation, 4);
    read_lease(k, mrs_session_id(s), 0, &l);
    assert_int_equal(l.generation, 4);
    /* What the record said while it was looking away holds for the session. */
    assert_true(mrs_ledger_is_tombstone(mrs_session_ledger(s), m.pack));
    assert_true(kit_store(s, MRS_CLASS_DATA, TEXT, TEXT_LEN, id) > 0);
    mrs_session_close(s);
}

static void
a_record_that_comes_after_the_second_look_changes_nothing_for_the_session(void **state)
{
    struct kit *k = *state;
    struct mrs_session *s;
    uint8_t id[32], pack[32];

    kit_backup(k, 1, TEXT, TEXT_LEN, id);
    only_pack(k, pack);
    s = kit_begin(k, 1);
    kit_tombstone(k, MRS_OP_TOMBSTONE, pack);
    assert_int_equal(kit_store(s, MRS_CLASS_DATA, TEXT, TEXT_LEN, id), 0);
    assert_int_equal(mrs_session_ledger(s)->generation, 1);
    mrs_session_close(s);
}

static void
an_item_has_one_session_at_a_time(void **state)
{
    struct kit *k = *state;
    struct mrs_session *first = kit_begin(k, 1), *other, *second = NULL;
    struct mrs_session_options o = kit_options(1);
    mars_error err;

    assert_int_equal(mrs_session_begin(&second, k->d, &o, &err), MARS_ERR_LOCKED);
    assert_null(second);
    assert_int_equal(err.status, MARS_ERR_LOCKED);
    /* The one that was refused put nothing. */
    assert_int_equal(kit_count(k, "lease/"), 1);
    other = kit_begin(k, 2);
    mrs_session_close(other);
    mrs_session_close(first);
    second = kit_begin(k, 1);
    mrs_session_close(second);
}

static void
a_session_needs_a_cache(void **state)
{
    struct kit *k = *state;
    struct mrs_domain *d = kit_open(k, NULL);
    struct mrs_session_options o = kit_options(1);
    struct mrs_session *s = NULL;

    assert_int_equal(mrs_session_begin(&s, d, &o, NULL), MARS_ERR_STATE);
    assert_null(s);
    mrs_domain_close(d);
}

static void
a_heartbeat_is_put_when_it_is_due_and_not_before(void **state)
{
    struct kit *k = *state;
    struct mrs_session *s = kit_begin(k, 1);
    struct mrs_lease l;

    assert_int_equal(mrs_session_beat(s, NULL), MARS_OK);
    assert_int_equal(kit_count(k, "lease/"), 1);
    for (uint64_t n = 1; n <= 3; n++) {
        s->last_beat = mrs_clock_mono() - (uint64_t)601 * 1000000000;
        assert_int_equal(mrs_session_beat(s, NULL), MARS_OK);
        assert_int_equal(mrs_session_beat(s, NULL), MARS_OK);
        assert_int_equal(kit_count(k, "lease/"), 1 + n);
        read_lease(k, mrs_session_id(s), n, &l);
        assert_int_equal(l.number, n);
        assert_int_equal(l.generation, 1);
    }
    mrs_session_close(s);
}

static void
a_heartbeat_that_cannot_be_put_is_an_error(void **state)
{
    struct kit *k = *state;
    struct mrs_session *s = kit_begin(k, 1);
    struct kit_failure f = { .call = SPY_COMMIT, .part = "/lease/", .st = MARS_ERR_QUOTA };

    s->last_beat = mrs_clock_mono() - (uint64_t)601 * 1000000000;
    kit_spy(k, kit_fail_spy, &f);
    assert_int_equal(mrs_session_beat(s, NULL), MARS_ERR_QUOTA);
    mrs_session_close(s);
}

static void
nothing_can_be_seen_before_the_commit(void **state)
{
    struct kit *k = *state;
    struct mrs_session *s = kit_begin(k, 1);
    struct mrs_domain *other = kit_open(k, NULL);
    struct mrs_ledger none = { 0 };
    const struct mrs_points_query all = { .need = MRS_NEED_READ };
    struct mrs_points points = { 0 };
    struct mrs_place place;
    uint8_t id[32];

    (void)kit_store(s, MRS_CLASS_DATA, TEXT, TEXT_LEN, id);
    assert_int_equal(kit_count(k, "packs/") + kit_count(k, "index/") + kit_count(k, "points/"), 0);
    assert_int_equal(listed_index_refresh(other, false, NULL, NULL, NULL), MARS_OK);
    assert_int_equal(mrs_index_find(other->index, id, 0, &place, NULL), MARS_ERR_NOT_FOUND);
    kit_commit(s);
    assert_int_equal(listed_index_refresh(other, false, NULL, NULL, NULL), MARS_OK);
    assert_int_equal(mrs_index_find(other->index, id, 0, &place, NULL), MARS_OK);
    assert_int_equal(listed_points_read(&points, other, &none, &all, NULL), MARS_OK);
    assert_int_equal(points.list.len, 1);
    mrs_points_free(&points);
    mrs_domain_close(other);
}

static void
closing_without_a_commit_leaves_no_point_and_no_index(void **state)
{
    struct kit *k = *state;
    struct mrs_session *s = kit_begin(k, 1);
    uint8_t id[32];

    (void)kit_store(s, MRS_CLASS_DATA, TEXT, TEXT_LEN, id);
    mrs_session_close(s);
    assert_int_equal(kit_count(k, "points/"), 0);
    assert_int_equal(kit_count(k, "index/"), 0);
    assert_int_equal(kit_count(k, "packs/"), 0);
    mrs_session_close(NULL);
}

static void
a_chunk_is_stored_once(void **state)
{
    struct kit *k = *state;
    struct mrs_session *s = kit_begin(k, 1);
    uint8_t id[32], again[32], other[32];

    assert_true(kit_store(s, MRS_CLASS_DATA, TEXT, TEXT_LEN, id) > 0);
    assert_int_equal(kit_store(s, MRS_CLASS_DATA, TEXT, TEXT_LEN, again), 0);
    assert_memory_equal(id, again, 32);
    /* Equal bytes of another class are another chunk. */
    assert_true(kit_store(s, MRS_CLASS_DIR, TEXT, TEXT_LEN, other) > 0);
    assert_memory_not_equal(id, other, 32);
    kit_commit(s);
    s = kit_begin(k, 2);
    assert_int_equal(kit_store(s, MRS_CLASS_DATA, TEXT, TEXT_LEN, again), 0);
    kit_commit(s);
    assert_int_equal(kit_count(k, "packs/"), 2);
    assert_int_equal(kit_count(k, "index/"), 1);
    assert_int_equal(kit_count(k, "points/"), 2);
    assert_int_equal(kit_read(k, id, TEXT, TEXT_LEN), MARS_OK);
}

static void
a_chunk_in_a_tombstoned_pack_is_stored_anew(void **state)
{
    struct kit *k = *state;
    struct mrs_session *s;
    uint8_t id[32], pack[32];

    kit_backup(k, 1, TEXT, TEXT_LEN, id);
    only_pack(k, pack);
    kit_tombstone(k, MRS_OP_TOMBSTONE, pack);
    s = kit_begin(k, 1);
    assert_true(kit_store(s, MRS_CLASS_DATA, TEXT, TEXT_LEN, id) > 0);
    mrs_session_close(s);
    kit_tombstone(k, MRS_OP_TAKEN_BACK, pack);
    s = kit_begin(k, 1);
    assert_int_equal(kit_store(s, MRS_CLASS_DATA, TEXT, TEXT_LEN, id), 0);
    mrs_session_close(s);
    kit_tombstone(k, MRS_OP_PACK_GOES, pack);
    kit_backup(k, 1, TEXT, TEXT_LEN, id);
    assert_int_equal(kit_count(k, "packs/data/"), 2);
    /* The second place is good although the first is not to be reused. */
    s = kit_begin(k, 1);
    assert_int_equal(kit_store(s, MRS_CLASS_DATA, TEXT, TEXT_LEN, id), 0);
    mrs_session_close(s);
}

static void
a_ledger_with_operations_that_this_build_does_not_know_is_not_written_beside(void **state)
{
    struct kit *k = *state;
    struct mrs_ledger_op begin = { .kind = MRS_OP_BEGIN };
    struct mrs_ledger_record r = { .number = 2, .time = { 5, 0 }, .ops = &begin, .n_ops = 1 };
    struct mrs_session_options o = kit_options(1);
    struct mrs_buf payload = MRS_BUF_INIT(4096);
    struct mrs_ledger l = { 0 };
    struct mrs_session *s = NULL;
    char relative[MRS_OBJECT_NAME_MAX];

    assert_int_equal(listed_ledger_read(&l, k->d, MRS_NEED_READ, NULL, NULL, NULL), MARS_OK);
    memcpy(r.previous, l.last_hash, 32);
    mrs_ledger_free_state(&l);
    assert_int_equal(mrs_ledger_encode(&r, &payload, NULL), MARS_OK);
    assert_int_equal(payload.data[payload.len - 1], MRS_OP_BEGIN);
    payload.data[payload.len - 1] = 99;
    mrs_name_ledger(relative, 2);
    assert_int_equal(mrs_domain_put(k->d, MRS_KIND_LEDGER, o.machine, relative, &payload, NULL,
                                    NULL), MARS_OK);
    assert_int_equal(mrs_session_begin(&s, k->d, &o, NULL), MARS_ERR_UNSUPPORTED);
    assert_null(s);
    assert_int_equal(kit_count(k, "lease/"), 0);
    mrs_buf_free(&payload);
}

static void
a_ledger_that_cannot_be_read_in_full_lets_no_session_begin(void **state)
{
    struct kit *k = *state;
    struct mrs_session_options o = kit_options(1);
    struct mrs_session *s = NULL;
    char relative[MRS_OBJECT_NAME_MAX];

    mrs_name_ledger(relative, 1);
    kit_damage(k, relative, -20);
    assert_int_equal(mrs_session_begin(&s, k->d, &o, NULL), MARS_ERR_CORRUPT);
    assert_null(s);
}

static void
a_damaged_index_object_is_named_and_costs_only_space(void **state)
{
    struct kit *k = *state;
    struct kit_damages damages = { 0 };
    struct mrs_session_options o = kit_options(1);
    struct mrs_session *s = NULL;
    char relative[MRS_OBJECT_NAME_MAX];
    uint8_t id[32];

    kit_backup(k, 1, TEXT, TEXT_LEN, id);
    kit_only(k, "index/", relative);
    kit_damage(k, relative, -20);
    kit_drop_runs(k);
    kit_reopen(k);
    o.damage = kit_note_damage;
    o.user = &damages;
    assert_int_equal(mrs_session_begin(&s, k->d, &o, NULL), MARS_OK);
    assert_int_equal(damages.n, 1);
    assert_string_equal(damages.last, relative);
    assert_true(kit_store(s, MRS_CLASS_DATA, TEXT, TEXT_LEN, id) > 0);
    kit_commit(s);
    assert_int_equal(kit_read(k, id, TEXT, TEXT_LEN), MARS_OK);
}

enum { THREADS = 4, SHARED = 200, SIZE = 3000 };

struct putter {
    struct mrs_session *s;
    uint64_t stored;
    mars_status st;
    uint8_t ids[SHARED][32];
};

static void
put_all(void *user)
{
    struct putter *p = user;

    for (size_t i = 0; i < SHARED && p->st == MARS_OK; i++) {
        uint8_t data[SIZE];
        uint64_t stored = 0;

        kit_noise(data, sizeof data, i);
        p->st = mrs_session_put(p->s, MRS_CLASS_DATA, data, sizeof data, p->ids[i], &stored, NULL);
        p->stored += stored;
    }
}

static void
threads_that_put_the_same_chunks_store_each_once(void **state)
{
    static struct putter putters[THREADS];
    struct kit *k = *state;
    struct mrs_session *s = kit_begin(k, 1);
    struct mrs_thread *threads[THREADS];
    uint8_t data[SIZE];
    uint64_t stored = 0;

    memset(putters, 0, sizeof putters);
    for (size_t i = 0; i < THREADS; i++) {
        putters[i].s = s;
        assert_int_equal(mrs_thread_start(&threads[i], put_all, &putters[i], NULL), MARS_OK);
    }
    for (size_t i = 0; i < THREADS; i++) {
        mrs_thread_join(threads[i]);
        assert_int_equal(putters[i].st, MARS_OK);
        stored += putters[i].stored;
    }
    assert_int_equal(stored, SHARED * (SIZE + 16));
    kit_commit(s);
    for (size_t i = 0; i < SHARED; i++) {
        kit_noise(data, sizeof data, i);
        assert_int_equal(kit_read(k, putters[0].ids[i], data, SIZE), MARS_OK);
    }
}

static mars_status
try_begin(void *user)
{
    struct kit *k = user;
    struct mrs_session_options o = kit_options(1);
    struct mrs_domain *d = NULL;
    struct mrs_session *s = NULL;
    mars_status st = mrs_domain_open(&d, k->store, k->keys, k->cache, NULL);

    if (st == MARS_OK)
        st = mrs_session_begin(&s, d, &o, NULL);
    mrs_session_close(s);
    mrs_domain_close(d);
    return st;
}

static void
a_session_that_cannot_begin_for_want_of_memory_leaves_nothing(void **state)
{
    struct kit *k = *state;

    assert_true(kit_fail_allocations(k, try_begin, k, 1) > 20);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        KIT_TEST(a_session_reads_the_log_puts_its_lease_and_reads_the_log_again),
        KIT_TEST(a_ledger_that_moves_while_the_lease_is_put_makes_the_session_start_over),
        KIT_TEST(a_record_that_comes_after_the_second_look_changes_nothing_for_the_session),
        KIT_TEST(an_item_has_one_session_at_a_time),
        KIT_TEST(a_session_needs_a_cache),
        KIT_TEST(a_heartbeat_is_put_when_it_is_due_and_not_before),
        KIT_TEST(a_heartbeat_that_cannot_be_put_is_an_error),
        KIT_TEST(nothing_can_be_seen_before_the_commit),
        KIT_TEST(closing_without_a_commit_leaves_no_point_and_no_index),
        KIT_TEST(a_chunk_is_stored_once),
        KIT_TEST(a_chunk_in_a_tombstoned_pack_is_stored_anew),
        KIT_TEST(a_ledger_with_operations_that_this_build_does_not_know_is_not_written_beside),
        KIT_TEST(a_ledger_that_cannot_be_read_in_full_lets_no_session_begin),
        KIT_TEST(a_damaged_index_object_is_named_and_costs_only_space),
        KIT_TEST(threads_that_put_the_same_chunks_store_each_once),
        KIT_TEST(a_session_that_cannot_begin_for_want_of_memory_leaves_nothing),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
