/* The manual page and the completions, printed from the table. */
#ifndef MARS_CLI_PAGES_H
#define MARS_CLI_PAGES_H

#include <stdio.h>

#include "table.h"

/* manual.c: in the language of man(7) */
void manual_synopsis(FILE *out);
void manual_global_options(FILE *out);
void manual_verbs(FILE *out);
void manual_exit_codes(FILE *out);

/* completion.c: what the shells' functions look things up in */
void completion_words(FILE *out);    /* bash and zsh */
void completion_zsh_help(FILE *out);
void completion_valued(FILE *out);   /* the options that take a value */
void completion_fish(FILE *out);

#endif
