#include "report.h"

#include <stdarg.h>
#include <string.h>
#include <time.h>

#include "json.h"
#include "text.h"

static const struct {
    mars_status status;
    const char *hint;
} hints[] = {
    { MARS_ERR_INTERNAL, "this is a bug in libmars: please report it" },
    { MARS_ERR_UNSUPPORTED, "this build does not know it: a newer libmars may" },
    { MARS_ERR_CORRUPT, "see what else is affected: mars verify --read-data" },
    { MARS_ERR_LOCKED, "another run holds it: try again when it has ended" },
    { MARS_ERR_NETWORK, "try again: what was sent is not sent twice" },
    { MARS_ERR_AUTH, "issue new credentials: mars vault credentials URL --out FILE" },
    { MARS_ERR_QUOTA, "make room and run it again: what was sent is not sent twice" },
    { MARS_ERR_KEY, "check the passphrase, upper and lower case too" },
};

static const struct {
    const char *name; /* in JSON */
    const char *text;
} kinds[] = {
    [0] = { "other", "note" },
    [MARS_EVENT_SKIPPED] = { "skipped", "skipped" },
    [MARS_EVENT_WARNING] = { "warning", "warning" },
    [MARS_EVENT_DAMAGED] = { "damaged", "damaged" },
    [MARS_EVENT_FILE_LOST] = { "file_lost", "lost" },
    [MARS_EVENT_DIFFERENT] = { "different", "different" },
    [MARS_EVENT_NOT_RESTORED] = { "not_restored", "not restored" },
    [MARS_EVENT_FILE] = { "file", "file" },
};

static const char *const reasons[] = {
    [0] = NULL,
    [MARS_SKIP_UNREADABLE] = "unreadable",
    [MARS_SKIP_VANISHED] = "vanished",
    [MARS_SKIP_SOCKET] = "socket",
    [MARS_SKIP_CHANGED] = "changed",
    [MARS_SKIP_PARTIAL] = "partial",
    [MARS_SKIP_KIND] = "kind",
};

/* "mars: VERB: " and the message; hint on a line of its own. */
static void
print_error(struct cli *cli, const char *status, const char *message, const char *hint)
{
    progress_clear(cli);
    fflush(stdout); /* in the order in which things happened, where both go to one place */
    fputs("mars: ", stderr);
    if (cli->verb != NULL)
        fprintf(stderr, "%s: ", cli->verb->name);
    text_print(stderr, message, strlen(message));
    fputc('\n', stderr);
    if (hint != NULL)
        fprintf(stderr, "  %s\n", hint);
    if (cli->json) {
        json_begin("error");
        json_text("verb", cli->verb != NULL ? cli->verb->name : NULL);
        json_text("status", status);
        json_text("message", message);
        json_text("hint", hint);
        json_end();
    }
}

int
report_failure_hint(struct cli *cli, const mars_error *err, const char *hint)
{
    const char *message = err->message[0] != '\0' ? err->message : "failed";

    /* Nothing else cancels here, wherever it was noticed. */
    if (err->status == MARS_ERR_CANCELLED)
        message = "interrupted";
    print_error(cli, mars_status_name(err->status), message, hint);
    if (err->status == MARS_ERR_CANCELLED)
        return CODE_INTERRUPTED;
    return err->status == MARS_ERR_INVALID_ARG ? CODE_USAGE : CODE_FAILED;
}

int
report_failure(struct cli *cli, const mars_error *err)
{
    const char *hint = NULL;

    /* Callbacks end a call when nobody takes its output any more. */
    if (err->status == MARS_ERR_CANCELLED && ferror(stdout))
        return report_io(cli, "cannot write to standard output");
    for (size_t i = 0; i < sizeof hints / sizeof hints[0]; i++)
        if ((int32_t)hints[i].status == err->status)
            hint = hints[i].hint;
    return report_failure_hint(cli, err, hint);
}

int
report_interrupted(struct cli *cli)
{
    mars_error err = { .status = MARS_ERR_CANCELLED };

    return report_failure(cli, &err);
}

