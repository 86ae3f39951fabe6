#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <string.h>

#include "base/hex.h"
#include "crypto/argon2id.h"

enum { OUT_SIZE = 32 };

/* Known answers of the reference implementation (its src/test.c, Argon2id, version 0x13). */
static const struct {
    uint32_t passes, mem_kib, lanes;
    const char *secret, *salt, *hex;
} vectors[] = {
    { 2, 65536, 1, "password", "somesalt",
      "09316115d5cf24ed5a15a31a3ba326e5cf32edc24702987c02b6566f61913cf7" },
    { 2, 256, 1, "password", "somesalt",
      "9dfeb910e80bad0311fee20f9c0e2b12c17987b4cac90c2ef54d5b3021c68bfe" },
    { 2, 256, 2, "password", "somesalt",
      "6d093c501fd5999645e0ea3bf620d7b8be7fd2db59c20d9fff9539da2bf57037" },
    { 1, 65536, 1, "password", "somesalt",
      "f6a5adc1ba723dddef9b5ac1d464e180fcd9dffc9d1cbf76cca2fed795d9ca98" },
    { 4, 65536, 1, "password", "somesalt",
      "9025d48e68ef7395cca9079da4c4ec3affb3c8911fe4f86d1a2520856f63172c" },
    { 2, 65536, 1, "differentpassword", "somesalt",
      "0b84d652cf6b0c4beaef0dfe278ba6a80df6696281d7e0d2891b817d8c458fde" },
    { 2, 65536, 1, "password", "diffsalt",
      "bdf32b05ccc42eb15d58fd19b1f856b113da1e9a5874fdcc544308565aa8141c" },
};

static void
argon2id_gives_the_published_bytes(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof vectors / sizeof vectors[0]; i++) {
        uint8_t want[OUT_SIZE], out[OUT_SIZE];

        assert_true(mrs_hex_decode(want, OUT_SIZE, vectors[i].hex, 2 * OUT_SIZE));
        assert_int_equal(mrs_argon2id(vectors[i].secret, strlen(vectors[i].secret),
                                      vectors[i].salt, strlen(vectors[i].salt), vectors[i].passes,
                                      vectors[i].mem_kib, vectors[i].lanes, out, OUT_SIZE, NULL),
                         MARS_OK);
        assert_memory_equal(out, want, OUT_SIZE);
    }
}

static mars_status
run(size_t secret_len, size_t salt_len, uint32_t passes, uint32_t mem_kib, uint32_t lanes,
    uint8_t *out, mars_error *err)
{
    static const uint8_t secret[64] = "se\0cret", salt[64] = "sa\0lt of more than sixteen bytes";

    return mrs_argon2id(secret, secret_len, salt, salt_len, passes, mem_kib, lanes, out, OUT_SIZE,
                        err);
}

static void
every_parameter_counts(void **state)
{
    static const struct {
        size_t secret_len, salt_len;
        uint32_t passes, mem_kib, lanes;
    } runs[] = {
        { 7, 16, 1, 64, 1 }, { 6, 16, 1, 64, 1 }, { 0, 16, 1, 64, 1 },  { 7, 17, 1, 64, 1 },
        { 7, 16, 2, 64, 1 }, { 7, 16, 1, 68, 1 }, { 7, 16, 1, 128, 1 }, { 7, 16, 1, 64, 2 },
    };
    enum { RUNS = sizeof runs / sizeof runs[0] };
    uint8_t out[RUNS][OUT_SIZE];

    (void)state;
    for (size_t i = 0; i < RUNS; i++) {
        assert_int_equal(run(runs[i].secret_len, runs[i].salt_len, runs[i].passes,
                             runs[i].mem_kib, runs[i].lanes, out[i], NULL), MARS_OK);
        for (size_t j = 0; j < i; j++)
            assert_memory_not_equal(out[i], out[j], OUT_SIZE);
    }
}

static void
parameters_out_of_range_are_errors_and_not_keys(void **state)
{
    uint8_t out[OUT_SIZE];
    mars_error err;

    (void)state;
    assert_int_equal(run(7, 16, 0, 64, 1, out, &err), MARS_ERR_INTERNAL);
    assert_int_equal(err.status, MARS_ERR_INTERNAL);
    assert_int_equal(run(7, 16, 1, 1, 1, out, &err), MARS_ERR_INTERNAL);
    assert_int_equal(run(7, 16, 1, 64, 0, out, &err), MARS_ERR_INTERNAL);
    assert_int_equal(run(7, 7, 1, 64, 1, out, &err), MARS_ERR_INTERNAL);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(argon2id_gives_the_published_bytes),
        cmocka_unit_test(every_parameter_counts),
        cmocka_unit_test(parameters_out_of_range_are_errors_and_not_keys),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
