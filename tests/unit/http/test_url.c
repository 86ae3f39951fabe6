#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <string.h>

#include "failing_alloc.h"
#include "http/url.h"

static void
parts_are_found(void **state)
{
    struct mrs_url u;

    (void)state;
    assert_int_equal(mrs_url_parse("https://host:8443/a/b?x=1&y", &u, NULL), MARS_OK);
    assert_true(u.tls);
    assert_int_equal(u.host_len, 9);
    assert_memory_equal(u.host, "host:8443", 9);
    assert_int_equal(u.path_len, 4);
    assert_memory_equal(u.path, "/a/b", 4);
    assert_string_equal(u.query, "x=1&y");
    assert_int_equal(mrs_url_parse("http://host", &u, NULL), MARS_OK);
    assert_false(u.tls);
    assert_int_equal(u.path_len, 0);
    assert_null(u.query);
    assert_int_equal(mrs_url_parse("http://host?q", &u, NULL), MARS_OK);
    assert_int_equal(u.host_len, 4);
    assert_string_equal(u.query, "q");
}

static void
others_are_refused(void **state)
{
    static const char *const wrong[] = { "", "host/path", "ftp://host", "https://", "https:///a",
                                         "https://user@host/", "https://host/a#b",
                                         "https://host/a b", "https://host/a\r\nX: y", "HTTP://h" };
    struct mrs_url u;

    (void)state;
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++)
        assert_int_equal(mrs_url_parse(wrong[i], &u, NULL), MARS_ERR_INVALID_ARG);
}

static void
this_machine_is_known(void **state)
{
    static const struct {
        const char *url;
        bool yes;
    } all[] = { { "http://localhost", true },        { "http://localhost:1/x", true },
                { "http://127.0.0.1:80", true },     { "http://[::1]:80/", true },
                { "http://localhost.evil.example", false }, { "http://127.0.0.11/", false },
                { "http://example/?localhost", false } };

    (void)state;
    for (size_t i = 0; i < sizeof all / sizeof all[0]; i++) {
        struct mrs_url u;

        assert_int_equal(mrs_url_parse(all[i].url, &u, NULL), MARS_OK);
        assert_int_equal(mrs_url_is_loopback(&u), all[i].yes);
    }
}

static void
the_clouds_own_addresses_are_known(void **state)
{
    static const struct {
        const char *url;
        bool yes;
    } all[] = { { "http://169.254.169.254", true },      { "http://169.254.170.2/v2/x", true },
                { "http://169.254.129.3:8081/msi", true }, { "http://[fd00:ec2::254]/", true },
                { "http://[fd00:ec2::23]:80/", true },   { "http://169.254.170.2.example", false },
                { "http://169.254.170", false },         { "http://169.254.256.1/", false },
                { "http://169.254.1.", false },          { "http://1169.254.169.254", false },
                { "http://[fd00:ec2::254].example", false }, { "http://[fd00:ec2::", false },
                { "http://[fd00::ec2:254]", false },     { "http://localhost", false },
                { "http://example/?169.254.169.254", false } };

    (void)state;
    for (size_t i = 0; i < sizeof all / sizeof all[0]; i++) {
        struct mrs_url u;

        assert_int_equal(mrs_url_parse(all[i].url, &u, NULL), MARS_OK);
        assert_int_equal(mrs_url_is_metadata(&u), all[i].yes);
    }
}

static void
a_query_is_never_shown(void **state)
{
    char place[MRS_URL_PLACE_SIZE];
    char longer[1000] = "https://host/";

    (void)state;
    mrs_url_place("https://host/s3cret?sig=s3cret", true, place);
    assert_string_equal(place, "https://host");
    mrs_url_place("https://host/a?sig=s3cret", false, place);
    assert_string_equal(place, "https://host/a");
    memset(longer + 13, 'x', 500);
    mrs_url_place(longer, false, place);
    assert_true(strlen(place) < sizeof place);
    mrs_url_place("s3cret", false, place);
    assert_null(strstr(place, "s3cret"));
}

static void
what_is_not_plain_is_encoded(void **state)
{
    struct mrs_buf out = MRS_BUF_INIT(100);

    (void)state;
    assert_int_equal(mrs_url_encode(&out, "aZ09-._~/ $\xc3\xa4%", 14, true, NULL), MARS_OK);
    assert_int_equal(mrs_url_encode(&out, "/+=", 3, false, NULL), MARS_OK);
    assert_int_equal(mrs_buf_append(&out, "", 1, NULL), MARS_OK);
    assert_string_equal((char *)out.data, "aZ09-._~/%20%24%C3%A4%25%2F%2B%3D");
    mrs_buf_free(&out);
    assert_int_equal(failing_alloc_live(), 0);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(parts_are_found),       cmocka_unit_test(others_are_refused),
        cmocka_unit_test(this_machine_is_known), cmocka_unit_test(a_query_is_never_shown),
        cmocka_unit_test(the_clouds_own_addresses_are_known),
        cmocka_unit_test(what_is_not_plain_is_encoded),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
