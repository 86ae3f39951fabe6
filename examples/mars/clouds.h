/* What the variables and files of the clouds' own tools say of the right to use a vault's store, in
 * the order in which these look. */
#ifndef MARS_CLI_CLOUDS_H
#define MARS_CLI_CLOUDS_H

#include "reach.h"

/* Key, signature, connection string, if they are of the URL's account; an application known to
 * Entra; a managed identity. */
void clouds_azure(struct reach *s, const char *url);
/* Keys; a profile; a container's role; the instance's role. CODE_DONE or, with a message printed,
 * CODE_USAGE. */
int clouds_aws(struct cli *cli, struct reach *s);

#endif
