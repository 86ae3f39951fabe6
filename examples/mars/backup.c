#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "exclude.h"
#include "json.h"
#include "os.h"
#include "report.h"
#include "text.h"

enum { READ_SIZE = 1024 * 1024 };

static void
tell_json(const struct cli *cli, const mars_backup_options *o, const mars_backup_result *r)
{
    json_begin("summary");
    json_text("verb", cli->verb->name);
    json_text("item", o->item != NULL ? o->item : "files");
    json_text("point", r->point[0] != '\0' ? r->point : NULL);
    json_bool("dry_run", cli_has(cli, OPT_DRY_RUN));
    json_count("files", r->files);
    json_count("directories", r->directories);
    json_count("files_unchanged", r->files_unchanged);
    json_count("files_skipped", r->files_skipped);
    json_count("bytes", r->bytes);
    json_count("bytes_read", r->bytes_read);
    json_count("bytes_new", r->bytes_new);
    json_count("bytes_added", r->bytes_added);
    json_seconds("elapsed_seconds", r->elapsed_ns);
    json_end();
}

static void
tell_text(const mars_backup_result *r)
{
    char files[TEXT_MAX], dirs[TEXT_MAX], size[TEXT_MAX], added[TEXT_MAX], span[TEXT_MAX];

    printf("%s, %s, %s; %" PRIu64 " unchanged\n", text_count(files, r->files, "file", "files"),
           text_count(dirs, r->directories, "directory", "directories"),
           text_size(size, r->bytes), r->files_unchanged);
    if (r->files_skipped > 0)
        printf("%s skipped, or not wholly read\n",
               text_count(files, r->files_skipped, "file", "files"));
    printf("%s new data, %s added to the vault, in %s\n", text_size(size, r->bytes_new),
           text_size(added, r->bytes_added), text_span(span, r->elapsed_ns));
    if (r->point[0] != '\0')
        printf("recovery point %s\n", r->point);
    else
        puts("nothing was written");
}

static int
finish(struct cli *cli, const mars_backup_options *o, const mars_backup_result *r)
{
    if (cli->json)
        tell_json(cli, o, r);
    else if (report_text(cli))
        tell_text(r);
    return r->files_skipped > 0 ? CODE_WARNINGS : CODE_DONE;
}

/* Standard input, to its end, into the stream. */
static int
pump(struct cli *cli, mars_stream *stream, char *buf)
{
    mars_error err = { 0 };
    size_t got = 1;

    while (got > 0) {
        enum os_result r = os_read_stdin(buf, READ_SIZE, &got);

        if (r == OS_INTERRUPTED)
            return report_interrupted(cli);
        if (r != OS_OK)
            return report_io(cli, "cannot read standard input");
        if (got > 0 && mars_stream_write(stream, buf, got, &err) != MARS_OK)
            return report_failure(cli, &err);
    }
    return CODE_DONE;
}

static int
write_stream(struct cli *cli, mars_session *session)
{
    mars_stream *stream = NULL;
    mars_error err = { 0 };
    char *buf;
    int code;

    if (mars_stream_open(session, cli->value[OPT_STDIN], 0, &stream, &err) != MARS_OK)
        return report_failure(cli, &err);
    buf = text_alloc(NULL, READ_SIZE);
    code = pump(cli, stream, buf);
    free(buf);
    if (code != CODE_DONE) {
        mars_stream_abandon(stream);
        return code;
    }
    return mars_stream_finish(stream, &err) == MARS_OK ? CODE_DONE : report_failure(cli, &err);
}

static int
backup_stream(struct cli *cli, mars_agent *agent, const mars_backup_options *o)
{
    mars_backup_result r = { .struct_size = sizeof r };
    mars_session *session = NULL;
    mars_error err = { 0 };
    int code;

    if (mars_session_begin(agent, o, &session, &err) != MARS_OK)
        return report_failure(cli, &err);
    code = write_stream(cli, session);
    if (code != CODE_DONE) {
        mars_session_abandon(session);
        return code;
    }
    if (mars_session_commit(session, &r, &err) != MARS_OK)
        return report_failure(cli, &err);
    return finish(cli, o, &r);
}

