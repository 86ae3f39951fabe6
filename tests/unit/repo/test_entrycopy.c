#include "kit.h"

#include <string.h>

#include "repo/entrycopy.h"
#include "same_entries.h"

enum { BYTES = 9 * 16 };

/* An entry that borrows every slice from `from`. */
static void
borrow(const uint8_t from[BYTES], struct mrs_entry *e, struct mrs_entry_stat *st)
{
    memset(e, 0, sizeof *e);
    memset(st, 0, sizeof *st);
    e->name = (struct mrs_slice){ from, 16 };
    e->type = MRS_ENTRY_DIR;
    e->user = (struct mrs_slice){ from + 16, 15 };
    e->group = (struct mrs_slice){ from + 32, 14 };
    e->target = (struct mrs_slice){ from + 48, 13 };
    e->link_group = (struct mrs_slice){ from + 64, 16 };
    e->sub.kind = MRS_SUB_INLINE;
    e->sub.node = (struct mrs_slice){ from + 80, 12 };
    e->size = 11;
    e->content = (struct mrs_content){ .kind = MRS_CONTENT_INLINE, .data = from + 96 };
    e->attrs_size = 10;
    e->attrs = (struct mrs_content){ .kind = MRS_CONTENT_INLINE, .data = from + 112 };
    st->sub_kind = MRS_SUB_INLINE;
    st->sub_node = (struct mrs_slice){ from + 128, 9 };
}

static void
a_copy_borrows_nothing(void **state)
{
    struct mrs_arena a = MRS_ARENA_INIT;
    uint8_t bytes[BYTES], same[BYTES];
    struct mrs_entry e, want;
    struct mrs_entry_stat st, want_st;

    (void)state;
    kit_noise(bytes, sizeof bytes, 3);
    memcpy(same, bytes, sizeof same);
    borrow(bytes, &e, &st);
    assert_int_equal(mrs_entry_own(&a, &e, &st, NULL), MARS_OK);
    memset(bytes, 0, sizeof bytes);
    borrow(same, &want, &want_st);
    assert_true(same_entry(&e, &want));
    assert_true(same_entry_stat(&st, &want_st));
    mrs_arena_free(&a);
    assert_int_equal(failing_alloc_live(), 0);
}

static void
content_that_is_elsewhere_and_what_is_empty_need_no_copy(void **state)
{
    struct mrs_arena a = MRS_ARENA_INIT;
    struct mrs_entry e = { .type = MRS_ENTRY_FILE, .size = 1000000,
                           .content = { .kind = MRS_CONTENT_CHUNK, .id = { 5 } } };

    (void)state;
    assert_int_equal(mrs_entry_own(&a, &e, NULL, NULL), MARS_OK);
    assert_int_equal(a.total, 0);
    assert_int_equal(e.content.id[0], 5);
    assert_null(e.name.p);
    mrs_arena_free(&a);
}

static mars_status
try_own(void *user)
{
    struct mrs_arena a = MRS_ARENA_INIT;
    struct mrs_entry e;
    struct mrs_entry_stat st;
    mars_status got;

    borrow(user, &e, &st);
    got = mrs_entry_own(&a, &e, &st, NULL);
    mrs_arena_free(&a);
    return got;
}

static void
copying_without_memory_ends_as_such(void **state)
{
    uint8_t bytes[BYTES] = { 0 };

    (void)state;
    assert_true(kit_fail_allocations(NULL, try_own, bytes, 1) > 0);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_copy_borrows_nothing),
        cmocka_unit_test(content_that_is_elsewhere_and_what_is_empty_need_no_copy),
        cmocka_unit_test(copying_without_memory_ends_as_such),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
