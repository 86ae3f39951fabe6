#include "base/text.h"

size_t
mrs_text_step(const uint8_t *p, size_t n)
{
    size_t more = p[0] < 0x80                     ? 0
                  : p[0] >= 0xc2 && p[0] < 0xe0 ? 1
                  : p[0] >= 0xe0 && p[0] < 0xf0 ? 2
                  : p[0] >= 0xf0 && p[0] < 0xf5 ? 3
                                                : n;

    if (more >= n)
        return 0;
    for (size_t i = 1; i <= more; i++)
        if ((p[i] & 0xc0) != 0x80)
            return 0;
    /* Overlong forms, surrogates, beyond U+10FFFF. */
    if ((p[0] == 0xe0 && p[1] < 0xa0) || (p[0] == 0xed && p[1] > 0x9f) ||
        (p[0] == 0xf0 && p[1] < 0x90) || (p[0] == 0xf4 && p[1] > 0x8f))
        return 0;
    return more + 1;
}

bool
mrs_is_text(const uint8_t *p, size_t n)
{
    size_t step;

    for (size_t i = 0; i < n; i += step) {
        step = p[i] < 0x80 ? 1 : mrs_text_step(p + i, n - i);
        if (step == 0 || p[i] == 0)
            return false;
    }
    return true;
}
