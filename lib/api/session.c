#include <mars/session.h>

#include <stdatomic.h>
#include <string.h>

#include "api/backup_call.h"
#include "base/alloc.h"
#include "base/err.h"
#include "base/vec.h"
#include "job/stream.h"
#include "platform/thread.h"
#include "repo/treereader.h"

enum { NAME_BYTES_MAX = 255 };

/* A session's memory lasts as long as it or a stream of it has a handle, so that both may end in
 * any order. */
struct mars_session {
    struct mrs_backup_call call;
    struct mars_agent *agent;
    struct mrs_backup *backup; /* NULL: it was abandoned */
    atomic_bool telling;       /* a thread delivers events and progress */
    struct mrs_mutex *lock;    /* guards what follows; taken before a stream's */
    struct mrs_vec streams;    /* mars_stream *, by their names */
    size_t open;               /* of them, not finished */
    size_t handles;            /* open ones, and the session's own */
};

struct mars_stream {
    struct mars_session *session;
    struct mrs_mutex *busy;    /* held by the thread that writes */
    struct mrs_stream *stream; /* NULL: the session was abandoned */
    bool finished;             /* it is the session's; guarded by that one's lock */
    size_t name_len;
    char name[NAME_BYTES_MAX];
};

/* One handle goes. */
static void
release(struct mars_session *s)
{
    bool last;

    mrs_mutex_lock(s->lock);
    last = --s->handles == 0;
    mrs_mutex_unlock(s->lock);
    if (!last)
        return;
    mrs_vec_free(&s->streams);
    mrs_mutex_free(s->lock);
    mrs_free(s);
}

static void
free_stream(struct mars_stream *h)
{
    mrs_stream_free(h->stream);
    mrs_mutex_free(h->busy);
    mrs_free(h);
}

static mars_status
start(struct mars_session *s, const mars_backup_options *opts, mars_error *err)
{
    mars_status st = mrs_backup_call_import(&s->call, s->agent, opts, err);

    if (st == MARS_OK && s->call.opts.n_paths > 0)
        st = mrs_fail(err, MARS_ERR_INVALID_ARG, "paths: streams have none");
    if (st == MARS_OK)
        st = mrs_mutex_new(&s->lock, err);
    if (st == MARS_OK)
        st = mrs_backup_call_start(&s->call, s->agent, &s->backup, err);
    if (st == MARS_OK)
        st = mrs_backup_await_open(s->backup, err);
    return st;
}

/* End a backup that is not committed. */
static void
give_up(struct mars_session *s)
{
    if (s->backup == NULL)
        return;
    mrs_backup_walked(s->backup);
    (void)!mrs_backup_end(s->backup, NULL, NULL);
    s->backup = NULL;
}

mars_status
mars_session_begin(mars_agent *agent, const mars_backup_options *opts, mars_session **out,
                   mars_error *err)
{
    struct mars_session *s;
    mars_status st = mrs_agent_enter(agent, err);

    if (st == MARS_OK && out == NULL)
        st = mrs_fail(err, MARS_ERR_INVALID_ARG, "out: is NULL");
    if (st != MARS_OK)
        return st;
    *out = NULL;
    s = mrs_alloc(sizeof *s);
    if (s == NULL)
        return mrs_nomem(err);
    s->agent = agent;
    s->handles = 1;
    s->streams = (struct mrs_vec)MRS_VEC_INIT(struct mars_stream *);
    st = start(s, opts, err);
    if (st == MARS_OK) {
        *out = s;
        return MARS_OK;
    }
    give_up(s);
    mrs_backup_call_close(&s->call);
    mrs_mutex_free(s->lock);
    mrs_free(s);
    return st;
}

static bool
is_component(const char *name, size_t n)
{
    return n > 0 && n <= NAME_BYTES_MAX && memchr(name, '/', n) == NULL &&
           memchr(name, '\0', n) == NULL && !(n == 1 && name[0] == '.') &&
           !(n == 2 && name[0] == '.' && name[1] == '.');
}

