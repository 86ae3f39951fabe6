/* Files of exclude patterns. */
#ifndef MARS_CLI_EXCLUDE_H
#define MARS_CLI_EXCLUDE_H

#include "cli.h"

/* Add the file's patterns to cli->excludes; they point into *text, which the caller frees after
 * them. Returns the exit code. */
int exclude_read(struct cli *cli, const char *path, char **text);

#endif
