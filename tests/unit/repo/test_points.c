#include "kit.h"

#include <string.h>

#include "base/hex.h"
#include "listed.h"
#include "platform/clock.h"
#include "repo/points.h"

static const uint8_t MACHINE[16] = { 0x3a }, OTHER_MACHINE[16] = { 0x3b };

struct spec {
    uint8_t item;
    uint8_t session[16];
    int64_t started;
    const uint8_t *machine;
    uint8_t (*heads)[16];
    size_t n_heads;
};

static void
put_point(const struct kit *k, const struct spec *x)
{
    static const char *const names[] = { "zero", "one", "two", "three" };
    const char *name = names[x->item % 4];
    struct mrs_point p = { .started = { x->started, 0 }, .heads = x->heads,
                           .n_heads = x->n_heads };
    struct mrs_buf payload = MRS_BUF_INIT(1 << 20);
    char relative[MRS_OBJECT_NAME_MAX];

    memset(p.item, x->item, 16);
    memcpy(p.session, x->session, 16);
    memcpy(p.machine, x->machine != NULL ? x->machine : MACHINE, 16);
    p.item_name = (struct mrs_slice){ (const uint8_t *)name, strlen(name) };
    mrs_name_point(relative, p.item, p.session);
    assert_int_equal(mrs_point_encode(&p, &payload, NULL), MARS_OK);
    assert_int_equal(mrs_domain_put(k->d, MRS_KIND_POINT, p.session, relative, &payload, NULL,
                                    NULL), MARS_OK);
    mrs_buf_free(&payload);
}

static void
simple(const struct kit *k, uint8_t item, uint8_t session, int64_t started)
{
    struct spec x = { .item = item, .session = { session, session, session, session },
                      .started = started };

    put_point(k, &x);
}

static mars_status
read_points(const struct kit *k, struct mrs_points *p, const uint8_t *machine,
            struct kit_damages *damages)
{
    const struct mrs_points_query q = { .machine = machine,
                                        .need = MRS_NEED_READ,
                                        .damage = damages != NULL ? kit_note_damage : NULL,
                                        .user = damages };
    struct mrs_ledger l = { 0 };
    mars_status st;

    memset(p, 0, sizeof *p);
    assert_int_equal(listed_ledger_read(&l, k->d, MRS_NEED_READ, NULL, NULL, NULL), MARS_OK);
    st = listed_points_read(p, k->d, &l, &q, NULL);
    mrs_ledger_free_state(&l);
    return st;
}

static size_t
count_points(const struct kit *k)
{
    struct mrs_points p;
    size_t n;

    assert_int_equal(read_points(k, &p, NULL, NULL), MARS_OK);
    n = p.list.len;
    mrs_points_free(&p);
    return n;
}

static void
points_come_oldest_first(void **state)
{
    struct kit *k = *state;
    struct mrs_points p;

    assert_int_equal(count_points(k), 0);
    simple(k, 1, 5, 300);
    simple(k, 2, 7, -100);
    simple(k, 1, 6, 200);
    assert_int_equal(read_points(k, &p, NULL, NULL), MARS_OK);
    assert_int_equal(p.list.len, 3);
    assert_int_equal(mrs_points_at(&p, 0)->started_s, -100);
    assert_int_equal(mrs_points_at(&p, 1)->started_s, 200);
    assert_int_equal(mrs_points_at(&p, 2)->started_s, 300);
    mrs_points_free(&p);
}

static void
one_machine_can_be_asked_for(void **state)
{
    struct kit *k = *state;
    struct spec foreign = { .item = 3, .session = { 9 }, .machine = OTHER_MACHINE };
    struct mrs_points p;

    simple(k, 1, 5, 1);
    simple(k, 2, 6, 2);
    put_point(k, &foreign);
    assert_int_equal(count_points(k), 3);
    assert_int_equal(read_points(k, &p, MACHINE, NULL), MARS_OK);
    assert_int_equal(p.list.len, 2);
    mrs_points_free(&p);
    assert_int_equal(read_points(k, &p, OTHER_MACHINE, NULL), MARS_OK);
    assert_int_equal(p.list.len, 1);
    assert_memory_equal(mrs_known_machine(mrs_points_at(&p, 0)), OTHER_MACHINE, 16);
    mrs_points_free(&p);
}

