#include "kit.h"

#include <string.h>

#include "listed.h"
#include "repo/treewriter.h"

/* Chunks go into a session. */
struct sink {
    struct kit *k;
    struct mrs_session *s;
    size_t nodes;
};

static mars_status
put(void *user, uint8_t cls, const void *data, size_t n, uint8_t id[32], mars_error *err)
{
    struct sink *sink = user;
    uint64_t stored;

    sink->nodes++;
    return mrs_session_put(sink->s, cls, data, n, id, &stored, err);
}

static struct mrs_list_writer *
open_writer(struct sink *sink, struct kit *k)
{
    struct mrs_list_writer *w = NULL;

    *sink = (struct sink){ k, kit_begin(k, 1), 0 };
    assert_int_equal(mrs_list_writer_new(&w, put, sink, NULL), MARS_OK);
    return w;
}

static uint64_t
finish(struct mrs_list_writer *w, struct sink *sink, struct mrs_content *c)
{
    uint64_t size = 0;

    assert_int_equal(mrs_list_writer_finish(w, c, &size, NULL), MARS_OK);
    mrs_list_writer_free(w);
    kit_commit(sink->s);
    assert_int_equal(listed_index_refresh(sink->k->d, false, NULL, NULL, NULL), MARS_OK);
    return size;
}

/* Made-up references: id i is noise from seed i, so cuts fall where they may. */
static void
make_ref(uint64_t i, uint8_t id[32])
{
    kit_noise(id, 32, i + 7);
}

/* What a walk must give, in order: references of `len` bytes and holes. */
struct expect {
    uint64_t offset;
    uint64_t refs;       /* met so far */
    uint64_t in_ref;     /* bytes of the current one met */
    uint64_t ref_len;
    uint64_t hole_every; /* a hole before every nth reference; 0: none */
    uint64_t hole_len;
    uint64_t holes;
};

static mars_status
compare(void *user, const struct mrs_piece *p, mars_error *err)
{
    struct expect *x = user;
    uint8_t id[32];

    (void)err;
    assert_int_equal(p->offset, x->offset);
    x->offset += p->len;
    if (p->hole) {
        assert_true(x->hole_every > 0 && x->refs % x->hole_every == 0);
        assert_int_equal(x->in_ref, 0);
        assert_int_equal(p->len, x->hole_len);
        x->holes++;
        return MARS_OK;
    }
    make_ref(x->refs, id);
    assert_memory_equal(p->id, id, 32);
    assert_int_equal(p->chunk_offset, x->in_ref);
    x->in_ref += p->len;
    if (x->in_ref == x->ref_len) {
        x->in_ref = 0;
        x->refs++;
    }
    return MARS_OK;
}

static void
nothing_is_no_content_and_one_whole_chunk_is_itself(void **state)
{
    struct kit *k = *state;
    struct sink sink;
    struct mrs_list_writer *w = open_writer(&sink, k);
    struct mrs_content c;
    uint8_t id[32];

    assert_int_equal(finish(w, &sink, &c), 0);
    assert_int_equal(c.kind, MRS_CONTENT_NONE);
    w = open_writer(&sink, k);
    make_ref(0, id);
    assert_int_equal(mrs_list_writer_extent(w, 0, 50, NULL), MARS_OK);
    assert_int_equal(mrs_list_writer_ref(w, id, 9, 50, NULL), MARS_OK);
    assert_int_equal(finish(w, &sink, &c), 50);
    assert_int_equal(c.kind, MRS_CONTENT_CHUNK);
    assert_int_equal(c.offset, 9);
    assert_memory_equal(c.id, id, 32);
    assert_int_equal(sink.nodes, 0);
    mrs_list_writer_free(NULL);
}

static void
a_stream_that_is_one_hole_is_a_list_without_references(void **state)
{
    struct kit *k = *state;
    struct sink sink;
    struct mrs_list_writer *w = open_writer(&sink, k);
    struct expect x = { .hole_every = 1, .hole_len = (uint64_t)100 << 40 };
    struct mrs_content c;

    assert_int_equal(mrs_list_writer_extent(w, (uint64_t)60 << 40, 0, NULL), MARS_OK);
    assert_int_equal(mrs_list_writer_extent(w, (uint64_t)40 << 40, 0, NULL), MARS_OK);
    assert_int_equal(finish(w, &sink, &c), (uint64_t)100 << 40);
    assert_int_equal(c.kind, MRS_CONTENT_LIST);
    assert_int_equal(mrs_content_each(k->d, &c, (uint64_t)100 << 40, compare, NULL, &x, NULL),
                     MARS_OK);
    assert_int_equal(x.holes, 1);
}

