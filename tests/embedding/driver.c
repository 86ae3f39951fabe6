/* What driver.py and csharp/Program.cs do, from C: a JSON object a line for each verb, names and
 * bytes in hex, times in units of 100 ns.
 * usage: driver create URL ENDPOINT KEY
 *        driver issue URL ENDPOINT KEY CREDENTIALS
 *        driver register CREDENTIALS CONFIG_DIR NAME PASSPHRASE
 *        driver backup CONFIG_DIR DIRECTORY
 *        driver look CREDENTIALS NAME PASSPHRASE DIRECTORY TARGET */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <mars/mars.h>

/* Of what is printed between brackets: the first one has no comma before it. */
static const char *comma = "";

static void
check(mars_status st, const mars_error *err)
{
    if (st == MARS_OK)
        return;
    fprintf(stderr, "%s: %s\n", mars_status_name(st), err->message);
    exit(1);
}

static void
begin(const char *verb)
{
    printf("{\"verb\":\"%s\"", verb);
}

static void
number(const char *key, uint64_t value)
{
    printf(",\"%s\":%" PRIu64, key, value);
}

/* Names in this test need no escapes. */
static void
text(const char *key, const char *value)
{
    printf(",\"%s\":\"%s\"", key, value);
}

static void
hex(const char *key, const void *data, uint64_t len)
{
    const unsigned char *p = data;

    printf(",\"%s\":\"", key);
    for (uint64_t i = 0; i < len; i++)
        printf("%02x", p[i]);
    putchar('"');
}

static void
open_list(const char *key)
{
    printf(",\"%s\":[", key);
    comma = "";
}

static void
end(const char *brackets)
{
    puts(brackets);
}

static void
entry_fields(const mars_entry *e)
{
    printf("{\"type\":%" PRIu32 ",\"mtime\":%" PRId64, e->type,
           e->mtime * 10000000 + e->mtime_ns / 100);
    hex("path", e->path, e->path_len);
    number("size", e->size);
    number("mode", e->mode);
    number("uid", e->uid);
    number("gid", e->gid);
    text("user", e->user);
    text("group", e->group);
    hex("target", e->target, e->target != NULL ? e->target_len : 0);
    number("major", e->device_major);
    number("minor", e->device_minor);
    number("flags", e->flags);
    putchar('}');
}

static int MARS_CALL
entry(const mars_entry *e, void *user)
{
    (void)user;
    fputs(comma, stdout);
    comma = ",";
    entry_fields(e);
    return 0;
}

static int MARS_CALL
point(const mars_point_info *p, void *first)
{
    if (comma[0] == '\0')
        (void)snprintf(first, 40, "%s", p->id);
    printf("%s{\"id\":\"%s\"", comma, p->id);
    comma = ",";
    text("item", p->item);
    text("machine", p->machine);
    text("machine_id", p->machine_id);
    number("started", (uint64_t)p->started);
    number("finished", (uint64_t)p->finished);
    number("entries", p->entries);
    number("bytes", p->bytes);
    number("files_skipped", p->files_skipped);
    number("bytes_added", p->bytes_added);
    number("is_head", p->is_head);
    hex("root", p->roots[0], p->root_lens[0]);
    putchar('}');
    return 0;
}

static int MARS_CALL
difference(const mars_diff *d, void *user)
{
    (void)user;
    printf("%s{\"change\":%" PRIu32 ",\"sides\":[", comma, d->change);
    comma = "";
    if (d->before != NULL)
        (void)entry(d->before, NULL);
    if (d->after != NULL)
        (void)entry(d->after, NULL);
    fputs("]}", stdout);
    comma = ",";
    return 0;
}

static void
browse(mars_agent *agent, const char *first, const char *directory)
{
    static const char *const patterns[] = { "*.bin", "deep/er/" };
    mars_entry e = { .struct_size = sizeof e };
    mars_point *latest, *before;
    mars_error err;
    char file[4096];

    (void)snprintf(file, sizeof file, "%s/deep/large", directory);
    check(mars_point_open(agent, "latest", NULL, &latest, &err), &err);
    check(mars_point_open(agent, first, NULL, &before, &err), &err);
    begin("ls");
    open_list("entries");
    check(mars_point_browse(latest, directory, 0, MARS_BROWSE_RECURSE, entry, NULL, &err), &err);
    end("]}");
    begin("stat");
    open_list("entries");
    check(mars_point_stat(latest, file, 0, &e, &err), &err);
    (void)entry(&e, NULL);
    end("]}");
    begin("find");
    open_list("entries");
    check(mars_point_find(latest, patterns, 2, entry, NULL, &err), &err);
    end("]}");
    begin("diff");
    open_list("differences");
    check(mars_point_diff(before, latest, NULL, 0, difference, NULL, &err), &err);
    end("]}");
    mars_point_close(before);
    mars_point_close(latest);
}

static void
read_at(mars_agent *agent, const char *directory)
{
    static const uint64_t places[] = { 0, 1234567, 2999990, 3000000 };
    unsigned char piece[40];
    mars_point *latest;
    mars_file *f;
    mars_error err;
    char file[4096], place[24];
    uint64_t got;

    (void)snprintf(file, sizeof file, "%s/deep/large", directory);
    check(mars_point_open(agent, "latest", NULL, &latest, &err), &err);
    check(mars_file_open(latest, file, 0, &f, &err), &err);
    begin("read_at");
    number("size", mars_file_size(f));
    for (size_t i = 0; i < sizeof places / sizeof places[0]; i++) {
        (void)snprintf(place, sizeof place, "%" PRIu64, places[i]);
        check(mars_file_read_at(f, places[i], piece, sizeof piece, &got, &err), &err);
        hex(place, piece, got);
    }
    end("}");
    mars_file_close(f);
    mars_point_close(latest);
}

