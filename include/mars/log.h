#ifndef MARS_LOG_H
#define MARS_LOG_H

#include <mars/common.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef enum mars_level {
    MARS_LEVEL_ERROR = 1,   /* a call failed: it says so itself, too */
    MARS_LEVEL_WARNING = 2, /* it was made good, or is tried again; somebody should know */
    MARS_LEVEL_INFO = 3,    /* what was done: some lines a call */
    MARS_LEVEL_DEBUG = 4,   /* each request to a server */
    MARS_LEVEL_INT32 = INT32_MAX
} mars_level;

/**
 * Told what an operator may want to read one day: why something is slow, tried again, or was left
 * out. One line of text a call, without a newline or any other control character.
 *
 * Called from any of the library's threads and from those that call it, while a call or a session
 * is open, and by several at once: it locks what it shares. It must return soon, since a transfer
 * may be waiting for it, and must not call the library. What it tells no call returns and nothing
 * else depends on; do not parse it.
 *
 * @param user   the log_user that stands beside the function
 * @param level  mars_level, at most the log_level that was asked for
 * @param unit   which part tells it: "agent", "register", "http", "token", "store", "cache",
 *               "domain", "index", "session", "backup", "restore", "verify"; lives for ever
 * @param text   UTF-8, NUL-terminated, at most 500 bytes, borrowed for the call. Holds no secrets:
 *               of URLs neither user nor query, no keys, no passphrases
 */
typedef void(MARS_CALL *mars_log_fn)(void *user, int level, const char *unit, const char *text);

#ifdef __cplusplus
}
#endif
#endif