/* That an item is another machine's its first point tells; without a cache, too. */
static void
of_another_machines_item_one_point_is_read(void **state)
{
    struct kit *k = *state;
    struct spec foreign = { .item = 3, .machine = OTHER_MACHINE };
    struct kit_log log = { .calls = "R" };
    struct mrs_domain *kept = k->d;
    struct mrs_points p;

    for (uint8_t i = 1; i <= 4; i++) {
        foreign.session[0] = i;
        put_point(k, &foreign);
    }
    simple(k, 1, 5, 1);
    k->d = kit_open(k, NULL);
    kit_spy(k, kit_log_spy, &log);
    assert_int_equal(read_points(k, &p, MACHINE, NULL), MARS_OK);
    kit_spy(k, NULL, NULL);
    assert_int_equal(p.list.len, 1);
    assert_string_equal(log.text, "Rle Rpo Rpo ");
    mrs_points_free(&p);
    mrs_domain_close(k->d);
    k->d = kept;
}

static void
a_point_with_a_closed_fence_beside_it_is_void(void **state)
{
    struct kit *k = *state;

    simple(k, 1, 5, 1);
    simple(k, 1, 6, 2);
    kit_fence(k, (uint8_t[16]){ 5, 5, 5, 5 }, 0);
    assert_int_equal(count_points(k), 2);
    kit_fence(k, (uint8_t[16]){ 5, 5, 5, 5 }, 1);
    assert_int_equal(count_points(k), 1);
}

/* Fences are listed first: one that is closed between the two lists changes nothing any more. */
static void
fences_are_listed_before_points(void **state)
{
    struct kit *k = *state;
    struct kit_log log = { .calls = "L" };
    struct mrs_points p;

    kit_spy(k, kit_log_spy, &log);
    assert_int_equal(read_points(k, &p, NULL, NULL), MARS_OK);
    kit_spy(k, NULL, NULL);
    assert_string_equal(log.text, "Llo Llo Lpo ");
    mrs_points_free(&p);
}

static void
a_deleted_point_is_not_listed_until_it_comes_back(void **state)
{
    struct kit *k = *state;
    struct mrs_ledger_op op = { .kind = MRS_OP_POINT_DELETED, .session = { 5, 5, 5, 5 } };

    memset(op.item, 1, sizeof op.item);
    simple(k, 1, 5, 1);
    simple(k, 1, 6, 2);
    kit_ledger(k, &op);
    assert_int_equal(count_points(k), 1);
    op.kind = MRS_OP_POINT_UNDELETED;
    kit_ledger(k, &op);
    assert_int_equal(count_points(k), 2);
    op.kind = MRS_OP_POINT_PURGED;
    kit_ledger(k, &op);
    assert_int_equal(count_points(k), 1);
}

static void
heads_are_points_that_no_other_of_the_item_saw(void **state)
{
    static uint8_t first[1][16] = { { 1, 1, 1, 1 } };
    static uint8_t both[2][16] = { { 2 }, { 3 } };
    struct kit *k = *state;
    struct spec left = { .item = 1, .session = { 2 }, .started = 2, .heads = first, .n_heads = 1 };
    struct spec right = { .item = 1, .session = { 3 }, .started = 3, .heads = first, .n_heads = 1 };
    struct spec joined = { .item = 1, .session = { 4 }, .started = 4, .heads = both, .n_heads = 2 };
    struct mrs_points p;

    simple(k, 1, 1, 1);
    assert_int_equal(read_points(k, &p, NULL, NULL), MARS_OK);
    assert_true(mrs_points_at(&p, 0)->is_head);
    mrs_points_free(&p);
    put_point(k, &left);
    put_point(k, &right); /* a fork: both saw the first only */
    assert_int_equal(read_points(k, &p, NULL, NULL), MARS_OK);
    assert_false(mrs_points_at(&p, 0)->is_head);
    assert_true(mrs_points_at(&p, 1)->is_head);
    assert_true(mrs_points_at(&p, 2)->is_head);
    mrs_points_free(&p);
    put_point(k, &joined);
    simple(k, 2, 8, 9); /* another item's only point */
    assert_int_equal(read_points(k, &p, NULL, NULL), MARS_OK);
    for (size_t i = 0; i < 5; i++)
        assert_int_equal(mrs_points_at(&p, i)->is_head, i >= 3);
    mrs_points_free(&p);
}

