#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <string.h>

#include "base/err.h"
#include "crypto/digest.h"
#include "failing_alloc.h"
#include "vault/object.h"

static const uint8_t WRITER[16] = { 0x77 };
static const char NAME[] = "ledger/0000000000000001";

static const struct mrs_key KEY = { { 1, 2, 3 }, { 4, 5, 6 } };
static const struct mrs_key OTHER = { { 9, 2, 3 }, { 9, 5, 6 } };

/* A mrs_key_fn that has one key: user. */
static mars_status
find_one(void *user, const struct mrs_header *h, struct mrs_key *key, mars_error *err)
{
    const struct mrs_key *one = user;

    if (memcmp(h->key_id, one->id, sizeof one->id) != 0)
        return mrs_fail(err, MARS_ERR_KEY, "no such key");
    *key = *one;
    return MARS_OK;
}

/* One that gives its key whatever the header names. */
static mars_status
find_any(void *user, const struct mrs_header *h, struct mrs_key *key, mars_error *err)
{
    (void)h, (void)err;
    *key = *(const struct mrs_key *)user;
    return MARS_OK;
}

static struct mrs_buf
payload_of(const char *text)
{
    struct mrs_buf b = MRS_BUF_INIT(MRS_OBJECT_MAX);

    assert_int_equal(mrs_buf_append(&b, text, strlen(text), NULL), MARS_OK);
    return b;
}

/* An object with this payload. */
static struct mrs_buf
seal(uint8_t kind, const struct mrs_key *key, const char *context, const char *text)
{
    struct mrs_buf payload = payload_of(text), out = MRS_BUF_INIT(MRS_OBJECT_MAX);

    assert_int_equal(mrs_object_seal(kind, key, WRITER, context, &payload, &out, NULL), MARS_OK);
    mrs_buf_free(&payload);
    return out;
}

static mars_status
open_as(uint8_t kind, enum mrs_need need, const struct mrs_key *key, const char *context,
        const struct mrs_buf *object, struct mrs_buf *payload)
{
    struct mrs_key copy = *key;

    return mrs_object_open(kind, need, find_one, &copy, context, object->data, object->len,
                           payload, NULL);
}

/* Opens it as what seal() made by default, and forgets the payload. */
static mars_status
try_open(const struct mrs_buf *object)
{
    struct mrs_buf payload = MRS_BUF_INIT(MRS_OBJECT_MAX);
    mars_status st = open_as(MRS_KIND_LEDGER, MRS_NEED_READ, &KEY, NAME, object, &payload);

    assert_true(st == MARS_OK || payload.len == 0);
    mrs_buf_free(&payload);
    return st;
}

static void
what_is_sealed_opens_again_and_is_padded(void **state)
{
    (void)state;
    for (size_t n = 0; n < 3000; n = n * 5 / 4 + 1) {
        struct mrs_buf payload = MRS_BUF_INIT(MRS_OBJECT_MAX), out = MRS_BUF_INIT(MRS_OBJECT_MAX);
        struct mrs_buf back = MRS_BUF_INIT(MRS_OBJECT_MAX);
        struct mrs_header h;

        assert_int_equal(mrs_buf_resize(&payload, n, NULL), MARS_OK);
        for (size_t i = 0; i < n; i++)
            payload.data[i] = (uint8_t)(i * 3);
        assert_int_equal(mrs_object_seal(MRS_KIND_POINT, &KEY, WRITER, NAME, &payload, &out, NULL),
                         MARS_OK);
        assert_int_equal(out.len, mrs_padme(MRS_HEADER_SIZE + 4 + n + MRS_TAG_SIZE));
        assert_int_equal(mrs_header_decode(&h, out.data, out.len, NULL), MARS_OK);
        assert_int_equal(h.kind, MRS_KIND_POINT);
        assert_memory_equal(h.key_id, KEY.id, 16);
        assert_memory_equal(h.writer_id, WRITER, 16);
        /* Appended. */
        assert_int_equal(mrs_buf_append(&back, "ab", 2, NULL), MARS_OK);
        assert_int_equal(open_as(MRS_KIND_POINT, MRS_NEED_VERIFY, &KEY, NAME, &out, &back),
                         MARS_OK);
        assert_int_equal(back.len, n + 2);
        assert_memory_equal(back.data, "ab", 2);
        if (n > 0)
            assert_memory_equal(back.data + 2, payload.data, n);
        mrs_buf_free(&payload);
        mrs_buf_free(&out);
        mrs_buf_free(&back);
    }
}

