#include <inttypes.h>
#include <stdarg.h>
#include <string.h>

#include "json.h"
#include "report.h"
#include "text.h"

enum { LINE_SIZE = 256, LINE_WIDTH = 79 };
static const uint64_t SECOND = 1000000000;

static const char *
phase_name(uint32_t phase)
{
    static const char *const names[] = {
        [0] = "working",
        [MARS_PHASE_START] = "starting",
        [MARS_PHASE_DATA] = "data",
        [MARS_PHASE_COMMIT] = "committing",
        [MARS_PHASE_CHECK] = "checking",
    };

    return names[phase < sizeof names / sizeof names[0] ? phase : 0];
}

void
progress_clear(struct cli *cli)
{
    if (cli->progress.drawn)
        fputs("\r\x1b[K", stderr);
    cli->progress.drawn = false;
}

static void append(char *line, const char *format, ...) CLI_PRINTF(2, 3);

static void
append(char *line, const char *format, ...)
{
    size_t len = strlen(line);
    va_list ap;

    va_start(ap, format);
    vsnprintf(line + len, LINE_SIZE - len, format, ap);
    va_end(ap);
}

static void
add_rate(char *line, const struct progress *s, const mars_progress *p)
{
    uint64_t ns = p->elapsed_ns > s->phase_ns ? p->elapsed_ns - s->phase_ns : 0;
    uint64_t bytes = p->bytes_done > s->phase_bytes ? p->bytes_done - s->phase_bytes : 0;
    double rate = ns < SECOND / 2 ? 0 : (double)bytes * 1e9 / (double)ns;
    double left = 0;
    char number[TEXT_MAX];

    if (rate < 1)
        return;
    append(line, "  %s/s", text_size(number, (uint64_t)rate));
    if (p->bytes_total > p->bytes_done)
        left = (double)(p->bytes_total - p->bytes_done) / rate;
    /* Beyond a year nobody believes it. */
    if (left > 0 && left < 365.0 * 86400)
        append(line, "  %s left", text_span(number, (uint64_t)left * SECOND));
}

static void
draw(struct cli *cli, const mars_progress *p)
{
    const char *things = strcmp(cli->verb->name, "verify") == 0 ? "objects" : "files";
    char line[LINE_SIZE] = "", number[TEXT_MAX];

    append(line, "%s: %s  %" PRIu64, cli->verb->name, phase_name(p->phase), p->files_done);
    if (p->files_total > 0)
        append(line, " of %" PRIu64, p->files_total);
    append(line, " %s  %s", things, text_size(number, p->bytes_done));
    if (p->bytes_total > 0)
        append(line, " of %s", text_size(number, p->bytes_total));
    add_rate(line, &cli->progress, p);
    fprintf(stderr, "\r%.*s\x1b[K", LINE_WIDTH, line);
    fflush(stderr);
    cli->progress.drawn = true;
}

static void
tell(const mars_progress *p)
{
    json_begin("progress");
    json_text("phase", phase_name(p->phase));
    json_count("files_done", p->files_done);
    json_count("files_total", p->files_total);
    json_count("bytes_done", p->bytes_done);
    json_count("bytes_total", p->bytes_total);
    json_count("bytes_stored", p->bytes_stored);
    json_seconds("elapsed_seconds", p->elapsed_ns);
    json_count("warnings", p->warnings);
    json_end();
    fflush(stdout);
}

int MARS_CALL
progress_show(const mars_progress *p, void *user)
{
    struct cli *cli = user;
    struct progress *s = &cli->progress;
    bool new_phase = s->phase != p->phase;

    if (new_phase) {
        s->phase = p->phase;
        s->phase_ns = p->elapsed_ns;
        s->phase_bytes = p->bytes_done;
    }
    if (s->draw)
        draw(cli, p);
    if (cli->json && !cli->quiet && (new_phase || p->elapsed_ns - s->told_ns >= SECOND)) {
        s->told_ns = p->elapsed_ns;
        tell(p);
    }
    return 0;
}
