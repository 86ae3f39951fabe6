#ifndef MARS_SESSION_H
#define MARS_SESSION_H

#include <mars/backup.h>

#ifdef __cplusplus
extern "C" {
#endif

/** A running backup of streams that the caller writes, many in one recovery point: dumps, mail
 *  boxes, disks of virtual machines. Any thread may open streams in it. Progress and events are
 *  delivered on the threads that call into the session or its streams, never two at once; the
 *  functions must not call back into it. */
typedef struct mars_session mars_session;

/** One stream of a session, of any length, which need not be known before. One thread at a time;
 *  different streams on different threads at once. */
typedef struct mars_stream mars_stream;

/**
 * Begin a backup of streams. Returns when the vault's index was read and the session is announced.
 *
 * @param opts      of it the item, compression and its level, progress, event and cancel count, and
 *                  the flags MARS_BACKUP_SKIP_UPLOAD_CHECK and MARS_BACKUP_DRY_RUN, with which the
 *                  commit only counts; there must be no paths, excludes or source. Progress, event
 *                  and cancel are used until the session ends; the rest is copied
 * @param[out] out  to be committed or abandoned; NULL on failure. The agent may be closed before it
 * @retval MARS_ERR_LOCKED     this item is being backed up already on this machine
 * @retval MARS_ERR_STATE      another machine's points are open
 * @retval MARS_ERR_QUOTA      the cache has less room than mars_cache_set() wants
 * @retval MARS_ERR_CANCELLED  by opts->cancel or the progress callback
 * @since 0.1
 */
MARS_API MARS_NODISCARD mars_status MARS_CALL
mars_session_begin(mars_agent *agent, const mars_backup_options *opts, mars_session **out,
                   mars_error *err);

/**
 * Begin a stream. It holds 2 MiB of memory until it is finished, a few of them 8 at times, a short
 * one 64 KiB.
 *
 * @param name      its file name in the point: one component of at most 255 bytes
 * @param name_len  bytes; 0: NUL-terminated
 * @param[out] out  to be finished or abandoned, before or after the session's own end
 * @retval MARS_ERR_EXISTS       the session has a stream of this name
 * @retval MARS_ERR_INVALID_ARG  not a name for one
 * @retval MARS_ERR_UNSUPPORTED  more than 4096 streams in one session
 * @since 0.1
 */
MARS_API MARS_NODISCARD mars_status MARS_CALL
mars_stream_open(mars_session *session, const char *name, uint64_t name_len, mars_stream **out,
                 mars_error *err);

/** Add bytes; waits while the engine is busy. A failure is the session's: after it only abandon is
 *  of use.
 *  @param len  bytes, any number
 *  @retval MARS_ERR_CANCELLED  by cancel or callback of the session, or it was abandoned
 *  @retval MARS_ERR_QUOTA      vault or cache is full
 *  @since 0.1 */
MARS_API MARS_NODISCARD mars_status MARS_CALL
mars_stream_write(mars_stream *stream, const void *data, uint64_t len, mars_error *err);

/** All is written: it will be in the point. Waits until its bytes are on their way to the vault.
 *  Frees the stream in every case but in a forked child. Errors: as mars_stream_write().
 *  @since 0.1 */
MARS_API MARS_NODISCARD mars_status MARS_CALL
mars_stream_finish(mars_stream *stream, mars_error *err);

/** Leave it out of the point; its name is free again. Frees the stream; does nothing in a forked
 *  child. NULL is allowed. @since 0.1 */
MARS_API void MARS_CALL mars_stream_abandon(mars_stream *stream);

/**
 * Commit the streams that were finished, in one new recovery point. No other call of the session
 * may be running. Frees the session, except with MARS_ERR_STATE.
 *
 * @param[out] result  NULL, or struct_size set by the caller; its files are the streams
 * @retval MARS_ERR_STATE      streams are still open: nothing happened
 * @retval MARS_ERR_QUOTA      vault or cache is full
 * @retval MARS_ERR_CANCELLED  by the cancel or the progress callback of mars_session_begin()
 * @since 0.1
 */
MARS_API MARS_NODISCARD mars_status MARS_CALL
mars_session_commit(mars_session *session, mars_backup_result *result, mars_error *err);

/** Stop; nothing becomes visible, and what was sent is used by the next backup of the item. Frees
 *  the session; streams that are still open answer MARS_ERR_CANCELLED, and are to be abandoned.
 *  Does nothing in a forked child. NULL is allowed. @since 0.1 */
MARS_API void MARS_CALL mars_session_abandon(mars_session *session);

#ifdef __cplusplus
}
#endif
#endif
