/* Recovery points as the command line names them. */
#ifndef MARS_CLI_POINTS_H
#define MARS_CLI_POINTS_H

#include "cli.h"

/* Open what a POINT means, of --item if that is given. CODE_DONE or, with the failure told, another
 * code. */
int points_open(struct cli *cli, mars_agent *agent, const char *point, mars_point **out);

/* report_failure() for a call that was given a POINT; where "latest" was not clear, it lists the
 * items. */
int points_failure(struct cli *cli, mars_agent *agent, const char *point, const mars_error *err);

#endif
