#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "entries.h"
#include "json.h"
#include "os.h"
#include "points.h"
#include "report.h"
#include "text.h"

/* A point to search. */
struct place {
    char id[33];
    char item[256];
};

struct search {
    struct cli *cli;
    struct place *places;  /* oldest first */
    size_t n_places;
    const struct place *at; /* what is searched */
    uint64_t n;            /* names found */
};

static void
note_place(struct place *at, const mars_point_info *p)
{
    snprintf(at->id, sizeof at->id, "%s", p->id);
    snprintf(at->item, sizeof at->item, "%s", p->item);
}

static int MARS_CALL
add_point(const mars_point_info *p, void *user)
{
    struct search *s = user;

    s->places = text_alloc(s->places, (s->n_places + 1) * sizeof *s->places);
    note_place(&s->places[s->n_places++], p);
    return os_interrupted();
}

static int MARS_CALL
show_found(const mars_entry *e, void *user)
{
    struct search *s = user;
    char time[TEXT_MAX];

    if (s->cli->json) {
        json_begin("entry");
        json_text("point", s->at->id);
        json_text("item", s->at->item);
        entry_json(e);
        json_end();
    } else {
        if (s->n == 0 && !s->cli->quiet)
            printf("%-12s  %-19s  %12s  %s\n", "POINT", "MODIFIED", "SIZE", "PATH");
        printf("%.12s  %-19s  %12" PRIu64 "  ", s->at->id, text_time(time, e->mtime), e->size);
        text_print(stdout, e->path, e->path_len);
        putchar('\n');
    }
    s->n++;
    return os_interrupted() || ferror(stdout);
}

static int
search(struct search *s, mars_point *point, const struct place *at)
{
    mars_error err = { 0 };

    s->at = at;
    return mars_point_find(point, s->cli->args.at, s->cli->args.n, show_found, s, &err) == MARS_OK
               ? CODE_DONE
               : report_failure(s->cli, &err);
}

static int
search_one(struct search *s, mars_agent *agent)
{
    mars_point_info info = { .struct_size = sizeof info };
    mars_error err = { 0 };
    struct place place;
    mars_point *point;
    int code = points_open(s->cli, agent, s->cli->value[OPT_POINT], &point);

    if (code != CODE_DONE)
        return code;
    s->n_places = 1;
    if (mars_point_get_info(point, &info, &err) == MARS_OK) {
        note_place(&place, &info);
        code = search(s, point, &place);
    } else {
        code = report_failure(s->cli, &err);
    }
    mars_point_close(point);
    return code;
}

/* A point that cannot be searched is told; the others are searched nevertheless. */
static int
search_all(struct search *s, mars_agent *agent)
{
    mars_error err = { 0 };
    int code = CODE_DONE;

    if (mars_point_list(agent, s->cli->value[OPT_ITEM], 0, add_point, s, report_event, s->cli,
                        &err) != MARS_OK)
        code = report_failure(s->cli, &err);
    for (size_t i = 0; i < s->n_places && code != CODE_INTERRUPTED && !ferror(stdout); i++) {
        mars_point *point;
        int here = points_open(s->cli, agent, s->places[i].id, &point);

        if (here == CODE_DONE)
            here = search(s, point, &s->places[i]);
        mars_point_close(point);
        if (here != CODE_DONE)
            code = here;
    }
    free(s->places);
    return code == CODE_DONE ? report_code(s->cli) : code;
}

int
verb_find(struct cli *cli, mars_agent *agent)
{
    struct search s = { .cli = cli };
    int code = cli_has(cli, OPT_POINT) ? search_one(&s, agent) : search_all(&s, agent);

    if (cli->json && code != CODE_INTERRUPTED && code != CODE_USAGE) {
        json_begin("summary");
        json_text("verb", cli->verb->name);
        json_count("points", s.n_places);
        json_count("entries", s.n);
        json_end();
    } else if (s.n == 0 && code == CODE_DONE && report_text(cli)) {
        fputs("mars: nothing found\n", stderr);
    }
    return code;
}
