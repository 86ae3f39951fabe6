#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <string.h>

#include "base/err.h"
#include "failing_alloc.h"
#include "store/token.h"

typedef mars_status parse_fn(struct mrs_token *, const void *, size_t, int64_t, mars_error *);

static const int64_t NOW = 1767225600; /* 2026-01-01T00:00:00Z */

static const char ENTRA[] =
    "{\"token_type\":\"Bearer\",\"expires_in\":3599,\"ext_expires_in\":3599,"
    "\"access_token\":\"eyJ0eXAi.eyJhdWQi.c2ln-_\"}";
static const char MANAGED[] =
    "{\n  \"access_token\": \"eyJ0eXAi\",\n  \"refresh_token\": \"\",\n"
    "  \"expires_in\": \"3599\",\n  \"expires_on\": \"1506484173\",\n"
    "  \"not_before\": \"1506480273\",\n  \"resource\": \"https:\\/\\/storage.azure.com/\",\n"
    "  \"token_type\": \"Bearer\"\n}\n";
static const char APP_SERVICE[] =
    "{\"access_token\":\"eyJ0eXAi\",\"expires_on\":\"1767229200\",\"resource\":\"x\","
    "\"token_type\":\"Bearer\",\"client_id\":\"5E29463D\"}";
static const char INSTANCE[] =
    "{\n  \"Code\" : \"Success\",\n  \"LastUpdated\" : \"2026-01-01T00:00:00Z\",\n"
    "  \"Type\" : \"AWS-HMAC\",\n  \"AccessKeyId\" : \"ASIAIOSFODNN7EXAMPLE\",\n"
    "  \"SecretAccessKey\" : \"wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY\",\n"
    "  \"Token\" : \"dG9r+/==\",\n  \"Expiration\" : \"2026-01-01T06:00:00Z\"\n}";
static const char CONTAINER[] =
    "{\"RoleArn\":\"arn:aws:iam::1:role/r\",\"AccessKeyId\":\"ASIA\",\"SecretAccessKey\":\"s\","
    "\"Token\":\"t\",\"Expiration\":\"2026-01-01T00:00:10.123Z\"}";

static mars_status
parse(parse_fn *fn, struct mrs_token *t, const char *text, mars_error *err)
{
    memset(t, 0, sizeof *t);
    return fn(t, text, strlen(text), NOW, err);
}

static void
tokens_of_azure_are_read(void **state)
{
    struct mrs_token t;

    (void)state;
    assert_int_equal(parse(mrs_token_of_azure, &t, ENTRA, NULL), MARS_OK);
    assert_string_equal(t.bearer, "eyJ0eXAi.eyJhdWQi.c2ln-_");
    assert_int_equal(t.life, 3599);
    mrs_token_clear(&t);
    assert_int_equal(parse(mrs_token_of_azure, &t, MANAGED, NULL), MARS_OK);
    assert_int_equal(t.life, 3599);
    mrs_token_clear(&t);
    assert_int_equal(parse(mrs_token_of_azure, &t, APP_SERVICE, NULL), MARS_OK);
    assert_int_equal(t.life, 3600);
    mrs_token_clear(&t);
    assert_null(t.bearer);
    assert_int_equal(failing_alloc_live(), 0);
}

static void
keys_of_roles_are_read(void **state)
{
    struct mrs_token t;

    (void)state;
    assert_int_equal(parse(mrs_token_of_aws, &t, INSTANCE, NULL), MARS_OK);
    assert_string_equal(t.key_id, "ASIAIOSFODNN7EXAMPLE");
    assert_string_equal(t.secret, "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY");
    assert_string_equal(t.session, "dG9r+/==");
    assert_int_equal(t.life, 6 * 3600);
    mrs_token_clear(&t);
    assert_int_equal(parse(mrs_token_of_aws, &t, CONTAINER, NULL), MARS_OK);
    assert_int_equal(t.life, 10);
    mrs_token_clear(&t);
    assert_int_equal(failing_alloc_live(), 0);
}

static void
a_token_of_some_kilobytes_is_taken(void **state)
{
    static char text[20000];
    struct mrs_token t;

    (void)state;
    strcpy(text, "{\"expires_in\":\"60\",\"access_token\":\"");
    memset(text + strlen(text), 'x', 12000);
    strcat(text, "\"}");
    assert_int_equal(parse(mrs_token_of_azure, &t, text, NULL), MARS_OK);
    assert_int_equal(strlen(t.bearer), 12000);
    mrs_token_clear(&t);
}

static void
refuses(parse_fn *fn, const char *text)
{
    struct mrs_token t;
    mars_error err;

    assert_int_equal(parse(fn, &t, text, &err), MARS_ERR_NETWORK);
    assert_null(t.bearer);
    assert_null(t.secret);
    assert_null(strstr(err.message, "s3cret"));
    assert_int_equal(failing_alloc_live(), 0);
}

