#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "os.h"
#include "report.h"
#include "text.h"

void
words_add(struct words *w, const char *word)
{
    /* At each power of two. */
    if ((w->n & (w->n - 1)) == 0) {
        void *grown = text_alloc((void *)w->at, (w->n == 0 ? 1 : w->n * 2) * sizeof *w->at);

        w->at = grown;
    }
    w->at[w->n++] = word;
}

void
args_free(struct cli *cli)
{
    free((void *)cli->excludes.at);
    free((void *)cli->args.at);
}

int
cli_size(struct cli *cli, enum opt o, uint64_t *out)
{
    static const char letters[] = "KMGT";
    const char *text = cli->value[o], *letter;
    unsigned long long n;
    unsigned shift = 0;
    char *end;

    if (!cli_has(cli, o))
        return CODE_DONE;
    errno = 0;
    n = strtoull(text, &end, 10);
    letter = *end != '\0' ? strchr(letters, *end) : NULL;
    if (letter != NULL)
        shift = 10 * (unsigned)(letter - letters + 1);
    if (text[0] < '0' || text[0] > '9' || errno != 0 || end[letter != NULL] != '\0' ||
        n > UINT64_MAX >> shift)
        return report_usage(cli, "--%s %s: not a size such as 512M", options[o].name, text);
    *out = (uint64_t)n << shift;
    return CODE_DONE;
}

uint32_t
cli_number(const struct cli *cli, enum opt o)
{
    return cli->value[o] != NULL ? (uint32_t)strtoul(cli->value[o], NULL, 10) : 0;
}

const char *
cli_config_dir(struct cli *cli)
{
    if (cli->value[OPT_CONFIG] != NULL)
        return cli->value[OPT_CONFIG];
    if (os_config_dir(cli->config_dir, sizeof cli->config_dir))
        return cli->config_dir;
    report_usage(cli, "no place for this machine's state is known: give --config DIR");
    return NULL;
}

static bool
is_number(const char *text)
{
    return strspn(text, "0123456789") == strlen(text) && strlen(text) <= 9 &&
           strtoul(text, NULL, 10) > 0;
}

static bool
is_choice(const char *words, const char *text)
{
    size_t len = strlen(text);

    for (;;) {
        size_t n = strcspn(words, "|");

        if (n == len && memcmp(words, text, n) == 0)
            return true;
        if (words[n] == '\0')
            return false;
        words += n + 1;
    }
}

static int
set(struct cli *cli, enum opt o, const char *value)
{
    const struct option *def = &options[o];

    if (def->kind == KIND_NUMBER && !is_number(value))
        return report_usage(cli, "--%s: not a whole number from 1: \"%s\"", def->name, value);
    if (def->kind == KIND_CHOICE && !is_choice(def->arg, value))
        return report_usage(cli, "--%s: \"%s\" is none of %s", def->name, value, def->arg);
    if (def->kind != KIND_FLAG && *value == '\0')
        return report_usage(cli, "--%s: its %s is empty", def->name, def->arg);
    if (def->kind == KIND_LIST)
        words_add(&cli->excludes, value);
    else if (def->kind != KIND_FLAG && cli_has(cli, o))
        return report_usage(cli, "--%s is given twice", def->name);
    cli->given |= OPT_BIT(o);
    cli->verbose += o == OPT_VERBOSE;
    cli->value[o] = value;
    return CODE_DONE;
}

/* "--name", "--name=value" or "--name value". */
static int
long_option(struct cli *cli, const char *text, const char *next, int *used)
{
    size_t len = strcspn(text, "=");
    const char *value = text[len] == '=' ? text + len + 1 : NULL;
    unsigned o = 0;

    while (o < OPT_COUNT &&
           (strlen(options[o].name) != len || memcmp(options[o].name, text, len) != 0))
        o++;
    if (o == OPT_COUNT)
        return report_usage(cli, "no such option: --%.*s", (int)(len < 200 ? len : 200), text);
    if (options[o].kind == KIND_FLAG)
        return value == NULL ? set(cli, (enum opt)o, NULL)
                             : report_usage(cli, "--%s takes no value", options[o].name);
    if (value == NULL) {
        if (next == NULL)
            return report_usage(cli, "--%s: its %s is missing", options[o].name, options[o].arg);
        value = next;
        ++*used;
    }
    return set(cli, (enum opt)o, value);
}

static int
letters(struct cli *cli, const char *text)
{
    for (; *text != '\0'; text++) {
        unsigned o = 0;

        while (o < OPT_COUNT && options[o].letter != *text)
            o++;
        if (o == OPT_COUNT)
            return report_usage(cli, "no such option: -%c", *text);
        cli->given |= OPT_BIT(o);
        cli->verbose += o == OPT_VERBOSE;
    }
    return CODE_DONE;
}

static int
split(struct cli *cli, int argc, char **argv)
{
    bool ended = false;

    for (int i = 1; i < argc; i++) {
        const char *a = argv[i];
        int code = CODE_DONE;

        if (ended || a[0] != '-' || a[1] == '\0')
            words_add(&cli->args, a);
        else if (strcmp(a, "--") == 0)
            ended = true;
        else if (a[1] == '-')
            code = long_option(cli, a + 2, i + 1 < argc ? argv[i + 1] : NULL, &i);
        else
            code = letters(cli, a + 1);
        if (code != CODE_DONE)
            return code;
    }
    return CODE_DONE;
}

