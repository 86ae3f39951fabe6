#include <inttypes.h>

#include "json.h"
#include "points.h"
#include "report.h"
#include "text.h"

static void
tell_json(const struct cli *cli, const mars_verify_result *r)
{
    json_begin("summary");
    json_text("verb", cli->verb->name);
    json_count("points", r->points);
    json_count("objects", r->objects);
    json_count("bytes_read", r->bytes_read);
    json_count("objects_damaged", r->objects_damaged);
    json_count("files_lost", r->files_lost);
    json_count("differences", r->differences);
    json_count("packs", r->packs);
    json_count("pack_bytes", r->pack_bytes);
    json_count("packs_read", r->packs_read);
    json_count("pack_bytes_read", r->pack_bytes_read);
    json_seconds("elapsed_seconds", r->elapsed_ns);
    json_end();
}

static void
tell_text(const struct cli *cli, const mars_verify_result *r)
{
    char points[TEXT_MAX], objects[TEXT_MAX], size[TEXT_MAX], all[TEXT_MAX], span[TEXT_MAX];

    if (cli_has(cli, OPT_AGAINST_DISK)) {
        printf("%s compared with the disk, %s, in %s\n",
               text_count(points, r->points, "point", "points"),
               text_count(objects, r->differences, "difference", "differences"),
               text_span(span, r->elapsed_ns));
        return;
    }
    printf("%s, %s, %s read, in %s\n", text_count(points, r->points, "point", "points"),
           text_count(objects, r->objects, "object", "objects"), text_size(size, r->bytes_read),
           text_span(span, r->elapsed_ns));
    if (cli_has(cli, OPT_SAMPLE))
        printf("%" PRIu64 " of %s, %s of %s\n", r->packs_read,
               text_count(objects, r->packs, "pack", "packs"),
               text_size(size, r->pack_bytes_read), text_size(all, r->pack_bytes));
    if (r->objects_damaged > 0 || r->files_lost > 0)
        printf("%s damaged or missing, %s lost\n",
               text_count(objects, r->objects_damaged, "object", "objects"),
               text_count(points, r->files_lost, "file", "files"));
    else
        puts("no damage found");
}

/* Damage was told as events and in the summary: no more need be said. */
static int
code_of(const mars_verify_result *r)
{
    if (r->objects_damaged > 0 || r->files_lost > 0)
        return CODE_FAILED;
    return r->differences > 0 ? CODE_WARNINGS : CODE_DONE;
}

int
verb_verify(struct cli *cli, mars_agent *agent)
{
    mars_verify_options o = { .struct_size = sizeof o,
                              .point = cli->args.n > 0 ? cli->args.at[0] : NULL,
                              .item = cli->value[OPT_ITEM],
                              .progress = progress_show,
                              .progress_user = cli,
                              .event = report_event,
                              .event_user = cli,
                              .cancel = cli->cancel };
    mars_verify_result r = { .struct_size = sizeof r };
    mars_error err = { 0 };
    mars_status st;

    if (cli_has(cli, OPT_READ_DATA) + cli_has(cli, OPT_AGAINST_DISK) + cli_has(cli, OPT_SAMPLE) > 1)
        return report_usage(cli, "--read-data, --sample and --against-disk do not go together");
    o.sample_percent = cli_number(cli, OPT_SAMPLE);
    if (o.sample_percent > 100)
        return report_usage(cli, "--sample: not from 1 to 100");
    if (cli_has(cli, OPT_READ_DATA))
        o.flags |= MARS_VERIFY_READ_DATA;
    if (cli_has(cli, OPT_AGAINST_DISK))
        o.flags |= MARS_VERIFY_AGAINST_DISK;
    st = mars_verify(agent, &o, &r, &err);
    if (st == MARS_OK || r.objects_damaged > 0 || r.files_lost > 0) {
        if (cli->json)
            tell_json(cli, &r);
        else if (report_text(cli))
            tell_text(cli, &r);
    }
    if (st == MARS_OK)
        return code_of(&r);
    if (st == MARS_ERR_CORRUPT)
        return report_failure_hint(cli, &err, NULL);
    return points_failure(cli, agent, o.point, &err);
}