int
report_usage(struct cli *cli, const char *format, ...)
{
    char message[1024], hint[64];
    va_list ap;

    va_start(ap, format);
    vsnprintf(message, sizeof message, format, ap);
    va_end(ap);
    snprintf(hint, sizeof hint, "see: mars%s%s --help", cli->verb != NULL ? " " : "",
             cli->verb != NULL ? cli->verb->name : "");
    print_error(cli, mars_status_name(MARS_ERR_INVALID_ARG), message, hint);
    return CODE_USAGE;
}

int
report_io(struct cli *cli, const char *format, ...)
{
    char message[1024];
    va_list ap;

    va_start(ap, format);
    vsnprintf(message, sizeof message, format, ap);
    va_end(ap);
    print_error(cli, mars_status_name(MARS_ERR_IO), message, NULL);
    return CODE_FAILED;
}

static void
event_json(const mars_event *e)
{
    size_t kind = e->kind < sizeof kinds / sizeof kinds[0] ? e->kind : 0;
    size_t reason = e->reason < sizeof reasons / sizeof reasons[0] ? e->reason : 0;

    json_begin("event");
    json_text("kind", kinds[kind].name);
    json_text("reason", reasons[reason]);
    json_text("status", mars_status_name(e->status));
    if (e->path != NULL)
        json_path("path", e->path, e->path_len);
    else
        json_text("path", NULL);
    json_text("object", e->object);
    json_text("point", e->point);
    json_text("message", e->message);
    json_end();
    fflush(stdout);
}

static void
event_text(const mars_event *e)
{
    size_t kind = e->kind < sizeof kinds / sizeof kinds[0] ? e->kind : 0;
    const char *what = kinds[kind].text;

    /* These two are in the point. */
    if (e->reason == MARS_SKIP_CHANGED || e->reason == MARS_SKIP_PARTIAL)
        what = reasons[e->reason];
    fprintf(stderr, "mars: %s: ", what);
    if (e->object != NULL) {
        text_print(stderr, e->object, strlen(e->object));
        fputs(": ", stderr);
    }
    if (e->point != NULL)
        fprintf(stderr, "point %.12s: ", e->point);
    if (e->path != NULL) {
        text_print(stderr, e->path, e->path_len);
        fputs(": ", stderr);
    }
    text_print(stderr, e->message, strlen(e->message));
    fputc('\n', stderr);
}

void MARS_CALL
report_event(const mars_event *event, void *user)
{
    struct cli *cli = user;

    if (event->kind == MARS_EVENT_DAMAGED || event->kind == MARS_EVENT_FILE_LOST)
        cli->n_damaged++;
    else if (event->kind != MARS_EVENT_FILE)
        cli->n_warnings++;
    if (cli->json) {
        event_json(event);
        return;
    }
    progress_clear(cli);
    if (event->kind == MARS_EVENT_FILE && event->path != NULL) {
        text_print(stdout, event->path, event->path_len);
        putchar('\n');
    } else {
        event_text(event);
    }
}

int
report_code(const struct cli *cli)
{
    if (cli->n_damaged > 0)
        return CODE_FAILED;
    return cli->n_warnings > 0 ? CODE_WARNINGS : CODE_DONE;
}

bool
report_text(struct cli *cli)
{
    progress_clear(cli);
    return !cli->json && !cli->quiet;
}

/* From any thread, so in one call; the text is fit for a terminal already. */
static void MARS_CALL
log_line(void *user, int level, const char *unit, const char *text)
{
    static const char *const names[] = { "", "error", "warning", "info", "debug" };
    struct timespec now;

    (void)user;
    (void)timespec_get(&now, TIME_UTC);
    fprintf(stderr, "%lld.%03ld %s %s: %s\n", (long long)now.tv_sec, now.tv_nsec / 1000000,
            level >= 0 && level < 5 ? names[level] : "", unit, text);
}

mars_log_fn
report_log(const struct cli *cli)
{
    return cli->verbose >= 2 ? log_line : NULL;
}

uint32_t
report_log_level(const struct cli *cli)
{
    return cli->verbose >= 3 ? MARS_LEVEL_DEBUG : MARS_LEVEL_INFO;
}
