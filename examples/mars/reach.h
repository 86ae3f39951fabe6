/* How a vault over the network is reached: options, and the variables that users of clouds set. */
#ifndef MARS_CLI_REACH_H
#define MARS_CLI_REACH_H

#include "cli.h"

struct reach {
    mars_store_options options;
    bool given;   /* anything at all */
    char *texts;  /* what options points to, beside the command line and the environment */
    size_t len;
};

/* Fill in s for a vault of this URL; NULL: a credentials file says which it is and carries the
 * right to use it, so only the way there is asked for. CODE_DONE or, with a message printed,
 * CODE_USAGE. Freed with reach_free, also after a failure. */
int reach_get(struct cli *cli, const char *url, struct reach *s);
void reach_free(struct reach *s);

/* A variable of the environment; NULL: not set, or empty. */
const char *reach_variable(const char *name);
/* n bytes that live as long as s. There is room for a few texts, none longer than its source. */
const char *reach_keep(struct reach *s, const char *text, size_t n);

#endif
