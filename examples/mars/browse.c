/* ls and cat. */
#include <inttypes.h>
#include <string.h>

#include "entries.h"
#include "json.h"
#include "os.h"
#include "points.h"
#include "report.h"
#include "text.h"

struct listing {
    struct cli *cli;
    const char *below; /* the directory that is listed; NULL: the roots are */
    size_t below_len;
    uint64_t n;
};

/* "drwxr-sr-t", as ls shows it. */
static void
print_mode(const mars_entry *e)
{
    static const char bits[] = "rwxrwxrwx";
    char m[11] = { entry_letter(e) };

    for (unsigned i = 0; i < 9; i++)
        m[i + 1] = (e->mode >> (8 - i) & 1) != 0 ? bits[i] : '-';
    if ((e->mode & 04000) != 0)
        m[3] = m[3] == 'x' ? 's' : 'S';
    if ((e->mode & 02000) != 0)
        m[6] = m[6] == 'x' ? 's' : 'S';
    if ((e->mode & 01000) != 0)
        m[9] = m[9] == 'x' ? 't' : 'T';
    fputs(m, stdout);
}

static void
print_owner(const char *name, uint64_t id)
{
    putchar(' ');
    if (name == NULL || *name == '\0') {
        printf("%-8" PRIu64, id);
        return;
    }
    text_print(stdout, name, strlen(name));
    for (size_t n = strlen(name); n < 8; n++)
        putchar(' ');
}

/* Below the directory that was asked for, the last part of the path is enough. */
static void
print_name(const struct listing *l, const mars_entry *e)
{
    size_t skip = 0;

    if (l->below != NULL && e->path_len > l->below_len + 1 &&
        memcmp(e->path, l->below, l->below_len) == 0 && e->path[l->below_len] == '/')
        skip = l->below_len + 1;
    text_print(stdout, e->path + skip, e->path_len - skip);
    if (e->target != NULL) {
        fputs(" -> ", stdout);
        text_print(stdout, e->target, e->target_len);
    }
}

static int MARS_CALL
show_entry(const mars_entry *e, void *user)
{
    struct listing *l = user;
    char time[TEXT_MAX];

    l->n++;
    if (l->cli->json) {
        json_begin("entry");
        entry_json(e);
        json_end();
        return os_interrupted() || ferror(stdout);
    }
    print_mode(e);
    print_owner(e->user, e->uid);
    print_owner(e->group, e->gid);
    if (entry_is_device(e))
        printf(" %6" PRIu32 ", %4" PRIu32, e->device_major, e->device_minor);
    else
        printf(" %12" PRIu64, e->size);
    printf(" %s ", text_time(time, e->mtime));
    print_name(l, e);
    putchar('\n');
    return os_interrupted() || ferror(stdout);
}

int
verb_ls(struct cli *cli, mars_agent *agent)
{
    struct listing l = { cli, cli->args.n > 1 ? cli->args.at[1] : NULL, 0, 0 };
    mars_error err = { 0 };
    mars_point *point;
    int code = points_open(cli, agent, cli->args.at[0], &point);

    if (code != CODE_DONE)
        return code;
    l.below_len = l.below != NULL ? strlen(l.below) : 0;
    while (l.below_len > 0 && l.below[l.below_len - 1] == '/')
        l.below_len--;
    if (mars_point_browse(point, l.below, 0, 0, show_entry, &l, &err) != MARS_OK)
        code = points_failure(cli, agent, cli->args.at[0], &err);
    mars_point_close(point);
    if (code == CODE_DONE && cli->json) {
        json_begin("summary");
        json_text("verb", cli->verb->name);
        json_count("entries", l.n);
        json_end();
    }
    return code;
}

static int MARS_CALL
write_data(const void *data, uint64_t len, void *user)
{
    struct listing *l = user;

    l->n += len;
    if (l->cli->json) {
        json_begin("data");
        json_data("data_b64", data, len);
        json_end();
    } else {
        fwrite(data, 1, (size_t)len, stdout);
    }
    return os_interrupted() || ferror(stdout);
}

int
verb_cat(struct cli *cli, mars_agent *agent)
{
    struct listing l = { cli, NULL, 0, 0 };
    mars_error err = { 0 };
    mars_point *point;
    int code = points_open(cli, agent, cli->args.at[0], &point);

    if (code != CODE_DONE)
        return code;
    if (mars_point_read(point, cli->args.at[1], 0, write_data, &l, cli->cancel, &err) != MARS_OK)
        code = points_failure(cli, agent, cli->args.at[0], &err);
    mars_point_close(point);
    if (code == CODE_DONE && cli->json) {
        json_begin("summary");
        json_text("verb", cli->verb->name);
        json_count("bytes", l.n);
        json_end();
    }
    return code;
}
