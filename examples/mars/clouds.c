#include "clouds.h"

#include <string.h>

#include "profile.h"
#include "report.h"

enum { URL_SIZE = 1024 };

static const char *
first_of(const char *a, const char *b)
{
    return a != NULL ? a : b;
}

/* Both together, NULL where they do not fit. */
static const char *
joined(struct reach *s, const char *a, const char *b)
{
    char text[URL_SIZE];
    int n = snprintf(text, sizeof text, "%s%s", a, b);

    return n > 0 && (size_t)n < sizeof text ? reach_keep(s, text, (size_t)n) : NULL;
}

/* The value of a key in "Key=Value;Key=Value", whose values may have "=" in them. */
static const char *
part_of(struct reach *s, const char *text, const char *key)
{
    size_t n = strlen(key);

    while (text != NULL && *text != '\0') {
        size_t len = strcspn(text, ";");

        if (len > n && text[n] == '=' && strncmp(text, key, n) == 0)
            return reach_keep(s, text + n + 1, len - n - 1);
        text += len + (text[len] == ';');
    }
    return NULL;
}

/* "https://ACCOUNT.blob.SUFFIX", where that is not the public cloud's. */
static const char *
endpoint_of_suffix(struct reach *s, const char *connection)
{
    const char *suffix = part_of(s, connection, "EndpointSuffix");
    const char *scheme = part_of(s, connection, "DefaultEndpointsProtocol");
    const char *account = part_of(s, connection, "AccountName");
    char url[512];

    if (suffix == NULL || account == NULL || strcmp(suffix, "core.windows.net") == 0)
        return NULL;
    (void)snprintf(url, sizeof url, "%s://%s.blob.%s", scheme != NULL ? scheme : "https", account,
                   suffix);
    return reach_keep(s, url, strlen(url));
}

/* An application; else, beside App Service, whoever runs there; else, where it is asked for, the
 * machine itself. Its metadata service is never tried unasked. */
static void
take_entra(struct reach *s)
{
    mars_store_options *o = &s->options;
    const char *authority = reach_variable("AZURE_AUTHORITY_HOST");
    const char *host = reach_variable("AZURE_POD_IDENTITY_AUTHORITY_HOST");
    const char *which = reach_variable("AZURE_TOKEN_CREDENTIALS");
    bool asked = which != NULL && (strcmp(which, "ManagedIdentityCredential") == 0 ||
                                   strcmp(which, "prod") == 0);

    o->client_secret = reach_variable("AZURE_CLIENT_SECRET");
    if (o->client_secret != NULL) {
        o->tenant = reach_variable("AZURE_TENANT_ID");
        if (authority != NULL)
            o->authority =
                joined(s, strstr(authority, "://") != NULL ? "" : "https://", authority);
    } else if (reach_variable("IDENTITY_ENDPOINT") != NULL &&
               reach_variable("IDENTITY_HEADER") != NULL) {
        o->identity = "managed";
        o->identity_endpoint = reach_variable("IDENTITY_ENDPOINT");
        o->identity_header = reach_variable("IDENTITY_HEADER");
    } else if (asked || host != NULL) {
        o->identity = "managed";
        if (host != NULL)
            o->identity_endpoint = joined(s, host, "/metadata/identity/oauth2/token");
    }
    if (o->client_secret != NULL || o->identity != NULL)
        o->client_id = reach_variable("AZURE_CLIENT_ID");
}

/* Does azblob://ACCOUNT/... or https://ACCOUNT.... name this account? NULL: any. */
static bool
is_of(const char *url, const char *account)
{
    const char *host = strstr(url, "://");
    size_t n = account != NULL ? strlen(account) : 0;

    if (account == NULL || host == NULL)
        return true;
    host += 3;
    return strncmp(host, account, n) == 0 && (host[n] == '/' || host[n] == '.');
}

