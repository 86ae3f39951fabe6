#include "http/url.h"

#include <stdio.h>
#include <string.h>

#include "base/err.h"

static bool
begins(const char *text, const char *with)
{
    return strncmp(text, with, strlen(with)) == 0;
}

mars_status
mrs_url_parse(const char *text, struct mrs_url *url, mars_error *err)
{
    const char *rest;

    memset(url, 0, sizeof *url);
    url->tls = begins(text, "https://");
    if (!url->tls && !begins(text, "http://"))
        return mrs_fail(err, MARS_ERR_INVALID_ARG, "a URL begins with https:// or http://");
    url->host = text + (url->tls ? 8 : 7);
    url->host_len = strcspn(url->host, "/?#");
    rest = url->host + url->host_len;
    if (url->host_len == 0 || memchr(url->host, '@', url->host_len) != NULL ||
        strchr(text, '#') != NULL)
        return mrs_fail(err, MARS_ERR_INVALID_ARG, "a URL is https://HOST[/PATH]");
    for (const char *p = text; *p != '\0'; p++)
        if ((unsigned char)*p <= ' ' || *p == 0x7f)
            return mrs_fail(err, MARS_ERR_INVALID_ARG, "a URL has no blanks");
    url->path = rest;
    url->path_len = strcspn(rest, "?");
    if (rest[url->path_len] == '?')
        url->query = rest + url->path_len + 1;
    return MARS_OK;
}

bool
mrs_url_is_loopback(const struct mrs_url *url)
{
    static const char *const names[] = { "localhost", "127.0.0.1", "[::1]" };

    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        size_t n = strlen(names[i]);

        if (url->host_len >= n && memcmp(url->host, names[i], n) == 0 &&
            (url->host_len == n || url->host[n] == ':'))
            return true;
    }
    return false;
}

/* Behind a part of a dotted number, or NULL if there is none. */
static const char *
behind_octet(const char *text, const char *end)
{
    unsigned n = 0;
    const char *p = text;

    for (; p < end && *p >= '0' && *p <= '9' && n <= 255; p++)
        n = n * 10 + (unsigned)(*p - '0');
    return p > text && n <= 255 ? p : NULL;
}

bool
mrs_url_is_metadata(const struct mrs_url *url)
{
    static const char v4[] = "169.254.", v6[] = "[fd00:ec2::";
    const char *end = url->host + url->host_len, *p = url->host;

    /* What is behind the host is no digit, so none of these runs over its end. */
    if (begins(p, v4)) {
        p = behind_octet(p + sizeof v4 - 1, end);
        p = p != NULL && *p == '.' ? behind_octet(p + 1, end) : NULL;
    } else if (begins(p, v6)) {
        p += sizeof v6 - 1;
        p += strspn(p, "0123456789abcdef");
        p = *p == ']' ? p + 1 : NULL;
    } else {
        p = NULL;
    }
    return p != NULL && (p == end || *p == ':');
}

size_t
mrs_url_shown(const char *url, bool host_only)
{
    struct mrs_url parts;

    if (mrs_url_parse(url, &parts, NULL) != MARS_OK)
        return 0;
    return (size_t)(parts.path - url) + (host_only ? 0 : parts.path_len);
}

void
mrs_url_place(const char *url, bool host_only, char out[MRS_URL_PLACE_SIZE])
{
    int n = (int)mrs_url_shown(url, host_only);

    if (n == 0)
        memcpy(out, "URL", 4);
    else
        (void)snprintf(out, MRS_URL_PLACE_SIZE, "%.*s%s", n < 120 ? n : 120, url,
                       n < 120 ? "" : "...");
}

static bool
is_plain(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           c == '-' || c == '.' || c == '_' || c == '~';
}

mars_status
mrs_url_encode(struct mrs_buf *out, const char *text, size_t n, bool keep_slash, mars_error *err)
{
    static const char digits[] = "0123456789ABCDEF";
    mars_status st = MARS_OK;

    for (size_t i = 0; st == MARS_OK && i < n; i++) {
        unsigned char c = (unsigned char)text[i];
        char escape[3] = { '%', digits[c >> 4], digits[c & 15] };

        if (is_plain(text[i]) || (keep_slash && c == '/'))
            st = mrs_buf_append(out, &text[i], 1, err);
        else
            st = mrs_buf_append(out, escape, sizeof escape, err);
    }
    return st;
}
