/* Names in recovery points, as several verbs show them. */
#ifndef MARS_CLI_ENTRIES_H
#define MARS_CLI_ENTRIES_H

#include <stdbool.h>

#include <mars/point.h>

/* "file", and the letter that ls shows for it. */
const char *entry_kind(const mars_entry *e);
char entry_letter(const mars_entry *e);
bool entry_is_device(const mars_entry *e);

/* The fields of an object in JSON that has begun. */
void entry_json(const mars_entry *e);

#endif