static struct mrs_slice
name_of(const struct mars_stream *h)
{
    return (struct mrs_slice){ (const uint8_t *)h->name, h->name_len };
}

/* Under the lock: put it in its place among the others. */
static mars_status
enlist(struct mars_session *s, struct mars_stream *h, mars_error *err)
{
    struct mars_stream **all = s->streams.items;
    size_t at = s->streams.len, n = at;

    if (n >= MRS_POINT_MAX_ROOTS)
        return mrs_fail(err, MARS_ERR_UNSUPPORTED, "more than %d streams in one session",
                        MRS_POINT_MAX_ROOTS);
    while (at > 0 && mrs_slice_compare(name_of(all[at - 1]), name_of(h)) > 0)
        at--;
    if (at > 0 && mrs_slice_compare(name_of(all[at - 1]), name_of(h)) == 0)
        return mrs_fail(err, MARS_ERR_EXISTS, "the session has a stream of this name");
    if (mrs_vec_add(&s->streams) == NULL)
        return mrs_nomem(err);
    all = s->streams.items;
    memmove(all + at + 1, all + at, (n - at) * sizeof all[0]);
    all[at] = h;
    s->open++;
    s->handles++;
    return MARS_OK;
}

/* Under the lock. */
static void
strike_out(struct mars_session *s, const struct mars_stream *h)
{
    struct mars_stream **all = s->streams.items;
    size_t at = 0;

    while (at < s->streams.len && all[at] != h)
        at++;
    if (at == s->streams.len)
        return;
    s->streams.len--;
    memmove(all + at, all + at + 1, (s->streams.len - at) * sizeof all[0]);
    s->open--;
}

static mars_status
make_stream(struct mars_session *s, struct mars_stream *h, mars_error *err)
{
    mars_status st = mrs_mutex_new(&h->busy, err);

    if (st != MARS_OK)
        return st;
    mrs_mutex_lock(s->lock);
    st = mrs_stream_open(&h->stream, s->backup, err);
    if (st == MARS_OK)
        st = enlist(s, h, err);
    mrs_mutex_unlock(s->lock);
    return st;
}

mars_status
mars_stream_open(mars_session *session, const char *name, uint64_t name_len, mars_stream **out,
                 mars_error *err)
{
    struct mars_stream *h;
    mars_status st;

    if (session == NULL || name == NULL || out == NULL)
        return mrs_fail(err, MARS_ERR_INVALID_ARG, "session, name or out: is NULL");
    *out = NULL;
    st = mrs_agent_enter(session->agent, err);
    if (st != MARS_OK)
        return st;
    if (name_len == 0)
        name_len = strlen(name);
    if (name_len > NAME_BYTES_MAX || !is_component(name, (size_t)name_len))
        return mrs_fail(err, MARS_ERR_INVALID_ARG, "not the name of a stream: one component of "
                        "at most %d bytes is wanted", NAME_BYTES_MAX);
    h = mrs_alloc(sizeof *h);
    if (h == NULL)
        return mrs_nomem(err);
    h->session = session;
    h->name_len = (size_t)name_len;
    memcpy(h->name, name, h->name_len);
    st = make_stream(session, h, err);
    if (st != MARS_OK)
        free_stream(h);
    else
        *out = h;
    return st;
}

static mars_status
abandoned(mars_error *err)
{
    return mrs_fail(err, MARS_ERR_CANCELLED, "the session was abandoned");
}

/* On whichever thread comes by; the others go on. */
static void
tell(struct mars_session *s)
{
    if (atomic_exchange(&s->telling, true))
        return;
    mrs_backup_pump(s->backup);
    atomic_store(&s->telling, false);
}

mars_status
mars_stream_write(mars_stream *stream, const void *data, uint64_t len, mars_error *err)
{
    mars_status st;

    if (stream == NULL || (data == NULL && len > 0) || len > SIZE_MAX)
        return mrs_fail(err, MARS_ERR_INVALID_ARG, "stream or data: is NULL");
    st = mrs_agent_enter(stream->session->agent, err);
    if (st != MARS_OK)
        return st;
    mrs_mutex_lock(stream->busy);
    if (stream->stream == NULL) {
        st = abandoned(err);
    } else {
        tell(stream->session);
        st = mrs_stream_write(stream->stream, data, (size_t)len, err);
    }
    mrs_mutex_unlock(stream->busy);
    return st;
}

