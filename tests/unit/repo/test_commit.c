#include "kit.h"

#include <string.h>

#include "repo/session_int.h"

static const char TEXT[] = "bytes that are worth keeping, and that go into a chunk of their own";
enum { TEXT_LEN = sizeof TEXT };

static void
a_commit_puts_packs_then_index_then_point_and_then_looks_for_a_fence(void **state)
{
    struct kit *k = *state;
    struct mrs_session *s = kit_begin(k, 1);
    struct kit_log log = { .calls = "CS" };
    uint8_t id[32];

    kit_spy(k, kit_log_spy, &log);
    (void)kit_store(s, MRS_CLASS_DATA, TEXT, TEXT_LEN, id);
    (void)kit_store(s, MRS_CLASS_DIR, TEXT, TEXT_LEN, id);
    assert_string_equal(log.text, "");
    kit_commit(s);
    kit_spy(k, NULL, NULL);
    assert_string_equal(log.text, "Cpa Cpa Cin Cpo Sfe ");
}

/* What it must remember of its chunks is bounded, and they are still known. */
static void
a_long_session_puts_index_objects_on_its_way(void **state)
{
    enum { CHUNKS = MRS_SESSION_BLOBS + 20000, SIZE = 900 }; /* two packs and more */
    struct kit *k = *state;
    struct mrs_session *s = kit_begin(k, 1);
    static uint8_t chunk[SIZE];
    uint8_t id[32];
    size_t most = 0;

    for (uint32_t i = 0; i < CHUNKS; i++) {
        kit_noise(chunk, SIZE, i);
        assert_true(kit_store(s, MRS_CLASS_DATA, chunk, SIZE, id) > 0);
        most = s->mine.len > most ? s->mine.len : most;
    }
    assert_int_equal(kit_count(k, "index/"), 1);
    assert_int_equal(kit_count(k, "points/"), 0);
    assert_true(most < CHUNKS);
    assert_true(s->mine.len < MRS_SESSION_BLOBS);
    for (uint32_t i = 0; i < CHUNKS; i += 1000) {
        kit_noise(chunk, SIZE, i);
        assert_int_equal(kit_store(s, MRS_CLASS_DATA, chunk, SIZE, id), 0);
    }
    kit_commit(s);
    assert_int_equal(kit_count(k, "index/"), 2);
    for (uint32_t i = 0; i < CHUNKS; i += 5000) {
        kit_noise(chunk, SIZE, i);
        assert_int_equal(mrs_chunk_id(k->d, MRS_CLASS_DATA, chunk, SIZE, id, NULL), MARS_OK);
        assert_int_equal(kit_read(k, id, chunk, SIZE), MARS_OK);
    }
}

static void
a_commit_that_breaks_off_before_the_point_leaves_none(void **state)
{
    static const char *const parts[] = { "/packs/", "/index/", "/points/" };
    struct kit *k = *state;

    for (size_t i = 0; i < 3; i++) {
        struct kit_failure f = { .call = SPY_COMMIT, .part = parts[i], .st = MARS_ERR_QUOTA };
        struct mrs_session *s = kit_begin(k, (uint8_t)(i + 1));
        struct mrs_point p = { 0 };
        uint8_t id[32];

        (void)kit_store(s, MRS_CLASS_DATA, parts[i], strlen(parts[i]), id);
        kit_spy(k, kit_fail_spy, &f);
        assert_int_equal(mrs_session_commit(s, &p, NULL), MARS_ERR_QUOTA);
        kit_spy(k, NULL, NULL);
        assert_true(f.met > 0);
        assert_int_equal(kit_count(k, "points/"), 0);
        mrs_session_close(s);
    }
}

static void
the_point_tells_what_the_session_saw_and_wrote(void **state)
{
    struct kit *k = *state;
    struct mrs_session *s = kit_begin(k, 1);
    struct mrs_buf payload = MRS_BUF_INIT(1 << 20), record = MRS_BUF_INIT(1 << 20);
    struct mrs_object_info info;
    char relative[MRS_OBJECT_NAME_MAX], name[MRS_OBJECT_NAME_MAX];
    uint8_t id[32], session[16], digest[32];
    struct mrs_point p;
    uint64_t put = 0;

    memcpy(session, mrs_session_id(s), 16);
    (void)kit_store(s, MRS_CLASS_DATA, TEXT, TEXT_LEN, id);
    kit_commit(s);
    mrs_name_point(relative, kit_options(1).item, session);
    assert_int_equal(mrs_domain_get(k->d, MRS_KIND_POINT, MRS_NEED_READ, relative, NULL, &payload,
                                    NULL), MARS_OK);
    assert_int_equal(mrs_point_decode(&p, payload.data, payload.len, NULL), MARS_OK);
    assert_memory_equal(p.session, session, 16);
    assert_memory_equal(p.item, kit_options(1).item, 16);
    assert_memory_equal(p.machine, kit_options(1).machine, 16);
    assert_int_equal(p.started.s, 1700000000);
    assert_int_equal(p.ledger_number, 1);
    mrs_name_ledger(relative, 1);
    kit_get(k, relative, &record);
    assert_int_equal(mrs_sha256_once(record.data, record.len, digest, NULL), MARS_OK);
    assert_memory_equal(p.ledger_hash, digest, 32);
    assert_int_equal(p.n_indexes, 1);
    mrs_name_index(relative, p.indexes[0]);
    for (int i = 0; i < 2; i++) {
        mrs_name_in_domain(name, k->keys->domain, relative);
        assert_int_equal(mrs_store_stat(k->store, name, &info, NULL), MARS_OK);
        put += info.size;
        kit_only(k, "packs/data/", relative);
    }
    assert_int_equal(p.added_bytes, put);
    mrs_point_free(&p);
    mrs_buf_free(&payload);
    mrs_buf_free(&record);
}

