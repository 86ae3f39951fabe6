#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <string.h>

#include "base/alloc.h"
#include "failing_alloc.h"
#include "format/content.h"

enum { LIMIT = 1 << 20 };

/* Writes and reads c; 0 when it is refused, by both ways alike. */
static int
comes_back(const struct mrs_content *c, uint64_t size, uint64_t inline_max)
{
    struct mrs_buf b = MRS_BUF_INIT(LIMIT);
    mars_error err;
    struct mrs_wr w = mrs_wr_init(&b, &err);
    struct mrs_content got;
    struct mrs_rd r;

    mrs_content_write(&w, c, size);
    if (w.st != MARS_OK) {
        assert_int_equal(w.st, MARS_ERR_INTERNAL);
        mrs_buf_free(&b);
        return 0;
    }
    r = mrs_rd_init(b.data, b.len);
    mrs_content_read(&r, &got, size, inline_max);
    if (mrs_rd_done(&r)) {
        assert_int_equal(got.kind, c->kind);
        assert_int_equal(got.level, c->level);
        assert_int_equal(got.offset, c->offset);
        assert_memory_equal(got.id, c->id, sizeof got.id);
        if (c->kind == MRS_CONTENT_INLINE)
            assert_memory_equal(got.data, c->data, (size_t)size);
        for (size_t len = 0; len < b.len; len++) {
            struct mrs_rd cut = mrs_rd_init(b.data, len);

            mrs_content_read(&cut, &got, size, inline_max);
            assert_true(cut.bad);
        }
    }
    mrs_buf_free(&b);
    return !r.bad;
}

static void
content_of_each_kind_comes_back(void **state)
{
    static const uint8_t bytes[MRS_ATTRS_INLINE_MAX] = { 1, 2, 3 };
    struct mrs_content none = { .kind = MRS_CONTENT_NONE };
    struct mrs_content in = { .kind = MRS_CONTENT_INLINE, .data = bytes };
    struct mrs_content chunk = { .kind = MRS_CONTENT_CHUNK, .id = { 1, 2 }, .offset = 77 };
    struct mrs_content list = { .kind = MRS_CONTENT_LIST, .id = { 3 }, .level = MRS_LEVEL_MAX };

    (void)state;
    assert_true(comes_back(&none, 0, MRS_INLINE_MAX));
    assert_true(comes_back(&in, 1, MRS_INLINE_MAX));
    assert_true(comes_back(&in, 512, MRS_INLINE_MAX));
    assert_true(comes_back(&in, 2048, MRS_ATTRS_INLINE_MAX));
    assert_true(comes_back(&chunk, 5, MRS_INLINE_MAX));
    assert_true(comes_back(&chunk, MRS_CHUNK_MAX - 77, MRS_INLINE_MAX));
    assert_true(comes_back(&list, UINT64_MAX, MRS_INLINE_MAX));
}

static void
content_that_cannot_have_its_size_is_refused(void **state)
{
    static const uint8_t bytes[MRS_ATTRS_INLINE_MAX + 1] = { 1 };
    struct mrs_content c = { .kind = MRS_CONTENT_NONE, .data = bytes };

    (void)state;
    assert_false(comes_back(&c, 1, MRS_INLINE_MAX));
    c.kind = MRS_CONTENT_INLINE;
    assert_false(comes_back(&c, 0, MRS_INLINE_MAX));
    assert_false(comes_back(&c, 513, MRS_INLINE_MAX));
    assert_false(comes_back(&c, 2049, MRS_ATTRS_INLINE_MAX));
    c.kind = MRS_CONTENT_CHUNK;
    assert_false(comes_back(&c, 0, MRS_INLINE_MAX));
    assert_false(comes_back(&c, MRS_CHUNK_MAX + 1, MRS_INLINE_MAX));
    c.offset = 1;
    assert_false(comes_back(&c, MRS_CHUNK_MAX, MRS_INLINE_MAX));
    c.offset = UINT64_MAX;
    assert_false(comes_back(&c, 1, MRS_INLINE_MAX));
    c.offset = 0;
    c.kind = MRS_CONTENT_LIST;
    assert_false(comes_back(&c, 0, MRS_INLINE_MAX));
    c.level = MRS_LEVEL_MAX + 1;
    assert_false(comes_back(&c, 1, MRS_INLINE_MAX));
    c.level = 0;
    c.kind = 4;
    assert_false(comes_back(&c, 1, MRS_INLINE_MAX));
}

