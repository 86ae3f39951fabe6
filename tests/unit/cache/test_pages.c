#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <string.h>

#include "cache/pages.h"
#include "failing_alloc.h"
#include "platform/thread.h"

static void
fill(uint8_t page[MRS_PAGE_SIZE], uint64_t owner, uint64_t number)
{
    memset(page, (int)(owner * 31 + number), MRS_PAGE_SIZE);
    memcpy(page, &owner, sizeof owner);
    memcpy(page + 8, &number, sizeof number);
}

static void
assert_page(const uint8_t page[MRS_PAGE_SIZE], uint64_t owner, uint64_t number)
{
    uint8_t want[MRS_PAGE_SIZE];

    fill(want, owner, number);
    assert_memory_equal(page, want, MRS_PAGE_SIZE);
}

static void
a_page_comes_back_as_it_was_put(void **state)
{
    struct mrs_pages *p = NULL;
    uint8_t page[MRS_PAGE_SIZE];

    (void)state;
    assert_int_equal(mrs_pages_new(&p, NULL), MARS_OK);
    assert_false(mrs_pages_get(p, 1, 0, page));
    for (uint64_t n = 0; n < 100; n++) {
        fill(page, 1 + n % 3, n);
        mrs_pages_put(p, 1 + n % 3, n, page);
    }
    for (uint64_t n = 0; n < 100; n++) {
        assert_true(mrs_pages_get(p, 1 + n % 3, n, page));
        assert_page(page, 1 + n % 3, n);
        assert_false(mrs_pages_get(p, 4, n, page));
    }
    mrs_pages_free(p);
    mrs_pages_free(NULL);
    assert_int_equal(failing_alloc_live(), 0);
}

static void
what_was_used_last_stays_and_memory_is_bounded(void **state)
{
    struct mrs_pages *p = NULL;
    uint8_t page[MRS_PAGE_SIZE];
    size_t kept = 0;

    (void)state;
    assert_int_equal(mrs_pages_new(&p, NULL), MARS_OK);
    fill(page, 1, 0);
    mrs_pages_put(p, 1, 0, page);
    for (uint64_t n = 1; n <= 20000; n++) {
        fill(page, 1, n);
        mrs_pages_put(p, 1, n, page);
        assert_true(mrs_pages_get(p, 1, 0, page)); /* asked for again and again */
        assert_page(page, 1, 0);
    }
    for (uint64_t n = 0; n <= 20000; n++)
        if (mrs_pages_get(p, 1, n, page)) {
            assert_page(page, 1, n);
            kept++;
        }
    assert_in_range(kept, 3000, 4096);
    mrs_pages_free(p);
}

static void
without_memory_nothing_is_kept_and_nothing_fails(void **state)
{
    struct mrs_pages *p = NULL;
    uint8_t page[MRS_PAGE_SIZE] = { 1 };
    mars_status st = MARS_ERR_NOMEM;

    (void)state;
    for (size_t n = 0; st != MARS_OK; n++) {
        failing_alloc_arm(n);
        st = mrs_pages_new(&p, NULL);
        failing_alloc_arm(SIZE_MAX);
        assert_true(st == MARS_OK || st == MARS_ERR_NOMEM);
        assert_true(st == MARS_OK || failing_alloc_live() == 0);
    }
    failing_alloc_arm(0);
    mrs_pages_put(p, 1, 1, page);
    failing_alloc_arm(SIZE_MAX);
    assert_false(mrs_pages_get(p, 1, 1, page));
    mrs_pages_put(p, 1, 1, page);
    assert_true(mrs_pages_get(p, 1, 1, page));
    mrs_pages_free(p);
    assert_int_equal(failing_alloc_live(), 0);
}

static void
use(void *user)
{
    struct mrs_pages *p = user;
    uint8_t page[MRS_PAGE_SIZE];

    for (uint64_t n = 0; n < 20000; n++) {
        uint64_t number = n * 7919 % 6000;

        if (mrs_pages_get(p, 1, number, page)) {
            assert_page(page, 1, number);
        } else {
            fill(page, 1, number);
            mrs_pages_put(p, 1, number, page);
        }
    }
}

static void
threads_share_it(void **state)
{
    struct mrs_thread *t[4];
    struct mrs_pages *p = NULL;

    (void)state;
    assert_int_equal(mrs_pages_new(&p, NULL), MARS_OK);
    for (size_t i = 0; i < 4; i++)
        assert_int_equal(mrs_thread_start(&t[i], use, p, NULL), MARS_OK);
    for (size_t i = 0; i < 4; i++)
        mrs_thread_join(t[i]);
    mrs_pages_free(p);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_page_comes_back_as_it_was_put),
        cmocka_unit_test(what_was_used_last_stays_and_memory_is_bounded),
        cmocka_unit_test(without_memory_nothing_is_kept_and_nothing_fails),
        cmocka_unit_test(threads_share_it),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