static void
a_fence_makes_a_commit_answer_state(void **state)
{
    struct kit *k = *state;
    struct mrs_session *s = kit_begin(k, 1);
    struct mrs_point p = { 0 };
    uint8_t id[32];
    mars_error err;

    (void)kit_store(s, MRS_CLASS_DATA, TEXT, TEXT_LEN, id);
    kit_fence(k, mrs_session_id(s), 0);
    assert_int_equal(mrs_session_commit(s, &p, &err), MARS_ERR_STATE);
    assert_int_equal(err.status, MARS_ERR_STATE);
    assert_non_null(strstr(err.message, "fence/"));
    mrs_session_close(s);
}

static mars_status
fence_before_the_look(void *user, enum spy_call call, const char *name)
{
    struct mrs_session *const *s = user;

    if (call == SPY_COMMITTED && strstr(name, "/points/") != NULL) {
        struct kit k = { .d = (*s)->d };

        kit_fence(&k, (*s)->id, 0);
    }
    return MARS_OK;
}

static void
a_fence_that_comes_just_behind_the_point_makes_it_answer_state_too(void **state)
{
    struct kit *k = *state;
    struct mrs_session *s = kit_begin(k, 1);
    struct mrs_point p = { 0 };

    kit_spy(k, fence_before_the_look, &s);
    assert_int_equal(mrs_session_commit(s, &p, NULL), MARS_ERR_STATE);
    kit_spy(k, NULL, NULL);
    assert_int_equal(kit_count(k, "points/"), 1);
    mrs_session_close(s);
}

static void
a_commit_that_cannot_look_for_a_fence_is_no_success(void **state)
{
    struct kit *k = *state;
    struct mrs_session *s = kit_begin(k, 1);
    struct kit_failure f = { .call = SPY_STAT, .part = "/fence/", .st = MARS_ERR_NETWORK };
    struct mrs_point p = { 0 };

    kit_spy(k, kit_fail_spy, &f);
    assert_int_equal(mrs_session_commit(s, &p, NULL), MARS_ERR_NETWORK);
    mrs_session_close(s);
}

static void
an_answer_that_was_lost_is_settled_by_reading_back(void **state)
{
    static const char *const parts[] = { "/lease/", "/index/", "/points/" };
    struct kit *k = *state;
    uint8_t id[32];

    for (uint8_t i = 0; i < 3; i++) {
        struct kit_failure f = { .call = SPY_COMMITTED, .part = parts[i],
                                 .st = MARS_ERR_NETWORK };
        uint8_t text[] = { 'a', i };

        kit_spy(k, kit_fail_spy, &f);
        kit_backup(k, i, text, sizeof text, id);
        kit_spy(k, NULL, NULL);
        assert_int_equal(f.met, 1);
        assert_int_equal(kit_read(k, id, text, sizeof text), MARS_OK);
    }
    assert_int_equal(kit_count(k, "points/"), 3);
}

static void
a_pack_whose_answer_was_lost_is_settled_too(void **state)
{
    struct kit *k = *state;
    struct kit_failure f = { .call = SPY_COMMITTED, .part = "/packs/", .st = MARS_ERR_NETWORK };
    uint8_t id[32];

    kit_spy(k, kit_fail_spy, &f);
    kit_backup(k, 1, TEXT, TEXT_LEN, id);
    kit_spy(k, NULL, NULL);
    assert_int_equal(f.met, 1);
    assert_int_equal(kit_read(k, id, TEXT, TEXT_LEN), MARS_OK);
}

static mars_status
try_backup(void *user)
{
    struct kit *k = user;
    struct mrs_session_options o = kit_options(1);
    struct mrs_domain *d = NULL;
    struct mrs_session *s = NULL;
    struct mrs_point p = { .started = { 1, 0 } };
    uint8_t id[32];
    uint64_t stored;
    mars_status st = mrs_domain_open(&d, k->store, k->keys, k->cache, NULL);

    if (st == MARS_OK)
        st = mrs_session_begin(&s, d, &o, NULL);
    if (st == MARS_OK)
        st = mrs_session_put(s, MRS_CLASS_DATA, TEXT, TEXT_LEN, id, &stored, NULL);
    if (st == MARS_OK)
        st = mrs_session_put(s, MRS_CLASS_DIR, TEXT, TEXT_LEN, id, &stored, NULL);
    if (st == MARS_OK)
        st = mrs_session_commit(s, &p, NULL);
    mrs_session_close(s);
    mrs_domain_close(d);
    return st;
}

static void
a_backup_that_runs_out_of_memory_anywhere_ends_as_such(void **state)
{
    struct kit *k = *state;

    assert_true(kit_fail_allocations(k, try_backup, k, 1) > 100);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        KIT_TEST(a_commit_puts_packs_then_index_then_point_and_then_looks_for_a_fence),
        KIT_TEST(a_long_session_puts_index_objects_on_its_way),
        KIT_TEST(a_commit_that_breaks_off_before_the_point_leaves_none),
        KIT_TEST(the_point_tells_what_the_session_saw_and_wrote),
        KIT_TEST(a_fence_makes_a_commit_answer_state),
        KIT_TEST(a_fence_that_comes_just_behind_the_point_makes_it_answer_state_too),
        KIT_TEST(a_commit_that_cannot_look_for_a_fence_is_no_success),
        KIT_TEST(an_answer_that_was_lost_is_settled_by_reading_back),
        KIT_TEST(a_pack_whose_answer_was_lost_is_settled_too),
        KIT_TEST(a_backup_that_runs_out_of_memory_anywhere_ends_as_such),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
