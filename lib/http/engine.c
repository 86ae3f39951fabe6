/* The multi handle, and who drives it: of the threads that wait for a transfer one leads, until its
 * own is done; then another does. So an engine that nobody uses has no thread. */
#include <inttypes.h>
#include <string.h>

#include "base/alloc.h"
#include "base/err.h"
#include "http/http_int.h"
#include "http/url.h"
#include "platform/clock.h"

enum { POLL_MS = 100, CONNECTIONS_MAX = 64 };

static const uint32_t CONNECT_MS = 30000, STALL_MS = 60000, WHOLE_MS = 15 * 60 * 1000;

static mars_status
copy(const char **s, mars_error *err)
{
    if (*s == NULL)
        return MARS_OK;
    *s = mrs_strndup(*s, strlen(*s));
    return *s != NULL ? MARS_OK : mrs_nomem(err);
}

static const char **
string_at(struct mrs_http_options *o, size_t i)
{
    const char **all[] = { &o->ca_file, &o->pin, &o->proxy, &o->proxy_user, &o->proxy_password,
                           &o->no_proxy };

    return i < sizeof all / sizeof all[0] ? all[i] : NULL;
}

static mars_status
take_options(struct mrs_http *h, const struct mrs_http_options *opts, mars_error *err)
{
    mars_status st = MARS_OK;

    h->opts = *opts;
    for (size_t i = 0; string_at(&h->opts, i) != NULL; i++) {
        /* What is still the caller's must not be freed. */
        if (st != MARS_OK)
            *string_at(&h->opts, i) = NULL;
        else
            st = copy(string_at(&h->opts, i), err);
    }
    if (h->opts.connect_ms == 0)
        h->opts.connect_ms = CONNECT_MS;
    if (h->opts.stall_ms == 0)
        h->opts.stall_ms = STALL_MS;
    if (h->opts.whole_ms == 0)
        h->opts.whole_ms = WHOLE_MS;
    return st;
}

static mars_status
make_multi(struct mrs_http *h, mars_error *err)
{
    if (curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK)
        return mrs_fail(err, MARS_ERR_INTERNAL, "libcurl does not start");
    h->multi = curl_multi_init();
    if (h->multi == NULL)
        return mrs_nomem(err);
    (void)curl_multi_setopt(h->multi, CURLMOPT_MAXCONNECTS, (long)CONNECTIONS_MAX);
    (void)curl_multi_setopt(h->multi, CURLMOPT_PIPELINING, (long)CURLPIPE_NOTHING);
    return MARS_OK;
}

static void
log_way(const struct mrs_http *h)
{
    const struct mrs_http_options *o = &h->opts;
    char proxy[MRS_URL_PLACE_SIZE];

    if (o->proxy != NULL) {
        mrs_url_place(o->proxy, true, proxy);
        mrs_logf(o->logger, MARS_LEVEL_INFO, "http", "through the proxy %s", proxy);
    }
    if (o->limits.work_bps > 0 || o->limits.other_bps > 0 || o->limits.requests > 0)
        mrs_logf(o->logger, MARS_LEVEL_INFO, "http", "limits: %" PRIu64 " bits a second in hours "
                 "of work, %" PRIu64 " in others, %" PRIu32 " requests a second; 0 is none",
                 o->limits.work_bps, o->limits.other_bps, o->limits.requests);
}

mars_status
mrs_http_new(struct mrs_http **out, const struct mrs_http_options *opts, mars_error *err)
{
    struct mrs_http *h = mrs_alloc(sizeof *h);
    mars_status st;

    *out = NULL;
    if (h == NULL)
        return mrs_nomem(err);
    st = take_options(h, opts, err);
    if (st == MARS_OK)
        st = mrs_throttle_new(&h->throttle, &opts->limits, err);
    if (st == MARS_OK)
        st = mrs_mutex_new(&h->lock, err);
    if (st == MARS_OK)
        st = mrs_cond_new(&h->changed, err);
    if (st == MARS_OK)
        st = make_multi(h, err);
    if (st != MARS_OK) {
        mrs_http_free(h);
        return st;
    }
    log_way(h);
    *out = h;
    return MARS_OK;
}