static void
sealing_appends_and_no_two_objects_are_alike(void **state)
{
    struct mrs_buf payload = payload_of("the same"), out = MRS_BUF_INIT(MRS_OBJECT_MAX);
    struct mrs_buf second = MRS_BUF_INIT(MRS_OBJECT_MAX);
    size_t one;

    (void)state;
    assert_int_equal(
        mrs_object_seal(MRS_KIND_LEDGER, &KEY, WRITER, NAME, &payload, &out, NULL), MARS_OK);
    one = out.len;
    assert_int_equal(
        mrs_object_seal(MRS_KIND_LEDGER, &KEY, WRITER, NAME, &payload, &out, NULL), MARS_OK);
    assert_int_equal(out.len, 2 * one);
    assert_memory_not_equal(out.data + 64, out.data + one + 64, 32);  /* salt */
    assert_memory_not_equal(out.data + 144, out.data + one + 144, 8); /* sealed bytes */
    assert_int_equal(mrs_buf_append(&second, out.data + one, one, NULL), MARS_OK);
    assert_int_equal(try_open(&second), MARS_OK);
    mrs_buf_free(&payload);
    mrs_buf_free(&out);
    mrs_buf_free(&second);
}

static void
an_object_with_any_bit_flipped_is_refused(void **state)
{
    struct mrs_buf object = seal(MRS_KIND_LEDGER, &KEY, NAME, "payload of an object");

    (void)state;
    assert_int_equal(try_open(&object), MARS_OK);
    for (size_t i = 0; i < 8 * object.len; i++) {
        mars_status st;

        object.data[i / 8] ^= (uint8_t)(1 << i % 8);
        st = try_open(&object);
        object.data[i / 8] ^= (uint8_t)(1 << i % 8);
        if (st != MARS_ERR_CORRUPT && st != MARS_ERR_UNSUPPORTED && st != MARS_ERR_KEY)
            fail_msg("bit %zu gives status %d", i, (int)st);
        if (i / 8 >= MRS_HEADER_SIZE)
            assert_int_equal(st, MARS_ERR_CORRUPT);
    }
    mrs_buf_free(&object);
}

/* Also where the key is found whatever the header says. */
static void
a_header_with_any_bit_flipped_does_not_authenticate(void **state)
{
    struct mrs_buf object = seal(MRS_KIND_LEDGER, &KEY, NAME, "payload of an object");
    struct mrs_key key = KEY;

    (void)state;
    for (size_t i = 0; i < 8 * MRS_HEADER_SIZE; i++) {
        struct mrs_buf payload = MRS_BUF_INIT(MRS_OBJECT_MAX);
        mars_status st;

        object.data[i / 8] ^= (uint8_t)(1 << i % 8);
        st = mrs_object_open(MRS_KIND_LEDGER, MRS_NEED_READ, find_any, &key, NAME, object.data,
                             object.len, &payload, NULL);
        object.data[i / 8] ^= (uint8_t)(1 << i % 8);
        assert_true(st == MARS_ERR_CORRUPT || st == MARS_ERR_UNSUPPORTED);
        assert_int_equal(payload.len, 0);
    }
    mrs_buf_free(&object);
}

static void
an_object_of_any_other_length_is_refused(void **state)
{
    struct mrs_buf object = seal(MRS_KIND_LEDGER, &KEY, NAME, "payload of an object");
    struct mrs_buf cut = object;

    (void)state;
    for (cut.len = 0; cut.len < object.len; cut.len++)
        assert_int_equal(try_open(&cut), MARS_ERR_CORRUPT);
    assert_int_equal(mrs_buf_append(&object, "", 1, NULL), MARS_OK);
    assert_int_equal(try_open(&object), MARS_ERR_CORRUPT);
    mrs_buf_free(&object);
}

