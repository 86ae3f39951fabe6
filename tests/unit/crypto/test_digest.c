#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdbool.h>
#include <string.h>

#include "base/hex.h"
#include "crypto/digest.h"
#include "failing_alloc.h"
#include "platform/thread.h"

enum { LONGEST = 160 };

static size_t
from_hex(uint8_t *out, const char *hex)
{
    assert_true(mrs_hex_decode(out, strlen(hex) / 2, hex, strlen(hex)));
    return strlen(hex) / 2;
}

static void
assert_hex(const uint8_t *bytes, size_t n, const char *hex)
{
    uint8_t want[LONGEST];

    assert_int_equal(from_hex(want, hex), n);
    assert_memory_equal(bytes, want, n);
}

/* FIPS 180-4, examples of the Secure Hash Standard. */
static const struct {
    const char *text, *hex;
} hashes[] = {
    { "", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855" },
    { "abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad" },
    { "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
      "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1" },
    { "abcdefghbcdefghicdefghijdefghijkefghijklfghijklmghijklmn"
      "hijklmnoijklmnopjklmnopqklmnopqrlmnopqrsmnopqrstnopqrstu",
      "cf5b16a778af8380036ce59e7b0492370b249b11e8f07a51afac45037afee9d1" },
};

static void
sha256_gives_the_published_bytes(void **state)
{
    uint8_t out[MRS_DIGEST_SIZE];
    struct mrs_sha256 *s;

    (void)state;
    assert_int_equal(mrs_sha256_new(&s, NULL), MARS_OK);
    for (size_t i = 0; i < sizeof hashes / sizeof hashes[0]; i++) {
        assert_int_equal(mrs_sha256_once(hashes[i].text, strlen(hashes[i].text), out, NULL),
                         MARS_OK);
        assert_hex(out, sizeof out, hashes[i].hex);
        assert_int_equal(mrs_sha256_update(s, hashes[i].text, strlen(hashes[i].text), NULL),
                         MARS_OK);
        assert_int_equal(mrs_sha256_finish(s, out, NULL), MARS_OK); /* and starts anew */
        assert_hex(out, sizeof out, hashes[i].hex);
    }
    mrs_sha256_free(s);
}

static void
sha256_of_a_million_bytes(void **state)
{
    uint8_t part[1000], out[MRS_DIGEST_SIZE];
    struct mrs_sha256 *s;

    (void)state;
    memset(part, 'a', sizeof part);
    assert_int_equal(mrs_sha256_new(&s, NULL), MARS_OK);
    for (int i = 0; i < 1000; i++)
        assert_int_equal(mrs_sha256_update(s, part, sizeof part, NULL), MARS_OK);
    assert_int_equal(mrs_sha256_finish(s, out, NULL), MARS_OK);
    assert_hex(out, sizeof out, "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
    mrs_sha256_free(s);
}

static void
sha256_does_not_depend_on_the_pieces(void **state)
{
    uint8_t data[200], whole[MRS_DIGEST_SIZE], out[MRS_DIGEST_SIZE];
    struct mrs_sha256 *s;

    (void)state;
    for (size_t i = 0; i < sizeof data; i++)
        data[i] = (uint8_t)i;
    assert_int_equal(mrs_sha256_new(&s, NULL), MARS_OK);
    assert_int_equal(mrs_sha256_once(data, sizeof data, whole, NULL), MARS_OK);
    for (size_t cut = 0; cut <= sizeof data; cut++) {
        assert_int_equal(mrs_sha256_update(s, data, cut, NULL), MARS_OK);
        assert_int_equal(mrs_sha256_update(s, data + cut, 0, NULL), MARS_OK);
        assert_int_equal(mrs_sha256_update(s, data + cut, sizeof data - cut, NULL), MARS_OK);
        assert_int_equal(mrs_sha256_finish(s, out, NULL), MARS_OK);
        assert_memory_equal(out, whole, sizeof out);
    }
    mrs_sha256_free(s);
}

#define HEX20(x) x x x x x x x x x x x x x x x x x x x x
#define HEX131(x) HEX20(x) HEX20(x) HEX20(x) HEX20(x) HEX20(x) HEX20(x) x x x x x x x x x x x

/* RFC 4231; case 5, a truncated MAC, has no counterpart here. */
static const struct {
    const char *key, *data, *hex;
} macs[] = {
    { HEX20("0b"), "4869205468657265",
      "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7" },
    { "4a656665", "7768617420646f2079612077616e7420666f72206e6f7468696e673f",
      "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843" },
    { HEX20("aa"), HEX20("dd") HEX20("dd") "dddddddddddddddddddd",
      "773ea91e36800e46854db8ebd09181a72959098b3ef8c122d9635514ced565fe" },
    { "0102030405060708090a0b0c0d0e0f10111213141516171819",
      HEX20("cd") HEX20("cd") "cdcdcdcdcdcdcdcdcdcd",
      "82558a389a443c0ea4cc819899f2083a85f0faa3e578f8077a2e3ff46729665b" },
    { HEX131("aa"),
      "54657374205573696e67204c6172676572205468616e20426c6f636b2d53697a"
      "65204b6579202d2048617368204b6579204669727374",
      "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54" },
    { HEX131("aa"),
      "5468697320697320612074657374207573696e672061206c6172676572207468"
      "616e20626c6f636b2d73697a65206b657920616e642061206c61726765722074"
      "68616e20626c6f636b2d73697a6520646174612e20546865206b6579206e6565"
      "647320746f20626520686173686564206265666f7265206265696e6720757365"
      "642062792074686520484d414320616c676f726974686d2e",
      "9b09ffa71b942fcb27635fbcd5b0e944bfdc63644f0713938a7f51535c3a35e2" },
};

static void
hmac_gives_the_published_bytes_wherever_the_prefix_ends(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof macs / sizeof macs[0]; i++) {
        uint8_t key[LONGEST], data[LONGEST], out[MRS_DIGEST_SIZE];
        size_t n = from_hex(data, macs[i].data);
        struct mrs_hmac *h;

        assert_int_equal(mrs_hmac_new(&h, key, from_hex(key, macs[i].key), NULL), MARS_OK);
        for (size_t cut = 0; cut <= n; cut++) {
            memset(out, 0, sizeof out);
            assert_int_equal(mrs_hmac_run(h, data, cut, data + cut, n - cut, out, NULL), MARS_OK);
            assert_hex(out, sizeof out, macs[i].hex);
        }
        assert_int_equal(mrs_hmac_run(h, NULL, 0, data, n, out, NULL), MARS_OK);
        assert_hex(out, sizeof out, macs[i].hex);
        assert_int_equal(mrs_hmac_run(h, data, n, NULL, 0, out, NULL), MARS_OK);
        assert_hex(out, sizeof out, macs[i].hex);
        mrs_hmac_free(h);
    }
}

/* A key of just the block size is taken as it is, one byte more is hashed first. */
static void
hmac_hashes_keys_longer_than_a_block(void **state)
{
    static const uint8_t key[65] = { 1, 2, 3 };
    uint8_t padded[64] = { 1, 2, 3 }, hashed[MRS_DIGEST_SIZE];
    uint8_t a[MRS_DIGEST_SIZE], b[MRS_DIGEST_SIZE];
    const struct { const void *key; size_t n; } pairs[2][2] = {
        { { key, 64 }, { padded, 3 } },
        { { key, 65 }, { hashed, sizeof hashed } },
    };

    (void)state;
    assert_int_equal(mrs_sha256_once(key, sizeof key, hashed, NULL), MARS_OK);
    for (size_t i = 0; i < 2; i++) {
        struct mrs_hmac *x, *y;

        assert_int_equal(mrs_hmac_new(&x, pairs[i][0].key, pairs[i][0].n, NULL), MARS_OK);
        assert_int_equal(mrs_hmac_new(&y, pairs[i][1].key, pairs[i][1].n, NULL), MARS_OK);
        assert_int_equal(mrs_hmac_run(x, NULL, 0, "data", 4, a, NULL), MARS_OK);
        assert_int_equal(mrs_hmac_run(y, NULL, 0, "data", 4, b, NULL), MARS_OK);
        assert_memory_equal(a, b, sizeof a);
        mrs_hmac_free(x);
        mrs_hmac_free(y);
    }
}

struct user {
    struct mrs_hmac *h;
    const uint8_t *want;
    bool ok;
};

static void
run_many(void *arg)
{
    struct user *u = arg;
    uint8_t out[MRS_DIGEST_SIZE];

    u->ok = true;
    for (int i = 0; i < 1000; i++)
        u->ok = u->ok && mrs_hmac_run(u->h, "pre", 3, "data", 4, out, NULL) == MARS_OK &&
                memcmp(out, u->want, sizeof out) == 0;
}

static void
one_mac_key_serves_many_threads(void **state)
{
    uint8_t want[MRS_DIGEST_SIZE];
    struct mrs_thread *threads[4];
    struct user users[4];
    struct mrs_hmac *h;

    (void)state;
    assert_int_equal(mrs_hmac_new(&h, "key", 3, NULL), MARS_OK);
    assert_int_equal(mrs_hmac_run(h, "pre", 3, "data", 4, want, NULL), MARS_OK);
    for (size_t i = 0; i < 4; i++) {
        users[i] = (struct user){ h, want, false };
        assert_int_equal(mrs_thread_start(&threads[i], run_many, &users[i], NULL), MARS_OK);
    }
    for (size_t i = 0; i < 4; i++)
        mrs_thread_join(threads[i]);
    for (size_t i = 0; i < 4; i++)
        assert_true(users[i].ok);
    mrs_hmac_free(h);
}

/* RFC 5869, appendix A, the cases with SHA-256. */
static const struct {
    const char *key, *salt, *info, *hex;
} keys[] = {
    { HEX20("0b") "0b0b", "000102030405060708090a0b0c", "f0f1f2f3f4f5f6f7f8f9",
      "3cb25f25faacd57a90434f64d0362f2a2d2d0a90cf1a5a4c5db02d56ecc4c5bf34007208d5b887185865" },
    { "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f"
      "202122232425262728292a2b2c2d2e2f303132333435363738393a3b3c3d3e3f"
      "404142434445464748494a4b4c4d4e4f",
      "606162636465666768696a6b6c6d6e6f707172737475767778797a7b7c7d7e7f"
      "808182838485868788898a8b8c8d8e8f909192939495969798999a9b9c9d9e9f"
      "a0a1a2a3a4a5a6a7a8a9aaabacadaeaf",
      "b0b1b2b3b4b5b6b7b8b9babbbcbdbebfc0c1c2c3c4c5c6c7c8c9cacbcccdcecf"
      "d0d1d2d3d4d5d6d7d8d9dadbdcdddedfe0e1e2e3e4e5e6e7e8e9eaebecedeeef"
      "f0f1f2f3f4f5f6f7f8f9fafbfcfdfeff",
      "b11e398dc80327a1c8e7f78c596a49344f012eda2d4efad8a050cc4c19afa97c"
      "59045a99cac7827271cb41c65e590e09da3275600c2f09b8367793a9aca3db71"
      "cc30c58179ec3e87c14c01d5c1f3434f1d87" },
    { HEX20("0b") "0b0b", "", "",
      "8da4e775a563c18f715f802a063c5a31b8a11f5c5ee1879ec3454e5f3c738d2d9d201395faa4b61a96c8" },
};

static void
hkdf_gives_the_published_bytes(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof keys / sizeof keys[0]; i++) {
        uint8_t key[LONGEST], salt[LONGEST], info[LONGEST], out[LONGEST];
        size_t key_len = from_hex(key, keys[i].key), salt_len = from_hex(salt, keys[i].salt);
        size_t info_len = from_hex(info, keys[i].info), n = strlen(keys[i].hex) / 2;

        memset(out, 0xee, sizeof out);
        assert_int_equal(mrs_hkdf(key, key_len, salt, salt_len, info, info_len, out, n, NULL),
                         MARS_OK);
        assert_hex(out, n, keys[i].hex);
        assert_int_equal(out[n], 0xee);
    }
}

