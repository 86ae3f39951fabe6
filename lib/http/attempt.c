/* One attempt: what curl is told, what it hands over, and what its failures mean. */
#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "base/alloc.h"
#include "base/err.h"
#include "http/http_int.h"
#include "http/url.h"
#include "platform/clock.h"
#include "platform/file.h"

enum { UPLOAD_BUFFER = 256 << 10, HEADER_MAX = 20 << 10 };
enum { STEP = 4 << 10 }; /* fewer bytes are a trickle, which does not count as getting on */
enum { HTTP_UNAUTHORIZED = 401, HTTP_PROXY_AUTH = 407 };

mars_status
mrs_http_add(struct mrs_http_headers *h, mars_error *err, const char *name, const char *value)
{
    char line[HEADER_MAX];
    struct curl_slist *more;
    int n = snprintf(line, sizeof line, "%s: %s", name, value);

    if (n < 0 || (size_t)n >= sizeof line || strpbrk(line, "\r\n") != NULL) {
        mrs_wipe(line, sizeof line);
        return mrs_fail(err, MARS_ERR_INVALID_ARG, "header %s: not a value for one", name);
    }
    more = curl_slist_append(h->lines, line);
    mrs_wipe(line, sizeof line); /* it may be a password */
    if (more == NULL)
        return mrs_nomem(err);
    h->lines = more;
    return MARS_OK;
}

static void
get_on(struct mrs_attempt *a, size_t n)
{
    a->moved += n;
    if (a->moved < STEP)
        return;
    a->moved = 0;
    a->heard = mrs_clock_mono();
}

static size_t
read_body(struct mrs_attempt *a, char *to, size_t n)
{
    const struct mrs_http_request *r = a->request;
    size_t got = 0;

    if (r->file == NULL) {
        memcpy(to, (const char *)r->body + a->sent, n);
        return n;
    }
    a->st = mrs_file_read_at(r->file, a->sent, to, n, &got, &a->why);
    if (a->st == MARS_OK && got < n)
        a->st = mrs_fail(&a->why, MARS_ERR_IO, "what is to be sent ends too early");
    return a->st == MARS_OK ? got : CURL_READFUNC_ABORT;
}

static size_t
on_send(char *to, size_t size, size_t count, void *user)
{
    struct mrs_attempt *a = user;
    uint64_t left = a->request->body_len - a->sent;
    size_t n = size * count < left ? size * count : (size_t)left;

    if (n == 0)
        return 0;
    n = mrs_throttle_bytes(a->http->throttle, n);
    if (n == 0) {
        a->sending_paused = true;
        return CURL_READFUNC_PAUSE;
    }
    n = read_body(a, to, n);
    if (n == CURL_READFUNC_ABORT)
        return n;
    a->sent += n;
    get_on(a, n);
    return n;
}

/* Before the body is sent once more over another connection. */
static int
on_seek(void *user, curl_off_t offset, int origin)
{
    struct mrs_attempt *a = user;

    if (origin != SEEK_SET || offset < 0 || (uint64_t)offset > a->request->body_len)
        return CURL_SEEKFUNC_FAIL;
    a->sent = (uint64_t)offset;
    return CURL_SEEKFUNC_OK;
}

/* A body that was asked for goes where it is wanted, all others into the answer. */
static bool
keep(struct mrs_attempt *a, const char *data, size_t n)
{
    const struct mrs_http_request *r = a->request;
    struct mrs_http_answer *to = a->answer;

    if (r->out == NULL || (to->status != 200 && to->status != 206)) {
        a->too_large = n > to->body.max - to->body.len;
        if (!a->too_large)
            a->st = mrs_buf_append(&to->body, data, n, &a->why);
        return !a->too_large && a->st == MARS_OK;
    }
    a->too_large = n > r->out_len - to->got;
    if (a->too_large)
        return false;
    memcpy((char *)r->out + to->got, data, n);
    to->got += n;
    return true;
}

static size_t
on_receive(char *data, size_t size, size_t count, void *user)
{
    struct mrs_attempt *a = user;
    size_t n = size * count, may = mrs_throttle_bytes(a->http->throttle, n);

    if (n > 0 && may == 0) {
        a->receiving_paused = true;
        return CURL_WRITEFUNC_PAUSE;
    }
    mrs_throttle_owe(a->http->throttle, n - may);
    get_on(a, n);
    return keep(a, data, n) ? n : (size_t)-1;
}

/* A line of the head, its name in small letters. */
static mars_status
keep_header(struct mrs_attempt *a, const char *line, size_t n)
{
    struct mrs_buf *head = &a->answer->head;
    size_t name = 0, at = head->len;
    mars_status st;

    while (n > 0 && (line[n - 1] == '\r' || line[n - 1] == '\n' || line[n - 1] == ' '))
        n--;
    while (name < n && line[name] != ':')
        name++;
    if (name == n || memchr(line, '\0', n) != NULL)
        return MARS_OK;
    /* A line without its NUL would be read beyond the end. */
    st = mrs_buf_reserve(head, n + 1, &a->why);
    if (st == MARS_OK)
        st = mrs_buf_append(head, line, n, &a->why);
    if (st == MARS_OK)
        st = mrs_buf_append(head, "", 1, &a->why);
    for (size_t i = at; st == MARS_OK && i < at + name; i++)
        head->data[i] = (uint8_t)tolower(head->data[i]);
    return st;
}

