#include "pages.h"

#include <string.h>

/* Text between single quotes, as zsh and fish both read it. */
static void
put_quoted(FILE *out, const char *text)
{
    fputc('\'', out);
    for (; *text != '\0'; text++) {
        if (*text == '\'')
            fputs("'\\''", out);
        else
            fputc(*text, out);
    }
    fputc('\'', out);
}

static void
put_option_words(FILE *out, uint64_t which)
{
    const char *space = "";

    for (unsigned o = 0; o < OPT_COUNT; o++) {
        if ((which & OPT_BIT(o)) == 0)
            continue;
        fprintf(out, "%s--%s", space, options[o].name);
        space = " ";
        if (options[o].letter != '\0')
            fprintf(out, " -%c", options[o].letter);
    }
}

static void
put_verbs(FILE *out, const char *variable, unsigned flags)
{
    fprintf(out, "    %s='", variable);
    for (size_t i = 0; i < n_verbs; i++)
        if ((verbs[i].flags & flags) == flags)
            fprintf(out, "\n%s", verbs[i].name);
    fputs("'\n", out);
}

/* Functions that bash and zsh understand alike. Each sets variables of its caller. */
void
completion_words(FILE *out)
{
    fputs("_mars_verbs() {\n", out);
    put_verbs(out, "verbs", 0);
    put_verbs(out, "recovered", VERB_RECOVERS);
    fputs("    global='", out);
    put_option_words(out, global_options);
    fputs("'\n}\n\n_mars_verb() {\n    case $1 in\n", out);
    for (size_t i = 0; i < n_verbs; i++) {
        fprintf(out, "    '%s') prefix='%s' args='%s' opts='", verbs[i].name,
                (verbs[i].flags & VERB_PREFIX) != 0 ? "yes" : "", verbs[i].args);
        put_option_words(out, verbs[i].options);
        fputs("' ;;\n", out);
    }
    fputs("    *) return 1 ;;\n    esac\n}\n\n_mars_value() {\n    case $1 in\n", out);
    for (unsigned o = 0; o < OPT_COUNT; o++)
        if (options[o].arg != NULL)
            fprintf(out, "    --%s) value='%s' ;;\n", options[o].name, options[o].arg);
    fputs("    *) return 1 ;;\n    esac\n}\n", out);
}

/* "'word' 'what it does'": zsh shows it beside the word. */
static void
put_zsh_help(FILE *out, const char *dashes, const char *word, const char *help)
{
    fprintf(out, "        '%s%s' ", dashes, word);
    put_quoted(out, help);
    fputc('\n', out);
}

void
completion_zsh_help(FILE *out)
{
    for (unsigned o = 0; o < OPT_COUNT; o++) {
        put_zsh_help(out, "--", options[o].name, options[o].help);
        if (options[o].letter != '\0')
            put_zsh_help(out, "-", (char[]){ options[o].letter, '\0' }, options[o].help);
    }
    for (size_t i = 0; i < n_verbs; i++)
        put_zsh_help(out, "", verbs[i].name, verbs[i].help);
}

void
completion_valued(FILE *out)
{
    for (unsigned o = 0; o < OPT_COUNT; o++)
        if (options[o].arg != NULL)
            fprintf(out, " --%s", options[o].name);
}

/* What may follow as a value: the arguments of `complete` for it. */
static void
put_fish_value(FILE *out, const char *arg)
{
    if (strcmp(arg, "FILE") == 0 || strncmp(arg, "PATH", 4) == 0) {
        fputs(" -r -F", out);
    } else if (strcmp(arg, "DIR") == 0) {
        fputs(" -x -a '(__fish_complete_directories)'", out);
    } else if (strcmp(arg, "POINT") == 0) {
        fputs(" -x -a latest", out);
    } else if (strchr(arg, '|') != NULL) {
        fputs(" -x -a '", out);
        for (; *arg != '\0'; arg++) {
            if (*arg == '[') /* what may be added to a word */
                arg += strcspn(arg, "]");
            else
                fputc(*arg == '|' ? ' ' : *arg, out);
        }
        fputc('\'', out);
    } else {
        fputs(" -x", out);
    }
}

static void
put_fish_options(FILE *out, const char *condition, uint64_t which)
{
    for (unsigned o = 0; o < OPT_COUNT; o++) {
        if ((which & OPT_BIT(o)) == 0)
            continue;
        fprintf(out, "complete -c mars%s -l %s", condition, options[o].name);
        if (options[o].letter != '\0')
            fprintf(out, " -s %c", options[o].letter);
        if (options[o].arg != NULL)
            put_fish_value(out, options[o].arg);
        fputs(" -d ", out);
        put_quoted(out, options[o].help);
        fputc('\n', out);
    }
}

/* A word of a verb that may follow the words `after`. */
static void
put_fish_word(FILE *out, const char *after, const char *word, int len, const char *help)
{
    fprintf(out, "complete -c mars -n '__mars_at \"%s\"' -a '%.*s'", after, len, word);
    if (help != NULL) {
        fputs(" -d ", out);
        put_quoted(out, help);
    }
    fputc('\n', out);
}

static void
put_fish_verb(FILE *out, const struct verb *v)
{
    int first = (int)strcspn(v->name, " ");
    char group[32];

    if (v->name[first] == '\0') {
        put_fish_word(out, "", v->name, first, v->help);
    } else {
        snprintf(group, sizeof group, "%.*s", first, v->name);
        put_fish_word(out, "", group, first, NULL);
        put_fish_word(out, group, v->name + first + 1, (int)strlen(v->name + first + 1), v->help);
    }
    if ((v->flags & VERB_RECOVERS) != 0)
        put_fish_word(out, "recover", v->name, (int)strlen(v->name), v->help);
}

static void
put_fish_args(FILE *out, const char *condition, const char *args)
{
    if (strstr(args, "PATH") != NULL)
        fprintf(out, "complete -c mars%s -F\n", condition);
    if (strstr(args, "POINT") != NULL)
        fprintf(out, "complete -c mars%s -a latest\n", condition);
    if (strcmp(args, "DIR") == 0)
        fprintf(out, "complete -c mars%s -a '(__fish_complete_directories)'\n", condition);
}

void
completion_fish(FILE *out)
{
    char condition[128];

    put_fish_options(out, "", global_options);
    for (size_t i = 0; i < n_verbs; i++) {
        const struct verb *v = &verbs[i];

        put_fish_verb(out, v);
        snprintf(condition, sizeof condition, " -n '__mars_in \"%s\"'", v->name);
        put_fish_options(out, condition, v->options);
        put_fish_args(out, condition, v->args);
    }
}