static void
an_object_under_another_name_is_refused(void **state)
{
    static const char *const names[] = { "ledger/0000000000000002", "", NULL,
                                         "ledger/000000000000000",
                                         "ledger/00000000000000010" };
    struct mrs_buf object = seal(MRS_KIND_LEDGER, &KEY, NAME, "payload");
    struct mrs_buf nameless = seal(MRS_KIND_LEDGER, &KEY, NULL, "payload");

    (void)state;
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        struct mrs_buf payload = MRS_BUF_INIT(100);

        assert_int_equal(
            open_as(MRS_KIND_LEDGER, MRS_NEED_READ, &KEY, names[i], &object, &payload),
            MARS_ERR_CORRUPT);
        assert_int_equal(payload.len, 0);
        mrs_buf_free(&payload);
    }
    assert_int_equal(try_open(&nameless), MARS_ERR_CORRUPT);
    mrs_buf_free(&object);
    mrs_buf_free(&nameless);
}

static void
an_object_of_another_kind_is_refused_by_name(void **state)
{
    struct mrs_buf object = seal(MRS_KIND_INDEX, &KEY, NAME, "payload");
    struct mrs_buf payload = MRS_BUF_INIT(100);
    struct mrs_key key = KEY;
    mars_error err;

    (void)state;
    assert_int_equal(mrs_object_open(MRS_KIND_LEDGER, MRS_NEED_READ, find_one, &key, NAME,
                                     object.data, object.len, &payload, &err),
                     MARS_ERR_CORRUPT);
    assert_non_null(strstr(err.message, "ledger record expected, but its kind is: index object"));
    /* Relabelled, it is the key that tells: it was derived for the other kind. */
    object.data[8] = MRS_KIND_LEDGER;
    assert_int_equal(try_open(&object), MARS_ERR_CORRUPT);
    mrs_buf_free(&object);
    mrs_buf_free(&payload);
}

static void
an_object_is_no_record_and_a_record_no_object(void **state)
{
    struct mrs_buf object = seal(MRS_KIND_MACHINE, &KEY, NAME, "payload");
    struct mrs_buf text = payload_of("payload"), record = MRS_BUF_INIT(MRS_RECORD_MAX);
    struct mrs_key key = KEY;
    const uint8_t *at;
    size_t n;

    (void)state;
    assert_int_equal(
        mrs_record_seal(MRS_KIND_LEDGER, &KEY, WRITER, NAME, &text, &record, NULL), MARS_OK);
    assert_int_equal(try_open(&record), MARS_ERR_CORRUPT);
    assert_int_equal(mrs_record_open(MRS_KIND_MACHINE, MRS_NEED_READ, find_one, &key, NAME,
                                     object.data, object.len, &at, &n, NULL),
                     MARS_ERR_CORRUPT);
    /* Nor where nobody has the key to check it. */
    assert_int_equal(mrs_record_open(MRS_KIND_MACHINE, MRS_NEED_READ, NULL, NULL, NAME,
                                     object.data, object.len, &at, &n, NULL),
                     MARS_ERR_CORRUPT);
    mrs_buf_free(&object);
    mrs_buf_free(&text);
    mrs_buf_free(&record);
}

static void
another_key_does_not_open_it(void **state)
{
    struct mrs_buf object = seal(MRS_KIND_LEDGER, &KEY, NAME, "payload");
    struct mrs_buf payload = MRS_BUF_INIT(100);
    struct mrs_key same_id = OTHER;

    (void)state;
    assert_int_equal(open_as(MRS_KIND_LEDGER, MRS_NEED_READ, &OTHER, NAME, &object, &payload),
                     MARS_ERR_KEY);
    memcpy(same_id.id, KEY.id, sizeof same_id.id);
    assert_int_equal(open_as(MRS_KIND_LEDGER, MRS_NEED_READ, &same_id, NAME, &object, &payload),
                     MARS_ERR_CORRUPT);
    assert_int_equal(payload.len, 0);
    mrs_buf_free(&object);
    mrs_buf_free(&payload);
}

/* An object as a newer build may write it: `h` has bits and a trailer, the trailer is appended, and
 * the padding may be damaged under the seal. */
