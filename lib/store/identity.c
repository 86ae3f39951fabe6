/* A token is kept until the next one is there, and freed when nobody signs with it any more. */
#include "store/identity.h"

#include <inttypes.h>
#include <string.h>

#include "base/alloc.h"
#include "base/err.h"
#include "platform/clock.h"
#include "platform/thread.h"

#define SECOND UINT64_C(1000000000)

enum { AHEAD_S = 300, LIFE_MAX_S = 30 * 24 * 3600, WAIT_MS = 100 };
/* A service beside this machine answers at once or is not there. */
enum { NEAR_CONNECT_MS = 2000, NEAR_STALL_MS = 10000, NEAR_WHOLE_MS = 10000 };

struct mrs_identity {
    struct mrs_access access;
    struct mrs_http *http;
    mrs_fetch_fn fetch;
    struct mrs_mutex *lock; /* guards all below */
    struct mrs_cond *changed;
    struct mrs_token *token; /* the newest, or NULL */
    uint64_t serial;
    bool fetching;
    uint64_t rounds;        /* fetches that have ended */
    mars_status last;       /* how the newest of them did */
    mars_error why;
};

static mars_status
open_http(struct mrs_identity *id, mars_error *err)
{
    const struct mrs_access *a = &id->access;
    /* The pin is that of the store's server. */
    struct mrs_http_options o = { .ca_file = a->text[MRS_ACCESS_CA_FILE],
                                  .logger = a->logger };

    if (a->text[MRS_ACCESS_IDENTITY] != NULL) {
        o.connect_ms = NEAR_CONNECT_MS;
        o.stall_ms = NEAR_STALL_MS;
        o.whole_ms = NEAR_WHOLE_MS;
    } else {
        o.proxy = a->text[MRS_ACCESS_PROXY];
        o.proxy_user = a->text[MRS_ACCESS_PROXY_USER];
        o.proxy_password = a->text[MRS_ACCESS_PROXY_PASSWORD];
        o.no_proxy = a->text[MRS_ACCESS_NO_PROXY];
        o.stall_ms = a->stall_ms;
    }
    return mrs_http_new(&id->http, &o, err);
}

mars_status
mrs_identity_new(struct mrs_identity **out, mrs_fetch_fn fetch, const struct mrs_access *access,
                 mars_error *err)
{
    struct mrs_identity *id = mrs_alloc(sizeof *id);
    mars_status st;

    *out = NULL;
    if (id == NULL)
        return mrs_nomem(err);
    id->fetch = fetch;
    id->access.stall_ms = access->stall_ms;
    id->access.logger = access->logger;
    st = mrs_access_merge(&id->access, access, MRS_ACCESS_OF_VAULT, err);
    if (st == MARS_OK)
        st = mrs_access_merge(&id->access, access, MRS_ACCESS_OF_MACHINE, err);
    if (st == MARS_OK)
        st = open_http(id, err);
    if (st == MARS_OK)
        st = mrs_mutex_new(&id->lock, err);
    if (st == MARS_OK)
        st = mrs_cond_new(&id->changed, err);
    if (st != MARS_OK)
        mrs_identity_free(id);
    else
        *out = id;
    return st;
}

static void
free_token(struct mrs_token *t)
{
    if (t != NULL)
        mrs_token_clear(t);
    mrs_free(t);
}

void
mrs_identity_free(struct mrs_identity *id)
{
    if (id == NULL)
        return;
    free_token(id->token);
    mrs_cond_free(id->changed);
    mrs_mutex_free(id->lock);
    mrs_http_free(id->http);
    mrs_access_free(&id->access);
    mrs_free(id);
}

static void
release(struct mrs_identity *id, struct mrs_token *t)
{
    if (t != NULL && --t->users == 0 && t != id->token)
        free_token(t);
}

/* Put the new token in the place of the old one. A short life is renewed in the middle. */
static void
keep(struct mrs_identity *id, struct mrs_token *t, uint64_t begun)
{
    struct mrs_token *old = id->token;
    int64_t life = t->life < 1 ? 1 : t->life > LIFE_MAX_S ? LIFE_MAX_S : t->life;
    uint64_t ns = (uint64_t)life * SECOND, ahead = AHEAD_S * SECOND;

    t->serial = ++id->serial;
    t->ends = begun + ns;
    t->renew = t->ends - (ahead < ns / 2 ? ahead : ns / 2);
    id->token = t;
    if (old != NULL && old->users == 0)
        free_token(old);
}

static bool
holds(const struct mrs_token *t, uint64_t now)
{
    return t != NULL && !t->refused && now < t->ends;
}

/* With the lock held. left: nanoseconds for which there is another token. */
static void
log_fetch(const struct mrs_identity *id, uint64_t left)
{
    const struct mrs_logger *l = id->access.logger;

    if (id->last == MARS_OK)
        mrs_logf(l, MARS_LEVEL_INFO, "token", "a new one, good for %" PRIu64 " s",
                 (id->token->ends - mrs_clock_mono()) / SECOND);
    else if (id->last != MARS_ERR_CANCELLED)
        mrs_logf(l, MARS_LEVEL_WARNING, "token", "there is no new one, the present one is good for "
                 "another %" PRIu64 " s: %s", left / SECOND, id->why.message);
}

