#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "format/field.h"
#include "format/keys.h"
#include "format/record.h"

/* A row of fields as bytes. */
static struct mrs_buf row = MRS_BUF_INIT(4096);

static int
reset(void **state)
{
    (void)state;
    mrs_buf_reset(&row);
    return 0;
}

static int
free_row(void **state)
{
    (void)state;
    mrs_buf_free(&row);
    return 0;
}

static struct mrs_wr
writer(void)
{
    return mrs_wr_init(&row, NULL);
}

static mars_status
decode(void)
{
    struct mrs_domain_record r;

    return mrs_domain_record_decode(&r, row.data, row.len, NULL);
}

/* A domain record that decodes, but for what a test adds in between. */
static void
good_until_name(struct mrs_wr *w)
{
    static const uint8_t id[16] = { 1 };

    mrs_field_bytes(w, 1, 1, id, sizeof id);
    mrs_field_bytes(w, 2, 1, "name", 4);
}

static void
an_unknown_field_is_passed_over_unless_it_is_critical(void **state)
{
    (void)state;
    for (int critical = 0; critical < 2; critical++) {
        struct mrs_wr w = writer();

        mrs_buf_reset(&row);
        good_until_name(&w);
        mrs_field_stamp(&w, 3, 1, (struct mrs_stamp){ 5, 6 });
        mrs_field_varint(&w, 900, critical, 1);
        assert_int_equal(w.st, MARS_OK);
        assert_int_equal(decode(), critical ? MARS_ERR_UNSUPPORTED : MARS_OK);
    }
}

static void
a_field_that_is_missing_is_damage(void **state)
{
    struct mrs_wr w = writer();

    (void)state;
    good_until_name(&w);
    assert_int_equal(decode(), MARS_ERR_CORRUPT);
    mrs_field_stamp(&w, 3, 1, (struct mrs_stamp){ 0, 0 });
    assert_int_equal(decode(), MARS_OK);
}

static void
a_field_that_stands_twice_or_out_of_order_is_damage(void **state)
{
    struct mrs_wr w = writer();

    (void)state;
    good_until_name(&w);
    mrs_field_bytes(&w, 2, 1, "name", 4);
    mrs_field_stamp(&w, 3, 1, (struct mrs_stamp){ 0, 0 });
    assert_int_equal(decode(), MARS_ERR_CORRUPT);
    mrs_buf_reset(&row);
    mrs_field_stamp(&w, 3, 1, (struct mrs_stamp){ 0, 0 });
    good_until_name(&w);
    assert_int_equal(decode(), MARS_ERR_CORRUPT);
}

static void
text_is_utf8_of_a_bounded_length(void **state)
{
    static const char *const wrong[] = { "\xff", "\xc0\x80", "\xed\xa0\x80", "\xf4\x90\x80\x80",
                                         "cut \xe2\x82" };
    char large[257];

    (void)state;
    memset(large, 'n', sizeof large);
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0] + 2; i++) {
        struct mrs_wr w = writer();
        static const uint8_t id[16] = { 1 };
        bool good = i == sizeof wrong / sizeof wrong[0];
        const char *text = i < sizeof wrong / sizeof wrong[0] ? wrong[i] : large;

        mrs_buf_reset(&row);
        mrs_field_bytes(&w, 1, 1, id, sizeof id);
        mrs_field_bytes(&w, 2, 1, text, text == large ? (good ? 255 : 256) : strlen(text));
        mrs_field_stamp(&w, 3, 1, (struct mrs_stamp){ 0, 0 });
        assert_int_equal(decode(), good ? MARS_OK : MARS_ERR_CORRUPT);
    }
}

static void
every_beginning_of_a_row_is_refused(void **state)
{
    struct mrs_wr w = writer();
    size_t len;

    (void)state;
    good_until_name(&w);
    mrs_field_stamp(&w, 3, 1, (struct mrs_stamp){ -1, 999999999 });
    assert_int_equal(decode(), MARS_OK);
    for (len = row.len; row.len-- > 0;)
        assert_int_equal(decode(), MARS_ERR_CORRUPT);
    row.len = len;
}

static void
times_have_less_than_a_second_of_nanoseconds(void **state)
{
    static const uint8_t bytes[] = { 0, 0x80, 0x94, 0xeb, 0xdc, 0x03 }; /* 1,000,000,000 */
    struct mrs_rd r = mrs_rd_init(bytes, sizeof bytes);

    (void)state;
    (void)mrs_stamp_read(&r);
    assert_true(r.bad);
}

static struct mrs_slot
slot(void)
{
    struct mrs_slot s = { .kind = MRS_SLOT_PASSPHRASE,
                          .passes = 3,
                          .memory_kib = 65536,
                          .lanes = 4 };

    return s;
}

static mars_status
decode_slots(struct mrs_slot *slots, size_t n)
{
    struct mrs_slot_set set = { .root_number = 1, .slots = slots, .n = n }, out;
    struct mrs_buf bytes = MRS_BUF_INIT(1 << 20);
    mars_status st;

    assert_int_equal(mrs_slot_set_encode(&set, &bytes, NULL), MARS_OK);
    st = mrs_slot_set_decode(&out, bytes.data, bytes.len, NULL);
    if (st == MARS_OK)
        mrs_slot_set_free(&out);
    mrs_buf_free(&bytes);
    return st;
}

