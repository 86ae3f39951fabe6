/* The command line as data: parsing, help, completion and the manual page all come from here. */
#ifndef MARS_CLI_TABLE_H
#define MARS_CLI_TABLE_H

#include <stddef.h>
#include <stdint.h>

#include <mars/agent.h>

struct cli;

enum opt {
    OPT_CONFIG,
    OPT_JSON,
    OPT_QUIET,
    OPT_VERBOSE,
    OPT_HELP,
    OPT_VERSION,
    OPT_ACCESS_DAYS,
    OPT_ADDRESSING,
    OPT_AGAINST_DISK,
    OPT_ALL_MACHINES,
    OPT_ALLOW_HTTP,
    OPT_CA,
    OPT_CACHE,
    OPT_COMPRESSION,
    OPT_CONFLICT,
    OPT_CREDENTIALS,
    OPT_DOMAIN,
    OPT_DRY_RUN,
    OPT_ENDPOINT,
    OPT_EXCLUDE,
    OPT_EXCLUDE_CACHES,
    OPT_EXCLUDE_FILE,
    OPT_ITEM,
    OPT_LABEL,
    OPT_LIMIT,
    OPT_MACHINE,
    OPT_NAME,
    OPT_NEW_PASSPHRASE_FILE,
    OPT_NO_ACL,
    OPT_NO_OWNER,
    OPT_ONE_FILE_SYSTEM,
    OPT_OUT,
    OPT_PASSPHRASE_FILE,
    OPT_PIN,
    OPT_POINT,
    OPT_PROXY,
    OPT_QUOTA,
    OPT_READ_DATA,
    OPT_REDUNDANCY,
    OPT_REFUSE,
    OPT_REGION,
    OPT_RENEW,
    OPT_SAMPLE,
    OPT_SOFT_DELETE_DAYS,
    OPT_STDIN,
    OPT_TIER,
    OPT_TIMEOUT,
    OPT_TO,
    OPT_VALID_DAYS,
    OPT_WARN,
    OPT_WORK_HOURS,
    OPT_WORK_LIMIT,
    OPT_COUNT
};

#define OPT_BIT(o) (UINT64_C(1) << (o))

enum opt_kind {
    KIND_FLAG,
    KIND_TEXT,
    KIND_LIST,   /* text, may be given again */
    KIND_NUMBER, /* from 1 */
    KIND_CHOICE  /* one of the words of arg, which '|' separates */
};

struct option {
    const char *name;
    const char *arg; /* its value's word in the help; NULL for a flag */
    const char *help;
    enum opt_kind kind;
    char letter; /* or '\0' */
};

enum {
    VERB_AGENT = 1,   /* works on an open agent */
    VERB_RECOVERS = 2, /* may follow `recover` */
    VERB_PREFIX = 4   /* another verb follows */
};

struct verb {
    const char *name; /* one word or two */
    const char *args; /* "A [B] [C...]": what must and what may follow */
    const char *help; /* one line */
    const char *more; /* a paragraph, or NULL */
    int (*run)(struct cli *cli, mars_agent *agent); /* the exit code */
    uint64_t options;  /* bits: what it takes beside the global ones */
    uint64_t required; /* bits */
    uint64_t instead;  /* bits: given in place of the args */
    unsigned flags;    /* VERB_* */
};

struct exit_code {
    int code;
    const char *meaning;
};

extern const struct exit_code exit_codes[];
extern const size_t n_exit_codes;
extern const struct option options[OPT_COUNT];
extern const struct verb verbs[];
extern const size_t n_verbs;
extern const uint64_t global_options;

#endif