static void
stats(mars_agent *agent)
{
    mars_stats s = { .struct_size = sizeof s };
    mars_error err;

    check(mars_stats_get(agent, NULL, &s, NULL, NULL, &err), &err);
    begin("stats");
    number("points", s.points);
    number("items", s.items);
    number("entries", s.entries);
    number("bytes", s.bytes);
    number("chunks", s.chunks);
    number("chunk_bytes", s.chunk_bytes);
    number("packs", s.packs);
    number("pack_bytes", s.pack_bytes);
    number("objects", s.objects);
    number("object_bytes", s.object_bytes);
    number("index_objects", s.index_objects);
    number("index_bytes", s.index_bytes);
    end("}");
}

static void
verify(mars_agent *agent)
{
    mars_verify_options o = { .struct_size = sizeof o, .flags = MARS_VERIFY_READ_DATA };
    mars_verify_result r = { .struct_size = sizeof r };
    mars_error err;

    check(mars_verify(agent, &o, &r, &err), &err);
    begin("verify");
    number("points", r.points);
    number("objects", r.objects);
    number("bytes_read", r.bytes_read);
    number("objects_damaged", r.objects_damaged);
    number("files_lost", r.files_lost);
    number("differences", r.differences);
    number("packs", r.packs);
    number("pack_bytes", r.pack_bytes);
    number("packs_read", r.packs_read);
    number("pack_bytes_read", r.pack_bytes_read);
    end("}");
}

static void
restore(mars_agent *agent, const char *target)
{
    mars_restore_options o = { .struct_size = sizeof o, .point = "latest", .target = target };
    mars_restore_result r = { .struct_size = sizeof r };
    mars_error err;

    check(mars_restore(agent, &o, &r, &err), &err);
    begin("restore");
    number("files_restored", r.files_restored);
    number("directories", r.directories);
    number("files_present", r.files_present);
    number("files_skipped", r.files_skipped);
    number("files_failed", r.files_failed);
    number("warnings", r.warnings);
    number("bytes_written", r.bytes_written);
    end("}");
}

static void
look(char **args)
{
    mars_recover_options o = { .struct_size = sizeof o, .credentials = args[0],
                               .machine = args[1], .passphrase = args[2] };
    mars_agent *agent;
    mars_error err;
    char first[40];

    check(mars_recover_open(&o, &agent, &err), &err);
    begin("list");
    open_list("points");
    check(mars_point_list(agent, NULL, 0, point, first, NULL, NULL, &err), &err);
    end("]}");
    browse(agent, first, args[3]);
    read_at(agent, args[3]);
    stats(agent);
    verify(agent);
    restore(agent, args[4]);
    mars_agent_close(agent);
}

static void
back_up(char **args)
{
    mars_backup_options o = { .struct_size = sizeof o, .n_paths = 1 };
    mars_backup_result r = { .struct_size = sizeof r };
    mars_agent *agent;
    mars_error err;

    o.paths = (const char *const[]){ args[1] };
    check(mars_agent_open(args[0], 0, NULL, &agent, &err), &err);
    check(mars_backup(agent, &o, &r, &err), &err);
    mars_agent_close(agent);
    begin("backup");
    text("point", r.point);
    number("files", r.files);
    number("directories", r.directories);
    number("files_unchanged", r.files_unchanged);
    number("files_skipped", r.files_skipped);
    number("bytes", r.bytes);
    number("bytes_read", r.bytes_read);
    number("bytes_new", r.bytes_new);
    end("}");
}

static void
register_machine(char **args)
{
    mars_register_options o = { .struct_size = sizeof o, .credentials = args[0],
                                .config_dir = args[1], .name = args[2], .passphrase = args[3],
                                .domain = "shared" };
    mars_agent_info info = { .struct_size = sizeof info };
    mars_agent *agent;
    mars_error err;

    check(mars_register(&o, &agent, &err), &err);
    check(mars_agent_get_info(agent, &info, &err), &err);
    begin("register");
    text("machine", info.machine_name);
    text("domain", info.domain_id);
    text("url", info.vault_url);
    number("read_only", info.read_only);
    end("}");
    mars_agent_close(agent);
}

/* Make a vault, or with a name credentials for it. */
static void
administer(char **args, const char *credentials)
{
    mars_store_options s = { .struct_size = sizeof s };
    mars_vault_options v = { .struct_size = sizeof v, .store = &s };
    mars_credentials_options c = { .struct_size = sizeof c, .store = &s };
    mars_error err;

    s.endpoint = args[1][0] != '\0' ? args[1] : NULL;
    s.account_key = args[2][0] != '\0' ? args[2] : NULL;
    if (credentials == NULL)
        check(mars_vault_create(args[0], &v, &err), &err);
    else
        check(mars_vault_issue_credentials(args[0], credentials, &c, &err), &err);
}

int
main(int argc, char **argv)
{
    const char *verb = argc > 1 ? argv[1] : "";

    if (strcmp(verb, "create") == 0 && argc == 5)
        administer(argv + 2, NULL);
    else if (strcmp(verb, "issue") == 0 && argc == 6)
        administer(argv + 2, argv[5]);
    else if (strcmp(verb, "register") == 0 && argc == 6)
        register_machine(argv + 2);
    else if (strcmp(verb, "backup") == 0 && argc == 4)
        back_up(argv + 2);
    else if (strcmp(verb, "look") == 0 && argc == 7)
        look(argv + 2);
    else
        return 2;
    return 0;
}
