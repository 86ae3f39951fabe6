#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <string.h>

#include "base/base64.h"

/* RFC 4648 section 10. */
static const struct {
    const char *plain;
    const char *text;
} vectors[] = { { "", "" },           { "f", "Zg==" },         { "fo", "Zm8=" },
                { "foo", "Zm9v" },    { "foob", "Zm9vYg==" },  { "fooba", "Zm9vYmE=" },
                { "foobar", "Zm9vYmFy" } };

static void
the_vectors_of_the_rfc_hold_both_ways(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof vectors / sizeof vectors[0]; i++) {
        size_t len = strlen(vectors[i].plain), n = 99;
        char text[MRS_BASE64_SIZE(6)];
        uint8_t back[8];

        mrs_base64_encode(text, vectors[i].plain, len);
        assert_string_equal(text, vectors[i].text);
        assert_true(mrs_base64_decode(back, sizeof back, text, strlen(text), &n));
        assert_int_equal(n, len);
        assert_memory_equal(back, vectors[i].plain, len);
    }
}

static void
every_byte_comes_back(void **state)
{
    uint8_t bytes[256], back[256];
    char text[MRS_BASE64_SIZE(sizeof bytes)];
    size_t n;

    (void)state;
    for (size_t i = 0; i < sizeof bytes; i++)
        bytes[i] = (uint8_t)i;
    mrs_base64_encode(text, bytes, sizeof bytes);
    assert_int_equal(strlen(text) + 1, sizeof text);
    assert_true(mrs_base64_decode(back, sizeof back, text, strlen(text), &n));
    assert_int_equal(n, sizeof bytes);
    assert_memory_equal(back, bytes, sizeof bytes);
}

static void
other_texts_are_refused(void **state)
{
    static const char *const wrong[] = { "Z", "Zg", "Zg=", "Zg===", "====", "Zh==", "Zm9=", "Z g=",
                                         "Zm9v\n", "Zm-v", "=Zg=", "Zg==Zg==" };
    uint8_t out[16];
    size_t n;

    (void)state;
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++)
        assert_false(mrs_base64_decode(out, sizeof out, wrong[i], strlen(wrong[i]), &n));
}

static void
no_more_is_decoded_than_there_is_room(void **state)
{
    uint8_t out[2];
    size_t n;

    (void)state;
    assert_false(mrs_base64_decode(out, 2, "Zm9v", 4, &n));
    assert_true(mrs_base64_decode(out, 2, "Zm8=", 4, &n));
    assert_int_equal(n, 2);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_vectors_of_the_rfc_hold_both_ways),
        cmocka_unit_test(every_byte_comes_back),
        cmocka_unit_test(other_texts_are_refused),
        cmocka_unit_test(no_more_is_decoded_than_there_is_room),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
