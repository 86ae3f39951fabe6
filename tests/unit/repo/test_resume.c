#include "kit.h"

#include <string.h>

#include "platform/clock.h"
#include "repo/session_int.h"

static const char TEXT[] = "a chunk of the interrupted session";
enum { TEXT_LEN = sizeof TEXT };

/* A session of the item that published its packs and broke off before its index. */
static void
interrupt(struct kit *k, uint8_t item, const char *part, const void *data, size_t n,
          uint8_t session[16])
{
    struct kit_failure f = { .call = SPY_COMMIT, .part = part, .st = MARS_ERR_QUOTA };
    struct mrs_session *s = kit_begin(k, item);
    struct mrs_point p = { 0 };
    uint8_t id[32];

    memcpy(session, mrs_session_id(s), 16);
    (void)kit_store(s, MRS_CLASS_DATA, data, n, id);
    kit_spy(k, kit_fail_spy, &f);
    assert_int_equal(mrs_session_commit(s, &p, NULL), MARS_ERR_QUOTA);
    kit_spy(k, NULL, NULL);
    mrs_session_close(s);
}

static bool
goes_on(const struct mrs_session *s, const uint8_t session[16])
{
    return memcmp(mrs_session_id(s), session, 16) == 0;
}

static void
the_next_session_goes_on_with_the_id_and_the_packs_of_the_interrupted_one(void **state)
{
    struct kit *k = *state;
    struct mrs_session *s;
    uint8_t session[16], id[32];

    interrupt(k, 1, "/index/", TEXT, TEXT_LEN, session);
    assert_int_equal(kit_count(k, "packs/data/"), 1);
    kit_reopen(k);
    s = kit_begin(k, 1);
    assert_true(goes_on(s, session));
    assert_int_equal(kit_store(s, MRS_CLASS_DATA, TEXT, TEXT_LEN, id), 0);
    assert_int_equal(mrs_session_added(s), 0);
    kit_commit(s);
    assert_int_equal(kit_count(k, "packs/data/"), 1);
    assert_int_equal(kit_count(k, "points/"), 1);
    assert_int_equal(kit_read(k, id, TEXT, TEXT_LEN), MARS_OK);
}

struct relied {
    char packs[4][MRS_OBJECT_NAME_MAX];
    size_t n;
};

static mars_status
note_relied(void *user, enum spy_call call, const char *name)
{
    struct relied *r = user;

    if (call == SPY_RELY && strstr(name, "/packs/") != NULL) {
        assert_true(r->n < 4);
        strcpy(r->packs[r->n++], name);
    }
    return MARS_OK;
}

/* Its name may not have been flushed when the interrupted session ended. */
static void
a_pack_that_is_taken_over_is_relied_on(void **state)
{
    struct kit *k = *state;
    struct relied r = { .n = 0 };
    char only[MRS_OBJECT_NAME_MAX];
    uint8_t session[16];

    interrupt(k, 1, "/index/", TEXT, TEXT_LEN, session);
    kit_only(k, "packs/", only);
    kit_spy(k, note_relied, &r);
    kit_commit(kit_begin(k, 1));
    kit_spy(k, NULL, NULL);
    assert_int_equal(r.n, 1);
    assert_non_null(strstr(r.packs[0], only));
}

static void
it_goes_on_again_when_it_is_interrupted_again(void **state)
{
    struct kit *k = *state;
    struct mrs_session *s;
    uint8_t session[16], again[16], id[32];

    interrupt(k, 1, "/index/", TEXT, TEXT_LEN, session);
    interrupt(k, 1, "/index/", "more", 4, again);
    assert_memory_equal(session, again, 16);
    s = kit_begin(k, 1);
    assert_true(goes_on(s, session));
    assert_int_equal(kit_store(s, MRS_CLASS_DATA, TEXT, TEXT_LEN, id), 0);
    assert_int_equal(kit_store(s, MRS_CLASS_DATA, "more", 4, id), 0);
    kit_commit(s);
    assert_int_equal(kit_read(k, id, "more", 4), MARS_OK);
    /* Each time one heartbeat behind the last. */
    assert_int_equal(kit_count(k, "lease/"), 3);
}