/* A finished stream is the session's, unless that was abandoned just now. */
static bool
keep(struct mars_session *s, struct mars_stream *h)
{
    bool kept;

    mrs_mutex_lock(s->lock);
    kept = h->stream != NULL;
    if (kept) {
        h->finished = true;
        s->open--;
    }
    mrs_mutex_unlock(s->lock);
    return kept;
}

mars_status
mars_stream_finish(mars_stream *stream, mars_error *err)
{
    struct mars_session *s;
    mars_status st;

    if (stream == NULL)
        return mrs_fail(err, MARS_ERR_INVALID_ARG, "stream: is NULL");
    s = stream->session;
    mrs_error_clear(err);
    mrs_mutex_lock(stream->busy);
    if (stream->stream == NULL) {
        st = abandoned(err);
    } else {
        tell(s);
        st = mrs_stream_finish(stream->stream, err);
    }
    mrs_mutex_unlock(stream->busy);
    if (st != MARS_OK || !keep(s, stream)) {
        mars_stream_abandon(stream);
        return st != MARS_OK ? st : abandoned(err);
    }
    release(s);
    return MARS_OK;
}

void
mars_stream_abandon(mars_stream *stream)
{
    struct mars_session *s;

    if (stream == NULL)
        return;
    s = stream->session;
    mrs_mutex_lock(s->lock);
    strike_out(s, stream);
    free_stream(stream);
    mrs_mutex_unlock(s->lock);
    release(s);
}

/* Under the lock: none is left. Of those whose handles are still out only what is inside goes. */
static void
empty(struct mars_session *s)
{
    struct mars_stream **all = s->streams.items;

    for (size_t i = 0; i < s->streams.len; i++) {
        if (all[i]->finished) {
            free_stream(all[i]);
            continue;
        }
        mrs_mutex_lock(all[i]->busy); /* a write that runs ends soon */
        mrs_stream_free(all[i]->stream);
        all[i]->stream = NULL;
        mrs_mutex_unlock(all[i]->busy);
    }
    s->streams.len = s->open = 0;
}

static void
end(struct mars_session *s)
{
    mrs_backup_call_close(&s->call);
    release(s);
}

/* The streams become the builder's. */
static void
hand_over(struct mars_session *s)
{
    struct mars_stream **all = s->streams.items;
    mars_status st = MARS_OK;

    for (size_t i = 0; st == MARS_OK && i < s->streams.len; i++)
        st = mrs_stream_add(all[i]->stream, name_of(all[i]), NULL);
    if (st != MARS_OK)
        mrs_backup_fail(s->backup, st);
    empty(s);
    mrs_backup_walked(s->backup);
}

mars_status
mars_session_commit(mars_session *session, mars_backup_result *result, mars_error *err)
{
    mars_status st;
    bool open;

    if (session == NULL)
        return mrs_fail(err, MARS_ERR_INVALID_ARG, "session: is NULL");
    st = mrs_agent_enter(session->agent, err);
    if (st != MARS_OK)
        return st;
    mrs_mutex_lock(session->lock);
    open = session->open > 0;
    if (!open)
        hand_over(session);
    mrs_mutex_unlock(session->lock);
    if (open)
        return mrs_fail(err, MARS_ERR_STATE, "streams are still open: finish or abandon them");
    st = mrs_backup_call_finish(session->backup, session->agent, session->call.item, result, err);
    end(session);
    return st;
}

void
mars_session_abandon(mars_session *session)
{
    if (session == NULL)
        return;
    mrs_backup_fail(session->backup, MARS_ERR_CANCELLED);
    mrs_mutex_lock(session->lock);
    empty(session);
    mrs_mutex_unlock(session->lock);
    give_up(session);
    end(session);
}