static int
backup_paths(struct cli *cli, mars_agent *agent, const mars_backup_options *o)
{
    mars_backup_result r = { .struct_size = sizeof r };
    mars_error err = { 0 };

    if (mars_backup(agent, o, &r, &err) != MARS_OK)
        return report_failure(cli, &err);
    return finish(cli, o, &r);
}

static uint32_t
flags(const struct cli *cli)
{
    uint32_t f = 0;

    if (cli_has(cli, OPT_ONE_FILE_SYSTEM))
        f |= MARS_BACKUP_ONE_FILE_SYSTEM;
    if (cli_has(cli, OPT_EXCLUDE_CACHES))
        f |= MARS_BACKUP_EXCLUDE_CACHES;
    if (cli_has(cli, OPT_DRY_RUN))
        f |= MARS_BACKUP_DRY_RUN;
    if (cli->verbose)
        f |= MARS_BACKUP_REPORT_FILES;
    return f;
}

/* "zstd:N": the level, or 0 if it is none. */
static uint32_t
zstd_level(const char *digits)
{
    size_t n = strspn(digits, "0123456789");
    unsigned long level = n > 0 && n <= 2 && digits[n] == '\0' ? strtoul(digits, NULL, 10) : 0;

    return level <= 19 ? (uint32_t)level : 0;
}

static int
compression(struct cli *cli, mars_backup_options *o)
{
    static const struct {
        const char *name;
        uint32_t id;
    } known[] = { { "lz4", MARS_COMPRESSION_LZ4 },
                  { "lz4hc", MARS_COMPRESSION_LZ4HC },
                  { "zstd", MARS_COMPRESSION_ZSTD },
                  { "none", MARS_COMPRESSION_NONE } };
    const char *name = cli->value[OPT_COMPRESSION];

    if (name == NULL)
        return CODE_DONE;
    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++)
        if (strcmp(name, known[i].name) == 0)
            o->compression = known[i].id;
    if (strncmp(name, "zstd:", 5) == 0) {
        o->compression = MARS_COMPRESSION_ZSTD;
        o->compression_level = zstd_level(name + 5);
        if (o->compression_level == 0)
            return report_usage(cli, "--compression: a level of zstd is from 1 to 19");
    }
    if (o->compression == MARS_COMPRESSION_DEFAULT)
        return report_usage(cli, "--compression: \"%s\" is none of %s", name,
                            options[OPT_COMPRESSION].arg);
    return CODE_DONE;
}

/* What a stream has no use for. */
static int
check_stream(struct cli *cli)
{
    static const enum opt no[] = { OPT_EXCLUDE, OPT_EXCLUDE_FILE, OPT_EXCLUDE_CACHES,
                                   OPT_ONE_FILE_SYSTEM, OPT_DRY_RUN };

    for (size_t i = 0; i < sizeof no / sizeof no[0]; i++)
        if (cli_has(cli, no[i]))
            return report_usage(cli, "--stdin and --%s do not go together", options[no[i]].name);
    return CODE_DONE;
}

int
verb_backup(struct cli *cli, mars_agent *agent)
{
    mars_backup_options o = { .struct_size = sizeof o,
                              .item = cli->value[OPT_ITEM],
                              .progress = progress_show,
                              .progress_user = cli,
                              .event = report_event,
                              .event_user = cli,
                              .cancel = cli->cancel };
    char *patterns = NULL;
    int code = compression(cli, &o);

    if (code != CODE_DONE)
        return code;
    if (cli_has(cli, OPT_STDIN)) {
        code = check_stream(cli);
        return code == CODE_DONE ? backup_stream(cli, agent, &o) : code;
    }
    code = cli_has(cli, OPT_EXCLUDE_FILE)
               ? exclude_read(cli, cli->value[OPT_EXCLUDE_FILE], &patterns)
               : CODE_DONE;
    o.flags = flags(cli);
    o.paths = cli->args.at;
    o.n_paths = cli->args.n;
    o.excludes = cli->excludes.at;
    o.n_excludes = cli->excludes.n;
    if (code == CODE_DONE)
        code = backup_paths(cli, agent, &o);
    free(patterns);
    return code;
}