static void
readers_judge_what_writers_would_not_write(void **state)
{
    static const uint8_t list[] = { 3, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
                                    0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 8 };
    uint8_t bytes[sizeof list];
    struct mrs_content c;
    struct mrs_rd r = mrs_rd_init(list, sizeof list);

    (void)state;
    mrs_content_read(&r, &c, 9, MRS_INLINE_MAX);
    assert_true(mrs_rd_done(&r));
    memcpy(bytes, list, sizeof bytes);
    bytes[33] = 9; /* level */
    r = mrs_rd_init(bytes, sizeof bytes);
    mrs_content_read(&r, &c, 9, MRS_INLINE_MAX);
    assert_true(r.bad);
    memcpy(bytes, list, sizeof bytes);
    bytes[0] = 4; /* kind */
    r = mrs_rd_init(bytes, sizeof bytes);
    mrs_content_read(&r, &c, 9, MRS_INLINE_MAX);
    assert_true(r.bad);
    r = mrs_rd_init("\x00", 1);
    mrs_content_read(&r, &c, 1, MRS_INLINE_MAX);
    assert_true(r.bad);
    r = mrs_rd_init("\x01zz", 3);
    mrs_content_read(&r, &c, UINT64_MAX, MRS_INLINE_MAX);
    assert_true(r.bad);
}

static struct mrs_ref refs[] = { { .id = { 0xaa }, .offset = 5, .len = 300 },
                                 { .id = { 0xbb }, .offset = 0, .len = MRS_CHUNK_MAX } };
static struct mrs_extent extents[] = { { 4096, 100 }, { 0, 200 }, { 1, MRS_CHUNK_MAX },
                                       { (uint64_t)1 << 40, 0 } };
static struct mrs_list_child children[] = { { .id = { 1 }, .size = 7 },
                                            { .id = { 2 }, .size = (uint64_t)1 << 60 } };

static struct mrs_list_node
leaf_with_holes(void)
{
    struct mrs_list_node n = { .refs = refs, .n_refs = 2, .extents = extents, .n_extents = 4 };

    n.size = 4096 + 300 + 1 + MRS_CHUNK_MAX + ((uint64_t)1 << 40);
    return n;
}

static struct mrs_list_node
inner(void)
{
    struct mrs_list_node n = { .level = 3, .children = children, .n_children = 2 };

    n.size = 7 + ((uint64_t)1 << 60);
    return n;
}

static void
expect_list(const struct mrs_list_node *n)
{
    struct mrs_buf b = MRS_BUF_INIT(LIMIT);
    struct mrs_list_node got;
    mars_error err;

    assert_int_equal(mrs_list_encode(n, &b, &err), MARS_OK);
    assert_int_equal(mrs_list_decode(&got, b.data, b.len, &err), MARS_OK);
    assert_int_equal(got.level, n->level);
    assert_int_equal(got.size, n->size);
    assert_int_equal(got.n_refs, n->n_refs);
    assert_int_equal(got.n_extents, n->n_extents);
    assert_int_equal(got.n_children, n->n_children);
    for (size_t i = 0; i < n->n_refs; i++) {
        assert_memory_equal(got.refs[i].id, n->refs[i].id, 32);
        assert_int_equal(got.refs[i].offset, n->refs[i].offset);
        assert_int_equal(got.refs[i].len, n->refs[i].len);
    }
    for (size_t i = 0; i < n->n_extents; i++) {
        assert_int_equal(got.extents[i].hole, n->extents[i].hole);
        assert_int_equal(got.extents[i].data, n->extents[i].data);
    }
    for (size_t i = 0; i < n->n_children; i++) {
        assert_memory_equal(got.children[i].id, n->children[i].id, 32);
        assert_int_equal(got.children[i].size, n->children[i].size);
    }
    mrs_list_free(&got);
    for (size_t len = 0; len < b.len; len++) {
        assert_int_equal(mrs_list_decode(&got, b.data, len, &err), MARS_ERR_CORRUPT);
        mrs_list_free(&got);
    }
    assert_int_equal(mrs_buf_append(&b, "", 1, &err), MARS_OK);
    assert_int_equal(mrs_list_decode(&got, b.data, b.len, &err), MARS_ERR_CORRUPT);
    mrs_buf_free(&b);
    assert_int_equal(failing_alloc_live(), 0);
}