static void
hkdf_bounds_what_it_gives(void **state)
{
    static uint8_t out[255 * MRS_DIGEST_SIZE + 1], first[100], info[4096];
    mars_error err;

    (void)state;
    assert_int_equal(mrs_hkdf("key", 3, NULL, 0, "i", 1, first, sizeof first, NULL), MARS_OK);
    assert_int_equal(mrs_hkdf("key", 3, NULL, 0, "i", 1, out, sizeof out - 1, NULL), MARS_OK);
    assert_memory_equal(out, first, sizeof first); /* a longer key begins like a shorter one */
    assert_int_equal(mrs_hkdf("key", 3, NULL, 0, "i", 1, out, sizeof out, &err),
                     MARS_ERR_INTERNAL);
    assert_int_equal(err.status, MARS_ERR_INTERNAL);
    assert_int_equal(mrs_hkdf("key", 3, NULL, 0, info, 512, out, 1, NULL), MARS_OK);
    assert_int_equal(mrs_hkdf("key", 3, NULL, 0, info, sizeof info, out, 1, NULL),
                     MARS_ERR_INTERNAL);
}

static void
equal_ct_sees_every_bit(void **state)
{
    uint8_t a[67], b[67];

    (void)state;
    for (size_t i = 0; i < sizeof a; i++)
        a[i] = b[i] = (uint8_t)(i * 5);
    assert_true(mrs_equal_ct(a, b, sizeof a));
    for (size_t i = 0; i < 8 * sizeof a; i++) {
        b[i / 8] ^= (uint8_t)(1u << i % 8);
        assert_false(mrs_equal_ct(a, b, sizeof a));
        assert_true(mrs_equal_ct(a, b, i / 8)); /* the bytes before it */
        b[i / 8] ^= (uint8_t)(1u << i % 8);
    }
    b[0] ^= 0x55; /* differences do not cancel out */
    b[1] ^= 0x55;
    assert_false(mrs_equal_ct(a, b, sizeof a));
    assert_true(mrs_equal_ct(a, b, 0));
}