static void
heartbeats_go_on_behind_the_last_one_that_is_there(void **state)
{
    struct kit *k = *state;
    struct mrs_session *s = kit_begin(k, 1);
    char relative[MRS_OBJECT_NAME_MAX];
    uint8_t session[16];

    memcpy(session, mrs_session_id(s), 16);
    for (int i = 0; i < 2; i++) {
        s->last_beat = mrs_clock_mono() - (uint64_t)601 * 1000000000;
        assert_int_equal(mrs_session_beat(s, NULL), MARS_OK);
    }
    mrs_session_close(s);
    /* One that was put although the journal does not know it. */
    mrs_name_lease(relative, session, 3);
    kit_put(k, relative, "x", 1);
    s = kit_begin(k, 1);
    assert_true(goes_on(s, session));
    mrs_name_lease(relative, session, 4);
    assert_true(kit_has(k, relative));
    assert_int_equal(kit_count(k, "lease/"), 5);
    s->last_beat = mrs_clock_mono() - (uint64_t)601 * 1000000000;
    assert_int_equal(mrs_session_beat(s, NULL), MARS_OK);
    mrs_name_lease(relative, session, 5);
    assert_true(kit_has(k, relative));
    mrs_session_close(s);
}

static void
after_a_commit_a_new_session_begins(void **state)
{
    struct kit *k = *state;
    struct mrs_session *s = kit_begin(k, 1);
    uint8_t session[16];

    memcpy(session, mrs_session_id(s), 16);
    kit_commit(s);
    s = kit_begin(k, 1);
    assert_false(goes_on(s, session));
    mrs_session_close(s);
}

static void
another_item_does_not_go_on_with_it(void **state)
{
    struct kit *k = *state;
    struct mrs_session *s;
    uint8_t session[16], id[32];

    interrupt(k, 1, "/index/", TEXT, TEXT_LEN, session);
    s = kit_begin(k, 2);
    assert_false(goes_on(s, session));
    assert_true(kit_store(s, MRS_CLASS_DATA, TEXT, TEXT_LEN, id) > 0);
    mrs_session_close(s);
}

static void
a_session_whose_point_is_there_has_ended(void **state)
{
    struct kit *k = *state;
    struct kit_failure f = { .call = SPY_STAT, .part = "/fence/", .st = MARS_ERR_NETWORK };
    struct mrs_session *s = kit_begin(k, 1);
    struct mrs_point p = { 0 };
    uint8_t session[16], id[32];

    memcpy(session, mrs_session_id(s), 16);
    (void)kit_store(s, MRS_CLASS_DATA, TEXT, TEXT_LEN, id);
    kit_spy(k, kit_fail_spy, &f);
    assert_int_equal(mrs_session_commit(s, &p, NULL), MARS_ERR_NETWORK);
    kit_spy(k, NULL, NULL);
    mrs_session_close(s);
    assert_int_equal(kit_count(k, "points/"), 1);
    s = kit_begin(k, 1);
    assert_false(goes_on(s, session));
    assert_int_equal(kit_store(s, MRS_CLASS_DATA, TEXT, TEXT_LEN, id), 0);
    kit_commit(s);
    assert_int_equal(kit_count(k, "points/"), 2);
}

static void
a_session_that_a_collector_gave_up_is_not_gone_on_with(void **state)
{
    struct kit *k = *state;
    struct mrs_session *s;
    uint8_t session[16], id[32];

    interrupt(k, 1, "/index/", TEXT, TEXT_LEN, session);
    kit_fence(k, session, 0);
    s = kit_begin(k, 1);
    assert_false(goes_on(s, session));
    /* Its packs are nobody's now. */
    assert_true(kit_store(s, MRS_CLASS_DATA, TEXT, TEXT_LEN, id) > 0);
    kit_commit(s);
}

static void
a_session_without_its_lease_is_not_gone_on_with(void **state)
{
    struct kit *k = *state;
    struct mrs_session *s;
    uint8_t session[16], id[32];

    interrupt(k, 1, "/index/", TEXT, TEXT_LEN, session);
    kit_clean(k, "lease/");
    s = kit_begin(k, 1);
    assert_false(goes_on(s, session));
    assert_true(kit_store(s, MRS_CLASS_DATA, TEXT, TEXT_LEN, id) > 0);
    mrs_session_close(s);
}

