#include "content.h"

#include <string.h>

/* Which pieces of a line are what, in sixteenths. */
enum { PHRASE = 2, AGAIN = 7, WORD = 13 };
enum { WORDS = 4096, WORD_MAX = 16, PHRASES = 2048, PHRASE_WORDS = 6, LINE_ROOM = 1024 };
enum { RECORD = 32 };

static char words[WORDS][WORD_MAX];
static uint8_t word_len[WORDS];
static uint16_t phrases[PHRASES][PHRASE_WORDS];
static uint8_t phrase_len[PHRASES];

uint64_t
next_random(uint64_t *state)
{
    uint64_t z = *state += 0x9e3779b97f4a7c15;

    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9;
    z = (z ^ z >> 27) * 0x94d049bb133111eb;
    return z ^ z >> 31;
}

uint64_t
mix(uint64_t a, uint64_t b)
{
    uint64_t state = a ^ (b + 1) * 0xd6e8feb86659fd93;

    return next_random(&state);
}

/* Few words are common, most are rare: an index below n, the density falling from the start. */
static size_t
rare(uint64_t random, size_t n)
{
    uint64_t u = random & 0xffff, square = u * u >> 16;

    return (size_t)((square * u >> 16) * n >> 16);
}

void
content_init(uint64_t seed)
{
    static const char letters[] = "eeeeeetttaaaoooiiinnnssshhrrrdllcummwfgypbvk_xqjz";
    uint64_t state = mix(seed, 1);

    for (size_t i = 0; i < WORDS; i++) {
        word_len[i] = (uint8_t)(2 + next_random(&state) % 9);
        for (size_t k = 0; k < word_len[i]; k++)
            words[i][k] = letters[next_random(&state) % (sizeof letters - 1)];
    }
    for (size_t i = 0; i < PHRASES; i++) {
        phrase_len[i] = (uint8_t)(2 + next_random(&state) % (PHRASE_WORDS - 1));
        for (size_t k = 0; k < phrase_len[i]; k++)
            phrases[i][k] = (uint16_t)rare(next_random(&state), WORDS);
    }
}

static char *
put_word(char *p, size_t i)
{
    memcpy(p, words[i], WORD_MAX); /* whole, which is faster; what is behind it is overwritten */
    return p + word_len[i];
}

static char *
put_number(char *p, uint64_t random)
{
    static const char digits[] = "0123456789abcdef";

    for (unsigned n = 1 + (random & 7); n > 0; n--)
        *p++ = digits[(random >> 4 * n) & 15];
    return p;
}

/* What was said shortly before, said again: texts repeat themselves. */
static char *
put_again(char *p, uint64_t random, const uint8_t *text, size_t at)
{
    size_t back = 64 + (random & 4095), n = 12 + (random >> 12 & 31);

    if (back > at)
        return p;
    memcpy(p, text + at - back, n);
    return p + n;
}

static char *
put_phrase(char *p, size_t which)
{
    for (size_t k = 0; k < phrase_len[which]; k++) {
        p = put_word(p, phrases[which][k]);
        *p++ = ' ';
    }
    return p;
}

/* Up to LINE_ROOM bytes to follow the `at` bytes of text; gives their end. */
static char *
put_line(char *p, uint64_t *state, const uint8_t *text, size_t at)
{
    static const char separators[16] = "     (),.;=/:-\"";
    uint64_t r = next_random(state);
    unsigned pieces = 2 + (r & 7), indent = (r >> 3 & 3) * 4;

    memset(p, ' ', indent);
    p += indent;
    for (unsigned i = 0; i < pieces; i++) {
        unsigned what;

        r = next_random(state);
        what = r & 15;
        if (what < PHRASE)
            p = put_phrase(p, rare(r >> 16, PHRASES));
        else if (what < AGAIN)
            p = put_again(p, r >> 16, text, at);
        else if (what < WORD)
            p = put_word(p, rare(r >> 16, WORDS));
        else
            p = put_number(p, r >> 16);
        *p++ = separators[r >> 4 & 15];
    }
    p[-1] = '\n';
    return p;
}

static void
fill_text(uint64_t state, uint8_t *out, size_t n)
{
    char line[LINE_ROOM];

    for (size_t at = 0, len; at < n; at += len) {
        len = (size_t)(put_line(line, &state, out, at) - line);
        len = len < n - at ? len : n - at;
        memcpy(out + at, line, len);
    }
}

static void
fill_binary(uint64_t state, uint8_t *out, size_t n)
{
    uint64_t count = next_random(&state), record[RECORD / 8];

    for (size_t at = 0, len; at < n; at += len) {
        uint64_t r = next_random(&state);

        record[0] = count++;
        record[1] = r & 0xff;
        record[2] = 0x4142434400000001 + (r >> 8 & 3);
        record[3] = (r >> 16 & 1) == 0 ? next_random(&state) : r >> 40;
        len = RECORD < n - at ? RECORD : n - at;
        memcpy(out + at, record, len);
    }
}

static void
fill_noise(uint64_t state, uint8_t *out, size_t n)
{
    for (size_t at = 0, len; at < n; at += len) {
        uint64_t r = next_random(&state);

        len = sizeof r < n - at ? sizeof r : n - at;
        memcpy(out + at, &r, len);
    }
}

void
content_fill(enum content kind, uint64_t seed, uint8_t *out, size_t n)
{
    if (kind == TEXT)
        fill_text(seed, out, n);
    else if (kind == BINARY)
        fill_binary(seed, out, n);
    else
        fill_noise(seed, out, n);
}