static void
list_nodes_come_back(void **state)
{
    struct mrs_list_node n = leaf_with_holes();

    (void)state;
    expect_list(&n);
    n.n_extents = 0; /* no holes */
    n.size = 300 + MRS_CHUNK_MAX;
    expect_list(&n);
    n.n_refs = 0; /* nothing but holes */
    n.extents = &extents[3];
    n.n_extents = 1;
    n.size = (uint64_t)1 << 40;
    expect_list(&n);
    n = inner();
    expect_list(&n);
}

static void
a_list_leaf_has_the_bytes_of_the_specification(void **state)
{
    static struct mrs_ref ref = { .id = { 9 }, .offset = 1, .len = 200 };
    static struct mrs_extent extent = { 3, 200 };
    struct mrs_list_node n = { .refs = &ref, .n_refs = 1, .extents = &extent, .n_extents = 1,
                               .size = 203 };
    struct mrs_buf b = MRS_BUF_INIT(LIMIT);
    mars_error err;

    (void)state;
    assert_int_equal(mrs_list_encode(&n, &b, &err), MARS_OK);
    assert_int_equal(b.len, 41);
    assert_memory_equal(b.data, "\x00\x01\x09\x00\x00", 5);
    assert_memory_equal(b.data + 34, "\x01\xc8\x01\x01\x03\xc8\x01", 7);
    mrs_buf_free(&b);
}

static void
list_nodes_that_do_not_add_up_are_refused(void **state)
{
    struct mrs_buf b = MRS_BUF_INIT(LIMIT);
    struct mrs_ref bad_ref = { .len = 0 };
    struct mrs_extent bad_extents[] = { { UINT64_MAX, 1 }, { 2, 0 } };
    struct mrs_list_child bad_children[] = { { .size = UINT64_MAX }, { .size = 1 } };
    struct mrs_list_node wrong[12], got;
    mars_error err;

    (void)state;
    for (size_t i = 0; i < 12; i++)
        wrong[i] = i < 8 ? leaf_with_holes() : inner();
    wrong[0].size++;
    wrong[1].n_extents = 3;    /* a hole less than its size says */
    wrong[2].n_refs = 1;       /* data without references */
    wrong[3].level = 1;
    wrong[4].refs = &bad_ref;  /* of no bytes */
    wrong[4].n_refs = 1;
    wrong[5].extents = bad_extents; /* over 2^64 */
    wrong[5].n_extents = 2;
    wrong[6].n_refs = wrong[6].n_extents = 0; /* nothing */
    wrong[6].size = 0;
    wrong[7].children = children;
    wrong[7].n_children = 2;
    wrong[8].level = MRS_LEVEL_MAX + 1;
    wrong[9].children = bad_children;
    wrong[9].size = 0;
    wrong[10].n_children = 0;
    wrong[10].size = 0;
    wrong[11].level = 0;
    for (size_t i = 0; i < 12; i++) {
        assert_int_equal(mrs_list_encode(&wrong[i], &b, &err), MARS_ERR_INTERNAL);
        assert_int_equal(b.len, 0);
    }
    /* What the encoder would not write: a reference that reaches past any chunk, and counts that
     * the bytes present cannot hold. */
    wrong[0] = leaf_with_holes();
    assert_int_equal(mrs_list_encode(&wrong[0], &b, &err), MARS_OK);
    b.data[2 + 32] = 6; /* the first offset: still in order */
    assert_int_equal(mrs_list_decode(&got, b.data, b.len, &err), MARS_OK);
    mrs_list_free(&got);
    b.data[2 + 32 + 3 + 32] = 1; /* the second offset: 1 + 16 MiB */
    assert_int_equal(mrs_list_decode(&got, b.data, b.len, &err), MARS_ERR_CORRUPT);
    failing_alloc_arm(0);
    assert_int_equal(mrs_list_decode(&got, (const uint8_t *)"\x00\x80\x80\x04", 4, &err),
                     MARS_ERR_CORRUPT);
    assert_int_equal(mrs_list_decode(&got, (const uint8_t *)"\x01\x80\x80\x04", 4, &err),
                     MARS_ERR_CORRUPT);
    assert_int_equal(mrs_list_decode(&got, b.data, (size_t)MRS_NODE_MAX + 1, &err),
                     MARS_ERR_CORRUPT);
    failing_alloc_arm(SIZE_MAX);
    mrs_list_free(NULL);
    mrs_buf_free(&b);
}

