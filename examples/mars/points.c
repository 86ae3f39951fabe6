#include "points.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "json.h"
#include "os.h"
#include "report.h"
#include "text.h"

struct listing {
    struct cli *cli;
    uint64_t n;
};

static void
point_json(const mars_point_info *p)
{
    json_begin("point");
    json_text("id", p->id);
    json_text("item", p->item);
    json_text("machine", p->machine);
    json_text("machine_id", p->machine_id);
    json_number("started", p->started);
    json_number("finished", p->finished);
    json_count("entries", p->entries);
    json_count("bytes", p->bytes);
    json_count("files_skipped", p->files_skipped);
    json_count("bytes_added", p->bytes_added);
    json_bool("is_head", p->is_head != 0);
    json_paths("roots", p->roots, p->root_lens, p->n_roots);
    json_end();
}

static void
point_text(const mars_point_info *p, bool all_machines)
{
    char time[TEXT_MAX], size[TEXT_MAX];

    printf("%.12s  %-19s  %10" PRIu64 "  %12s  %7" PRIu64 "  ", p->id,
           text_time(time, p->finished), p->entries, text_size(size, p->bytes),
           p->files_skipped);
    if (all_machines) {
        text_print(stdout, p->machine, strlen(p->machine));
        fputs("  ", stdout);
    }
    text_print(stdout, p->item, strlen(p->item));
    putchar('\n');
}

static int MARS_CALL
show_point(const mars_point_info *p, void *user)
{
    struct listing *l = user;
    bool all = cli_has(l->cli, OPT_ALL_MACHINES);

    if (l->cli->json) {
        point_json(p);
    } else {
        if (l->n == 0 && !l->cli->quiet)
            printf("%-12s  %-19s  %10s  %12s  %7s  %s%s\n", "POINT", "TIME", "ENTRIES", "SIZE",
                   "SKIPPED", all ? "MACHINE  " : "", "ITEM");
        point_text(p, all);
    }
    l->n++;
    return os_interrupted() || ferror(stdout);
}

int
verb_points(struct cli *cli, mars_agent *agent)
{
    struct listing l = { cli, 0 };
    uint32_t flags = cli_has(cli, OPT_ALL_MACHINES) ? MARS_POINTS_ALL_MACHINES : 0;
    mars_error err = { 0 };

    if (mars_point_list(agent, cli->value[OPT_ITEM], flags, show_point, &l, report_event, cli,
                        &err) != MARS_OK)
        return report_failure(cli, &err);
    if (cli->json) {
        json_begin("summary");
        json_text("verb", cli->verb->name);
        json_count("points", l.n);
        json_end();
    } else if (l.n == 0 && report_text(cli)) {
        fputs("mars: no recovery points\n", stderr);
    }
    return report_code(cli);
}

struct names {
    char **at;
    size_t n;
};

/* Each item once; the names are ours. */
static int MARS_CALL
collect_item(const mars_point_info *p, void *user)
{
    struct names *items = user;
    size_t len = strlen(p->item) + 1;

    for (size_t i = 0; i < items->n; i++)
        if (strcmp(items->at[i], p->item) == 0)
            return 0;
    items->at = text_alloc(items->at, (items->n + 1) * sizeof *items->at);
    items->at[items->n] = text_alloc(NULL, len);
    memcpy(items->at[items->n++], p->item, len);
    return os_interrupted();
}

static void
list_items(struct cli *cli, mars_agent *agent)
{
    struct names items = { NULL, 0 };
    mars_error err;
    mars_status st = mars_point_list(agent, NULL, 0, collect_item, &items, NULL, NULL, &err);

    for (size_t i = 0; i < items.n; i++) {
        if (st == MARS_OK && cli->json) {
            json_begin("item");
            json_text("name", items.at[i]);
            json_end();
        }
        if (st == MARS_OK) {
            fputs("  --item ", stderr);
            text_print(stderr, items.at[i], strlen(items.at[i]));
            fputc('\n', stderr);
        }
        free(items.at[i]);
    }
    free(items.at);
}

int
points_failure(struct cli *cli, mars_agent *agent, const char *point, const mars_error *err)
{
    int code = err->status == MARS_ERR_NOT_FOUND
                   ? report_failure_hint(cli, err, "see what there is: mars points, mars ls POINT")
                   : report_failure(cli, err);
    bool is_latest = point == NULL || strcmp(point, "latest") == 0;

    if (err->status == MARS_ERR_INVALID_ARG && is_latest && !cli_has(cli, OPT_ITEM))
        list_items(cli, agent);
    return code;
}

int
points_open(struct cli *cli, mars_agent *agent, const char *point, mars_point **out)
{
    mars_error err = { 0 };
    mars_status st = mars_point_open(agent, point, cli->value[OPT_ITEM], out, &err);

    return st == MARS_OK ? CODE_DONE : points_failure(cli, agent, point, &err);
}