/* With the lock held, which is open while the service is asked. */
static mars_status
fetch(struct mrs_identity *id, const atomic_bool *stop)
{
    struct mrs_token *t = mrs_alloc(sizeof *t);
    struct mrs_fetch with = { id->http, &id->access, stop };
    uint64_t begun = mrs_clock_mono();
    mars_error why = { .status = MARS_OK };
    mars_status st;

    id->fetching = true;
    mrs_mutex_unlock(id->lock);
    st = t != NULL ? id->fetch(t, &with, &why) : mrs_nomem(&why);
    mrs_mutex_lock(id->lock);
    if (st == MARS_OK)
        keep(id, t, begun);
    else
        free_token(t);
    id->fetching = false;
    id->last = st;
    id->why = why;
    id->rounds++;
    mrs_cond_broadcast(id->changed);
    log_fetch(id, holds(id->token, mrs_clock_mono()) ? id->token->ends - mrs_clock_mono() : 0);
    return st;
}

static mars_status
failed(const struct mrs_identity *id, mars_error *err)
{
    (void)mrs_fail(err, id->last, "%s", id->why.message);
    if (err != NULL)
        err->http_status = id->why.http_status;
    return id->last;
}

/* Fetch one while the present one holds. Where that fails it is tried again in half the time that
 * is left. */
static void
renew(struct mrs_identity *id, const atomic_bool *stop, uint64_t now)
{
    struct mrs_token *t = id->token;

    t->renew = now + (t->ends - now) / 2;
    (void)fetch(id, stop);
}

/* Until there is one: this thread fetches it, or another does, whose failure is ours too unless it
 * was told to stop. */
static mars_status
await(struct mrs_identity *id, const atomic_bool *stop, mars_error *err)
{
    bool done = false;

    while (!done) {
        uint64_t round = id->rounds;

        if (!id->fetching) {
            (void)fetch(id, stop);
            break;
        }
        while (id->fetching && id->rounds == round) {
            if (stop != NULL && atomic_load(stop))
                return mrs_fail(err, MARS_ERR_CANCELLED, "cancelled");
            mrs_cond_wait_ms(id->changed, id->lock, WAIT_MS);
        }
        done = id->last != MARS_ERR_CANCELLED;
    }
    return id->last == MARS_OK ? MARS_OK : failed(id, err);
}

mars_status
mrs_identity_borrow(struct mrs_identity *id, const atomic_bool *stop, struct mrs_token **out,
                    mars_error *err)
{
    uint64_t now = mrs_clock_mono();
    mars_status st = MARS_OK;

    *out = NULL;
    mrs_mutex_lock(id->lock);
    if (!holds(id->token, now))
        st = await(id, stop, err);
    else if (now >= id->token->renew && !id->fetching)
        renew(id, stop, now);
    if (st == MARS_OK) {
        *out = id->token;
        (*out)->users++;
    }
    mrs_mutex_unlock(id->lock);
    return st;
}

void
mrs_identity_return(struct mrs_identity *id, struct mrs_token *t)
{
    if (t == NULL)
        return;
    mrs_mutex_lock(id->lock);
    release(id, t);
    mrs_mutex_unlock(id->lock);
}

void
mrs_identity_refused(struct mrs_identity *id, uint64_t serial)
{
    mrs_mutex_lock(id->lock);
    if (id->token != NULL && id->token->serial == serial)
        id->token->refused = true;
    mrs_mutex_unlock(id->lock);
}

static mars_status
prepare(void *user, struct mrs_http_headers *h, mars_error *err)
{
    const struct mrs_ask *q = user;
    mars_status st = MARS_OK;

    if (q->body != NULL)
        st = mrs_http_add(h, err, "Content-Type", "application/x-www-form-urlencoded");
    for (size_t i = 0; st == MARS_OK && i < sizeof q->headers / sizeof q->headers[0]; i++)
        if (q->headers[i][1] != NULL)
            st = mrs_http_add(h, err, q->headers[i][0], q->headers[i][1]);
    return st;
}

mars_status
mrs_identity_ask(const struct mrs_fetch *with, const struct mrs_ask *q,
                 struct mrs_http_answer *answer, mars_error *err)
{
    struct mrs_ask asked = *q;
    struct mrs_http_request r = { .method = q->method,
                                  .url = q->url,
                                  .hide_path = q->hide_path,
                                  .body = q->body,
                                  .body_len = q->body != NULL ? strlen(q->body) : 0,
                                  .stop = with->stop,
                                  .prepare = prepare,
                                  .user = &asked };
    mars_status st = mrs_http_perform(with->http, &r, answer, err);
    int32_t http_status = err != NULL ? err->http_status : 0;

    if (st == MARS_ERR_CORRUPT) /* nothing that is ours */
        st = mrs_fail(err, MARS_ERR_NETWORK, "the answer is larger than that of a token");
    if (st != MARS_OK && err != NULL)
        err->http_status = http_status;
    return st;
}

int64_t
mrs_identity_now(const struct mrs_http_answer *answer)
{
    int64_t at;

    return mrs_http_date(answer, &at) ? at : mrs_clock_wall().s;
}
