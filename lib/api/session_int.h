/* What sessions and their streams share. */
#ifndef MRS_API_SESSION_INT_H
#define MRS_API_SESSION_INT_H

#include <stdatomic.h>

#include <mars/session.h>

#include "api/backup_call.h"
#include "base/vec.h"
#include "job/stream.h"
#include "platform/thread.h"

enum { MRS_STREAM_NAME_MAX = 255 };

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
    char name[MRS_STREAM_NAME_MAX];
};

struct mrs_slice mrs_stream_name(const struct mars_stream *stream);
/* fixed: see mrs_stream_open. */
MARS_NODISCARD mars_status mrs_session_open_stream(struct mars_session *s, const char *name,
                                                   uint64_t name_len, size_t fixed,
                                                   struct mars_stream **out, mars_error *err);
/* It was finished with st: the session keeps it, or it is gone. Frees the handle. */
MARS_NODISCARD mars_status mrs_stream_end(struct mars_stream *stream, mars_status st,
                                          mars_error *err);
/* Deliver what is due, on whichever thread comes by; the others go on. */
void mrs_session_tell(void *session);
/* The caller gives up a handle of the session, or of a stream of it. */
void mrs_session_release(struct mars_session *s);
/* Whoever is left with a stream. */
void mrs_stream_handle_free(struct mars_stream *stream);

#endif
