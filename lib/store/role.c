/* A container asks the service beside it, an instance its metadata service, in the second version
 * only.
 * https://docs.aws.amazon.com/sdkref/latest/guide/feature-container-credentials.html
 * https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/configuring-instance-metadata-service.html */
#include "store/role.h"

#include <string.h>

#include "base/err.h"
#include "http/url.h"

enum { ANSWER_MAX = 64 << 10, TEXT_MAX = 4096, SESSION_MAX = 1024, NAME_MAX_LEN = 128 };

static const char INSTANCE[] = "http://169.254.169.254";
static const char KEYS_PATH[] = "/latest/meta-data/iam/security-credentials/";
static const char SESSION_HEADER[] = "X-aws-ec2-metadata-token";

/* A status that is not 200 ends it. */
static mars_status
ask(const struct mrs_fetch *with, const struct mrs_ask *q, const char *who,
    struct mrs_http_answer *a, mars_error *err)
{
    mars_status st = mrs_identity_ask(with, q, a, err);

    if (st == MARS_ERR_CANCELLED || (st == MARS_OK && a->status == 200))
        return st;
    if (st != MARS_OK)
        return mrs_context(err, st, "%s", who);
    (void)mrs_fail(err, MARS_ERR_AUTH, "%s answers %d", who, a->status);
    if (err != NULL)
        err->http_status = a->status;
    return MARS_ERR_AUTH;
}

static mars_status
ask_for_keys(struct mrs_token *out, const struct mrs_fetch *with, const struct mrs_ask *q,
             const char *who, mars_error *err)
{
    struct mrs_http_answer a = MRS_HTTP_ANSWER_INIT(ANSWER_MAX);
    mars_status st = ask(with, q, who, &a, err);

    if (st == MARS_OK) {
        st = mrs_token_of_aws(out, a.body.data, a.body.len, mrs_identity_now(&a), err);
        if (st != MARS_OK)
            st = mrs_context(err, st, "%s", who);
    }
    mrs_http_answer_free(&a);
    return st;
}

static mars_status
fetch_of_container(struct mrs_token *out, const struct mrs_fetch *with, mars_error *err)
{
    const struct mrs_access *a = with->access;
    struct mrs_ask q = { .method = "GET",
                         .url = a->text[MRS_ACCESS_IDENTITY_ENDPOINT],
                         .headers = { { "Authorization", a->text[MRS_ACCESS_IDENTITY_HEADER] } },
                         .hide_path = true };

    return ask_for_keys(out, with, &q, "the container's role", err);
}

/* The first line of an answer, up to max bytes of what words and names are made of. */
static mars_status
take_word(struct mrs_buf *out, const struct mrs_http_answer *a, size_t max, mars_error *err)
{
    const uint8_t *p = a->body.data;
    size_t n = 0;
    mars_status st;

    while (n < a->body.len && p[n] > ' ' && p[n] <= '~')
        n++;
    if (n == 0 || n > max || (n < a->body.len && p[n] != '\n' && p[n] != '\r'))
        return mrs_fail(err, MARS_ERR_NETWORK, "the instance's metadata service: not its answer");
    st = mrs_buf_append(out, p, n, err);
    return st == MARS_OK ? mrs_buf_append(out, "", 1, err) : st;
}

static mars_status
make_url(struct mrs_buf *url, const struct mrs_fetch *with, const char *path, const char *name,
         mars_error *err)
{
    const char *at = with->access->text[MRS_ACCESS_IDENTITY_ENDPOINT];
    size_t n;
    mars_status st;

    if (at == NULL)
        at = INSTANCE;
    n = strlen(at);
    while (n > 0 && at[n - 1] == '/')
        n--;
    mrs_buf_reset(url);
    st = mrs_buf_append(url, at, n, err);
    if (st == MARS_OK)
        st = mrs_buf_append(url, path, strlen(path), err);
    if (st == MARS_OK)
        st = mrs_url_encode(url, name, strlen(name), false, err);
    return st == MARS_OK ? mrs_buf_append(url, "", 1, err) : st;
}

/* One request to the instance's service, whose answer is a word: the session it has opened, or the
 * role's name. */
static mars_status
ask_for_word(struct mrs_buf *out, const struct mrs_fetch *with, const struct mrs_ask *q,
             size_t max, mars_error *err)
{
    struct mrs_http_answer a = MRS_HTTP_ANSWER_INIT(ANSWER_MAX);
    mars_status st = ask(with, q, "the instance's metadata service", &a, err);

    if (st == MARS_OK)
        st = take_word(out, &a, max, err);
    mrs_http_answer_free(&a);
    return st;
}

static mars_status
fetch_of_instance(struct mrs_token *out, const struct mrs_fetch *with, mars_error *err)
{
    struct mrs_buf url = MRS_BUF_INIT(TEXT_MAX), session = MRS_BUF_INIT(SESSION_MAX + 1);
    struct mrs_buf role = MRS_BUF_INIT(NAME_MAX_LEN + 1);
    struct mrs_ask q = { .method = "PUT",
                         .headers = { { "X-aws-ec2-metadata-token-ttl-seconds", "300" } } };
    mars_status st = make_url(&url, with, "/latest/api/token", "", err);

    q.url = (const char *)url.data;
    if (st == MARS_OK)
        st = ask_for_word(&session, with, &q, SESSION_MAX, err);
    q = (struct mrs_ask){ .method = "GET",
                          .headers = { { SESSION_HEADER, (const char *)session.data } } };
    if (st == MARS_OK)
        st = make_url(&url, with, KEYS_PATH, "", err);
    q.url = (const char *)url.data;
    if (st == MARS_OK)
        st = ask_for_word(&role, with, &q, NAME_MAX_LEN, err);
    if (st == MARS_OK)
        st = make_url(&url, with, KEYS_PATH, (const char *)role.data, err);
    q.url = (const char *)url.data;
    if (st == MARS_OK)
        st = ask_for_keys(out, with, &q, "the instance's role", err);
    mrs_buf_free(&url);
    mrs_buf_free(&session);
    mrs_buf_free(&role);
    return st;
}

mars_status
mrs_role_open(struct mrs_identity **out, const struct mrs_access *access, mars_error *err)
{
    const char *how = access->text[MRS_ACCESS_IDENTITY];

    *out = NULL;
    if (how == NULL)
        return MARS_OK;
    if (strcmp(how, "instance") == 0)
        return mrs_identity_new(out, fetch_of_instance, access, err);
    if (strcmp(how, "container") != 0)
        return mrs_fail(err, MARS_ERR_INVALID_ARG,
                        "identity: of AWS there are \"container\" and \"instance\"");
    if (access->text[MRS_ACCESS_IDENTITY_ENDPOINT] == NULL)
        return mrs_fail(err, MARS_ERR_INVALID_ARG, "a container's role has an endpoint");
    return mrs_identity_new(out, fetch_of_container, access, err);
}
