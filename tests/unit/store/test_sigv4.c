/* The examples that AWS publishes for S3:
 * https://docs.aws.amazon.com/AmazonS3/latest/API/sig-v4-header-based-auth.html */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#include "failing_alloc.h"
#include "store/sigv4.h"

static const char EMPTY[] = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
static const char HOST[] = "examplebucket.s3.amazonaws.com";
static const char DATE[] = "20130524T000000Z";

static struct mrs_sigv4
example(const char *method, const char *path, const char *query,
        const struct mrs_sigv4_header *headers, size_t n, const char *payload)
{
    return (struct mrs_sigv4){ "AKIAIOSFODNN7EXAMPLE",
                               "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY",
                               "us-east-1", "s3", method, path, strlen(path), query, headers, n,
                               payload, DATE };
}

static void
authorizes(const struct mrs_sigv4 *s, const char *names, const char *signature)
{
    struct mrs_buf out = MRS_BUF_INIT(2048);
    char want[512];

    (void)snprintf(want, sizeof want,
                   "AWS4-HMAC-SHA256 Credential=AKIAIOSFODNN7EXAMPLE/20130524/us-east-1/s3/"
                   "aws4_request,SignedHeaders=%s,Signature=%s", names, signature);
    assert_int_equal(mrs_sigv4_authorize(s, &out, NULL), MARS_OK);
    assert_int_equal(out.len, strlen(want));
    assert_memory_equal(out.data, want, out.len);
    mrs_buf_free(&out);
    assert_int_equal(failing_alloc_live(), 0);
}

static void
get_object(void **state)
{
    const struct mrs_sigv4_header h[] = { { "host", HOST },
                                          { "range", "bytes=0-9" },
                                          { "x-amz-content-sha256", EMPTY },
                                          { "x-amz-date", DATE } };
    struct mrs_sigv4 s = example("GET", "/test.txt", "", h, 4, EMPTY);

    (void)state;
    authorizes(&s, "host;range;x-amz-content-sha256;x-amz-date",
               "f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41");
}

static void
put_object(void **state)
{
    static const char payload[] =
        "44ce7dd67c959e0d3524ffac1771dfbba87d2b6b4b4e99e42034a8b803f8b072";
    const struct mrs_sigv4_header h[] = { { "date", "Fri, 24 May 2013 00:00:00 GMT" },
                                          { "host", HOST },
                                          { "x-amz-content-sha256", payload },
                                          { "x-amz-date", DATE },
                                          { "x-amz-storage-class", "REDUCED_REDUNDANCY" } };
    struct mrs_sigv4 s = example("PUT", "/test%24file.text", "", h, 5, payload);

    (void)state;
    authorizes(&s, "date;host;x-amz-content-sha256;x-amz-date;x-amz-storage-class",
               "98ad721746da40c64f1a55b78f14c238d841ea1380cd77a1b5971af0ece108bd");
}

static void
get_bucket_lifecycle(void **state)
{
    const struct mrs_sigv4_header h[] = { { "host", HOST },
                                          { "x-amz-content-sha256", EMPTY },
                                          { "x-amz-date", DATE } };
    struct mrs_sigv4 s = example("GET", "/", "lifecycle=", h, 3, EMPTY);

    (void)state;
    authorizes(&s, "host;x-amz-content-sha256;x-amz-date",
               "fea454ca298b7da1c68078a5d1bdbfbbe0d65c699e0f91ac7a200a0136783543");
}

static void
list_objects(void **state)
{
    const struct mrs_sigv4_header h[] = { { "host", HOST },
                                          { "x-amz-content-sha256", EMPTY },
                                          { "x-amz-date", DATE } };
    struct mrs_sigv4 s = example("GET", "/", "max-keys=2&prefix=J", h, 3, EMPTY);

    (void)state;
    authorizes(&s, "host;x-amz-content-sha256;x-amz-date",
               "34b48302e7b5fa45bde8084f4b7868a86f0a534bc59db6670ed5711ef69dc6f7");
}

static void
a_path_that_is_empty_is_the_root(void **state)
{
    const struct mrs_sigv4_header h[] = { { "host", HOST },
                                          { "x-amz-content-sha256", EMPTY },
                                          { "x-amz-date", DATE } };
    struct mrs_sigv4 s = example("GET", "", "lifecycle=", h, 3, EMPTY);

    (void)state;
    authorizes(&s, "host;x-amz-content-sha256;x-amz-date",
               "fea454ca298b7da1c68078a5d1bdbfbbe0d65c699e0f91ac7a200a0136783543");
}

static void
dates_are_written_without_marks(void **state)
{
    char date[MRS_SIGV4_DATE_SIZE];

    (void)state;
    mrs_sigv4_date(1369353600, date);
    assert_string_equal(date, DATE);
}

static void
signing_survives_every_failing_allocation(void **state)
{
    const struct mrs_sigv4_header h[] = { { "host", HOST } };
    struct mrs_sigv4 s = example("GET", "/", "", h, 1, EMPTY);
    mars_status st = MARS_ERR_NOMEM;
    size_t n;

    (void)state;
    for (n = 0; st != MARS_OK; n++) {
        struct mrs_buf out = MRS_BUF_INIT(2048);

        assert_in_range(n, 0, 100);
        failing_alloc_arm(n);
        st = mrs_sigv4_authorize(&s, &out, NULL);
        failing_alloc_arm(SIZE_MAX);
        mrs_buf_free(&out);
        assert_true(st == MARS_OK || st == MARS_ERR_NOMEM);
        assert_int_equal(failing_alloc_live(), 0);
    }
    assert_true(n > 5);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(get_object),
        cmocka_unit_test(put_object),
        cmocka_unit_test(get_bucket_lifecycle),
        cmocka_unit_test(list_objects),
        cmocka_unit_test(a_path_that_is_empty_is_the_root),
        cmocka_unit_test(dates_are_written_without_marks),
        cmocka_unit_test(signing_survives_every_failing_allocation),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