static void
costs_out_of_bounds_are_not_run(void **state)
{
    static const struct {
        uint32_t passes, memory_kib, lanes;
        mars_status st;
    } cases[] = { { 2, 32768, 1, MARS_OK },
                  { 16, 1048576, 16, MARS_OK },
                  { 1, 65536, 4, MARS_ERR_UNSUPPORTED },
                  { 17, 65536, 4, MARS_ERR_UNSUPPORTED },
                  { 3, 32767, 4, MARS_ERR_UNSUPPORTED },
                  { 3, 1048577, 4, MARS_ERR_UNSUPPORTED },
                  { 3, 65536, 0, MARS_ERR_UNSUPPORTED },
                  { 3, 65536, 17, MARS_ERR_UNSUPPORTED } };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct mrs_slot s = slot();

        s.passes = cases[i].passes;
        s.memory_kib = cases[i].memory_kib;
        s.lanes = cases[i].lanes;
        assert_int_equal(decode_slots(&s, 1), cases[i].st);
    }
}

static void
a_set_holds_64_slots_at_most(void **state)
{
    struct mrs_slot slots[MRS_SLOTS_MAX + 1];

    (void)state;
    for (size_t i = 0; i <= MRS_SLOTS_MAX; i++)
        slots[i] = slot();
    assert_int_equal(decode_slots(slots, MRS_SLOTS_MAX), MARS_OK);
    assert_int_equal(decode_slots(slots, MRS_SLOTS_MAX + 1), MARS_ERR_CORRUPT);
    slots[0].kind = MRS_SLOT_RAW; /* which has no costs */
    assert_int_equal(decode_slots(slots, 1), MARS_ERR_CORRUPT);
}

static void
a_callers_slot_has_a_blob_of_a_bounded_length_and_no_other_has_one(void **state)
{
    static const struct {
        uint8_t kind;
        uint32_t len;
        mars_status st;
    } cases[] = { { MRS_SLOT_CALLER, 1, MARS_OK },
                  { MRS_SLOT_CALLER, MRS_SLOT_BLOB_MAX, MARS_OK },
                  { MRS_SLOT_CALLER, 0, MARS_ERR_CORRUPT },
                  { MRS_SLOT_RAW, 1, MARS_ERR_CORRUPT },
                  { MRS_SLOT_RAW, 0, MARS_OK } };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct mrs_slot s = { .kind = cases[i].kind, .blob = { .len = cases[i].len } };

        assert_int_equal(decode_slots(&s, 1), cases[i].st);
    }
}

/* One slot in a set, and its field 11: that is, a blob whose length is as said. */
static mars_status
decode_blob(size_t len)
{
    static const uint8_t zeros[MRS_SLOT_BLOB_MAX + 1];
    struct mrs_slot_set set = { .root_number = 1 }, out;
    struct mrs_buf bytes = MRS_BUF_INIT(1 << 20), one = MRS_BUF_INIT(1 << 20);
    struct mrs_wr w = mrs_wr_init(&bytes, NULL), inner = mrs_wr_init(&one, NULL);
    mars_status st;

    assert_int_equal(mrs_slot_set_encode(&set, &bytes, NULL), MARS_OK);
    mrs_field_bytes(&inner, 1, 1, zeros, MRS_SLOT_ID_SIZE);
    mrs_field_varint(&inner, 2, 1, MRS_SLOT_CALLER);
    mrs_field_bytes(&inner, 5, 1, zeros, 16);
    mrs_field_bytes(&inner, 9, 1, zeros, 32);
    mrs_field_bytes(&inner, 10, 1, zeros, MRS_WRAPPED_SIZE);
    mrs_field_bytes(&inner, 11, 1, zeros, len);
    mrs_field_bytes(&w, 3, 1, one.data, one.len);
    st = mrs_slot_set_decode(&out, bytes.data, bytes.len, NULL);
    if (st == MARS_OK)
        assert_int_equal(out.slots[0].blob.len, len);
    if (st == MARS_OK)
        mrs_slot_set_free(&out);
    mrs_buf_free(&bytes);
    mrs_buf_free(&one);
    return st;
}

static void
a_blob_that_is_empty_or_too_long_is_damage(void **state)
{
    (void)state;
    assert_int_equal(decode_blob(0), MARS_ERR_CORRUPT);
    assert_int_equal(decode_blob(1), MARS_OK);
    assert_int_equal(decode_blob(MRS_SLOT_BLOB_MAX), MARS_OK);
    assert_int_equal(decode_blob(MRS_SLOT_BLOB_MAX + 1), MARS_ERR_CORRUPT);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(an_unknown_field_is_passed_over_unless_it_is_critical, reset),
        cmocka_unit_test_setup(a_field_that_is_missing_is_damage, reset),
        cmocka_unit_test_setup(a_field_that_stands_twice_or_out_of_order_is_damage, reset),
        cmocka_unit_test_setup(text_is_utf8_of_a_bounded_length, reset),
        cmocka_unit_test_setup(every_beginning_of_a_row_is_refused, reset),
        cmocka_unit_test(times_have_less_than_a_second_of_nanoseconds),
        cmocka_unit_test(costs_out_of_bounds_are_not_run),
        cmocka_unit_test(a_set_holds_64_slots_at_most),
        cmocka_unit_test(a_callers_slot_has_a_blob_of_a_bounded_length_and_no_other_has_one),
        cmocka_unit_test(a_blob_that_is_empty_or_too_long_is_damage),
    };

    return cmocka_run_group_tests(tests, NULL, free_row);
}
