/* A request: attempts, and the pauses between them. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/err.h"
#include "base/date.h"
#include "http/http_int.h"
#include "http/url.h"
#include "platform/clock.h"
#include "platform/random.h"

/* Where no server has been reached yet, a name or a port may be wrong: that is told soon. */
enum { FIRST_ATTEMPTS = 8, FIRST_PAUSE_MS = 250, PAUSE_MAX_MS = 30000, SLEEP_MS = 100 };
enum { ASKED_PAUSE_MAX_MS = 5 * 60 * 1000 };
enum { LOGGED_URL_MAX = 300, MS = 1000000 }; /* nanoseconds */
static const char UNIT[] = "http";
enum { LEAST_RATE = 4 << 10 }; /* bytes a second that the time for a request is made for */
enum { TIMEOUT = 408, TOO_MANY = 429, NOT_IMPLEMENTED = 501, VERSION = 505 };

const char *
mrs_http_header(const struct mrs_http_answer *a, const char *name)
{
    size_t n = strlen(name);

    for (size_t at = 0; at < a->head.len;) {
        const char *line = (const char *)a->head.data + at;

        if (strncmp(line, name, n) == 0 && line[n] == ':')
            return line + n + 1 + strspn(line + n + 1, " \t");
        at += strlen(line) + 1;
    }
    return NULL;
}

bool
mrs_http_date(const struct mrs_http_answer *a, int64_t *seconds)
{
    const char *text = mrs_http_header(a, "date");

    return text != NULL && mrs_http_date_parse(text, seconds);
}

void
mrs_http_answer_free(struct mrs_http_answer *a)
{
    mrs_buf_free(&a->head);
    mrs_buf_free(&a->body);
}

/* One request, as far as it has come. */
struct work {
    struct mrs_http *http;
    const struct mrs_http_request *request;
    struct mrs_http_answer *answer;
    uint64_t until; /* mrs_clock_mono: when its time is over */
    bool judged_again;
    uint64_t begun;  /* the newest attempt, mrs_clock_mono */
    uint64_t waited; /* for the limits, of that */
};

static mars_status
take_attempt(struct mrs_http *h, struct mrs_attempt **out, mars_error *err)
{
    struct mrs_attempt *a;

    mrs_mutex_lock(h->lock);
    a = h->idle;
    if (a != NULL)
        h->idle = a->next;
    mrs_mutex_unlock(h->lock);
    if (a == NULL) {
        a = mrs_alloc(sizeof *a);
        if (a == NULL)
            return mrs_nomem(err);
        a->easy = curl_easy_init();
        if (a->easy == NULL) {
            mrs_free(a);
            return mrs_nomem(err);
        }
    }
    *out = a;
    return MARS_OK;
}

static void
give_attempt(struct mrs_http *h, struct mrs_attempt *a)
{
    CURL *easy = a->easy;

    /* Its lines hold signatures. */
    for (struct curl_slist *l = a->headers.lines; l != NULL; l = l->next)
        mrs_wipe(l->data, strlen(l->data));
    curl_slist_free_all(a->headers.lines);
    mrs_wipe(a, sizeof *a);
    curl_easy_reset(easy);
    a->easy = easy;
    mrs_mutex_lock(h->lock);
    a->next = h->idle;
    h->idle = a;
    mrs_mutex_unlock(h->lock);
}

static bool
is_stopped(const struct work *w)
{
    return w->request->stop != NULL && atomic_load(w->request->stop);
}

/* Sleep, but see a stop soon. */
static mars_status
sleep_ms(struct work *w, uint32_t ms, mars_error *err)
{
    uint64_t end = mrs_clock_mono() + (uint64_t)ms * 1000000;

    mrs_mutex_lock(w->http->lock);
    for (uint64_t now = mrs_clock_mono(); now < end && !is_stopped(w); now = mrs_clock_mono()) {
        uint64_t left = (end - now) / 1000000 + 1;

        mrs_cond_wait_ms(w->http->changed, w->http->lock,
                         left < SLEEP_MS ? (uint32_t)left : SLEEP_MS);
    }
    mrs_mutex_unlock(w->http->lock);
    return is_stopped(w) ? mrs_fail(err, MARS_ERR_CANCELLED, "cancelled") : MARS_OK;
}

static mars_status
await_turn(struct work *w, mars_error *err)
{
    uint64_t begin = mrs_clock_mono();
    mars_status st = MARS_OK;

    while (st == MARS_OK && !mrs_throttle_request(w->http->throttle))
        st = sleep_ms(w, 1 + mrs_throttle_wait_ms(w->http->throttle), err);
    w->waited = mrs_clock_mono() - begin;
    w->until += w->waited;
    return st;
}

