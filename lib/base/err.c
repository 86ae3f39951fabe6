#include "base/err.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

/* Append as much as fits. */
static void
append(mars_error *err, const char *text)
{
    size_t used = strlen(err->message), room = sizeof err->message - used - 1, n = strlen(text);

    memcpy(err->message + used, text, n < room ? n : room);
    err->message[used + (n < room ? n : room)] = '\0';
}

static mars_status
record(mars_error *err, mars_status st, int os_code, const char *fmt, va_list ap)
    MRS_PRINTF(4, 0);

static mars_status
record(mars_error *err, mars_status st, int os_code, const char *fmt, va_list ap)
{
    if (err != NULL) {
        memset(err, 0, sizeof *err);
        err->status = st;
        err->os_code = os_code;
        (void)vsnprintf(err->message, sizeof err->message, fmt, ap);
    }
    return st;
}

mars_status
mrs_fail(mars_error *err, mars_status st, const char *fmt, ...)
{
    va_list ap;

    va_start(ap, fmt);
    record(err, st, 0, fmt, ap);
    va_end(ap);
    return st;
}

mars_status
mrs_fail_os(mars_error *err, mars_status st, int os_code, const char *fmt, ...)
{
    va_list ap;

    va_start(ap, fmt);
    record(err, st, os_code, fmt, ap);
    va_end(ap);
    if (err != NULL && os_code != 0) {
        append(err, ": ");
        append(err, strerror(os_code));
    }
    return st;
}

mars_status
mrs_context(mars_error *err, mars_status st, const char *fmt, ...)
{
    char inner[sizeof err->message];
    va_list ap;

    if (err == NULL)
        return st;
    memcpy(inner, err->message, sizeof inner);
    va_start(ap, fmt);
    (void)vsnprintf(err->message, sizeof err->message, fmt, ap);
    va_end(ap);
    append(err, ": ");
    append(err, inner);
    err->status = st;
    return st;
}

mars_status
mrs_nomem(mars_error *err)
{
    return mrs_fail(err, MARS_ERR_NOMEM, "out of memory");
}

void
mrs_error_clear(mars_error *err)
{
    if (err != NULL)
        memset(err, 0, sizeof *err);
}

mars_status
mrs_answered(mars_status st, const char *what, mars_error *err)
{
    if (st == MARS_OK)
        return st;
    if (st > MARS_OK || st < MARS_ERR_KEY)
        return mrs_fail(err, MARS_ERR_INVALID_ARG, "%s: answers %d, which is no status", what,
                        (int)st);
    if (err == NULL)
        return st;
    err->status = st;
    err->message[sizeof err->message - 1] = '\0';
    return err->message[0] != '\0' ? st : mrs_fail(err, st, "%s: failed", what);
}
