/* ls and cat. */
#include <inttypes.h>
#include <string.h>

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

static const struct {
    char letter;
    const char *name;
} types[] = {
    [0] = { '?', "other" },
    [MARS_ENTRY_FILE] = { '-', "file" },
    [MARS_ENTRY_DIRECTORY] = { 'd', "directory" },
    [MARS_ENTRY_SYMLINK] = { 'l', "symlink" },
    [MARS_ENTRY_FIFO] = { 'p', "fifo" },
    [MARS_ENTRY_CHARDEV] = { 'c', "char_device" },
    [MARS_ENTRY_BLOCKDEV] = { 'b', "block_device" },
};

static size_t
type_of(const mars_entry_info *e)
{
    return e->type < sizeof types / sizeof types[0] ? e->type : 0;
}

static bool
is_device(const mars_entry_info *e)
{
    return e->type == MARS_ENTRY_CHARDEV || e->type == MARS_ENTRY_BLOCKDEV;
}

static void
entry_json(const mars_entry_info *e)
{
    json_begin("entry");
    json_text("kind", types[type_of(e)].name);
    json_path("path", e->path, e->path_len);
    json_count("size", e->size);
    json_count("mode", e->mode);
    json_number("mtime", e->mtime);
    json_count("mtime_ns", e->mtime_ns);
    json_count("uid", e->uid);
    json_count("gid", e->gid);
    json_text("user", e->user);
    json_text("group", e->group);
    if (e->target != NULL)
        json_path("target", e->target, e->target_len);
    if (is_device(e)) {
        json_count("device_major", e->device_major);
        json_count("device_minor", e->device_minor);
    }
    json_bool("incomplete", (e->flags & 1) != 0);
    json_bool("changed", (e->flags & 2) != 0);
    json_end();
}

/* "drwxr-sr-t", as ls shows it. */
static void
print_mode(const mars_entry_info *e)
{
    static const char bits[] = "rwxrwxrwx";
    char m[11] = { types[type_of(e)].letter };

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
print_name(const struct listing *l, const mars_entry_info *e)
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
show_entry(const mars_entry_info *e, void *user)
{
    struct listing *l = user;
    char time[TEXT_MAX];

    l->n++;
    if (l->cli->json) {
        entry_json(e);
        return os_interrupted() || ferror(stdout);
    }
    print_mode(e);
    print_owner(e->user, e->uid);
    print_owner(e->group, e->gid);
    if (is_device(e))
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
    const char *point = cli->args.at[0];
    struct listing l = { cli, cli->args.n > 1 ? cli->args.at[1] : NULL, 0, 0 };
    mars_error err = { 0 };

    l.below_len = l.below != NULL ? strlen(l.below) : 0;
    while (l.below_len > 0 && l.below[l.below_len - 1] == '/')
        l.below_len--;
    if (mars_point_browse(agent, point, cli->value[OPT_ITEM], l.below, 0, 0, show_entry, &l,
                          &err) != MARS_OK)
        return points_failure(cli, agent, point, &err);
    if (cli->json) {
        json_begin("summary");
        json_text("verb", cli->verb->name);
        json_count("entries", l.n);
        json_end();
    }
    return CODE_DONE;
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
    const char *point = cli->args.at[0];
    struct listing l = { cli, NULL, 0, 0 };
    mars_error err = { 0 };

    if (mars_point_read(agent, point, cli->value[OPT_ITEM], cli->args.at[1], 0, write_data, &l,
                        &err) != MARS_OK)
        return points_failure(cli, agent, point, &err);
    if (cli->json) {
        json_begin("summary");
        json_text("verb", cli->verb->name);
        json_count("bytes", l.n);
        json_end();
    }
    return CODE_DONE;
}
