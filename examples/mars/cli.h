/* What the parts of the command line share. */
#ifndef MARS_CLI_CLI_H
#define MARS_CLI_CLI_H

#include <stdbool.h>

#include <mars/mars.h>

#include "table.h"

/* exit_codes[] says what they mean. */
enum {
    CODE_DONE = 0,
    CODE_FAILED = 1,
    CODE_USAGE = 2,
    CODE_WARNINGS = 3,
    CODE_INTERRUPTED = 130
};

struct words {
    const char **at;
    size_t n;
};

struct progress {
    bool draw;  /* a line on the terminal */
    bool drawn; /* it is there now */
    uint32_t phase;
    uint64_t phase_ns;    /* when the phase began */
    uint64_t phase_bytes; /* bytes done before it */
    uint64_t told_ns;
};

/* A command line and its run. */
struct cli {
    const struct verb *verb;   /* NULL while unknown */
    const struct verb *prefix; /* `recover`, or NULL */
    const char *value[OPT_COUNT]; /* of options that take one */
    uint64_t given;            /* bits */
    struct words excludes;
    struct words args;
    char config_dir[4096];
    bool json;
    bool quiet;
    unsigned verbose; /* how often -v was given */
    mars_cancel *cancel;
    struct progress progress;
    uint64_t n_damaged;  /* events of that kind so far */
    uint64_t n_warnings;
};

static inline bool
cli_has(const struct cli *cli, enum opt o)
{
    return (cli->given & OPT_BIT(o)) != 0;
}

/* args.c: fill in cli. Returns CODE_DONE or, with a message printed, CODE_USAGE. */
int args_parse(struct cli *cli, int argc, char **argv);
void args_free(struct cli *cli);
void words_add(struct words *w, const char *word);
uint32_t cli_number(const struct cli *cli, enum opt o); /* 0 if not given */
/* A size: a number, and K, M, G or T for powers of 1024. *out keeps its value if it is not given.
 * CODE_DONE or, with a message printed, CODE_USAGE. */
int cli_size(struct cli *cli, enum opt o, uint64_t *out);

/* Where this machine's state lies; NULL, with a message printed: nobody knows. */
const char *cli_config_dir(struct cli *cli);

/* The verbs; each returns the exit code. */
int verb_vault_create(struct cli *cli, mars_agent *agent);
int verb_vault_show(struct cli *cli, mars_agent *agent);
int verb_vault_credentials(struct cli *cli, mars_agent *agent);
int verb_register(struct cli *cli, mars_agent *agent);
int verb_backup(struct cli *cli, mars_agent *agent);
int verb_points(struct cli *cli, mars_agent *agent);
int verb_ls(struct cli *cli, mars_agent *agent);
int verb_cat(struct cli *cli, mars_agent *agent);
int verb_find(struct cli *cli, mars_agent *agent);
int verb_diff(struct cli *cli, mars_agent *agent);
int verb_stats(struct cli *cli, mars_agent *agent);
int verb_restore(struct cli *cli, mars_agent *agent);
int verb_verify(struct cli *cli, mars_agent *agent);
int verb_key_list(struct cli *cli, mars_agent *agent);
int verb_key_add(struct cli *cli, mars_agent *agent);
int verb_key_change(struct cli *cli, mars_agent *agent);
int verb_key_remove(struct cli *cli, mars_agent *agent);
int verb_benchmark(struct cli *cli, mars_agent *agent);
int verb_cache_status(struct cli *cli, mars_agent *agent);
int verb_cache_set(struct cli *cli, mars_agent *agent);
int verb_cache_rebuild(struct cli *cli, mars_agent *agent);
int verb_cache_move(struct cli *cli, mars_agent *agent);
int verb_cache_clear(struct cli *cli, mars_agent *agent);

#endif