void
clouds_azure(struct reach *s, const char *url)
{
    mars_store_options *o = &s->options;
    const char *connection = reach_variable("AZURE_STORAGE_CONNECTION_STRING");

    if (is_of(url, reach_variable("AZURE_STORAGE_ACCOUNT"))) {
        o->account_key = reach_variable("AZURE_STORAGE_KEY");
        o->sas = reach_variable("AZURE_STORAGE_SAS_TOKEN");
    }
    if (!is_of(url, part_of(s, connection, "AccountName")))
        connection = NULL;
    o->account_key = first_of(o->account_key, part_of(s, connection, "AccountKey"));
    o->sas = first_of(o->sas, part_of(s, connection, "SharedAccessSignature"));
    if (o->sas != NULL && *o->sas == '?')
        o->sas++;
    if (o->endpoint == NULL)
        o->endpoint = part_of(s, connection, "BlobEndpoint");
    if (o->endpoint == NULL)
        o->endpoint = endpoint_of_suffix(s, connection);
    if (o->account_key == NULL && o->sas == NULL)
        take_entra(s);
}

/* A value of a profile; the file that holds keys, or the other one. */
static const char *
of_profile(struct reach *s, const char *name, bool keys, const char *key)
{
    char value[PROFILE_VALUE_SIZE];
    const char *kept = NULL;

    if (profile_get(name, keys, key, value))
        kept = reach_keep(s, value, strlen(value));
    memset(value, 0, sizeof value);
    return kept;
}

static bool
take_profile(struct reach *s, const char *name)
{
    mars_store_options *o = &s->options;

    for (int keys = 1; keys >= 0; keys--) {
        o->key_id = of_profile(s, name, keys != 0, "aws_access_key_id");
        o->secret_key = of_profile(s, name, keys != 0, "aws_secret_access_key");
        o->session_token = of_profile(s, name, keys != 0, "aws_session_token");
        if (o->key_id != NULL && o->secret_key != NULL)
            return true;
    }
    o->key_id = o->secret_key = o->session_token = NULL;
    return false;
}

static bool
take_variables(mars_store_options *o)
{
    o->key_id = reach_variable("AWS_ACCESS_KEY_ID");
    o->secret_key = reach_variable("AWS_SECRET_ACCESS_KEY");
    o->session_token = reach_variable("AWS_SESSION_TOKEN");
    return o->key_id != NULL && o->secret_key != NULL;
}

static void
take_role(struct reach *s)
{
    mars_store_options *o = &s->options;
    const char *path = reach_variable("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI");
    const char *url = reach_variable("AWS_CONTAINER_CREDENTIALS_FULL_URI");
    const char *disabled = reach_variable("AWS_EC2_METADATA_DISABLED");

    if (path != NULL && *path == '/')
        url = joined(s, "http://169.254.170.2", path);
    if (url != NULL) {
        o->identity = "container";
        o->identity_endpoint = url;
        o->identity_header = reach_variable("AWS_CONTAINER_AUTHORIZATION_TOKEN");
    } else if (disabled == NULL ||
               (strcmp(disabled, "true") != 0 && strcmp(disabled, "True") != 0)) {
        o->identity = "instance";
        o->identity_endpoint = reach_variable("AWS_EC2_METADATA_SERVICE_ENDPOINT");
    }
}

int
clouds_aws(struct cli *cli, struct reach *s)
{
    mars_store_options *o = &s->options;
    const char *profile = reach_variable("AWS_PROFILE");
    const char *name = profile != NULL ? profile : "default";

    if (!take_variables(o) && !take_profile(s, name)) {
        if (profile != NULL)
            return report_usage(cli, "AWS_PROFILE \"%s\": there are no keys of that profile",
                                profile);
        take_role(s);
    }
    if (o->region == NULL)
        o->region = first_of(reach_variable("AWS_REGION"), reach_variable("AWS_DEFAULT_REGION"));
    if (o->region == NULL)
        o->region = of_profile(s, name, false, "region");
    if (o->endpoint == NULL)
        o->endpoint = first_of(reach_variable("AWS_ENDPOINT_URL_S3"),
                               reach_variable("AWS_ENDPOINT_URL"));
    return CODE_DONE;
}