static struct mrs_buf
seal_by_hand(struct mrs_header h, const char *trailer, const uint8_t *plain, size_t n)
{
    struct mrs_buf out = MRS_BUF_INIT(4096);
    uint8_t header[MRS_HEADER_SIZE], aad[MRS_HEADER_SIZE + sizeof NAME], key[MRS_KEY_SIZE];
    struct mrs_aead *aead = NULL;

    h.kind = MRS_KIND_LEDGER;
    h.mode = MRS_MODE_SYMMETRIC;
    h.body_len = n + MRS_TAG_SIZE;
    h.trailer_len = (uint32_t)strlen(trailer);
    assert_int_equal(mrs_object_new_key(&h, &KEY, key, NULL), MARS_OK);
    mrs_header_encode(&h, header);
    memcpy(aad, header, sizeof header);
    memcpy(aad + sizeof header, NAME, sizeof NAME - 1);
    assert_int_equal(mrs_aead_new(&aead, key, NULL), MARS_OK);
    assert_int_equal(mrs_buf_resize(&out, MRS_HEADER_SIZE + n + MRS_TAG_SIZE, NULL), MARS_OK);
    memcpy(out.data, header, sizeof header);
    assert_int_equal(mrs_aead_seal(aead, 0, aad, sizeof aad - 1, plain, n,
                                   out.data + MRS_HEADER_SIZE, NULL),
                     MARS_OK);
    assert_int_equal(mrs_buf_append(&out, trailer, strlen(trailer), NULL), MARS_OK);
    mrs_aead_free(aead);
    return out;
}

static const uint8_t PLAIN[16] = { 3, 0, 0, 0, 'a', 'b', 'c' };

static void
bits_that_this_build_does_not_know_forbid_their_operation_only(void **state)
{
    (void)state;
    for (int set = MRS_NEED_READ; set < MRS_NEEDS; set++)
        for (int bit = 0; bit < 32; bit += 31) {
            struct mrs_header h = { .kind = 0 };
            struct mrs_buf object;

            h.must[set] = UINT32_C(1) << bit;
            object = seal_by_hand(h, "", PLAIN, sizeof PLAIN);
            for (int need = MRS_NEED_READ; need < MRS_NEEDS; need++) {
                struct mrs_buf payload = MRS_BUF_INIT(100);
                mars_status st = open_as(MRS_KIND_LEDGER, (enum mrs_need)need, &KEY, NAME, &object,
                                         &payload);

                if (set == MRS_NEED_READ || set == need) {
                    assert_int_equal(st, MARS_ERR_UNSUPPORTED);
                    assert_int_equal(payload.len, 0);
                } else {
                    assert_int_equal(st, MARS_OK);
                    assert_int_equal(payload.len, 3);
                    assert_memory_equal(payload.data, "abc", 3);
                }
                mrs_buf_free(&payload);
            }
            mrs_buf_free(&object);
        }
}

static void
a_trailer_is_passed_over_but_not_verified(void **state)
{
    struct mrs_header h = { .kind = 0 };
    struct mrs_buf object = seal_by_hand(h, "a signature", PLAIN, sizeof PLAIN);
    struct mrs_buf payload = MRS_BUF_INIT(100);

    (void)state;
    assert_int_equal(open_as(MRS_KIND_LEDGER, MRS_NEED_READ, &KEY, NAME, &object, &payload),
                     MARS_OK);
    assert_int_equal(payload.len, 3);
    assert_int_equal(open_as(MRS_KIND_LEDGER, MRS_NEED_VERIFY, &KEY, NAME, &object, &payload),
                     MARS_ERR_UNSUPPORTED);
    object.len--;
    assert_int_equal(try_open(&object), MARS_ERR_CORRUPT);
    mrs_buf_free(&object);
    mrs_buf_free(&payload);
}

static void
padding_that_is_not_zero_and_lengths_that_lie_are_refused(void **state)
{
    struct mrs_header h = { .kind = 0 };
    uint8_t plain[sizeof PLAIN];

    (void)state;
    for (size_t i = 7; i < sizeof plain; i++) {
        struct mrs_buf object;

        memcpy(plain, PLAIN, sizeof plain);
        plain[i] = 1;
        object = seal_by_hand(h, "", plain, sizeof plain);
        assert_int_equal(try_open(&object), MARS_ERR_CORRUPT);
        mrs_buf_free(&object);
    }
    for (unsigned n = 0; n < 256; n++) {
        struct mrs_buf object;

        memset(plain, 0, sizeof plain);
        plain[n % 4] = (uint8_t)n;
        object = seal_by_hand(h, "", plain, sizeof plain);
        assert_int_equal(try_open(&object), n % 4 == 0 ? (n <= 12 ? MARS_OK : MARS_ERR_CORRUPT)
                                                       : MARS_ERR_CORRUPT);
        mrs_buf_free(&object);
    }
    for (size_t n = 0; n < 4; n++) {
        struct mrs_buf object = seal_by_hand(h, "", PLAIN, n);

        assert_int_equal(try_open(&object), MARS_ERR_CORRUPT);
        mrs_buf_free(&object);
    }
}

