#include "json.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "text.h"

static void
put_char(uint32_t code, const char *bytes, size_t n)
{
    if (code == '"' || code == '\\')
        printf("\\%c", (int)code);
    else if (code < 0x20 || (code >= 0x7f && code < 0xa0))
        printf("\\u%04x", (unsigned)code);
    else
        fwrite(bytes, 1, n, stdout);
}

/* The bytes as a string. */
static void
put_string(const char *bytes, uint64_t len)
{
    putchar('"');
    for (uint64_t i = 0; i < len;) {
        uint32_t code;
        size_t n = utf8_char(bytes + i, (size_t)(len - i), &code);

        if (n > 0)
            put_char(code, bytes + i, n);
        else
            fputs("\\ufffd", stdout);
        i += n > 0 ? n : 1;
    }
    putchar('"');
}

static bool
is_utf8(const char *bytes, uint64_t len)
{
    for (uint64_t i = 0; i < len;) {
        uint32_t code;
        size_t n = utf8_char(bytes + i, (size_t)(len - i), &code);

        if (n == 0)
            return false;
        i += n;
    }
    return true;
}

static void
put_base64(const unsigned char *p, uint64_t len)
{
    static const char digits[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

    putchar('"');
    for (uint64_t i = 0; i < len; i += 3) {
        uint64_t left = len - i;
        uint32_t v = (uint32_t)p[i] << 16;

        if (left > 1)
            v |= (uint32_t)p[i + 1] << 8;
        if (left > 2)
            v |= p[i + 2];
        putchar(digits[v >> 18]);
        putchar(digits[v >> 12 & 63]);
        putchar(left > 1 ? digits[v >> 6 & 63] : '=');
        putchar(left > 2 ? digits[v & 63] : '=');
    }
    putchar('"');
}

static void
put_key(const char *key)
{
    printf(",\"%s\":", key);
}

void
json_begin(const char *type)
{
    printf("{\"type\":\"%s\"", type);
}

void
json_end(void)
{
    fputs("}\n", stdout);
}

void
json_text(const char *key, const char *text)
{
    put_key(key);
    if (text == NULL)
        fputs("null", stdout);
    else
        put_string(text, strlen(text));
}

void
json_data(const char *key, const void *bytes, uint64_t len)
{
    put_key(key);
    put_base64(bytes, len);
}

void
json_path(const char *key, const char *bytes, uint64_t len)
{
    put_key(key);
    put_string(bytes, len);
    if (!is_utf8(bytes, len)) {
        printf(",\"%s_b64\":", key);
        put_base64((const unsigned char *)bytes, len);
    }
}

void
json_paths(const char *key, const char *const *paths, const uint64_t *lens, uint64_t n)
{
    bool plain = true;

    put_key(key);
    for (uint64_t i = 0; i < n; i++) {
        putchar(i == 0 ? '[' : ',');
        put_string(paths[i], lens[i]);
        plain = plain && is_utf8(paths[i], lens[i]);
    }
    fputs(n == 0 ? "[]" : "]", stdout);
    if (plain)
        return;
    printf(",\"%s_b64\":", key);
    for (uint64_t i = 0; i < n; i++) {
        putchar(i == 0 ? '[' : ',');
        put_base64((const unsigned char *)paths[i], lens[i]);
    }
    putchar(']');
}

void
json_count(const char *key, uint64_t n)
{
    put_key(key);
    printf("%" PRIu64, n);
}

void
json_number(const char *key, int64_t n)
{
    put_key(key);
    printf("%" PRId64, n);
}

void
json_bool(const char *key, bool b)
{
    put_key(key);
    fputs(b ? "true" : "false", stdout);
}

void
json_seconds(const char *key, uint64_t ns)
{
    put_key(key);
    printf("%" PRIu64 ".%03u", ns / 1000000000, (unsigned)(ns / 1000000 % 1000));
}

void
json_ratio(const char *key, uint64_t part, uint64_t whole)
{
    put_key(key);
    if (whole == 0)
        fputs("null", stdout);
    else
        printf("%.3f", (double)part / (double)whole);
}