static void
what_has_no_token_in_it_is_refused_and_not_shown(void **state)
{
    static const char *const azure[] = {
        "", "s3cret", "<html>s3cret</html>", "{}", "[\"s3cret\"]", "{\"access_token\":\"s3cret\"",
        "{\"access_token\":\"s3cret\"}", "{\"access_token\":\"\",\"expires_in\":1}",
        "{\"expires_in\":3599,\"s3cret\":1}", "{\"access_token\":\"s3cret\",\"expires_in\":\"x\"}",
        "{\"access_token\":\"s3cret\\r\\nX: y\",\"expires_in\":1}",
        "{\"access_token\":\"s3cret s3cret\",\"expires_in\":1}",
        "{\"access_token\":\"s3cret\",\"access_token\":\"s3cret\",\"expires_in\":1}",
        "{\"access_token\":[\"s3cret\"],\"expires_in\":1}",
    };
    static const char *const aws[] = {
        "", "{}", "{\"Code\":\"Success\"}",
        "{\"AccessKeyId\":\"s3cret\",\"SecretAccessKey\":\"s3cret\",\"Token\":\"s3cret\"}",
        ("{\"AccessKeyId\":\"s3cret\",\"SecretAccessKey\":\"s3cret\",\"Token\":\"s3cret\","
         "\"Expiration\":\"tomorrow\"}"),
        "{\"AccessKeyId\":\"s3cret\",\"Token\":\"s3cret\",\"Expiration\":\"2026-01-01T00:00:10Z\"}",
    };

    (void)state;
    for (size_t i = 0; i < sizeof azure / sizeof azure[0]; i++)
        refuses(mrs_token_of_azure, azure[i]);
    for (size_t i = 0; i < sizeof aws / sizeof aws[0]; i++)
        refuses(mrs_token_of_aws, aws[i]);
}

static void
answers_that_are_too_large_are_refused(void **state)
{
    static char text[100000];

    (void)state;
    strcpy(text, "{\"expires_in\":\"60\",\"access_token\":\"");
    memset(text + strlen(text), 'x', 17000);
    strcat(text, "\"}");
    refuses(mrs_token_of_azure, text);
    memset(text, ' ', sizeof text - 1);
    memcpy(text + sizeof text - sizeof ENTRA, ENTRA, sizeof ENTRA);
    refuses(mrs_token_of_azure, text);
}

static void
a_role_without_keys_says_why(void **state)
{
    struct mrs_token t;
    mars_error err;

    (void)state;
    assert_int_equal(parse(mrs_token_of_aws, &t, "{\"Code\":\"AssumeRoleUnauthorizedAccess\"}",
                           &err), MARS_ERR_AUTH);
    assert_non_null(strstr(err.message, "AssumeRoleUnauthorizedAccess"));
    assert_int_equal(parse(mrs_token_of_aws, &t, "{\"Code\":\"s3cret words\"}", &err),
                     MARS_ERR_AUTH);
    assert_null(strstr(err.message, "s3cret"));
    assert_int_equal(failing_alloc_live(), 0);
}

static void
of_a_refusal_only_the_codes_are_taken(void **state)
{
    static const struct {
        const char *text, *codes;
    } all[] = {
        { "{\"error\":\"invalid_client\",\"error_description\":\"AADSTS7000215: s3cret\\r\\nx\","
          "\"error_codes\":[7000215],\"timestamp\":\"2026-01-01 00:00:00Z\"}",
          " invalid_client 7000215" },
        { "{\"error\":\"invalid_request\",\"error_description\":\"Identity not found\"}",
          " invalid_request" },
        { "{\"error\":{\"code\":\"s3cret\"}}", "" },
        { "{\"error\":\"not a s3cret\"}", "" },
        { "s3cret", "" },
        { "", "" },
    };
    char codes[MRS_TOKEN_ERROR_SIZE];

    (void)state;
    for (size_t i = 0; i < sizeof all / sizeof all[0]; i++) {
        mrs_token_refusal(all[i].text, strlen(all[i].text), codes);
        assert_string_equal(codes, all[i].codes);
    }
    assert_int_equal(failing_alloc_live(), 0);
}

static void
survives_every_failing_allocation(parse_fn *fn, const char *text)
{
    mars_status st = MARS_ERR_NOMEM;
    struct mrs_token t;
    size_t n;

    for (n = 0; st != MARS_OK; n++) {
        assert_in_range(n, 0, 200);
        failing_alloc_arm(n);
        st = parse(fn, &t, text, NULL);
        failing_alloc_arm(SIZE_MAX);
        assert_true(st == MARS_OK || st == MARS_ERR_NOMEM);
        if (st == MARS_OK)
            mrs_token_clear(&t);
        assert_int_equal(failing_alloc_live(), 0);
    }
    assert_true(n > 5);
}

static void
reading_survives_every_failing_allocation(void **state)
{
    (void)state;
    survives_every_failing_allocation(mrs_token_of_azure, ENTRA);
    survives_every_failing_allocation(mrs_token_of_aws, INSTANCE);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(tokens_of_azure_are_read),
        cmocka_unit_test(keys_of_roles_are_read),
        cmocka_unit_test(a_token_of_some_kilobytes_is_taken),
        cmocka_unit_test(what_has_no_token_in_it_is_refused_and_not_shown),
        cmocka_unit_test(answers_that_are_too_large_are_refused),
        cmocka_unit_test(a_role_without_keys_says_why),
        cmocka_unit_test(of_a_refusal_only_the_codes_are_taken),
        cmocka_unit_test(reading_survives_every_failing_allocation),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
