#include "kit.h"
#include "listed.h"

#include <string.h>

static mars_status
get(const struct mrs_domain *d, const uint8_t id[32], uint8_t cls, struct mrs_buf *out,
    mars_error *err)
{
    mars_status st = listed_index_refresh(d, false, NULL, NULL, NULL);

    return st == MARS_OK ? mrs_chunk_get(d, id, cls, out, err) : st;
}

static void
equal_bytes_of_each_class_are_a_chunk_of_their_own(void **state)
{
    struct kit *k = *state;
    struct mrs_session *s = kit_begin(k, 1);
    uint8_t ids[7][32];

    for (uint8_t cls = MRS_CLASS_DATA; cls <= MRS_CLASS_SKIPPED; cls++) {
        assert_true(kit_store(s, cls, "same bytes", 10, ids[cls]) > 0);
        for (uint8_t other = MRS_CLASS_DATA; other < cls; other++)
            assert_memory_not_equal(ids[cls], ids[other], 32);
    }
    kit_commit(s);
    for (uint8_t cls = MRS_CLASS_DATA; cls <= MRS_CLASS_SKIPPED; cls++) {
        struct mrs_buf got = MRS_BUF_INIT(100);

        assert_int_equal(get(k->d, ids[cls], cls, &got, NULL), MARS_OK);
        assert_int_equal(got.len, 10);
        assert_memory_equal(got.data, "same bytes", 10);
        /* As any other class it is refused, and nothing is appended. */
        for (uint8_t other = MRS_CLASS_DATA; other <= MRS_CLASS_SKIPPED; other++)
            if (other != cls)
                assert_int_equal(get(k->d, ids[cls], other, &got, NULL), MARS_ERR_CORRUPT);
        assert_int_equal(got.len, 10);
        mrs_buf_free(&got);
    }
    /* Data in data packs, everything else in metadata packs. */
    assert_int_equal(kit_count(k, "packs/data/"), 1);
    assert_int_equal(kit_count(k, "packs/meta/"), 1);
}

static void
a_chunk_that_is_in_no_index_is_named(void **state)
{
    static const uint8_t id[32] = { 0xab, 0xcd };
    struct kit *k = *state;
    struct mrs_buf got = MRS_BUF_INIT(100);
    mars_error err;

    assert_int_equal(get(k->d, id, MRS_CLASS_DATA, &got, &err), MARS_ERR_CORRUPT);
    assert_non_null(strstr(err.message, "abcd0000"));
    assert_int_equal(mrs_chunk_get(k->d, id, MRS_CLASS_DATA, &got, NULL), MARS_ERR_CORRUPT);
    mrs_buf_free(&got);
}

static void
a_chunk_is_appended_within_the_limit_of_the_buffer(void **state)
{
    struct kit *k = *state;
    struct mrs_buf got = MRS_BUF_INIT(12);
    uint8_t id[32];

    kit_backup(k, 1, "0123456789", 10, id);
    assert_int_equal(mrs_buf_append(&got, "ab", 2, NULL), MARS_OK);
    assert_int_equal(get(k->d, id, MRS_CLASS_DATA, &got, NULL), MARS_OK);
    assert_memory_equal(got.data, "ab0123456789", 12);
    assert_int_not_equal(mrs_chunk_get(k->d, id, MRS_CLASS_DATA, &got, NULL), MARS_OK);
    assert_int_equal(got.len, 12);
    mrs_buf_free(&got);
}

static void
none_and_inline_content_need_no_vault(void **state)
{
    struct kit *k = *state;
    struct mrs_buf got = MRS_BUF_INIT(100);
    struct mrs_content c = { .kind = MRS_CONTENT_NONE };

    assert_int_equal(mrs_content_get(k->d, &c, 0, MRS_CLASS_ATTRS, &got, NULL), MARS_OK);
    assert_int_equal(mrs_content_get(k->d, &c, 1, MRS_CLASS_ATTRS, &got, NULL), MARS_ERR_CORRUPT);
    assert_int_equal(got.len, 0);
    c = (struct mrs_content){ .kind = MRS_CONTENT_INLINE, .data = (const uint8_t *)"inside" };
    assert_int_equal(mrs_content_get(k->d, &c, 6, MRS_CLASS_ATTRS, &got, NULL), MARS_OK);
    assert_memory_equal(got.data, "inside", 6);
    c.kind = 77;
    assert_int_equal(mrs_content_get(k->d, &c, 6, MRS_CLASS_ATTRS, &got, NULL),
                     MARS_ERR_UNSUPPORTED);
    mrs_buf_free(&got);
}

