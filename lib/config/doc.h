/* A flat document of string scalars, read from and written as YAML. Nested mappings have dotted
 * keys ("store.url"), elements of a sequence numbered ones ("exclude.0"). No types: "yes" and
 * 1e3 are strings. Values may be secrets: no message shows one, and they are wiped when freed. */
#ifndef MRS_CONFIG_DOC_H
#define MRS_CONFIG_DOC_H

#include "base/buf.h"

enum {
    MRS_DOC_TEXT_MAX = 64 * 1024,
    MRS_DOC_KEYS_MAX = 1024,
    MRS_DOC_KEY_MAX = 256, /* bytes, dots included */
    MRS_DOC_VALUE_MAX = 16 * 1024,
    MRS_DOC_DEPTH_MAX = 4
};

struct mrs_doc;

/* One mapping; sequences hold scalars only. Anchors, aliases, tags, duplicate keys, NUL
 * characters and second documents are refused. MARS_ERR_CORRUPT says "line L, column C: ...". */
MARS_NODISCARD mars_status mrs_doc_parse(struct mrs_doc **out, const void *text, size_t len,
                                         mars_error *err);
MARS_NODISCARD mars_status mrs_doc_new(struct mrs_doc **out, mars_error *err);
/* NULL is allowed. */
void mrs_doc_free(struct mrs_doc *doc);

/* The value, borrowed until the document changes, or NULL. */
const char *mrs_doc_get(const struct mrs_doc *doc, const char *key);
/* Element i of a sequence, or NULL. */
const char *mrs_doc_item(const struct mrs_doc *doc, const char *key, size_t i);
/* *out keeps its value where the key is missing. MARS_ERR_CORRUPT if it is no decimal number. */
MARS_NODISCARD mars_status mrs_doc_get_i64(const struct mrs_doc *doc, const char *key,
                                           int64_t *out, mars_error *err);
/* The same two for keys that must be there and not empty; MARS_ERR_CORRUPT otherwise. */
MARS_NODISCARD mars_status mrs_doc_require(const struct mrs_doc *doc, const char *key,
                                           const char **out, mars_error *err);
MARS_NODISCARD mars_status mrs_doc_require_i64(const struct mrs_doc *doc, const char *key,
                                               int64_t *out, mars_error *err);
/* The first key that is not among the n known ones, or NULL. A known "exclude.*" stands for every
 * key that begins with "exclude.". */
const char *mrs_doc_unknown(const struct mrs_doc *doc, const char *const known[], size_t n);
/* MARS_ERR_CORRUPT, "line L, column C: KEY: why", for what a caller finds wrong with a value. */
mars_status mrs_doc_refuse(const struct mrs_doc *doc, const char *key, const char *why,
                           mars_error *err);

/* Add or replace. MARS_ERR_INVALID_ARG where a limit above is passed or the text is not UTF-8. */
MARS_NODISCARD mars_status mrs_doc_set(struct mrs_doc *doc, const char *key, const char *value,
                                       mars_error *err);
MARS_NODISCARD mars_status mrs_doc_set_i64(struct mrs_doc *doc, const char *key, int64_t value,
                                           mars_error *err);
/* Append the text to out, keys flat and in the order they were added. What this writes,
 * mrs_doc_parse reads back alike. MARS_ERR_INVALID_ARG if that takes over MRS_DOC_TEXT_MAX. */
MARS_NODISCARD mars_status mrs_doc_write(const struct mrs_doc *doc, struct mrs_buf *out,
                                         mars_error *err);

#endif
