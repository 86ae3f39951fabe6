/* Dates in files for people: RFC 3339 in UTC, whole seconds, "2026-01-31T09:30:00Z". */
#ifndef MRS_VAULT_DATE_H
#define MRS_VAULT_DATE_H

#include <stdbool.h>

#include <mars/common.h>

enum { MRS_DATE_SIZE = 21 }; /* with its NUL */

/* Seconds since 1970 of the years 0000 to 9999; others are shown as the nearest of these. */
void mrs_date_format(int64_t seconds, char out[MRS_DATE_SIZE]);

/* Exactly that form; false otherwise. */
bool mrs_date_parse(const char *text, int64_t *seconds);

#endif
