#include <string.h>

#include "json.h"
#include "report.h"

enum { NAME_WIDTH = 34 };

static void
print_option(FILE *out, const struct option *o)
{
    char text[64];

    snprintf(text, sizeof text, "  %s%c%s--%s%s%s", o->letter != '\0' ? "-" : "",
             o->letter != '\0' ? o->letter : ' ', o->letter != '\0' ? ", " : "   ", o->name,
             o->arg != NULL ? " " : "", o->arg != NULL ? o->arg : "");
    fprintf(out, "%-*s  %s\n", NAME_WIDTH, text, o->help);
}

static void
print_options(FILE *out, const char *title, uint64_t which)
{
    if (which == 0)
        return;
    fprintf(out, "\n%s:\n", title);
    for (unsigned o = 0; o < OPT_COUNT; o++)
        if ((which & OPT_BIT(o)) != 0)
            print_option(out, &options[o]);
}

static void
print_required(FILE *out, uint64_t which)
{
    for (unsigned o = 0; o < OPT_COUNT; o++)
        if ((which & OPT_BIT(o)) != 0)
            fprintf(out, " --%s %s", options[o].name, options[o].arg);
}

static void
print_usage(FILE *out, const char *start, const struct verb *v, const struct verb *prefix)
{
    fprintf(out, "%s mars ", start);
    if (prefix != NULL) {
        fputs(prefix->name, out);
        print_required(out, prefix->required);
        fputc(' ', out);
    }
    fputs(v->name, out);
}

static void
print_verb(FILE *out, const struct verb *v, const struct verb *prefix)
{
    print_usage(out, "usage:", v, prefix);
    print_required(out, v->required);
    fprintf(out, "%s%s [options]\n", *v->args != '\0' ? " " : "", v->args);
    if (v->instead != 0) {
        print_usage(out, "      ", v, prefix);
        print_required(out, v->instead);
        fputs(" [options]\n", out);
    }
    fprintf(out, "\n%s\n", v->help);
    if (v->more != NULL)
        fprintf(out, "\n%s\n", v->more);
    print_options(out, "options", v->options | (prefix != NULL ? prefix->options : 0));
    print_options(out, "with every verb", global_options);
}

/* The verbs; with a first word of two, only those of that group. */
static void
print_verbs(FILE *out, const char *group)
{
    size_t len = group != NULL ? strlen(group) : 0;
    char text[64];

    for (size_t i = 0; i < n_verbs; i++) {
        if (len > 0 && (strncmp(verbs[i].name, group, len) != 0 || verbs[i].name[len] != ' '))
            continue;
        snprintf(text, sizeof text, "  %s %s", verbs[i].name, verbs[i].args);
        fprintf(out, "%-*s  %s\n", NAME_WIDTH, text, verbs[i].help);
    }
}

void
help_print(FILE *out, const struct cli *cli)
{
    if (cli->verb != NULL) {
        print_verb(out, cli->verb, cli->prefix);
        return;
    }
    fputs("usage: mars [options] VERB ...\n\n"
          "Encrypted, deduplicated backup into a vault.\n\nverbs:\n", out);
    print_verbs(out, cli->args.n > 0 ? cli->args.at[0] : NULL);
    print_options(out, "with every verb", global_options);
    fputs("\nmars VERB --help shows a verb's own options.\n\nexit codes:\n", out);
    for (size_t i = 0; i < n_exit_codes; i++)
        fprintf(out, "  %-3d  %s\n", exit_codes[i].code, exit_codes[i].meaning);
}

void
help_version(bool json)
{
    if (json) {
        json_begin("version");
        json_text("version", mars_version());
        json_text("crypto", mars_crypto_provider());
        json_end();
    } else {
        printf("mars %s (%s)\n", mars_version(), mars_crypto_provider());
    }
}