/* Of all others nothing is read, and what is wrong with them is nobody's concern. */
static void
points_may_be_read_by_the_beginning_of_their_ids(void **state)
{
    static const struct {
        const char *digits;
        size_t found;
        const char *reads;
    } tries[] = { { "0506", 2, "Rpo Rpo " }, { "05060700000000000000000000000000", 1, "Rpo " },
                  { "06", 0, "" }, { "05x", 0, "" }, { "", 3, "Rpo Rpo Rpo " },
                  { "050607000000000000000000000000000", 0, "" } };
    struct kit *k = *state;
    struct spec a = { .item = 1, .session = { 5, 6, 7 }, .started = 1 };
    struct spec b = { .item = 2, .session = { 5, 6, 8 }, .started = 2 };
    struct spec c = { .item = 1, .session = { 5, 7 }, .started = 3 };

    put_point(k, &a);
    put_point(k, &b);
    put_point(k, &c);
    for (size_t i = 0; i < sizeof tries / sizeof tries[0]; i++) {
        struct kit_log log = { .calls = "R" };
        struct mrs_log listed = MRS_LOG_INIT;
        struct mrs_ledger ledger = { 0 };
        const struct mrs_points_query q = { .digits = tries[i].digits, .need = MRS_NEED_READ };
        struct mrs_points p;

        assert_int_equal(mrs_log_read(&listed, k->store, k->keys->domain, NULL), MARS_OK);
        kit_spy(k, kit_log_spy, &log);
        assert_int_equal(mrs_points_read(&p, k->d, &listed, &ledger, &q, NULL), MARS_OK);
        kit_spy(k, NULL, NULL);
        assert_int_equal(p.list.len, tries[i].found);
        for (size_t n = 0; n < p.list.len; n++)
            assert_non_null(mrs_points_at(&p, n)->whole);
        assert_string_equal(log.text, tries[i].reads);
        mrs_points_free(&p);
        mrs_log_free(&listed);
    }
}

static void
a_damaged_point_is_named_or_an_error(void **state)
{
    struct kit *k = *state;
    struct kit_damages damages = { 0 };
    char relative[MRS_OBJECT_NAME_MAX];
    uint8_t item[16];
    struct mrs_points p;

    simple(k, 1, 5, 1);
    simple(k, 1, 6, 2);
    memset(item, 1, sizeof item);
    mrs_name_point(relative, item, (uint8_t[16]){ 6, 6, 6, 6 });
    kit_damage(k, relative, 200);
    assert_int_equal(read_points(k, &p, NULL, NULL), MARS_ERR_CORRUPT);
    assert_int_equal(p.list.len, 0);
    assert_int_equal(read_points(k, &p, NULL, &damages), MARS_OK);
    assert_int_equal(p.list.len, 1);
    assert_int_equal(damages.n, 1);
    assert_string_equal(damages.last, relative);
    mrs_points_free(&p);
}

static void
assert_resolves(const struct kit *k, const struct mrs_points *p, const char *text,
                const char *item, mars_status want, int64_t started)
{
    struct mrs_known_point *lp = NULL;
    mars_error err;

    memset(&err, 0, sizeof err);
    assert_int_equal(mrs_points_resolve(p, k->d, text, item, &lp, &err), want);
    if (want == MARS_OK)
        assert_int_equal(lp->started_s, started);
    assert_int_equal(err.status, want);
}

static void
damage_point(struct kit *k, uint8_t item, uint8_t session)
{
    char relative[MRS_OBJECT_NAME_MAX];
    uint8_t id[16];

    memset(id, item, sizeof id);
    mrs_name_point(relative, id, (uint8_t[16]){ session, session, session, session });
    kit_damage(k, relative, 200);
}

/* What cannot be read has no time: only a point that saw it tells that it is older. */
static void
latest_does_not_pass_over_a_damaged_point_that_may_be_newer(void **state)
{
    static uint8_t first[1][16] = { { 5, 5, 5, 5 } };
    struct kit *k = *state;
    struct kit_damages damages = { 0 };
    struct spec second = { .item = 1, .session = { 6, 6, 6, 6 }, .started = 2, .heads = first,
                           .n_heads = 1 };
    struct mrs_points p;

    simple(k, 1, 5, 1);
    put_point(k, &second);
    simple(k, 2, 8, 3); /* another item: no matter */
    damage_point(k, 1, 5);
    damage_point(k, 2, 8);
    assert_int_equal(read_points(k, &p, NULL, &damages), MARS_OK);
    assert_int_equal(p.unread.len, 1);
    assert_resolves(k, &p, "latest", "one", MARS_OK, 2);
    mrs_points_free(&p);

    simple(k, 1, 7, 3);
    damage_point(k, 1, 7);
    assert_int_equal(read_points(k, &p, NULL, &damages), MARS_OK);
    assert_int_equal(p.unread.len, 2);
    assert_resolves(k, &p, "latest", "one", MARS_ERR_CORRUPT, 0);
    assert_resolves(k, &p, "060606", "one", MARS_OK, 2);
    mrs_points_free(&p);

    damage_point(k, 1, 6);
    assert_int_equal(read_points(k, &p, NULL, &damages), MARS_OK);
    assert_resolves(k, &p, "latest", NULL, MARS_ERR_CORRUPT, 0); /* none can be read */
    assert_resolves(k, &p, "latest", "one", MARS_ERR_CORRUPT, 0);
    mrs_points_free(&p);
}