static void
holes_before_within_and_behind_the_data_come_back(void **state)
{
    static const uint8_t want[] = "\0\0\0abcd\0\0efgh\0\0\0\0";
    struct kit *k = *state;
    struct sink sink;
    struct mrs_list_writer *w = open_writer(&sink, k);
    struct mrs_buf got = MRS_BUF_INIT(100);
    struct mrs_content c;
    uint8_t id[32];

    /* The hole lies in the midst of the one chunk's bytes. */
    (void)kit_store(sink.s, MRS_CLASS_ATTRS, "abcdefgh", 8, id);
    assert_int_equal(mrs_list_writer_extent(w, 3, 4, NULL), MARS_OK);
    assert_int_equal(mrs_list_writer_extent(w, 2, 4, NULL), MARS_OK);
    assert_int_equal(mrs_list_writer_ref(w, id, 0, 8, NULL), MARS_OK);
    assert_int_equal(mrs_list_writer_extent(w, 4, 0, NULL), MARS_OK);
    assert_int_equal(finish(w, &sink, &c), 17);
    assert_int_equal(c.kind, MRS_CONTENT_LIST);
    assert_int_equal(mrs_content_get(k->d, &c, 17, MRS_CLASS_ATTRS, &got, NULL), MARS_OK);
    assert_int_equal(got.len, 17);
    assert_memory_equal(got.data, want, 17);
    mrs_buf_free(&got);
}

/* n references, with holes now and then; extents come in pieces and run ahead of references. */
static uint64_t
write_many(struct kit *k, uint64_t n, const struct expect *x, struct mrs_content *c, size_t *nodes)
{
    struct sink sink;
    struct mrs_list_writer *w = open_writer(&sink, k);
    uint64_t size;

    for (uint64_t i = 0; i < n; i++) {
        uint64_t hole = x->hole_every > 0 && i % x->hole_every == 0 ? x->hole_len : 0;
        uint8_t id[32];

        make_ref(i, id);
        assert_int_equal(mrs_list_writer_extent(w, hole, x->ref_len / 2, NULL), MARS_OK);
        assert_int_equal(mrs_list_writer_extent(w, 0, x->ref_len - x->ref_len / 2, NULL), MARS_OK);
        assert_int_equal(mrs_list_writer_ref(w, id, 0, x->ref_len, NULL), MARS_OK);
    }
    size = finish(w, &sink, c);
    *nodes = sink.nodes;
    return size;
}

static void
twenty_thousand_references_come_back_in_order(void **state)
{
    struct kit *k = *state;
    struct expect x = { .ref_len = 1 << 20 };
    struct mrs_content c, again;
    size_t nodes = 0;

    assert_int_equal(write_many(k, 20000, &x, &c, &nodes), (uint64_t)20000 << 20);
    assert_int_equal(c.kind, MRS_CONTENT_LIST);
    assert_true(c.level >= 1);
    assert_true(nodes > 3 && nodes < 200);
    assert_int_equal(mrs_content_each(k->d, &c, (uint64_t)20000 << 20, compare, NULL, &x, NULL),
                     MARS_OK);
    assert_int_equal(x.refs, 20000);
    /* The same stream gives the same list. */
    (void)write_many(k, 20000, &x, &again, &nodes);
    assert_memory_equal(c.id, again.id, 32);
    assert_int_equal(c.level, again.level);
}

static void
twenty_thousand_references_with_holes_come_back_in_order(void **state)
{
    struct kit *k = *state;
    struct expect x = { .ref_len = 4096, .hole_every = 3, .hole_len = 65536 };
    struct mrs_content c;
    uint64_t size = (uint64_t)20000 * 4096 + (uint64_t)6667 * 65536;
    size_t nodes = 0;

    assert_int_equal(write_many(k, 20000, &x, &c, &nodes), size);
    assert_int_equal(mrs_content_each(k->d, &c, size, compare, NULL, &x, NULL), MARS_OK);
    assert_int_equal(x.refs, 20000);
    assert_int_equal(x.holes, 6667);
}

/* Adds up what a walk gives: data must be as `data` says, all references of one length. */
struct sums {
    uint64_t offset, data, holes, last;
};

static mars_status
add_up(void *user, const struct mrs_piece *p, mars_error *err)
{
    struct sums *s = user;

    (void)err;
    assert_int_equal(p->offset, s->offset);
    s->offset += p->len;
    if (p->hole) {
        s->holes++;
        return MARS_OK;
    }
    s->data += p->len;
    s->last = p->id[8] | (uint64_t)p->id[9] << 8;
    return MARS_OK;
}

