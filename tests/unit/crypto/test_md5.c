/* The vectors of RFC 1321, appendix A.5. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <string.h>

#include "base/hex.h"
#include "crypto/md5.h"
#include "failing_alloc.h"

static const struct {
    const char *text;
    const char *digest;
} vectors[] = {
    { "", "d41d8cd98f00b204e9800998ecf8427e" },
    { "a", "0cc175b9c0f1b6a831c399e269772661" },
    { "abc", "900150983cd24fb0d6963f7d28e17f72" },
    { "message digest", "f96b697d7cb7938d525a2f31aaf161d0" },
    { "abcdefghijklmnopqrstuvwxyz", "c3fcd3d76192e4007dfb496cca67e13b" },
    { "12345678901234567890123456789012345678901234567890123456789012345678901234567890",
      "57edf4a22be3c955ac49da2e2107b67a" },
};

static void
the_vectors_hold_however_they_are_cut(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof vectors / sizeof vectors[0]; i++)
        for (size_t cut = 0; cut <= strlen(vectors[i].text); cut++) {
            const char *text = vectors[i].text;
            uint8_t digest[MRS_MD5_SIZE];
            char hex[2 * MRS_MD5_SIZE + 1];
            struct mrs_md5 *m;

            assert_int_equal(mrs_md5_new(&m, NULL), MARS_OK);
            assert_int_equal(mrs_md5_update(m, text, cut, NULL), MARS_OK);
            assert_int_equal(mrs_md5_update(m, text + cut, strlen(text) - cut, NULL), MARS_OK);
            assert_int_equal(mrs_md5_finish(m, digest, NULL), MARS_OK);
            mrs_hex_encode(hex, digest, sizeof digest);
            assert_string_equal(hex, vectors[i].digest);
            mrs_md5_free(m);
        }
    assert_int_equal(failing_alloc_live(), 0);
}

static void
out_of_memory_is_told(void **state)
{
    struct mrs_md5 *m;

    (void)state;
    failing_alloc_arm(0);
    assert_int_equal(mrs_md5_new(&m, NULL), MARS_ERR_NOMEM);
    failing_alloc_arm(SIZE_MAX);
    assert_null(m);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_vectors_hold_however_they_are_cut),
        cmocka_unit_test(out_of_memory_is_told),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
