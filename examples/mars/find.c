#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "entries.h"
#include "json.h"
#include "os.h"
#include "points.h"
#include "report.h"
#include "text.h"

enum { ID_SIZE = 33 };

struct search {
    struct cli *cli;
    char (*ids)[ID_SIZE]; /* of the points, oldest first */
    size_t n_ids;
    const char *id;       /* of the point that is searched */
    const char *item;
    uint64_t n;           /* names found */
};

static int MARS_CALL
add_point(const mars_point_info *p, void *user)
{
    struct search *s = user;

    s->ids = text_alloc(s->ids, (s->n_ids + 1) * sizeof *s->ids);
    snprintf(s->ids[s->n_ids++], sizeof *s->ids, "%s", p->id);
    return os_interrupted();
}

static int MARS_CALL
show_found(const mars_entry *e, void *user)
{
    struct search *s = user;
    char time[TEXT_MAX];

    if (s->cli->json) {
        json_begin("entry");
        json_text("point", s->id);
        json_text("item", s->item);
        entry_json(e);
        json_end();
    } else {
        if (s->n == 0 && !s->cli->quiet)
            printf("%-12s  %-19s  %12s  %s\n", "POINT", "MODIFIED", "SIZE", "PATH");
        printf("%.12s  %-19s  %12" PRIu64 "  ", s->id, text_time(time, e->mtime), e->size);
        text_print(stdout, e->path, e->path_len);
        putchar('\n');
    }
    s->n++;
    return os_interrupted() || ferror(stdout);
}

static int
search_point(struct search *s, mars_agent *agent, const char *text)
{
    struct cli *cli = s->cli;
    mars_point_info info = { .struct_size = sizeof info };
    mars_error err = { 0 };
    mars_point *point;
    mars_status st;
    int code = points_open(cli, agent, text, &point);

    if (code != CODE_DONE)
        return code;
    st = mars_point_get_info(point, &info, &err);
    s->id = info.id;
    s->item = info.item;
    if (st == MARS_OK)
        st = mars_point_find(point, cli->args.at, cli->args.n, show_found, s, &err);
    mars_point_close(point);
    return st == MARS_OK ? CODE_DONE : report_failure(cli, &err);
}

/* A point that cannot be searched is told; the others are searched nevertheless. */
static int
search_all(struct search *s, mars_agent *agent)
{
    mars_error err = { 0 };
    int code = CODE_DONE;

    if (mars_point_list(agent, s->cli->value[OPT_ITEM], add_point, s, report_event, s->cli,
                        &err) != MARS_OK)
        code = report_failure(s->cli, &err);
    for (size_t i = 0; i < s->n_ids && code != CODE_INTERRUPTED && !ferror(stdout); i++) {
        int here = search_point(s, agent, s->ids[i]);

        if (here != CODE_DONE)
            code = here;
    }
    free(s->ids);
    return code == CODE_DONE ? report_code(s->cli) : code;
}

int
verb_find(struct cli *cli, mars_agent *agent)
{
    struct search s = { .cli = cli };
    int code;

    if (cli_has(cli, OPT_POINT)) {
        s.n_ids = 1;
        code = search_point(&s, agent, cli->value[OPT_POINT]);
    } else {
        code = search_all(&s, agent);
    }
    if (cli->json && code != CODE_INTERRUPTED && code != CODE_USAGE) {
        json_begin("summary");
        json_text("verb", cli->verb->name);
        json_count("points", s.n_ids);
        json_count("entries", s.n);
        json_end();
    } else if (s.n == 0 && code == CODE_DONE && report_text(cli)) {
        fputs("mars: nothing found\n", stderr);
    }
    return code;
}