/* A list over two chunks of attributes: "0123456789" from 2 on, a hole of 5, "abc". */
static void
make_list(struct kit *k, struct mrs_content *c, uint64_t size)
{
    struct mrs_session *s = kit_begin(k, 1);
    struct mrs_ref refs[2] = { { .offset = 2, .len = 8 }, { .len = 3 } };
    struct mrs_extent extents[2] = { { 0, 8 }, { 5, 3 } };
    struct mrs_list_node n = { .refs = refs, .n_refs = 2, .extents = extents, .n_extents = 2,
                               .size = 16 };
    struct mrs_list_child child = { .size = 16 };
    struct mrs_list_node top = { .level = 1, .children = &child, .n_children = 1, .size = 16 };
    struct mrs_buf bytes = MRS_BUF_INIT(1000);

    (void)kit_store(s, MRS_CLASS_ATTRS, "0123456789", 10, refs[0].id);
    (void)kit_store(s, MRS_CLASS_ATTRS, "abc", 3, refs[1].id);
    assert_int_equal(mrs_list_encode(&n, &bytes, NULL), MARS_OK);
    (void)kit_store(s, MRS_CLASS_LIST, bytes.data, bytes.len, child.id);
    child.size = size;
    top.size = size;
    mrs_buf_reset(&bytes);
    assert_int_equal(mrs_list_encode(&top, &bytes, NULL), MARS_OK);
    memset(c, 0, sizeof *c);
    c->kind = MRS_CONTENT_LIST;
    c->level = 1;
    (void)kit_store(s, MRS_CLASS_LIST, bytes.data, bytes.len, c->id);
    kit_commit(s);
    mrs_buf_free(&bytes);
    assert_int_equal(listed_index_refresh(k->d, false, NULL, NULL, NULL), MARS_OK);
}

static void
a_list_gives_its_references_and_its_holes(void **state)
{
    static const uint8_t want[] = "23456789\0\0\0\0\0abc";
    struct kit *k = *state;
    struct mrs_buf got = MRS_BUF_INIT(16);
    struct mrs_content c;

    make_list(k, &c, 16);
    assert_int_equal(mrs_content_get(k->d, &c, 16, MRS_CLASS_ATTRS, &got, NULL), MARS_OK);
    assert_int_equal(got.len, 16);
    assert_memory_equal(got.data, want, 16);
    /* Beyond what the buffer may hold nothing is fetched. */
    assert_int_not_equal(mrs_content_get(k->d, &c, 16, MRS_CLASS_ATTRS, &got, NULL), MARS_OK);
    mrs_buf_reset(&got);
    /* The chunks that it lists are of the stream's class. */
    assert_int_equal(mrs_content_get(k->d, &c, 16, MRS_CLASS_DATA, &got, NULL), MARS_ERR_CORRUPT);
    mrs_buf_free(&got);
}

static mars_status
add_up(void *user, const struct mrs_piece *p, mars_error *err)
{
    uint64_t *at = user;

    (void)err;
    assert_int_equal(p->offset, *at);
    *at += p->len;
    return MARS_OK;
}

struct lost {
    uint64_t offset, len;
    size_t n;
    mars_status answer;
};

static mars_status
note_lost(void *user, uint64_t offset, uint64_t len, const mars_error *why, mars_error *err)
{
    struct lost *l = user;

    (void)err;
    assert_int_equal(why->status, MARS_ERR_CORRUPT);
    l->offset = offset;
    l->len = len;
    l->n++;
    return l->answer;
}

static mars_status
no_piece(void *user, const struct mrs_piece *p, mars_error *err)
{
    (void)user, (void)p, (void)err;
    return MARS_OK;
}

