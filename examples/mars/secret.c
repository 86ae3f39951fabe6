#include "secret.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "os.h"
#include "report.h"
#include "text.h"

static const char AGAIN[] = "The same once more: ";

void
secret_free(struct secret *s)
{
    /* volatile, or the compiler leaves out what nobody reads afterwards. */
    volatile char *p = s != NULL ? s->text : NULL;

    if (s == NULL)
        return;
    for (size_t i = 0; i < sizeof s->text; i++)
        p[i] = 0;
    free(s);
}

static int
read_stdin(struct cli *cli, struct secret *s)
{
    size_t got = 1;

    while (got > 0 && s->len < sizeof s->text) {
        enum os_result r = os_read_stdin(s->text + s->len, sizeof s->text - s->len, &got);

        if (r == OS_INTERRUPTED)
            return report_interrupted(cli);
        if (r != OS_OK)
            return report_io(cli, "cannot read standard input");
        s->len += got;
    }
    return CODE_DONE;
}

static int
read_file(struct cli *cli, const char *path, struct secret *s)
{
    FILE *f = fopen(path, "rb");
    bool failed;

    if (f == NULL)
        return report_io(cli, "cannot open %s", path);
    /* No buffer that would keep a copy. */
    setvbuf(f, NULL, _IONBF, 0);
    s->len = fread(s->text, 1, sizeof s->text, f);
    failed = ferror(f) != 0;
    fclose(f);
    return failed ? report_io(cli, "cannot read %s", path) : CODE_DONE;
}

static int
from_file(struct cli *cli, enum opt file, struct secret *s)
{
    const char *path = cli->value[file];
    int code = strcmp(path, "-") == 0 ? read_stdin(cli, s) : read_file(cli, path, s);

    if (code != CODE_DONE)
        return code;
    if (s->len > 0 && s->text[s->len - 1] == '\n') {
        s->len--;
        if (s->len > 0 && s->text[s->len - 1] == '\r')
            s->len--;
    }
    if (s->len > SECRET_MAX)
        return report_usage(cli, "--%s: longer than %d bytes", options[file].name,
                            (int)SECRET_MAX);
    s->text[s->len] = '\0';
    return CODE_DONE;
}

static int
ask(struct cli *cli, enum opt file, const char *prompt, struct secret *s)
{
    switch (os_ask(prompt, s->text, SECRET_MAX, &s->len)) {
    case OS_OK:
        s->text[s->len] = '\0';
        return CODE_DONE;
    case OS_NO_TERMINAL:
        return report_usage(cli, "no terminal to ask for the passphrase: give --%s FILE",
                            options[file].name);
    case OS_INTERRUPTED:
        return report_interrupted(cli);
    default:
        return report_io(cli, "cannot read the passphrase from the terminal");
    }
}

static int
ask_again(struct cli *cli, enum opt file, const struct secret *first)
{
    struct secret *s = text_alloc(NULL, sizeof *s);
    int code = ask(cli, file, AGAIN, s);

    if (code == CODE_DONE && (s->len != first->len || memcmp(s->text, first->text, s->len) != 0))
        code = report_usage(cli, "the two passphrases differ");
    secret_free(s);
    return code;
}

int
secret_get(struct cli *cli, enum opt file, const char *prompt, bool is_new, struct secret **out)
{
    struct secret *s = text_alloc(NULL, sizeof *s);
    int code;

    s->len = 0;
    *out = NULL;
    if (cli_has(cli, file)) {
        code = from_file(cli, file, s);
    } else {
        code = ask(cli, file, prompt, s);
        if (code == CODE_DONE && is_new)
            code = ask_again(cli, file, s);
    }
    if (code == CODE_DONE)
        *out = s;
    else
        secret_free(s);
    return code;
}
