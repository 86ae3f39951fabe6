#include "base/logger.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/text.h"

bool
mrs_logger_wants(const struct mrs_logger *l, mars_level level)
{
    return l != NULL && l->fn != NULL && (int)level <= l->level;
}

/* Does a control character begin here? Those above ASCII are two bytes long. */
static bool
is_control(const uint8_t *p, size_t step)
{
    return p[0] < 0x20 || p[0] == 0x7f || (step == 2 && p[0] == 0xc2 && p[1] < 0xa0);
}

/* Make it one line of UTF-8. cut: it ends anywhere, maybe inside a character, which is left out. */
static void
clean(char *line, size_t n, bool cut)
{
    uint8_t *p = (uint8_t *)line;
    size_t at = 0, step;

    for (; at < n; at += step) {
        step = mrs_text_step(p + at, n - at);
        if (step == 0 && cut && n - at < MRS_TEXT_STEP_MAX)
            break;
        if (step > 0 && !is_control(p + at, step))
            continue;
        step = step > 0 ? step : 1;
        memset(p + at, '?', step);
    }
    memcpy(p + at, cut ? "..." : "", cut ? sizeof "..." : 1);
}

void
mrs_logf(const struct mrs_logger *l, mars_level level, const char *unit, const char *fmt, ...)
{
    char line[MRS_LOG_LINE_MAX + 1];
    size_t room = sizeof line - strlen("...");
    va_list ap;
    int n;

    if (!mrs_logger_wants(l, level))
        return;
    va_start(ap, fmt);
    n = vsnprintf(line, room, fmt, ap);
    va_end(ap);
    if (n < 0)
        return;
    if ((size_t)n < room)
        clean(line, (size_t)n, false);
    else
        clean(line, room - 1, true);
    l->fn(l->user, (int)level, unit, line);
}
