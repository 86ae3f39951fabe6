#include <mars/session.h>

#include "api/session_int.h"
#include "base/alloc.h"
#include "base/err.h"

/* One handle goes. */
void
mrs_session_release(struct mars_session *s)
{
    bool last;

    mrs_mutex_lock(s->lock);
    last = --s->handles == 0;
    mrs_mutex_unlock(s->lock);
    if (!last)
        return;
    mrs_vec_free(&s->streams);
    mrs_mutex_free(s->lock);
    mars_agent_close(s->agent); /* this hold on it */
    mrs_free(s);
}

static mars_status
start(struct mars_session *s, const mars_backup_options *opts, mars_error *err)
{
    mars_status st = mrs_backup_call_import(&s->call, s->agent, opts, err);

    if (st == MARS_OK && (s->call.opts.n_paths > 0 || s->call.opts.n_excludes > 0 ||
                          s->call.opts.source != NULL))
        st = mrs_fail(err, MARS_ERR_INVALID_ARG, "paths, excludes, source: streams have none");
    if (st == MARS_OK)
        st = mrs_mutex_new(&s->lock, err);
    s->call.waiting = mrs_session_tell;
    s->call.waiting_user = s;
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

    if (out == NULL)
        return mrs_fail(err, MARS_ERR_INVALID_ARG, "out: is NULL");
    *out = NULL;
    if (st != MARS_OK)
        return st;
    s = mrs_alloc(sizeof *s);
    if (s == NULL)
        return mrs_nomem(err);
    s->agent = agent;
    s->handles = 1;
    s->streams = (struct mrs_vec)MRS_VEC_INIT(struct mars_stream *);
    st = start(s, opts, err);
    if (st == MARS_OK) {
        mrs_agent_hold(agent);
        *out = s;
        return MARS_OK;
    }
    mrs_agent_log_failure(agent, "backup", st, err);
    give_up(s);
    mrs_backup_call_close(&s->call);
    mrs_mutex_free(s->lock);
    mrs_free(s);
    return st;
}

/* Under the lock: none is left. Of those whose handles are still out only what is inside goes. */
static void
empty(struct mars_session *s)
{
    struct mars_stream **all = s->streams.items;

    for (size_t i = 0; i < s->streams.len; i++) {
        if (all[i]->finished) {
            mrs_stream_handle_free(all[i]);
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
    mrs_session_release(s);
}

/* The streams become the builder's. */
static void
hand_over(struct mars_session *s)
{
    struct mars_stream **all = s->streams.items;
    mars_status st = MARS_OK;

    for (size_t i = 0; st == MARS_OK && i < s->streams.len; i++)
        st = mrs_stream_add(all[i]->stream, mrs_stream_name(all[i]), NULL);
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
    /* A cancel that is set already stops the commit, however short that is. */
    mrs_session_tell(session);
    mrs_mutex_lock(session->lock);
    open = session->open > 0;
    if (!open)
        hand_over(session);
    mrs_mutex_unlock(session->lock);
    if (open)
        return mrs_fail(err, MARS_ERR_STATE, "streams are still open: finish or abandon them");
    st = mrs_backup_call_finish(session->backup, session->agent, session->call.item, result, err);
    end(session);
    /* That status says that the session is still there. */
    return st != MARS_ERR_STATE ? st : mrs_context(err, MARS_ERR_IO, "committing");
}

void
mars_session_abandon(mars_session *session)
{
    if (session == NULL || mrs_agent_is_forked(session->agent))
        return;
    mrs_backup_fail(session->backup, MARS_ERR_CANCELLED);
    mrs_mutex_lock(session->lock);
    empty(session);
    mrs_mutex_unlock(session->lock);
    give_up(session);
    end(session);
}