static void
lists_survive_every_failing_allocation(void **state)
{
    mars_status st = MARS_ERR_NOMEM;
    mars_error err;
    size_t n;

    (void)state;
    for (n = 0; st != MARS_OK; n++) {
        struct mrs_list_node leaf = leaf_with_holes(), in = inner();
        struct mrs_list_node got = { 0 }, got_inner = { 0 };
        struct mrs_buf b = MRS_BUF_INIT(LIMIT);
        size_t middle = 0;

        assert_in_range(n, 0, 50);
        failing_alloc_arm(n);
        st = mrs_list_encode(&leaf, &b, &err);
        if (st == MARS_OK) {
            middle = b.len;
            st = mrs_list_encode(&in, &b, &err);
            assert_int_equal(st != MARS_OK, b.len == middle);
        }
        if (st == MARS_OK)
            st = mrs_list_decode(&got, b.data, middle, &err);
        if (st == MARS_OK)
            st = mrs_list_decode(&got_inner, b.data + middle, b.len - middle, &err);
        assert_true(st == MARS_OK || st == MARS_ERR_NOMEM);
        mrs_list_free(&got);
        mrs_list_free(&got_inner);
        mrs_buf_free(&b);
        assert_int_equal(failing_alloc_live(), 0);
    }
    failing_alloc_arm(SIZE_MAX);
    assert_true(n > 5);
}

struct seen {
    char text[200];
    size_t count;
    size_t stop_at;
};

static mars_status
note_attr(void *user, const struct mrs_attr *a, mars_error *err)
{
    struct seen *s = user;

    (void)err;
    if (s->count == s->stop_at)
        return MARS_ERR_CANCELLED;
    s->count++;
    strncat(s->text, (const char *)a->name, a->name_len);
    strcat(s->text, "=");
    strncat(s->text, (const char *)a->value, a->value_len);
    strcat(s->text, ";");
    return MARS_OK;
}

static struct mrs_attr
attr(const char *name, const char *value)
{
    return (struct mrs_attr){ (const uint8_t *)name, strlen(name), (const uint8_t *)value,
                              strlen(value) };
}

static void
attribute_sets_come_back_in_order(void **state)
{
    const struct mrs_attr attrs[] = { attr("user.a", "1"), attr("user.ab", ""),
                                      attr("user.b", "two") };
    struct mrs_buf b = MRS_BUF_INIT(LIMIT);
    struct seen s = { "", 0, SIZE_MAX };
    mars_error err;

    (void)state;
    assert_int_equal(mrs_attrs_encode(attrs, 3, &b, &err), MARS_OK);
    assert_memory_equal(b.data, "\x03\x06user.a\x01" "1\x07user.ab\x00\x06user.b\x03two", b.len);
    assert_int_equal(mrs_attrs_decode(b.data, b.len, note_attr, &s, &err), MARS_OK);
    assert_string_equal(s.text, "user.a=1;user.ab=;user.b=two;");
    assert_int_equal(mrs_attrs_decode(b.data, b.len, NULL, NULL, &err), MARS_OK);
    s.stop_at = s.count + 1;
    assert_int_equal(mrs_attrs_decode(b.data, b.len, note_attr, &s, &err), MARS_ERR_CANCELLED);
    assert_int_equal(s.count, 4);
    mrs_buf_reset(&b);
    assert_int_equal(mrs_attrs_encode(NULL, 0, &b, &err), MARS_OK);
    assert_int_equal(b.len, 1);
    assert_int_equal(mrs_attrs_decode(b.data, b.len, note_attr, &s, &err), MARS_OK);
    assert_int_equal(s.count, 4);
    mrs_buf_free(&b);
}

