#include "base/hex.h"

void
mrs_hex_encode(char *out, const void *bytes, size_t n)
{
    static const char digits[] = "0123456789abcdef";
    const uint8_t *p = bytes;

    for (size_t i = 0; i < n; i++) {
        out[2 * i] = digits[p[i] >> 4];
        out[2 * i + 1] = digits[p[i] & 15];
    }
    out[2 * n] = '\0';
}

/* The value of a digit and 1; 0: it is none. */
static const uint8_t values[256] = {
    ['0'] = 1,  ['1'] = 2,  ['2'] = 3,  ['3'] = 4,  ['4'] = 5,  ['5'] = 6,  ['6'] = 7,  ['7'] = 8,
    ['8'] = 9,  ['9'] = 10, ['a'] = 11, ['b'] = 12, ['c'] = 13, ['d'] = 14, ['e'] = 15, ['f'] = 16,
};

bool
mrs_hex_decode(uint8_t *out, size_t n, const char *text, size_t len)
{
    if (len % 2 != 0 || len / 2 != n)
        return false;
    for (size_t i = 0; i < len; i++)
        if (values[(uint8_t)text[i]] == 0)
            return false;
    for (size_t i = 0; i < n; i++)
        out[i] = (uint8_t)((values[(uint8_t)text[2 * i]] - 1) << 4 |
                           (values[(uint8_t)text[2 * i + 1]] - 1));
    return true;
}