/* How many of the words from `at` are the verb's name; 0: it is another. */
static size_t
name_words(const struct verb *v, const struct words *w, size_t at)
{
    size_t first = strcspn(v->name, " ");

    if (at >= w->n || strlen(w->at[at]) != first || memcmp(w->at[at], v->name, first) != 0)
        return 0;
    if (v->name[first] == '\0')
        return 1;
    return at + 1 < w->n && strcmp(w->at[at + 1], v->name + first + 1) == 0 ? 2 : 0;
}

static const struct verb *
find_verb(const struct words *w, size_t *at)
{
    for (size_t i = 0; i < n_verbs; i++) {
        size_t n = name_words(&verbs[i], w, *at);

        *at += n;
        if (n > 0)
            return &verbs[i];
    }
    return NULL;
}

/* Nothing, or the first word of verbs that have two: enough to ask for help. */
static bool
is_group(const struct words *w)
{
    for (size_t i = 0; w->n == 1 && i < n_verbs; i++) {
        size_t first = strcspn(verbs[i].name, " ");

        if (verbs[i].name[first] == ' ' && strlen(w->at[0]) == first &&
            memcmp(verbs[i].name, w->at[0], first) == 0)
            return true;
    }
    return w->n == 0;
}

static int
no_verb(struct cli *cli, size_t at)
{
    const struct words *w = &cli->args;

    if (at >= w->n)
        return report_usage(cli, "which verb?");
    if (is_group(w))
        return report_usage(cli, "which verb of %s?", w->at[at]);
    return report_usage(cli, "no such verb: %s%s%s", w->at[at], at + 1 < w->n ? " " : "",
                        at + 1 < w->n ? w->at[at + 1] : "");
}

/* Take the verb, and the one before it, off the words. */
static int
take_verb(struct cli *cli)
{
    bool help = cli_has(cli, OPT_HELP) || cli_has(cli, OPT_VERSION);
    size_t at = 0;

    cli->verb = find_verb(&cli->args, &at);
    if (cli->verb != NULL && (cli->verb->flags & VERB_PREFIX) != 0 &&
        !(help && at == cli->args.n)) {
        cli->prefix = cli->verb;
        cli->verb = find_verb(&cli->args, &at);
        if (cli->verb != NULL && (cli->verb->flags & VERB_RECOVERS) == 0)
            return report_usage(cli, "cannot follow %s", cli->prefix->name);
    }
    if (cli->verb == NULL && !(help && at == 0 && is_group(&cli->args)))
        return no_verb(cli, at);
    for (size_t i = at; i < cli->args.n; i++)
        cli->args.at[i - at] = cli->args.at[i];
    cli->args.n -= at;
    return CODE_DONE;
}

/* Compare the number of words with what the table says. */
static int
check_args(struct cli *cli)
{
    const char *p = cli->verb->args;
    size_t least = 0, most = 0;

    if ((cli->given & cli->verb->instead) != 0)
        p = "";
    for (; *p != '\0'; p += strcspn(p, " "), p += strspn(p, " ")) {
        size_t len = strcspn(p, " ");

        least += *p != '[';
        most++;
        if (memchr(p, '.', len) != NULL)
            most = SIZE_MAX;
    }
    if (cli->args.n < least)
        return report_usage(cli, "expects %s", cli->verb->args);
    if (cli->args.n > most)
        return report_usage(cli, "\"%s\" is one word too many", cli->args.at[most]);
    return CODE_DONE;
}

static int
check_options(struct cli *cli)
{
    uint64_t takes = cli->verb->options | global_options;
    uint64_t needs = cli->verb->required;
    uint64_t before = cli->prefix != NULL ? cli->prefix->required : 0;

    if (cli->prefix != NULL)
        takes |= cli->prefix->options;
    for (unsigned o = 0; o < OPT_COUNT; o++) {
        if ((cli->given & ~takes & OPT_BIT(o)) != 0)
            return report_usage(cli, "takes no option --%s", options[o].name);
        if ((before & ~cli->given & OPT_BIT(o)) != 0)
            return report_usage(cli, "%s needs --%s %s", cli->prefix->name, options[o].name,
                                options[o].arg);
        if ((needs & ~cli->given & OPT_BIT(o)) != 0)
            return report_usage(cli, "needs --%s %s", options[o].name, options[o].arg);
    }
    return CODE_DONE;
}

int
args_parse(struct cli *cli, int argc, char **argv)
{
    int code;

    /* Known first, so that an error in front of it is told in JSON too. */
    for (int i = 1; i < argc && strcmp(argv[i], "--") != 0; i++)
        cli->json = cli->json || strcmp(argv[i], "--json") == 0;
    code = split(cli, argc, argv);
    if (code != CODE_DONE)
        return code;
    cli->json = cli_has(cli, OPT_JSON);
    cli->quiet = cli_has(cli, OPT_QUIET);
    code = take_verb(cli);
    if (code != CODE_DONE || cli_has(cli, OPT_HELP) || cli_has(cli, OPT_VERSION))
        return code;
    code = check_options(cli);
    return code == CODE_DONE ? check_args(cli) : code;
}
