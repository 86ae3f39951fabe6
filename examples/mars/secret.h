/* Passphrases, wiped after use. */
#ifndef MARS_CLI_SECRET_H
#define MARS_CLI_SECRET_H

#include "cli.h"

enum { SECRET_MAX = 65536 };

struct secret {
    size_t len;
    char text[SECRET_MAX + 3]; /* with room for a newline and a NUL */
};

/* From the file that the option `file` names, or from the terminal: twice if it is new. Returns the
 * exit code; *out only with CODE_DONE, for secret_free. */
int secret_get(struct cli *cli, enum opt file, const char *prompt, bool is_new,
               struct secret **out);
void secret_free(struct secret *s);

#endif
