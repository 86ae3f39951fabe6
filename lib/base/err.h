/* Errors are values: a pinned status, and a message that names the object and the cause. */
#ifndef MRS_BASE_ERR_H
#define MRS_BASE_ERR_H

#include <mars/common.h>

#if defined(__GNUC__)
#  define MRS_PRINTF(fmt, args) __attribute__((format(printf, fmt, args)))
#else
#  define MRS_PRINTF(fmt, args)
#endif

/* Record a failure in err (if not NULL) and return st, for `return mrs_fail(...)`. */
mars_status mrs_fail(mars_error *err, mars_status st, const char *fmt, ...) MRS_PRINTF(3, 4);

/* The same with the operating system's code, whose text is appended: "opening /x: No such file". */
mars_status mrs_fail_os(mars_error *err, mars_status st, int os_code, const char *fmt, ...)
    MRS_PRINTF(4, 5);

/* Prefix what a callee recorded: "reading pack ab12: truncated". Returns st. */
mars_status mrs_context(mars_error *err, mars_status st, const char *fmt, ...) MRS_PRINTF(3, 4);

/* Out of memory, said the same way everywhere. */
mars_status mrs_nomem(mars_error *err);

/* What a function of the caller's returned and recorded, made whole: a status that there is, and a
 * message. what names the function. Returns the status. */
mars_status mrs_answered(mars_status st, const char *what, mars_error *err);

/* Forget what an earlier call recorded. */
void mrs_error_clear(mars_error *err);

#endif