static size_t
on_header(char *line, size_t size, size_t count, void *user)
{
    struct mrs_attempt *a = user;
    size_t n = size * count;
    long status = 0;

    get_on(a, n);
    if (n >= 5 && memcmp(line, "HTTP/", 5) == 0) {
        /* Of 100 Continue, or of a proxy's answer, nothing is kept. */
        (void)curl_easy_getinfo(a->easy, CURLINFO_RESPONSE_CODE, &status);
        a->answer->status = (int)status;
        a->heard = mrs_clock_mono(); /* however long it took, the server is there */
        mrs_buf_reset(&a->answer->head);
        return n;
    }
    a->st = keep_header(a, line, n);
    if (a->st == MARS_ERR_CORRUPT)
        a->too_large = true;
    return a->st == MARS_OK ? n : (size_t)-1;
}

static void
set_tls(CURL *c, const struct mrs_http_options *o)
{
    (void)curl_easy_setopt(c, CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
    (void)curl_easy_setopt(c, CURLOPT_PROXY_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
    if (o->ca_file != NULL) {
        (void)curl_easy_setopt(c, CURLOPT_CAINFO, o->ca_file);
        (void)curl_easy_setopt(c, CURLOPT_PROXY_CAINFO, o->ca_file);
    }
    if (o->pin != NULL)
        (void)curl_easy_setopt(c, CURLOPT_PINNEDPUBLICKEY, o->pin);
}

/* Empty strings keep curl from looking into the environment. */
static void
set_proxy(CURL *c, const struct mrs_http_options *o, const char *to)
{
    struct mrs_url url;

    /* A proxy would be told who it is itself. */
    if (mrs_url_parse(to, &url, NULL) == MARS_OK && mrs_url_is_metadata(&url)) {
        (void)curl_easy_setopt(c, CURLOPT_PROXY, "");
        return;
    }
    (void)curl_easy_setopt(c, CURLOPT_PROXY, o->proxy != NULL ? o->proxy : "");
    (void)curl_easy_setopt(c, CURLOPT_NOPROXY, o->no_proxy != NULL ? o->no_proxy : "");
    if (o->proxy != NULL && o->proxy_user != NULL) {
        (void)curl_easy_setopt(c, CURLOPT_PROXYUSERNAME, o->proxy_user);
        (void)curl_easy_setopt(c, CURLOPT_PROXYPASSWORD,
                               o->proxy_password != NULL ? o->proxy_password : "");
        (void)curl_easy_setopt(c, CURLOPT_PROXYAUTH, (long)CURLAUTH_BASIC);
    }
}

static void
set_method(CURL *c, const struct mrs_http_request *r)
{
    bool post = strcmp(r->method, "POST") == 0;

    if (strcmp(r->method, "HEAD") == 0) {
        (void)curl_easy_setopt(c, CURLOPT_NOBODY, 1L);
    } else if (post) {
        (void)curl_easy_setopt(c, CURLOPT_POST, 1L);
        (void)curl_easy_setopt(c, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)r->body_len);
    } else if (strcmp(r->method, "PUT") == 0) {
        (void)curl_easy_setopt(c, CURLOPT_UPLOAD, 1L);
        (void)curl_easy_setopt(c, CURLOPT_INFILESIZE_LARGE, (curl_off_t)r->body_len);
    } else if (strcmp(r->method, "GET") != 0) {
        (void)curl_easy_setopt(c, CURLOPT_CUSTOMREQUEST, r->method);
    }
}

static void
set_callbacks(struct mrs_attempt *a)
{
    CURL *c = a->easy;

    (void)curl_easy_setopt(c, CURLOPT_READFUNCTION, on_send);
    (void)curl_easy_setopt(c, CURLOPT_READDATA, a);
    (void)curl_easy_setopt(c, CURLOPT_SEEKFUNCTION, on_seek);
    (void)curl_easy_setopt(c, CURLOPT_SEEKDATA, a);
    (void)curl_easy_setopt(c, CURLOPT_WRITEFUNCTION, on_receive);
    (void)curl_easy_setopt(c, CURLOPT_WRITEDATA, a);
    (void)curl_easy_setopt(c, CURLOPT_HEADERFUNCTION, on_header);
    (void)curl_easy_setopt(c, CURLOPT_HEADERDATA, a);
    (void)curl_easy_setopt(c, CURLOPT_ERRORBUFFER, a->text);
    (void)curl_easy_setopt(c, CURLOPT_PRIVATE, a);
}

mars_status
mrs_attempt_begin(struct mrs_attempt *a, mars_error *err)
{
    const struct mrs_http_options *o = &a->http->opts;
    const struct mrs_http_request *r = a->request;
    CURL *c = a->easy;
    mars_status st = mrs_http_add(&a->headers, err, "Expect", "");

    curl_easy_reset(c);
    if (st == MARS_OK && r->prepare != NULL)
        st = r->prepare(r->user, &a->headers, err);
    if (st == MARS_OK && curl_easy_setopt(c, CURLOPT_URL, r->url) != CURLE_OK)
        st = mrs_nomem(err);
    if (st != MARS_OK)
        return st;
    (void)curl_easy_setopt(c, CURLOPT_HTTPHEADER, a->headers.lines);
    (void)curl_easy_setopt(c, CURLOPT_PROTOCOLS_STR, "http,https");
    (void)curl_easy_setopt(c, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
    (void)curl_easy_setopt(c, CURLOPT_NOSIGNAL, 1L);
    (void)curl_easy_setopt(c, CURLOPT_CONNECTTIMEOUT_MS, (long)o->connect_ms);
    (void)curl_easy_setopt(c, CURLOPT_SUPPRESS_CONNECT_HEADERS, 1L);
    (void)curl_easy_setopt(c, CURLOPT_UPLOAD_BUFFERSIZE, (long)UPLOAD_BUFFER);
    set_tls(c, o);
    set_proxy(c, o, r->url);
    set_method(c, r);
    set_callbacks(a);
    return MARS_OK;
}

void
mrs_attempt_resume(struct mrs_attempt *a)
{
    if (!a->sending_paused && !a->receiving_paused)
        return;
    a->sending_paused = a->receiving_paused = false;
    (void)curl_easy_pause(a->easy, CURLPAUSE_CONT);
}

/* A failure that another try does not mend. MARS_OK: it may. */
static mars_status
lasting(const struct mrs_attempt *a)
{
    long connect = 0;

    switch ((int)a->code) {
    case CURLE_PEER_FAILED_VERIFICATION:
    case CURLE_SSL_PINNEDPUBKEYNOTMATCH:
    case CURLE_SSL_ISSUER_ERROR:
        return MARS_ERR_AUTH;
    case CURLE_SSL_CACERT_BADFILE:
    case CURLE_URL_MALFORMAT:
    case CURLE_COULDNT_RESOLVE_PROXY:
        return MARS_ERR_INVALID_ARG;
    case CURLE_OUT_OF_MEMORY:
        return MARS_ERR_NOMEM;
    default:
        break;
    }
    (void)curl_easy_getinfo(a->easy, CURLINFO_HTTP_CONNECTCODE, &connect);
    if (connect == HTTP_PROXY_AUTH || connect == HTTP_UNAUTHORIZED)
        return MARS_ERR_AUTH;
    /* Neither side speaks what the other wants: it is the same tomorrow. */
    if (a->code == CURLE_SSL_CONNECT_ERROR &&
        (strstr(a->text, "protocol version") != NULL ||
         strstr(a->text, "unsupported protocol") != NULL))
        return MARS_ERR_UNSUPPORTED;
    return MARS_OK;
}

static const char *
reason(const struct mrs_attempt *a, mars_status lasts)
{
    if (a->code == CURLE_OPERATION_TIMEDOUT && a->text[0] == '\0')
        return "too little came or went for too long";
    if (lasts == MARS_ERR_UNSUPPORTED)
        return "the server does not speak TLS 1.2 or later";
    if (lasts == MARS_ERR_AUTH && a->code != CURLE_PEER_FAILED_VERIFICATION &&
        a->code != CURLE_SSL_PINNEDPUBKEYNOTMATCH && a->code != CURLE_SSL_ISSUER_ERROR)
        return "the proxy refuses the user or password";
    if (a->code == CURLE_SSL_PINNEDPUBKEYNOTMATCH)
        return "the server's public key is not the pinned one";
    return a->text[0] != '\0' ? a->text : curl_easy_strerror(a->code);
}

mars_status
mrs_attempt_result(struct mrs_attempt *a, bool *again, mars_error *err)
{
    char place[MRS_URL_PLACE_SIZE];
    mars_status lasts;

    *again = false;
    mrs_url_place(a->request->url, a->request->hide_path, place);
    if (a->too_large)
        return mrs_fail(err, MARS_ERR_CORRUPT, "%s: the answer is larger than it may be", place);
    if (a->st != MARS_OK)
        return mrs_fail(err, a->st, "%s: %s", place, a->why.message);
    if (a->code == CURLE_OK && a->answer->status == HTTP_PROXY_AUTH)
        return mrs_fail(err, MARS_ERR_AUTH, "%s: the proxy refuses the user or password", place);
    if (a->code == CURLE_OK)
        return MARS_OK;
    lasts = lasting(a);
    *again = lasts == MARS_OK;
    return mrs_fail(err, lasts != MARS_OK ? lasts : MARS_ERR_NETWORK, "%s: %s", place,
                    reason(a, lasts));
}
