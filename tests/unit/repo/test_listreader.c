#include "kit.h"

#include <stdlib.h>
#include <string.h>

#include "base/vec.h"
#include "listed.h"
#include "repo/listreader.h"
#include "repo/treewriter.h"

enum { REFS = 3000, SIZE = REFS * 10 + REFS / 2 };

static mars_status
put(void *user, uint8_t cls, const void *data, size_t n, uint8_t id[32], mars_error *err)
{
    uint64_t stored;

    return mrs_session_put(user, cls, data, n, id, &stored, err);
}

/* A list of level two at least: each reference of 10 bytes ends its leaf, every second one has a
 * hole of a byte before it. */
static void
make_list(struct kit *k, struct mrs_content *c)
{
    struct mrs_session *s = kit_begin(k, 1);
    struct mrs_list_writer *w = NULL;
    uint64_t size;

    assert_int_equal(mrs_list_writer_new(&w, put, s, NULL), MARS_OK);
    for (uint64_t n = 0; n < REFS; n++) {
        uint8_t id[32] = { [8] = (uint8_t)n, [9] = (uint8_t)(n >> 8) };

        assert_int_equal(mrs_list_writer_extent(w, n % 2, 10, NULL), MARS_OK);
        assert_int_equal(mrs_list_writer_ref(w, id, 3, 10, NULL), MARS_OK);
    }
    assert_int_equal(mrs_list_writer_finish(w, c, &size, NULL), MARS_OK);
    assert_int_equal(size, SIZE);
    assert_true(c->level >= 2);
    mrs_list_writer_free(w);
    kit_commit(s);
    assert_int_equal(listed_index_refresh(k->d, false, NULL, NULL, NULL), MARS_OK);
}

static struct mrs_list_reader *
open_reader(const struct kit *k, const struct mrs_content *c, uint64_t size)
{
    struct mrs_list_reader *r = NULL;

    assert_int_equal(mrs_list_reader_new(&r, k->d, c, size, NULL), MARS_OK);
    return r;
}

static mars_status
keep(void *user, const struct mrs_piece *p, mars_error *err)
{
    struct mrs_piece *at = mrs_vec_add(user);

    (void)err;
    assert_non_null(at);
    *at = *p;
    return MARS_OK;
}

/* The piece that a walk over all of them meets at the offset is the one that is found. */
static void
check(struct mrs_list_reader *r, const struct mrs_vec *pieces, uint64_t offset)
{
    const struct mrs_piece *due = pieces->items;
    struct mrs_piece p;

    while (due->offset + due->len <= offset)
        due++;
    assert_int_equal(mrs_list_reader_find(r, offset, &p, NULL), MARS_OK);
    assert_int_equal(p.offset, due->offset);
    assert_int_equal(p.len, due->len);
    assert_int_equal(p.hole, due->hole);
    assert_int_equal(p.chunk_offset, due->chunk_offset);
    assert_memory_equal(p.id, due->id, sizeof p.id);
    assert_null(p.inline_data);
}

static void
every_offset_finds_the_piece_that_a_walk_meets(void **state)
{
    struct kit *k = *state;
    struct mrs_vec pieces = MRS_VEC_INIT(struct mrs_piece);
    struct mrs_list_reader *r;
    struct mrs_content c;
    uint64_t x = 1;

    make_list(k, &c);
    assert_int_equal(mrs_content_each(k->d, &c, SIZE, keep, NULL, &pieces, NULL), MARS_OK);
    r = open_reader(k, &c, SIZE);
    for (int i = 0; i < 1000; i++) { /* by far more leaves than are kept */
        x = x * 6364136223846793005u + 1442695040888963407u;
        check(r, &pieces, (x >> 33) % SIZE);
    }
    for (uint64_t at = SIZE - 500; at < SIZE; at++)
        check(r, &pieces, at);
    check(r, &pieces, 0);
    mrs_list_reader_free(r);
    mrs_list_reader_free(NULL);
    mrs_vec_free(&pieces);
}

static void
a_place_costs_a_node_a_level_and_nothing_again(void **state)
{
    struct kit *k = *state;
    struct kit_failure none = { .call = SPY_READ, .part = "/packs/meta/", .st = MARS_OK };
    struct mrs_list_reader *r;
    struct mrs_content c;
    struct mrs_piece p;
    size_t first, second;

    make_list(k, &c);
    r = open_reader(k, &c, SIZE);
    assert_int_equal(mrs_list_reader_find(r, 0, &p, NULL), MARS_OK); /* the pack's header too */
    kit_spy(k, kit_fail_spy, &none);
    assert_int_equal(mrs_list_reader_find(r, SIZE / 2, &p, NULL), MARS_OK);
    first = none.met;
    assert_true(first >= 1 && first <= c.level);
    assert_int_equal(mrs_list_reader_find(r, SIZE / 2, &p, NULL), MARS_OK);
    assert_int_equal(none.met, first);
    assert_int_equal(mrs_list_reader_find(r, p.offset + p.len, &p, NULL), MARS_OK);
    second = none.met - first;
    assert_true(second <= 2);
    kit_spy(k, NULL, NULL);
    mrs_list_reader_free(r);
}