static void
a_list_of_another_size_or_level_is_damage(void **state)
{
    struct kit *k = *state;
    struct mrs_content c;
    struct lost l = { .answer = MARS_OK };
    uint64_t at = 0;

    make_list(k, &c, 17); /* the inner node says 17 of a leaf of 16 */
    assert_int_equal(mrs_content_each(k->d, &c, 17, add_up, NULL, &at, NULL), MARS_ERR_CORRUPT);
    assert_int_equal(mrs_content_each(k->d, &c, 17, no_piece, note_lost, &l, NULL), MARS_OK);
    assert_int_equal(l.n, 1);
    assert_int_equal(l.len, 17);
    make_list(k, &c, 16);
    at = 0;
    assert_int_equal(mrs_content_each(k->d, &c, 16, add_up, NULL, &at, NULL), MARS_OK);
    assert_int_equal(at, 16);
    assert_int_equal(mrs_content_each(k->d, &c, 15, add_up, NULL, &at, NULL), MARS_ERR_CORRUPT);
    c.level = 2;
    assert_int_equal(mrs_content_each(k->d, &c, 16, add_up, NULL, &at, NULL), MARS_ERR_CORRUPT);
}

static void
what_lost_answers_ends_the_walk(void **state)
{
    struct kit *k = *state;
    struct mrs_content c = { .kind = MRS_CONTENT_LIST, .id = { 1 } };
    struct lost l = { .answer = MARS_ERR_CANCELLED };

    assert_int_equal(mrs_content_each(k->d, &c, 9, no_piece, note_lost, &l, NULL),
                     MARS_ERR_CANCELLED);
    assert_int_equal(l.n, 1);
    assert_int_equal(l.offset, 0);
    assert_int_equal(l.len, 9);
}

static void
a_reference_past_its_chunk_is_damage(void **state)
{
    struct kit *k = *state;
    struct mrs_buf got = MRS_BUF_INIT(100);
    struct mrs_content c = { .kind = MRS_CONTENT_CHUNK };

    kit_backup(k, 1, "0123456789", 10, c.id);
    assert_int_equal(listed_index_refresh(k->d, false, NULL, NULL, NULL), MARS_OK);
    c.offset = 4;
    assert_int_equal(mrs_content_get(k->d, &c, 6, MRS_CLASS_DATA, &got, NULL), MARS_OK);
    assert_memory_equal(got.data, "456789", 6);
    assert_int_equal(mrs_content_get(k->d, &c, 7, MRS_CLASS_DATA, &got, NULL), MARS_ERR_CORRUPT);
    c.offset = UINT64_MAX;
    assert_int_equal(mrs_content_get(k->d, &c, 2, MRS_CLASS_DATA, &got, NULL), MARS_ERR_CORRUPT);
    mrs_buf_free(&got);
}

struct attempt {
    struct kit *k;
    struct mrs_content c;
};

static mars_status
try_get(void *user)
{
    struct attempt *a = user;
    struct mrs_buf got = MRS_BUF_INIT(16);
    struct mrs_domain *d = NULL;
    mars_status st = mrs_domain_open(&d, a->k->store, a->k->keys, NULL, NULL);

    if (st == MARS_OK)
        st = listed_index_refresh(d, false, NULL, NULL, NULL);
    if (st == MARS_OK)
        st = mrs_content_get(d, &a->c, 16, MRS_CLASS_ATTRS, &got, NULL);
    mrs_buf_free(&got);
    mrs_domain_close(d);
    return st;
}

static void
reading_without_memory_ends_as_such(void **state)
{
    struct attempt a = { .k = *state };

    make_list(a.k, &a.c, 16);
    assert_true(kit_fail_allocations(NULL, try_get, &a, 1) > 20);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        KIT_TEST(equal_bytes_of_each_class_are_a_chunk_of_their_own),
        KIT_TEST(a_chunk_that_is_in_no_index_is_named),
        KIT_TEST(a_chunk_is_appended_within_the_limit_of_the_buffer),
        KIT_TEST(none_and_inline_content_need_no_vault),
        KIT_TEST(a_list_gives_its_references_and_its_holes),
        KIT_TEST(a_list_of_another_size_or_level_is_damage),
        KIT_TEST(what_lost_answers_ends_the_walk),
        KIT_TEST(a_reference_past_its_chunk_is_damage),
        KIT_TEST(reading_without_memory_ends_as_such),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