static mars_status
attempt(struct work *w, bool *again, mars_error *err)
{
    struct mrs_attempt *a = NULL;
    mars_status st = await_turn(w, err);
    uint64_t until = w->until;

    *again = false;
    w->answer->status = 0;
    w->answer->got = 0;
    mrs_buf_reset(&w->answer->head);
    mrs_buf_reset(&w->answer->body);
    if (st == MARS_OK)
        st = take_attempt(w->http, &a, err);
    if (st != MARS_OK)
        return st;
    a->http = w->http;
    a->request = w->request;
    a->answer = w->answer;
    a->until = until;
    w->begun = mrs_clock_mono();
    w->answer->attempts++;
    st = mrs_attempt_begin(a, err);
    if (st == MARS_OK) {
        mrs_http_run(w->http, a);
        st = mrs_attempt_result(a, again, err);
        w->until = a->until;
        w->waited += a->until - until;
    }
    give_attempt(w->http, a);
    return st;
}

/* How much of the URL is shown: more than an error has room for. */
static int
shown(const struct mrs_http_request *r)
{
    size_t n = mrs_url_shown(r->url, r->hide_path);

    return n < LOGGED_URL_MAX ? (int)n : LOGGED_URL_MAX;
}

static void
log_answer(const struct work *w)
{
    const struct mrs_http_request *r = w->request;
    const struct mrs_http_answer *a = w->answer;

    if (!mrs_logger_wants(w->http->opts.logger, MARS_LEVEL_DEBUG))
        return;
    mrs_logf(w->http->opts.logger, MARS_LEVEL_DEBUG, UNIT,
             "%s %.*s: %d, %" PRIu64 " bytes sent, %" PRIu64 " received, %" PRIu64 " ms, and %"
             PRIu64 " ms waiting for the limits", r->method, shown(r), r->url, a->status,
             r->body_len, a->got + a->body.len, (mrs_clock_mono() - w->begun) / MS,
             w->waited / MS);
}

/* What an error says behind the URL with which it begins. */
static const char *
reason(const struct mrs_http_request *r, const mars_error *why)
{
    char place[MRS_URL_PLACE_SIZE];
    size_t n;

    mrs_url_place(r->url, r->hide_path, place);
    n = strlen(place);
    return strncmp(why->message, place, n) == 0 && strncmp(why->message + n, ": ", 2) == 0
               ? why->message + n + 2
               : why->message;
}

/* ms 0: it is not tried again. */
static void
log_failure(const struct work *w, const mars_error *why, uint32_t ms)
{
    const struct mrs_logger *l = w->http->opts.logger;
    const struct mrs_http_request *r = w->request;
    char next[48] = "given up";

    if (why->status == MARS_ERR_CANCELLED || !mrs_logger_wants(l, MARS_LEVEL_WARNING))
        return;
    if (ms > 0)
        (void)snprintf(next, sizeof next, "tried again in %" PRIu32 " ms", ms);
    mrs_logf(l, MARS_LEVEL_WARNING, UNIT, "%s %.*s: %s (attempt %" PRIu32 "; %s)", r->method,
             shown(r), r->url, reason(r, why), w->answer->attempts, next);
}

static bool
is_passing(int status)
{
    return status == TIMEOUT || status == TOO_MANY ||
           (status >= 500 && status != NOT_IMPLEMENTED && status != VERSION);
}

/* Does the answer ask for another attempt? *at_once: without a pause. */
static bool
asks_again(struct work *w, bool *at_once, bool *strange)
{
    enum mrs_http_verdict v = MRS_HTTP_BY_STATUS;

    *at_once = false;
    if (w->request->judge != NULL)
        v = w->request->judge(w->request->user, w->answer);
    if (v == MRS_HTTP_AGAIN && !w->judged_again) {
        *at_once = w->judged_again = true;
        return true;
    }
    *strange = v == MRS_HTTP_STRANGE;
    return *strange || v == MRS_HTTP_LATER ||
           (v == MRS_HTTP_BY_STATUS && is_passing(w->answer->status));
}

