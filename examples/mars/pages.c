/* Run when libmars is built: makes the manual page and the completions from the table that the
 * command line itself works by. Prints a template, with what is made in place of @NAME@.
 * usage: pages TEMPLATE */
#include "pages.h"

#include <string.h>

#include <mars/mars.h>

static void
version(FILE *out)
{
    fputs(mars_version(), out);
}

static const struct part {
    const char *name;
    void (*print)(FILE *out);
} parts[] = {
    { "@VERSION@", version },
    { "@SYNOPSIS@", manual_synopsis },
    { "@GLOBAL_OPTIONS@", manual_global_options },
    { "@VERBS@", manual_verbs },
    { "@EXIT_CODES@", manual_exit_codes },
    { "@WORDS@", completion_words },
    { "@FISH@", completion_fish },
    { "@ZSH_HELP@", completion_zsh_help },
    { "@VALUED@", completion_valued },
};

/* The part that begins at p, or NULL. */
static const struct part *
find_part(const char *p)
{
    for (size_t i = 0; i < sizeof parts / sizeof parts[0]; i++)
        if (strncmp(p, parts[i].name, strlen(parts[i].name)) == 0)
            return &parts[i];
    return NULL;
}

static void
print_line(FILE *out, const char *line)
{
    while (*line != '\0') {
        const struct part *part = *line == '@' ? find_part(line) : NULL;

        if (part == NULL) {
            fputc(*line++, out);
            continue;
        }
        part->print(out);
        line += strlen(part->name);
    }
}

int
main(int argc, char **argv)
{
    FILE *template = argc == 2 ? fopen(argv[1], "r") : NULL;
    char line[1024];
    int bad;

    if (template == NULL) {
        fprintf(stderr, "usage: %s TEMPLATE\n", argv[0]);
        return 2;
    }
    while (fgets(line, sizeof line, template) != NULL)
        print_line(stdout, line);
    bad = ferror(template);
    bad |= fclose(template);
    return bad != 0 || fflush(stdout) != 0 || ferror(stdout) ? 1 : 0;
}
