#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <string.h>

#include "base/wr.h"
#include "failing_alloc.h"
#include "format/field.h"
#include "format/index.h"

enum { PACKS = 5, A_PACK = 3 };

/* A payload of PACKS packs that supersedes one object. */
static void
make(struct mrs_buf *out)
{
    static const uint8_t superseded[1][32] = { { 0x77 } };
    struct mrs_blob blobs[A_PACK];
    struct mrs_index_pack packs[PACKS];

    for (uint8_t i = 0; i < A_PACK; i++)
        blobs[i] = (struct mrs_blob){ .id = { i }, .slot = i, .sealed_len = 50, .raw_len = 34,
                                      .cls = MRS_CLASS_DATA, .codec = 1 };
    for (uint8_t i = 0; i < PACKS; i++)
        packs[i] = (struct mrs_index_pack){ .name = { i }, .kind = MRS_KIND_PACK_DATA,
                                            .size = 1000 + i, .blobs = blobs, .count = A_PACK };
    assert_int_equal(mrs_index_encode(superseded, 1, packs, PACKS, out, NULL), MARS_OK);
}

struct seen {
    size_t superseded;
    size_t packs;
    size_t blobs;
    uint64_t offset;
};

static mars_status
see_superseded(void *user, const uint8_t name[32], mars_error *err)
{
    (void)err;
    assert_int_equal(name[0], 0x77);
    ((struct seen *)user)->superseded++;
    return MARS_OK;
}

static mars_status
see_pack(void *user, const struct mrs_index_pack *p, mars_error *err)
{
    struct seen *s = user;

    (void)err;
    assert_int_equal(p->size, 1000 + p->name[0]);
    assert_int_equal(p->count, A_PACK);
    s->packs++;
    s->offset = MRS_HEADER_SIZE;
    return MARS_OK;
}

static mars_status
see_blob(void *user, const struct mrs_blob *b, mars_error *err)
{
    struct seen *s = user;

    (void)err;
    assert_int_equal(b->offset, s->offset);
    assert_int_equal(b->raw_len, 34);
    s->offset += b->sealed_len;
    s->blobs++;
    return MARS_OK;
}

static struct seen
read_back(const struct mrs_buf *b)
{
    struct seen s = { 0 };
    struct mrs_index_sink sink = { &s, see_superseded, see_pack, see_blob };

    assert_int_equal(mrs_index_decode(b->data, b->len, &sink, NULL), MARS_OK);
    return s;
}

static void
a_payload_comes_back_as_it_was_written(void **state)
{
    struct mrs_buf b = MRS_BUF_INIT(1 << 16);
    struct seen s;

    (void)state;
    make(&b);
    s = read_back(&b);
    assert_int_equal(s.superseded, 1);
    assert_int_equal(s.packs, PACKS);
    assert_int_equal(s.blobs, PACKS * A_PACK);
    mrs_buf_free(&b);
}

static mars_status
all_but_the_third(void *user, const uint8_t pack[32], bool *wanted, mars_error *err)
{
    (void)user;
    (void)err;
    *wanted = pack[0] != 2;
    return MARS_OK;
}

static void
packs_are_copied_and_what_the_object_supersedes_is_not(void **state)
{
    struct mrs_buf b = MRS_BUF_INIT(1 << 16), out = MRS_BUF_INIT(1 << 16);
    struct seen s;

    (void)state;
    make(&b);
    assert_int_equal(mrs_index_copy_packs(b.data, b.len, all_but_the_third, NULL, &out, NULL),
                     MARS_OK);
    s = read_back(&out);
    assert_int_equal(s.superseded, 0);
    assert_int_equal(s.packs, PACKS - 1);
    assert_int_equal(s.blobs, (PACKS - 1) * A_PACK);
    mrs_buf_free(&b);
    mrs_buf_free(&out);
}

static void
a_payload_with_fields_of_a_later_build_is_not_copied(void **state)
{
    struct mrs_buf b = MRS_BUF_INIT(1 << 16), out = MRS_BUF_INIT(1 << 16);
    struct mrs_wr w;

    (void)state;
    make(&b);
    w = mrs_wr_init(&b, NULL);
    mrs_field_bytes(&w, 9, 0, "new", 3);
    assert_int_equal(w.st, MARS_OK);
    (void)read_back(&b);
    assert_int_equal(mrs_index_copy_packs(b.data, b.len, all_but_the_third, NULL, &out, NULL),
                     MARS_ERR_UNSUPPORTED);
    assert_int_equal(out.len, 0);
    mrs_buf_free(&b);
    mrs_buf_free(&out);
}

static void
a_damaged_payload_is_not_copied(void **state)
{
    struct mrs_buf b = MRS_BUF_INIT(1 << 16), out = MRS_BUF_INIT(1 << 16);

    (void)state;
    make(&b);
    for (size_t n = 1; n < b.len; n++) {
        if (mrs_index_copy_packs(b.data, n, all_but_the_third, NULL, &out, NULL) == MARS_OK)
            (void)read_back(&out); /* cut between two fields */
        mrs_buf_reset(&out);
    }
    mrs_buf_free(&b);
    mrs_buf_free(&out);
}

static void
copying_survives_every_failing_allocation(void **state)
{
    struct mrs_buf b = MRS_BUF_INIT(1 << 16);
    mars_status st = MARS_ERR_NOMEM;
    size_t n, live;

    (void)state;
    make(&b);
    live = failing_alloc_live();
    for (n = 0; st != MARS_OK; n++) {
        struct mrs_buf out = MRS_BUF_INIT(1 << 16);

        failing_alloc_arm(n);
        st = mrs_index_copy_packs(b.data, b.len, all_but_the_third, NULL, &out, NULL);
        failing_alloc_arm(SIZE_MAX);
        assert_true(st == MARS_OK || st == MARS_ERR_NOMEM);
        mrs_buf_free(&out);
        assert_int_equal(failing_alloc_live(), live);
    }
    assert_true(n > 1);
    mrs_buf_free(&b);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_payload_comes_back_as_it_was_written),
        cmocka_unit_test(packs_are_copied_and_what_the_object_supersedes_is_not),
        cmocka_unit_test(a_payload_with_fields_of_a_later_build_is_not_copied),
        cmocka_unit_test(a_damaged_payload_is_not_copied),
        cmocka_unit_test(copying_survives_every_failing_allocation),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
