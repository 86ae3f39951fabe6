#include "exclude.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "report.h"
#include "text.h"

enum { FILE_MAX = 16 * 1024 * 1024, STEP = 65536 };

/* The whole file, a NUL behind it. */
static int
read_all(struct cli *cli, const char *path, char **text, size_t *len)
{
    FILE *f = fopen(path, "rb");
    size_t got = 1;
    bool failed;

    *len = 0;
    if (f == NULL)
        return report_io(cli, "cannot open %s", path);
    while (got > 0 && *len <= FILE_MAX) {
        *text = text_alloc(*text, *len + STEP + 1);
        got = fread(*text + *len, 1, STEP, f);
        *len += got;
    }
    failed = ferror(f) != 0;
    fclose(f);
    if (failed)
        return report_io(cli, "cannot read %s", path);
    if (*len > FILE_MAX)
        return report_usage(cli, "%s: more than %d bytes of patterns", path, (int)FILE_MAX);
    (*text)[*len] = '\0';
    if (strlen(*text) != *len)
        return report_usage(cli, "%s: not a text file", path);
    return CODE_DONE;
}

int
exclude_read(struct cli *cli, const char *path, char **text)
{
    size_t len;
    int code = read_all(cli, path, text, &len);

    for (char *line = *text; code == CODE_DONE && *line != '\0';) {
        size_t n = strcspn(line, "\n");
        char *next = line + n + (line[n] == '\n');

        line[n] = '\0';
        if (n > 0 && line[n - 1] == '\r')
            line[n - 1] = '\0';
        if (*line != '\0' && *line != '#')
            words_add(&cli->excludes, line);
        line = next;
    }
    return code;
}
