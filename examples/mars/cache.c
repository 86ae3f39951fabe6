#include <inttypes.h>
#include <string.h>

#include "json.h"
#include "report.h"
#include "text.h"

static void
status_json(const mars_cache_info *c)
{
    json_begin("cache");
    json_path("path", c->path, strlen(c->path));
    json_bool("usable", c->state == MARS_CACHE_READY);
    json_text("problem", c->problem[0] != '\0' ? c->problem : NULL);
    json_count("files", c->files);
    json_count("bytes", c->bytes);
    json_count("bytes_copies", c->bytes_copies);
    json_count("bytes_trees", c->bytes_trees);
    json_count("bytes_runs", c->bytes_runs);
    json_count("bytes_journals", c->bytes_journals);
    json_count("bytes_unfinished", c->bytes_unfinished);
    json_count("bytes_free", c->bytes_free);
    json_count("quota", c->quota);
    json_count("warn_permille", c->warn_permille);
    json_count("refuse_permille", c->refuse_permille);
    json_count("old_places", c->old_places);
    json_end();
}

static void
print_size(const char *what, uint64_t bytes)
{
    char size[TEXT_MAX];

    printf("  %-12s %s\n", what, text_size(size, bytes));
}

static void
status_text(const mars_cache_info *c)
{
    char files[TEXT_MAX], size[TEXT_MAX];

    text_print(stdout, c->path, strlen(c->path));
    if (c->state != MARS_CACHE_READY) {
        fputs("\ncannot be used: ", stdout);
        text_print(stdout, c->problem, strlen(c->problem));
        putchar('\n');
    } else {
        printf(": %s, %s\n", text_count(files, c->files, "file", "files"),
               text_size(size, c->bytes));
        print_size("index", c->bytes_runs);
        print_size("copies", c->bytes_copies);
        print_size("trees", c->bytes_trees);
        print_size("journals", c->bytes_journals);
        print_size("unfinished", c->bytes_unfinished);
        print_size("free on disk", c->bytes_free);
    }
    printf("quota: %s\n", c->quota > 0 ? text_size(size, c->quota) : "none");
    printf("of the protected data free on its disk: a warning below %" PRIu32 ".%" PRIu32
           " %%, no backup below %" PRIu32 ".%" PRIu32 " %%\n",
           c->warn_permille / 10, c->warn_permille % 10, c->refuse_permille / 10,
           c->refuse_permille % 10);
    if (c->old_places > 0)
        printf("the next good backup removes it from where it was before (%" PRIu64 ")\n",
               c->old_places);
}

int
verb_cache_status(struct cli *cli, mars_agent *agent)
{
    mars_cache_info info = { .struct_size = sizeof info };
    mars_error err = { 0 };

    if (mars_cache_status(agent, &info, &err) != MARS_OK)
        return report_failure(cli, &err);
    if (cli->json)
        status_json(&info);
    else if (report_text(cli))
        status_text(&info);
    return info.state == MARS_CACHE_READY ? CODE_DONE : CODE_FAILED;
}

static int
tell(struct cli *cli, const char *done)
{
    if (cli->json) {
        json_begin("summary");
        json_text("verb", cli->verb->name);
        json_end();
    } else if (report_text(cli)) {
        puts(done);
    }
    return CODE_DONE;
}

/* "5" or "0.1", as permille; *out keeps its value if it is not given. */
static int
permille(struct cli *cli, enum opt o, uint32_t *out)
{
    const char *text = cli->value[o];
    size_t whole, part;
    uint32_t n = 0;

    if (!cli_has(cli, o))
        return CODE_DONE;
    whole = strspn(text, "0123456789");
    part = text[whole] == '.' ? strspn(text + whole + 1, "0123456789") : 0;
    if (whole == 0 || whole > 3 || part > 1 || (text[whole] == '.' && part == 0) ||
        text[whole + part + (part > 0)] != '\0')
        return report_usage(cli, "--%s %s: not a percentage such as 5 or 0.1", options[o].name,
                            text);
    for (size_t i = 0; i < whole; i++)
        n = n * 10 + (uint32_t)(text[i] - '0');
    *out = n * 10 + (part > 0 ? (uint32_t)(text[whole + 1] - '0') : 0);
    if (*out == 0 || *out > 1000)
        return report_usage(cli, "--%s %s: from 0.1 to 100", options[o].name, text);
    return CODE_DONE;
}

int
verb_cache_set(struct cli *cli, mars_agent *agent)
{
    mars_cache_info now = { .struct_size = sizeof now };
    mars_cache_settings s = { .struct_size = sizeof s };
    mars_error err = { 0 };
    int code;

    if (!cli_has(cli, OPT_QUOTA) && !cli_has(cli, OPT_WARN) && !cli_has(cli, OPT_REFUSE))
        return report_usage(cli, "nothing is to be set");
    if (mars_cache_status(agent, &now, &err) != MARS_OK)
        return report_failure(cli, &err);
    s.quota = now.quota;
    s.warn_permille = now.warn_permille;
    s.refuse_permille = now.refuse_permille;
    code = cli_size(cli, OPT_QUOTA, &s.quota);
    if (code == CODE_DONE)
        code = permille(cli, OPT_WARN, &s.warn_permille);
    if (code == CODE_DONE)
        code = permille(cli, OPT_REFUSE, &s.refuse_permille);
    if (code != CODE_DONE)
        return code;
    return mars_cache_set(agent, &s, &err) == MARS_OK ? tell(cli, "set")
                                                      : report_failure(cli, &err);
}

int
verb_cache_rebuild(struct cli *cli, mars_agent *agent)
{
    mars_error err = { 0 };

    if (mars_cache_rebuild(agent, report_event, cli, cli->cancel, &err) != MARS_OK)
        return report_failure(cli, &err);
    return tell(cli, "rebuilt the cache");
}

int
verb_cache_move(struct cli *cli, mars_agent *agent)
{
    mars_error err = { 0 };

    if (mars_cache_move(agent, cli->args.at[0], 0, &err) != MARS_OK)
        return report_failure(cli, &err);
    return tell(cli, "moved the cache; the next good backup removes it from the old place");
}

int
verb_cache_clear(struct cli *cli, mars_agent *agent)
{
    mars_error err = { 0 };

    if (mars_cache_clear(agent, &err) != MARS_OK)
        return report_failure(cli, &err);
    return tell(cli, "cleared the cache");
}
