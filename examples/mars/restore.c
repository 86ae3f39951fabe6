#include <string.h>

#include "json.h"
#include "points.h"
#include "report.h"
#include "text.h"

static void
tell_json(const struct cli *cli, const mars_restore_result *r)
{
    json_begin("summary");
    json_text("verb", cli->verb->name);
    json_bool("dry_run", cli_has(cli, OPT_DRY_RUN));
    json_count("files_restored", r->files_restored);
    json_count("directories", r->directories);
    json_count("files_present", r->files_present);
    json_count("files_skipped", r->files_skipped);
    json_count("files_failed", r->files_failed);
    json_count("warnings", r->warnings);
    json_count("bytes_written", r->bytes_written);
    json_count("bytes_fetched", r->bytes_fetched);
    json_seconds("elapsed_seconds", r->elapsed_ns);
    json_end();
}

static void
tell_text(const struct cli *cli, const mars_restore_result *r)
{
    char files[TEXT_MAX], dirs[TEXT_MAX], size[TEXT_MAX], span[TEXT_MAX];

    if (cli_has(cli, OPT_DRY_RUN))
        printf("%s would be restored\n", text_count(files, r->files_restored, "file", "files"));
    else
        printf("%s, %s, %s restored in %s\n",
               text_count(files, r->files_restored, "file", "files"),
               text_count(dirs, r->directories, "directory", "directories"),
               text_size(size, r->bytes_written), text_span(span, r->elapsed_ns));
    if (r->files_present > 0)
        printf("%s already there\n", text_count(files, r->files_present, "file", "files"));
    if (r->files_skipped > 0)
        printf("%s in the way left alone\n", text_count(files, r->files_skipped, "file", "files"));
    if (r->warnings > 0)
        printf("%s\n", text_count(files, r->warnings, "warning", "warnings"));
    if (r->files_failed > 0)
        printf("%s not restored\n", text_count(files, r->files_failed, "file", "files"));
}

static int
code_of(const mars_restore_result *r)
{
    if (r->files_failed > 0)
        return CODE_FAILED;
    return r->warnings > 0 || r->files_skipped > 0 ? CODE_WARNINGS : CODE_DONE;
}

static uint32_t
flags(const struct cli *cli)
{
    uint32_t f = 0;

    if (cli_has(cli, OPT_NO_ACL))
        f |= MARS_RESTORE_NO_ACL;
    if (cli_has(cli, OPT_NO_OWNER))
        f |= MARS_RESTORE_NO_OWNER;
    if (cli_has(cli, OPT_DRY_RUN))
        f |= MARS_RESTORE_DRY_RUN;
    if (cli->verbose)
        f |= MARS_RESTORE_REPORT_FILES;
    return f;
}

static uint32_t
conflict(const struct cli *cli)
{
    const char *name = cli->value[OPT_CONFLICT];

    if (name == NULL || strcmp(name, "copy") == 0)
        return MARS_CONFLICT_COPY;
    return strcmp(name, "skip") == 0 ? MARS_CONFLICT_SKIP : MARS_CONFLICT_OVERWRITE;
}

/* Did the run get so far that there is something to sum up? */
static bool
has_result(const mars_restore_result *r)
{
    return (r->files_restored | r->directories | r->files_present | r->files_skipped |
            r->files_failed) != 0;
}

int
verb_restore(struct cli *cli, mars_agent *agent)
{
    mars_restore_options o = { .struct_size = sizeof o,
                               .flags = flags(cli),
                               .point = cli->args.at[0],
                               .item = cli->value[OPT_ITEM],
                               .target = cli->value[OPT_TO],
                               .paths = cli->args.at + 1,
                               .n_paths = cli->args.n - 1,
                               .conflict = conflict(cli),
                               .progress = progress_show,
                               .progress_user = cli,
                               .event = report_event,
                               .event_user = cli,
                               .cancel = cli->cancel };
    mars_restore_result r = { .struct_size = sizeof r };
    mars_error err = { 0 };
    mars_status st = mars_restore(agent, &o, &r, &err);

    if (st == MARS_OK || has_result(&r)) {
        if (cli->json)
            tell_json(cli, &r);
        else if (report_text(cli))
            tell_text(cli, &r);
    }
    return st == MARS_OK ? code_of(&r) : points_failure(cli, agent, o.point, &err);
}