static void
the_provider_has_a_name(void **state)
{
    const char *name = mrs_crypto_name();

    (void)state;
    assert_true(strcmp(name, "openssl") == 0 || strcmp(name, "mbedtls") == 0);
}

static mars_status
use_all(void)
{
    struct mrs_sha256 *s = NULL;
    struct mrs_hmac *h = NULL;
    uint8_t out[MRS_DIGEST_SIZE];
    mars_status st = mrs_sha256_new(&s, NULL);

    if (st == MARS_OK)
        st = mrs_sha256_finish(s, out, NULL);
    if (st == MARS_OK)
        st = mrs_hmac_new(&h, "key", 3, NULL);
    if (st == MARS_OK)
        st = mrs_hmac_run(h, "a", 1, "b", 1, out, NULL);
    if (st == MARS_OK)
        st = mrs_hkdf("key", 3, "salt", 4, "info", 4, out, sizeof out, NULL);
    mrs_sha256_free(s);
    mrs_hmac_free(h);
    return st;
}

static void
digests_survive_every_failing_allocation(void **state)
{
    size_t before = failing_alloc_live(), n;
    mars_status st = MARS_ERR_NOMEM;

    (void)state;
    for (n = 0; st != MARS_OK; n++) {
        assert_in_range(n, 0, 100);
        failing_alloc_arm(n);
        st = use_all();
        assert_int_equal(st, failing_alloc_hit() ? MARS_ERR_NOMEM : MARS_OK);
        assert_int_equal(failing_alloc_live(), before);
    }
    failing_alloc_arm(SIZE_MAX);
    assert_in_range(n, 5, 100); /* one each: digest, MAC, and the two MACs of HKDF */
    mrs_sha256_free(NULL);
    mrs_hmac_free(NULL);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sha256_gives_the_published_bytes),
        cmocka_unit_test(sha256_of_a_million_bytes),
        cmocka_unit_test(sha256_does_not_depend_on_the_pieces),
        cmocka_unit_test(hmac_gives_the_published_bytes_wherever_the_prefix_ends),
        cmocka_unit_test(hmac_hashes_keys_longer_than_a_block),
        cmocka_unit_test(one_mac_key_serves_many_threads),
        cmocka_unit_test(hkdf_gives_the_published_bytes),
        cmocka_unit_test(hkdf_bounds_what_it_gives),
        cmocka_unit_test(equal_ct_sees_every_bit),
        cmocka_unit_test(the_provider_has_a_name),
        cmocka_unit_test(digests_survive_every_failing_allocation),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
