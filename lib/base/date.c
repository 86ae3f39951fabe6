/* The proleptic Gregorian calendar, counted in years that begin on the first of March, so that the
 * leap day is the last one: Howard Hinnant, "chrono-Compatible Low-Level Date Algorithms". */
#include "base/date.h"

#include <stdio.h>
#include <string.h>

enum {
    DAY = 86400,
    ERA_DAYS = 146097,     /* in 400 years */
    EPOCH_DAYS = 719468    /* from 0000-03-01 to 1970-01-01 */
};
#define FIRST INT64_C(-62167219200) /* 0000-01-01T00:00:00Z */
#define LAST INT64_C(253402300799)  /* 9999-12-31T23:59:59Z */

/* Days since 1970-01-01. */
static int64_t
days_of(int64_t year, int64_t month, int64_t day)
{
    int64_t y = month <= 2 ? year - 1 : year;
    int64_t era = (y >= 0 ? y : y - 399) / 400;
    int64_t of_era = y - era * 400;
    int64_t of_year = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1;

    return era * ERA_DAYS + of_era * 365 + of_era / 4 - of_era / 100 + of_year - EPOCH_DAYS;
}

void
mrs_date_format(int64_t seconds, char out[MRS_DATE_SIZE])
{
    int64_t s = seconds < FIRST ? FIRST : seconds > LAST ? LAST : seconds;
    int64_t days = (s >= 0 ? s : s - (DAY - 1)) / DAY + EPOCH_DAYS;
    int64_t rest = s - (days - EPOCH_DAYS) * DAY;
    int64_t era = (days >= 0 ? days : days - (ERA_DAYS - 1)) / ERA_DAYS;
    int64_t of_era = days - era * ERA_DAYS;
    int64_t year = (of_era - of_era / 1460 + of_era / 36524 - of_era / 146096) / 365;
    int64_t of_year = of_era - (365 * year + year / 4 - year / 100);
    int64_t part = (5 * of_year + 2) / 153;
    int64_t month = part < 10 ? part + 3 : part - 9;
    char text[64];

    (void)snprintf(text, sizeof text, "%04d-%02d-%02dT%02d:%02d:%02dZ",
                   (int)(year + era * 400 + (month <= 2)), (int)month,
                   (int)(of_year - (153 * part + 2) / 5 + 1), (int)(rest / 3600),
                   (int)(rest / 60 % 60), (int)(rest % 60));
    memcpy(out, text, MRS_DATE_SIZE - 1);
    out[MRS_DATE_SIZE - 1] = '\0';
}

/* n digits at text + at. */
static int64_t
number(const char *text, size_t at, size_t n)
{
    int64_t v = 0;

    for (size_t i = at; i < at + n; i++)
        v = v * 10 + (text[i] - '0');
    return v;
}

bool
mrs_date_parse(const char *text, int64_t *seconds)
{
    static const char form[] = "dddd-dd-ddTdd:dd:ddZ";
    char again[MRS_DATE_SIZE];
    int64_t s;

    if (strlen(text) != sizeof form - 1)
        return false;
    for (size_t i = 0; i < sizeof form - 1; i++)
        if (form[i] == 'd' ? text[i] < '0' || text[i] > '9' : text[i] != form[i])
            return false;
    if (number(text, 5, 2) < 1 || number(text, 5, 2) > 12)
        return false;
    s = days_of(number(text, 0, 4), number(text, 5, 2), number(text, 8, 2)) * DAY +
        number(text, 11, 2) * 3600 + number(text, 14, 2) * 60 + number(text, 17, 2);
    /* 30 February, 24 o'clock and the like come back as something else. */
    mrs_date_format(s, again);
    if (strcmp(text, again) != 0)
        return false;
    *seconds = s;
    return true;
}

bool
mrs_date_parse_parts(const char *text, int64_t *seconds)
{
    char whole[MRS_DATE_SIZE];
    size_t n = strcspn(text, ".Z");

    if (n != MRS_DATE_SIZE - 2)
        return false;
    memcpy(whole, text, n);
    memcpy(whole + n, "Z", 2);
    text += n;
    if (*text == '.')
        text += 1 + strspn(text + 1, "0123456789");
    return strcmp(text, "Z") == 0 && mrs_date_parse(whole, seconds);
}

static const char MONTHS[] = "JanFebMarAprMayJunJulAugSepOctNovDec";
static const char DAYS[] = "ThuFriSatSunMonTueWed"; /* 1970-01-01 was a Thursday */

void
mrs_http_date_format(int64_t seconds, char out[MRS_HTTP_DATE_SIZE])
{
    char iso[MRS_DATE_SIZE], text[64];
    int64_t s, weekday;

    mrs_date_format(seconds, iso);
    (void)mrs_date_parse(iso, &s); /* the nearest that can be shown */
    weekday = ((s >= 0 ? s : s - (DAY - 1)) / DAY % 7 + 7) % 7;
    (void)snprintf(text, sizeof text, "%.3s, %.2s %.3s %.4s %.8s GMT", DAYS + 3 * weekday, iso + 8,
                   MONTHS + 3 * (number(iso, 5, 2) - 1), iso, iso + 11);
    memcpy(out, text, MRS_HTTP_DATE_SIZE - 1);
    out[MRS_HTTP_DATE_SIZE - 1] = '\0';
}

bool
mrs_http_date_parse(const char *text, int64_t *seconds)
{
    char iso[64], again[MRS_HTTP_DATE_SIZE];
    size_t month = 0;

    if (strlen(text) != MRS_HTTP_DATE_SIZE - 1)
        return false;
    while (month < 12 && memcmp(MONTHS + 3 * month, text + 8, 3) != 0)
        month++;
    (void)snprintf(iso, sizeof iso, "%.4s-%02zu-%.2sT%.8sZ", text + 12, month + 1, text + 5,
                   text + 17);
    if (!mrs_date_parse(iso, seconds))
        return false;
    mrs_http_date_format(*seconds, again);
    return strcmp(text, again) == 0;
}
