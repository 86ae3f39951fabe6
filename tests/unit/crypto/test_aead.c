#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdbool.h>
#include <string.h>

#include "base/hex.h"
#include "crypto/aead.h"
#include "failing_alloc.h"
#include "platform/thread.h"

enum { LONGEST = 64 };

static size_t
from_hex(uint8_t *out, const char *hex)
{
    assert_true(mrs_hex_decode(out, strlen(hex) / 2, hex, strlen(hex)));
    return strlen(hex) / 2;
}

static struct mrs_aead *
aead_of(const char *key_hex)
{
    uint8_t key[MRS_KEY_SIZE];
    struct mrs_aead *a;

    assert_int_equal(from_hex(key, key_hex), sizeof key);
    assert_int_equal(mrs_aead_new(&a, key, NULL), MARS_OK);
    return a;
}

#define ZERO_KEY "0000000000000000000000000000000000000000000000000000000000000000"
#define SPEC_KEY "feffe9928665731c6d6a8f9467308308feffe9928665731c6d6a8f9467308308"

/* McGrew and Viega, "The Galois/Counter Mode of Operation", test cases 13 to 16. */
static const struct {
    const char *key, *nonce, *aad, *plain, *sealed;
} vectors[] = {
    { ZERO_KEY, "000000000000000000000000", "", "", "530f8afbc74536b9a963b4f1c4cb738b" },
    { ZERO_KEY, "000000000000000000000000", "", "00000000000000000000000000000000",
      "cea7403d4d606b6e074ec5d3baf39d18"
      "d0d1c8a799996bf0265b98b5d48ab919" },
    { SPEC_KEY, "cafebabefacedbaddecaf888", "",
      "d9313225f88406e5a55909c5aff5269a86a7a9531534f7da2e4c303d8a318a72"
      "1c3c0c95956809532fcf0e2449a6b525b16aedf5aa0de657ba637b391aafd255",
      "522dc1f099567d07f47f37a32a84427d643a8cdcbfe5c0c97598a2bd2555d1aa"
      "8cb08e48590dbb3da7b08b1056828838c5f61e6393ba7a0abcc9f662898015ad"
      "b094dac5d93471bdec1a502270e3cc6c" },
    { SPEC_KEY, "cafebabefacedbaddecaf888", "feedfacedeadbeeffeedfacedeadbeefabaddad2",
      "d9313225f88406e5a55909c5aff5269a86a7a9531534f7da2e4c303d8a318a72"
      "1c3c0c95956809532fcf0e2449a6b525b16aedf5aa0de657ba637b39",
      "522dc1f099567d07f47f37a32a84427d643a8cdcbfe5c0c97598a2bd2555d1aa"
      "8cb08e48590dbb3da7b08b1056828838c5f61e6393ba7a0abcc9f662"
      "76fc6ece0f4e1768cddf8853bb2d551b" },
};

static void
seal_and_open_give_the_published_bytes(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof vectors / sizeof vectors[0]; i++) {
        uint8_t nonce[MRS_NONCE_SIZE], aad[LONGEST], plain[LONGEST], sealed[LONGEST + MRS_TAG_SIZE];
        uint8_t out[LONGEST + MRS_TAG_SIZE];
        struct mrs_aead *a = aead_of(vectors[i].key);
        size_t aad_len = from_hex(aad, vectors[i].aad), len = from_hex(plain, vectors[i].plain);

        from_hex(nonce, vectors[i].nonce);
        assert_int_equal(from_hex(sealed, vectors[i].sealed), len + MRS_TAG_SIZE);
        assert_int_equal(mrs_aead_seal_nonce(a, nonce, aad, aad_len, plain, len, out, NULL),
                         MARS_OK);
        assert_memory_equal(out, sealed, len + MRS_TAG_SIZE);
        memset(out, 0xee, sizeof out);
        assert_int_equal(mrs_aead_open_nonce(a, nonce, aad, aad_len, sealed, len + MRS_TAG_SIZE,
                                             out, NULL), MARS_OK);
        assert_memory_equal(out, plain, len);
        assert_int_equal(out[len], 0xee);
        mrs_aead_free(a);
    }
}

