/* Bytes and numbers for people. */
#ifndef MARS_CLI_TEXT_H
#define MARS_CLI_TEXT_H

#include <stdint.h>
#include <stdio.h>

enum { TEXT_MAX = 40 };

/* Memory that the program cannot go on without. `old` as for realloc. */
void *text_alloc(void *old, size_t size);

/* The length of the UTF-8 character at s, which has n bytes; 0 if it is none. */
size_t utf8_char(const char *s, size_t n, uint32_t *code);

/* Print bytes so that a terminal shows them and does nothing else: what is not printable UTF-8
 * becomes \xNN, a backslash two. */
void text_print(FILE *out, const char *bytes, uint64_t len);

/* Each writes into buf and returns it. */
const char *text_count(char buf[TEXT_MAX], uint64_t n, const char *one, const char *many);
const char *text_size(char buf[TEXT_MAX], uint64_t bytes);
const char *text_span(char buf[TEXT_MAX], uint64_t ns);
const char *text_time(char buf[TEXT_MAX], int64_t seconds); /* local */

#endif
