#include "entries.h"
#include "json.h"
#include "os.h"
#include "points.h"
#include "report.h"
#include "text.h"

static const struct {
    char letter;
    const char *name;
    const char *sum; /* how many there are, in the summary */
} changes[] = {
    [0] = { '?', "other", "other" },
    [MARS_DIFF_ADDED] = { '+', "added", "added" },
    [MARS_DIFF_REMOVED] = { '-', "removed", "removed" },
    [MARS_DIFF_CONTENT] = { 'M', "content", "content_changed" },
    [MARS_DIFF_METADATA] = { 'U', "metadata", "metadata_changed" },
    [MARS_DIFF_TYPE] = { 'T', "type", "type_changed" },
};
enum { CHANGES = sizeof changes / sizeof changes[0] };

struct differences {
    struct cli *cli;
    uint64_t n[CHANGES];
};

/* What each side was like, after the path. */
static void
change_json(const mars_diff *d, size_t change)
{
    const mars_entry *either = d->after != NULL ? d->after : d->before;

    json_begin("change");
    json_text("change", changes[change].name);
    json_path("path", either->path, either->path_len);
    if (d->before != NULL) {
        json_text("kind_before", entry_kind(d->before));
        json_count("size_before", d->before->size);
        json_count("mode_before", d->before->mode);
        json_number("mtime_before", d->before->mtime);
    }
    if (d->after != NULL) {
        json_text("kind", entry_kind(d->after));
        json_count("size", d->after->size);
        json_count("mode", d->after->mode);
        json_number("mtime", d->after->mtime);
    }
    json_end();
}

static int MARS_CALL
show_change(const mars_diff *d, void *user)
{
    const mars_entry *either = d->after != NULL ? d->after : d->before;
    struct differences *all = user;
    size_t change = d->change < CHANGES ? d->change : 0;

    all->n[change]++;
    if (all->cli->json) {
        change_json(d, change);
    } else {
        printf("%c ", changes[change].letter);
        text_print(stdout, either->path, either->path_len);
        putchar('\n');
    }
    return os_interrupted() || ferror(stdout);
}

static int
compare(struct differences *all, mars_agent *agent, mars_point *before, mars_point *after)
{
    struct cli *cli = all->cli;
    const char *path = cli->args.n > 2 ? cli->args.at[2] : NULL;
    mars_error err = { 0 };

    if (mars_point_diff(before, after, path, 0, show_change, all, &err) != MARS_OK)
        return points_failure(cli, agent, cli->args.at[1], &err);
    if (!cli->json)
        return CODE_DONE;
    json_begin("summary");
    json_text("verb", cli->verb->name);
    for (size_t i = 1; i < CHANGES; i++)
        json_count(changes[i].sum, all->n[i]);
    json_end();
    return CODE_DONE;
}

int
verb_diff(struct cli *cli, mars_agent *agent)
{
    struct differences all = { .cli = cli };
    mars_point *before, *after = NULL;
    int code = points_open(cli, agent, cli->args.at[0], &before);

    if (code == CODE_DONE)
        code = points_open(cli, agent, cli->args.at[1], &after);
    if (code == CODE_DONE)
        code = compare(&all, agent, before, after);
    mars_point_close(before);
    mars_point_close(after);
    return code;
}
