/* The listed points: finding them, and which of them were seen by others. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "failing_alloc.h"
#include "repo/listing.h"

enum { ITEMS = 5, EACH = 600, ALL = ITEMS * EACH, HEADS_MAX = 3 };

static void
item_id(uint8_t id[16], int item)
{
    memset(id, 0x10 + item, 16);
}

/* The same sessions in each item, and many that begin alike. */
static void
session_id(uint8_t id[16], int number)
{
    memset(id, 0, 16);
    id[0] = (uint8_t)(number % 7);
    id[14] = (uint8_t)(number >> 8);
    id[15] = (uint8_t)number;
}

/* Items take turns where they are mixed; else one item's points come together. */
static void
fill(struct mrs_listing *l, bool mixed)
{
    uint8_t item[16], session[16];

    for (int i = 0; i < ALL; i++) {
        item_id(item, mixed ? i % ITEMS : i / EACH);
        session_id(session, mixed ? i / ITEMS : i % EACH);
        assert_int_equal(mrs_listing_add(l, item, session, NULL), MARS_OK);
    }
    assert_int_equal(mrs_listing_end(l, NULL), MARS_OK);
}

static uint32_t
find(const struct mrs_listing *l, int item, int number)
{
    uint8_t item_of[16], session[16];

    item_id(item_of, item);
    session_id(session, number);
    return mrs_listing_find(l, item_of, session);
}

static void
each_is_found_and_nothing_else(void **state)
{
    (void)state;
    for (int mixed = 0; mixed < 2; mixed++) {
        struct mrs_listing l = MRS_LISTING_INIT;

        fill(&l, mixed);
        for (int i = 0; i < ALL; i++) {
            int item = mixed ? i % ITEMS : i / EACH, number = mixed ? i / ITEMS : i % EACH;

            assert_int_equal(find(&l, item, number), i + 1);
        }
        assert_int_equal(find(&l, ITEMS, 0), 0);
        assert_int_equal(find(&l, 0, EACH), 0);
        mrs_listing_free(&l);
    }
    assert_int_equal(failing_alloc_live(), 0);
}

static void
say(struct mrs_listing *l, bool seen[ITEMS][EACH + 2], int item, int number)
{
    uint8_t heads[HEADS_MAX][16];
    int n = number % (HEADS_MAX + 1);

    for (int h = 0; h < n; h++) {
        /* Mostly the one before; sometimes one that is not listed. */
        int head = h == 0 ? number - 1 : (number * 31 + h * 17) % (EACH + 2);

        session_id(heads[h], head);
        seen[item][head] = true;
    }
    mrs_listing_saw(l, find(l, item, number), heads[0], (size_t)n);
}

/* Whatever the order, backwards too. */
static void
what_was_seen_is_marked_in_any_order(void **state)
{
    static const int steps[] = { 1, EACH - 1, 77 };

    (void)state;
    for (size_t s = 0; s < sizeof steps / sizeof steps[0]; s++) {
        static bool seen[ITEMS][EACH + 2];
        struct mrs_listing l = MRS_LISTING_INIT;

        memset(seen, 0, sizeof seen);
        fill(&l, s % 2 == 0);
        for (int i = 0, number = 0; i < EACH; i++, number = (number + steps[s]) % EACH)
            for (int item = 0; item < ITEMS; item++)
                say(&l, seen, item, number);
        for (int item = 0; item < ITEMS; item++)
            for (int n = 0; n < EACH; n++)
                assert_int_equal(mrs_listing_at(&l, find(&l, item, n) - 1)->seen, seen[item][n]);
        mrs_listing_free(&l);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_is_found_and_nothing_else),
        cmocka_unit_test(what_was_seen_is_marked_in_any_order),
    };

    return cmocka_run_group_tests_name("listing", tests, NULL, NULL);
}
