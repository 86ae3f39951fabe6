#include "http/throttle.h"

#include "base/alloc.h"
#include "base/err.h"
#include "platform/clock.h"
#include "platform/thread.h"

/* Tokens are kept in billionths, so that no rate is lost to rounding. What was not used for half a
 * second is forgotten: a burst after a pause stays small. */
#define UNIT 1000000000ull
#define BURST_NS (UNIT / 2)
enum { PIECE = 16 << 10, MS_NS = 1000000, LOOK_NS = 250 * MS_NS };

struct bucket {
    uint64_t rate;  /* tokens a second; 0: no limit */
    int64_t tokens; /* in billionths; below zero: owed */
    uint64_t at;    /* when they were counted */
};

struct mrs_throttle {
    struct mrs_mutex *lock; /* guards all below */
    struct mrs_limits limits;
    struct bucket bytes;
    struct bucket requests;
    uint64_t looked;        /* at the clock on the wall */
};

static void
set_rate(struct bucket *b, uint64_t rate, uint64_t now)
{
    if (b->rate == rate)
        return;
    b->rate = rate;
    b->tokens = 0;
    b->at = now;
}

/* Under the lock: the rate that counts now, and the tokens that have come. */
static void
fill(struct bucket *b, uint64_t now)
{
    uint64_t ns = now - b->at < BURST_NS ? now - b->at : BURST_NS;
    int64_t most = (int64_t)(b->rate * BURST_NS);

    b->tokens += (int64_t)(b->rate * ns);
    if (b->tokens > most)
        b->tokens = most;
    b->at = now;
}

static uint64_t
refresh(struct mrs_throttle *t)
{
    uint64_t now = mrs_clock_mono();

    if (now - t->looked >= LOOK_NS || t->looked == 0) {
        unsigned day, minute;

        mrs_clock_local(&day, &minute);
        set_rate(&t->bytes, mrs_limits_at(&t->limits, day, minute) / 8, now);
        set_rate(&t->requests, t->limits.requests, now);
        t->looked = now;
    }
    fill(&t->bytes, now);
    fill(&t->requests, now);
    return now;
}

mars_status
mrs_throttle_new(struct mrs_throttle **out, const struct mrs_limits *limits, mars_error *err)
{
    struct mrs_throttle *t;
    mars_status st = mrs_limits_check(limits, err);

    *out = NULL;
    if (st != MARS_OK)
        return st;
    t = mrs_alloc(sizeof *t);
    if (t == NULL)
        return mrs_nomem(err);
    t->limits = *limits;
    st = mrs_mutex_new(&t->lock, err);
    if (st != MARS_OK)
        mrs_free(t);
    else
        *out = t;
    return st;
}

void
mrs_throttle_free(struct mrs_throttle *t)
{
    if (t == NULL)
        return;
    mrs_mutex_free(t->lock);
    mrs_free(t);
}

/* Small pieces, so that transfers take turns and nobody owes much. */
size_t
mrs_throttle_bytes(struct mrs_throttle *t, size_t want)
{
    size_t may = want;

    mrs_mutex_lock(t->lock);
    (void)refresh(t);
    if (t->bytes.rate != 0) {
        may = t->bytes.tokens > 0 ? want : 0;
        if (may > PIECE)
            may = PIECE;
        t->bytes.tokens -= (int64_t)(may * UNIT);
    }
    mrs_mutex_unlock(t->lock);
    return may;
}

void
mrs_throttle_owe(struct mrs_throttle *t, size_t bytes)
{
    mrs_mutex_lock(t->lock);
    (void)refresh(t);
    if (t->bytes.rate != 0)
        t->bytes.tokens -= (int64_t)(bytes * UNIT);
    mrs_mutex_unlock(t->lock);
}

bool
mrs_throttle_request(struct mrs_throttle *t)
{
    bool may = true;

    mrs_mutex_lock(t->lock);
    (void)refresh(t);
    if (t->requests.rate != 0) {
        may = t->requests.tokens >= 0;
        if (may)
            t->requests.tokens -= (int64_t)UNIT;
    }
    mrs_mutex_unlock(t->lock);
    return may;
}

static uint32_t
wait_of(const struct bucket *b)
{
    if (b->rate == 0 || b->tokens > 0)
        return 0;
    return 1 + (uint32_t)((uint64_t)-b->tokens / b->rate / MS_NS);
}

uint32_t
mrs_throttle_wait_ms(struct mrs_throttle *t)
{
    uint32_t bytes, requests;

    mrs_mutex_lock(t->lock);
    (void)refresh(t);
    bytes = wait_of(&t->bytes);
    requests = wait_of(&t->requests);
    mrs_mutex_unlock(t->lock);
    return bytes > requests ? bytes : requests;
}
