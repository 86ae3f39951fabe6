#include <mars/session.h>

#include <string.h>

#include "api/session_int.h"
#include "base/alloc.h"
#include "base/err.h"
#include "repo/treereader.h"

void
mrs_stream_handle_free(struct mars_stream *h)
{
    mrs_stream_free(h->stream);
    mrs_mutex_free(h->busy);
    mrs_free(h);
}

struct mrs_slice
mrs_stream_name(const struct mars_stream *h)
{
    return (struct mrs_slice){ (const uint8_t *)h->name, h->name_len };
}

static bool
is_component(const char *name, size_t n)
{
    return n > 0 && n <= MRS_STREAM_NAME_MAX && memchr(name, '/', n) == NULL &&
           memchr(name, '\0', n) == NULL && !(n == 1 && name[0] == '.') &&
           !(n == 2 && name[0] == '.' && name[1] == '.');
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
    while (at > 0 && mrs_slice_compare(mrs_stream_name(all[at - 1]), mrs_stream_name(h)) > 0)
        at--;
    if (at > 0 && mrs_slice_compare(mrs_stream_name(all[at - 1]), mrs_stream_name(h)) == 0)
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
make_stream(struct mars_session *s, struct mars_stream *h, size_t fixed, mars_error *err)
{
    mars_status st = mrs_mutex_new(&h->busy, err);

    if (st != MARS_OK)
        return st;
    mrs_mutex_lock(s->lock);
    st = mrs_stream_open(&h->stream, s->backup, fixed, err);
    if (st == MARS_OK)
        st = enlist(s, h, err);
    mrs_mutex_unlock(s->lock);
    return st;
}

mars_status
mrs_session_open_stream(struct mars_session *s, const char *name, uint64_t name_len, size_t fixed,
                        struct mars_stream **out, mars_error *err)
{
    struct mars_stream *h;
    mars_status st = mrs_agent_enter(s->agent, err);

    if (st != MARS_OK)
        return st;
    if (name_len == 0)
        name_len = strlen(name);
    if (name_len > MRS_STREAM_NAME_MAX || !is_component(name, (size_t)name_len))
        return mrs_fail(err, MARS_ERR_INVALID_ARG, "not the name of a stream: one component of "
                        "at most %d bytes is wanted", MRS_STREAM_NAME_MAX);
    h = mrs_alloc(sizeof *h);
    if (h == NULL)
        return mrs_nomem(err);
    h->session = s;
    h->name_len = (size_t)name_len;
    memcpy(h->name, name, h->name_len);
    st = make_stream(s, h, fixed, err);
    if (st != MARS_OK)
        mrs_stream_handle_free(h);
    else
        *out = h;
    return st;
}

mars_status
mars_stream_open(mars_session *session, const char *name, uint64_t name_len, mars_stream **out,
                 mars_error *err)
{
    if (out != NULL)
        *out = NULL;
    if (session == NULL || name == NULL || out == NULL)
        return mrs_fail(err, MARS_ERR_INVALID_ARG, "session, name or out: is NULL");
    return mrs_session_open_stream(session, name, name_len, 0, out, err);
}

static mars_status
abandoned(mars_error *err)
{
    return mrs_fail(err, MARS_ERR_CANCELLED, "the session was abandoned");
}

void
mrs_session_tell(void *session)
{
    struct mars_session *s = session;

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
        mrs_session_tell(stream->session);
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
mrs_stream_end(struct mars_stream *stream, mars_status st, mars_error *err)
{
    struct mars_session *s = stream->session;

    if (st != MARS_OK || !keep(s, stream)) {
        mars_stream_abandon(stream);
        return st != MARS_OK ? st : abandoned(err);
    }
    mrs_session_release(s);
    return MARS_OK;
}

mars_status
mars_stream_finish(mars_stream *stream, mars_error *err)
{
    struct mars_session *s;
    mars_status st;

    if (stream == NULL)
        return mrs_fail(err, MARS_ERR_INVALID_ARG, "stream: is NULL");
    s = stream->session;
    st = mrs_agent_enter(s->agent, err);
    if (st != MARS_OK)
        return st;
    mrs_mutex_lock(stream->busy);
    if (stream->stream == NULL) {
        st = abandoned(err);
    } else {
        mrs_session_tell(s);
        st = mrs_stream_finish(stream->stream, err);
    }
    mrs_mutex_unlock(stream->busy);
    return mrs_stream_end(stream, st, err);
}

void
mars_stream_abandon(mars_stream *stream)
{
    struct mars_session *s;

    if (stream == NULL || mrs_agent_is_forked(stream->session->agent))
        return;
    s = stream->session;
    mrs_mutex_lock(s->lock);
    strike_out(s, stream);
    mrs_stream_handle_free(stream);
    mrs_mutex_unlock(s->lock);
    mrs_session_release(s);
}