static void
a_payload_that_is_too_large_is_refused(void **state)
{
    struct mrs_buf payload = { (uint8_t *)(uintptr_t)1, MRS_OBJECT_MAX, MRS_OBJECT_MAX,
                               MRS_OBJECT_MAX };
    struct mrs_buf out = MRS_BUF_INIT(SIZE_MAX), small = MRS_BUF_INIT(160);

    (void)state;
    assert_int_equal(
        mrs_object_seal(MRS_KIND_INDEX, &KEY, WRITER, NAME, &payload, &out, NULL),
        MARS_ERR_UNSUPPORTED);
    assert_int_equal(out.len, 0);
    /* Nor is a part of it left where the buffer is full. */
    payload = payload_of("x");
    assert_int_equal(
        mrs_object_seal(MRS_KIND_INDEX, &KEY, WRITER, NAME, &payload, &small, NULL),
        MARS_ERR_CORRUPT);
    assert_int_equal(small.len, 0);
    mrs_buf_free(&payload);
    mrs_buf_free(&small);
}

/* A record of a machine, keyed, or of a vault, without a key. */
static struct mrs_buf
record(const struct mrs_key *key, const char *context, const char *text)
{
    struct mrs_buf payload = payload_of(text), out = MRS_BUF_INIT(MRS_RECORD_MAX);

    assert_int_equal(mrs_record_seal(key != NULL ? MRS_KIND_MACHINE : MRS_KIND_VAULT, key, WRITER,
                                     context, &payload, &out, NULL),
                     MARS_OK);
    mrs_buf_free(&payload);
    return out;
}

static mars_status
open_record(const struct mrs_buf *r, uint8_t kind, mrs_key_fn find, const struct mrs_key *key,
            const char *context, const char *expected)
{
    struct mrs_key copy = *key;
    const uint8_t *at = NULL;
    size_t n = 0;
    mars_status st = mrs_record_open(kind, MRS_NEED_READ, find, &copy, context, r->data, r->len,
                                     &at, &n, NULL);

    if (st == MARS_OK && expected != NULL) {
        assert_int_equal(n, strlen(expected));
        assert_memory_equal(at, expected, n);
        assert_true(at >= r->data && at + n <= r->data + r->len); /* borrowed */
    }
    return st;
}

static void
a_record_is_plain_and_checked_by_who_has_the_key(void **state)
{
    struct mrs_buf keyed = record(&KEY, NAME, "plain"), free_for_all = record(NULL, NAME, "vault");
    struct mrs_buf empty = record(&KEY, NAME, "");

    (void)state;
    assert_memory_equal(keyed.data + MRS_HEADER_SIZE, "plain", 5);
    assert_int_equal(open_record(&keyed, MRS_KIND_MACHINE, find_one, &KEY, NAME, "plain"),
                     MARS_OK);
    assert_int_equal(open_record(&keyed, MRS_KIND_MACHINE, NULL, &KEY, NAME, "plain"), MARS_OK);
    assert_int_equal(open_record(&empty, MRS_KIND_MACHINE, find_one, &KEY, NAME, ""), MARS_OK);
    assert_int_equal(open_record(&free_for_all, MRS_KIND_VAULT, NULL, &KEY, NAME, "vault"),
                     MARS_OK);
    assert_int_equal(open_record(&keyed, MRS_KIND_MACHINE, find_one, &OTHER, NAME, NULL),
                     MARS_ERR_KEY);
    assert_int_equal(open_record(&keyed, MRS_KIND_MACHINE, find_any, &OTHER, NAME, NULL),
                     MARS_ERR_CORRUPT);
    mrs_buf_free(&keyed);
    mrs_buf_free(&free_for_all);
    mrs_buf_free(&empty);
}