static void
a_counter_is_the_nonce_in_little_endian(void **state)
{
    static const uint8_t nonce[MRS_NONCE_SIZE] = { 8, 7, 6, 5, 4, 3, 2, 1, 0, 0, 0, 0 };
    struct mrs_aead *a = aead_of(SPEC_KEY);
    uint8_t by_nonce[4 + MRS_TAG_SIZE], by_counter[4 + MRS_TAG_SIZE], plain[4];

    (void)state;
    assert_int_equal(mrs_aead_seal_nonce(a, nonce, "aad", 3, "text", 4, by_nonce, NULL), MARS_OK);
    assert_int_equal(mrs_aead_seal(a, 0x0102030405060708, "aad", 3, "text", 4, by_counter, NULL),
                     MARS_OK);
    assert_memory_equal(by_nonce, by_counter, sizeof by_nonce);
    assert_int_equal(mrs_aead_open(a, 0x0102030405060708, "aad", 3, by_nonce, sizeof by_nonce,
                                   plain, NULL), MARS_OK);
    assert_memory_equal(plain, "text", 4);
    assert_int_equal(mrs_aead_open(a, 0x0102030405060709, "aad", 3, by_nonce, sizeof by_nonce,
                                   plain, NULL), MARS_ERR_CORRUPT);
    mrs_aead_free(a);
}

static void
seal_and_open_may_work_in_place(void **state)
{
    struct mrs_aead *a = aead_of(SPEC_KEY);
    uint8_t plain[1000], apart[1000 + MRS_TAG_SIZE], bytes[1000 + MRS_TAG_SIZE];

    (void)state;
    for (size_t i = 0; i < sizeof plain; i++)
        plain[i] = (uint8_t)(i * 7);
    for (size_t len = 0; len <= sizeof plain; len += len < 70 ? 1 : 93) {
        memcpy(bytes, plain, len);
        assert_int_equal(mrs_aead_seal(a, len, NULL, 0, plain, len, apart, NULL), MARS_OK);
        assert_int_equal(mrs_aead_seal(a, len, NULL, 0, bytes, len, bytes, NULL), MARS_OK);
        assert_memory_equal(bytes, apart, len + MRS_TAG_SIZE);
        assert_int_equal(mrs_aead_open(a, len, NULL, 0, bytes, len + MRS_TAG_SIZE, bytes, NULL),
                         MARS_OK);
        assert_memory_equal(bytes, plain, len);
    }
    mrs_aead_free(a);
}

static const uint8_t MESSAGE[37] = "thirty-seven bytes, not whole blocks";
static const uint8_t AAD[21] = "also not whole block";

/* Opening is refused, says so, and leaves nothing of the plaintext behind. */
static void
assert_refused(struct mrs_aead *a, uint64_t counter, const uint8_t *aad, size_t aad_len,
               const uint8_t *sealed, size_t len)
{
    uint8_t out[sizeof MESSAGE + 2 * MRS_TAG_SIZE];
    size_t plain_len = len < MRS_TAG_SIZE ? 0 : len - MRS_TAG_SIZE;
    mars_error err;

    memset(out, 0xee, sizeof out);
    assert_int_equal(mrs_aead_open(a, counter, aad, aad_len, sealed, len, out, &err),
                     MARS_ERR_CORRUPT);
    assert_int_equal(err.status, MARS_ERR_CORRUPT);
    for (size_t i = 0; i < plain_len; i++)
        assert_int_equal(out[i], 0);
    for (size_t i = plain_len; i < sizeof out; i++)
        assert_int_equal(out[i], 0xee);
}

static void
open_refuses_every_changed_bit(void **state)
{
    struct mrs_aead *a = aead_of(SPEC_KEY);
    uint8_t sealed[sizeof MESSAGE + MRS_TAG_SIZE], aad[sizeof AAD], out[sizeof MESSAGE];

    (void)state;
    memcpy(aad, AAD, sizeof aad);
    assert_int_equal(mrs_aead_seal(a, 5, aad, sizeof aad, MESSAGE, sizeof MESSAGE, sealed, NULL),
                     MARS_OK);
    for (size_t i = 0; i < 8 * sizeof sealed; i++) {
        sealed[i / 8] ^= (uint8_t)(1u << i % 8);
        assert_refused(a, 5, aad, sizeof aad, sealed, sizeof sealed);
        sealed[i / 8] ^= (uint8_t)(1u << i % 8);
    }
    for (size_t i = 0; i < 8 * sizeof aad; i++) {
        aad[i / 8] ^= (uint8_t)(1u << i % 8);
        assert_refused(a, 5, aad, sizeof aad, sealed, sizeof sealed);
        aad[i / 8] ^= (uint8_t)(1u << i % 8);
    }
    for (unsigned i = 0; i < 64; i++)
        assert_refused(a, 5 ^ (uint64_t)1 << i, aad, sizeof aad, sealed, sizeof sealed);
    assert_int_equal(mrs_aead_open(a, 5, aad, sizeof aad, sealed, sizeof sealed, out, NULL),
                     MARS_OK);
    assert_memory_equal(out, MESSAGE, sizeof MESSAGE);
    mrs_aead_free(a);
}