/* Retry-After in milliseconds, seconds or a date; 0: not given. */
static uint32_t
asked_pause(const struct mrs_http_answer *a)
{
    const char *text = mrs_http_header(a, "retry-after");
    int64_t at;

    if (text == NULL)
        return 0;
    if (*text >= '0' && *text <= '9') {
        unsigned long s = strtoul(text, NULL, 10);

        return s < ASKED_PAUSE_MAX_MS / 1000 ? (uint32_t)s * 1000 : ASKED_PAUSE_MAX_MS;
    }
    if (!mrs_http_date_parse(text, &at) || at <= mrs_clock_wall().s)
        return 0;
    at -= mrs_clock_wall().s;
    return at < ASKED_PAUSE_MAX_MS / 1000 ? (uint32_t)at * 1000 : ASKED_PAUSE_MAX_MS;
}

/* Twice as long each time, by chance between half and all of it, so that not all come at once. */
static uint32_t
pause_ms(const struct mrs_http_answer *a)
{
    uint32_t asked = asked_pause(a), ms = FIRST_PAUSE_MS;
    uint8_t chance[2] = { 0, 0 };

    for (uint32_t i = 1; i < a->attempts && ms < PAUSE_MAX_MS; i++)
        ms *= 2;
    if (ms > PAUSE_MAX_MS)
        ms = PAUSE_MAX_MS;
    (void)!mrs_random_fill(chance, sizeof chance, NULL);
    ms = ms / 2 + (ms / 2) * (chance[0] * 256u + chance[1]) / 65536;
    return asked > ms ? asked : ms;
}

static mars_status
answered_badly(const struct work *w, bool strange, mars_error *err)
{
    char place[MRS_URL_PLACE_SIZE];

    mrs_url_place(w->request->url, w->request->hide_path, place);
    if (strange)
        (void)mrs_fail(err, MARS_ERR_NETWORK, "%s: %d, but not from the store itself: is there "
                       "something between?", place, w->answer->status);
    else
        (void)mrs_fail(err, MARS_ERR_NETWORK, "%s: the server answers %d", place,
                       w->answer->status);
    if (err != NULL)
        err->http_status = w->answer->status;
    return MARS_ERR_NETWORK;
}

static mars_status
check(const struct mrs_http *h, const struct mrs_http_request *r, mars_error *err)
{
    struct mrs_url url;
    mars_status st = mrs_url_parse(r->url, &url, err);

    if (st == MARS_OK && !url.tls && !h->opts.allow_http && !mrs_url_is_loopback(&url) &&
        !mrs_url_is_metadata(&url))
        st = mrs_fail(err, MARS_ERR_FORBIDDEN, "%.*s: http without TLS is not allowed",
                      (int)(url.host_len < 80 ? url.host_len : 80), url.host);
    return st;
}

static uint64_t
time_for(const struct mrs_http *h, const struct mrs_http_request *r)
{
    uint64_t bytes = r->body_len + (r->out != NULL ? r->out_len : 0);

    return (uint64_t)h->opts.whole_ms * 1000000 + bytes / LEAST_RATE * 1000000000;
}

/* Is there time for another attempt, that far from now? */
static bool
goes_on(const struct work *w, uint32_t pause)
{
    bool reached;

    mrs_mutex_lock(w->http->lock);
    reached = w->http->reached;
    mrs_mutex_unlock(w->http->lock);
    return (reached || w->answer->attempts < FIRST_ATTEMPTS) &&
           mrs_clock_mono() + (uint64_t)pause * 1000000 <= w->until;
}

static void
note_reached(struct mrs_http *h)
{
    mrs_mutex_lock(h->lock);
    h->reached = true;
    mrs_mutex_unlock(h->lock);
}

mars_status
mrs_http_perform(struct mrs_http *h, const struct mrs_http_request *r,
                 struct mrs_http_answer *answer, mars_error *err)
{
    struct work w = { .http = h, .request = r, .answer = answer };
    mars_error why = { .status = MARS_OK };
    mars_status st = check(h, r, &why);

    w.until = mrs_clock_mono() + time_for(h, r);
    answer->attempts = 0;
    while (st == MARS_OK) {
        bool again, at_once = false, strange = false;
        uint32_t ms;

        st = attempt(&w, &again, &why);
        if (st == MARS_OK) {
            log_answer(&w);
            again = asks_again(&w, &at_once, &strange);
            if (!again) {
                note_reached(h);
                return MARS_OK;
            }
            if (at_once)
                continue;
            st = answered_badly(&w, strange, &why);
        }
        ms = pause_ms(answer);
        again = again && goes_on(&w, ms);
        log_failure(&w, &why, again ? ms : 0);
        if (!again)
            break;
        st = sleep_ms(&w, ms, &why);
    }
    if (err != NULL)
        *err = why;
    return st;
}
