/* Dates as text, in UTC and whole seconds: of RFC 3339, "2026-01-31T09:30:00Z", and of HTTP
 * headers, "Sat, 31 Jan 2026 09:30:00 GMT". */
#ifndef MRS_BASE_DATE_H
#define MRS_BASE_DATE_H

#include <stdbool.h>

#include <mars/common.h>

enum { MRS_DATE_SIZE = 21, MRS_HTTP_DATE_SIZE = 30 }; /* with their NUL */

/* Seconds since 1970 of the years 0000 to 9999; others are shown as the nearest of these. */
void mrs_date_format(int64_t seconds, char out[MRS_DATE_SIZE]);

/* Exactly that form; false otherwise. */
bool mrs_date_parse(const char *text, int64_t *seconds);
/* That, or with parts of a second, which are dropped: "2026-01-31T09:30:00.000Z". */
bool mrs_date_parse_parts(const char *text, int64_t *seconds);

void mrs_http_date_format(int64_t seconds, char out[MRS_HTTP_DATE_SIZE]);
bool mrs_http_date_parse(const char *text, int64_t *seconds);

#endif