static void
open_refuses_every_other_length(void **state)
{
    struct mrs_aead *a = aead_of(SPEC_KEY);
    uint8_t sealed[sizeof MESSAGE + 2 * MRS_TAG_SIZE] = { 0 };
    size_t len = sizeof MESSAGE + MRS_TAG_SIZE;

    (void)state;
    assert_int_equal(mrs_aead_seal(a, 5, AAD, sizeof AAD, MESSAGE, sizeof MESSAGE, sealed, NULL),
                     MARS_OK);
    for (size_t n = 0; n <= sizeof sealed; n++)
        if (n != len)
            assert_refused(a, 5, AAD, sizeof AAD, sealed, n);
    for (size_t n = 0; n < sizeof AAD; n++)
        assert_refused(a, 5, AAD, n, sealed, len);
    mrs_aead_free(a);
}

static void
open_refuses_every_other_key(void **state)
{
    uint8_t key[MRS_KEY_SIZE], sealed[sizeof MESSAGE + MRS_TAG_SIZE];
    struct mrs_aead *a = aead_of(SPEC_KEY);

    (void)state;
    assert_int_equal(mrs_aead_seal(a, 5, AAD, sizeof AAD, MESSAGE, sizeof MESSAGE, sealed, NULL),
                     MARS_OK);
    mrs_aead_free(a);
    from_hex(key, SPEC_KEY);
    for (size_t i = 0; i < 8 * sizeof key; i++) {
        key[i / 8] ^= (uint8_t)(1u << i % 8);
        assert_int_equal(mrs_aead_new(&a, key, NULL), MARS_OK);
        assert_refused(a, 5, AAD, sizeof AAD, sealed, sizeof sealed);
        mrs_aead_free(a);
        key[i / 8] ^= (uint8_t)(1u << i % 8);
    }
}

struct user {
    struct mrs_aead *a;
    uint64_t first; /* counter */
    bool ok;
};

static void
seal_and_open_many(void *arg)
{
    struct user *u = arg;
    uint8_t sealed[sizeof MESSAGE + MRS_TAG_SIZE], out[sizeof MESSAGE];

    u->ok = true;
    for (uint64_t c = u->first; c < u->first + 500; c++)
        u->ok = u->ok &&
                mrs_aead_seal(u->a, c, AAD, sizeof AAD, MESSAGE, sizeof MESSAGE, sealed, NULL) ==
                    MARS_OK &&
                mrs_aead_open(u->a, c, AAD, sizeof AAD, sealed, sizeof sealed, out, NULL) ==
                    MARS_OK &&
                memcmp(out, MESSAGE, sizeof out) == 0 &&
                mrs_aead_open(u->a, c + 1, AAD, sizeof AAD, sealed, sizeof sealed, out, NULL) ==
                    MARS_ERR_CORRUPT;
}

static void
one_key_serves_many_threads(void **state)
{
    struct mrs_aead *a = aead_of(SPEC_KEY);
    struct mrs_thread *threads[4];
    struct user users[4];

    (void)state;
    for (size_t i = 0; i < 4; i++) {
        users[i] = (struct user){ a, 1000 * i, false };
        assert_int_equal(mrs_thread_start(&threads[i], seal_and_open_many, &users[i], NULL),
                         MARS_OK);
    }
    for (size_t i = 0; i < 4; i++)
        mrs_thread_join(threads[i]);
    for (size_t i = 0; i < 4; i++)
        assert_true(users[i].ok);
    mrs_aead_free(a);
}

static void
new_survives_every_failing_allocation(void **state)
{
    static const uint8_t key[MRS_KEY_SIZE];
    size_t before = failing_alloc_live(), n;
    mars_status st = MARS_ERR_NOMEM;

    (void)state;
    for (n = 0; st != MARS_OK; n++) {
        struct mrs_aead *a = (struct mrs_aead *)&st;

        assert_in_range(n, 0, 100);
        failing_alloc_arm(n);
        st = mrs_aead_new(&a, key, NULL);
        assert_int_equal(st, failing_alloc_hit() ? MARS_ERR_NOMEM : MARS_OK);
        assert_true((st == MARS_OK) == (a != NULL));
        mrs_aead_free(a);
        assert_int_equal(failing_alloc_live(), before);
    }
    failing_alloc_arm(SIZE_MAX);
    assert_in_range(n, 2, 100);
    mrs_aead_free(NULL);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(seal_and_open_give_the_published_bytes),
        cmocka_unit_test(a_counter_is_the_nonce_in_little_endian),
        cmocka_unit_test(seal_and_open_may_work_in_place),
        cmocka_unit_test(open_refuses_every_changed_bit),
        cmocka_unit_test(open_refuses_every_other_length),
        cmocka_unit_test(open_refuses_every_other_key),
        cmocka_unit_test(one_key_serves_many_threads),
        cmocka_unit_test(new_survives_every_failing_allocation),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
