#include "pages.h"

#include <stdbool.h>

/* A line ends with the word that reaches this column. */
enum { LINE_FULL = 50 };

/* A character as man(7) prints it as itself. */
static void
put_char(FILE *out, char c, bool in_option)
{
    switch (c) {
    case '\\': fputs("\\e", out); break;
    case '\'': fputs("\\(aq", out); break;
    case '`': fputs("\\(ga", out); break;
    case '~': fputs("\\(ti", out); break;
    case '^': fputs("\\(ha", out); break;
    case '-': fputs(in_option ? "\\-" : "-", out); break;
    default: fputc(c, out); break;
    }
}

/* A text, in lines that are not long. In a word that begins with one a hyphen is a minus, so that
 * it can be copied. */
static void
put_text(FILE *out, const char *text)
{
    bool in_option = false, in_word = false;
    size_t column = 0;

    for (; *text != '\0'; text++) {
        bool blank = *text == ' ' || *text == '\n';

        if (blank && column >= LINE_FULL) {
            fputc('\n', out);
            column = 0;
            in_word = false;
            continue;
        }
        if (!blank && !in_word) {
            /* At the start of a line a dot would be a request. */
            if (*text == '.' && column == 0)
                fputs("\\&", out);
            in_option = *text == '-';
        }
        in_word = !blank;
        put_char(out, blank ? ' ' : *text, in_option);
        column++;
    }
}

static void
put_line(FILE *out, const char *text)
{
    put_text(out, text);
    fputc('\n', out);
}

/* " --name ARG" with the name in bold. */
static void
put_option(FILE *out, const struct option *o)
{
    fputs("\\fB\\-\\-", out);
    for (const char *p = o->name; *p != '\0'; p++)
        put_char(out, *p, true);
    fputs("\\fR", out);
    if (o->arg != NULL) {
        fputs(" \\fI", out);
        put_text(out, o->arg);
        fputs("\\fR", out);
    }
}

static void
put_options(FILE *out, uint64_t which)
{
    for (unsigned o = 0; o < OPT_COUNT; o++) {
        if ((which & OPT_BIT(o)) == 0)
            continue;
        fputs(".TP\n", out);
        if (options[o].letter != '\0')
            fprintf(out, "\\fB\\-%c\\fR, ", options[o].letter);
        put_option(out, &options[o]);
        fputc('\n', out);
        put_line(out, options[o].help);
    }
}

static void
put_usage(FILE *out, const struct verb *v, uint64_t required, const char *args)
{
    fprintf(out, "\\fBmars %s\\fR", v->name);
    for (unsigned o = 0; o < OPT_COUNT; o++) {
        if ((required & OPT_BIT(o)) == 0)
            continue;
        fputc(' ', out);
        put_option(out, &options[o]);
    }
    if (*args != '\0') {
        fputs(" \\fI", out);
        put_text(out, args);
        fputs("\\fR", out);
    }
    fputs(" [options]\n", out);
}

static void
put_usages(FILE *out, const struct verb *v)
{
    put_usage(out, v, v->required, v->args);
    if (v->instead != 0) {
        fputs(".br\n", out);
        put_usage(out, v, v->instead, "");
    }
}

void
manual_synopsis(FILE *out)
{
    for (size_t i = 0; i < n_verbs; i++) {
        if (i > 0)
            fputs(".br\n", out);
        put_usages(out, &verbs[i]);
    }
}

void
manual_global_options(FILE *out)
{
    put_options(out, global_options);
}

void
manual_verbs(FILE *out)
{
    for (size_t i = 0; i < n_verbs; i++) {
        const struct verb *v = &verbs[i];

        fprintf(out, ".SS %s\n", v->name);
        put_usages(out, v);
        fputs(".PP\n", out);
        put_line(out, v->help);
        if (v->more != NULL) {
            fputs(".PP\n", out);
            put_line(out, v->more);
        }
        put_options(out, v->options);
    }
}

void
manual_exit_codes(FILE *out)
{
    for (size_t i = 0; i < n_exit_codes; i++) {
        fprintf(out, ".TP\n\\fB%d\\fR\n", exit_codes[i].code);
        put_line(out, exit_codes[i].meaning);
    }
}
