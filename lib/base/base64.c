#include "base/base64.h"

static const char LETTERS[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

void
mrs_base64_encode(char *out, const void *bytes, size_t n)
{
    const uint8_t *p = bytes;

    for (size_t i = 0; i < n; i += 3) {
        uint32_t v = (uint32_t)p[i] << 16 | (i + 1 < n ? (uint32_t)p[i + 1] << 8 : 0) |
                     (i + 2 < n ? p[i + 2] : 0);

        *out++ = LETTERS[v >> 18];
        *out++ = LETTERS[v >> 12 & 63];
        *out++ = '=';
        *out++ = '=';
        if (i + 1 < n)
            out[-2] = LETTERS[v >> 6 & 63];
        if (i + 2 < n)
            out[-1] = LETTERS[v & 63];
    }
    *out = '\0';
}

/* 0 to 63, or -1. */
static int
value(char c)
{
    if (c >= 'A' && c <= 'Z')
        return c - 'A';
    if (c >= 'a' && c <= 'z')
        return c - 'a' + 26;
    if (c >= '0' && c <= '9')
        return c - '0' + 52;
    return c == '+' ? 62 : c == '/' ? 63 : -1;
}

bool
mrs_base64_decode(uint8_t *out, size_t cap, const char *text, size_t len, size_t *n)
{
    uint32_t bits = 0;
    size_t letters = len, have = 0;

    *n = 0;
    while (letters > 0 && text[letters - 1] == '=')
        letters--;
    if (len % 4 != 0 || len - letters > 2 || letters % 4 == 1)
        return false;
    for (size_t i = 0; i < letters; i++) {
        int v = value(text[i]);

        if (v < 0)
            return false;
        bits = bits << 6 | (uint32_t)v;
        have += 6;
        if (have < 8)
            continue;
        have -= 8;
        if (*n == cap)
            return false;
        out[(*n)++] = (uint8_t)(bits >> have);
    }
    /* What is left over is zero, so that there is one text for the same bytes. */
    return (bits & ((1u << have) - 1)) == 0;
}