static void
after_a_failure_it_can_be_asked_again(void **state)
{
    struct kit *k = *state;
    struct kit_failure f = { .call = SPY_READ, .part = "/packs/meta/", .st = MARS_ERR_NETWORK };
    struct mrs_list_reader *r;
    struct mrs_content c;
    struct mrs_piece p;
    mars_status st = MARS_ERR_NETWORK;

    make_list(k, &c);
    for (f.skip = 0; st != MARS_OK; f.skip++) { /* until no read is left to fail */
        r = open_reader(k, &c, SIZE);
        f.met = 0;
        kit_spy(k, kit_fail_spy, &f);
        st = mrs_list_reader_find(r, SIZE / 2, &p, NULL);
        kit_spy(k, NULL, NULL);
        assert_int_equal(st, f.met > f.skip ? MARS_ERR_NETWORK : MARS_OK);
        assert_int_equal(mrs_list_reader_find(r, SIZE / 2, &p, NULL), MARS_OK);
        mrs_list_reader_free(r);
    }
    assert_true(f.skip >= 2); /* one did fail */
}

static void
other_contents_are_one_piece(void **state)
{
    struct kit *k = *state;
    struct mrs_content c = { .kind = MRS_CONTENT_INLINE, .data = (const uint8_t *)"inside" };
    struct mrs_list_reader *r = open_reader(k, &c, 6);
    struct mrs_piece p;

    assert_int_equal(mrs_list_reader_find(r, 4, &p, NULL), MARS_OK);
    assert_ptr_equal(p.inline_data, c.data);
    assert_int_equal(p.offset, 0);
    assert_int_equal(p.len, 6);
    mrs_list_reader_free(r);
    c = (struct mrs_content){ .kind = MRS_CONTENT_CHUNK, .offset = 7, .id = { 9 } };
    r = open_reader(k, &c, 50);
    assert_int_equal(mrs_list_reader_find(r, 49, &p, NULL), MARS_OK);
    assert_memory_equal(p.id, c.id, 32);
    assert_int_equal(p.chunk_offset, 7);
    assert_int_equal(p.len, 50);
    assert_null(p.inline_data);
    mrs_list_reader_free(r);
    c.kind = MRS_CONTENT_NONE;
    r = open_reader(k, &c, 1);
    assert_int_equal(mrs_list_reader_find(r, 0, &p, NULL), MARS_ERR_CORRUPT);
    mrs_list_reader_free(r);
    c.kind = 77;
    r = open_reader(k, &c, 1);
    assert_int_equal(mrs_list_reader_find(r, 0, &p, NULL), MARS_ERR_UNSUPPORTED);
    mrs_list_reader_free(r);
}

/* A parent that tells another size of a child than the child has is damaged, also where the child
 * was met under a right one. */
static void
sizes_that_do_not_agree_are_damage(void **state)
{
    struct kit *k = *state;
    struct mrs_session *s = kit_begin(k, 1);
    struct mrs_ref ref = { .len = 8 };
    struct mrs_list_node leaf = { .refs = &ref, .n_refs = 1, .size = 8 };
    struct mrs_list_child children[2] = { { .size = 8 }, { .size = 9 } };
    struct mrs_list_node top = { .level = 1, .children = children, .n_children = 2, .size = 17 };
    struct mrs_content c = { .kind = MRS_CONTENT_LIST, .level = 1 };
    struct mrs_buf bytes = MRS_BUF_INIT(1000);
    struct mrs_list_reader *r;
    struct mrs_piece p;

    assert_int_equal(mrs_list_encode(&leaf, &bytes, NULL), MARS_OK);
    (void)kit_store(s, MRS_CLASS_LIST, bytes.data, bytes.len, children[0].id);
    memcpy(children[1].id, children[0].id, 32);
    mrs_buf_reset(&bytes);
    assert_int_equal(mrs_list_encode(&top, &bytes, NULL), MARS_OK);
    (void)kit_store(s, MRS_CLASS_LIST, bytes.data, bytes.len, c.id);
    kit_commit(s);
    mrs_buf_free(&bytes);
    assert_int_equal(listed_index_refresh(k->d, false, NULL, NULL, NULL), MARS_OK);
    r = open_reader(k, &c, 17);
    assert_int_equal(mrs_list_reader_find(r, 16, &p, NULL), MARS_ERR_CORRUPT);
    assert_int_equal(mrs_list_reader_find(r, 7, &p, NULL), MARS_OK);
    assert_int_equal(mrs_list_reader_find(r, 16, &p, NULL), MARS_ERR_CORRUPT);
    mrs_list_reader_free(r);
    r = open_reader(k, &c, 18);
    assert_int_equal(mrs_list_reader_find(r, 7, &p, NULL), MARS_ERR_CORRUPT);
    mrs_list_reader_free(r);
}

struct attempt {
    struct kit *k;
    struct mrs_content c;
};

static mars_status
try_find(void *user)
{
    struct attempt *a = user;
    struct mrs_list_reader *r = NULL;
    struct mrs_piece p;
    mars_status st = mrs_list_reader_new(&r, a->k->d, &a->c, SIZE, NULL);

    for (uint64_t at = 0; st == MARS_OK && at < SIZE; at += SIZE / 5)
        st = mrs_list_reader_find(r, at, &p, NULL);
    mrs_list_reader_free(r);
    return st;
}

static void
every_failing_allocation_is_survived(void **state)
{
    struct attempt a = { .k = *state };

    make_list(a.k, &a.c);
    assert_int_equal(try_find(&a), MARS_OK); /* keys and pages are kept from now on */
    assert_true(kit_fail_allocations(NULL, try_find, &a, 1) > 10);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        KIT_TEST(every_offset_finds_the_piece_that_a_walk_meets),
        KIT_TEST(a_place_costs_a_node_a_level_and_nothing_again),
        KIT_TEST(after_a_failure_it_can_be_asked_again),
        KIT_TEST(other_contents_are_one_piece),
        KIT_TEST(sizes_that_do_not_agree_are_damage),
        KIT_TEST(every_failing_allocation_is_survived),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