static void
a_record_with_any_bit_flipped_is_refused(void **state)
{
    struct mrs_buf r[2] = { record(&KEY, NAME, "plain"), record(NULL, NAME, "vault") };

    (void)state;
    for (size_t k = 0; k < 2; k++) {
        uint8_t kind = k == 0 ? MRS_KIND_MACHINE : MRS_KIND_VAULT;

        for (size_t i = 0; i < 8 * r[k].len; i++) {
            mars_status st;

            r[k].data[i / 8] ^= (uint8_t)(1 << i % 8);
            st = open_record(&r[k], kind, find_any, &KEY, NAME, NULL);
            r[k].data[i / 8] ^= (uint8_t)(1 << i % 8);
            if (st != MARS_ERR_CORRUPT && st != MARS_ERR_UNSUPPORTED)
                fail_msg("record %zu, bit %zu gives status %d", k, i, (int)st);
        }
        mrs_buf_free(&r[k]);
    }
}

static void
a_record_of_any_other_length_is_refused(void **state)
{
    struct mrs_buf r = record(&KEY, NAME, "plain"), cut = r;

    (void)state;
    for (cut.len = 0; cut.len < r.len; cut.len++) {
        assert_int_equal(open_record(&cut, MRS_KIND_MACHINE, find_one, &KEY, NAME, NULL),
                         MARS_ERR_CORRUPT);
        assert_int_equal(open_record(&cut, MRS_KIND_MACHINE, NULL, &KEY, NAME, NULL),
                         MARS_ERR_CORRUPT);
    }
    assert_int_equal(mrs_buf_append(&r, "", 1, NULL), MARS_OK);
    assert_int_equal(open_record(&r, MRS_KIND_MACHINE, NULL, &KEY, NAME, NULL), MARS_ERR_CORRUPT);
    mrs_buf_free(&r);
}

static void
a_record_under_another_name_is_refused(void **state)
{
    struct mrs_buf keyed = record(&KEY, NAME, "plain"), vault = record(NULL, NAME, "vault");

    (void)state;
    assert_int_equal(open_record(&keyed, MRS_KIND_MACHINE, find_one, &KEY, "other", NULL),
                     MARS_ERR_CORRUPT);
    assert_int_equal(open_record(&vault, MRS_KIND_VAULT, NULL, &KEY, "other", NULL),
                     MARS_ERR_CORRUPT);
    /* Without the key nobody can tell. */
    assert_int_equal(open_record(&keyed, MRS_KIND_MACHINE, NULL, &KEY, "other", "plain"), MARS_OK);
    mrs_buf_free(&keyed);
    mrs_buf_free(&vault);
}

/* A vault record has no key, all others have one: neither may pass for the other. */
static void
a_record_with_or_without_a_key_where_it_must_not_be_is_refused(void **state)
{
    struct mrs_buf payload = payload_of("x"), keyed = MRS_BUF_INIT(4096);
    struct mrs_buf unkeyed = MRS_BUF_INIT(4096);

    (void)state;
    assert_int_equal(
        mrs_record_seal(MRS_KIND_VAULT, &KEY, WRITER, NAME, &payload, &keyed, NULL), MARS_OK);
    assert_int_equal(
        mrs_record_seal(MRS_KIND_MACHINE, NULL, WRITER, NAME, &payload, &unkeyed, NULL), MARS_OK);
    assert_int_equal(open_record(&keyed, MRS_KIND_VAULT, find_one, &KEY, NAME, NULL),
                     MARS_ERR_CORRUPT);
    assert_int_equal(open_record(&unkeyed, MRS_KIND_MACHINE, find_any, &KEY, NAME, NULL),
                     MARS_ERR_CORRUPT);
    assert_int_equal(open_record(&unkeyed, MRS_KIND_MACHINE, NULL, &KEY, NAME, NULL),
                     MARS_ERR_CORRUPT);
    mrs_buf_free(&payload);
    mrs_buf_free(&keyed);
    mrs_buf_free(&unkeyed);
}

static void
bits_of_a_record_forbid_their_operation_only(void **state)
{
    struct mrs_buf sealed = record(NULL, NAME, "vault");

    (void)state;
    for (int set = MRS_NEED_READ; set < MRS_NEEDS; set++) {
        uint8_t bound[MRS_HEADER_SIZE + sizeof NAME - 1 + 5];

        /* A vault record's check is no secret: make it anew over other bits. */
        sealed.data[12 + 4 * set] = 1;
        memcpy(bound, sealed.data, MRS_HEADER_SIZE);
        memcpy(bound + MRS_HEADER_SIZE, NAME, sizeof NAME - 1);
        memcpy(bound + MRS_HEADER_SIZE + sizeof NAME - 1, "vault", 5);
        assert_int_equal(
            mrs_sha256_once(bound, sizeof bound, sealed.data + MRS_HEADER_SIZE + 5, NULL),
            MARS_OK);
        for (int need = MRS_NEED_READ; need < MRS_NEEDS; need++) {
            const uint8_t *at;
            size_t n;
            mars_status st = mrs_record_open(MRS_KIND_VAULT, (enum mrs_need)need, NULL, NULL, NAME,
                                             sealed.data, sealed.len, &at, &n, NULL);

            assert_int_equal(st, set == MRS_NEED_READ || set == need ? MARS_ERR_UNSUPPORTED
                                                                     : MARS_OK);
        }
        sealed.data[12 + 4 * set] = 0;
    }
    mrs_buf_free(&sealed);
}

