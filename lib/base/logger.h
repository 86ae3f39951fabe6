/* What operators are told. Wherever there is something to tell, it is one call for one line:
 *
 *     mrs_logf(d->logger, MARS_LEVEL_INFO, "index", "%zu objects read in %u ms", n, ms);
 *
 * The line names the object and the cause, as errors do. Never a secret: URLs by mrs_url_place, no
 * header's value, no key. Not for what happens with every chunk or file. */
#ifndef MRS_BASE_LOGGER_H
#define MRS_BASE_LOGGER_H

#include <stdbool.h>

#include <mars/log.h>

#include "base/err.h"

enum { MRS_LOG_LINE_MAX = 500 };

/* Owned by whoever was given the function: an agent, or one call. All others borrow it. Zeroed: it
 * tells nothing. */
struct mrs_logger {
    mars_log_fn fn;
    void *user;
    int level; /* the least grave that is wanted */
};

/* Is such a line wanted? For what costs something to find out. l may be NULL. */
bool mrs_logger_wants(const struct mrs_logger *l, mars_level level);

/* Bytes that are not UTF-8 and control characters are shown as "?"; what is too long ends in "...".
 * l may be NULL. Any thread. */
void mrs_logf(const struct mrs_logger *l, mars_level level, const char *unit, const char *fmt, ...)
    MRS_PRINTF(4, 5);

#endif