/* That no point saw them is no matter where the store wrote them long before the newest began. */
static void
latest_passes_over_damaged_points_that_are_older_by_the_store(void **state)
{
    struct kit *k = *state;
    struct kit_damages damages = { 0 };
    int64_t now = mrs_clock_wall().s;
    struct mrs_points p;

    simple(k, 1, 5, 1);
    damage_point(k, 1, 5);
    simple(k, 1, 8, INT64_MIN);
    assert_int_equal(read_points(k, &p, NULL, &damages), MARS_OK);
    assert_resolves(k, &p, "latest", "one", MARS_ERR_CORRUPT, 0);
    mrs_points_free(&p);
    simple(k, 1, 6, now + 3600);
    assert_int_equal(read_points(k, &p, NULL, &damages), MARS_OK);
    assert_resolves(k, &p, "latest", "one", MARS_ERR_CORRUPT, 0);
    mrs_points_free(&p);
    simple(k, 1, 7, now + 2 * 24 * 3600);
    assert_int_equal(read_points(k, &p, NULL, &damages), MARS_OK);
    assert_resolves(k, &p, "latest", "one", MARS_OK, now + 2 * 24 * 3600);
    mrs_points_free(&p);
}

/* Nor is another machine's damaged point a reason to doubt that this one has none. */
static void
damaged_points_of_other_machines_are_none_of_this_one(void **state)
{
    struct spec foreign = { .item = 3, .session = { 9 }, .machine = OTHER_MACHINE };
    struct kit *k = *state;
    struct kit_damages damages = { 0 };
    struct mrs_points p;

    simple(k, 3, 5, 1);
    damage_point(k, 3, 5); /* it is tried first */
    put_point(k, &foreign);
    assert_int_equal(read_points(k, &p, MACHINE, &damages), MARS_OK);
    assert_int_equal(damages.n, 1);
    assert_resolves(k, &p, "latest", NULL, MARS_ERR_NOT_FOUND, 0);
    mrs_points_free(&p);
}

static void
a_point_under_another_name_is_damage(void **state)
{
    struct kit *k = *state;
    struct mrs_buf bytes = MRS_BUF_INIT(1 << 20);
    char relative[MRS_OBJECT_NAME_MAX];
    uint8_t item[16];
    struct mrs_points p;

    simple(k, 1, 5, 1);
    memset(item, 1, sizeof item);
    mrs_name_point(relative, item, (uint8_t[16]){ 5, 5, 5, 5 });
    kit_get(k, relative, &bytes);
    mrs_name_point(relative, item, (uint8_t[16]){ 7 });
    kit_put(k, relative, bytes.data, bytes.len);
    assert_int_equal(read_points(k, &p, NULL, NULL), MARS_ERR_CORRUPT);
    mrs_buf_free(&bytes);
}

/* Sealed for its name, but its fields say another session. */
static void
a_point_that_says_that_it_is_another_is_damage(void **state)
{
    struct kit *k = *state;
    struct mrs_point p = { .session = { 1 }, .item = { 2 } };
    struct mrs_buf payload = MRS_BUF_INIT(1 << 20);
    char relative[MRS_OBJECT_NAME_MAX];
    struct mrs_points points;

    mrs_name_point(relative, p.item, (uint8_t[16]){ 9 });
    assert_int_equal(mrs_point_encode(&p, &payload, NULL), MARS_OK);
    assert_int_equal(mrs_domain_put(k->d, MRS_KIND_POINT, p.session, relative, &payload, NULL,
                                    NULL), MARS_OK);
    assert_int_equal(read_points(k, &points, NULL, NULL), MARS_ERR_CORRUPT);
    mrs_buf_free(&payload);
}