void
mrs_http_free(struct mrs_http *h)
{
    if (h == NULL)
        return;
    while (h->idle != NULL) {
        struct mrs_attempt *a = h->idle;

        h->idle = a->next;
        curl_easy_cleanup(a->easy);
        mrs_free(a);
    }
    curl_multi_cleanup(h->multi);
    for (size_t i = 0; string_at(&h->opts, i) != NULL; i++) {
        char *s = (char *)(uintptr_t)*string_at(&h->opts, i);

        if (s != NULL)
            mrs_wipe(s, strlen(s));
        mrs_free(s);
    }
    mrs_throttle_free(h->throttle);
    mrs_cond_free(h->changed);
    mrs_mutex_free(h->lock);
    mrs_free(h);
}

static void
finish(struct mrs_http *h, struct mrs_attempt *a, CURLcode code)
{
    struct mrs_attempt **at = &h->running;

    while (*at != a)
        at = &(*at)->next;
    *at = a->next;
    (void)curl_multi_remove_handle(h->multi, a->easy);
    a->code = code;
    mrs_mutex_lock(h->lock);
    a->done = true;
    mrs_cond_broadcast(h->changed);
    mrs_mutex_unlock(h->lock);
}

static void
take_queued(struct mrs_http *h)
{
    struct mrs_attempt *a;

    mrs_mutex_lock(h->lock);
    a = h->queued;
    h->queued = NULL;
    mrs_mutex_unlock(h->lock);
    while (a != NULL) {
        struct mrs_attempt *next = a->next;

        a->next = h->running;
        h->running = a;
        a->heard = a->seen = mrs_clock_mono();
        if (curl_multi_add_handle(h->multi, a->easy) != CURLM_OK)
            finish(h, a, CURLE_OUT_OF_MEMORY);
        a = next;
    }
}

/* Is its time over, or is it to stop? Waiting for the throttle takes none of its time. */
static bool
is_over(struct mrs_attempt *a, uint64_t now)
{
    const struct mrs_http_request *r = a->request;

    if (r->stop != NULL && atomic_load(r->stop)) {
        a->st = mrs_fail(&a->why, MARS_ERR_CANCELLED, "cancelled");
        return true;
    }
    if (a->sending_paused || a->receiving_paused) {
        a->heard = now;
        a->until += now - a->seen;
    }
    a->seen = now;
    return now > a->until || now - a->heard > (uint64_t)a->http->opts.stall_ms * 1000000;
}

/* Look after all that run. Gives the time until that has to be done again, in milliseconds. */
static int
tend(struct mrs_http *h)
{
    uint64_t now = mrs_clock_mono();
    uint32_t wait = mrs_throttle_wait_ms(h->throttle);
    struct mrs_attempt *next;
    bool paused = false;

    for (struct mrs_attempt *a = h->running; a != NULL; a = next) {
        next = a->next;
        if (is_over(a, now))
            finish(h, a, CURLE_OPERATION_TIMEDOUT);
        else if (wait == 0)
            mrs_attempt_resume(a);
        else
            paused = paused || a->sending_paused || a->receiving_paused;
    }
    return paused && wait < POLL_MS ? (int)wait : POLL_MS;
}

static void
collect(struct mrs_http *h)
{
    CURLMsg *m;
    int left;

    while ((m = curl_multi_info_read(h->multi, &left)) != NULL)
        if (m->msg == CURLMSG_DONE) {
            CURLcode code = m->data.result; /* m is gone once the handle is */
            struct mrs_attempt *a = NULL;

            (void)curl_easy_getinfo(m->easy_handle, CURLINFO_PRIVATE, (char **)(void *)&a);
            finish(h, a, code);
        }
}

/* Until `own` is done. What others wait for goes on with the next who leads. */
static void
lead(struct mrs_http *h, const struct mrs_attempt *own)
{
    for (;;) {
        int still, ms;

        take_queued(h);
        if (curl_multi_perform(h->multi, &still) != CURLM_OK)
            while (h->running != NULL)
                finish(h, h->running, CURLE_OUT_OF_MEMORY);
        collect(h);
        ms = tend(h);
        if (own->done) /* by this thread */
            return;
        (void)curl_multi_poll(h->multi, NULL, 0, ms, NULL);
    }
}

void
mrs_http_run(struct mrs_http *h, struct mrs_attempt *a)
{
    mrs_mutex_lock(h->lock);
    a->next = h->queued;
    h->queued = a;
    if (h->led)
        (void)curl_multi_wakeup(h->multi);
    while (!a->done) {
        if (h->led) {
            mrs_cond_wait(h->changed, h->lock);
            continue;
        }
        h->led = true;
        mrs_mutex_unlock(h->lock);
        lead(h, a);
        mrs_mutex_lock(h->lock);
        h->led = false;
        mrs_cond_broadcast(h->changed);
    }
    mrs_mutex_unlock(h->lock);
}