static void
of_a_damaged_attribute_set_nothing_is_used(void **state)
{
    static const struct {
        const char *bytes;
        size_t len;
    } wrong[] = {
        { "", 0 },
        { "\x01\x01" "a\x00z", 5 },             /* a byte too many */
        { "\x02\x01" "a\x00", 4 },              /* one too few */
        { "\x02\x01" "b\x00\x01" "a\x00", 7 },  /* descending */
        { "\x02\x01" "a\x00\x01" "a\x00", 7 },  /* twice */
        { "\x02\x01" "a\x00\x00\x00", 6 },      /* no name */
        { "\x02\x01" "a\x00\x02" "b\x00\x00", 8 }, /* a NUL in it */
        { "\x01\x01" "a\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01", 13 },
        { "\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01", 10 },
    };
    struct seen s = { "", 0, SIZE_MAX };
    mars_error err;

    (void)state;
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++)
        assert_int_equal(mrs_attrs_decode((const uint8_t *)wrong[i].bytes, wrong[i].len, note_attr,
                                          &s, &err),
                         MARS_ERR_CORRUPT);
    assert_int_equal(s.count, 0);
    assert_int_equal(mrs_attrs_decode((const uint8_t *)"", MRS_ATTRS_MAX + 1, note_attr, &s, &err),
                     MARS_ERR_CORRUPT);
}

static void
disordered_attributes_are_not_written(void **state)
{
    const struct mrs_attr wrong[][2] = { { attr("b", ""), attr("a", "") },
                                         { attr("a", ""), attr("a", "") },
                                         { attr("", ""), attr("a", "") } };
    const struct mrs_attr nul = { (const uint8_t *)"a\0b", 3, NULL, 0 };
    struct mrs_buf b = MRS_BUF_INIT(LIMIT);
    mars_error err;

    (void)state;
    for (size_t i = 0; i < 3; i++)
        assert_int_equal(mrs_attrs_encode(wrong[i], 2, &b, &err), MARS_ERR_INTERNAL);
    assert_int_equal(mrs_attrs_encode(&nul, 1, &b, &err), MARS_ERR_INTERNAL);
    assert_int_equal(b.len, 0);
    mrs_buf_free(&b);
}

static void
attribute_sets_have_a_limit(void **state)
{
    struct mrs_buf b = MRS_BUF_INIT((size_t)32 << 20);
    uint8_t *value = mrs_alloc(MRS_ATTRS_MAX);
    struct mrs_attr a = { (const uint8_t *)"a", 1, value, MRS_ATTRS_MAX - 7 };
    mars_error err;

    (void)state;
    assert_int_equal(mrs_attrs_encode(&a, 1, &b, &err), MARS_OK);
    assert_int_equal(b.len, MRS_ATTRS_MAX);
    assert_int_equal(mrs_attrs_decode(b.data, b.len, NULL, NULL, &err), MARS_OK);
    mrs_buf_reset(&b);
    a.value_len++;
    assert_int_equal(mrs_attrs_encode(&a, 1, &b, &err), MARS_ERR_UNSUPPORTED);
    assert_int_equal(b.len, 0);
    mrs_free(value);
    mrs_buf_free(&b);
}

static void
skipped_files_come_back_one_by_one(void **state)
{
    const struct mrs_skip in[] = {
        { (const uint8_t *)"/a\xff", 3, MRS_SKIP_UNREADABLE, 13, "permission denied", 17 },
        { (const uint8_t *)"/b", 2, 4000000000u, 4000000000u, "", 0 },
    };
    struct mrs_buf b = MRS_BUF_INIT(LIMIT);
    struct mrs_skip got;
    mars_error err;
    struct mrs_rd r;

    (void)state;
    for (size_t i = 0; i < 2; i++)
        assert_int_equal(mrs_skip_encode(&in[i], &b, &err), MARS_OK);
    assert_memory_equal(b.data, "\x03/a\xff\x01\x0d\x11permission denied\x02/b", 27);
    r = mrs_rd_init(b.data, b.len);
    for (size_t i = 0; i < 2; i++) {
        mrs_skip_decode(&r, &got);
        assert_false(r.bad);
        assert_int_equal(got.path_len, in[i].path_len);
        assert_memory_equal(got.path, in[i].path, in[i].path_len);
        assert_int_equal(got.reason, in[i].reason);
        assert_int_equal(got.os_code, in[i].os_code);
        assert_int_equal(got.message_len, in[i].message_len);
        assert_memory_equal(got.message, in[i].message, in[i].message_len);
    }
    assert_true(mrs_rd_done(&r));
    for (size_t len = 0; len < 24; len++) {
        r = mrs_rd_init(b.data, len);
        mrs_skip_decode(&r, &got);
        assert_true(r.bad);
        assert_null(got.path);
    }
    mrs_buf_free(&b);
}