static void
numbered(uint64_t n, uint8_t id[32])
{
    memset(id, 0xff, 32);
    id[8] = (uint8_t)n;
    id[9] = (uint8_t)(n >> 8);
}

/* A file of sparse blocks: one chunk's bytes lie in many extents, in all more than a leaf has. */
static void
references_that_fill_many_extents_each_come_back(void **state)
{
    struct kit *k = *state;
    struct sink sink;
    struct mrs_list_writer *w = open_writer(&sink, k);
    struct sums sums = { 0, 0, 0, 0 };
    struct mrs_content c;
    uint64_t size = (uint64_t)100 * 256 * 8192;
    uint8_t id[32];

    for (uint64_t i = 0; i < 100; i++) {
        for (int e = 0; e < 256; e++)
            assert_int_equal(mrs_list_writer_extent(w, 4096, 4096, NULL), MARS_OK);
        numbered(i, id);
        assert_int_equal(mrs_list_writer_ref(w, id, 0, 1 << 20, NULL), MARS_OK);
    }
    assert_int_equal(finish(w, &sink, &c), size);
    assert_int_equal(c.kind, MRS_CONTENT_LIST);
    assert_true(c.level >= 1);
    assert_int_equal(mrs_content_each(k->d, &c, size, add_up, NULL, &sums, NULL), MARS_OK);
    assert_int_equal(sums.offset, size);
    assert_int_equal(sums.data, (uint64_t)100 << 20);
    assert_int_equal(sums.holes, 100 * 256);
    assert_int_equal(sums.last, 99);
}

static void
a_list_of_level_two_comes_back(void **state)
{
    struct kit *k = *state;
    struct sink sink;
    struct mrs_list_writer *w = open_writer(&sink, k);
    struct sums sums = { 0, 0, 0, 0 };
    struct mrs_content c;
    uint8_t id[32];

    /* Each reference ends its leaf: enough leaves that inner nodes end too. */
    for (uint64_t n = 0; n < 3000; n++) {
        numbered(n, id);
        memset(id, 0, 8);
        assert_int_equal(mrs_list_writer_extent(w, n % 2, 10, NULL), MARS_OK);
        assert_int_equal(mrs_list_writer_ref(w, id, 0, 10, NULL), MARS_OK);
    }
    assert_int_equal(finish(w, &sink, &c), 31500);
    assert_true(c.level >= 2);
    assert_true(sink.nodes > 3000);
    assert_int_equal(mrs_content_each(k->d, &c, 31500, add_up, NULL, &sums, NULL), MARS_OK);
    assert_int_equal(sums.data, 30000);
    assert_int_equal(sums.holes, 1500);
    assert_int_equal(sums.last, 2999);
}

static mars_status
dry_put(void *user, uint8_t cls, const void *data, size_t n, uint8_t id[32], mars_error *err)
{
    struct kit *k = user;

    return mrs_chunk_id(k->d, cls, data, n, id, err);
}

static mars_status
try_list(void *user)
{
    struct mrs_list_writer *w = NULL;
    struct mrs_content c;
    uint64_t size;
    mars_status st = mrs_list_writer_new(&w, dry_put, user, NULL);

    for (uint64_t i = 0; st == MARS_OK && i < 40; i++) {
        uint8_t id[32] = { 0 }; /* ends its leaf */

        st = mrs_list_writer_extent(w, i % 2 * 100, 30, NULL);
        if (st == MARS_OK)
            st = mrs_list_writer_ref(w, id, 0, 15, NULL);
        if (st == MARS_OK)
            st = mrs_list_writer_ref(w, id, 15, 15, NULL);
    }
    if (st == MARS_OK)
        st = mrs_list_writer_finish(w, &c, &size, NULL);
    mrs_list_writer_free(w);
    return st;
}

static void
writing_without_memory_ends_as_such(void **state)
{
    assert_true(kit_fail_allocations(NULL, try_list, *state, 1) > 50);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        KIT_TEST(nothing_is_no_content_and_one_whole_chunk_is_itself),
        KIT_TEST(a_stream_that_is_one_hole_is_a_list_without_references),
        KIT_TEST(holes_before_within_and_behind_the_data_come_back),
        KIT_TEST(twenty_thousand_references_come_back_in_order),
        KIT_TEST(twenty_thousand_references_with_holes_come_back_in_order),
        KIT_TEST(references_that_fill_many_extents_each_come_back),
        KIT_TEST(a_list_of_level_two_comes_back),
        KIT_TEST(writing_without_memory_ends_as_such),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
