#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <string.h>

#include "failing_alloc.h"
#include "store/place.h"

static const struct {
    const char *url, *endpoint, *region, *addressing; /* given */
    const char *shown, *base, *prefix;                /* wanted; shown NULL: as given */
} good[] = {
    { "azblob://acc/box", NULL, NULL, NULL, NULL, "https://acc.blob.core.windows.net/box", "" },
    { "azblob://acc/box/", NULL, NULL, NULL, "azblob://acc/box",
      "https://acc.blob.core.windows.net/box", "" },
    { "azblob://acc/box/a/b", NULL, NULL, NULL, NULL, "https://acc.blob.core.windows.net/box",
      "a/b/" },
    { "azblob://acc/box//a/", NULL, NULL, NULL, "azblob://acc/box/a",
      "https://acc.blob.core.windows.net/box", "a/" },
    { "azblob://acc/box", "http://127.0.0.1:10000/acc", NULL, NULL, NULL,
      "http://127.0.0.1:10000/acc/box", "" },
    { "azblob://acc/box", "http://127.0.0.1:10000", NULL, NULL, NULL,
      "http://127.0.0.1:10000/acc/box", "" },
    { "azblob://acc/box", "https://acc.privatelink.example/", NULL, NULL, NULL,
      "https://acc.privatelink.example/box", "" },
    { "https://acc.blob.core.windows.net/box/p?sv=1&sig=x%2F", NULL, NULL, NULL,
      "azblob://acc/box/p", "https://acc.blob.core.windows.net/box", "p/" },
    { "s3://bucket", NULL, NULL, NULL, NULL, "https://bucket.s3.us-east-1.amazonaws.com", "" },
    { "s3://bucket/p", NULL, "eu-west-3", NULL, NULL, "https://bucket.s3.eu-west-3.amazonaws.com",
      "p/" },
    { "s3://with.dots", NULL, NULL, NULL, NULL, "https://s3.us-east-1.amazonaws.com/with.dots",
      "" },
    { "s3://bucket/", "http://localhost:9000/", NULL, NULL, "s3://bucket",
      "http://localhost:9000/bucket", "" },
    { "s3://bucket", "https://s3.example:8443", NULL, "host", NULL,
      "https://bucket.s3.example:8443", "" },
    { "s3://bucket", NULL, NULL, "path", NULL, "https://s3.us-east-1.amazonaws.com/bucket", "" },
};

static void
urls_lead_where_they_should(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++) {
        struct mrs_access a = { .stall_ms = 0 };
        struct mrs_place p;

        assert_int_equal(mrs_access_set(&a, MRS_ACCESS_ENDPOINT, good[i].endpoint, NULL), MARS_OK);
        assert_int_equal(mrs_access_set(&a, MRS_ACCESS_REGION, good[i].region, NULL), MARS_OK);
        assert_int_equal(mrs_access_set(&a, MRS_ACCESS_ADDRESSING, good[i].addressing, NULL),
                         MARS_OK);
        assert_int_equal(mrs_place_parse(&p, good[i].url, &a, NULL), MARS_OK);
        assert_string_equal(p.url, good[i].shown != NULL ? good[i].shown : good[i].url);
        assert_string_equal(p.base, good[i].base);
        assert_string_equal(p.prefix, good[i].prefix);
        mrs_place_free(&p);
        mrs_access_free(&a);
    }
    assert_int_equal(failing_alloc_live(), 0);
}

static void
a_signature_in_the_url_is_taken_out_of_it(void **state)
{
    struct mrs_access a = { .stall_ms = 0 };
    struct mrs_place p;

    (void)state;
    assert_int_equal(mrs_place_parse(&p, "https://acc.blob.core.windows.net/box?sv=1&sig=s3cret",
                                     &a, NULL), MARS_OK);
    assert_string_equal(p.sas, "sv=1&sig=s3cret");
    assert_null(strstr(p.url, "s3cret"));
    assert_null(strstr(p.base, "s3cret"));
    mrs_place_free(&p);
}

static void
other_urls_are_refused_and_not_shown(void **state)
{
    static const char *const wrong[] = {
        "azblob://", "azblob://acc", "azblob://acc/", "azblob://ACC/box", "azblob://acc/Box",
        "azblob://acc/box?sig=s3cret", "s3://", "s3:///p", "s3://Bucket", "s3://b/p?s3cret",
        "https://example.com/box?sig=s3cret", "https://acc.blob.core.windows.net?sig=s3cret",
        "http://acc.blob.core.windows.net/box?sig=s3cret", "https://u:s3cret@acc.blob.core.x/box",
        "ftp://host/s3cret", "s3cret", "file://relative",
    };
    struct mrs_access a = { .stall_ms = 0 };

    (void)state;
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        struct mrs_place p;
        mars_error err;
        mars_status st = mrs_place_parse(&p, wrong[i], &a, &err);

        assert_true(st == MARS_ERR_INVALID_ARG || st == MARS_ERR_UNSUPPORTED);
        assert_null(strstr(err.message, "s3cret"));
        mrs_place_free(&p);
    }
    assert_int_equal(failing_alloc_live(), 0);
}

static void
parsing_survives_every_failing_allocation(void **state)
{
    struct mrs_access a = { .stall_ms = 0 };
    mars_status st = MARS_ERR_NOMEM;
    size_t n;

    (void)state;
    for (n = 0; st != MARS_OK; n++) {
        struct mrs_place p;

        assert_in_range(n, 0, 100);
        failing_alloc_arm(n);
        st = mrs_place_parse(&p, "https://acc.blob.core.windows.net/box/p?sig=x", &a, NULL);
        failing_alloc_arm(SIZE_MAX);
        mrs_place_free(&p);
        assert_true(st == MARS_OK || st == MARS_ERR_NOMEM);
        assert_int_equal(failing_alloc_live(), 0);
    }
    assert_true(n > 5);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(urls_lead_where_they_should),
        cmocka_unit_test(a_signature_in_the_url_is_taken_out_of_it),
        cmocka_unit_test(other_urls_are_refused_and_not_shown),
        cmocka_unit_test(parsing_survives_every_failing_allocation),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