static void
damaged_skipped_files_are_refused(void **state)
{
    struct mrs_skip no_path = { .reason = 1 };
    struct mrs_skip no_reason = { .path = (const uint8_t *)"/", .path_len = 1 }, got;
    struct mrs_buf b = MRS_BUF_INIT(LIMIT);
    mars_error err;
    struct mrs_rd r;

    (void)state;
    assert_int_equal(mrs_skip_encode(&no_path, &b, &err), MARS_ERR_INTERNAL);
    assert_int_equal(mrs_skip_encode(&no_reason, &b, &err), MARS_ERR_INTERNAL);
    r = mrs_rd_init("\x00\x01\x00\x00", 4);
    mrs_skip_decode(&r, &got);
    assert_true(r.bad);
    r = mrs_rd_init("\x01/\x00\x00\x00", 5);
    mrs_skip_decode(&r, &got);
    assert_true(r.bad);
    r = mrs_rd_init("\x01/\x80\x80\x80\x80\x10\x00\x00", 9); /* reason 2^32 */
    mrs_skip_decode(&r, &got);
    assert_true(r.bad);
    mrs_buf_free(&b);
}

static void
appending_survives_every_failing_allocation(void **state)
{
    const struct mrs_attr attrs[] = { attr("user.a", "1"), attr("user.ab", "") };
    const struct mrs_skip skip = { (const uint8_t *)"/a", 2, 1, 13, "permission denied", 17 };
    mars_status st = MARS_ERR_NOMEM;
    mars_error err;
    size_t n;

    (void)state;
    for (n = 0; st != MARS_OK; n++) {
        struct mrs_buf b = MRS_BUF_INIT(LIMIT);

        assert_in_range(n, 0, 50);
        failing_alloc_arm(n);
        st = MARS_OK;
        for (size_t i = 0; i < 20 && st == MARS_OK; i++) {
            size_t before = b.len;

            st = mrs_attrs_encode(attrs, 2, &b, &err);
            assert_int_equal(st != MARS_OK, b.len == before);
            before = b.len;
            if (st == MARS_OK) {
                st = mrs_skip_encode(&skip, &b, &err);
                assert_int_equal(st != MARS_OK, b.len == before);
            }
        }
        assert_true(st == MARS_OK || st == MARS_ERR_NOMEM);
        mrs_buf_free(&b);
        assert_int_equal(failing_alloc_live(), 0);
    }
    failing_alloc_arm(SIZE_MAX);
    assert_true(n > 3);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(content_of_each_kind_comes_back),
        cmocka_unit_test(content_that_cannot_have_its_size_is_refused),
        cmocka_unit_test(readers_judge_what_writers_would_not_write),
        cmocka_unit_test(list_nodes_come_back),
        cmocka_unit_test(a_list_leaf_has_the_bytes_of_the_specification),
        cmocka_unit_test(list_nodes_that_do_not_add_up_are_refused),
        cmocka_unit_test(lists_survive_every_failing_allocation),
        cmocka_unit_test(attribute_sets_come_back_in_order),
        cmocka_unit_test(of_a_damaged_attribute_set_nothing_is_used),
        cmocka_unit_test(disordered_attributes_are_not_written),
        cmocka_unit_test(attribute_sets_have_a_limit),
        cmocka_unit_test(skipped_files_come_back_one_by_one),
        cmocka_unit_test(damaged_skipped_files_are_refused),
        cmocka_unit_test(appending_survives_every_failing_allocation),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