static void
a_session_of_an_older_generation_is_not_gone_on_with(void **state)
{
    static const uint8_t none[32] = { 1 };
    struct kit *k = *state;
    struct mrs_session *s;
    uint8_t session[16], id[32];

    interrupt(k, 1, "/index/", TEXT, TEXT_LEN, session);
    kit_tombstone(k, MRS_OP_TOMBSTONE, none);
    s = kit_begin(k, 1);
    assert_false(goes_on(s, session));
    assert_int_equal(mrs_session_ledger(s)->generation, 2);
    assert_true(kit_store(s, MRS_CLASS_DATA, TEXT, TEXT_LEN, id) > 0);
    mrs_session_close(s);
}

static void
a_pack_that_is_damaged_or_gone_is_not_taken_over(void **state)
{
    /* In its directory, its footer, its header; and all of it. */
    static const long where[] = { -40, -8, 70, 0 };
    struct kit *k = *state;

    for (uint8_t i = 0; i < 4; i++) {
        struct mrs_session *s;
        char relative[MRS_OBJECT_NAME_MAX];
        uint8_t session[16], id[32], text[] = { 't', i };

        interrupt(k, i, "/index/", text, sizeof text, session);
        kit_only(k, "packs/data/", relative);
        if (where[i] != 0)
            kit_damage(k, relative, where[i]);
        else
            kit_delete(k, relative);
        kit_reopen(k);
        s = kit_begin(k, i);
        assert_true(goes_on(s, session));
        assert_true(kit_store(s, MRS_CLASS_DATA, text, sizeof text, id) > 0);
        kit_commit(s);
        assert_int_equal(kit_read(k, id, text, sizeof text), MARS_OK);
        kit_clean(k, "packs/");
        kit_clean(k, "index/");
    }
}

static void
a_pack_of_another_session_is_not_taken_over(void **state)
{
    struct kit *k = *state;
    struct mrs_session *s;
    char relative[MRS_OBJECT_NAME_MAX];
    struct mrs_name n;
    uint8_t session[16], id[32];

    interrupt(k, 2, "/index/", TEXT, TEXT_LEN, session);
    kit_only(k, "packs/data/", relative);
    assert_true(mrs_name_parse(&n, relative));
    s = kit_begin(k, 1);
    memcpy(session, mrs_session_id(s), 16);
    assert_int_equal(mrs_journal_pack(s->journal, n.kind, n.digest, NULL), MARS_OK);
    mrs_session_close(s);
    s = kit_begin(k, 1);
    assert_true(goes_on(s, session));
    assert_true(kit_store(s, MRS_CLASS_DATA, TEXT, TEXT_LEN, id) > 0);
    mrs_session_close(s);
}

static void
a_pack_that_the_index_has_is_not_listed_twice(void **state)
{
    struct kit *k = *state;
    struct mrs_session *s;
    struct mrs_place place;
    uint8_t session[16], id[32];

    interrupt(k, 1, "/points/", TEXT, TEXT_LEN, session);
    assert_int_equal(kit_count(k, "index/"), 1);
    s = kit_begin(k, 1);
    assert_true(goes_on(s, session));
    assert_int_equal(kit_store(s, MRS_CLASS_DATA, TEXT, TEXT_LEN, id), 0);
    assert_int_equal(mrs_index_find(k->d->index, id, 0, &place, NULL), MARS_OK);
    assert_int_equal(mrs_index_find(k->d->index, id, 1, &place, NULL), MARS_ERR_NOT_FOUND);
    kit_commit(s);
    assert_int_equal(kit_count(k, "index/"), 1);
    assert_int_equal(kit_count(k, "points/"), 1);
}

/* Field 14 names every index object that the session wrote, also before it was interrupted. */
static void
the_point_names_the_index_object_that_was_put_before_the_interruption(void **state)
{
    struct kit *k = *state;
    struct mrs_session *s;
    struct mrs_buf payload = MRS_BUF_INIT(1 << 20);
    char relative[MRS_OBJECT_NAME_MAX];
    struct mrs_name n;
    struct mrs_point p;
    uint8_t session[16];

    interrupt(k, 1, "/points/", TEXT, TEXT_LEN, session);
    s = kit_begin(k, 1);
    kit_commit(s);
    kit_only(k, "index/", relative);
    assert_true(mrs_name_parse(&n, relative));
    kit_only(k, "points/", relative);
    assert_int_equal(mrs_domain_get(k->d, MRS_KIND_POINT, MRS_NEED_READ, relative, NULL, &payload,
                                    NULL), MARS_OK);
    assert_int_equal(mrs_point_decode(&p, payload.data, payload.len, NULL), MARS_OK);
    assert_int_equal(p.n_indexes, 1);
    assert_memory_equal(p.indexes[0], n.digest, 32);
    mrs_point_free(&p);
    mrs_buf_free(&payload);
}