static mars_status
seal_and_open_all(bool *whole)
{
    struct mrs_buf text = MRS_BUF_INIT(100), object = MRS_BUF_INIT(4096);
    struct mrs_buf sealed = MRS_BUF_INIT(4096), back = MRS_BUF_INIT(100);
    struct mrs_key key = KEY;
    const uint8_t *at;
    size_t n;
    mars_status st = mrs_buf_append(&text, "payload", 7, NULL);

    if (st == MARS_OK)
        st = mrs_object_seal(MRS_KIND_LEDGER, &KEY, WRITER, NAME, &text, &object, NULL);
    *whole = st == MARS_OK || object.len == 0;
    if (st == MARS_OK)
        st = mrs_object_open(MRS_KIND_LEDGER, MRS_NEED_READ, find_one, &key, NAME, object.data,
                             object.len, &back, NULL);
    *whole &= st == MARS_OK || back.len == 0;
    if (st == MARS_OK)
        st = mrs_record_seal(MRS_KIND_MACHINE, &KEY, WRITER, NAME, &text, &sealed, NULL);
    if (st == MARS_OK)
        st = mrs_record_open(MRS_KIND_MACHINE, MRS_NEED_READ, find_one, &key, NAME, sealed.data,
                             sealed.len, &at, &n, NULL);
    mrs_buf_free(&text);
    mrs_buf_free(&object);
    mrs_buf_free(&sealed);
    mrs_buf_free(&back);
    return st;
}

static void
sealing_and_opening_survive_every_failing_allocation(void **state)
{
    mars_status st = MARS_ERR_NOMEM;
    size_t n = 0;

    (void)state;
    for (; st != MARS_OK; n++) {
        bool whole = false;

        assert_in_range(n, 0, 200);
        failing_alloc_arm(n);
        st = seal_and_open_all(&whole);
        failing_alloc_arm(SIZE_MAX);
        assert_true(st == MARS_OK || st == MARS_ERR_NOMEM);
        assert_true(whole);
        assert_int_equal(failing_alloc_live(), 0);
    }
    assert_true(n > 8);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_sealed_opens_again_and_is_padded),
        cmocka_unit_test(sealing_appends_and_no_two_objects_are_alike),
        cmocka_unit_test(an_object_with_any_bit_flipped_is_refused),
        cmocka_unit_test(a_header_with_any_bit_flipped_does_not_authenticate),
        cmocka_unit_test(an_object_of_any_other_length_is_refused),
        cmocka_unit_test(an_object_under_another_name_is_refused),
        cmocka_unit_test(an_object_of_another_kind_is_refused_by_name),
        cmocka_unit_test(an_object_is_no_record_and_a_record_no_object),
        cmocka_unit_test(another_key_does_not_open_it),
        cmocka_unit_test(bits_that_this_build_does_not_know_forbid_their_operation_only),
        cmocka_unit_test(a_trailer_is_passed_over_but_not_verified),
        cmocka_unit_test(padding_that_is_not_zero_and_lengths_that_lie_are_refused),
        cmocka_unit_test(a_payload_that_is_too_large_is_refused),
        cmocka_unit_test(a_record_is_plain_and_checked_by_who_has_the_key),
        cmocka_unit_test(a_record_with_any_bit_flipped_is_refused),
        cmocka_unit_test(a_record_of_any_other_length_is_refused),
        cmocka_unit_test(a_record_under_another_name_is_refused),
        cmocka_unit_test(a_record_with_or_without_a_key_where_it_must_not_be_is_refused),
        cmocka_unit_test(bits_of_a_record_forbid_their_operation_only),
        cmocka_unit_test(sealing_and_opening_survive_every_failing_allocation),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