static void
a_point_is_meant_by_its_id_a_unique_prefix_or_latest(void **state)
{
    struct kit *k = *state;
    struct spec a = { .item = 1, .session = { 0xab, 0xcd, 0xef, 0x01 }, .started = 10 };
    struct spec b = { .item = 1, .session = { 0xab, 0xcd, 0xef, 0x02 }, .started = 20 };
    struct spec c = { .item = 2, .session = { 0x77, 0x88, 0x99, 0xaa }, .started = 30 };
    struct mrs_points p;
    char hex[33];

    assert_int_equal(read_points(k, &p, NULL, NULL), MARS_OK);
    assert_resolves(k, &p, "latest", NULL, MARS_ERR_NOT_FOUND, 0);
    mrs_points_free(&p);
    put_point(k, &b);
    put_point(k, &a);
    assert_int_equal(read_points(k, &p, NULL, NULL), MARS_OK);
    assert_resolves(k, &p, "latest", NULL, MARS_OK, 20);
    mrs_points_free(&p);
    put_point(k, &c);
    assert_int_equal(read_points(k, &p, NULL, NULL), MARS_OK);
    mrs_hex_encode(hex, a.session, 16);
    assert_resolves(k, &p, hex, NULL, MARS_OK, 10);
    assert_resolves(k, &p, hex, "one", MARS_OK, 10);
    assert_resolves(k, &p, hex, "two", MARS_ERR_NOT_FOUND, 0);
    assert_resolves(k, &p, "abcdef02", NULL, MARS_OK, 20);
    assert_resolves(k, &p, "abcdef", NULL, MARS_ERR_INVALID_ARG, 0);
    assert_resolves(k, &p, "778899", NULL, MARS_OK, 30);
    assert_resolves(k, &p, "77889", NULL, MARS_ERR_INVALID_ARG, 0);
    assert_resolves(k, &p, "", NULL, MARS_ERR_INVALID_ARG, 0);
    assert_resolves(k, &p, "123456", NULL, MARS_ERR_NOT_FOUND, 0);
    assert_resolves(k, &p, "abcdef010000000000000000000000000000", NULL, MARS_ERR_NOT_FOUND, 0);
    assert_resolves(k, &p, "latest", NULL, MARS_ERR_INVALID_ARG, 0);
    assert_resolves(k, &p, "latest", "one", MARS_OK, 20);
    assert_resolves(k, &p, "latest", "two", MARS_OK, 30);
    assert_resolves(k, &p, "latest", "on", MARS_ERR_NOT_FOUND, 0);
    mrs_points_free(&p);
}

static mars_status
try_points(void *user)
{
    struct kit *k = user;
    struct mrs_ledger none = { 0 };
    const struct mrs_points_query q = { .machine = MACHINE, .need = MRS_NEED_READ };
    struct mrs_points p = { 0 };
    mars_status st = listed_points_read(&p, k->d, &none, &q, NULL);

    mrs_points_free(&p);
    return st;
}

static void
reading_without_memory_ends_as_such(void **state)
{
    static uint8_t heads[1][16] = { { 1 } };
    struct kit *k = *state;
    struct spec x = { .item = 1, .session = { 3 }, .started = 3, .heads = heads, .n_heads = 1 };

    put_point(k, &x);
    simple(k, 1, 6, 2);
    kit_fence(k, (uint8_t[16]){ 6 }, 1);
    assert_true(kit_fail_allocations(NULL, try_points, k, 1) > 10);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        KIT_TEST(points_come_oldest_first),
        KIT_TEST(one_machine_can_be_asked_for),
        KIT_TEST(of_another_machines_item_one_point_is_read),
        KIT_TEST(a_point_with_a_closed_fence_beside_it_is_void),
        KIT_TEST(fences_are_listed_before_points),
        KIT_TEST(a_deleted_point_is_not_listed_until_it_comes_back),
        KIT_TEST(heads_are_points_that_no_other_of_the_item_saw),
        KIT_TEST(points_may_be_read_by_the_beginning_of_their_ids),
        KIT_TEST(a_damaged_point_is_named_or_an_error),
        KIT_TEST(latest_does_not_pass_over_a_damaged_point_that_may_be_newer),
        KIT_TEST(latest_passes_over_damaged_points_that_are_older_by_the_store),
        KIT_TEST(damaged_points_of_other_machines_are_none_of_this_one),
        KIT_TEST(a_point_under_another_name_is_damage),
        KIT_TEST(a_point_that_says_that_it_is_another_is_damage),
        KIT_TEST(a_point_is_meant_by_its_id_a_unique_prefix_or_latest),
        KIT_TEST(reading_without_memory_ends_as_such),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