static void
a_resumed_session_honours_the_tombstones_of_its_generation(void **state)
{
    struct kit *k = *state;
    struct mrs_session *s;
    char relative[MRS_OBJECT_NAME_MAX];
    struct mrs_name n;
    uint8_t session[16], id[32];

    kit_backup(k, 2, "old", 3, id);
    kit_only(k, "packs/data/", relative);
    assert_true(mrs_name_parse(&n, relative));
    kit_tombstone(k, MRS_OP_TOMBSTONE, n.digest);
    interrupt(k, 1, "/index/", TEXT, TEXT_LEN, session);
    s = kit_begin(k, 1);
    assert_true(goes_on(s, session));
    assert_true(kit_store(s, MRS_CLASS_DATA, "old", 3, id) > 0);
    mrs_session_close(s);
}

struct attempt {
    struct kit *k;
    uint8_t session[16];
    uint8_t old[16];
};

static mars_status
try_resume(void *user)
{
    struct attempt *a = user;
    struct mrs_session_options o = kit_options(1);
    struct mrs_domain *d = NULL;
    struct mrs_session *s = NULL;
    uint8_t id[32];
    uint64_t stored = 0;
    mars_status st = mrs_domain_open(&d, a->k->store, a->k->keys, a->k->cache, NULL);

    if (st == MARS_OK)
        st = mrs_session_begin(&s, d, &o, NULL);
    if (st == MARS_OK) {
        assert_true(goes_on(s, a->session));
        st = mrs_session_put(s, MRS_CLASS_DATA, TEXT, TEXT_LEN, id, &stored, NULL);
    }
    /* A pack that could not be looked at for want of memory may be left where it is. */
    if (st == MARS_OK && !failing_alloc_hit())
        assert_int_equal(stored, 0);
    mrs_session_close(s);
    mrs_domain_close(d);
    return st;
}

static void
going_on_without_memory_ends_as_such_and_loses_nothing(void **state)
{
    struct kit *k = *state;
    struct attempt a = { .k = k };
    size_t failed = 0;

    interrupt(k, 1, "/index/", TEXT, TEXT_LEN, a.session);
    for (size_t nth = 0; nth < 2000; nth++) {
        mars_status st;
        int hit;

        failing_alloc_arm(nth);
        st = try_resume(&a);
        hit = failing_alloc_hit();
        failing_alloc_arm(SIZE_MAX);
        failed += st != MARS_OK;
        assert_true(st == MARS_OK || st == MARS_ERR_NOMEM);
        if (!hit)
            break;
    }
    assert_true(failed > 20 && failed < 1000);
    assert_int_equal(try_resume(&a), MARS_OK);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        KIT_TEST(the_next_session_goes_on_with_the_id_and_the_packs_of_the_interrupted_one),
        KIT_TEST(a_pack_that_is_taken_over_is_relied_on),
        KIT_TEST(it_goes_on_again_when_it_is_interrupted_again),
        KIT_TEST(heartbeats_go_on_behind_the_last_one_that_is_there),
        KIT_TEST(after_a_commit_a_new_session_begins),
        KIT_TEST(another_item_does_not_go_on_with_it),
        KIT_TEST(a_session_whose_point_is_there_has_ended),
        KIT_TEST(a_session_that_a_collector_gave_up_is_not_gone_on_with),
        KIT_TEST(a_session_without_its_lease_is_not_gone_on_with),
        KIT_TEST(a_session_of_an_older_generation_is_not_gone_on_with),
        KIT_TEST(a_pack_that_is_damaged_or_gone_is_not_taken_over),
        KIT_TEST(a_pack_of_another_session_is_not_taken_over),
        KIT_TEST(a_pack_that_the_index_has_is_not_listed_twice),
        KIT_TEST(the_point_names_the_index_object_that_was_put_before_the_interruption),
        KIT_TEST(a_resumed_session_honours_the_tombstones_of_its_generation),
        KIT_TEST(going_on_without_memory_ends_as_such_and_loses_nothing),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
