/* Shared by the files of this room. */
#ifndef MRS_CONFIG_ENTRIES_H
#define MRS_CONFIG_ENTRIES_H

#include <stdbool.h>

#include "base/vec.h"
#include "config/doc.h"

struct mrs_doc_entry {
    char *key;
    char *value;
    size_t line; /* 0 where the document was not parsed */
    size_t column;
    bool number; /* written without quotes */
};

struct mrs_doc {
    struct mrs_vec entries;
};

/* NULL if there is none. */
struct mrs_doc_entry *mrs_doc_find(const struct mrs_doc *doc, const char *key);

/* A new entry with these texts; neither the key's being new nor the limits are checked. NULL when
 * out of memory, document unmodified. */
struct mrs_doc_entry *mrs_doc_add(struct mrs_doc *doc, const char *key, const char *value,
                                  size_t value_len);

#endif
