#include "reach.h"

#include <stdlib.h>
#include <string.h>

#include "clouds.h"
#include "report.h"
#include "text.h"

const char *
reach_variable(const char *name)
{
    const char *value = getenv(name);

    return value != NULL && *value != '\0' ? value : NULL;
}

static const char *
first_of(const char *a, const char *b)
{
    return a != NULL ? a : b;
}

const char *
reach_keep(struct reach *s, const char *text, size_t n)
{
    enum { ROOM = 64 << 10 };
    char *copy;

    if (s->texts == NULL)
        s->texts = text_alloc(NULL, ROOM);
    if (n + 1 > ROOM - s->len)
        return NULL;
    copy = s->texts + s->len;
    memcpy(copy, text, n);
    copy[n] = '\0';
    s->len += n + 1;
    return copy;
}

void
reach_free(struct reach *s)
{
    if (s->texts != NULL)
        memset(s->texts, 0, s->len);
    free(s->texts);
    s->texts = NULL;
}

static int
hex_digit(char c)
{
    static const char digits[] = "0123456789abcdef0123456789ABCDEF";
    const char *at = c != '\0' ? strchr(digits, c) : NULL;

    return at != NULL ? (int)((at - digits) % 16) : -1;
}

/* n bytes with "%41" as "A". */
static const char *
decoded(struct reach *s, const char *text, size_t n)
{
    char out[1024];
    size_t len = 0;

    for (size_t i = 0; i < n && len < sizeof out; i++) {
        int high = text[i] == '%' && i + 2 < n ? hex_digit(text[i + 1]) : -1;
        int low = high >= 0 ? hex_digit(text[i + 2]) : -1;

        if (low >= 0) {
            out[len++] = (char)(high * 16 + low);
            i += 2;
        } else {
            out[len++] = text[i];
        }
    }
    return reach_keep(s, out, len);
}

/* "[http://][USER[:PASSWORD]@]HOST[:PORT]", as the variables have it. */
static void
take_proxy(struct reach *s, const char *text)
{
    mars_store_options *o = &s->options;
    const char *rest = strstr(text, "://"), *at;
    size_t scheme = rest != NULL ? (size_t)(rest - text) + 3 : 0;
    char url[1024];

    rest = text + scheme;
    at = strrchr(rest, '@');
    if (at != NULL) {
        size_t user = strcspn(rest, ":@");

        o->proxy_user = decoded(s, rest, user);
        if (rest[user] == ':')
            o->proxy_password = decoded(s, rest + user + 1, (size_t)(at - rest) - user - 1);
        rest = at + 1;
    }
    (void)snprintf(url, sizeof url, "%.*s%s", scheme > 0 ? (int)scheme : 7,
                   scheme > 0 ? text : "http://", rest);
    o->proxy = reach_keep(s, url, strlen(url));
}

/* Lower case goes before upper case, as curl has it; HTTP_PROXY is not looked at: a web server may
 * have set it from a request. */
static const char *
proxy_variable(const struct reach *s)
{
    const char *endpoint = s->options.endpoint, *own;

    if (endpoint != NULL && strncmp(endpoint, "http://", 7) == 0)
        own = reach_variable("http_proxy");
    else
        own = first_of(reach_variable("https_proxy"), reach_variable("HTTPS_PROXY"));
    return first_of(own, first_of(reach_variable("all_proxy"), reach_variable("ALL_PROXY")));
}

static void
take_way(struct cli *cli, struct reach *s)
{
    mars_store_options *o = &s->options;
    const char *proxy = first_of(cli->value[OPT_PROXY], proxy_variable(s));

    o->ca_file = cli->value[OPT_CA];
    o->pin = cli->value[OPT_PIN];
    if (cli_has(cli, OPT_ALLOW_HTTP))
        o->flags |= MARS_STORE_ALLOW_HTTP;
    if (proxy != NULL) {
        take_proxy(s, proxy);
        o->no_proxy = first_of(reach_variable("no_proxy"), reach_variable("NO_PROXY"));
    }
    o->timeout_s = cli_number(cli, OPT_TIMEOUT);
}

/* "mo-fr 08:00-18:00": the days, the minutes. */
static bool
parse_hours(const char *text, mars_store_options *o)
{
    static const char days[] = "mo tu we th fr sa su ";
    unsigned from[2], to[2];
    char first[3], last[3], end;
    const char *a, *b;

    if (sscanf(text, "%2[a-z]-%2[a-z] %2u:%2u-%2u:%2u%c", first, last, &from[0], &from[1], &to[0],
               &to[1], &end) != 6)
        return false;
    a = strstr(days, first);
    b = strstr(days, last);
    if (strlen(first) != 2 || strlen(last) != 2 || a == NULL || b == NULL || from[1] > 59 ||
        to[1] > 59)
        return false;
    for (size_t d = (size_t)(a - days) / 3;; d = (d + 1) % 7) {
        o->work_days |= 1u << d;
        if (d == (size_t)(b - days) / 3)
            break;
    }
    o->work_from = from[0] * 60 + from[1];
    o->work_to = to[0] * 60 + to[1];
    return true;
}

static int
take_limits(struct cli *cli, struct reach *s)
{
    mars_store_options *o = &s->options;
    const char *hours = cli->value[OPT_WORK_HOURS];

    o->other_kbps = cli_number(cli, OPT_LIMIT);
    o->work_kbps = cli_has(cli, OPT_WORK_LIMIT) ? cli_number(cli, OPT_WORK_LIMIT) : o->other_kbps;
    if (cli_has(cli, OPT_WORK_LIMIT) != (hours != NULL))
        return report_usage(cli, "--work-limit and --work-hours go together");
    if (hours != NULL && !parse_hours(hours, o))
        return report_usage(cli, "--work-hours \"%s\": not like \"mo-fr 08:00-18:00\"", hours);
    return CODE_DONE;
}

static bool
is_empty(const mars_store_options *o)
{
    mars_store_options none;

    memset(&none, 0, sizeof none);
    none.struct_size = o->struct_size;
    return memcmp(&none, o, sizeof none) == 0;
}

int
reach_get(struct cli *cli, const char *url, struct reach *s)
{
    int code = CODE_DONE;

    memset(s, 0, sizeof *s);
    s->options.struct_size = sizeof s->options;
    s->options.endpoint = cli->value[OPT_ENDPOINT];
    s->options.region = cli->value[OPT_REGION];
    s->options.addressing = cli->value[OPT_ADDRESSING];
    s->options.tier = cli->value[OPT_TIER];
    if (url != NULL && strncmp(url, "s3://", 5) == 0)
        code = clouds_aws(cli, s);
    else if (url != NULL && strncmp(url, "file://", 7) != 0)
        clouds_azure(s, url);
    take_way(cli, s);
    if (code == CODE_DONE)
        code = take_limits(cli, s);
    s->given = !is_empty(&s->options);
    s->options.log = report_log(cli);
    s->options.log_level = report_log_level(cli);
    return code;
}
