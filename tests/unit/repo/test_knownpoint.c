/* The pieces of a known point: what is cut off is not read. */
#include "kit.h"

#include <string.h>

#include "repo/knownpoint.h"

static const char NAME[] = "an item";

struct pieces {
    struct mrs_buf shared;
    struct mrs_buf own;
};

/* Of a point that saw one head. */
static struct pieces
encode(const struct kit *k)
{
    struct pieces s = { MRS_BUF_INIT(1000), MRS_BUF_INIT(1000) };
    uint8_t heads[1][16] = { { 7 } };
    struct mrs_point p = { .item = { 1 },
                           .session = { 2 },
                           .machine = { 3 },
                           .heads = heads,
                           .n_heads = 1,
                           .item_name = { (const uint8_t *)NAME, strlen(NAME) },
                           .added_bytes = 9 };

    assert_int_equal(mrs_known_point_encode(k->d, &p, &s.shared, &s.own, NULL), MARS_OK);
    return s;
}

/* Copies of their own, so that a byte read behind them is seen. */
static struct mrs_slice
copy(const struct mrs_buf *b, size_t n)
{
    uint8_t *bytes = test_malloc(n + (n == 0));

    memcpy(bytes, b->data, n);
    return (struct mrs_slice){ bytes, n };
}

/* How many heads pieces of these lengths have; whether they have details. */
static size_t
look(const struct pieces *s, size_t n_shared, size_t n_own, bool *details)
{
    struct mrs_slice shared = copy(&s->shared, n_shared), own = copy(&s->own, n_own);
    struct mrs_known_point k;
    size_t n = 0;

    *details = false;
    if (mrs_known_point_open(&k, shared, own)) {
        const uint8_t *heads = mrs_known_point_heads(&k, &n);
        struct mrs_point_details d = mrs_known_point_details(&k);

        assert_true(n == 0 || heads[0] == 7);
        assert_true(d.added == 9 || d.added == 0);
        *details = d.added == 9;
    }
    test_free((void *)(uintptr_t)shared.p);
    test_free((void *)(uintptr_t)own.p);
    return n;
}

static void
heads_that_are_cut_are_none(void **state)
{
    struct pieces s = encode(*state);
    size_t most = 0;
    bool details;

    for (size_t n = 0; n < s.own.len; n++) {
        size_t heads = look(&s, s.shared.len, n, &details);

        assert_true(heads >= most);
        assert_false(details);
        most = heads;
    }
    assert_int_equal(most, 1);
    for (size_t n = 0; n < s.shared.len; n++) {
        (void)look(&s, n, s.own.len, &details);
        assert_false(details);
    }
    assert_int_equal(look(&s, s.shared.len, s.own.len, &details), 1);
    assert_true(details);
    mrs_buf_free(&s.shared);
    mrs_buf_free(&s.own);
}

int
main(void)
{
    const struct CMUnitTest tests[] = { KIT_TEST(heads_that_are_cut_are_none) };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
