#include "text.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

void *
text_alloc(void *old, size_t size)
{
    void *p = realloc(old, size);

    if (p == NULL) {
        fputs("mars: out of memory\n", stderr);
        exit(EXIT_FAILURE);
    }
    return p;
}

size_t
utf8_char(const char *s, size_t n, uint32_t *code)
{
    static const uint32_t least[] = { 0, 0, 0x80, 0x800, 0x10000 };
    unsigned char c = (unsigned char)s[0];
    size_t len = c < 0x80 ? 1 : c < 0xc2 ? 0 : c < 0xe0 ? 2 : c < 0xf0 ? 3 : c < 0xf5 ? 4 : 0;

    if (len == 0 || len > n)
        return 0;
    *code = len == 1 ? c : c & (0x7fu >> len);
    for (size_t i = 1; i < len; i++) {
        if (((unsigned char)s[i] & 0xc0) != 0x80)
            return 0;
        *code = *code << 6 | ((unsigned char)s[i] & 0x3f);
    }
    if (*code < least[len] || *code > 0x10ffff || (*code >= 0xd800 && *code < 0xe000))
        return 0;
    return len;
}

/* Controls, and what turns the direction of a line or breaks it. */
static int
is_printable(uint32_t c)
{
    if (c < 0x20 || (c >= 0x7f && c < 0xa0))
        return 0;
    return c != 0x061c && !(c >= 0x200e && c <= 0x200f) && !(c >= 0x2028 && c <= 0x202e) &&
           !(c >= 0x2066 && c <= 0x2069);
}

void
text_print(FILE *out, const char *bytes, uint64_t len)
{
    for (uint64_t i = 0; i < len;) {
        uint32_t code = 0;
        size_t n = utf8_char(bytes + i, (size_t)(len - i), &code);

        if (code == '\\' && n == 1)
            fputs("\\\\", out);
        else if (n > 0 && is_printable(code))
            fwrite(bytes + i, 1, n, out);
        else
            for (size_t k = 0; k < (n > 0 ? n : 1); k++)
                fprintf(out, "\\x%02x", (unsigned)(unsigned char)bytes[i + k]);
        i += n > 0 ? n : 1;
    }
}

const char *
text_count(char buf[TEXT_MAX], uint64_t n, const char *one, const char *many)
{
    snprintf(buf, TEXT_MAX, "%" PRIu64 " %s", n, n == 1 ? one : many);
    return buf;
}

const char *
text_size(char buf[TEXT_MAX], uint64_t bytes)
{
    static const char *const units[] = { "KiB", "MiB", "GiB", "TiB", "PiB", "EiB" };
    double v = (double)bytes / 1024;
    size_t u = 0;

    if (bytes < 1024) {
        snprintf(buf, TEXT_MAX, "%" PRIu64 " bytes", bytes);
        return buf;
    }
    for (; v >= 1023.95 && u < sizeof units / sizeof units[0] - 1; u++)
        v /= 1024;
    snprintf(buf, TEXT_MAX, "%.1f %s", v, units[u]);
    return buf;
}

const char *
text_span(char buf[TEXT_MAX], uint64_t ns)
{
    uint64_t s = ns / 1000000000;

    if (s == 0)
        snprintf(buf, TEXT_MAX, "%u ms", (unsigned)(ns / 1000000));
    else if (s < 60)
        snprintf(buf, TEXT_MAX, "%.1f s", (double)ns / 1e9);
    else if (s < 3600)
        snprintf(buf, TEXT_MAX, "%" PRIu64 ":%02u min", s / 60, (unsigned)(s % 60));
    else
        snprintf(buf, TEXT_MAX, "%" PRIu64 ":%02u:%02u h", s / 3600, (unsigned)(s / 60 % 60),
                 (unsigned)(s % 60));
    return buf;
}

const char *
text_time(char buf[TEXT_MAX], int64_t seconds)
{
    time_t t = (time_t)seconds;
    struct tm *tm = localtime(&t);

    if (tm == NULL || strftime(buf, TEXT_MAX, "%Y-%m-%d %H:%M:%S", tm) == 0)
        snprintf(buf, TEXT_MAX, "%" PRId64, seconds);
    return buf;
}
