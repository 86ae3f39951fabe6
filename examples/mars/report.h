/* What the program tells: errors, events, notes. */
#ifndef MARS_CLI_REPORT_H
#define MARS_CLI_REPORT_H

#include <stdio.h>

#include "cli.h"

#if defined(__GNUC__)
#define CLI_PRINTF(f, a) __attribute__((format(printf, f, a)))
#else
#define CLI_PRINTF(f, a)
#endif

/* A failed call: tell it, with what to do about it. Returns the exit code. */
int report_failure(struct cli *cli, const mars_error *err);

/* The same with a hint of the caller's; NULL: none. */
int report_failure_hint(struct cli *cli, const mars_error *err, const char *hint);

/* Ctrl-C outside of a call. Returns CODE_INTERRUPTED. */
int report_interrupted(struct cli *cli);

/* The command line is wrong. Returns CODE_USAGE. */
int report_usage(struct cli *cli, const char *format, ...) CLI_PRINTF(2, 3);

/* Something of the program's own failed. Returns CODE_FAILED. */
int report_io(struct cli *cli, const char *format, ...) CLI_PRINTF(2, 3);

/* A mars_event_fn; user is the struct cli. */
void MARS_CALL report_event(const mars_event *event, void *user);

/* For the log and log_level of option structs: none below a second -v. */
mars_log_fn report_log(const struct cli *cli);
uint32_t report_log_level(const struct cli *cli);

/* What the events so far make of a run that went well. */
int report_code(const struct cli *cli);

/* Is a summary wanted as text? Clears the terminal's progress line. */
bool report_text(struct cli *cli);

/* progress.c: a mars_progress_fn; user is the struct cli. */
int MARS_CALL progress_show(const mars_progress *p, void *user);
void progress_clear(struct cli *cli);

/* help.c */
void help_print(FILE *out, const struct cli *cli);
void help_version(bool json);

#endif
