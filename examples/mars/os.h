/* What ISO C does not give: terminals, signals, the user's places. */
#ifndef MARS_CLI_OS_H
#define MARS_CLI_OS_H

#include <stdbool.h>
#include <stddef.h>

#include <mars/cancel.h>

enum os_result { OS_OK, OS_NO_TERMINAL, OS_INTERRUPTED, OS_FAILED };

/* From now on the first interrupt sets `cancel`, the second ends the program. NULL: as before. */
void os_on_interrupt(mars_cancel *cancel);
bool os_interrupted(void);

bool os_stderr_is_terminal(void);

/* Up to cap raw bytes of standard input; *got is 0 at its end. */
enum os_result os_read_stdin(void *buf, size_t cap, size_t *got);

/* Ask the terminal for a line, without echo and without its newline. */
enum os_result os_ask(const char *prompt, char *buf, size_t cap, size_t *len);

/* Where a machine's state lies by default. False: nobody knows, or cap is too small. */
bool os_config_dir(char *buf, size_t cap);

#endif
